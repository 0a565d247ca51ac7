"""All sizes of an input tried along its axes: tied together, each alone, and whether the axes depend on one another."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cnncalc.analysis.judge import LARGE, Verdict
from cnncalc.analysis.nearest import along, next_size
from cnncalc.analysis.sizes import rule
from cnncalc.shape import Flow, Shape, Tokens
from cnncalc.studies.oracle import MOST, FailingLayer, OneInput, Oracle, longest

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
#: The work of one scan, in layers that are judged: a few seconds.
_EFFORT = 1_000_000
#: Sizes at which a rule that holds so far is checked up to the largest size asked for; half of them work by the rule.
_CHECKS = 200
#: Traces without a stride that does not fit, after which none is looked for.
_FRUITLESS = 64


class Scan(NamedTuple):
    """Sizes from 1 to `most` that work along axes of the same size, the other axes as in `at`.

    `exact`: every stride fits, beside other axes along which that is so. `stop`: which layer fails on larger sizes, if the
    sizes that work follow no rule. `tried`: the sizes that were tried, if not all from 1 to `most`. `cut`: larger sizes were
    asked for, but would take long.
    """

    axes: tuple[str, ...]
    at: Flow
    works: list[int]
    exact: list[int]
    most: int
    stop: FailingLayer | None = None
    tried: tuple[int, ...] = ()
    cut: bool = False


class Survey(NamedTuple):
    """The sizes of one input. `independent`: any size of one axis goes with any of another, as far as tried.

    `smallest` is the input of fewest cells that works, None if none was found.
    """

    scans: list[Scan]
    independent: bool
    smallest: Flow | None
    #: The other inputs of the network while it varied, if the file's others do not work themselves.
    beside: tuple[Flow, ...] = ()


def surveys(oracle: Oracle, most: int | None = None) -> dict[str, tuple[OneInput, Survey]]:
    """Return the sizes of each input by its name, and first, as `a = b`, those of equal inputs together."""
    inputs = oracle.network.inputs
    each = {source.name: oracle.along(place) for place, source in enumerate(inputs)}
    if len(inputs) > 1 and len(set(oracle.flows)) == 1 and oracle.flows[0].rank:
        each = {" = ".join(each): oracle.along(*range(len(inputs))), **each}
    return {name: (judge, survey(judge, most)) for name, judge in each.items()}


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
    bounds = judge.reach if most is None else [most] * rank
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
    works, exact, end = _works_up_to(judge, flow, axes, most)
    stop = None
    if rule(works, end) is None:
        last = works[-1] if works else 0
        larger = [(last + end) // 2 + 1, end, 2 * end + 1, *LARGE]
        stop = judge.stop([along(flow, axes, size) for size in larger if size > last])
    return Scan(_names(flow, axes), flow, works, exact, end, stop, cut=end < most)


def _works_up_to(judge: OneInput, flow: Flow, axes: tuple[int, ...], most: int) -> tuple[list[int], list[int], int]:
    """Return the sizes that work, those on which every stride fits, and the largest size for which that is known.

    Sizes are left out that a stride does not fit because it does not fit a smaller size with the same remainder. If a rule holds
    as far as the strides suggest, it is checked on some of the larger sizes instead of all.
    """
    works: list[int] = []
    exact: list[int] = []
    enough = max(judge.reach[axis] for axis in axes)
    fails = bytearray(most + 1)
    fruitless, before = 0, judge.effort
    for size in range(1, most + 1):
        if fails[size]:
            continue
        spent = judge.effort - before > _EFFORT
        if size > enough or spent:
            if _holds(judge, flow, axes, (works, exact), size - 1, most):
                found = [[*sizes, *_continued(sizes, size - 1, most)] for sizes in (works, exact)]
                return found[0], found[1], most
            if spent:
                return works, exact, size - 1
            enough = most
        verdict = judge(along(flow, axes, size))
        if verdict.works:
            works.append(size)
            if verdict.exact:
                exact.append(size)
        elif fruitless < _FRUITLESS:
            periods = judge.periods(along(flow, axes, size), axes)
            fruitless += not periods
            for period in periods:
                fails[size::period] = b"\1" * len(range(size, most + 1, period))
    return works, exact, most


def _continued(sizes: list[int], last: int, most: int) -> list[int]:
    """Continue sizes up to `last` by their rule; without sizes there are no more."""
    pattern = rule(sizes, last)
    return [] if pattern is None else [size for size in range(last + 1, most + 1) if size in pattern]


def _holds(judge: OneInput, flow: Flow, axes: tuple[int, ...], known: tuple[list[int], list[int]], last: int, most: int) -> bool:
    """Whether sizes up to `last` follow rules that also hold for some of those up to `most`."""
    works, exact = known
    if rule(works, last) is None or (exact and rule(exact, last) is None):
        return False
    more = [_continued(sizes, last, most) for sizes in known]
    draw = random.Random(0)
    probes = {
        most,
        *(size for size in LARGE if last < size <= most),
        *(draw.randint(last + 1, most) for _ in range(_CHECKS // 2)),
    }
    for sizes in more:
        probes.update(draw.choices(sizes, k=_CHECKS // 4) if sizes else ())
    yes = [frozenset(sizes) for sizes in more]
    return all(judge(along(flow, axes, size)) == Verdict(size in yes[0], size in yes[1]) for size in sorted(probes))


def _base(judge: OneInput, flow: Shape, bounds: Sequence[int]) -> Shape | None:
    """An input that works, to vary one axis of: the file's own, or the one nearest to it along each axis by itself."""
    if judge(flow).works:
        return flow
    if judge.judge is None:
        return None
    other = flow
    for _ in range(_ROUNDS):
        for axis, bound in enumerate(map(min, bounds, judge.reach)):
            found = [next_size(judge.judge, judge.flows(other), judge.places, (axis,), step, bound) for step in (-1, 1)]
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
        cubes = (along(flow, tuple(range(flow.rank)), size) for size in range(1, min(square.most, max(judge.reach)) + 1))
        found = next((cube for cube in cubes if judge(cube).exact), None)
        if found is None:
            return scans
        at = found
    result = []
    for scan, axes in zip(scans, places, strict=True):
        _, exact, end = _works_up_to(judge, at, axes, scan.most)
        result.append(scan._replace(exact=exact) if end == scan.most else scan)
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
