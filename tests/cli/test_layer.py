"""`cnncalc layer`: the lecture's examples, agreement with `show` for every kind, and wrong words."""

import json
import subprocess
import sys

import pytest

import cnncalc as package
from cnncalc.layers import KINDS, Join
from cnncalc.shape import Tokens
from tests.cli.command import ROOT, environment

# The lecture's slides: input, filter, stride, padding, and what comes out; None where it does not fit.
LECTURE = [
    ("7x7x1", "F=3 S=1", "5x5x1", "(7 − 3 + 2·0)/1 + 1 = 5"),
    ("7x7x1", "F=3 S=2", "3x3x1", "(7 − 3 + 2·0)/2 + 1 = 3"),
    ("7x7x1", "F=3 S=3", None, "(7 − 3 + 2·0)/3 + 1 = 2.33"),
    ("7x7x1", "F=3 S=1 P=1", "7x7x1", "(7 − 3 + 2·1)/1 + 1 = 7"),
    ("7x7x1", "F=5 S=1 P=2", "7x7x1", "(7 − 5 + 2·2)/1 + 1 = 7"),
    ("7x7x1", "F=7 S=1 P=3", "7x7x1", "(7 − 7 + 2·3)/1 + 1 = 7"),
]


@pytest.mark.parametrize(("shape", "fields", "output", "formula"), LECTURE)
def test_lecture(cnncalc, shape, fields, output, formula):
    result = cnncalc("layer", shape, "conv=1", *fields.split())
    assert formula in result.out
    assert result.status == (0 if output else 1)
    if output:
        assert f"output           {output}\n" in result.out
    else:
        assert result.err.startswith("conv=1: error: conv does not fit: ")
        assert "try padding 1, stride 2, kernel_size 4, or input 6 or 9, or fit: floor [stride-fit]" in result.err


def test_ten_filters_of_5x5_written_out(cnncalc):
    result = cnncalc("layer", "32x32x3", "conv=10", "kernel_size=5", "padding=2")
    lines = dict(line.split("  ", 1) for line in result.out.splitlines() if "  " in line.strip())
    assert result.status == 0
    assert result.out.startswith("conv 10 × 5×5, pad 2 on 32x32x3\n")
    assert lines["parameters"].strip() == "(5·5·3 + 1)·10 = 760"
    assert lines["MACs"].strip() == "750·32·32 = 768,000"
    assert lines["neurons"].strip() == "32·32·10 = 10,240, each sees 5×5×3 = 75 numbers"
    # (32·32·3 + 1)·(32·32·10) = 3073·10240
    assert lines["fully connected"].strip() == "would have (3072 + 1)·10240 = 31,467,520 parameters, 41,405 times as many"


# Windows by hand from PyTorch's ⌊i·N/n⌋ to ⌈(i + 1)·N/n⌉ − 1: of 7 to 3, 7/3 = 2.33 and 14/3 = 4.67.
POOLS = [
    ("7x7x64 global_avgpool", ["channels         7×7 → 1 per channel"]),
    ("11x3 global_maxpool", ["channels         11 → 1 per channel"]),
    ("5x7x2x3 global_sumpool", ["channels         5×7×2 → 1 per channel"]),
    ("8x8x4 adaptive_avgpool=2", ["height, width    window and stride 8/2 = 4: (8 − 4 + 2·0)/4 + 1 = 2"]),
    ("7x7x4 adaptive_avgpool=1", ["height, width    window and stride 7/1 = 7: (7 − 7 + 2·0)/7 + 1 = 1"]),
    (
        "7x5x4 adaptive_maxpool=3x2",
        [
            "height           window i over ⌊i·7/3⌋ … ⌈(i + 1)·7/3⌉ − 1: 0…2, 2…4, 4…6",
            "width            window i over ⌊i·5/2⌋ … ⌈(i + 1)·5/2⌉ − 1: 0…2, 2…4",
        ],
    ),
    # Fewer cells than windows: some windows are one cell.
    ("2x4 adaptive_maxpool=3", ["length           window i over ⌊i·2/3⌋ … ⌈(i + 1)·2/3⌉ − 1: 0, 0…1, 1"]),
    ("100x4 adaptive_maxpool=7", ["length           window i over ⌊i·100/7⌋ … ⌈(i + 1)·100/7⌉ − 1: 0…14, 14…28, …"]),
]


