"""Folds networks without blocks, such as imported ones: parallel paths become a box, and boxes that are alike are counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cnncalc.report import words
from cnncalc.report.picture.family import BANDS, is_band
from cnncalc.report.picture.fold import Edge, Fold, Item
from cnncalc.report.picture.structure import Part, items_of, post_dominators, structure
from cnncalc.shape import Shape
from cnncalc.subject import Subject

#: Largest number of layers in one box; the structure of a larger part should be visible.
_LARGEST = 80
#: The same for the cells of a network that cannot be folded otherwise.
_LARGEST_CELL = 160


@dataclass(eq=False)
class Unit:
    """A part that was folded: the item that stands for it, its inside with what it reads, and how many parts are like it."""

    item: Item
    inside: list[Item]
    edges: list[Edge]
    uses: int = 1


def folded(subject: Subject, depth: int | None, most: int) -> Fold:
    """The network in frames down to `depth`; if that is None, as deep as it has at most `most` items."""
    if depth is not None:
        return Fold(subject, depth, frames=True, bands=False)
    best = Fold(subject, 1, frames=True, bands=False)
    for level in range(2, 12):
        if not any(leaf.is_folded for item in best.items for leaf in item.leaves()):
            break
        more = Fold(subject, level, frames=True, bands=False, like=best)
        if sum(1 for item in more.items for _ in item.leaves()) > most:
            break
        best = more
    return fold_flat(best, subject, most)[0]


def fold_flat(fold: Fold, subject: Subject, most: int) -> tuple[Fold, list[Unit]]:
    """A smaller fold of a network without blocks that has more than `most` items, and its units.

    Activations and normalisations join their layer, parallel paths become one item, and repeats are counted.
    """
    if len(fold.items) <= most or any(item.children for item in fold.items):
        return fold, []
    smaller = Fold(subject, 1, like=fold)
    return smaller, fold_units(smaller, most)


def fold_units(fold: Fold, most: int) -> list[Unit]:
    """Fold parallel paths and their join into one item, and count repeats; gives each form of unit once, at its first use.

    If more than `most` items are left, as in networks whose cells read the two cells before them, each item is folded together
    with the items that only it needs.
    A unit that goes down in resolution and up again is left alone, and so is one that gives an output of the network.
    """
    units: dict[object, Unit] = {}
    _fold_lanes(fold, units)
    if len(fold.items) > most:
        _fold_cells(fold, units)
    return list(units.values())


def _fold_cells(fold: Fold, units: dict[object, Unit]) -> None:
    """Fold each item with the items whose every path to the end of the network passes through it."""
    items = fold.items
    place = {id(item): i for i, item in enumerate(items)}
    last = post_dominators(len(items), [(place[id(edge.start)], place[id(edge.end)]) for edge in fold.edges])
    needed: list[list[int]] = [[] for _ in range(len(items) + 1)]
    for i, later in enumerate(last):
        needed[later].append(i)
    found: list[tuple[int, list[int]]] = []
    todo = list(needed[len(items)])
    while todo:
        join = todo.pop()
        members = [join]
        for member in members:
            members += needed[member]
        if len(members) == 1 or _can_fold(items, members, items[join], _LARGEST_CELL):
            found.append((join, sorted(members)))
        else:
            found.append((join, [join]))
            todo += needed[join]
    home: dict[int, Item] = {}
    kept: list[tuple[Item, object]] = []
    for join, members in sorted(found):
        if len(members) == 1:
            _add(kept, home, [items[join]], items[join], _signature(items[join]))
        else:
            _add_unit(kept, home, units, [items[member] for member in members], fold.edges)
    _replace(fold, kept, home)


def _fold_lanes(fold: Fold, units: dict[object, Unit]) -> None:
    """Fold the part between two items through which every path passes."""
    items = fold.items
    place = {id(item): i for i, item in enumerate(items)}
    pairs = [(place[id(edge.start)], place[id(edge.end)]) for edge in fold.edges]
    found: list[tuple[Item, object]] = []
    home: dict[int, Item] = {}
    parts = structure(len(items), pairs).parts
    if any(sum(1 for _ in items_of(part)) > len(items) / 2 for part in parts):
        # An input or an output in the middle of the network keeps it from having bottlenecks.
        parts = structure(len(items), pairs, has_sides=True).parts
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
            _add_unit(found, home, units, [items[member] for member in members], fold.edges)
        elif isinstance(part, int):
            _add(found, home, [items[part]], items[part], _signature(items[part]))
        else:
            for member in members:
                _add(found, home, [items[member]], items[member], None)
    _replace(fold, found, home)


def _add_unit(
    found: list[tuple[Item, object]], home: dict[int, Item], units: dict[object, Unit], inside: list[Item], edges: Sequence[Edge]
) -> None:
    """Adds several items as one, and its form if it is new."""
    unit = _unit(inside)
    _add(found, home, inside, unit, tuple(map(_signature, inside)))
    form = tuple(map(_form, inside))
    if form in units:
        units[form].uses += 1
    else:
        units[form] = _inside(unit, inside, edges)


def _replace(fold: Fold, found: Sequence[tuple[Item, object]], home: dict[int, Item]) -> None:
    """Puts the folded items into the fold, with the edges between them."""
    fold.items = [item for item, _ in found]
    edges: dict[tuple[int, int], Edge] = {}
    for edge in fold.edges:
        start, end = home[id(edge.start)], home[id(edge.end)]
        if start is not end:
            edges.setdefault((id(start), id(end)), Edge(start, end, edge.flow))
    fold.edges = list(edges.values())


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


def _can_fold(items: Sequence[Item], members: Sequence[int], join: Item, largest: int = _LARGEST) -> bool:
    inside = [items[member] for member in members]
    if any(item.source is not None or item.children or item.is_output for item in inside) or join.children:
        return False
    if sum(len(item.nodes) for item in inside) > largest or any(not item.nodes for item in inside):
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


def fold_chains(fold: Fold, level: dict[int, int]) -> None:
    """Fold each chain of items of one `level`, by their ids, into one item with the name of the last.

    The only output of the network stays as it is.
    """
    outputs = [item for item in fold.items if item.is_output]
    readers: dict[int, int] = {}
    source: dict[int, list[Item]] = {}
    for edge in fold.edges:
        readers[id(edge.start)] = readers.get(id(edge.start), 0) + 1
        source.setdefault(id(edge.end), []).append(edge.start)
    found: list[list[Item]] = []
    chain: dict[int, list[Item]] = {}
    for item in fold.items:
        before = source.get(id(item), [])
        follows = len(before) == 1 and readers[id(before[0])] == 1 and _are_on(level, before[0], item)
        if follows and before[0].source is None and not before[0].is_output and outputs != [item]:
            own = chain[id(before[0])]
        else:
            own = []
            found.append(own)
        own.append(item)
        chain[id(item)] = own
    _fold_groups(fold, found)


def fold_runs(fold: Fold, level: dict[int, int]) -> None:
    """Fold items of one `level` that follow each other in the network, even if they are no chain.

    Items without a later reader and outputs are not folded.
    """
    trunk, others = trunk_and_others(fold)
    fold.items = [*trunk[:-1], *others, *trunk[-1:]]
    found: list[list[Item]] = []
    for item in fold.items:
        last = found[-1][-1] if found else None
        if last is None or last.source is not None or last.is_output or item.is_output or not _are_on(level, last, item):
            found.append([])
        found[-1].append(item)
    _fold_groups(fold, found)


def trunk_and_others(fold: Fold) -> tuple[list[Item], list[Item]]:
    """The items that lead to the last one, and the others, such as heads with outputs of their own."""
    sources: dict[int, list[Item]] = {}
    for edge in fold.edges:
        sources.setdefault(id(edge.end), []).append(edge.start)
    trunk: dict[int, Item] = {}
    todo = fold.items[-1:]
    while todo:
        item = todo.pop()
        if id(item) not in trunk:
            trunk[id(item)] = item
            todo += sources.get(id(item), [])
    return [item for item in fold.items if id(item) in trunk], [item for item in fold.items if id(item) not in trunk]


def _are_on(level: dict[int, int], before: Item, item: Item) -> bool:
    """Whether two items are on one level; an item without a level stays alone."""
    return id(item) in level and level.get(id(before)) == level[id(item)]


def _fold_groups(fold: Fold, groups: Sequence[list[Item]]) -> None:
    # A group takes the place of its last item.
    place = {id(item): i for i, item in enumerate(fold.items)}
    home: dict[int, Item] = {}
    kept: list[tuple[Item, object]] = []
    for inside in sorted(groups, key=lambda inside: place[id(inside[-1])]):
        unit = inside[0]
        if len(inside) > 1:
            unit = _unit(inside)
            unit.label, unit.kind = inside[-1].label, unit.text
        kept.append((unit, None))
        home.update((id(item), unit) for item in inside)
    _replace(fold, kept, home)


def _unit(inside: Sequence[Item]) -> Item:
    """Make one item of several: the paths, their join, and the items after it."""
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
    """The properties that repeated items must share: kinds, hyper-parameters and sizes."""
    flow = item.flow.spatial if isinstance(item.flow, Shape) and item.flow.rank else item.flow
    return item.kind, item.text, flow, tuple(node.kind for node in item.bands), item.source


def _form(item: Item) -> object:
    """Return the form of a part, which is equal for uses of one block: kinds and windows, not channels and sizes."""
    windows = tuple((window.kernel_size, window.stride) for node in item.nodes for window in node.inferred.windows)
    return item.kind, windows, tuple(node.kind for node in item.bands)


def _add(found: list[tuple[Item, object]], home: dict[int, Item], inside: Sequence[Item], item: Item, signature: object) -> None:
    """Add an item, or count it with the item before if both are equal and only a band is between them."""
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
