"""Compares two networks: fields, shapes, parameters and MACs of layers, inputs, outputs and totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cnncalc.analysis.alignment import align
from cnncalc.analysis.items import written_fields
from cnncalc.graph import Node, Producer
from cnncalc.shape import Flow
from cnncalc.subject import Before, Subject

TOTALS = {
    "parameters": "parameters", "trainable": "trainable", "buffers": "buffers", "macs": "MACs",
    "weights": "weight bytes", "peak_memory": "peak bytes",
}  # fmt: skip
BYTES = ("weights", "peak_memory")


class Change(NamedTuple):
    """A layer that differs: `before` is None for a new layer, `after` for a removed one.

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
    """Layers that differ, in order, the number of equal layers, and the totals, inputs and outputs of both networks.

    `renamed` has the rows whose written names differ, `twins` the layers whose automatic names have changed.
    """

    before: Subject
    after: Subject
    changes: list[Change]
    same: int
    renamed: list[tuple[str, str]]
    twins: dict[str, str]

    @property
    def totals(self) -> dict[str, tuple[int, int]]:
        counts = {key: (self.before.totals[key], self.after.totals[key]) for key in TOTALS if key not in BYTES}
        a, b = self.before.memory, self.after.memory
        return {**counts, "weights": (a.weights, b.weights), "peak_memory": (a.peak, b.peak)}

    @property
    def ends(self) -> list[tuple[str, Sequence[Producer], Sequence[Producer]]]:
        """Return `inputs` and `outputs`, before and after, if they differ."""
        both = (("inputs", self.before.inputs, self.after.inputs), ("outputs", self.before.outputs, self.after.outputs))
        return [(what, a, b) for what, a, b in both if self._flows(a, self.twins) != self._flows(b, {})]

    @staticmethod
    def _flows(sources: Sequence[Producer], twins: dict[str, str]) -> list[tuple[str, Flow | None]]:
        return [(twins.get(source.name, source.name), source.flow) for source in sources]

    def __bool__(self) -> bool:
        return bool(self.changes) or bool(self.ends) or any(a != b for a, b in self.totals.values())


def compare(before: Subject, after: Subject, *, same_text: bool = False) -> Difference:
    """Compare two networks. If both are of the `same_text`, layers are matched by name, automatic names included."""
    pairs, renamed = align(before, after, same_text=same_text)
    became = {a: b for a, b in pairs if a is not None}
    changes = []
    same = 0
    for a, b in pairs:
        if a is None or b is None:
            changes.append(Change(a, b, {}))
            continue
        fields = _fields(a, b, became)
        if fields or _facts(a) != _facts(b):
            changes.append(Change(a, b, fields))
        else:
            same += 1
    both = ((a, b) for a, b in pairs if a is not None and b is not None and not a.named and not b.named)
    twins = {a.name: b.name for a, b in both if a.name != b.name}
    return Difference(before, after, changes, same, renamed, twins)


def before(original: Subject, changed: Subject) -> Before:
    """Return the figures of `original`, and how many layers `changed`, the same file with other values, affects."""
    changes = [change for change in compare(original, changed, same_text=True).changes if change.after is not None]
    unknown = {node.name for node in changed.layers if node.shape is None}
    # Rows of an imported file behind a layer of unknown shape are read in another way: they are consequences.
    causes = {change.name for change in changes if change.fields or (change.before is None and change.name not in unknown)}
    flows = {source.name: source.flow for source in original.inputs}
    inputs = {source.name for source in changed.inputs if source.flow != flows.get(source.name)}
    known = all(node.shape is not None for side in (original, changed) for node in side.layers)
    return Before(original.totals if known else None, frozenset(causes | inputs), len(changes) - len(causes))


def _facts(node: Node) -> tuple[Any, ...]:
    reads = tuple(source.flow for source in node.inputs)
    return (node.kind, node.shape, reads, node.parameters, node.trainable, node.buffers, node.macs, node.shared is None)


def _fields(a: Node, b: Node, became: Mapping[Node, Node | None]) -> dict[str, tuple[Any, Any]]:
    """Return the hyper-parameters that differ, with both values."""
    if a.kind != b.kind and (a.merges is None or b.merges is None):
        return {"kind": (a.kind, b.kind)}
    first, second = written_fields(a), written_fields(b)
    names = {**first, **second}
    if a.merges is None and b.merges is None:
        # Windows written out per axis depend on the input: padding `same` on its size, any window on whether it is known.
        mine, theirs = a.layer.fields(None), b.layer.fields(None)
        names = {name: None for name in names if mine.get(name) != theirs.get(name)}
    found = {name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)}
    if (became.get(a.shared) if a.shared else None) is not b.shared:
        found["share"] = (a.shared.name if a.shared else None, b.shared.name if b.shared else None)
    return found