@pytest.mark.parametrize(("words", "lines"), POOLS)
def test_how_the_sizes_of_a_pooling_come_about(cnncalc, words, lines):
    result = cnncalc("layer", *words.split())
    assert result.status == 0
    assert result.out.splitlines()[2 : 2 + len(lines)] == lines
    found = json.loads(cnncalc("layer", *words.split(), "--format", "json").out)["formulas"]
    assert [one["formula"] for one in found if one["axis"] == found[0]["axis"]] == [lines[0][17:]]


def test_f5_s2_says_what_is_never_read(cnncalc):
    result = cnncalc("layer", "32x32x3", "conv=10", "F=5", "S=2")
    assert result.status == 1
    assert "(32 − 5 + 2·0)/2 + 1 = 14.5" in result.out
    assert "never read       the last row and column\n" in result.out


def _words(kind, row, inputs):
    """An example of a kind as words."""
    first = (
        ["8x8x3"]
        if not inputs
        else (
            [f"tokens={inputs[0].length}", f"vocabulary={inputs[0].vocabulary}"]
            if isinstance(inputs[0], Tokens)
            else [str(inputs[0])]
        )
    )
    said = []
    for name, given in row.items():
        value = ",".join(map(str, inputs[1:])) if name == kind and issubclass(KINDS[kind], Join) else given
        text = "" if value is None else json.dumps(value) if not isinstance(value, str) else value
        said.append(f"{name}={text}" if text else name)
    return first + said


@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_show(cnncalc, kind, tmp_path):
    example = KINDS[kind].example
    result = cnncalc("layer", *_words(kind, example.row, example.inputs), "--format", "json")
    found = json.loads(result.out)
    assert result.status == 0
    assert found["shape"] == list(example.output)
    names = [chr(ord("a") + i) for i in range(len(example.inputs))]
    inputs = {
        name: {"tokens": x.length, "vocabulary": x.vocabulary} if isinstance(x, Tokens) else str(x)
        for name, x in zip(names, example.inputs, strict=True)
    }
    file = tmp_path / "one.yaml"
    # JSON is YAML: the row as the contract test of the kinds has it.
    shown = inputs if len(inputs) > 1 else inputs.get("a", "8x8x3")
    file.write_text(json.dumps({"input": shown, "layers": [example.row]}))
    (layer,) = json.loads(cnncalc("show", str(file), "--format", "json").out)["layers"]
    for key in ("kind", "shape", "parameters", "trainable", "buffers", "macs", "fits", "fields", "leftover"):
        assert found[key] == layer[key], key


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("7x7x3 conf=1", 2, "conf=1: error: conf is no layer kind; did you mean conv? [unknown-kind]"),
        (
            "7x7x3 conv=1 F=3 kernel_siz=2",
            2,
            "kernel_siz=2: error: conv has no kernel_siz; did you mean kernel_size? [unknown-key]",
        ),
        ("7x7x3 conv=1", 2, "conv=1: error: conv needs kernel_size"),
        ("7x7x3 maxpool", 2, "3x5 or [3, 5]; write maxpool=2 [missing]"),
        ("7x7x3 permute", 2, "write permute=[width,channels,height] [missing]"),
        ("7x7x3 conv kernel_size=5", 2, "at least 1; write conv=6 kernel_size=5 [missing]"),
        ("7x7x3 conv=1 F=3 --stride 2", 2, "there is no option --stride; a field of the layer is a word: stride=2"),
        ("7x7x3 conv=1 --kernel-size=3", 2, "there is no option --kernel-size; a field of the layer is a word: kernel_size=3"),
        ("10 log_softmax", 2, "log_softmax is no layer kind; softmax is here, without the logarithm"),
        ("7x7x3 conv=0 F=3", 1, "conv=0: error: conv must be at least 1, got 0 [value]"),
        ("7x7x3 conv=1 F=3 S=x", 1, "S=x: error: stride must be a whole number of at least 1"),
        ("7x7x3 conv=1 F=9", 1, "conv=1: error: conv: a window over 9 cells is larger than its padded input, height 7"),
        ("7x7x3 conv=1 F=3 groups=2", 1, "groups=2: error: conv: groups 2 does not divide the input's 3 channels"),
        ("7x7x3 conv=1 F=3 kernel_size=5", 2, "kernel_size=5: error: kernel_size is written twice"),
        ("7x7x3 conv=1 maxpool=2", 2, "a row is one layer, and this one is conv and maxpool"),
        ("7xx3 relu", 2, "7xx3: error: input: a shape is written like 32x32x3, not 7xx3"),
        ("28x28 conv=1 F=3x3", 1, "F=3x3: error: conv: kernel_size has 2 numbers, and 28x28 has 1 spatial axis"),
        ("5x5x2 add=5x6x2", 1, "add=5x6x2: error: add: a gives 5x5x2, b 5x6x2 (width 5 ≠ 6)"),
        ("conv=1 F=3", 2, "the input is missing: a shape such as 32x32x3"),
        ("7x7x3", 2, "the layer is missing: 7x7x3 conv=10"),
        ("7x7x3 conv=1 F=3 N=7", 2, "N=7: N is the size of the input; write the whole shape, as 7x7x3"),
        ("7x7x3 block=x", 2, "blocks and branches stand in files"),
        ("7x7x3 conv=[1 F=3", 2, "conv=[1 cannot be read"),
        ("7x7x3 concat", 2, "concat joins INPUT with other shapes; write concat=7x7x3"),
    ],
)
def test_wrong_words(cnncalc, words, status, said):
    result = cnncalc("layer", *words.split())
    assert result.status == status
    # typer wraps its own messages
    assert said in " ".join(result.err.split())


