"""A skip as an arc over the volumes that it passes."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from cnncalc.report.picture.scene import Part, Path, Polygon


class _Place(Protocol):
    @property
    def middle(self) -> float: ...
    @property
    def top(self) -> float: ...


class Point(NamedTuple):
    """A place on a line from which a skip goes on."""

    middle: float
    top: float


def arc(start: _Place, end: _Place, height: float) -> list[Part]:
    """A skip: up from the top of one volume, over those between, down to the top of the other."""
    a, b = start.middle, end.middle
    bend = min(16.0, (b - a) / 4)
    rise, fall = min(bend, start.top - height), min(bend, end.top - height - 5)
    tip = end.top - 1
    steps = [
        ((a, height + rise),),
        ((a, height), (a, height), (a + bend, height)),
        ((b - bend, height),),
        ((b, height), (b, height), (b, height + fall)),
        ((b, tip - 5),),
    ]
    return [Path((a, start.top + 2), steps, "skip"), Polygon([(b - 3, tip - 5), (b + 3, tip - 5), (b, tip)], "skiphead")]
