"""The inputs nearest to a given one on which a network works."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analysis.judge import Judge
from cnncalc.graph import Graph
from cnncalc.shape import Flow, Shape, Tokens

#: Layers looked at, at most, to find advice for one network: about a tenth of a second.
_EFFORT = 40_000


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
    rank = 1 if isinstance(flow, Tokens) else flow.rank
    tries = _EFFORT // max(1, len(graph.nodes) * max(1, rank))
    found: list[Flow] = []
    for step in (-1, 1):
        other = flow
        for axis in range(rank):
            size = next_size(judge, (flow,), 0, axis, step, tries // 2)
            if size is None:
                break
            other = along(other, (axis,), size)
        else:
            verdict = judge((other,))
            if other != flow and verdict is not None and verdict.works:
                found.append(other)
    return found


def next_size(judge: Judge, inputs: tuple[Flow, ...], place: int, axis: int, step: int, tries: int) -> int | None:
    """Return the size along one axis of an input from which on nothing fails along that axis, nearest in one direction.

    The size that it has now counts, so that an axis that works stays. None if there is none within `tries` sizes.
    """
    now = inputs[place][axis]
    for size in _candidates(now, step, tries):
        changed = (*inputs[:place], along(inputs[place], (axis,), size), *inputs[place + 1 :])
        if all(fault.axes is not None and (place, axis) not in fault.axes for fault in judge.trace(changed).faults):
            return size
    return None


def _candidates(now: int, step: int, tries: int) -> Iterator[int]:
    return (size for k in range(tries + 1) if (size := now + step * k) >= 1)
