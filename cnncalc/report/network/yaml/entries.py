"""The content of an outline's rows: kind, fields and keys as text, with the names of their inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cnncalc.graph import Node, Producer
from cnncalc.layers import Join
from cnncalc.report.network.yaml.fields import default_of, fields_of
from cnncalc.report.network.yaml.outline import GraphOutline, OutlineRow, RowList, nodes_below


@dataclass(slots=True, eq=False)
class Entry:
    """One row. `values` has the kind's value first, under the kind's name (empty for none), then its fields."""

    kind: str
    name: str
    values: dict[str, str]
    #: Row keys such as `from`, `repeat`, `fit`.
    keys: dict[str, str] = field(default_factory=dict)
    #: The title of a block's use, and its rows.
    title: str = ""
    body: list[Entry] | None = None
    branches: dict[str, list[Entry]] = field(default_factory=dict)
    #: The default values of fields that can be left out.
    defaults: dict[str, str] = field(default_factory=dict)

    def nested(self) -> Iterator[Entry]:
        """Entries of its branches, at any depth, but not of the block that it uses."""
        for rows in self.branches.values():
            for entry in rows:
                yield entry
                yield from entry.nested()


class Entries:
    """Makes the entries of an outline. Raises Hidden."""

    def __init__(self, outline: GraphOutline, layout: str, fit: str) -> None:
        self._outline = outline
        self._layout = layout
        self._fit = fit
        #: Whether the rows are in a block that shares all its weights.
        self._sharing = False

    def of(self, scope: RowList) -> list[Entry]:
        """The rows of a scope; of a repeated row the first copy, with the number of copies."""
        found: list[Entry] = []
        current = scope.input
        for row in scope.rows:
            if row.index:
                current = row.result
                continue
            entry = self._entry(row, scope, current)
            if row.index == 0:
                entry.keys["repeat"] = str(len(row.copies))
            found.append(entry)
            current = row.result
        return found

    def _entry(self, row: OutlineRow, scope: RowList, current: Producer | None) -> Entry:
        if row.inner is not None:
            peer = self._peer(row) if not self._sharing else None
            self._sharing = self._sharing or peer is not None
            entry = Entry("block", row.name, {}, title=row.title, body=self.of(row.inner))
            self._from(entry, row.inner.input, scope, current)
            if peer is not None:
                self._sharing = False
                entry.keys["share"] = self._outline.name_of(peer, scope)
            return entry
        node = row.node
        assert node is not None
        if row.branches:
            entry = Entry("branches", row.name, {"merge": node.layer.kind})
            first = next(iter(row.branches.values()))
            self._from(entry, first.input, scope, current)
            entry.branches = {label: self.of(inner) for label, inner in row.branches.items()}
            return entry
        return self._layer(row.name, node, scope, current)

    def _layer(self, name: str, node: Node, scope: RowList, current: Producer | None) -> Entry:
        layer = node.layer
        if isinstance(layer, Join) and len(node.inputs) == 1:
            # The first copy of a dense block's layer. A row joins two results or more; a join of one result is that result.
            entry = Entry("identity", name, {"identity": ""})
            self._from(entry, node.inputs[0], scope, current)
            return entry
        main = layer.main.name if layer.main is not None else None
        fields = fields_of(layer, self._layout)
        entry = Entry(layer.kind, name, {layer.kind: fields.pop(main, "") if main is not None else ""})
        entry.values.update(fields)
        for option in layer.stored:
            default = default_of(layer, option, self._layout)
            if default is not None:
                entry.defaults[layer.kind if option == main else option] = default
        if isinstance(layer, Join):
            entry.values[layer.kind] = self._joined(node, scope, current)
        elif len(node.inputs) > 1:
            entry.keys["from"] = f"[{', '.join(self._name(source, scope) for source in node.inputs)}]"
        elif node.inputs:
            self._from(entry, node.inputs[0], scope, current)
        if not node.fits and node.fit != self._fit:
            entry.keys["fit"] = node.fit
        if node.shared is not None and not self._sharing:
            entry.keys["share"] = self._outline.reference(node.shared, scope, exact=True)
        if node.frozen and node.weights and node.shared is None:
            entry.keys["trainable"] = "false"
        return entry

    def _from(self, entry: Entry, source: Producer | None, scope: RowList, current: Producer | None) -> None:
        if source is not None and source is not current:
            entry.keys["from"] = self._name(source, scope)

    def _joined(self, node: Node, scope: RowList, current: Producer | None) -> str:
        """The rows that a join reads: one beside the row above, or a list."""
        if len(node.inputs) == 2 and node.inputs[0] is current:
            return self._name(node.inputs[1], scope)
        names: list[str] = []
        sources = list(node.inputs)
        while sources:
            copies = self._copies(sources, scope)
            if copies is not None:
                names.append(copies[0])
                del sources[: copies[1]]
            else:
                names.append(self._name(sources.pop(0), scope))
        return f"[{', '.join(names)}]"

    def _copies(self, sources: list[Producer], scope: RowList) -> tuple[str, int] | None:
        """`name.*` and the number of copies, if the next sources are all copies of a repeated row of this scope."""
        for row in scope.rows:
            if row.index == 0:
                results = [copy.result for copy in row.copies]
                if len(sources) >= len(results) and all(a is b for a, b in zip(results, sources, strict=False)):
                    return f"{row.name}.*", len(results)
        return None

    def _name(self, source: Producer, scope: RowList) -> str:
        return self._outline.reference(source, scope)

    def _peer(self, row: OutlineRow) -> OutlineRow | None:
        """The use of the same block whose weights all layers of this one use."""
        nodes = nodes_below(row)
        first = next((node.shared for node in nodes if node.shared is not None), None)
        other = self._outline.rows[first] if first is not None else None
        while other is not None:
            if other.inner is not None:
                theirs = nodes_below(other)
                pairs = zip(nodes, theirs, strict=False)
                if len(nodes) == len(theirs) and all(a.kind == b.kind and (not a.weights or a.shared is b) for a, b in pairs):
                    return other
            other = other.scope.owner
        return None

    def outputs(self, producers: list[Producer]) -> list[str]:
        """The names of the network's outputs; none if it is the last row alone."""
        top = self._outline.top
        last = top.rows[-1].result if top.rows else None
        if len(producers) == 1 and producers[0] is last:
            return []
        return [self._name(producer, top) for producer in producers]
