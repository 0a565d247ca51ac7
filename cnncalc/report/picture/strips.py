"""A picture that is too wide, cut into strips below each other, as a line of music is.

An edge that is cut goes on at the left of the next strip, at the same height.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from cnncalc.report.picture.frame import bounds, shifted
from cnncalc.report.picture.scene import Part, Path, Point, ShapeGroup, Text

#: Between two strips.
_GAP = 26.0
#: Least distance between a cut and the shapes beside it.
_ROOM = 4.0
_HALVINGS = 40


def wrapped(parts: Sequence[Part], longest: float) -> list[Part]:
    """The parts in strips of about `longest` pixels at most, cut only across edges. A picture without such a place is returned
    unchanged.
    """
    cuts = _cuts(parts, longest)
    if not cuts:
        return list(parts)
    left, _, right, _ = bounds(parts)
    strips: list[list[Part]] = [[] for _ in range(len(cuts) + 1)]
    for part in parts:
        if isinstance(part, Path):
            for number, piece in _cut(part, cuts):
                strips[number].append(piece)
        else:
            own = bounds([part])
            strips[bisect_right(cuts, (own[0] + own[2]) / 2)].append(part)
    found: list[Part] = []
    down = 0.0
    for number, strip in enumerate(strips):
        start = cuts[number - 1] if number else left
        end = cuts[number] if number < len(cuts) else right
        top, bottom = bounds(strip)[1], bounds(strip)[3]
        found += shifted(strip, -start, down - top)
        height = bottom - top
        if number:
            found.append(Path((0, down), [((0, down + height),)], "frameline"))
        if number < len(cuts):
            found.append(Path((end - start, down), [((end - start, down + height),)], "frameline"))
        down += height + _GAP
    return found


def _cuts(parts: Sequence[Part], longest: float) -> list[float]:
    """Where to cut: each time at the last place that keeps the strip shorter than `longest`, else at the next one."""
    left, _, right, _ = bounds(parts)
    solid = sorted((own[0] - _ROOM, own[2] + _ROOM) for own in (bounds([p]) for p in parts if isinstance(p, (ShapeGroup, Text))))
    places: list[float] = []
    end = -math.inf
    for start, stop in solid:
        if -math.inf < end < start:
            places.append((end + start) / 2)
        end = max(end, stop)
    # Strips of about the same length look better than full ones and a short one.
    each = (right - left) / math.ceil((right - left) / longest)
    cuts: list[float] = []
    start = left
    while right - start > 1.1 * longest:
        near = [place for place in places if start < place <= start + 1.05 * longest]
        if near:
            cut = min(near, key=lambda place: abs(place - start - each))
        else:
            later = [place for place in places if place > start]
            if not later:
                break
            cut = later[0]
        cuts.append(cut)
        start = cut
    return cuts


def _cut(path: Path, cuts: Sequence[float]) -> Iterator[tuple[int, Path]]:
    """The pieces of a line, each with the number of its strip."""
    start = point = path.start
    steps: list[tuple[Point, ...]] = []
    strip = bisect_right(cuts, point[0])
    for step in path.steps:
        rest: tuple[Point, ...] = step
        while True:
            end = rest[-1]
            if end[0] >= point[0]:
                cut = cuts[strip] if strip < len(cuts) and end[0] > cuts[strip] else None
            else:
                cut = cuts[strip - 1] if strip and end[0] < cuts[strip - 1] else None
            if cut is None:
                break
            first, rest = _halves(point, rest, cut)
            yield strip, Path(start, [*steps, first], path.style)
            strip += 1 if end[0] > point[0] else -1
            start = point = first[-1]
            steps = []
        steps.append(rest)
        point = rest[-1]
    yield strip, Path(start, steps, path.style)


def _halves(start: Point, step: tuple[Point, ...], x: float) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """Cut a step of a path where it crosses `x`."""
    end = step[-1]
    if len(step) == 1:
        part = (x - start[0]) / (end[0] - start[0])
        return (((x, start[1] + part * (end[1] - start[1])),), step)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        part = (low + high) / 2
        before = _split(start, step, part)[0][-1][0]
        low, high = (part, high) if (before < x) == (end[0] > start[0]) else (low, part)
    return _split(start, step, (low + high) / 2)


def _split(start: Point, step: tuple[Point, ...], part: float) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """A cubic curve in two. Source: de Casteljau's algorithm."""

    def between(a: Point, b: Point) -> Point:
        return (a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]))

    one, two, end = step
    a, b, c = between(start, one), between(one, two), between(two, end)
    d, e = between(a, b), between(b, c)
    middle = between(d, e)
    return (a, d, middle), (e, c, end)
