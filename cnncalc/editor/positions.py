"""Offsets of a text, places as problems carry them, and positions as editors count them."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from cnncalc.problem import Location

#: Line breaks of libyaml; editors know only the first three.
_YAML_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
#: The byte order mark that some editors leave at the beginning of a text.
BOM = "\ufeff"
_EDITOR_BREAK = re.compile(r"\r\n|[\r\n]")


class Position(NamedTuple):
    """A place between two characters: line and UTF-16 code units before it on that line, both from 0."""

    line: int
    character: int


class Span(NamedTuple):
    """A range of text between two positions; the end is exclusive."""

    start: Position
    end: Position


class Positions:
    """Translates between offsets in characters, 1-based lines and columns of YAML, and 0-based UTF-16 positions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = _starts(text)
        others = "\x85" in text or "\u2028" in text or "\u2029" in text
        self._yaml_starts = [0, *(match.end() for match in _YAML_BREAK.finditer(text))] if others else self._starts
        if text.startswith(BOM):
            # YAML does not count it, editors do.
            self._yaml_starts = [1, *self._yaml_starts[1:]]
        #: Whether a UTF-16 code unit is a character everywhere.
        self._plain = text.isascii() or max(text) <= "\uffff"

    def offset_at(self, line: int, column: int) -> int:
        """The offset of a 1-based line and column of YAML; the end of the text if there is no such line."""
        starts, length = self._yaml_starts, len(self.text)
        if line > len(starts):
            return length
        offset = starts[line - 1 if line > 0 else 0] + (column - 1 if column > 0 else 0)
        return offset if offset < length else length

    def offset(self, position: Position) -> int:
        """The offset of an editor's position; a character beyond the line's end is its end."""
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        if self._plain:
            return min(self.line_end(position.line), start + position.character)
        units, at, end = 0, start, self.line_end(position.line)
        while at < end and units < position.character:
            units += 2 if self.text[at] > "\uffff" else 1
            at += 1
        return at

    def position(self, offset: int) -> Position:
        """The editor's position of an offset."""
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        count = offset - start
        if not self._plain:
            count += sum(char > "\uffff" for char in self.text[start:offset])
        return Position(line, count)

    def end_of(self, line: int) -> Position:
        """The editor's position of a line's end."""
        end = self.line_end(line)
        return Position(line, end - self._starts[line]) if self._plain else self.position(end)

    def span(self, location: Location) -> Span:
        """The editor's range of a problem's location; the first character of the text if it has none."""
        if not location.line:
            return Span(Position(0, 0), Position(0, 0))
        start = self.offset_at(location.line, location.column)
        return self.between(start, max(start, self.offset_at(location.end_line, location.end_column)))

    def between(self, start: int, end: int) -> Span:
        """The editor's range between two offsets."""
        return Span(self.position(start), self.position(end))

    def line_at(self, offset: int) -> int:
        """Return the 0-based line of the editor at an offset."""
        return bisect_right(self._starts, offset) - 1

    def line_start(self, line: int) -> int:
        """The offset at which an editor's line begins."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def line_end(self, line: int) -> int:
        """The offset behind the last character of an editor's line, its line break excluded."""
        starts, text = self._starts, self.text
        end = starts[line + 1] if line + 1 < len(starts) else len(text)
        start = starts[line]
        while end > start and text[end - 1] in "\r\n":
            end -= 1
        return end

    @property
    def lines(self) -> int:
        """The number of lines as editors count them."""
        return len(self._starts)

    @property
    def same_lines(self) -> bool:
        """Whether YAML and editors begin their lines at the same places."""
        return self._yaml_starts is self._starts


def _starts(text: str) -> list[int]:
    """The offset at which each of an editor's lines begins."""
    if text.count("\r") != text.count("\r\n"):
        return [0, *(match.end() for match in _EDITOR_BREAK.finditer(text))]
    # Every line ends with \n.
    ends = [*accumulate([len(line) + 1 for line in text.split("\n")])]
    return [0, *ends[:-1]]
