"""Edits of a text: the change is made, and every other character stays."""

from pathlib import Path

import pytest

from cnncalc.language import edit
from cnncalc.network import load, loads
from cnncalc.place import apply

FILE = """\
# A comment at the top
name: Small   # its name
input: 32x32x3
layers:
  # the first one
  - {conv: 10, kernel_size: 5}   # five
  - relu

  - maxpool: 2
    stride: 2      # block style
  - {fc: 10}
expect: {output: 10}
"""


def rows(text):
    return [node.kind for node in loads(text).layers]


def test_insert():
    assert edit.insert(FILE, 1, "tanh") == FILE.replace("  - relu\n", "  - tanh\n  - relu\n")
    assert edit.insert(FILE, 9, "softmax") == FILE.replace("  - {fc: 10}\n", "  - {fc: 10}\n  - softmax\n")
    assert edit.insert(FILE, 3, "tanh") == FILE.replace("  - {fc: 10}\n", "  - tanh\n  - {fc: 10}\n")


@pytest.mark.parametrize(
    "text",
    [
        "input: 4x4x1\nlayers:\n",
        "input: 4x4x1\nlayers: []\n",
        "input: 4x4x1\n",
        "input: 4x4x1",
        "input: 4x4x1\nlayers:\nfit: floor\n",
    ],
)
def test_the_first_row(text):
    found = edit.insert(text, 0, "relu")
    assert rows(found) == ["relu"]
    assert edit.insert("", 0, "relu") == "layers:\n  - relu\n"


def test_delete():
    assert edit.delete(FILE, 1) == FILE.replace("  - relu\n", "")
    assert edit.delete(FILE, 2) == FILE.replace("  - maxpool: 2\n    stride: 2      # block style\n", "")
    only = "input: 4x4x1\nlayers:\n  - relu\nfit: floor\n"
    assert edit.delete(only, 0) == "input: 4x4x1\nlayers: []\nfit: floor\n"
    assert rows(edit.insert(edit.delete(only, 0), 0, "tanh")) == ["tanh"]


def test_move():
    assert rows(edit.move(FILE, 2, 0)) == ["maxpool", "conv", "relu", "fc"]
    assert rows(edit.move(FILE, 0, 4)) == ["relu", "maxpool", "fc", "conv"]
    assert rows(edit.move(FILE, 1, 3)) == ["conv", "maxpool", "relu", "fc"]
    assert sorted(edit.move(FILE, 2, 0).splitlines()) == sorted(FILE.splitlines())
    assert rows(edit.move("input: 4x4x1\nlayers:\n  - relu\n  - tanh", 1, 0)) == ["tanh", "relu"]


DASHES = """\
input: 8x8x3
layers:
  -
    conv: 4
    kernel_size: 3   # three
  - relu
  - # a comment behind the dash
    maxpool: 2
  -

    {fc: 10}
"""


def test_dashes_on_lines_of_their_own():
    assert edit.insert(DASHES, 0, "tanh") == DASHES.replace("  -\n    conv", "  - tanh\n  -\n    conv")
    assert edit.insert(DASHES, 2, "tanh") == DASHES.replace("  - #", "  - tanh\n  - #")
    assert edit.delete(DASHES, 0) == DASHES.replace("  -\n    conv: 4\n    kernel_size: 3   # three\n", "")
    assert edit.delete(DASHES, 3) == DASHES.replace("  -\n\n    {fc: 10}\n", "")
    for index in range(4):
        for before in range(5):
            kinds = ["conv", "relu", "maxpool", "fc"]
            moved = kinds.pop(index)
            kinds.insert(before - (before > index), moved)
            assert rows(edit.move(DASHES, index, before)) == kinds
            assert sorted(edit.move(DASHES, index, before).splitlines()) == sorted(DASHES.splitlines())


def changed(text: str, index: int, field: str, value: str) -> str:
    row = list(loads(text).rows.values())[index]
    return apply(text, [row.change(field, value)])


def test_a_field_of_a_row():
    assert changed(FILE, 0, "kernel_size", "3") == FILE.replace("kernel_size: 5", "kernel_size: 3")
    assert changed(FILE, 0, "filters", "8") == FILE.replace("conv: 10", "conv: 8")
    assert changed(FILE, 0, "padding", "[[1, 2], [1, 2]]") == FILE.replace("10, k", "10, padding: [[1, 2], [1, 2]], k")
    assert changed(FILE, 1, "name", "act") == FILE.replace("- relu", "- {relu: , name: act}")
    assert changed(FILE, 2, "stride", "1") == FILE.replace("stride: 2", "stride: 1")
    assert changed(FILE, 2, "padding", "1") == FILE.replace("maxpool: 2\n", "maxpool: 2\n    padding: 1\n")
    for text in ("relu", "{relu: }", "{relu}", "{relu: , name: }", "{dropout}", "{name: a, relu: }"):
        source = f"input: 4x4x1\nlayers:\n  - {text}\n"
        for name in ("b", "c"):
            source = changed(source, 0, "name", name)
            assert list(loads(source).rows) == [name]


