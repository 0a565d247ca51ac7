"""Folds networks without blocks, such as imported ones: parallel paths become a box, and boxes that are alike are counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cnncalc.report import words
from cnncalc.report.picture.family import BANDS, is_band
from cnncalc.report.picture.fold import Edge, Fold, Item
from cnncalc.report.picture.structure import Part, items_of, structure
from cnncalc.shape import Shape

#: Layers that one box stands for at most; what is larger has a structure that should be seen.
_LARGEST = 80


@dataclass(eq=False)
class Unit:
    """A part that was folded: the item that stands for it, its inside with what it reads, and how many parts are like it."""

    item: Item
    inside: list[Item]
    edges: list[Edge]
    uses: int = 1


def fold_units(fold: Fold) -> list[Unit]:
    """Changes the items and edges of a fold: parallel paths and what joins them become one item, repeats are counted.

    Gives the parts of each form once, as they are first used.

    A part that goes down in resolution and up again is left alone, and so is one that gives an output of the network.
    """
    items = fold.items
    place = {id(item): i for i, item in enumerate(items)}
    pairs = [(place[id(edge.start)], place[id(edge.end)]) for edge in fold.edges]
    found: list[tuple[Item, object]] = []
    home: dict[int, Item] = {}
    parts = structure(len(items), pairs).parts
    units: dict[object, Unit] = {}
    done = 0
    for i, part in enumerate(parts):
        if i < done:
            continue
        after = parts[i + 1] if i + 1 < len(parts) else None
        members = sorted(items_of(part))
        if not isinstance(part, int) and isinstance(after, int) and _can_fold(items, members, items[after]):
            done = i + 1
            while done < len(parts) and _belongs(items, parts[done], is_join=done == i + 1):
                members += items_of(parts[done])
                done += 1
            inside = [items[member] for member in members]
            unit, signature = _unit(inside), tuple(map(_signature, inside))
            _add(found, home, inside, unit, signature)
            form = tuple(map(_form, inside))
            if form in units:
                units[form].uses += 1
            else:
                units[form] = _inside(unit, inside, fold.edges)
        elif isinstance(part, int):
            _add(found, home, [items[part]], items[part], _signature(items[part]))
        else:
            for member in members:
                _add(found, home, [items[member]], items[member], None)
    fold.items = [item for item, _ in found]
    edges: dict[tuple[int, int], Edge] = {}
    for edge in fold.edges:
        start, end = home[id(edge.start)], home[id(edge.end)]
        if start is not end:
            edges.setdefault((id(start), id(end)), Edge(start, end, edge.flow))
    fold.edges = list(edges.values())
    return list(units.values())


def _inside(unit: Item, inside: list[Item], edges: Sequence[Edge]) -> Unit:
    """The inside of a part, and before it the results that it reads."""
    own = {id(item) for item in inside}
    outside: dict[int, Item] = {}
    found = []
    for edge in edges:
        if id(edge.end) not in own:
            continue
        start = edge.start
        if id(start) not in own:
            start = outside.setdefault(id(start), Item("input", "input", "", "input", edge.flow, edge.start.source))
        found.append(Edge(start, edge.end, edge.flow))
    return Unit(unit, [*outside.values(), *inside], found)


def _can_fold(items: Sequence[Item], members: Sequence[int], join: Item) -> bool:
    inside = [items[member] for member in members]
    if any(item.source is not None or item.children or item.is_output for item in inside) or join.children:
        return False
    if sum(len(item.nodes) for item in inside) > _LARGEST or any(not item.nodes for item in inside):
        return False
    least = _cells(join)
    # Vectors and single cells inside, as of a squeeze, are no lower resolution.
    return all(_cells(item) >= least or _cells(item) <= 1 or _rank(item) != _rank(join) for item in inside)


def _belongs(items: Sequence[Item], part: Part, *, is_join: bool) -> bool:
    """Whether an item behind the paths is theirs: the join, and activations and normalisations that follow it."""
    if not isinstance(part, int):
        return False
    item = items[part]
    return is_join or (len(item.nodes) == 1 and not item.children and is_band(item.nodes[0]))


def _cells(item: Item) -> int:
    return math.prod(item.flow.spatial) if isinstance(item.flow, Shape) else 0


def _rank(item: Item) -> int:
    return item.flow.rank if isinstance(item.flow, Shape) else -1


def _unit(inside: Sequence[Item]) -> Item:
    """One item for several: paths, the join, and what follows it."""
    join = next(item for item in reversed(inside) if len(item.nodes[0].inputs) > 1 or item is inside[0])
    last = inside[-1]
    nodes = [node for item in inside for node in item.nodes]
    strips = [family for item in inside for family in (item.strips or (item.family,)) if family not in BANDS]
    unit = Item(join.label, join.kind, words.plural(len(nodes), "layer"), "block", last.flow, None, nodes)
    unit.strips = tuple(strips) or ("passing",)
    unit.bands = list(join.bands)
    unit.is_output = last.is_output
    unit.mark = min((item.mark for item in inside), key=("error", "unread", "changed", "").index)
    return unit


def _signature(item: Item) -> object:
    """What repeated items must have in common: kinds, hyper-parameters and sizes."""
    flow = item.flow.spatial if isinstance(item.flow, Shape) and item.flow.rank else item.flow
    return item.kind, item.text, flow, tuple(node.kind for node in item.bands), item.source


def _form(item: Item) -> object:
    """What a part has in common with others of its form, as uses of one block have: kinds and windows, not channels and sizes."""
    windows = tuple((window.kernel_size, window.stride) for node in item.nodes for window in node.inferred.windows)
    return item.kind, windows, tuple(node.kind for node in item.bands)


def _add(found: list[tuple[Item, object]], home: dict[int, Item], inside: Sequence[Item], item: Item, signature: object) -> None:
    """Adds an item, or counts it with the one before if they are alike and nothing but a band lies between."""
    last, alike = found[-1] if found else (None, None)
    is_repeat = (
        last is not None
        and not last.is_output
        and signature is not None
        and signature == alike
        and bool(item.nodes)
        and last.nodes
    )
    if is_repeat and last is not None and any(last.nodes[-1] is source for node in item.nodes for source in node.inputs):
        last.count += 1
        last.nodes += item.nodes
        last.flow, last.is_output = item.flow, item.is_output
        last.mark = min(last.mark, item.mark, key=("error", "unread", "changed", "").index)
    else:
        last = item
        found.append((item, signature))
    for one in inside:
        home[id(one)] = last
