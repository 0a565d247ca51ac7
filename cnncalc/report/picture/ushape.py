"""Networks that go down in resolution and up again, with skips across: drawn as a U, each resolution on its own level."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cnncalc.report.picture.fold import Edge, Fold, Item
from cnncalc.report.picture.scene import Part, arrow
from cnncalc.report.picture.skips import Point, arc
from cnncalc.report.picture.units import trunk_and_others
from cnncalc.report.picture.volume import Volume
from cnncalc.shape import Shape

_GAP = 24
_ROW = 14
#: Between two edges that pass above each other.
_TRACK = 7


def levels(fold: Fold) -> dict[int, int] | None:
    """The level of each item by its id, 0 for the highest resolution from which a skip leads; None if the network is no U.

    A network is a U if at least two skips lead over lower levels back to an item on their first level.
    """
    found = resolutions(fold)
    if found is None:
        return None
    place = {id(item): i for i, item in enumerate(fold.items)}
    skips = []
    for edge in fold.edges:
        between = [found[id(item)] for item in fold.items[place[id(edge.start)] + 1 : place[id(edge.end)]]]
        if max(between, default=0) > found[id(edge.start)] == found[id(edge.end)]:
            skips.append(found[id(edge.start)])
    if len(skips) < 2:
        return None
    # Items before the first skip are a row and need no levels.
    return {key: max(0, level - min(skips)) for key, level in found.items()}


def resolutions(fold: Fold) -> dict[int, int] | None:
    """The number of halvings of the highest resolution up to each item, by its id; None if an item has no resolution."""
    place = {id(item): i for i, item in enumerate(fold.items)}
    sources: dict[int, list[Item]] = {}
    for edge in fold.edges:
        sources.setdefault(id(edge.end), []).append(edge.start)
    if sum(item.source is not None for item in fold.items) != 1:
        return None
    found: dict[int, int] = {}
    for item in fold.items:
        if not isinstance(item.flow, Shape) or not item.flow.rank:
            return None
        before = max(sources.get(id(item), ()), key=lambda source: place[id(source)], default=None)
        found[id(item)] = 0 if before is None else found[id(before)] + _step(before, item)
    least = min(found.values())
    return {key: level - least for key, level in found.items()}


def _step(before: Item, item: Item) -> int:
    """The number of halvings of the resolution from one item to the next."""
    a, b = before.flow, item.flow
    assert isinstance(a, Shape)
    assert isinstance(b, Shape)
    if a.rank != b.rank:
        return 0
    halvings = math.log2(math.prod(a.spatial) / math.prod(b.spatial)) / a.rank
    # A border cut off changes the size by less than a stride or a factor of two.
    return int(math.copysign(math.floor(abs(halvings) + 0.4), halvings))


def place(volumes: Sequence[Volume], fold: Fold, level: dict[int, int]) -> list[Part]:
    """Puts the volumes on their levels, left to right in order, and gives the edges."""
    own = {id(volume.item): volume for volume in volumes}
    trunk, others = trunk_and_others(fold)
    order = [*_order(trunk, fold, level), *others]
    tracks = _tracks(fold, order, level)
    number = max(level.values()) + 1
    above = [max((own[id(i)].cell.before for i in order if level[id(i)] == row), default=0) for row in range(number)]
    below = [max((own[id(i)].cell.after for i in order if level[id(i)] == row), default=0) for row in range(number)]
    for edge, track in tracks.items():
        row = level[id(edge.start)]
        above[row] = max(above[row], max(own[id(i)].cell.before for i in order if level[id(i)] == row) + _TRACK * track)
    axes = [sum(above[: row + 1]) + sum(below[:row]) + _ROW * row for row in range(number)]
    _stand(order, own, level, axes, len(trunk))
    parts: list[Part] = []
    for edge in fold.edges:
        parts += _edge(edge, own, order, level, tracks.get(edge))
    return parts


def _passed(edge: Edge, order: Sequence[Item], level: dict[int, int]) -> list[Item]:
    """The items on the start's level between both ends of an edge."""
    between = order[order.index(edge.start) + 1 : order.index(edge.end)]
    return [item for item in between if level[id(item)] == level[id(edge.start)]]


