"""A picture as plain data: shapes with a style class each, in pixels from the top left, which every writer can write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Union

Point = tuple[float, float]


@dataclass(slots=True)
class Polygon:
    """A closed outline."""

    points: Sequence[Point]
    style: str


@dataclass(slots=True)
class Rect:
    """A rectangle, its corners rounded by `radius`."""

    x: float
    y: float
    width: float
    height: float
    style: str
    radius: float = 0


@dataclass(slots=True)
class Path:
    """A line: straight to the points of one pair, curved through those of three (two control points and the end)."""

    start: Point
    steps: Sequence[tuple[Point, ...]]
    style: str


@dataclass(slots=True)
class Text:
    """A line of text on the baseline `y`; `anchor` is the point of it that is at `x`: start, middle or end.

    `rest` is the end of the line, in the style `kind`.
    """

    x: float
    y: float
    text: str
    style: str
    anchor: str = "start"
    rest: str = ""


@dataclass(slots=True)
class ShapeGroup:
    """Shapes that belong together; `title` is shown when one points at them."""

    title: str
    parts: list[Part] = field(default_factory=list)


Part = Union[Polygon, Rect, Path, Text, ShapeGroup]


@dataclass(slots=True)
class Scene:
    """A picture of `width` × `height` pixels. `title` and `description` are for those who cannot see it."""

    width: float
    height: float
    title: str
    description: str
    parts: list[Part] = field(default_factory=list)

    def shapes(self) -> Iterator[Polygon | Rect | Path | Text]:
        """Every shape, without the groups."""
        return _shapes(self.parts)


def _shapes(parts: Iterable[Part]) -> Iterator[Polygon | Rect | Path | Text]:
    for part in parts:
        if isinstance(part, ShapeGroup):
            yield from _shapes(part.parts)
        else:
            yield part


#: Sizes of the text styles in pixels, and whether they are bold.
FONTS = {
    "title": (17, True), "sub": (12, False), "name": (12, True), "kind": (11, False), "size": (11, False), "note": (11, False),
    "error": (11, False), "frame": (11, True),
}  # fmt: skip


#: Pixels between a text and its rest.
REST_GAP = 8


def arrow(points: Sequence[Point], style: str, *, head: float = 5, vertical: bool = False, curved: bool = True) -> list[Part]:
    """A line through `points` with a head at its end (none if `head` is 0), curved where it changes lanes."""
    steps: list[tuple[Point, ...]] = []
    x, (last_x, last_y) = points[-2][0], points[-1]
    if head:
        end = _short(points[-2], points[-1], head, vertical)
    else:
        end = (last_x, last_y)
    line = [*points[:-1], end]
    for a, b in pairwise(line):
        same = abs(a[0] - b[0]) < 0.5 if vertical else abs(a[1] - b[1]) < 0.5
        if same or not curved:
            steps.append((b,))
        elif vertical:
            middle = (a[1] + b[1]) / 2
            steps.append(((a[0], middle), (b[0], middle), b))
        else:
            middle = (a[0] + b[0]) / 2
            steps.append(((middle, a[1]), (middle, b[1]), b))
    found: list[Part] = [Path(line[0], steps, style)]
    if head:
        found.append(_head(end, (last_x, last_y), head, vertical and (curved or abs(x - last_x) < 0.5)))
    return found


def _short(before: Point, end: Point, head: float, vertical: bool) -> Point:
    if vertical:
        return (end[0], end[1] - head if end[1] >= before[1] else end[1] + head)
    if abs(before[1] - end[1]) > abs(before[0] - end[0]) and abs(before[0] - end[0]) < 0.5:
        return (end[0], end[1] - head if end[1] > before[1] else end[1] + head)
    return (end[0] - head if end[0] >= before[0] else end[0] + head, end[1])


def _head(base: Point, tip: Point, head: float, vertical: bool) -> Polygon:
    half = head * 0.6
    if vertical or abs(base[0] - tip[0]) < 0.01:
        return Polygon([(base[0] - half, base[1]), (base[0] + half, base[1]), tip], "head")
    return Polygon([(base[0], base[1] - half), (base[0], base[1] + half), tip], "head")
