"""Safe refits, and that nothing else of a file changes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cnncalc
from cnncalc.check.examine import check_text
from cnncalc.check.fixes import fixed, lasting, replace
from cnncalc.check.settings import Settings
from cnncalc.place import apply
from cnncalc.problem import Fix, Location

DEFAULT = Settings()
HEAD = "input: 8x8x3\nlayers:\n"


def fix(start: tuple[int, int], end: tuple[int, int], text: str) -> Fix:
    return Fix(Location(*start, *end), text, True, "")


@pytest.mark.parametrize(
    ("text", "fixes", "after"),
    [
        ("abc\ndef\n", [fix((2, 2), (2, 3), "XY")], "abc\ndXYf\n"),
        ("abc\r\ndef", [fix((2, 1), (2, 1), "+"), fix((1, 4), (1, 4), "!")], "abc!\r\n+def"),
        ("é漢\u2028b", [fix((2, 1), (2, 2), "c"), fix((1, 2), (1, 3), "")], "é\u2028c"),
        ("abcd", [fix((1, 1), (1, 3), "1"), fix((1, 2), (1, 4), "2")], "1cd"),
        ("a\nb\n", [fix((2, 1), (3, 1), "")], "a\n"),
        ("a", [fix((9, 1), (9, 4), "!")], "a!"),
    ],
)
def test_edits(text: str, fixes: list[Fix], after: str) -> None:
    assert apply(text, fixes) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # The row's own style, comments and odd spacing stay.
        (
            "  -   {conv: 8,kernel_size: 3}   # why\n  - batchnorm\n",
            "  -   {conv: 8, bias: false,kernel_size: 3}   # why\n  - batchnorm\n",
        ),
        (
            "  - conv: 8   # filters\n    kernel_size: 3\n  - batchnorm\n",
            "  - conv: 8   # filters\n    bias: false\n    kernel_size: 3\n  - batchnorm\n",
        ),
        ("  - {fc: 8}\r\n  - batchnorm\r\n", "  - {fc: 8, bias: false}\r\n  - batchnorm\r\n"),
        # A value that is left out, in each way to leave it out.
        (
            "  - {depthwise_conv: , kernel_size: 3}\n  - batchnorm\n",
            "  - {depthwise_conv: , bias: false, kernel_size: 3}\n  - batchnorm\n",
        ),
        (
            "  - {depthwise_conv, kernel_size: 3}\n  - batchnorm\n",
            "  - {depthwise_conv, bias: false, kernel_size: 3}\n  - batchnorm\n",
        ),
        (
            "  - {kernel_size: 3, depthwise_conv: }\n  - batchnorm\n",
            "  - {kernel_size: 3, depthwise_conv: , bias: false}\n  - batchnorm\n",
        ),
        ("  - {conv: '8' , kernel_size: 3}\n  - batchnorm\n", "  - {conv: '8', bias: false , kernel_size: 3}\n  - batchnorm\n"),
        # Several passes: the ignore is unused once the bias is gone.
        (
            "  - {conv: 8, kernel_size: 3}\n  - batchnorm  # cnncalc: ignore[linear-pair]\n",
            "  - {conv: 8, bias: false, kernel_size: 3}\n  - batchnorm\n",
        ),
        ("  - relu  # cnncalc: ignore[linear-pair, checkerboard]\n  - tanh\n", "  - relu\n  - tanh\n"),
        ("  # cnncalc: ignore[linear-pair]\n  - relu\n", "  - relu\n"),
    ],
)
def test_safe_mends(before: str, after: str) -> None:
    assert fixed(HEAD + before, None, DEFAULT) == HEAD + after
    assert fixed(HEAD + after, None, DEFAULT) == HEAD + after


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + "  - {conv: 8, kernel_size: 3, stride: 2}\n", id="a stride that does not fit is the author's choice"),
        pytest.param(
            HEAD + "  - {conv: 8, kernel_size: 3, bias: true}\n  - batchnorm\n", id="a bias that is written out was meant"
        ),
        pytest.param(
            HEAD + "  - {conv: 8, kernel_size: 3}\n  - batchnorm\nexpect: {parameters: 240}\n", id="parameters are counted"
        ),
        pytest.param(
            HEAD + "  - {conv: 8, kernel_size: 3, trainable: false}\n  - batchnorm\n", id="trained weights keep their bias"
        ),
        pytest.param(
            HEAD + "  - {conv: 8, kernel_size: 3}\n  - {batchnorm: , trainable: false}\n",
            id="frozen statistics do not follow a bias",
        ),
        pytest.param(
            HEAD + "  - {conv: 3, kernel_size: 3, padding: 1, name: a}\n  - batchnorm\n  - {conv: 3, kernel_size: 3, share: a}\n",
            id="somebody shares it",
        ),
        pytest.param(
            "input: 8x8x3\nblocks: {c: {layers: [{conv: 3, kernel_size: 1}]}}\nlayers: [{block: c}, batchnorm, {block: c}, relu]\n",
            id="one use of a block is not normalised",
        ),
        pytest.param(
            "input: 8x8x3\nx-c: &c {conv: 3, kernel_size: 1}\nlayers: [{<<: *c, name: a}, batchnorm, {<<: *c, name: b}, relu]\n",
            id="a merged row stands elsewhere",
        ),
        pytest.param("no: [network", id="no YAML"),
        pytest.param("layers: [relu]", id="no network"),
    ],
)
def test_left_alone(text: str) -> None:
    assert fixed(text, None, DEFAULT) == text


def test_rules_that_were_not_chosen_mend_nothing() -> None:
    text = HEAD + "  - {conv: 8, kernel_size: 3}\n  - batchnorm\n"
    assert fixed(text, None, Settings(ignore=("bias-before-norm",))) == text
    assert fixed(text, None, Settings(select=("linear-pair",))) == text


def test_a_mended_network_computes_the_same_shapes_with_fewer_parameters() -> None:
    text = HEAD + "  - {conv: 8, kernel_size: 3}\n  - batchnorm\n"
    before, after = cnncalc.loads(text), cnncalc.loads(fixed(text, None, DEFAULT))
    assert [n.shape for n in before.layers] == [n.shape for n in after.layers]
    assert before.parameters - after.parameters == 8


def test_unsafe_mends_of_a_stride_do_mend_it() -> None:
    """They are offered, each on its own: applied by hand, each makes the row fit."""
    text = "input: 224x224x3\nlayers:\n  - {conv: 96, kernel_size: 11, stride: 4}\n"
    (problem,), _ = check_text(text, None, DEFAULT)
    assert len(problem.fixes) >= 3
    for one in problem.fixes:
        assert not one.safe
        after, _ = check_text(apply(text, [one]), None, DEFAULT)
        assert "stride-fit" not in {p.rule for p in after}


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfone\r\n")
    file.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    replace(str(link), file.read_bytes(), "two\r\n")
    assert file.read_bytes() == b"\xef\xbb\xbftwo\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.yaml", "link.yaml"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("newer")
    with pytest.raises(OSError, match="another program has changed"):
        replace(str(file), b"older", "mended")
    assert file.read_text() == "newer"
    assert [p.name for p in tmp_path.iterdir()] == ["a.yaml"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_killed_half_way_no_file_is_half_written(tmp_path: Path) -> None:
    rows = "".join(f"  - {{conv: {8 + i}, kernel_size: 3, padding: 1}}\n  - batchnorm\n  - relu\n" for i in range(60))
    before = HEAD + rows
    after = fixed(before, None, DEFAULT)
    assert after.count("bias: false") == 60
    for i in range(200):
        (tmp_path / f"net{i:03}.yaml").write_text(before)
    command = [sys.executable, "-c", "from cnncalc.cli import main; main()", "check", "--fix", "-q", "-j1", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while (tmp_path / "net003.yaml").read_text() == before and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    texts = [path.read_text() for path in sorted(tmp_path.glob("*.yaml"))]
    assert len(texts) == 200
    assert set(texts) <= {before, after}
    assert after in texts


def test_hard_links_and_extended_attributes(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("one")
    try:
        os.setxattr(file, "user.note", b"kept")
    except (AttributeError, OSError):
        pass
    else:
        replace(str(file), b"one", "two")
        assert os.getxattr(file, "user.note") == b"kept"
        file.write_text("one")
    os.link(file, tmp_path / "b.yaml")
    with pytest.raises(OSError, match="2 hard links"):
        replace(str(file), b"one", "two")
    assert (tmp_path / "b.yaml").read_text() == "one"
    assert len(list(tmp_path.iterdir())) == 2


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    text = HEAD + "  - {conv: 8, kernel_size: 3}\n  - batchnorm\n"
    (tmp_path / "outside").mkdir()
    (tmp_path / "given").mkdir()
    for name in ("outside/a.yaml", "given/b.yaml"):
        (tmp_path / name).write_text(text)
    (tmp_path / "given" / "a.yaml").symlink_to("../outside/a.yaml")
    (tmp_path / "given" / "all").symlink_to("../outside")
    (tmp_path / "given" / "c.yaml").symlink_to("b.yaml")
    command = [sys.executable, "-c", "from cnncalc.cli import main; main()", "check", "--fix"]
    done = subprocess.run([*command, "given"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (tmp_path / "outside" / "a.yaml").read_text() == text
    assert "bias: false" in (tmp_path / "given" / "b.yaml").read_text()
    assert "given/a.yaml: error: the fixes were not written: it is a link to a file outside of given" in done.stdout
    assert done.returncode == 2
    done = subprocess.run([*command, "given/a.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "bias: false" in (tmp_path / "outside" / "a.yaml").read_text()


def test_a_fix_of_a_repeated_row_fits_in_every_copy() -> None:
    # maxpool 4 fits 28, (28 − 4)/3 + 1 = 9, and not the second copy, (9 − 4)/3; padding 1 gives 10 and then 4.
    text = "input: 28x28x1\nlayers:\n  - {maxpool: 3, stride: 3, repeat: 2}\n"
    net = cnncalc.loads(text)
    (problem,) = net.problems
    assert "maxpool 4" in problem.message
    (kept,) = lasting(net.problems, net, Settings())
    assert [fix.title for fix in kept.fixes] == ["padding 1", "stride 1", "fit floor"]
