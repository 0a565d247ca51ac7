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


def nearest_inputs(graph: Graph, *, by_channels: bool = False) -> list[tuple[Flow, ...]]:
    """Return the nearest smaller and the nearest larger inputs on which every stride fits and every join matches.

    Every axis is changed as little as it needs. Of several inputs one is changed if that is enough, else all together if they are
    equal, else each. Inputs are left out on which a join repeats a result of one cell that has more cells on the graph's own.
    Empty if there are none nearby, or if channels decide what the rows are and some shapes are not known (`by_channels`).
    """
    flows = tuple(source.flow for source in graph.inputs if source.flow is not None)
    if not flows or len(flows) < len(graph.inputs) or (by_channels and any(node.shape is None for node in graph.nodes)):
        return []
    search = _Search(Judge(graph, by_channels=by_channels), flows)
    every = tuple(range(len(flows)))
    each: list[tuple[int, ...]] = [(place,) for place in every]
    alone = [[places] for places in each if places[0] in search.guilty]
    tried: list[list[tuple[int, ...]]] = []
    for ways in (alone, [[every]] if len(set(flows)) == 1 else [], [each]):
        # With one input, all three are the same.
        new = [groups for groups in ways if groups not in tried]
        if found := [other for groups in new for step in (-1, 1) if (other := search.nearest(groups, step)) is not None]:
            return found
        tried += new
    return []


class _Search:
    """Looks for inputs that work near those of a graph."""

    def __init__(self, judge: Judge, flows: tuple[Flow, ...]) -> None:
        self._judge = judge
        self._flows = flows
        trace = judge.trace(flows)
        #: Joins that repeat a result of one cell on purpose.
        self._stretched = trace.stretched - {id(fault.node) for fault in trace.faults}
        #: The inputs that every fault depends on: a change of one of them alone may be enough.
        self.guilty = set(range(len(flows))).intersection(
            *({place for place, _ in fault.axes} for fault in trace.faults if fault.axes is not None)
        )

    def nearest(self, groups: list[tuple[int, ...]], step: int) -> tuple[Flow, ...] | None:
        """Return the nearest inputs that work, smaller or larger; inputs of a group stay equal, and equal axes if they can."""
        judge, other = self._judge, self._flows
        most = judge.traced + _EFFORT
        if len(groups) == 1:
            (places,) = groups
            axes = tuple(range(other[places[0]].rank))
            if len(axes) > 1 and len(set(other[places[0]][: len(axes)])) == 1:
                size = next_size(judge, other, places, axes, step, _FAR, most)
                if size is not None:
                    return self._works(changed(other, places, axes, size))
        before = None
        while other != before:
            before = other
            for places in groups:
                for axis in range(other[places[0]].rank):
                    size = next_size(judge, other, places, (axis,), step, _FAR, most)
                    if size is None:
                        return None
                    other = changed(other, places, (axis,), size)
            # Layers behind a fault are not checked, so that the next round may find more.
            if self._works(other):
                return other
        return None

    def _works(self, flows: tuple[Flow, ...]) -> tuple[Flow, ...] | None:
        verdict = self._judge(flows)
        if verdict is None or not verdict.works or flows == self._flows:
            return None
        return flows if self._judge.trace(flows).stretched <= self._stretched else None


def changed(inputs: tuple[Flow, ...], places: tuple[int, ...], axes: tuple[int, ...], size: int) -> tuple[Flow, ...]:
    """Return the inputs, those at `places` with another size along `axes`."""
    return tuple(along(flow, axes, size) if place in places else flow for place, flow in enumerate(inputs))


def next_size(
    judge: Judge,
    inputs: tuple[Flow, ...],
    places: tuple[int, ...],
    axes: tuple[int, ...],
    step: int,
    tries: int,
    most: int | None = None,
) -> int | None:
    """Return the nearest size in one direction with which nothing fails along these axes of inputs, whatever fails elsewhere.

    The present size counts, so that axes that work stay. None if there is none within `tries` sizes, or if `judge` has traced
    `most` layers before one is found.
    """
    guilty = frozenset((place, axis) for place in places for axis in axes)
    for size in _candidates(inputs[places[0]][axes[0]], step, tries):
        if judge.spares(changed(inputs, places, axes, size), guilty):
            return size
        if most is not None and judge.traced >= most:
            break
    return None


def _candidates(now: int, step: int, tries: int) -> Iterator[int]:
    return (size for k in range(tries + 1) if (size := now + step * k) >= 1)
