"""Positions against Python's own UTF-16 encoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.editor.positions import Position, Positions
from cnncalc.problem import Location

TEXT = st.text(alphabet="ab😀漢é\n\r\u2028 ", max_size=30)


def test_an_emoji_is_two_units_and_a_cjk_character_one():
    positions = Positions("漢😀x\ny")
    assert positions.position(2) == Position(0, 3)
    assert positions.offset(Position(0, 3)) == 2
    assert positions.position(4) == Position(1, 0)


def test_a_column_of_yaml_counts_characters():
    # The name is four characters and five units long.
    span = Positions("😀abc: x").span(Location(1, 7, 1, 8))
    assert (span.start, span.end) == (Position(0, 7), Position(0, 8))


def test_a_line_separator_begins_a_line_of_yaml_and_none_of_an_editor():
    positions = Positions("a\u2028bc")
    assert positions.offset_at(2, 1) == 2
    assert positions.position(2) == Position(0, 2)
    assert positions.lines == 1


@pytest.mark.parametrize(("line", "character", "offset"), [(0, 99, 2), (9, 0, 5), (1, 0, 4), (0, 2, 2)])
def test_a_position_outside_the_text_is_its_nearest_end(line, character, offset):
    assert Positions("ab\r\nc").offset(Position(line, character)) == offset


@given(TEXT)
def test_every_offset_and_back(text):
    positions = Positions(text)
    for offset in range(len(text) + 1):
        # Inside \r\n there is no position of an editor.
        if 0 < offset < len(text) and text[offset - 1 : offset + 1] == "\r\n":
            continue
        found = positions.position(offset)
        before = text[positions.line_start(found.line) : offset]
        assert found.character == len(before.encode("utf-16-le")) // 2
        if not before.endswith(("\r", "\n")):
            assert positions.offset(found) == offset
