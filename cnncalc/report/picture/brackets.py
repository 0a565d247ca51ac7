"""Brackets under the items of a block that is drawn unfolded, with the block's name, as published figures group layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from cnncalc.graph import Group, Node
from cnncalc.report.picture.family import is_band
from cnncalc.report.picture.fold import Edge, Item, label_of


class Bracket(NamedTuple):
    """A block's name and its items, by their place in the picture."""

    name: str
    places: list[int]


def brackets(items: Sequence[Item], edges: Sequence[Edge]) -> list[Bracket]:
    """The outermost blocks and branches of which several items are drawn in one line.

    A block of which a single item is drawn needs no bracket: the item takes the block's name.
    """
    members: dict[Group, list[int]] = {}
    for place, item in enumerate(items):
        for group in _groups(item):
            members.setdefault(group, []).append(place)
    whole = sum(item.source is None for item in items)
    readers: dict[int, set[int]] = {}
    for edge in edges:
        readers.setdefault(id(edge.end), set()).add(id(edge.start))
    found: list[Bracket] = []
    taken: set[int] = set()
    for group in sorted(members, key=_depth):
        places = members[group]
        if taken.intersection(places) or len(places) == whole:
            continue
        if len(places) == 1:
            item = items[places[0]]
            if group.kind == "block" and item.count == 1 and not item.is_folded and len(item.nodes[0].inputs) == 1:
                item.label = label_of(group.name)
                taken.update(places)
        elif _is_line([items[place] for place in places], readers):
            found.append(Bracket(label_of(group.name), places))
            taken.update(places)
    return found


def _groups(item: Item) -> Iterator[Group]:
    """The groups that hold all of an item's layers but its bands."""
    if item.is_folded or not item.nodes:
        return
    own = [node for node in item.nodes if not is_band(node)] or item.nodes
    last = set(_around(own[-1]))
    yield from (group for group in _around(own[0]) if group in last)


def _around(node: Node) -> Iterator[Group]:
    group = node.group
    while group is not None:
        yield group
        group = group.parent


def _depth(group: Group) -> int:
    return group.name.count(".")


def _is_line(items: Sequence[Item], readers: dict[int, set[int]]) -> bool:
    """Whether each item reads the one before it."""
    return all(id(before) in readers.get(id(item), ()) for before, item in pairwise(items))