def test_bad_values_have_the_problems_of_a_file(cnncalc):
    """Message and rule are those of a file; the word stands where the file and line would."""
    for words, row in (("conv=1 stride=0 kernel_size=3", "{conv: 1, stride: 0, kernel_size: 3}"), ("dropout=2", "{dropout: 2}")):
        result = cnncalc("layer", "7x7x3", *words.split())
        problems = package.loads(f"input: 7x7x3\nlayers:\n  - {row}\n").problems
        assert [line.split(": ", 1)[1] for line in result.err.splitlines()] == [str(p).split(": ", 1)[1] for p in problems]


def test_a_word_cannot_say_more_than_a_value(cnncalc):
    result = cnncalc("layer", "7x7x3", "conv=1\n  - relu", "F=3")
    assert result.status in (1, 2)
    assert "Traceback" not in result.err


def test_layout_reads_and_prints(cnncalc):
    result = cnncalc("layer", "3x32x64", "conv=10", "F=5", "--layout", "channels_first")
    assert "output           10x28x60\n" in result.out


def test_fit(cnncalc):
    assert "output           4x3x3\n" in cnncalc("layer", "7x5x3", "maxpool=2", "--fit", "ceil").out
    assert cnncalc("layer", "7x5x3", "maxpool=2", "--fit", "floor").status == 0


def test_letters_stand_for_fields(cnncalc):
    for words in ("conv=10 F=5 S=1 P=2 D=1", "conv K=10 F=5 P=2", "conv=10 kernel_size=5 padding=2"):
        assert "(5·5·3 + 1)·10 = 760" in cnncalc("layer", "32x32x3", *words.split()).out
    assert "maxpool 2×2 on 8x8x1" in cnncalc("layer", "8x8x1", "maxpool", "F=2").out