def _tracks(fold: Fold, order: Sequence[Item], level: dict[int, int]) -> dict[Edge, int]:
    """The edges that pass over items of their start's level, with the height of each: 0 for the lowest.

    Two that pass over the same place have different heights.
    """
    place = {id(item): i for i, item in enumerate(order)}
    found: dict[Edge, int] = {}
    long = [edge for edge in fold.edges if _passed(edge, order, level)]
    for edge in sorted(long, key=lambda edge: place[id(edge.end)] - place[id(edge.start)]):
        taken = {
            found[other]
            for other in found
            if level[id(other.start)] == level[id(edge.start)]
            and place[id(other.start)] < place[id(edge.end)]
            and place[id(edge.start)] < place[id(other.end)]
        }
        found[edge] = next(track for track in range(len(found) + 1) if track not in taken)
    return found


def _edge(edge: Edge, own: dict[int, Volume], order: Sequence[Item], level: dict[int, int], track: int | None) -> list[Part]:
    start, end = own[id(edge.start)], own[id(edge.end)]
    step = level[id(edge.end)] - level[id(edge.start)]
    bend = end.middle - end.cell.along / 2 - 10
    entry = end.y + end.height * 0.25
    if track is not None:
        tops = [own[id(item)].top for item in _passed(edge, order, level)]
        if step:
            height = min(*tops, start.top) - 7 - _TRACK * track
            # Over the volumes of its level, and then down or up to the end.
            leave = (start.middle + start.drawn / 4, start.top)
            ending = (
                [(end.middle, height), (end.middle, end.top - 2)]
                if step > 0
                else [(bend, height), (bend, entry), (end.x - 2, entry)]
            )
            return arrow([leave, (leave[0], height), *ending], "skip", curved=False)
        height = min(*tops, start.top, end.top) - 7 - _TRACK * track
        # An edge from the level above may end at the middle.
        return arc(Point(start.middle + start.drawn / 4, start.top), end, height)
    if step > 0:
        points = [(start.right, start.y), (end.middle, start.y), (end.middle, end.top - 2)]
        return arrow(points, "edge", curved=False)
    if step < 0:
        return arrow([(start.right, start.y), (bend, start.y), (bend, entry), (end.x - 2, entry)], "edge", curved=False)
    if order.index(edge.end) - order.index(edge.start) > 1:
        y = start.y - min(start.height, end.height) * 0.2
        return arrow([(start.right, y), (end.x - 2, y)], "skip")
    return arrow([(start.right, start.y), (end.x - 2, end.y)], "edge")


def _stand(order: Sequence[Item], own: dict[int, Volume], level: dict[int, int], axes: Sequence[float], trunk: int) -> None:
    """Puts each volume to the right of those before it on its level, and as near to the one before it as their edge allows.

    Volumes after the first `trunk` ones are to the right of all these.
    """
    used: dict[int, float] = {}
    before: Volume | None = None
    for place, item in enumerate(order):
        volume, row = own[id(item)], level[id(item)]
        cell = volume.cell
        along = 0.0
        if place == trunk:
            used = {row: max(used.values(), default=0) for row in range(len(axes))}
        if before is not None and place < trunk:
            last = level[id(before.item)]
            right = before.middle + before.cell.along / 2
            if row > last:
                # The edge goes down beside the labels of the one, to the top of the other.
                along = right + 10 - cell.along / 2
            elif row < last:
                # The edge goes up to the left of the other's labels.
                along = before.right + 22
            else:
                along = right + _GAP
        along = max(along, used.get(row, along - _GAP) + _GAP)
        volume.stand(along, axes[row])
        used[row] = along + cell.along
        before = volume


def _order(items: Sequence[Item], fold: Fold, level: dict[int, int]) -> list[Item]:
    """Items in order, but those that a skip alone feeds before others of their level, which it would run through."""
    order = list(items)
    sources: dict[int, list[Item]] = {}
    for edge in fold.edges:
        sources.setdefault(id(edge.end), []).append(edge.start)
    for item in items:
        read = sources.get(id(item), [])
        if len(read) != 1:
            continue
        end = order.index(item)
        start = order.index(read[0])
        between = [i for i in range(start + 1, end) if level[id(order[i])] == level[id(item)]]
        if between:
            order.insert(between[0], order.pop(end))
    return order
