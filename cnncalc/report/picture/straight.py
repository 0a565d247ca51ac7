"""Axes of items in layers, such that edges are as straight as the order of each layer allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

#: Sweeps down and up again.
_SWEEPS = 6
#: Weight of a link inside an edge that passes layers, of a link to such an edge, and of one between two items:
#: bends in long edges are seen most. Source: Gansner, Koutsofios, North & Vo 1993, A Technique for Drawing Directed Graphs.
_WEIGHTS = (8.0, 2.0, 1.0)
#: Pixels that an axis is moved to make a link straight, and by which the room between two may be too small then.
_NEAR, _SLACK = 8.0, 2.0
#: Weight of the place that an item has already.
_REST = 0.05


class Cell(NamedTuple):
    """The room that an item takes: along the flow, and across it on both sides of its axis."""

    along: float
    before: float
    after: float


def layer_axes(
    layers: Sequence[Sequence[int]], cells: Mapping[int, Cell], edges: Sequence[tuple[int, int]], lane: float, bypass: float
) -> dict[tuple[int, int], float]:
    """The axis of each item by its layer and number; a negative number −1 − i is edge i, which passes the layer.

    Neighbours keep `lane` between them, two edges that pass `bypass`.
    """
    rooms = [[_room(cells, a, b, lane, bypass) for a, b in pairwise(layer)] for layer in layers]
    axes = []
    for layer, gaps in zip(layers, rooms, strict=True):
        half = (sum(gaps) + cells[layer[0]].before - cells[layer[-1]].after) / 2
        axes.append(spread([sum(gaps[:i]) - half for i in range(len(layer))], [1.0] * len(layer), gaps))
    above: list[list[list[tuple[int, float]]]] = [[[] for _ in layer] for layer in layers]
    below: list[list[list[tuple[int, float]]]] = [[[] for _ in layer] for layer in layers]
    for number, a, b, weight in _links(layers, edges):
        above[number + 1][b].append((a, weight))
        below[number][a].append((b, weight))
    for sweep in range(2 * _SWEEPS):
        for number in range(len(layers)) if sweep % 2 == 0 else reversed(range(len(layers))):
            sums = [(_REST, _REST * axis) for axis in axes[number]]
            for links, other in ((above, number - 1), (below, number + 1)):
                # The layer that was just placed counts most.
                part = 1.0 if (other < number) == (sweep % 2 == 0) else 0.3
                for i, own in enumerate(links[number]):
                    for place, weight in own:
                        sums[i] = sums[i][0] + part * weight, sums[i][1] + part * weight * axes[other][place]
            axes[number] = spread([total / weight for weight, total in sums], [weight for weight, _ in sums], rooms[number])
    for number in range(1, len(layers)):
        for i, read in enumerate(above[number]):
            if len(read) == 1:
                _straighten(axes[number], i, axes[number - 1][read[0][0]], rooms[number])
    return {(i, item): axis for i, layer in enumerate(layers) for item, axis in zip(layer, axes[i], strict=True)}


def _straighten(axes: list[float], place: int, wanted: float, rooms: Sequence[float]) -> None:
    """Move one axis to the one that it is linked to, if it is near and there is room: a slight bend looks like a fault."""
    has_room = (place == 0 or wanted - axes[place - 1] >= rooms[place - 1] - _SLACK) and (
        place == len(rooms) or axes[place + 1] - wanted >= rooms[place] - _SLACK
    )
    if abs(axes[place] - wanted) < _NEAR and has_room:
        axes[place] = wanted


def _room(cells: Mapping[int, Cell], left: int, right: int, lane: float, bypass: float) -> float:
    return cells[left].after + cells[right].before + (bypass if left < 0 and right < 0 else lane)


def _links(layers: Sequence[Sequence[int]], edges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int, float]]:
    """Number of a layer, a place in it, a place in the next one, and the weight of the edge between them."""
    readers: dict[int, list[int]] = {}
    for edge, (_, end) in enumerate(edges):
        readers.setdefault(end, []).append(edge)
    for number, (upper, lower) in enumerate(pairwise(layers)):
        place = {item: i for i, item in enumerate(upper)}
        for i, item in enumerate(lower):
            for edge in [-1 - item] if item < 0 else readers.get(item, ()):
                passing, start = -1 - edge, edges[edge][0]
                if passing in place:
                    yield number, place[passing], i, _WEIGHTS[0 if item < 0 else 1]
                elif start in place:
                    yield number, place[start], i, _WEIGHTS[1 if item < 0 else 2]


def spread(wanted: Sequence[float], weights: Sequence[float], rooms: Sequence[float]) -> list[float]:
    """The places nearest to those `wanted`, by weighted squares, that keep their order and at least `rooms` between them.

    Source: Barlow, Bartholomew, Bremner & Brunk 1972, Statistical Inference under Order Restrictions (pool adjacent violators).

    >>> spread([0, 0, 10], [1, 1, 1], [4, 4])
    [-2.0, 2.0, 10.0]
    """
    offsets = [0.0]
    for room in rooms:
        offsets.append(offsets[-1] + room)
    pools: list[tuple[float, float, int]] = []
    for value, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, size = value - offset, weight, 1
        while pools and pools[-1][0] > mean:
            other, more, count = pools.pop()
            mean, total, size = (mean * total + other * more) / (total + more), total + more, size + count
        pools.append((mean, total, size))
    places = [mean for mean, _, size in pools for _ in range(size)]
    return [place + offset for place, offset in zip(places, offsets, strict=True)]
