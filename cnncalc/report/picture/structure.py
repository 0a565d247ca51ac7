"""The structure of a graph: items in a row, lanes side by side, in any nesting, and layers for the rest.

A node through which every path passes is a bottleneck. Bottlenecks stand in a row; what lies between two of them falls into
components, and each component is a lane of its own with the same structure. Edges that run past a part are a lane too. Parts that
have neither a bottleneck nor a second component are put in layers by the longest path, ordered by the mean place of what they
read. Source: Sugiyama, Tagawa & Toda 1981, Methods for Visual Understanding of Hierarchical System Structures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Union

#: Nested parts beyond this depth are put in layers.
_DEEPEST = 80


@dataclass(eq=False)
class Series:
    """Parts in a row. `columns` are the parts' lengths if they are aligned with those of other lanes."""

    parts: list[Part]
    along: float = 0
    before: float = 0
    after: float = 0
    columns: list[float] = field(default_factory=list)


@dataclass(eq=False)
class Lanes:
    """Parts side by side. `entries` and `exits` are the edges that enter and leave each lane, `bypass` those that run past."""

    lanes: list[Series]
    entries: list[list[int]]
    exits: list[list[int]]
    bypass: list[int]
    along: float = 0
    before: float = 0
    after: float = 0
    axes: list[float] = field(default_factory=list)
    bypass_axis: float = 0
    #: Room at both ends in which the edges spread.
    fan: float = 0

    @property
    def is_aside(self) -> bool:
        """Whether edges run past lanes that do not rejoin them."""
        return bool(self.bypass) and not any(a and b for a, b in zip(self.entries, self.exits, strict=True))


@dataclass(eq=False)
class Layers:
    """Items in layers; a negative number −1 − i is edge i, which passes through the layer."""

    layers: list[list[int]]
    along: float = 0
    before: float = 0
    after: float = 0
    starts: list[float] = field(default_factory=list)
    axes: dict[tuple[int, int], float] = field(default_factory=dict)


Part = Union[int, Series, Lanes, Layers]


def items_of(part: Part) -> Iterator[int]:
    """Every item of a part."""
    if isinstance(part, int):
        yield part
    elif isinstance(part, Series):
        for one in part.parts:
            yield from items_of(one)
    elif isinstance(part, Lanes):
        for lane in part.lanes:
            yield from items_of(lane)
    elif isinstance(part, Layers):
        for layer in part.layers:
            yield from (item for item in layer if item >= 0)


def structure(count: int, edges: Sequence[tuple[int, int]], *, has_sides: bool = False) -> Series:
    """The structure of `count` items, whose order is such that every edge leads from an earlier one to a later one.

    `has_sides` puts items that nothing reads, and inputs that enter late, beside the others instead of in a lane of their own
    from there to the end, so that there are more bottlenecks.
    """
    return _Structure(edges, has_sides=has_sides).region(list(range(count)), list(range(len(edges))), [], [], 0)


