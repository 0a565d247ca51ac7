"""All sizes of an input tried along its axes: tied together, each alone, and whether the axes depend on one another."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cnncalc.analysis.judge import LARGE, Verdict
from cnncalc.analysis.nearest import along, next_size
from cnncalc.analysis.sizes import rule
from cnncalc.shape import Flow, Shape, Tokens
from cnncalc.studies.oracle import MOST, FailingLayer, OneInput, longest

#: The number of changes of each axis to find an input that works: a fault along one axis hides layers behind it.
_ROUNDS = 4
#: Pairs of sizes that are tried to see whether axes depend on one another.
_PAIRS = 300
#: Up to this size every pair is tried.
_NEAR = 32
#: The largest size of all axes that is tried at once if no square works.
_BOX = 96
#: Sizes for which a network is read again if its layers' fields depend on the input; its own size and the next are tried as well.
_AGAIN = (32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 512)


class Scan(NamedTuple):
    """Sizes from 1 to `most` that work along axes of the same size, the other axes as in `at`.

    `exact`: every stride fits, beside other axes along which that is so. `stop`: which layer fails on larger sizes, if the
    sizes that work follow no rule. `tried`: the sizes that were tried, if not all from 1 to `most`.
    """

    axes: tuple[str, ...]
    at: Flow
    works: list[int]
    exact: list[int]
    most: int
    stop: FailingLayer | None = None
    tried: tuple[int, ...] = ()


class Survey(NamedTuple):
    """The sizes of one input. `independent`: any size of one axis goes with any of another, as far as tried.

    `smallest` is the input of fewest cells that works, None if none was found.
    """

    scans: list[Scan]
    independent: bool
    smallest: Flow | None
    #: The other inputs of the network while it varied, if the file's others do not work themselves.
    beside: tuple[Flow, ...] = ()


def survey(judge: OneInput, most: int | None = None) -> Survey:
    """Try the sizes of an input up to `most`, or as far as the strides of the network suggest."""
    return _survey(judge, most)._replace(beside=judge.inputs)


def _survey(judge: OneInput, most: int | None) -> Survey:
    flow = judge.flow
    rank = flow.rank
    if not rank:
        return Survey([], True, flow if judge(flow).works else None)
    if judge.computed:
        return _read_again(judge, flow, most)
    bounds = judge.bounds(most)
    if rank == 1:
        scan = _scan(judge, flow, (0,), bounds[0])
        return Survey([scan], True, along(flow, (0,), scan.works[0]) if scan.works else None)
    assert isinstance(flow, Shape)
    base = _base(judge, flow, bounds)
    # The two axes of an image are tried together.
    image = (rank - 2, rank - 1)
    at = base or flow
    square = _scan(judge, at, image, max(bounds[-2:]))
    if base is None and not square.works:
        base = next((shape for shape in _box(flow) if judge(shape).works), None)
        if base is None:
            return Survey([square, *(_scan(judge, flow, (i,), bounds[i]) for i in range(rank))], True, None)
    if base is None:
        found = along(flow, image, square.works[0])
        assert isinstance(found, Shape)
        base = found
    scans = [square, *(_scan(judge, base, (i,), bounds[i]) for i in range(rank))]
    if any(scan.works != scan.exact for scan in scans):
        scans = _fitting(judge, base, scans)
    return Survey(scans, _independent(judge, base, scans[1:]), _smallest(judge, base, scans, image))


def _read_again(judge: OneInput, flow: Flow, most: int | None) -> Survey:
    """Try a few sizes of all axes at once: each takes a reading of the file, or an export of the model."""
    axes = tuple(range(flow.rank))[-2:]
    own = longest(flow)
    tried = tuple(sorted(size for size in {*_AGAIN, own, own + 1} if size <= (most or MOST)))
    verdicts = {size: judge(along(flow, axes, size)) for size in tried}
    works = [size for size in tried if verdicts[size].works]
    exact = [size for size in works if verdicts[size].exact]
    scan = Scan(_names(flow, axes), flow, works, exact, tried[-1] if tried else 0, None, tried)
    return Survey([scan], True, along(flow, axes, works[0]) if works else None)


def _names(flow: Flow, axes: tuple[int, ...]) -> tuple[str, ...]:
    return ("tokens",) if isinstance(flow, Tokens) else tuple(flow.axes[i] for i in axes)


def _scan(judge: OneInput, flow: Flow, axes: tuple[int, ...], most: int) -> Scan:
    works, exact = [], []
    for size in range(1, most + 1):
        verdict = judge(along(flow, axes, size))
        if verdict.works:
            works.append(size)
            if verdict.exact:
                exact.append(size)
    stop = None
    if rule(works, most) is None:
        last = works[-1] if works else 0
        larger = [(last + most) // 2 + 1, most, 2 * most + 1, *LARGE]
        stop = judge.stop([along(flow, axes, size) for size in larger if size > last])
    return Scan(_names(flow, axes), flow, works, exact, most, stop)


def _base(judge: OneInput, flow: Shape, bounds: Sequence[int]) -> Shape | None:
    """An input that works, to vary one axis of: the file's own, or the one nearest to it along each axis by itself."""
    if judge(flow).works:
        return flow
    if judge.judge is None:
        return None
    other = flow
    for _ in range(_ROUNDS):
        for axis, bound in enumerate(bounds):
            found = [next_size(judge.judge, judge.flows(other), judge.place, (axis,), step, bound) for step in (-1, 1)]
            near = [size for size in found if size is not None and size <= bound]
            if not near:
                return None
            size = min(near, key=lambda size: abs(size - flow[axis]))
            other = Shape(*(size if i == axis else n for i, n in enumerate(other)))
        if judge(other).works:
            return other
    return None


