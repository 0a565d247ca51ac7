"""The layers and groups of a graph as modules: nested by the dots of their names, before they become rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cnncalc.graph import Graph, Group, Node, Twig, tree


@dataclass(slots=True, eq=False)
class PendingItem:
    """A layer or group that is not yet a row. `part` is its name relative to the group around it."""

    part: str
    node: Node | None
    group: Group | None
    title: str
    children: list[PendingItem] = field(default_factory=list)

    def nodes(self) -> Iterator[Node]:
        """Every layer in it, in order."""
        todo = [self]
        while todo:
            item = todo.pop()
            todo.extend(reversed(item.children))
            if item.node is not None and not item.children:
                yield item.node


def modules_of(graph: Graph) -> list[PendingItem]:
    """The outermost layers and modules of a graph."""
    return _nested(_items(tree(graph)))


def _items(twigs: list[Twig], prefix: str = "") -> list[PendingItem]:
    """The tree of layers and groups with names relative to each other."""
    found = []
    for twig in twigs:
        group, part = twig.group, twig.name.removeprefix(prefix)
        if group is None:
            found.append(PendingItem(part, twig.node, None, ""))
            continue
        children = _items(twig.children, f"{group.name}.")
        found.append(PendingItem(part, twig.node, group, group.title, children))
    return found


def _nested(items: list[PendingItem]) -> list[PendingItem]:
    """Group consecutive items whose names share the part before a dot."""
    items = _gathered(items)
    for item in items:
        if item.group is None or item.group.kind != "branches":
            item.children = _nested(item.children)
        else:
            for child in item.children:
                child.children = _nested(child.children)
    heads = [item.part.partition(".")[0] for item in items]
    runs: list[tuple[str, list[PendingItem]]] = []
    for head, item in zip(heads, items, strict=True):
        if runs and runs[-1][0] == head and "." in item.part and "." in runs[-1][1][-1].part:
            runs[-1][1].append(item)
        else:
            runs.append((head, [item]))
    counts: dict[str, int] = {}
    for head, _ in runs:
        counts[head] = counts.get(head, 0) + 1
    found: list[PendingItem] = []
    for head, run in runs:
        if counts[head] > 1 or "." not in run[0].part or head.isdigit():
            found += run
            continue
        inner = [PendingItem(item.part.partition(".")[2], item.node, item.group, item.title, item.children) for item in run]
        found.append(PendingItem(head, None, None, head, _nested(inner)))
    return _unfolded(found)


def _gathered(items: list[PendingItem]) -> list[PendingItem]:
    """Put the items that interrupt a module into it, unless that would change more names than a module in several parts."""
    spans: dict[str, tuple[int, int]] = {}
    for i, item in enumerate(items):
        spans[item.part] = (spans.get(item.part, (i, i))[0], i)
    found: list[PendingItem] = []
    i = 0
    while i < len(items):
        first, last = spans[items[i].part]
        if first == i < last and _interrupted(items, spans, first, last):
            found.append(_joined(items[first : last + 1]))
            i = last + 1
        else:
            found.append(items[i])
            i += 1
    return found


def _interrupted(items: list[PendingItem], spans: dict[str, tuple[int, int]], first: int, last: int) -> bool:
    """Whether few items of other names, which stand nowhere else, interrupt a module."""
    inside = items[first : last + 1]
    others = [item for item in inside if item.part != items[first].part]
    parts = [item for item in inside if item.part == items[first].part]
    if any(item.node is not None or (item.group is not None and item.group.kind == "branches") for item in parts):
        return False
    if any(spans[item.part][0] < first or spans[item.part][1] > last for item in others):
        return False
    taken: set[str] = set()
    divided = 0
    for item in parts:
        # The members of a numbered module keep their names if it is divided between them.
        named = [child for child in item.children if child.part in taken or not _is_numbered(item)]
        divided += sum(len(list(child.nodes())) for child in named if taken)
        taken |= {child.part for child in item.children}
    return sum(len(list(item.nodes())) for item in others) <= divided


def _joined(items: list[PendingItem]) -> PendingItem:
    """One module of its parts and of the items between them."""
    part = items[0].part
    children = [child for item in items for child in (item.children if item.part == part else [item])]
    return PendingItem(part, None, None, items[0].title, children)


def _unfolded(items: list[PendingItem]) -> list[PendingItem]:
    """Replace a group that has only numbered members by the members: `m` with `0` and `1` becomes `m.0` and `m.1`."""
    found: list[PendingItem] = []
    for item in items:
        if _is_numbered(item):
            found += [PendingItem(f"{item.part}.{c.part}", c.node, c.group, c.title, c.children) for c in item.children]
        else:
            found.append(item)
    return found


def _is_numbered(item: PendingItem) -> bool:
    """Whether an item is a group of numbered members alone."""
    if item.node is not None or not item.children or (item.group is not None and item.group.kind != "block"):
        return False
    return all(child.part.partition(".")[0].isdigit() for child in item.children)
