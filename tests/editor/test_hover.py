"""Hover: numbers of rows, also where another row names them; documentation of keys; manuals of rules."""

from __future__ import annotations

import pytest

from cnncalc.editor.hover import hover
from cnncalc.editor.snapshot import Snapshot
from cnncalc.language.row import ROW_KEYS

TEXT = """\
input: 9x9x3
dtype: float16
blocks:
  unit:
    parameters: {out: }
    layers: [{conv: "${out}", kernel_size: 3}]
layers:
  - {conv: 8, kernel_size: 3, name: stem, padding: 1}  # 漢 😀
  - relu
  - {add: stem}
  - branches:
      left: [{conv: 8, kernel_size: 1}]
      right: []
    merge: add
  - {block: unit, out: 8}
  - {maxpool: 2, stride: 2}  # cnncalc: ignore[unread-cells]
expect: {output: 3x3x8}
ignore: linear-pair
"""


def shown(before: str, word: str) -> tuple[str, str]:
    """The text that is marked and the Markdown, at the first `word` behind `before`."""
    snapshot = Snapshot(TEXT)
    at = TEXT.index(word, TEXT.index(before)) + 1
    found = hover(snapshot, at)
    assert found is not None
    start, end = (snapshot.positions.offset(place) for place in found.span)
    return TEXT[start:end], found.markdown


@pytest.mark.parametrize(
    ("before", "word", "expected"),
    [
        # (9 − 3 + 2·1)/1 + 1 = 9
        ("{conv: 8, kernel_size: 3, name", "conv", "(9 − 3 + 2·1)/1 + 1 = 9"),
        # In another row the name shows the row that it stands for: (3·3·3 + 1)·8 = 224 parameters.
        ("{add: stem", "stem", "224"),
        ("- branches", "branches", "output 9x9x8"),
        ("- branches", "branches", "A list of rows for each branch"),
        ("merge: add", "merge", "How the results are joined."),
        ("{block: unit", "unit", "1 use"),
        ("kernel_size", "kernel_size", "cells of the window"),
        ("dtype", "dtype", "Type of the numbers"),
        ("layers: [", "layers", "The rows that a use stands for."),
        ("expect: {", "expect", "What must come out"),
        ("cnncalc: ignore", "unread-cells", "## What it does"),
        ("ignore: linear", "linear-pair", "## What it does"),
        # Of 7 − 2 + 1 = 6 positions at stride 1, stride 2 leaves one cell of 7 unread.
        ("{maxpool", "maxpool", "(7 − 2 + 2·0)/2 + 1 = 3.5"),
    ],
)
def test_what_a_word_shows(before, word, expected):
    marked, markdown = shown(before, word)
    assert marked == word
    assert expected in markdown


def test_a_problem_shows_the_manual_of_its_rule():
    _, markdown = shown("{maxpool", "maxpool")
    assert "**error: stride-fit**" in markdown
    assert "Frameworks round down silently" in markdown


@pytest.mark.parametrize("word", ["# 漢", "9x9x3", "left"])
def test_a_word_that_means_nothing_shows_nothing(word):
    assert hover(Snapshot(TEXT), TEXT.index(word) + 1) is None


ALIASES = """\
# 漢 😀
x-rows:
  conv: &c {conv: 4, kernel_size: 3}
  more: &m
    padding: 1
    bias: false
input: 9x9x3
layers:
  - *c
  - {<<: *c, stride: 2}
  - {conv: 5, kernel_size: 3, <<: *m}
  - &r relu
  - *r
"""


@pytest.mark.parametrize(
    ("before", "shown", "hidden"),
    [
        # (3·3·3 + 1)·4 = 112; the row that merges the anchor has another stride, hence other numbers.
        ("  - *", "`yaml\n{conv: 4, kernel_size: 3}\n", "stride"),
        ("  - *", "(3·3·3 + 1)·4 = 112", "stride"),
        ("{<<: *", "the value on line 3", "112"),
        ("kernel_size: 3, <<: *", "`yaml\npadding: 1\nbias: false\n", "&m"),
        ("&r relu\n  - *", "relu1: relu", "112"),
    ],
)
def test_an_alias_shows_its_anchor(before, shown, hidden):
    offset = ALIASES.index(before) + len(before)
    found = hover(Snapshot(ALIASES), offset)
    assert found is not None
    assert shown in found.markdown
    assert hidden not in found.markdown


@pytest.mark.parametrize("text", ["x: 2 * *", "input: 9x9x3\nlayers: [*a]\nx-b: &a relu\n", "input: 9x9x3\nlayers: [{\n  *a"])
def test_a_star_without_an_anchor_before_it_shows_nothing_of_one(text):
    found = hover(Snapshot(text), text.index("*") + 1)
    assert found is None or "the value on line" not in found.markdown


@pytest.mark.parametrize(
    "key", ["name", "from", "repeat", "expect", "fit", "share", "trainable", "merge", "nothing", "kernel_size"]
)
def test_a_row_without_a_kind(key):
    text = f"input: 9x9x3\nlayers:\n  - {{{key}: a}}\n  - {{{key}: }}\n"
    for row in ("- {" + key + ": a", "- {" + key + ": }"):
        found = hover(Snapshot(text), text.index(row) + 4)
        assert found is not None
        assert (f"**{key}** — " in found.markdown) == (key in (*ROW_KEYS, "merge"))
