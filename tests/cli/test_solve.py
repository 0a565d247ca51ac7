"""`cnncalc solve`: what fits, what does not, and words that cannot be."""

import json
import shlex

import pytest

from tests.cli.command import on_terminal, run, without_styles


def test_same_size_wants_padding_of_half_the_window(cnncalc):
    for window, padding in ((3, 1), (5, 2), (7, 3)):
        words = ("32x32x3", "conv=10", f"F={window}", "S=1", "--output", "32x32")
        found = json.loads(cnncalc("solve", *words, "--format", "json").out)
        assert [s["padding"] for s in found["solutions"]] == [[[padding, padding]] * 2]
        assert f"padding={padding}\n" in cnncalc("solve", *words).out


def test_what_it_says_can_be_typed(cnncalc):
    for words in (
        ["32x32x3", "conv=10", "F=5", "S=2"],
        ["28x14x8", "maxpool", "--output", "14x14"],
        ["9x4", "conv=2", "F=4", "S=2"],
    ):
        result = cnncalc("solve", *words)
        assert result.status == 0
        said = shlex.split(result.out.splitlines()[-1].removeprefix("the first one: cnncalc "))
        assert cnncalc(*said).status == 0


def test_filters_come_from_the_output(cnncalc):
    result = cnncalc("solve", "32x32x3", "conv", "--output", "28x28x10", "--limit", "1")
    assert "28x28x10         760" in result.out
    assert "6 more fit; --limit 0 shows them" in result.out
    assert len(cnncalc("solve", "32x32x3", "conv", "--output", "28x28x10", "--limit", "0").out.splitlines()) == 10


def test_says_so_when_nothing_fits(cnncalc):
    result = cnncalc("solve", "32x32x3", "conv=10", "F=3", "S=2", "P=0", "--open", "dilation")
    assert (result.status, result.out) == (1, "nothing fits on 32x32x3, with dilation up to 4\n")
    result = cnncalc("solve", "32x32x3", "conv=10", "F=3", "--output", "17x17", "--max", "P=1")
    assert result.status == 1
    assert result.out.startswith(
        "nothing fits on 32x32x3 with the output 17x17, with stride up to 3 and padding up to 1; the nearest outputs:\n"
    )


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("32x32x3 conv=1 kernel_siz=3", 2, "kernel_siz=3: error: conv has no kernel_siz; did you mean kernel_size?"),
        ("32x32x3 cnov=1", 2, "cnov=1: error: cnov is no layer kind; did you mean conv?"),
        ("32x32x3 conv=0", 1, "conv=0: error: conv must be at least 1"),
        ("32x32x3 conv", 2, "conv needs its value"),
        ("32x32x3 conv=2 groups=2", 1, "groups=2: error: conv: groups 2 does not divide the input's 3 channels"),
        ("32x32x3 conv=1 F=3 --open F", 2, "kernel_size has a value already"),
        ("32x32x3 conv=1 --open nothing", 2, "conv has no nothing"),
        ("32x32x3 conv=1 --open bias", 2, "bias is true or false: it cannot be searched"),
        ("32x32x3 conv=1 --max three", 2, "three is no bound"),
        ("32x32x3 conv=1 --max groups=2", 2, "groups is not open; open are kernel_size, padding, stride"),
        ("32x32x3 conv=1 --max 9999", 2, "combinations are more than"),
        ("32x32x3 conv=1 --output 0x3", 2, "0x3 is no output"),
        ("32x32x3 relu", 2, "relu has no fields to search"),
        ("32x32x3 add=32x32x3", 2, "add has no fields to search"),
    ],
)
def test_wrong_words(cnncalc, words, status, said):
    result = cnncalc("solve", *words.split())
    assert result.status == status
    # typer wraps its own messages
    assert said in " ".join(result.err.split())


def test_a_formula_is_shown_whole_or_not_at_all():
    words = ("solve", "224x224x3", "conv=96", "kernel_size=11", "--limit", "3")
    narrow, wide = (without_styles(on_terminal(width, *words)[1]) for width in (80, 100))
    assert "…" not in narrow
    assert "no room for formula: a wider terminal or a pipe shows more\n" in narrow
    assert "  (224 − 11 + 2·0)/3 + 1 = 72\n" in wide


@pytest.mark.parametrize("seed", ["1", "3"])
def test_the_first_one_has_its_fields_in_the_kind_s_order(seed):
    """Sets come in another order with each seed of Python's hashes; what is said does not."""
    said = run("solve", "32x32x3", "conv=10", "S=2", "F=5", PYTHONHASHSEED=seed).stdout
    assert said.endswith("the first one: cnncalc layer 32x32x3 conv=10 kernel_size=5 stride=2 'padding=[[0,1],[0,1]]'\n")


def test_a_question_mark_leaves_a_field_open(cnncalc):
    expected = cnncalc("solve", "32x32x3", "conv=10", "F=5", "S=1", "--output", "32x32", "--open", "dilation")
    result = cnncalc("solve", "32x32x3", "conv=10", "F=5", "S=1", "P=?", "D=?", "--output", "32x32")
    assert result.status == 0
    assert result == expected
    assert "filters" in cnncalc("solve", "32x32x3", "conv=?", "F=5", "S=1", "P=2", "--output", "32x32x7").out


@pytest.mark.parametrize("width", [40, 60, 80])
def test_it_keeps_within_the_width_of_a_terminal(width):
    for words in (
        ["224x224x3", "conv=96"],
        ["28x14x8", "maxpool", "--output", "14x14"],
        ["32x32x3", "conv=1", "F=3", "--output", "31x7"],
    ):
        text = without_styles(on_terminal(width, "solve", *words)[1])
        long = [line for line in text.splitlines() if len(line) > width]
        assert all(line.startswith("the first one: cnncalc layer") for line in long), text
        assert "…" not in text


def test_a_square_without_channels_is_said_to_be_a_sequence():
    done = run("solve", "7x7", "conv=1", "F=3")
    assert "the input 7x7 is read as length × channels; for an image of one channel write 7x7x1" in done.stdout
    assert "is read as" not in run("solve", "7x7x1", "conv=1", "F=3").stdout


@pytest.mark.parametrize("command", ["layer", "solve"])
def test_an_image_with_the_channels_first_is_told_how_to_write_it(cnncalc, command):
    result = cnncalc(command, "1x28x28", "conv=32", "kernel_size=3")
    assert "28x28x1, or --layout channels_first" in result.out


def test_the_command_that_it_says_keeps_the_layout(cnncalc):
    out = cnncalc("solve", "3x32x32", "conv=32", "kernel_size=3", "--layout", "channels_first").out
    assert out.endswith("the first one: cnncalc layer 3x32x32 conv=32 kernel_size=3 stride=1 padding=0 --layout channels_first\n")