def test_first_answer_loads_neither_rich_nor_numpy_nor_the_shell():
    code = "import sys; from cnncalc.cli import main\ntry: main()\nexcept SystemExit: pass\nprint(*sorted({m.partition('.')[0] for m in sys.modules}))"
    command = [sys.executable, "-c", code, "layer", "32x32x3", "conv=10", "F=5"]
    loaded = (
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment())
        .stdout.splitlines()[-1]
        .split()
    )
    assert not {"rich", "numpy", "prompt_toolkit", "multiprocessing"} & set(loaded)


def test_a_field_said_twice(cnncalc):
    result = cnncalc("layer", "32x32x3", "conv=10", "F=3", "K=4")
    assert (result.status, result.out) == (2, "")
    assert result.err == "K=4: error: conv is written twice; keep one [duplicate-key]\n"


def test_the_window_is_said_even_where_there_are_no_axes_for_it(cnncalc):
    result = cnncalc("layer", "32", "conv=10", "F=3")
    assert (result.status, result.out) == (1, "conv 10 × 3×3 on 32\n")


@pytest.mark.parametrize(
    "words",
    ["32x32x3 K=10 conv F=5", "K=10 conv F=5 32x32x3", "32x32x3 K=10 F=5", "K=10 F=5 32x32x3", "conv=10 kernel_size=5 32x32x3"],
)
def test_the_words_may_stand_in_any_order(cnncalc, words):
    # (5·5·3 + 1)·10
    result = cnncalc("layer", *words.split())
    assert result.status == 0
    assert result.out.startswith("conv 10 × 5×5 on 32x32x3\n")
    assert "(5·5·3 + 1)·10 = 760" in result.out


@pytest.mark.parametrize("command", ["layer", "solve"])
def test_without_words_the_help_is_shown_as_wrong_usage(cnncalc, command):
    result = cnncalc(command)
    assert result.status == 2
    assert f"Usage: cnncalc {command} " in result.out
    assert "--layout" in result.out


def test_the_lecture_s_image_without_its_channel(cnncalc):
    out = cnncalc("layer", "7x7", "conv=1", "F=3").out
    assert "input 7x7 is read as length × channels; for an image of one channel write 7x7x1" in out
    assert "is read as" not in cnncalc("layer", "7x7x1", "conv=1", "F=3").out


def test_an_open_field_is_for_solve(cnncalc):
    result = cnncalc("layer", "7x7x1", "conv=1", "F=3", "P=?")
    assert result.status == 2
    said = " ".join(result.err.split())
    assert "padding is left open; to find its values, use cnncalc solve 7x7x1 conv=1 F=3 'P=?'" in said


def test_a_kind_that_is_missing(cnncalc):
    result = cnncalc("layer", "7x7x1", "F=3", "S=1")
    assert result.status == 2
    assert "the kind of layer is missing" in result.err


def test_a_comparison_with_more_units_than_a_layer_can_have(cnncalc):
    # 4096·4096·256 = 2³² outputs; each would have a weight for 4096·4096·64 = 2³⁰ numbers, and a bias.
    result = cnncalc("layer", "4096x4096x64", "conv=256", "F=3", "P=1")
    assert (result.status, result.err) == (0, "")
    assert f"{2**32 * (2**30 + 1):,}" in result.out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        # Messages name words of the command, not rows of a file.
        ("8x8x3 relu=3", 1, "relu=3: error: relu takes no value; write relu [value]"),
        ("32x8 embedding=3", 1, "write tokens=32 vocabulary=20000 [shape]"),
        ("8x8x3 concat=None", 2, "concat=None: a shape is written like 32x32x3, not None"),
        ("8x8x3 reshape=None", 1, "a shape is written like 32x32x3, not None [value]"),
        ("8x8x3 conv=2 kernel_size=3 repeat=0", 2, "repeat=0 leaves no layer to compute"),
        (
            "3x8x8 conv=2 kernel_size=? --layout channels_first",
            2,
            "use cnncalc solve 3x8x8 conv=2 'kernel_size=?' --layout channels_first",
        ),
    ],
)
def test_messages_speak_of_words(cnncalc, words, status, message):
    result = cnncalc("layer", *words.split())
    assert (result.status, message in " ".join((result.out + result.err).split())) == (status, True), result.out + result.err
