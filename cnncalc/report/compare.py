"""What differs between two networks: layers matched by name, then by place; fields, shapes, parameters, MACs and totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnncalc.graph import Node
from cnncalc.report import words
from cnncalc.report.subject import Before, Subject

TOTALS = {"parameters": "parameters", "trainable": "trainable", "buffers": "buffers", "macs": "MACs"}


class Change(NamedTuple):
    """A layer that is not as it was: `before` is None for a new one, `after` for one that is gone.

    `fields` has the values before and after of the hyper-parameters that differ.
    """

    before: Node | None
    after: Node | None
    fields: dict[str, tuple[Any, Any]]

    @property
    def status(self) -> str:
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def name(self) -> str:
        node = self.after or self.before
        return node.name if node is not None else ""


class Difference(NamedTuple):
    """Layers that differ, in order, how many are the same, and the totals, inputs and outputs of both."""

    before: Subject
    after: Subject
    changes: list[Change]
    same: int

    @property
    def totals(self) -> dict[str, tuple[int, int]]:
        return {key: (self.before.totals[key], self.after.totals[key]) for key in TOTALS}

    def __bool__(self) -> bool:
        ends = _ends(self.before) != _ends(self.after)
        return bool(self.changes) or ends or any(a != b for a, b in self.totals.values())


def _ends(subject: Subject) -> list[tuple[str, str]]:
    return [(s.name, words.flow(s.flow, "channels_last")) for s in (*subject.inputs, *subject.outputs)]


def compare(before: Subject, after: Subject) -> Difference:
    """What became of `before`."""
    changes = []
    same = 0
    for a, b in _pairs(before.layers, after.layers):
        if a is None or b is None:
            changes.append(Change(a, b, {}))
        elif differs(a, b):
            changes.append(Change(a, b, _fields(a, b)))
        else:
            same += 1
    return Difference(before, after, changes, same)


def before(original: Subject, changed: Subject) -> Before:
    """The totals of `original`, and which layers of `changed` are not as they were there."""
    names = frozenset(change.after.name for change in compare(original, changed).changes if change.after is not None)
    return Before(original.totals, names)


def differs(a: Node, b: Node) -> bool:
    """Whether two layers in their places differ in anything but the place."""
    return _facts(a) != _facts(b) or _fields(a, b) != {}


def _facts(node: Node) -> tuple[Any, ...]:
    reads = tuple(source.flow for source in node.inputs)
    return (node.kind, node.shape, reads, node.parameters, node.trainable, node.buffers, node.macs, node.shared is None)


def _fields(a: Node, b: Node) -> dict[str, tuple[Any, Any]]:
    if a.layer is b.layer and [s.name for s in a.inputs] == [s.name for s in b.inputs]:
        return {}
    first, second = a.fields, b.fields
    if a.kind != b.kind:
        return {"kind": (a.kind, b.kind)}
    found = {name: (first.get(name), second.get(name)) for name in {**first, **second} if first.get(name) != second.get(name)}
    # What a join or a later row reads is called otherwise where rows were put between; only names written down count.
    found.pop("names", None)
    if (a.shared.name if a.shared else None) != (b.shared.name if b.shared else None):
        found["share"] = (a.shared.name if a.shared else None, b.shared.name if b.shared else None)
    return found


def _pairs(first: Sequence[Node], second: Sequence[Node]) -> list[tuple[Node | None, Node | None]]:
    """Layers of the same name, then, between two such, those of the same kind in order; the rest stands alone."""
    places = {node.name: i for i, node in enumerate(second)}
    found: list[tuple[Node | None, Node | None]] = []
    rest: list[Node] = []
    done = 0
    for node in first:
        place = places.get(node.name)
        if place is None or place < done:
            rest.append(node)
            continue
        found += _unnamed(rest, second[done:place])
        rest = []
        found.append((node, second[place]))
        done = place + 1
    return found + _unnamed(rest, second[done:])


def _unnamed(first: Sequence[Node], second: Sequence[Node]) -> list[tuple[Node | None, Node | None]]:
    """Layers without a namesake between two that have one: by kind, in order."""
    found: list[tuple[Node | None, Node | None]] = []
    left = list(first)
    for node in second:
        twin = next((other for other in left if other.kind == node.kind), None)
        while twin is not None and left[0] is not twin:
            found.append((left.pop(0), None))
        if twin is not None:
            left.pop(0)
        found.append((twin, node))
    return found + [(node, None) for node in left]
