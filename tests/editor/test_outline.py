"""Symbols of a text, the scopes of its lists of rows, and every use of a name."""

from cnncalc.editor.outline import Outline
from cnncalc.editor.snapshot import Snapshot

TEXT = """\
input: 8x8x4
vars: {width: 3}
blocks:
  unit:
    parameters: {out: }
    layers:
      - {conv: "${out * width}", kernel_size: 1, name: inner}
      - relu
layers:
  - {block: unit, out: 2, name: first}
  - {maxpool: 2}
  - {maxpool: 2}
  - branches:
      left: [relu]
      right: []
    merge: add
  - {concat: [first.inner, maxpool2]}
"""


def outline() -> Outline:
    return Snapshot(TEXT).outline


def used(name: str) -> list[int]:
    """The lines on which a symbol is used, from 1."""
    (symbol,) = (one for one in outline().all() if one.name == name)
    return sorted(TEXT.count("\n", 0, start) + 1 for start, _ in symbol.uses)


def test_symbols_in_order():
    found = [(one.kind, one.name) for one in outline().symbols]
    assert found == [
        ("var", "width"),
        ("block", "unit"),
        ("row", "first"),
        ("row", "maxpool1"),
        ("row", "maxpool2"),
        ("row", "add1"),
        ("row", "concat1"),
    ]


def test_children_of_blocks_and_branches():
    by_name = {one.name: one for one in outline().symbols}
    assert [(one.kind, one.name) for one in by_name["unit"].children] == [
        ("parameter", "out"),
        ("row", "inner"),
        ("row", "relu1"),
    ]
    assert [(one.kind, one.name) for one in by_name["add1"].children] == [("branch", "left"), ("branch", "right")]


def test_uses():
    assert used("width") == [7]
    assert used("out") == [7, 10]
    assert used("unit") == [10]
    assert used("inner") == used("first") == used("maxpool2") == [17]
    assert used("maxpool1") == []


def test_the_symbol_at_a_place():
    found = outline()
    assert found.at(TEXT.index("first.inner")).name == "first"
    assert found.at(TEXT.index("inner, maxpool2")).name == "inner"
    assert found.at(TEXT.index("kernel_size")) is None


def test_scopes():
    """A block sees its own rows alone; a branch sees the rows around it."""
    found = outline()
    inside = found.scope_at(TEXT.index("kernel_size"))
    assert {one.name for one in inside.visible()} == {"inner", "relu1"}
    assert set(inside.values) == {"width", "out"}
    branch = found.scope_at(TEXT.index("relu]"))
    assert [one.name for one in branch.find("first")] == ["first"]
    assert branch.find("inner") == []
    # The block is used at the top, whose rows it can read.
    assert [one.name for one in inside.find("first")] == ["first"]
