"""The inputs nearest to a given one on which a network works."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analysis.judge import Judge
from cnncalc.graph import Graph
from cnncalc.shape import Flow, Shape, Tokens

#: Layers that are traced, at most, to find one of the two inputs: about two hundredths of a second.
_EFFORT = 1500
#: The largest change of an axis, in cells.
_FAR = 300


def along(flow: Flow, axes: tuple[int, ...], size: int) -> Flow:
    """`flow` with another size along `axes`."""
    if isinstance(flow, Tokens):
        return Tokens(size, flow.vocabulary)
    return Shape(*(size if i in axes else n for i, n in enumerate(flow)))


def nearest_inputs(graph: Graph, *, by_channels: bool = False) -> list[Flow]:
    """Return the nearest smaller and the nearest larger input on which every stride fits and every join matches.

    Every axis is changed as little as it needs. Empty if the network has several inputs, if there are none nearby, or if
    channels decide what the rows are and some shapes are not known (`by_channels`).
    """
    flows = [source.flow for source in graph.inputs]
    if len(flows) != 1 or flows[0] is None or (by_channels and any(node.shape is None for node in graph.nodes)):
        return []
    flow = flows[0]
    judge = Judge(graph, by_channels=by_channels)
    found = (_nearest(judge, flow, flow.rank, step) for step in (-1, 1))
    return [other for other in found if other is not None and other != flow]


def _nearest(judge: Judge, flow: Flow, rank: int, step: int) -> Flow | None:
    """The nearest input that works, smaller or larger; equal axes stay equal if they can."""
    axes = tuple(range(rank))
    most = judge.traced + _EFFORT
    if rank > 1 and len(set(flow[:rank])) == 1:
        size = next_size(judge, (flow,), 0, axes, step, _FAR, most)
        if size is not None:
            return _works(judge, along(flow, axes, size))
    other, before = flow, None
    while other != before:
        before = other
        for axis in axes:
            size = next_size(judge, (other,), 0, (axis,), step, _FAR, most)
            if size is None:
                return None
            other = along(other, (axis,), size)
        # Layers behind a fault are not checked, so that the next round may find more.
        if _works(judge, other):
            return other
    return None


def _works(judge: Judge, flow: Flow) -> Flow | None:
    verdict = judge((flow,))
    return flow if verdict is not None and verdict.works else None


def next_size(
    judge: Judge, inputs: tuple[Flow, ...], place: int, axes: tuple[int, ...], step: int, tries: int, most: int | None = None
) -> int | None:
    """Return the nearest size in one direction with which nothing fails along these axes of an input, whatever fails elsewhere.

    The present size counts, so that axes that work stay. None if there is none within `tries` sizes, or if `judge` has traced
    `most` layers before one is found.
    """
    guilty = frozenset((place, axis) for axis in axes)
    for size in _candidates(inputs[place][axes[0]], step, tries):
        changed = (*inputs[:place], along(inputs[place], axes, size), *inputs[place + 1 :])
        if judge.spares(changed, guilty):
            return size
        if most is not None and judge.traced >= most:
            break
    return None


def _candidates(now: int, step: int, tries: int) -> Iterator[int]:
    return (size for k in range(tries + 1) if (size := now + step * k) >= 1)
