"""`cnncalc run` as a user meets it."""

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import cnncalc
from cnncalc.forward import inputs as feed
from cnncalc.forward.plan import CannotRun
from tests.cli.command import on_terminal, run, without_styles

NET = "input: 9x8x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n  - batchnorm\n  - relu\n  - {fc: 5}\n"
LAYERS = ["conv1", "batchnorm1", "relu1", "fc1"]


def data(*args, stdin=NET):
    done = run("run", "-", "--format", "json", *args, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def refused(*args, stdin=NET):
    done = run("run", "-", *args, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_the_table_has_both_shapes_the_spread_and_the_time():
    done = run("run", "lenet5")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "LeNet-5"
    assert lines[2].split() == ["layer", "kind", "inferred", "computed", "mean", "std", "min", "max", "zeros", "time", "share"]
    first = re.fullmatch(r"C1 +conv +28x28x6 +28x28x6( +−?[\d.]+){4} +0% +[\d.]+ [mµ]?s +[\d.]+%", lines[3])
    assert first
    assert re.fullmatch(r"11 layers computed as inferred, in [\d.]+ [mµ]?s", lines[-2])
    assert re.fullmatch(r"batch 1, float32, \d+ threads?, seed 0, weights random, input random", lines[-1])


def test_figures_are_those_of_the_array():
    import cnncalc
    from cnncalc.forward.runner import random_inputs

    net = cnncalc.loads(NET)
    x = random_inputs(net.graph, 3, "float64", 4)["input"]
    first = net.weights(4)["conv1"]
    one = cnncalc.loads("input: 9x8x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n").forward(x, weights={"conv1": first})
    found = data("--seed", "4", "--batch", "3", "--dtype", "float64")["layers"][0]
    assert (found["inferred"], found["computed"]) == ([7, 6, 4], [7, 6, 4])
    for key, value in (("mean", one.mean()), ("std", one.std()), ("min", one.min()), ("max", one.max())):
        assert found[key] == pytest.approx(value, rel=1e-9)
    assert found["zeros"] == 0


def test_json_says_what_was_run():
    found = data("--batch", "2", "--repeat", "3", "--threads", "1", "--layout", "channels_first")
    assert {k: found[k] for k in ("batch", "repeat", "threads", "dtype", "layout", "not_finite")} == {
        "batch": 2, "repeat": 3, "threads": 1, "dtype": "float32", "layout": "channels_first", "not_finite": None,
    }  # fmt: skip
    assert [layer["name"] for layer in found["layers"]] == LAYERS
    assert found["layers"][0]["computed"] == [4, 7, 6]
    relu = found["layers"][2]
    assert relu["min"] == 0
    assert 0 < relu["zeros"] < 1
    assert sum(layer["share"] for layer in found["layers"]) == pytest.approx(1, abs=0.5)


def test_layers_and_blocks_can_be_chosen():
    assert [layer["name"] for layer in data("--layers", "relu1,conv1")["layers"]] == ["conv1", "relu1"]
    text = "input: 4\nblocks: {b: {layers: [{fc: 3}, relu]}}\nlayers: [{block: b}, {block: b, name: last}]\n"
    assert [layer["name"] for layer in data("--layers", "last", stdin=text)["layers"]] == ["last.fc1", "last.relu1"]
    assert refused("--layers", "conv2") == "error: --layers: there is no layer conv2; did you mean conv1?\n"


def test_weights_and_outputs_go_to_files_and_come_back(tmp_path):
    w, y = tmp_path / "w.npz", tmp_path / "y.npz"
    one = data("--seed", "3", "--save-weights", str(w), "--save-outputs", str(y))
    with np.load(w) as arrays:
        assert "conv1/weight" in arrays.files
    with np.load(y) as arrays:
        assert arrays.files == LAYERS
        assert arrays["conv1"].shape == (1, 4, 7, 6)
        last = arrays["fc1"]
    np.save(tmp_path / "x.npy", input_of(3))
    again = data("--weights", str(w), "--input-file", str(tmp_path / "x.npy"), "--layers", "fc1", "--save-outputs", str(y))
    assert again["layers"][0]["mean"] == pytest.approx(one["layers"][-1]["mean"], rel=1e-6)
    assert again["input_files"] == [str(tmp_path / "x.npy")]
    with np.load(y) as arrays:
        assert arrays.files == ["fc1"]
        np.testing.assert_allclose(arrays["fc1"], last, rtol=1e-6)


def input_of(seed):
    """What `run` draws."""
    import cnncalc
    from cnncalc.forward.runner import random_inputs

    return random_inputs(cnncalc.loads(NET).graph, 1, "float32", seed)["input"]


@pytest.mark.parametrize(
    "change", [lambda x: x, lambda x: x[0], lambda x: x[0].transpose(1, 2, 0), lambda x: x.transpose(0, 2, 3, 1)]
)
def test_an_array_is_read_with_or_without_a_batch_and_in_either_layout(tmp_path, change):
    x = input_of(0)
    np.save(tmp_path / "x.npy", change(x))
    found = data("--input-file", str(tmp_path / "x.npy"))
    assert found["layers"][0]["mean"] == pytest.approx(data()["layers"][0]["mean"], rel=1e-6)


def test_pictures_are_numbers_from_0_to_1(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (9, 8, 3), np.uint8)
    image.fromarray(pixels).save(tmp_path / "cat.png")
    text = "input: 9x8x3\nlayers: [identity]\n"
    (found,) = data("--input-file", str(tmp_path / "cat.png"), stdin=text)["layers"]
    assert found["mean"] == pytest.approx(pixels.mean() / 255, rel=1e-5)
    assert found["max"] == pytest.approx(pixels.max() / 255)
    image.fromarray(pixels[:6]).save(tmp_path / "small.png")
    assert 'small.png is 6x8, and input "input" is 9x8; write --resize, or --input 6x8x3' in refused(
        "--input-file", str(tmp_path / "small.png"), stdin=text
    )
    (found,) = data("--input-file", str(tmp_path / "small.png"), "--resize", stdin=text)["layers"]
    assert found["computed"] == [9, 8, 3]


def test_without_pillow_a_picture_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    source = cnncalc.loads(NET).graph.inputs[0]
    with pytest.raises(CannotRun, match=r"cat.png: pictures are read by Pillow; install it with pip install '\.\[image\]' or"):
        feed.read("cat.png", source, "float32")


def test_of_several_inputs_each_may_have_a_file(tmp_path):
    text = "input: {a: 3x2, words: {tokens: 3, vocabulary: 9}}\nlayers:\n  - {embedding: 2, from: words}\n  - {add: a}\n"
    np.save(tmp_path / "w.npy", np.array([1, 2, 3]))
    found = data("--input-file", f"words={tmp_path / 'w.npy'}", stdin=text)
    assert found["layers"][1]["computed"] == [3, 2]
    assert "write a=" in refused("--input-file", str(tmp_path / "w.npy"), stdin=text)
    np.save(tmp_path / "w.npy", np.array([1, 2, 9]))
    assert "ids from 0 to 8; the array holds 1 to 9" in refused("--input-file", f"words={tmp_path / 'w.npy'}", stdin=text)


def test_what_cannot_be_read_is_2(tmp_path):
    (tmp_path / "no.npy").write_text("no")
    (tmp_path / "no.npz").write_text("no")
    (tmp_path / "no.png").write_text("no")
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 4, 4)))
    np.save(tmp_path / "right.npy", np.zeros((1, 3, 9, 8)))
    np.savez(tmp_path / "w.npz", **{"conv1/weight": np.zeros((4, 3, 3, 3))})
    (tmp_path / "zip.npy").write_bytes((tmp_path / "w.npz").read_bytes())
    assert "no.npy is no .npy file of numbers: a .npy is one array" in refused("--input-file", str(tmp_path / "no.npy"))
    assert "zip.npy is a zip of arrays, an .npz; a .npy is one" in refused("--input-file", str(tmp_path / "zip.npy"))
    assert "No such file" in refused("--input-file", str(tmp_path / "none.npy"))
    assert "the array has the shape (1, 3, 4, 4)" in refused("--input-file", str(tmp_path / "x.npy"))
    assert "--batch 3: the input file holds 1" in refused("--input-file", str(tmp_path / "right.npy"), "--batch", "3")
    assert "no.npz is no .npz file" in refused("--weights", str(tmp_path / "no.npz"))
    assert "No such file" in refused("--weights", str(tmp_path / "none.npz"))
    assert "conv1/bias is missing; it has the shape 4" in refused("--weights", str(tmp_path / "w.npz"))
    assert "No such file" in run("run", "-", "--save-outputs", str(tmp_path / "no" / "y.npz"), stdin=NET).stderr
    assert run("run", "nosuch").returncode == 2
    assert run("run", "-", "--batch", "0", stdin=NET).returncode == 2
    assert run("run", "-", "--dtype", "float16", stdin=NET).returncode == 2


