"""Names: where they are defined and used, and how they are changed."""

from __future__ import annotations

import pytest

from cnncalc.editor.snapshot import Snapshot
from cnncalc.editor.symbols import CannotRename, definition, entries, folds, references, rename
from tests.editor.edits import applied

TEXT = """\
input: 32x32x3
vars: {width: 3, "wide": 4}
blocks:
  basic:
    parameters: {out: , stride: 1}
    layers:
      - {conv: "${out * width}", kernel_size: 3, stride: "${stride}", padding: 1, name: inner}
layers:
  - {block: basic, out: 2, name: stage, repeat: 2}
  - {relu: , name: 'act'}
  - {add: [stage.0.inner, act]}
  - branches:
      left: [{block: basic, out: "${wide}"}]
      right: []
    merge: concat
outputs: [act]
"""


def uses(word: str, nth: int = 0) -> list[str]:
    """The lines on which the word that stands `nth` in the text is written, with what stands there."""
    offset = -1
    for _ in range(nth + 1):
        offset = TEXT.index(word, offset + 1)
    found = references(Snapshot(TEXT), offset + 1)
    lines = TEXT.splitlines()
    return [f"{span.start.line + 1}:{lines[span.start.line][span.start.character : span.end.character]}" for span in found]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("width", ["2:width", "7:width"]),
        ("wide", ["2:wide", "13:wide"]),
        ("basic", ["4:basic", "9:basic", "13:basic"]),
        ("out:", ["5:out", "7:out", "9:out", "13:out"]),
        ("inner", ["7:inner", "11:inner"]),
        ("stage", ["9:stage", "11:stage"]),
        ("act", ["10:act", "11:act", "16:act"]),
    ],
)
def test_every_use(word, expected):
    assert uses(word) == expected


def test_a_use_leads_to_the_definition():
    span = definition(Snapshot(TEXT), TEXT.index("act]"))
    assert span is not None
    assert (span.start.line, span.start.character) == (9, 20)


def test_rename_everywhere():
    snapshot = Snapshot(TEXT)
    text = TEXT
    edits = rename(snapshot, TEXT.index("stage"), "head")
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: snapshot.positions.offset(edit.span.start)] + edit.text + text[snapshot.positions.offset(edit.span.end) :]
    assert text == TEXT.replace("stage", "head")
    assert [str(p) for p in Snapshot(text).problems] == [str(p).replace("stage", "head") for p in snapshot.problems]


@pytest.mark.parametrize(
    ("word", "name", "why"),
    [
        ("stage", "act", "is taken"),
        ("stage", "a b", "made of"),
        ("stage", "7", "digits"),
        ("width", "if", "if"),
        ("basic", "conv", "layer kind"),
    ],
)
def test_a_name_that_cannot_be(word, name, why):
    with pytest.raises(CannotRename, match=why):
        rename(Snapshot(TEXT), TEXT.index(word), name)


def test_a_numbered_row_cannot_be_renamed():
    with pytest.raises(CannotRename, match="numbered by its kind"):
        rename(Snapshot("input: 8x8x1\nlayers:\n  - relu\n"), 28, "x")


def test_the_outline():
    found = entries(Snapshot(TEXT))
    assert [(entry.kind, entry.name) for entry in found] == [
        ("var", "width"),
        ("var", "wide"),
        ("block", "basic"),
        ("row", "stage"),
        ("row", "act"),
        ("row", "add1"),
        ("row", "concat1"),
    ]
    assert [child.name for child in found[2].children] == ["out", "stride", "inner"]
    assert [child.name for child in found[-1].children] == ["left", "right"]
    for entry in found:
        assert entry.span.start <= entry.selection.start
        assert entry.selection.end <= entry.span.end


def test_folding():
    # blocks, basic, its layers; layers; the branches row with its branches.
    assert folds(Snapshot(TEXT)) == [(2, 6), (3, 6), (5, 6), (7, 14), (11, 13), (11, 14)]


PASSED = """\
input: 8x8x4
blocks:
  dense:
    layers:
      - concat: [first, layer.*]
      - {conv: 2, kernel_size: 1}
  all:
    layers:
      - {identity: , name: first}
      - {block: dense, name: layer, repeat: 2}
      - {concat: [first, "layer.${1 - 1}.conv1"]}
  joined:
    parameters: {skip: }
    layers:
      - add: "${skip}"
  up:
    parameters: {skip: }
    layers:
      - {block: joined, skip: "${skip}"}
layers:
  - {conv: 4, kernel_size: 1, name: near}
  - {block: all, name: body}
  - {conv: 4, kernel_size: 1}
  - {block: up, skip: near}
"""


@pytest.mark.parametrize(("old", "lines"), [("first", [5, 9, 11]), ("layer", [5, 10, 11]), ("near", [21, 24])])
def test_a_row_that_a_block_reads_by_name_is_renamed_everywhere(old, lines):
    """Blocks read the rows of the list that uses them, and parameters can be names."""
    snapshot = Snapshot(PASSED)
    assert [problem.message for problem in snapshot.problems if problem.level == "error"] == []
    edits = rename(snapshot, snapshot.text.index(f"name: {old}") + 6, "other")
    assert [edit.span.start.line + 1 for edit in edits] == sorted(lines)
    after = Snapshot(applied(snapshot, edits))
    assert [problem.message for problem in after.problems if problem.level == "error"] == []
    assert snapshot.network is not None
    assert after.network is not None
    assert after.network.parameters == snapshot.network.parameters


def test_a_name_that_an_expression_puts_together_is_not_renamed():
    text = 'input: 8x8x4\nlayers:\n  - {relu: , name: part1}\n  - relu\n  - {add: "part${3 - 2}"}\n'
    with pytest.raises(CannotRename, match="the network would not be the same: there is no row part1 above"):
        rename(Snapshot(text), text.index("part1"), "other")
