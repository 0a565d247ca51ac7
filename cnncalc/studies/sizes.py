"""All sizes of an input tried along its axes: tied together, each alone, and whether the axes depend on one another."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cnncalc.analysis.sizes import Verdict
from cnncalc.shape import Flow, Shape, Tokens

Judgement = Callable[[Flow], Verdict]


class Scan(NamedTuple):
    """Sizes from 1 up that work along axes of the same size, the other axes as in `at`.

    `exact`: every stride fits, beside other axes along which that is so.
    """

    axes: tuple[str, ...]
    at: Flow
    works: list[int]
    exact: list[int]


class Survey(NamedTuple):
    """What was found for one input: `independent` says that any size of one axis goes with any of another, as far as tried.

    `smallest` is the input of fewest cells that works, None where none does.
    """

    scans: list[Scan]
    independent: bool
    smallest: Flow | None


#: Pairs of sizes that are tried to see whether axes depend on one another.
_PAIRS = 300
#: Up to this size every pair is tried.
_NEAR = 32
#: How far both axes are tried at once where no square works.
_BOX = 96


def survey(judge: Judgement, flow: Flow, most: int) -> Survey:
    """Tries the sizes 1 … `most` of an input."""
    if isinstance(flow, Tokens):
        scan = _scan(judge, flow, (0,), most)
        return Survey([scan], True, _with(flow, (0,), scan.works[0]) if scan.works else None)
    if flow.rank < 2:
        if not flow.rank:
            return Survey([], True, flow if judge(flow).works else None)
        scan = _scan(judge, flow, (0,), most)
        return Survey([scan], True, _with(flow, (0,), scan.works[0]) if scan.works else None)
    image = tuple(range(flow.rank - 2, flow.rank))
    square = _scan(judge, flow, image, most)
    base = _base(judge, flow, square, image)
    if base is None:
        return Survey([square], True, None)
    scans = [square, *(_scan(judge, base, (i,), most) for i in range(flow.rank))]
    if any(scan.works != scan.exact for scan in scans):
        scans = _fitting(judge, flow, scans, most)
    independent = _independent(judge, base, scans[1:], most)
    smallest = _smallest(judge, base, scans, image, most)
    return Survey(scans, independent, smallest)


def _with(flow: Flow, axes: Sequence[int], size: int) -> Flow:
    if isinstance(flow, Tokens):
        return Tokens(size, flow.vocabulary)
    return Shape(*(size if i in axes else n for i, n in enumerate(flow)))


def _scan(judge: Judgement, flow: Flow, axes: tuple[int, ...], most: int) -> Scan:
    works, exact = [], []
    for size in range(1, most + 1):
        verdict = judge(_with(flow, axes, size))
        if verdict.works:
            works.append(size)
            if verdict.exact:
                exact.append(size)
    names = ("tokens",) if isinstance(flow, Tokens) else tuple(flow.axes[i] for i in axes)
    return Scan(names, flow, works, exact)


def _base(judge: Judgement, flow: Shape, square: Scan, image: tuple[int, ...]) -> Shape | None:
    """An input that works, to vary one axis of: the file's own, the smallest square, or whatever is found near."""
    if judge(flow).works:
        return flow
    if square.works:
        found = _with(flow, image, square.works[0])
        return found if isinstance(found, Shape) else None
    for total in range(2, 2 * _BOX):
        for height in range(max(1, total - _BOX), min(_BOX, total - 1) + 1):
            shape = Shape(*flow[: image[0]], height, total - height, flow.channels)
            if judge(shape).works:
                return shape
    return None


def _fitting(judge: Judgement, flow: Shape, scans: list[Scan], most: int) -> list[Scan]:
    """The scans with `exact` seen beside other axes along which every stride fits, where there are such."""
    square = scans[0]
    places = [tuple(flow.axes.index(axis) for axis in scan.axes) for scan in scans]
    if square.exact:
        at = _with(square.at, places[0], square.exact[0])
    else:
        cubes = (_with(flow, range(flow.rank), size) for size in range(1, most + 1))
        found = next((cube for cube in cubes if judge(cube).exact), None)
        if found is None:
            return scans
        at = found
    result = []
    for scan, axes in zip(scans, places, strict=True):
        exact = [size for size in range(1, most + 1) if judge(_with(at, axes, size)).exact]
        result.append(scan._replace(exact=exact))
    return result


def _independent(judge: Judgement, base: Shape, scans: list[Scan], most: int) -> bool:
    """Whether sizes that work along each axis work together, and others do not; tried on pairs drawn the same way each time."""
    if not all(scan.works for scan in scans):
        return True
    sets = [frozenset(scan.works) for scan in scans]
    draw = random.Random(0)
    for height in range(1, min(_NEAR, most) + 1):
        for width in range(1, min(_NEAR, most) + 1):
            if judge(Shape(*base[:-3], height, width, base.channels)).works != (height in sets[-2] and width in sets[-1]):
                return False
    for k in range(_PAIRS):
        # Half of the draws from sizes that work: they are few, and it is they that must go together.
        sizes = [draw.choice(scan.works) if k % 2 else draw.randint(1, most) for scan in scans]
        if judge(Shape(*sizes, base.channels)).works != all(n in s for n, s in zip(sizes, sets, strict=True)):
            return False
    return True


def _smallest(judge: Judgement, base: Shape, scans: list[Scan], image: tuple[int, ...], most: int) -> Flow | None:
    """The input of fewest cells among those tried; None where none of them is within reach."""
    candidates: list[Flow] = [base] if max(base.spatial) <= most else []
    square, *axes = scans
    if square.works:
        candidates.append(_with(square.at, image, square.works[0]))
    candidates += [_with(base, (i,), scan.works[0]) for i, scan in enumerate(axes) if scan.works]
    if all(scan.works for scan in axes):
        candidates.append(Shape(*(scan.works[0] for scan in axes), base.channels))
    works = [flow for flow in candidates if judge(flow).works]
    return min(works, key=lambda flow: flow.size if isinstance(flow, Shape) else flow.length, default=None)
