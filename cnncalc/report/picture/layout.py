"""Where the items of a graph stand: exact for series and parallel parts in any nesting, in layers for the rest.

Coordinates are `along` the flow and `across` it; whoever draws decides which of them is x. An item's place is where it begins
along the flow and where its axis lies across it.

A node through which every path passes is a bottleneck. Bottlenecks stand in a row; what lies between two of them falls into
components, and each component is a lane of its own that is laid out in the same way. Edges that run past a part get a lane too.
Parts that have neither a bottleneck nor a second component are laid out in layers by the longest path, ordered by the mean
place of what they read. Source: Sugiyama, Tagawa & Toda 1981, Methods for Visual Understanding of Hierarchical System Structures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Union

Point = tuple[float, float]

#: Nested parts beyond this depth are laid out in layers.
_DEEPEST = 80


class Cell(NamedTuple):
    """The room that an item takes: along the flow, and across it on both sides of its axis."""

    along: float
    before: float
    after: float


class Spacing(NamedTuple):
    """Room between items in a row, at both ends of parallel lanes, between lanes, and for an edge that runs past others.

    Rows that are longer than `longest`, and not just by a little, are broken, with room for `turn` between two rows.
    """

    gap: float = 20
    fan: float = 10
    lane: float = 12
    bypass: float = 8
    longest: float | None = None
    turn: float = 24


@dataclass
class Arrangement:
    """Where everything stands, and the points that an edge passes between its ends, by the edge's index.

    `turns` are the edges that lead to the next row; `passing` says where across the flow an edge runs past other items.
    """

    places: list[Point]
    routes: dict[int, list[Point]] = field(default_factory=dict)
    turns: set[int] = field(default_factory=set)
    passing: dict[int, float] = field(default_factory=dict)
    along: float = 0
    before: float = 0
    after: float = 0


@dataclass(eq=False)
class _Series:
    parts: list[_Part]
    along: float = 0
    before: float = 0
    after: float = 0


@dataclass(eq=False)
class _Lanes:
    """Parts side by side. `entries` and `exits` are the edges that enter and leave each lane, `bypass` those that run past."""

    lanes: list[_Series]
    entries: list[list[int]]
    exits: list[list[int]]
    bypass: list[int]
    along: float = 0
    before: float = 0
    after: float = 0
    axes: list[float] = field(default_factory=list)
    bypass_axis: float = 0


@dataclass(eq=False)
class _Layers:
    """Items in layers; a negative number stands for an edge that passes through the layer, as −1 − its index."""

    layers: list[list[int]]
    along: float = 0
    before: float = 0
    after: float = 0
    starts: list[float] = field(default_factory=list)
    axes: dict[tuple[int, int], float] = field(default_factory=dict)


_Part = Union[int, _Series, _Lanes, _Layers]


def arrange(cells: Sequence[Cell], edges: Sequence[tuple[int, int]], spacing: Spacing) -> Arrangement:
    """Places for `cells`, whose order is such that every edge leads from an earlier one to a later one."""
    return _Arranger(cells, edges, spacing).run()


class _Arranger:
    def __init__(self, cells: Sequence[Cell], edges: Sequence[tuple[int, int]], spacing: Spacing) -> None:
        self._cells = cells
        self._edges = edges
        self._spacing = spacing
        self._exits: dict[int, list[Point]] = {}
        self.result = Arrangement([(0, 0)] * len(cells))

    def run(self) -> Arrangement:
        top = self._region(list(range(len(self._cells))), list(range(len(self._edges))), [], [], 0)
        for part in top.parts:
            self._measure(part)
        rows = self._broken(top.parts)
        across = 0.0
        for i, row in enumerate(rows):
            line = _Series(row)
            self._measure(line)
            across += line.before if i else 0
            self._place(line, 0, across)
            if i:
                self._turn(rows[i - 1][-1], row[0], across - line.before - self._spacing.turn / 2)
            else:
                self.result.before = line.before
            self.result.along = max(self.result.along, line.along)
            across += line.after + self._spacing.turn
        self.result.after = across - self._spacing.turn if rows else 0
        for edge, points in self._exits.items():
            self.result.routes.setdefault(edge, []).extend(reversed(points))
        return self.result

    # -- structure

    def _region(self, part: list[int], inner: list[int], entries: list[int], exits: list[int], depth: int) -> _Series:
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
        starts = [place[edges[edge][1]] for edge in entries] + [i for i in range(count) if not read[i]]
        reach = max(starts, default=0)
        necks: list[int] = []
        for i in range(count):
            if reach <= i:
                necks.append(i)
            reach = max(reach, far[i] if far[i] >= 0 else count)
        if not necks:
            return _Series([self._between(part, inner, entries, exits, [], depth)])
        return self._series(part, necks, inner, entries, exits, depth)

    def _series(
        self, part: list[int], necks: list[int], inner: list[int], entries: list[int], exits: list[int], depth: int
    ) -> _Series:
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
        parts: list[_Part] = []
        for i, items in enumerate(members):
            if items:
                parts.append(self._between(items, *sorted_edges[i], depth))
            if i < len(necks):
                parts.append(part[necks[i]])
        return _Series(parts)

    def _between(
        self, items: list[int], inner: list[int], entries: list[int], exits: list[int], bypass: list[int], depth: int
    ) -> _Part:
        """What lies between two bottlenecks."""
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
        lanes = [self._region(c, *own, depth + 1) for c, own in zip(components, parts, strict=True)]
        return _Lanes(lanes, [own[1] for own in parts], [own[2] for own in parts], bypass)

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

    def _layers(self, items: list[int], inner: list[int], entries: list[int], exits: list[int]) -> _Layers:
        edges = self._edges
        known = set(items)
        depth = dict.fromkeys(items, 0)
        for item in items:
            for edge in (e for e in inner if edges[e][1] == item):
                depth[item] = max(depth[item], depth[edges[edge][0]] + 1)
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
        return _Layers(layers)

    @staticmethod
    def _order(layers: list[list[int]], before: dict[int, list[int]]) -> None:
        """Orders each layer by the mean place of what it reads; an edge that passes keeps its own."""
        for above, layer in zip(layers, layers[1:], strict=False):
            place = {item: i for i, item in enumerate(above)}
            key = {}
            for i, item in enumerate(layer):
                places = [place[other] for other in [item, *before.get(item, ())] if other in place]
                key[item] = sum(places) / len(places) if places else i
            layer.sort(key=key.__getitem__)

    # -- sizes

    def _extent(self, part: _Part) -> Cell:
        if isinstance(part, int):
            return self._cells[part]
        return Cell(part.along, part.before, part.after)

    def _measure(self, part: _Part) -> None:
        if isinstance(part, _Series):
            self._measure_series(part)
        elif isinstance(part, _Lanes):
            self._measure_lanes(part)
        elif isinstance(part, _Layers):
            self._measure_layers(part)

    def _measure_series(self, series: _Series) -> None:
        for part in series.parts:
            self._measure(part)
        extents = [self._extent(part) for part in series.parts]
        series.along = sum(e.along for e in extents) + self._spacing.gap * max(len(extents) - 1, 0)
        series.before = max((e.before for e in extents), default=0)
        series.after = max((e.after for e in extents), default=0)

    def _measure_lanes(self, part: _Lanes) -> None:
        spacing = self._spacing
        for lane in part.lanes:
            self._measure_series(lane)
        part.axes = []
        part.along = max(lane.along for lane in part.lanes) + 2 * spacing.fan
        if len(part.lanes) == 1:
            lane = part.lanes[0]
            part.axes = [0]
            part.before = lane.before + spacing.lane + spacing.bypass
            part.bypass_axis = -lane.before - spacing.lane
            part.after = lane.after
            return
        widths = [lane.before + lane.after for lane in part.lanes]
        room = spacing.lane + spacing.bypass if part.bypass else 0
        total = sum(widths) + spacing.lane * (len(widths) - 1)
        edge = -total / 2
        part.bypass_axis = edge - spacing.lane
        part.before = total / 2 + room
        part.after = total / 2
        for lane, width in zip(part.lanes, widths, strict=True):
            part.axes.append(edge + lane.before)
            edge += width + spacing.lane

    def _measure_layers(self, part: _Layers) -> None:
        spacing = self._spacing
        start = spacing.fan
        part.starts, part.axes = [], {}
        for number, layer in enumerate(part.layers):
            cells = [self._cells[item] if item >= 0 else Cell(0, spacing.bypass / 2, spacing.bypass / 2) for item in layer]
            total = sum(c.before + c.after for c in cells) + spacing.lane * (len(cells) - 1)
            edge = -total / 2
            for item, cell in zip(layer, cells, strict=True):
                part.axes[number, item] = edge + cell.before
                edge += cell.before + cell.after + spacing.lane
            part.before = part.after = max(part.before, total / 2)
            part.starts.append(start)
            start += max(c.along for c in cells) + spacing.gap + 2 * spacing.fan
        part.along = start - spacing.gap - spacing.fan

    # -- places

    def _broken(self, parts: list[_Part]) -> list[list[_Part]]:
        """Rows of the top series, broken between two bottlenecks where the next part would stand beyond `longest`."""
        longest = self._spacing.longest
        whole = sum(self._extent(part).along + self._spacing.gap for part in parts) - self._spacing.gap
        if longest is None or not parts or whole <= 1.15 * longest:
            return [parts] if parts else []
        # Rows of about the same length look better than full ones and a short one: the least limit that takes no more rows.
        rows = self._rows(parts, 1.1 * longest)
        low, high = 0.0, 1.1 * longest
        for _ in range(12):
            middle = (low + high) / 2
            found = self._rows(parts, middle)
            if len(found) <= len(rows):
                rows, high = found, middle
            else:
                low = middle
        return rows

    def _rows(self, parts: list[_Part], limit: float) -> list[list[_Part]]:
        found: list[list[_Part]] = [[]]
        used = 0.0
        for part in parts:
            along = self._extent(part).along
            row = found[-1]
            if row and isinstance(part, int) and isinstance(row[-1], int) and used + along > limit:
                found.append([])
                used = 0
            found[-1].append(part)
            used += along + self._spacing.gap
        return found

    def _turn(self, last: _Part, first: _Part, across: float) -> None:
        for index, (start, end) in enumerate(self._edges):
            if start == last and end == first:
                self.result.turns.add(index)
                self.result.routes[index] = [(0, across)]

    def _place(self, part: _Part, along: float, across: float) -> None:
        if isinstance(part, int):
            self.result.places[part] = (along, across)
        elif isinstance(part, _Series):
            for one in part.parts:
                self._place(one, along, across)
                along += self._extent(one).along + self._spacing.gap
        elif isinstance(part, _Lanes):
            self._place_lanes(part, along, across)
        else:
            self._place_layers(part, along, across)

    def _place_lanes(self, part: _Lanes, along: float, across: float) -> None:
        spacing = self._spacing
        routes = self.result.routes
        end = along + part.along
        for lane, axis, entries, exits in zip(part.lanes, part.axes, part.entries, part.exits, strict=True):
            start = along + spacing.fan + (part.along - 2 * spacing.fan - lane.along) / 2
            for edge in entries:
                routes.setdefault(edge, []).extend([(along + spacing.fan, across + axis), (start, across + axis)])
            for edge in exits:
                self._exits.setdefault(edge, []).extend([(end - spacing.fan, across + axis), (start + lane.along, across + axis)])
            self._place(lane, start, across + axis)
        for edge in part.bypass:
            axis = across + part.bypass_axis
            self.result.passing[edge] = axis
            routes.setdefault(edge, []).extend([(along + spacing.fan, axis), (end - spacing.fan, axis)])

    def _place_layers(self, part: _Layers, along: float, across: float) -> None:
        for number, layer in enumerate(part.layers):
            start = along + part.starts[number]
            end = along + (part.starts[number + 1] - self._spacing.gap - 2 * self._spacing.fan if number + 1 < len(part.layers)
                           else part.along - self._spacing.fan)  # fmt: skip
            for item in layer:
                axis = across + part.axes[number, item]
                if item >= 0:
                    self.result.places[item] = (start, axis)
                else:
                    self.result.routes.setdefault(-1 - item, []).extend([(start, axis), (end, axis)])
