"""Where a layer stands in its file, and the edit that sets one of its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from cnncalc.problem import Fix, Location

NOWHERE = Location()
#: Where YAML begins a new line.
_LINE_BREAK = "\r\n|[\r\n\x85\u2028\u2029]"


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their ends, as YAML counts them."""
    return re.split(_LINE_BREAK, text)


def line_starts(text: str) -> list[int]:
    """Return the index of the first character of each line."""
    return [0, *(match.end() for match in re.finditer(_LINE_BREAK, text))]


def apply(text: str, fixes: Iterable[Fix]) -> str:
    """Return the text with edits made; of edits that overlap, only the first one is."""
    starts = line_starts(text)

    def offset(line: int, column: int) -> int:
        return min(len(text), starts[line - 1] + column - 1) if line <= len(starts) else len(text)

    edits = sorted(
        (offset(f.location.line, f.location.column), offset(f.location.end_line, f.location.end_column), f.text) for f in fixes
    )
    parts: list[str] = []
    at = 0
    for start, end, new in edits:
        if start < at:
            continue
        parts += [text[at:start], new]
        at = max(at, end)
    return "".join([*parts, text[at:]])


class Spot(Protocol):
    """Anything with a range in the text: a `Location`, a YAML node."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def end_column(self) -> int: ...


def location_of(spot: Spot) -> Location:
    """The range of a spot as a Location."""
    if isinstance(spot, Location):
        return spot
    return Location(spot.line, spot.column, spot.end_line, spot.end_column)


class Place:
    """The place of one layer, block or branches row. This class knows the location alone: no fields, no edits.

    A format with fields that can be pointed at or edited derives its own class.
    """

    __slots__ = ("location",)

    def __init__(self, location: Location = NOWHERE) -> None:
        self.location = location

    @property
    def key(self) -> Location:
        """Where the layer's kind stands."""
        return self.location

    def field(self, name: str) -> Location | None:
        """Where the value of a field stands, in this row or at an anchor that it uses; None if the file does not set it."""
        return None

    def of(self, *names: str) -> Location:
        """Where the first of the fields that the row itself sets stands, else the layer's kind."""
        for name in names:
            at = self.field(name)
            if at is not None and inside(at, self.location):
                return at
        return self.key

    def edit(self, field: str, value: str, *, safe: bool = False) -> Fix | None:
        """The edit that sets a field to a value written in the file's language; None if no edit of this file can."""
        return None


def inside(inner: Location, outer: Location) -> bool:
    """Whether a range lies within another."""
    return inner[:2] >= outer[:2] and inner[2:] <= outer[2:]
