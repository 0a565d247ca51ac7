"""`cnncalc show` as a user meets it."""

import csv
import io
import json
import re

import pytest

from tests.cli.command import ROOT, on_terminal, run, without_styles

NUMBERS = re.compile(r"  ([\d,]+) +([\d,]+)$")
"""Parameters and MACs at the end of a row."""

SPECS = sorted(path.stem for path in (ROOT / "specs").glob("*.yaml"))


@pytest.mark.parametrize("name", SPECS)
def test_every_network_that_comes_along_is_shown_without_problems(name):
    done = run("show", name, "--columns", "all")
    assert (done.returncode, done.stderr) == (0, "")


def test_several_files_give_a_list_and_one_gives_an_object():
    one = json.loads(run("show", "lenet5", "--format", "json").stdout)
    two = json.loads(run("show", "lenet5", "specs/zfnet.yaml", "--format", "json").stdout)
    assert one["name"] == "LeNet-5"
    assert [found["name"] for found in two] == ["LeNet-5", "ZFNet"]
    assert two[0] == one


def test_several_files_where_none_is_a_network_give_an_empty_list():
    done = run("show", "nosuch", "neither", "--format", "json")
    assert done.returncode == 2
    assert json.loads(done.stdout) == []


def test_several_files_in_csv_stand_below_one_header():
    rows = list(csv.DictReader(io.StringIO(run("show", "lenet5", "alexnet", "--format", "csv").stdout)))
    assert {row["file"] for row in rows} == {"specs/lenet5.yaml", "specs/alexnet.yaml"}
    assert sum(int(row["parameters"]) for row in rows) == 61_706 + 60_965_224


def test_standard_input():
    text = (ROOT / "specs" / "lenet5.yaml").read_bytes()
    piped = json.loads(run("show", "-", "--format", "json", stdin=text).stdout)
    assert piped["file"] == "-"
    assert piped["totals"]["parameters"] == 61_706


def test_overrides_change_the_network_and_say_that_expect_is_skipped():
    done = run("show", "mobilenet_v2", "--set", "width=0.5", "--depth", "1")
    assert done.returncode == 0
    assert "1,968,680" in done.stdout
    assert "expect not checked" in done.stdout
    assert "expect not checked" not in run("show", "mobilenet_v2", "--depth", "1").stdout
    assert json.loads(run("show", "lenet5", "--input", "36x36x1", "--format", "json").stdout)["expect_skipped"]


TWO_INPUTS = """
input: {left: 64x64x1, right: 64x64x1}
layers:
  - {conv: 8, kernel_size: 3, padding: 1, from: left, name: a}
  - {conv: 8, kernel_size: 3, padding: 1, from: right, name: b}
  - {concat: [a, b]}
"""


@pytest.mark.parametrize(
    "command",
    [("show", "-", "--format", "json"), ("check", "-"), ("run", "-"), ("sweep", "-", "--set", "a.stride=1"), ("convert", "-")],
)
def test_each_of_several_inputs_can_have_a_shape(command):
    """With a shape for one input alone, concat would not fit."""
    result = run(*command, "--input", "left=8x8x1", "--input", "right=8x8x1", stdin=TWO_INPUTS)
    assert result.returncode == 0, result.stderr
    if command[0] == "show":
        assert json.loads(result.stdout)["layers"][-1]["shape"] == [8, 8, 16]


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        (("left=8x8x1", "left=9x9x1"), "the shape of left is given twice"),
        (("8x8x1", "9x9x1"), "the network has the inputs left, right; say which"),
    ],
)
def test_one_input_cannot_have_two_shapes(shapes, reason):
    result = run("show", "-", *(word for shape in shapes for word in ("--input", shape)), stdin=TWO_INPUTS)
    assert result.returncode == 2
    assert reason in result.stderr


def test_fit_and_layout():
    done = run("show", "densenet121", "--fit", "exact", "--depth", "1")
    assert done.returncode == 1
    assert "conv1 does not fit: (224 − 7 + 2·3)/2 + 1 = 112.5" in done.stdout
    assert "55x55x96" in run("show", "alexnet").stdout
    assert "96x55x55" in run("show", "alexnet", "--layout", "channels_first").stdout