def post_dominators(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """For each item the first later one that every path from it to the end passes; `count` is the end itself.

    Source: Cooper, Harvey & Kennedy 2001, A Simple, Fast Dominance Algorithm.
    """
    readers: list[list[int]] = [[] for _ in range(count)]
    for start, end in edges:
        readers[start].append(end)
    found = [count] * (count + 1)
    for item in reversed(range(count)):
        common = readers[item][0] if readers[item] else count
        for reader in readers[item][1:]:
            other = reader
            while common != other:
                # Of two items the earlier one comes before their common post-dominator.
                common, other = (found[common], other) if common < other else (common, found[other])
        found[item] = common
    return found[:count]


class _Structure:
    def __init__(self, edges: Sequence[tuple[int, int]], *, has_sides: bool) -> None:
        self._edges = edges
        self._has_sides = has_sides

    def region(self, part: list[int], inner: list[int], entries: list[int], exits: list[int], depth: int) -> Series:
        """The items of `part`, given the edges inside it, into it and out of it."""
        edges = self._edges
        place = {item: i for i, item in enumerate(part)}
        count = len(part)
        far = [-1] * count
        read = [False] * count
        for edge in inner:
            start, end = edges[edge]
            far[place[start]] = max(far[place[start]], place[end])
            read[place[end]] = True
        for edge in exits:
            far[place[edges[edge][0]]] = count
        sources = [i for i in range(count) if not read[i]]
        if self._has_sides:
            # Inputs that are together at the beginning enter there.
            sources = [i for place, i in enumerate(sources) if place == i]
        reach = max([place[edges[edge][1]] for edge in entries] + sources, default=0)
        necks: list[int] = []
        for i in range(count):
            if reach <= i:
                necks.append(i)
            reach = max(reach, far[i] if far[i] >= 0 else i if self._has_sides else count)
        if not necks:
            return Series([self._between(part, inner, entries, exits, [], depth)])
        return self._series(part, necks, inner, entries, exits, depth)

    def _series(
        self, part: list[int], necks: list[int], inner: list[int], entries: list[int], exits: list[int], depth: int
    ) -> Series:
        edges = self._edges
        segment: dict[int, int] = {}
        is_neck = dict.fromkeys((part[i] for i in necks), True)
        members: list[list[int]] = [[] for _ in range(len(necks) + 1)]
        passed = 0
        for item in part:
            segment[item] = passed
            if item in is_neck:
                passed += 1
            else:
                members[passed].append(item)
        sorted_edges: list[tuple[list[int], list[int], list[int], list[int]]] = [([], [], [], []) for _ in members]
        for edge in inner:
            start, end = edges[edge]
            own = segment[end]
            kinds = sorted_edges[own]
            if start in is_neck:
                kinds[3 if end in is_neck else 1].append(edge)
            else:
                kinds[2 if end in is_neck else 0].append(edge)
        for edge in entries:
            kinds = sorted_edges[0]
            kinds[3 if edges[edge][1] in is_neck else 1].append(edge)
        for edge in exits:
            kinds = sorted_edges[-1]
            kinds[3 if edges[edge][0] in is_neck else 2].append(edge)
        parts: list[Part] = []
        for i, items in enumerate(members):
            if items:
                parts.append(self._between(items, *sorted_edges[i], depth))
            if i < len(necks):
                parts.append(part[necks[i]])
        return Series(parts)

    def _between(
        self, items: list[int], inner: list[int], entries: list[int], exits: list[int], bypass: list[int], depth: int
    ) -> Part:
        """Return the structure between two bottlenecks."""
        components = self._components(items, inner)
        if len(components) == 1 and not bypass:
            return self._layers(items, inner, entries, exits)
        if depth >= _DEEPEST:
            return self._layers(items, inner, [*entries, *bypass], exits)
        home = {item: i for i, component in enumerate(components) for item in component}
        parts: list[tuple[list[int], list[int], list[int]]] = [([], [], []) for _ in components]
        for edge in inner:
            parts[home[self._edges[edge][0]]][0].append(edge)
        for edge in entries:
            parts[home[self._edges[edge][1]]][1].append(edge)
        for edge in exits:
            parts[home[self._edges[edge][0]]][2].append(edge)
        lanes = [self.region(c, *own, depth + 1) for c, own in zip(components, parts, strict=True)]
        return Lanes(lanes, [own[1] for own in parts], [own[2] for own in parts], bypass)

    def _components(self, items: list[int], inner: list[int]) -> list[list[int]]:
        leader = {item: item for item in items}

        def find(item: int) -> int:
            while leader[item] != item:
                leader[item] = leader[leader[item]]
                item = leader[item]
            return item

        for edge in inner:
            a, b = map(find, self._edges[edge])
            leader[max(a, b)] = min(a, b)
        found: dict[int, list[int]] = {}
        for item in items:
            found.setdefault(find(item), []).append(item)
        return list(found.values())

    def _layers(self, items: list[int], inner: list[int], entries: list[int], exits: list[int]) -> Layers:
        edges = self._edges
        known = set(items)
        depth = dict.fromkeys(items, 0)
        # Sorted by their ends, because the depth of a start is known when its readers come.
        for edge in sorted(inner, key=lambda edge: edges[edge][1]):
            start, end = edges[edge]
            depth[end] = max(depth[end], depth[start] + 1)
        layers: list[list[int]] = [[] for _ in range(max(depth.values()) + 1)]
        for item in items:
            layers[depth[item]].append(item)
        before: dict[int, list[int]] = {}
        for edge in [*inner, *entries, *exits]:
            start, end = edges[edge]
            first = depth[start] if start in known else -1
            last = depth[end] if end in known else len(layers)
            previous = start if start in known else None
            for layer in range(first + 1, last):
                layers[layer].append(-1 - edge)
                if layer == first + 1 and previous is not None:
                    before.setdefault(-1 - edge, []).append(previous)
            if end in known:
                before.setdefault(end, []).append(-1 - edge if last - first > 1 else start)
        self._order(layers, before)
        return Layers(layers)

    @staticmethod
    def _order(layers: list[list[int]], before: dict[int, list[int]]) -> None:
        """Order each layer by the mean place of its inputs; an edge that passes keeps its place."""
        for above, layer in pairwise(layers):
            place = {item: i for i, item in enumerate(above)}
            key = {}
            for i, item in enumerate(layer):
                places = [place[other] for other in [item, *before.get(item, ())] if other in place]
                key[item] = sum(places) / len(places) if places else i
            layer.sort(key=key.__getitem__)