def _box(flow: Shape) -> Iterator[Shape]:
    """Small inputs, heights and widths in every combination, the smallest first."""
    for total in range(2, 2 * _BOX):
        for height in range(max(1, total - _BOX), min(_BOX, total - 1) + 1):
            yield Shape(*flow[:-3], height, total - height, flow.channels)


def _fitting(judge: OneInput, flow: Shape, scans: list[Scan]) -> list[Scan]:
    """The scans with `exact` seen beside other axes along which every stride fits, if there are such."""
    square = scans[0]
    places = [tuple(flow.axes.index(axis) for axis in scan.axes) for scan in scans]
    if square.exact:
        at = along(square.at, places[0], square.exact[0])
    else:
        cubes = (along(flow, tuple(range(flow.rank)), size) for size in range(1, square.most + 1))
        found = next((cube for cube in cubes if judge(cube).exact), None)
        if found is None:
            return scans
        at = found
    result = []
    for scan, axes in zip(scans, places, strict=True):
        exact = [size for size in range(1, scan.most + 1) if judge(along(at, axes, size)).exact]
        result.append(scan._replace(exact=exact))
    return result


def _independent(judge: Callable[[Flow], Verdict], base: Shape, scans: list[Scan]) -> bool:
    """Whether sizes that work along each axis work together, and others do not; tried on pairs drawn the same way each time."""
    if not all(scan.works for scan in scans):
        return True
    sets = [frozenset(scan.works) for scan in scans]
    draw = random.Random(0)
    for height in range(1, min(_NEAR, scans[-2].most) + 1):
        for width in range(1, min(_NEAR, scans[-1].most) + 1):
            if judge(Shape(*base[:-3], height, width, base.channels)).works != (height in sets[-2] and width in sets[-1]):
                return False
    for k in range(_PAIRS):
        # Half of the draws are sizes that work: they are few, and they must go together.
        sizes = [draw.choice(scan.works) if k % 2 else draw.randint(1, scan.most) for scan in scans]
        if judge(Shape(*sizes, base.channels)).works != all(n in s for n, s in zip(sizes, sets, strict=True)):
            return False
    return True


def _smallest(judge: Callable[[Flow], Verdict], base: Shape, scans: list[Scan], image: tuple[int, ...]) -> Flow | None:
    """The input of fewest cells among those tried; None if none of them is within reach."""
    square, *axes = scans
    candidates: list[Flow] = [base] if all(n <= scan.most for n, scan in zip(base.spatial, axes, strict=True)) else []
    if square.works and square.stop is None:
        candidates.append(along(square.at, image, square.works[0]))
    candidates += [along(base, (i,), scan.works[0]) for i, scan in enumerate(axes) if scan.works]
    if all(scan.works for scan in axes):
        candidates.append(Shape(*(scan.works[0] for scan in axes), base.channels))
    works = [flow for flow in candidates if judge(flow).works]
    return min(works, key=lambda flow: flow.size if isinstance(flow, Shape) else flow.length, default=None)
