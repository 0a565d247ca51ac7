"""The places of the items of a graph: exact for series and parallel parts in any nesting, in layers for the rest.

Coordinates are `along` the flow and `across` it; the style decides which of them is x. An item's place is where it begins
along the flow and where its axis lies across it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cnncalc.report.picture.straight import Cell, layer_axes
from cnncalc.report.picture.structure import Lanes, Layers, Part, Series, items_of, structure

Point = tuple[float, float]

#: Rows instead of one are at most so many, and shorter than this part of it.
_COLUMNS = 4
LOWER = 0.8


class Spacing(NamedTuple):
    """Room between items in a row, at both ends of parallel lanes, between lanes, and for an edge that runs past others.

    `spread` is added to `fan` at most, the more the farther the lanes lie apart.
    Rows that are longer than `longest`, and not just by a little, are broken, with room for `turn` between two rows.
    """

    gap: float = 20
    fan: float = 10
    spread: float = 0
    lane: float = 12
    bypass: float = 8
    longest: float | None = None
    turn: float = 24


@dataclass
class Arrangement:
    """The places of all items, and the points of each edge between its ends, by the index of the edge.

    `long` are the items of parts that are longer than a row and cannot be broken. `turns` are the edges that lead to the next
    row. If a row begins with lanes, `breaks` has the item before it and the point at which the row begins, and `resumes` the
    edges that go on from there. `passing` says where across the flow an edge runs past other items.
    """

    places: list[Point]
    routes: dict[int, list[Point]] = field(default_factory=dict)
    turns: set[int] = field(default_factory=set)
    passing: dict[int, float] = field(default_factory=dict)
    breaks: list[tuple[int, float, Point]] = field(default_factory=list)
    resumes: dict[int, Point] = field(default_factory=dict)
    long: set[int] = field(default_factory=set)
    along: float = 0
    before: float = 0
    after: float = 0


def arrange(
    cells: Sequence[Cell], edges: Sequence[tuple[int, int]], spacing: Spacing, together: Sequence[Sequence[int]] = ()
) -> Arrangement:
    """Places for `cells`, whose order is such that every edge leads from an earlier one to a later one.

    A row is not broken inside one of the groups of items `together`, unless the group is longer than a row.
    """
    return Arranger(cells, edges, spacing, together).within(spacing.longest)


def in_columns(
    cells: Sequence[Cell],
    edges: Sequence[tuple[int, int]],
    spacing: Spacing,
    height: float,
    tallest: float,
    width: float,
) -> Arrangement | None:
    """Places in several rows that together take at most `width` across the flow and are much shorter than one of `height`.

    None if there are none; rows of less than `tallest` are not sought.
    """
    arranger = Arranger(cells, edges, spacing)
    for columns in range(min(_COLUMNS, math.ceil(height / tallest)), 1, -1):
        # Large parts may not divide into rows of the same length: then the rows are longer, and fewer.
        for stretch in (1, 1.2, 1.4):
            found = arranger.within(stretch * height / columns)
            if found.before + found.after <= width and found.along < LOWER * height:
                return found
    return None


class Arranger:
    """Finds places for the same items in rows of any length."""

    def __init__(
        self, cells: Sequence[Cell], edges: Sequence[tuple[int, int]], spacing: Spacing, together: Sequence[Sequence[int]] = ()
    ) -> None:
        self._cells = cells
        self._edges = edges
        self._spacing = spacing
        self._tops: dict[bool, Series] = {}
        #: Ids of the parts whose size is known; `_tops` keeps them.
        self._known: set[int] = set()
        self._together = {item: number for number, group in enumerate(together) for item in group}
        self._start()

    def _start(self) -> None:
        self._exits: dict[int, list[Point]] = {}
        self.result = Arrangement([(0, 0)] * len(self._cells))

    def within(self, longest: float | None) -> Arrangement:
        """The places of all items in rows of about `longest` at most; in one row if that is None."""
        self._start()
        top = self._measured(has_sides=False)
        if longest is not None and self._length(top) > longest:
            other = self._measured(has_sides=True)
            top = min(top, other, key=self._length)
            self.result.long = {item for part in top.parts if self._extent(part).along > longest for item in items_of(part)}
        rows = self._broken(top.parts, longest)
        across = 0.0
        for i, row in enumerate(rows):
            line = Series(row)
            self._measure(line)
            across += line.before if i else 0
            self._place(line, 0, across)
            if i:
                self._turn(rows[i - 1][-1], row[0], across - line.before - self._spacing.turn / 2, across)
            else:
                self.result.before = line.before
            self.result.along = max(self.result.along, line.along)
            across += line.after + self._spacing.turn
        self.result.after = across - self._spacing.turn if rows else 0
        for edge, points in self._exits.items():
            self.result.routes.setdefault(edge, []).extend(reversed(points))
        return self.result

    # -- sizes

    def _measured(self, *, has_sides: bool) -> Series:
        if has_sides not in self._tops:
            self._tops[has_sides] = structure(len(self._cells), self._edges, has_sides=has_sides)
            for part in self._tops[has_sides].parts:
                self._measure(part)
        return self._tops[has_sides]

    def _length(self, top: Series) -> float:
        """The length of the longest part, which no break makes shorter."""
        return max((self._extent(part).along for part in top.parts), default=0)

    def _extent(self, part: Part) -> Cell:
        if isinstance(part, int):
            return self._cells[part]
        return Cell(part.along, part.before, part.after)

    def _measure(self, part: Part) -> None:
        if id(part) in self._known:
            return
        if isinstance(part, Series):
            self._measure_series(part)
        elif isinstance(part, Lanes):
            self._measure_lanes(part)
        elif isinstance(part, Layers):
            self._measure_layers(part)
        if isinstance(part, (Lanes, Layers)):
            self._known.add(id(part))

    def _measure_series(self, series: Series) -> None:
        for part in series.parts:
            self._measure(part)
        extents = [self._extent(part) for part in series.parts]
        series.along = self._row_length([e.along for e in extents])
        series.before = max((e.before for e in extents), default=0)
        series.after = max((e.after for e in extents), default=0)

    def _row_length(self, lengths: Sequence[float]) -> float:
        return sum(lengths) + self._spacing.gap * max(len(lengths) - 1, 0)

    def _align(self, lanes: Sequence[Series]) -> None:
        """Puts the items of parallel lanes into columns if the lanes have the same number of items and nothing else."""
        if len({len(lane.parts) for lane in lanes}) > 1 or any(not isinstance(one, int) for lane in lanes for one in lane.parts):
            return
        columns = [max(self._extent(one).along for one in column) for column in zip(*(lane.parts for lane in lanes), strict=True)]
        for lane in lanes:
            lane.columns, lane.along = columns, self._row_length(columns)

    def _measure_lanes(self, part: Lanes) -> None:
        spacing = self._spacing
        for lane in part.lanes:
            self._measure_series(lane)
        self._align(part.lanes)
        part.axes = []
        part.fan = spacing.fan
        part.along = max(lane.along for lane in part.lanes) + 2 * part.fan
        if part.is_aside:
            # The edges go straight on, beside the lanes.
            part.bypass_axis, part.before = 0, spacing.bypass
            edge = spacing.bypass
            for lane in part.lanes:
                part.axes.append(edge + spacing.lane + lane.before)
                edge += spacing.lane + lane.before + lane.after
            part.after = edge
            return
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
        # Edges that lead far aside need room to bend.
        spread = min(spacing.spread, 0.06 * total)
        part.fan += spread
        part.along += 2 * spread
        for lane, width in zip(part.lanes, widths, strict=True):
            part.axes.append(edge + lane.before)
            edge += width + spacing.lane

    def _measure_layers(self, part: Layers) -> None:
        spacing = self._spacing
        passing = Cell(0, spacing.bypass / 2, spacing.bypass / 2)
        cells = {item: self._cells[item] if item >= 0 else passing for layer in part.layers for item in layer}
        part.axes = layer_axes(part.layers, cells, self._edges, spacing.lane, spacing.bypass)
        part.before = max(cells[item].before - axis for (_, item), axis in part.axes.items())
        part.after = max(cells[item].after + axis for (_, item), axis in part.axes.items())
        part.starts = []
        start = spacing.fan
        for layer in part.layers:
            part.starts.append(start)
            start += max(cells[item].along for item in layer) + spacing.gap + 2 * spacing.fan
        part.along = start - spacing.gap - spacing.fan

    # -- places

    def _broken(self, parts: list[Part], longest: float | None) -> list[list[Part]]:
        """Break the top series into rows, at the last bottleneck before `longest`."""
        whole = sum(self._extent(part).along + self._spacing.gap for part in parts) - self._spacing.gap
        if longest is None or not parts or whole <= longest:
            return [parts] if parts else []
        # Rows of about the same length look better than full ones and a short one: the least limit that takes no more rows.
        rows = self._rows(parts, longest)
        low, high = 0.0, longest
        for _ in range(12):
            middle = (low + high) / 2
            found = self._rows(parts, middle)
            if len(found) <= len(rows):
                rows, high = found, middle
            else:
                low = middle
        return rows

    def _rows(self, parts: list[Part], limit: float) -> list[list[Part]]:
        found: list[list[Part]] = [[]]
        used = 0.0
        for i, part in enumerate(parts):
            along = self._extent(part).along
            row = found[-1]
            needed = along
            if not isinstance(part, int) and i + 1 < len(parts):
                # The row goes on with the item that joins the lanes.
                needed += self._spacing.gap + self._extent(parts[i + 1]).along
            if row and isinstance(row[-1], int) and used + needed > limit:
                own = self._tail(row, part)
                del row[len(row) - len(own) :]
                found.append(own)
                used = sum(self._extent(one).along + self._spacing.gap for one in own)
            found[-1].append(part)
            used += along + self._spacing.gap
        return found

    def _tail(self, row: Sequence[Part], part: Part) -> list[Part]:
        """The end of a row that stays together with `part`, if another part is left before it to end the row."""
        group = self._together.get(part) if isinstance(part, int) else None
        size = 0
        while group is not None and size < len(row):
            before = row[-1 - size]
            if not isinstance(before, int) or self._together.get(before) != group:
                break
            size += 1
        if size >= len(row) or not isinstance(row[-1 - size], int):
            return []
        return list(row[len(row) - size :])

    def _turn(self, last: Part, first: Part, across: float, axis: float) -> None:
        """Routes what leads from the end of a row to the next one, on the line `across` between them."""
        inside = set(items_of(first))
        past = first.bypass if isinstance(first, Lanes) else ()
        for index, (start, end) in enumerate(self._edges):
            if start == last and end == first:
                self.result.turns.add(index)
                self.result.routes[index] = [(0, across)]
            elif start == last and not isinstance(first, int) and (end in inside or index in past):
                self.result.resumes[index] = (0, axis)
        if not isinstance(first, int) and isinstance(last, int):
            self.result.breaks.append((last, across, (0, axis)))

    def _place(self, part: Part, along: float, across: float) -> None:
        if isinstance(part, int):
            self.result.places[part] = (along, across)
        elif isinstance(part, Series):
            for i, one in enumerate(part.parts):
                length = self._extent(one).along
                column = part.columns[i] if part.columns else length
                self._place(one, along + (column - length) / 2, across)
                along += column + self._spacing.gap
        elif isinstance(part, Lanes):
            self._place_lanes(part, along, across)
        else:
            self._place_layers(part, along, across)

    def _place_lanes(self, part: Lanes, along: float, across: float) -> None:
        routes = self.result.routes
        end = along + part.along
        for lane, axis, entries, exits in zip(part.lanes, part.axes, part.entries, part.exits, strict=True):
            # Lanes between two items are centred; lanes that begin with inputs begin together.
            start = along + part.fan + ((part.along - 2 * part.fan - lane.along) / 2 if entries else 0)
            for edge in entries:
                routes.setdefault(edge, []).extend([(along + part.fan, across + axis), (start, across + axis)])
            for edge in exits:
                self._exits.setdefault(edge, []).extend([(end - part.fan, across + axis), (start + lane.along, across + axis)])
            self._place(lane, start, across + axis)
        for edge in part.bypass:
            axis = across + part.bypass_axis
            if not part.is_aside:
                self.result.passing[edge] = axis
            routes.setdefault(edge, []).extend([(along + part.fan, axis), (end - part.fan, axis)])

    def _place_layers(self, part: Layers, along: float, across: float) -> None:
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