def test_bytes_are_counted_in_the_type_asked_for():
    for dtype, bytes_ in (("float32", 4 * 61_706), ("bfloat16", 2 * 61_706), ("int8", 61_706), ("int4", 61_706 // 2)):
        assert f"{bytes_:,} bytes" in run("show", "lenet5", "--dtype", dtype).stdout
        assert json.loads(run("show", "lenet5", "--dtype", dtype, "--format", "json").stdout)["bytes"] == bytes_


def test_columns_may_be_named_in_several_ways():
    for given in (["--columns", "macs,share,biases"], ["--columns", "MACs", "--columns", " share , biases"]):
        assert run("show", "lenet5", *given).stdout.splitlines()[3].split()[-4:] == ["parameters", "biases", "MACs", "share"]


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", ["resnet50", "googlenet", "densenet121", "unet", "vqa", "siamese", "efficientnet_b0"])
def test_no_line_is_wider_than_the_terminal_and_every_number_is_whole(name, width):
    status, text = on_terminal(width, "show", name, "--columns", "macs")
    lines = without_styles(text).splitlines()
    assert status == 0
    assert max(map(len, lines)) <= width
    assert [found[0] for line in lines if (found := NUMBERS.findall(line))] == [
        found[0] for line in run("show", name, "--columns", "macs").stdout.splitlines() if (found := NUMBERS.findall(line))
    ]


def test_problems_are_whole_on_a_narrow_terminal():
    status, text = on_terminal(60, "show", "tests/bad/misfit-of-alexnet-at-224.yaml")
    assert status == 1
    piped = run("show", "tests/bad/misfit-of-alexnet-at-224.yaml").stdout
    assert without_styles(text).splitlines()[-1] == piped.splitlines()[-1]
    assert "✗ conv1" in text.replace("\x1b[0m", "").replace("\x1b[1;31m", "")


def test_columns_without_room_are_named():
    _, text = on_terminal(60, "show", "alexnet", "--columns", "all")
    assert "no room for" in text
    assert "macs_per_parameter" in text
    assert "no room for" not in on_terminal(200, "show", "alexnet", "--columns", "all")[1]


def test_colours_on_a_terminal_only():
    _, coloured = on_terminal(80, "show", "lenet5")
    _, plain = on_terminal(80, "show", "lenet5", NO_COLOR="1")
    assert "\x1b[36m" in coloured
    assert "\x1b[3" not in plain
    assert "\x1b" not in run("show", "lenet5").stdout
    assert without_styles(coloured) == without_styles(plain)


def test_a_terminal_as_wide_as_it_needs_shows_what_a_pipe_does():
    _, text = on_terminal(200, "show", "resnet18")
    assert without_styles(text) == run("show", "resnet18").stdout


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
@pytest.mark.parametrize("path", ["tests/good/free-text.yaml", "tests/bad/name-with-escape-sequence.yaml", "specs/resnet18.yaml"])
def test_an_ascii_stdout_gets_ascii(path, form):
    done = run("show", path, "--format", form, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode in (0, 1)
    assert done.stdout.isascii()
    assert "Traceback" not in done.stderr


def test_ascii_stands_for_the_signs_of_formulas():
    done = run("show", "tests/bad/misfit-of-alexnet-at-224.yaml", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "! conv1  conv 96 x 11x11, stride 4" in done.stdout
    assert "(224 - 11 + 2*0)/4 + 1 = 54.25" in done.stdout
    assert "  | conv1 " in run("show", "resnet18", PYTHONIOENCODING="ascii", PYTHONUTF8="0").stdout


def test_an_ascii_terminal():
    status, text = on_terminal(80, "show", "tests/bad/misfit-of-alexnet-at-224.yaml", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert status == 1
    assert text.isascii()
    assert "(224 - 11 + 2*0)/4 + 1 = 54.25" in text


def test_an_ascii_stderr():
    done = run("show", "alexnet", "--set", "x−y=2", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 2
    assert done.stderr.isascii()


HOSTILE = """\
name: "[bold]x[/] \\x1b[31mred\\x9b31m\\u2028\\u202e end"
description: "\\x1b]0;title\\x07"
input: 4x4x3
layers:
  - {relu: , name: "\\x1b[2Jwipe"}
  - {"\\x1b[31mconv": 3}
  - {add: "\\x9b1m"}
  - {relu: , from: "\\u202egpj"}
"""


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
def test_nothing_in_a_file_steers_the_terminal(form):
    done = run("show", "-", "--format", form, stdin=HOSTILE)
    assert done.returncode == 1
    assert all(c.isprintable() or c in "\n\u00a0" for c in done.stdout + done.stderr)
    if form == "table":
        assert "[bold]x[/] \\x1b[31mred" in done.stdout


def test_nothing_in_a_file_steers_a_terminal_that_is_one(tmp_path):
    file = tmp_path / "hostile.yaml"
    file.write_text(HOSTILE)
    _, text = on_terminal(100, "show", str(file))
    assert "[bold]x[/] \\x1b[31mred" in text
    assert all(c.isprintable() or c == "\n" for c in without_styles(text))
    assert "\x1b[2J" not in text


SMALL = (
    "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3, bias: false}\n  - batchnorm\n  - relu\n  - {maxpool: 2}\n  - {fc: 5}\n"
)


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return str(path)


def test_memory_of_training_term_by_term(cnncalc, small):
    """By hand: 301 parameters; kept 4·(10·(144 + 144 + 36) + 2·4) + 8·10·36; input 4·10·192."""
    result = cnncalc("show", small, "--training", "--batch", "10", "--optimizer", "adam", "--format", "json")
    memory = json.loads(result.out)["totals"]["memory"]
    assert {key: memory[key] for key in ("dtype", "batch", "weights", "peak_memory", "peak_at", "live_at_peak")} == {
        "dtype": "float32", "batch": 10, "weights": 1204, "peak_memory": 13440, "peak_at": "conv1", "live_at_peak": ["input", "conv1"],
    }  # fmt: skip
    terms = {"gradients": 1204, "optimizer": 2408, "kept": 15872, "input": 7680}
    assert {key: memory[key] for key in terms} == terms
    assert memory["training"] == 1204 + sum(terms.values())
    layers = json.loads(result.out)["layers"]
    assert [layer["memory"] for layer in layers] == [4 * 10 * n for n in (144, 144, 144, 36, 5)]
    assert [layer["live"] for layer in layers] == [4 * 10 * n for n in (336, 288, 144, 180, 41)]
    assert [layer["kept"] for layer in layers] == [0, 4 * (1440 + 8), 4 * 1440, 8 * 360, 4 * 360]


def test_the_largest_batch(cnncalc, small):
    """4·1,204 bytes of weights, gradients and adam's numbers, 32 of statistics; 4·324 + 8·36 + 4·192 = 2,352 for each example."""
    fixed, each = 4 * 1204 + 32, 2352
    for limit, batch in ((fixed + 7 * each, 7), (fixed + 7 * each - 1, 6)):
        result = cnncalc("show", small, "--optimizer", "adam", "--fits", str(limit), "--format", "json")
        assert (result.status, json.loads(result.out)["totals"]["memory"]["largest_batch"]) == (0, batch)
    result = cnncalc("show", small, "--fits", "1KiB")
    assert result.status == 1
    assert "largest batch" in result.out
    assert cnncalc("show", small, "--fits", "much").status == 2


def test_the_largest_batch_is_an_upper_limit_if_a_layer_is_unknown(cnncalc, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("input: 8x8x1\nlayers: [{conv: 2, kernel_size: 9}, {fc: 3}]\n", "utf-8")
    out = cnncalc("show", str(path), "--fits", "1MiB").out
    line = next(line for line in out.splitlines() if line.startswith("largest batch"))
    assert "≥" not in line
    assert "at most, because some layers could not be computed" in line


def test_terms_of_training_are_lower_limits_if_a_layer_is_unknown(cnncalc, tmp_path):
    """By hand: 224 parameters of the first layer, 4 bytes each; what the second one has is unknown."""
    path = tmp_path / "net.yaml"
    path.write_text("input: 8x8x3\nlayers: [{conv: 8, kernel_size: 3}, {conv: 2, kernel_size: 9}, {fc: 3}]\n", "utf-8")
    options = ("--training", "--optimizer", "adam")
    out = cnncalc("show", str(path), *options).out
    shown = {line.split()[0]: line.split()[1:3] for line in out.splitlines() if line and not line[0].isspace()}
    assert shown["parameters"] == ["≥224", "≥896"]
    assert (shown["weights"][0], shown["gradients"][0], shown["optimizer"][0]) == ("≥896", "≥896", "≥1,792")
    assert (shown["input"][0], shown["training"][0][0]) == ("768", "≥")
    assert "≥224 parameters, ≥896 bytes" in out
    memory = json.loads(cnncalc("show", str(path), *options, "--format", "json").out)["totals"]["memory"]
    assert (memory["peak_memory"], memory["kept"], memory["training"]) == (None, None, None)
    sgd = cnncalc("show", str(path), "--training").out
    assert re.search(r"^optimizer +0 ", sgd, re.MULTILINE)


def test_the_footer_says_the_peak_and_the_totals_in_short(cnncalc):
    out = cnncalc("show", "resnet50").out
    assert re.search(r"peak memory +9,633,792  bytes \(9\.2 MiB\) of activations in inference at stage2\S+, float32", out)
    assert "\n4.09 G MACs, 25.6 M parameters, 97.5 MiB\n" in out
    assert "\n4.09 G MACs, 25.6 M parameters, 24.4 MiB\n" in cnncalc("show", "resnet50", "--dtype", "int8").out
