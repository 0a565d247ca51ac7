"""What can be typed next, as texts with the cursor at |."""

from __future__ import annotations

import pytest

from cnncalc.editor.completion import complete
from cnncalc.editor.snapshot import Snapshot
from cnncalc.layers import KINDS

HEAD = """\
name: x
input: 32x32x3
vars: {width: 3, deep: 2}
blocks:
  basic:
    parameters: {out: , stride: 1}
    layers:
      - {conv: 3, kernel_size: 3}
layers:
  - {conv: 8, kernel_size: 3, name: first}
  - relu
"""


def words(rest: str, head: str = HEAD) -> list[str]:
    before, after = rest.split("|")
    return [item.label for item in complete(Snapshot(head + before + after), len(head) + len(before)).items]


@pytest.mark.parametrize(
    "row", ["  - |", "  - {|", "  - {|}", "  - branches:\n      a:\n        - |", "  - branches:\n      a: [|"]
)
def test_kinds_at_the_beginning_of_a_row(row):
    assert {*KINDS, "block", "branches"} <= set(words(row))


@pytest.mark.parametrize("row", ["  - co|", "  - {co|", "  - {co|}", "  - branches:\n      a: [relu, {co|"])
def test_kinds_that_begin_so(row):
    assert {"conv", "conv_transpose", "concat"} <= set(words(row))
    assert all(word.startswith("co") for word in words(row))


@pytest.mark.parametrize(
    "row", ["  - {conv: 3, |}", "  - {conv: 3, |", "  - conv: 3\n    |", "  - {relu: , name: a}\n  - conv: 3\n    |"]
)
def test_fields_of_a_convolution(row):
    found = words(row)
    assert found[0] == "kernel_size"
    assert {"stride", "padding", "dilation", "groups", "bias", "name", "repeat", "share"} <= set(found)
    assert "conv" not in found


def test_a_field_that_is_there_is_not_offered():
    assert "stride" not in words("  - {conv: 3, stride: 2, |}")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("  - {conv: 3, kernel_size: 3, padding: s|}", ["same"]),
        ("  - {conv: 3, kernel_size: 3, bias: |}", ["true", "false"]),
        ("  - {lstm: 3, return: |}", ["last", "sequence"]),
        ("  - {conv: 3, fit: |}", ["exact", "floor", "ceil"]),
        ("fit: |", ["exact", "floor", "ceil"]),
        ("layout: |", ["channels_last", "channels_first"]),
        ("dtype: f|", ["float64", "float32", "float16"]),
        ("  - {reduce: mean, axes: [h|]}", ["height"]),
        ("  - {custom: x, output: |}", ["same"]),
        ("  - {block: |}", ["basic"]),
        ("  - {concat: [first, r|]}", ["relu1"]),
        ("  - {relu: , from: f|}", ["first"]),
        ('  - {conv: "${wid|}"}', ["width"]),
        ("fi|", ["fit"]),
        ("outputs: [|]", ["first", "relu1"]),
    ],
)
def test_words(row, expected):
    assert words(row)[: len(expected)] == expected


def test_parameters_of_a_block():
    assert words("  - {block: basic, |}")[:2] == ["out", "stride"]


def test_names_of_vars_and_parameters_in_an_expression():
    assert {"width", "deep", "in_channels", "i", "min", "multiple_of"} <= set(words('  - {conv: "${|}"}'))


def test_rules_in_a_comment_and_behind_ignore():
    for place in ("  - relu  # cnncalc: ignore[|", "ignore: [|]", "ignore:\n  - |"):
        assert {"stride-fit", "linear-pair"} <= set(words(place))


def test_nothing_in_another_comment():
    assert words("  - relu  # co|") == []


def test_keys_of_the_file_and_of_its_maps():
    assert {"expect", "budget", "fit", "outputs"} <= set(words("|"))
    assert {"output", "parameters", "macs"} <= set(words("expect: {|}"))
    assert {"parameters", "macs", "weights"} <= set(words("budget:\n  |"))


def test_a_row_below_is_not_offered():
    text = "input: 8x8x1\nlayers:\n  - {relu: , from: |}\n  - {relu: , name: later}\n"
    assert words(text, "") == ["input"]


REPEATED = """\
input: 8x8x4
blocks:
  unit:
    layers:
      - {conv: 4, kernel_size: 1, name: inner}
      - relu
layers:
  - {block: unit, name: stage, repeat: 3}
  - branches: {left: [relu], right: []}
    merge: add
    name: fork
"""


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("  - {concat: [stage.|]}", ["stage.*", "stage.0", "stage.inner", "stage.relu1"]),
        ("  - {concat: [st|]}", ["stage", "stage.*"]),
        ("  - {relu: , from: stage.|}", ["stage.0", "stage.inner", "stage.relu1"]),
        ("  - {add: stage.1.|}", ["stage.1.inner", "stage.1.relu1"]),
        ("  - {add: stage.0.i|}", ["stage.0.inner"]),
        ("  - {add: fork.|}", ["fork.left", "fork.right"]),
        ("  - {add: fork.left.|}", ["fork.left.relu1"]),
        ("  - {add: nothing.|}", []),
    ],
)
def test_copies_of_a_row_and_rows_inside(row, expected):
    assert words(row, REPEATED) == expected


CALLED = """\
input: 8x8x3
blocks:
  inner:
    layers:
      - {identity: , name: own}
      - {concat: [CURSOR]}
  outer:
    layers:
      - {identity: , name: above}
      - {block: inner, name: copies, repeat: 3}
      - {identity: , name: below}
layers:
  - {identity: , name: stem}
  - {block: outer, name: once}
  - {identity: , name: after}
"""


def test_a_block_offers_the_rows_before_its_uses():
    text = CALLED.replace("CURSOR", "")
    offset = CALLED.index("CURSOR")
    assert [item.label for item in complete(Snapshot(text), offset).items] == [
        "own", "above", "copies", "copies.*", "stem", "input"
    ]  # fmt: skip
