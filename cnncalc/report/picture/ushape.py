"""Networks that go down in resolution and up again, with skips across: drawn as a U, each resolution on its own level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnncalc.report.picture.fold import Fold, Item
from cnncalc.report.picture.scene import Part, arrow
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
    return round(math.log2(math.prod(a.spatial) / math.prod(b.spatial)) / a.rank)


def place(volumes: Sequence[Volume], fold: Fold, level: dict[int, int]) -> list[Part]:
    """Puts the volumes on their levels, left to right in order, and gives the edges."""
    own = {id(volume.item): volume for volume in volumes}
    order = _order(fold, level)
    number = max(level.values()) + 1
    above = [max((own[id(i)].cell.before for i in order if level[id(i)] == row), default=0) for row in range(number)]
    below = [max((own[id(i)].cell.after for i in order if level[id(i)] == row), default=0) for row in range(number)]
    axes = [sum(above[: row + 1]) + sum(below[:row]) + _ROW * row for row in range(number)]
    x = 0.0
    for item in order:
        volume = own[id(item)]
        volume.stand(x, axes[level[id(item)]])
        x += volume.cell.along + _GAP
    parts: list[Part] = []
    for edge in fold.edges:
        start, end = own[id(edge.start)], own[id(edge.end)]
        gap = order.index(edge.end) - order.index(edge.start)
        if level[id(edge.start)] == level[id(edge.end)]:
            if gap > 1:
                y = start.y - min(start.height, end.height) * 0.2
                parts += arrow([(start.right, y), (end.x - 2, y)], "skip")
            else:
                parts += arrow([(start.right, start.y), (end.x - 2, end.y)], "edge")
            continue
        cell = end.cell
        bend = end.middle - cell.along / 2 - 10
        entry = end.y + (end.height * 0.25 if level[id(end.item)] < level[id(start.item)] else 0)
        points = [(start.right, start.y), (bend, start.y), (bend, entry), (end.x - 2, entry)]
        parts += arrow(points, "edge", curved=False)
    return parts


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