@pytest.mark.parametrize(
    ("before", "field", "value", "after"),
    [
        # A key without a value, and values on lines of their own.
        ("- {maxpool: 2, stride: }", "stride", "1", "- {maxpool: 2, stride: 1}"),
        ("- maxpool: 2\n    stride:  # none", "stride", "1", "- maxpool: 2\n    stride: 1  # none"),
        ("- conv: 3\n    kernel_size: 3\n    padding:\n      - [1, 1]\n      - [1, 1]", "padding", "1",
         "- conv: 3\n    kernel_size: 3\n    padding: 1"),
        ("- {leaky_relu: }", "slope", "0.2", "- {leaky_relu: 0.2}"),
        ("- leaky_relu", "slope", "0.2", "- {leaky_relu: 0.2}"),
        ("- relu:", "name", "a", "- relu:\n    name: a"),
        ("- relu: ~\n    trainable: true", "name", "a", "- relu: ~\n    name: a\n    trainable: true"),
        ("- branches:\n      a: []\n      b: []\n    merge: add", "name", "x",
         "- branches:\n      a: []\n      b: []\n    name: x\n    merge: add"),
        ('- {conv: "${w}", kernel_size: 1}', "filters", "2", "- {conv: 2, kernel_size: 1}"),
    ],
)  # fmt: skip
def test_a_field_of_a_row_in_any_style(before, field, value, after):
    head = "input: 4x4x1\nvars: {w: 1}\nlayers:\n  "
    for end in ("", "\n", "\n  - tanh\n"):
        found = changed(head + before + end, 0, field, value)
        assert found == head + after + end
        assert not [problem for problem in loads(found).problems if problem.rule != "unused-definition"]


@pytest.mark.parametrize("row", ["- {<<: *base, stride: 1}", "- {maxpool: 2, stride: *n}", "- {maxpool: *n}"])
def test_a_field_that_stands_elsewhere_is_left_alone(row):
    text = f"input: 4x4x1\nx-a: &base {{maxpool: 2, padding: 0}}\nx-n: &n 2\nlayers:\n  {row}\n"
    field = {"- {<<": "padding", "- {maxpool: 2": "stride", "- {maxpool: *n": "padding"}[next(
        k for k in ("- {<<", "- {maxpool: 2", "- {maxpool: *n") if row.startswith(k))]  # fmt: skip
    with pytest.raises(edit.CannotEdit, match="stands at an anchor elsewhere; change it there"):
        changed(text, 0, field, "1")


def test_set_top():
    assert edit.set_top(FILE, "input", "64x64x3") == FILE.replace("32x32x3", "64x64x3")
    assert edit.set_top(FILE, "fit", "floor") == FILE.replace("layers:", "fit: floor\nlayers:")
    assert edit.set_top("layers:\n  - relu\n", "input", "4x4x1") == "input: 4x4x1\nlayers:\n  - relu\n"
    assert edit.set_top("", "input", "4x4x1") == "input: 4x4x1\n"
    assert edit.set_top("# c\nlayers:\n  - relu\n", "name", "X") == "# c\nname: X\nlayers:\n  - relu\n"
    assert edit.set_top("name: A\nlayers:\n  - relu\n", "input", "4x4x1") == "name: A\ninput: 4x4x1\nlayers:\n  - relu\n"
    block = "input:\n  height: 4\n  width: 4\n  channels: 1\nlayers:\n  - relu\n"
    assert edit.set_top(block, "input", "8x8x1") == "input: 8x8x1\nlayers:\n  - relu\n"


def test_set_var():
    text = "vars: {width: 1}\ninput: 4x4x1\nlayers: [relu]\n"
    assert edit.set_var(text, "width", "2") == text.replace("width: 1", "width: 2")
    with pytest.raises(edit.CannotEdit, match="no var height"):
        edit.set_var(text, "height", "2")


def test_rows_in_brackets_are_left_alone():
    with pytest.raises(edit.CannotEdit, match="stand in brackets"):
        edit.insert("input: 4x4x1\nlayers: [relu]\n", 1, "tanh")


@pytest.mark.parametrize("name", ["alexnet", "unet", "resnet18", "vqa", "googlenet", "inception_v3"])
def test_rows_of_real_files(name):
    """A row put in anywhere and taken out again leaves the file as it was; so does moving one there and back."""
    text = Path(f"specs/{name}.yaml").read_text(encoding="utf-8")
    count = len(edit.ParsedText(text).rows)
    assert count
    for index in range(count + 1):
        longer = edit.insert(text, index, "identity")
        assert len(edit.ParsedText(longer).rows) == count + 1
        assert edit.delete(longer, index) == text
    for index in range(count):
        moved = edit.move(text, index, count)
        assert sorted(moved.splitlines()) == sorted(text.splitlines())
        assert len(edit.ParsedText(moved).rows) == count
    assert load(f"specs/{name}.yaml").problems == []
