"""Networks that go down in resolution and up again, with skips across: drawn as a U, each resolution on its own level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnncalc.report.picture.fold import Fold, Item
from cnncalc.report.picture.scene import Part, arrow
from cnncalc.report.picture.skips import Point, arc
from cnncalc.shape import Shape

if TYPE_CHECKING:
    from cnncalc.report.picture.volumes import Volume

_GAP = 26
_ROW = 14


def levels(fold: Fold) -> dict[int, int] | None:
    """The level of each item by its id, 0 for the highest resolution; None if the network is no U.

    It is one if two skips or more lead over lower levels to an item on the level where they began.
    """
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
    found = {key: level - least for key, level in found.items()}
    skips = 0
    for edge in fold.edges:
        between = [found[id(item)] for item in fold.items[place[id(edge.start)] + 1 : place[id(edge.end)]]]
        if max(between, default=0) > found[id(edge.start)] == found[id(edge.end)]:
            skips += 1
    return found if skips >= 2 else None


def _step(before: Item, item: Item) -> int:
    """How many times the resolution was halved from one item to the next."""
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
    order = _order(fold, level)
    number = max(level.values()) + 1
    above = [max((own[id(i)].cell.before for i in order if level[id(i)] == row), default=0) for row in range(number)]
    below = [max((own[id(i)].cell.after for i in order if level[id(i)] == row), default=0) for row in range(number)]
    axes = [sum(above[: row + 1]) + sum(below[:row]) + _ROW * row for row in range(number)]
    _stand(order, own, level, axes)
    parts: list[Part] = []
    for edge in fold.edges:
        start, end = own[id(edge.start)], own[id(edge.end)]
        gap = order.index(edge.end) - order.index(edge.start)
        if level[id(edge.start)] == level[id(edge.end)]:
            between = [own[id(i)] for i in order[order.index(edge.start) + 1 : order.index(edge.end)]]
            passed = [volume.top for volume in between if level[id(volume.item)] == level[id(edge.start)]]
            if passed:
                # An edge from the level above may end at the middle.
                leave = Point(start.middle + start.drawn / 4, start.top)
                parts += arc(leave, end, min(*passed, start.top, end.top) - 7)
            elif gap > 1:
                y = start.y - min(start.height, end.height) * 0.2
                parts += arrow([(start.right, y), (end.x - 2, y)], "skip")
            else:
                parts += arrow([(start.right, start.y), (end.x - 2, end.y)], "edge")
            continue
        if level[id(edge.end)] > level[id(edge.start)]:
            points = [(start.right, start.y), (end.middle, start.y), (end.middle, end.top - 2)]
        else:
            bend = end.middle - end.cell.along / 2 - 10
            entry = end.y + end.height * 0.25
            points = [(start.right, start.y), (bend, start.y), (bend, entry), (end.x - 2, entry)]
        parts += arrow(points, "edge", curved=False)
    return parts


def _stand(order: Sequence[Item], own: dict[int, Volume], level: dict[int, int], axes: Sequence[float]) -> None:
    """Puts each volume to the right of those before it on its level, and as near to the one before it as their edge allows."""
    used: dict[int, float] = {}
    before: Volume | None = None
    for item in order:
        volume, row = own[id(item)], level[id(item)]
        cell = volume.cell
        along = 0.0
        if before is not None:
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


def _order(fold: Fold, level: dict[int, int]) -> list[Item]:
    """Items in order, but those that a skip alone feeds before others of their level, which it would run through."""
    order = list(fold.items)
    sources: dict[int, list[Item]] = {}
    for edge in fold.edges:
        sources.setdefault(id(edge.end), []).append(edge.start)
    for item in fold.items:
        read = sources.get(id(item), [])
        if len(read) != 1:
            continue
        end = order.index(item)
        start = order.index(read[0])
        between = [i for i in range(start + 1, end) if level[id(order[i])] == level[id(item)]]
        if between:
            order.insert(between[0], order.pop(end))
    return order