def test_damaged_files_are_2(tmp_path):
    """Cut, encrypted, compressed by an unknown method, of no axis: each is said, and ends with status 2."""
    whole = io.BytesIO()
    np.save(whole, np.zeros((1, 3, 9, 8)))
    npy = {
        "cut in the header": whole.getvalue()[:20],
        "cut in the numbers": whole.getvalue()[:-8],
        "header of nonsense": whole.getvalue()[:10] + b"(" * 118 + whole.getvalue()[128:],
        "version 9": b"\x93NUMPY\x09\x00" + whole.getvalue()[8:],
    }
    for data in npy.values():
        (tmp_path / "x.npy").write_bytes(data)
        assert "x.npy is a damaged .npy file, or not one of numbers: " in refused("--input-file", str(tmp_path / "x.npy"))
    np.save(tmp_path / "x.npy", np.float32(3))
    message = 'input "input" is (batch, 3, 9, 8), channels first; the array has the shape ()'
    assert message in refused("--input-file", str(tmp_path / "x.npy"))
    cnncalc_weights = cnncalc.loads(NET).weights()
    arrays = {f"{layer}/{name}": array for layer, found in cnncalc_weights.items() for name, array in found.items()}
    np.savez_compressed(tmp_path / "w.npz", **arrays)
    data = (tmp_path / "w.npz").read_bytes()
    encrypted, unknown, damaged = bytearray(data), bytearray(data), bytearray(data)
    for central, local, at, value in ((8, 6, encrypted, 1), (10, 8, unknown, 77)):
        # The flags, or the method, of every member, in its own header and in the directory at the end.
        for mark, offset in ((b"PK\x01\x02", central), (b"PK\x03\x04", local)):
            place = data.find(mark)
            while place >= 0:
                at[place + offset] |= value
                place = data.find(mark, place + 4)
    middle = data.find(b"fc1/weight.npy") + 200
    damaged[middle : middle + 40] = bytes(40)
    for made, message in (
        (encrypted, "w.npz is encrypted; an .npz is"),
        (unknown, "w.npz is compressed by a method that is not known here"),
        (damaged, "w.npz is a damaged .npz file: "),
        (data[:-30], "w.npz is no .npz file: File is not a zip file"),
    ):
        (tmp_path / "w.npz").write_bytes(bytes(made))
        assert message in refused("--weights", str(tmp_path / "w.npz"))


def test_damaged_pictures_are_2(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (9, 8, 3), np.uint8)
    image.fromarray(pixels).save(tmp_path / "cat.png")
    data = (tmp_path / "cat.png").read_bytes()
    for cut in (data[: len(data) // 2], data[:60]):
        (tmp_path / "cat.png").write_bytes(cut)
        assert "cat.png is a damaged picture: " in refused("--input-file", str(tmp_path / "cat.png"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say how much memory was used")
def test_headers_decide_before_numbers_are_read(tmp_path):
    """A small file that would fill the memory is refused by its header."""
    image = pytest.importorskip("PIL.Image")
    image.new("L", (13_000, 13_000)).save(tmp_path / "bomb.png")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file, file.open("conv1/weight.npy", "w") as stream:
        stream.write(
            b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (30000, 30000)}".ljust(117) + b"\n"
        )
        for _ in range(300):
            stream.write(bytes(1 << 20))
    code = (
        "import sys; from cnncalc.cli import main\n"
        "try: main()\n"
        "finally: print(next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line), file=sys.stderr)\n"
    )
    (tmp_path / "net.yaml").write_text(NET.replace("9x8x3", "9x8x1"))
    for option, name, message in (
        ("--input-file", "bomb.png", "bomb.png has more than 89,478,485 pixels"),
        ("--weights", "bomb.npz", "conv1/weight has the shape 30000×30000, not 4×1×3×3"),
    ):
        words = ["run", "net.yaml", option, name]
        done = subprocess.run([sys.executable, "-c", code, *words], check=False, capture_output=True, text=True, cwd=tmp_path)
        *said, most = done.stderr.splitlines()
        assert done.returncode == 2
        assert message in "\n".join(said)
        # NumPy and BLAS take about 60 MiB.
        assert int(most) < 200 * 1024


def test_files_are_not_overwritten_unless_they_are_npz(tmp_path):
    spec = tmp_path / "net.yaml"
    spec.write_text(NET)
    for option in ("--save-weights", "--save-outputs"):
        done = run("run", str(spec), option, str(spec))
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{spec} exists and is no .npz file; choose another name, or overwrite it with --force" in done.stderr
    assert spec.read_text() == NET
    both = run("run", str(spec), "--save-weights", str(tmp_path / "a.npz"), "--save-outputs", str(tmp_path / "." / "a.npz"))
    assert both.returncode == 2
    assert "--save-weights and --save-outputs both name" in both.stderr
    for _ in range(2):
        done = run("run", str(spec), "--save-weights", str(tmp_path / "a.npz"), "--save-outputs", str(tmp_path / "b.npz"))
        assert done.returncode == 0
        assert f"saved weights to {tmp_path / 'a.npz'}\nsaved outputs to {tmp_path / 'b.npz'}\n" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz", "net.yaml"]
    (tmp_path / "c.npz").write_text("mine")
    assert run("run", str(spec), "--save-weights", str(tmp_path / "c.npz"), "--force").returncode == 0
    with np.load(tmp_path / "c.npz") as arrays:
        assert "conv1/weight" in arrays.files


def test_tokens_are_computed_in_the_type_asked_for(tmp_path):
    text = "input: {tokens: 5, vocabulary: 9}\nlayers:\n  - {embedding: 4}\n  - {lstm: 3}\n"
    for dtype in ("float32", "float64"):
        assert data("--dtype", dtype, "--save-outputs", str(tmp_path / "y.npz"), stdin=text)["dtype"] == dtype
        with np.load(tmp_path / "y.npz") as arrays:
            assert {arrays[name].dtype for name in arrays.files} == {np.dtype(dtype)}


def test_too_much_memory_is_2_with_the_figure():
    said = refused("--batch", "100000000")
    assert re.search(r"error: .* need [\d,.]+ GiB, and [\d,.]+ [MG]iB are free; --force", said)


def test_a_network_with_errors_runs_nothing_and_shows_them():
    done = run("run", "-", stdin="input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3, stride: 2}]\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "conv1 does not fit: (8 − 3 + 2·0)/2 + 1 = 3.5" in done.stderr


def test_infinity_and_nan_are_1_with_the_first_layer_that_made_them(tmp_path):
    text = "input: 3\nlayers: [{fc: 2, bias: false}, relu, {fc: 2, bias: false, name: second}]\n"
    np.savez(tmp_path / "w.npz", **{"fc1/weight": np.full((2, 3), 3e38), "second/weight": np.eye(2)})
    np.save(tmp_path / "x.npy", np.full(3, 9.0))
    done = run("run", "-", "--weights", str(tmp_path / "w.npz"), "--input-file", str(tmp_path / "x.npy"), stdin=text)
    assert done.returncode == 1
    assert done.stderr == "error: fc1 is the first with numbers that are not finite: from ∞ to ∞\n"
    assert "NaN" in done.stdout
    done = run(
        "run", "-", "--weights", str(tmp_path / "w.npz"), "--input-file", str(tmp_path / "x.npy"), "--format", "json", stdin=text
    )
    found = json.loads(done.stdout)
    assert (found["not_finite"], found["layers"][0]["max"]) == ("fc1", None)


def test_a_shape_that_is_not_the_inferred_one_is_3(tmp_path):
    """A layer whose arithmetic disagrees with its formula, put in from outside."""
    code = (
        "from cnncalc.layers import KINDS; KINDS['relu'].forward = lambda self, x, w, run: x[..., 1:]\n"
        "from cnncalc.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "run", "lecture_convnet"], check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert "relu1: inferred 6×28×28, computed 6×28×27 (channels first)" in done.stderr


def test_a_terminal_s_width_is_kept():
    status, text = on_terminal(100, "run", "googlenet", "--layers", "5b")
    assert status == 0
    lines = without_styles(re.sub(r".*\r\x1b\[K", "", text)).splitlines()
    assert max(map(len, lines)) <= 100
    # Names are wrapped, and columns left out: nothing is cut.
    assert not any("…" in line for line in lines)
    assert "no room for" in text


def test_the_help_has_an_example():
    assert "Example: cnncalc run lenet5" in run("run", "--help").stdout


def test_a_narrow_terminal_is_kept():
    _, text = on_terminal(80, "run", "resnet18", "--layers", "stage5.1")
    lines = without_styles(text).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].startswith("no room for ")


def test_an_input_that_looks_like_channels_first_is_a_warning():
    done = run("run", "-", stdin="input: 1x28x28\nlayers:\n  - {conv: 4, kernel_size: 3, padding: 1}\n")
    assert done.returncode == 0
    assert done.stderr.startswith(
        "-:1:1: warning: input 1x28x28 is read as height × width × channels; for 1 channel write 28x28x1"
    )
    broken = run("run", "-", stdin="input: 1x28x28\nlayers:\n  - {conv: 4, kernel_size: 3}\n")
    assert broken.returncode == 1
    assert [line.rpartition("[")[2] for line in broken.stderr.splitlines()] == ["input-layout]", "window]"]


def test_no_width_of_a_terminal_is_exceeded():
    """A table of short names at every width that its numbers leave room for; at 89 columns it once took 91."""
    from cnncalc.forward.observe import observe
    from cnncalc.forward.runner import Runner, random_inputs
    from cnncalc.report import observed

    net = cnncalc.loads(NET)
    run_of = observe(Runner(net.graph), random_inputs(net.graph, 1, "float32", 0), force=True)
    for width in range(64, 140):
        lines = observed.rows(
            net, run_of, run_of.layers, ["a note that is longer than the narrowest of these terminals is"], width
        )
        assert max(sum(len(text) for text, _ in line) for line in lines) <= width
