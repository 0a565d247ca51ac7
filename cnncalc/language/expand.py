"""Rows → layers: blocks used, branches walked, rows repeated, names resolved, and each shape inferred on the way."""

from __future__ import annotations

from typing import Any

from cnncalc import values
from cnncalc.graph import Graph, Group, Input, Node, Producer
from cnncalc.infer import Inference
from cnncalc.language import misfit, mismatch
from cnncalc.language.document import Block, Document
from cnncalc.language.expression import UNKNOWN, Names, Unknown
from cnncalc.language.overrides import Override
from cnncalc.language.problems import Problems
from cnncalc.language.reading import Given, LayerReader
from cnncalc.language.rows import FAULTY, MERGES, Argument, Row, name_fault, number
from cnncalc.language.scope import Binding, Copy, Scope
from cnncalc.language.sharing import counterpart, share_block, share_layer, shared_branch
from cnncalc.language.suggest import did_you_mean
from cnncalc.language.template import evaluate
from cnncalc.language.uses import use_faults
from cnncalc.layers import KINDS, Join, Layer, Mismatch
from cnncalc.problem import Location
from cnncalc.shape import LayerError, Shape, Tokens
from cnncalc.values import Value, written
from cnncalc.window import FITS

MAX_ROWS = 200_000
MAX_NESTING = 100


class Unreadable(Layer):
    """Stands for a row that could not be read: nothing is known of what it gives."""


class Stop(Exception):
    """A limit is met: the walk ends here."""


class Expander:
    """Walks the rows of a document once, in order. `fit` replaces the file's where it is given."""

    def __init__(self, document: Document, problems: Problems, overrides: list[Override], check_expect: bool) -> None:
        self._document = document
        self._problems = problems
        self._overrides = [override for override in overrides if override.target is not None]
        self._check_expect = check_expect
        self._infer = Inference()
        self._reader = LayerReader(document, problems, self._overrides)
        self._joins: dict[str, Layer] = {}
        self._unreadable = Unreadable()
        self._rows_seen = 0
        self._depth = 0
        self.expected = False

    def run(self, fit: str) -> tuple[Graph, Scope]:
        """The network and the names of its top level."""
        document = self._document
        inputs = [Input(name, flow) for name, flow in document.inputs.items()]
        self.graph = Graph(inputs)
        only = inputs[0] if len(inputs) == 1 else None
        top = Scope(document.layers, only, None, dict(document.vars))
        top.fit = fit
        for source in inputs:
            top.names[source.name] = Binding([Copy(source)], False, 0)
        try:
            last = self._rows(top, only)
        except Stop:
            last = None
            self._problems.unusable = True
        self.graph.outputs = self._outputs(top, last)
        return self.graph, top

    def _outputs(self, top: Scope, last: Producer | None) -> list[Producer]:
        if not self._document.outputs:
            return [last] if last is not None else []
        found = []
        for name, at in self._document.outputs:
            try:
                source = top.find(name).source
            except LayerError as fact:
                self._problems.fact(fact, at, prefix="outputs: ")
                continue
            if source is not None:
                found.append(source)
        return found

    # Rows

    def _rows(self, scope: Scope, current: Producer | None) -> Producer | None:
        """What the rows of a scope give, the last one's result."""
        names = scope.body.static_names
        if names is None:
            names = self._computed_names(scope)
        for row, name in zip(scope.body.rows, names, strict=True):
            current = self._row(row, name, scope, current)
        return current

    def _computed_names(self, scope: Scope) -> list[str]:
        """The rows' names where some hold expressions; faults in them are reported, and such a row is named by its kind."""
        given: list[Value] = []
        stems = []
        names = Names(scope.texts, LayerError("in_channels cannot name a row", rule="expression"))
        seen: set[str] = set()
        for row in scope.body.rows:
            argument = row.row_keys.get("name")
            name = self._evaluate(argument, names, row) if argument is not None else None
            if argument is not None and argument.dynamic and name is not None:
                fault = name_fault(str(name)) or (f"the name {written(name)} is taken" if name in seen else None)
                if fault:
                    self._problems.add("name", argument.location, fault)
                    row.reported = True
                    name = None
            if isinstance(name, str):
                seen.add(name)
            given.append(name)
            stem = row.stem
            if isinstance(stem, Argument):
                stem = str(self._evaluate(stem, names, row) or row.kind)
            stems.append(stem)
        return number(given, stems)

    def _evaluate(self, argument: Argument, names: Names, row: Row, layer: str | None = None) -> Value:
        """A row key's value; None where it cannot be had, which has then been reported of `layer`."""
        if argument.value is FAULTY:
            return None
        try:
            return evaluate(argument.value, names)
        except LayerError as fact:
            self._problems.fact(fact, argument.location, layer=layer)
        except Unknown:
            pass
        row.broken = True
        return None

    def _row(self, row: Row, base: str, scope: Scope, current: Producer | None) -> Producer | None:
        keys = row.row_keys
        if not keys and row.static is not None and scope.peer is None and not self._overrides:
            self._rows_seen += 1
            if self._rows_seen > MAX_ROWS:
                self._limit(row)
            name = scope.prefix + base
            node = self._layer(row, name, row.static, scope.fit, scope, self._reading(current, row, row.static, name))
            node.frozen = scope.frozen
            scope.names[base] = Binding([Copy(node)], False, row.at.line)
            return node
        source = self._from(keys["from"], row, scope.prefix + base, scope, current) if "from" in keys else current
        count = self._repeat(row, base, scope, source) if "repeat" in keys else None
        copies: list[Copy] = []
        # Bound before it is walked: a branch may read, by its full name, what stands in an earlier branch or copy.
        scope.names[base] = Binding(copies, count is not None, row.at.line)
        for k in range(1 if count is None else count):
            self._rows_seen += 1
            if self._rows_seen > MAX_ROWS:
                self._limit(row)
            copy = Copy(None)
            copies.append(copy)
            self._copy(row, base, None if count is None else k, count, scope, source, copy)
            source = copy.source
        if count == 0:
            return current
        if "expect" in keys:
            self._row_expect(row, keys["expect"], scope.prefix + base, scope, source)
        return source

    def _limit(self, row: Row) -> None:
        message = f"the network has more than {MAX_ROWS:,} rows after expansion; block and branches rows count too"
        self._problems.add("limit", row.row_keys["repeat"].location if "repeat" in row.row_keys else row.kind_at, message)
        raise Stop

    def _from(self, argument: Argument, row: Row, layer: str, scope: Scope, current: Producer | None) -> Producer:
        name = self._evaluate(argument, self._names(scope.texts, current), row, layer)
        source: Producer | None = None
        if isinstance(name, str):
            source = self._find(name, layer, scope, argument.location)
        elif name is not None:
            said = f"from is the name of one row, not {written(name)}; add and concat join several"
            self._problems.add("value", argument.location, said, layer=layer)
        return source if source is not None else Input(written(name), None)

    def _find(self, name: str, layer: str, scope: Scope, at: Location) -> Producer | None:
        """What `layer` calls `name`; None where there is no such row, which is reported."""
        try:
            return scope.find(name).source
        except LayerError as fact:
            self._problems.fact(fact, at, layer=layer)
            return None

    def _repeat(self, row: Row, base: str, scope: Scope, source: Producer | None) -> int:
        argument = row.row_keys["repeat"]
        layer = scope.prefix + base
        value = self._evaluate(argument, self._names(scope.texts, source), row, layer)
        if value is None:
            return 1
        count = values.integer(value) if isinstance(value, str) else None
        if count is None or count < 0:
            said = f"repeat is a whole number of at least 0, not {written(value)}"
            self._problems.add("value", argument.location, said, layer=layer)
            return 1
        if self._rows_seen + count > MAX_ROWS:
            self._problems.add(
                "limit",
                argument.location,
                f"repeat {written(value)} makes more than {MAX_ROWS:,} rows; a network has at most that many after expansion",
            )
            raise Stop
        return count

    def _names(self, texts: dict[str, Value | object], source: Producer | None) -> Names:
        flow = source.flow if source is not None else None
        if isinstance(flow, Tokens):
            return Names(
                texts, LayerError("tokens have no channels; in_channels is known behind an embedding", rule="expression")
            )
        return Names(texts, flow.channels if flow is not None else UNKNOWN)

    def _reading(self, source: Producer | None, row: Row, layer: Layer | None, name: str) -> Producer:
        """What a row reads; in a network of several inputs one that says nothing is told to, unless it joins rows by name."""
        if source is not None:
            return source
        joins = isinstance(layer, Join) and isinstance(layer.value("names"), tuple)
        if not joins and not row.broken and self.graph.inputs:
            inputs = " or ".join(f"from: {i.name}" for i in self.graph.inputs)
            said = f"the network has several inputs, and {name} does not say which it reads; write {inputs}"
            self._problems.add("missing", row.kind_at, said, layer=name)
        return Input("?", None)

    def _copy(
        self, row: Row, base: str, k: int | None, count: int | None, scope: Scope, source: Producer | None, copy: Copy
    ) -> None:
        """Fills one copy of a row: a layer, a use of a block, or branches."""
        name = f"{scope.prefix}{base}" if k is None else f"{scope.prefix}{base}.{k}"
        texts = scope.texts if k is None else {**scope.texts, "i": str(k)}
        fit = self._word(row, name, "fit", FITS, texts, source) or scope.fit
        trainable = self._word(row, name, "trainable", ("true", "false"), texts, source)
        frozen = scope.frozen or trainable == "false"
        path = (*scope.path, (base, k, k is None or k + 1 == count)) if self._overrides else ()
        given = self._reader.given(row, name, path)
        peer = self._peer(row, name, base, k, scope, texts, source)
        if row.broken or row.reported:
            self._problems.name_row(row.at, name)
        if row.kind == "block" or row.kind == "branches":
            inner = Scope(scope.body, source, scope, texts)
            inner.prefix = f"{name}."
            inner.fit, inner.frozen = fit, frozen
            inner.path = path
            self._depth += 1
            if self._depth > MAX_NESTING:
                self._problems.add("limit", row.kind_at, f"blocks and branches are nested more than {MAX_NESTING} levels deep")
                raise Stop
            copy.inner = inner
            walk = self._block if row.kind == "block" else self._branches
            copy.source = walk(row, name, inner, source, given, peer)
            copy.title = inner.group.title if row.kind == "block" and inner.group is not None else ""
            self._depth -= 1
            return
        layer = row.static if not given and not row.dynamic else self._reader.read(row, name, self._names(texts, source), given)
        node = self._layer(row, name, layer, fit, scope, self._reading(source, row, layer, name))
        node.frozen = frozen
        if peer is not None:
            share_layer(row, node, peer, self._problems)
        copy.source = node

    def _word(
        self, row: Row, layer: str, key: str, words: tuple[str, ...], texts: dict[str, Value | object], source: Producer | None
    ) -> str | None:
        argument = row.row_keys.get(key)
        if argument is None:
            return None
        value = self._evaluate(argument, self._names(texts, source), row, layer)
        if value is None:
            return None
        if isinstance(value, str) and values.boolean(value) is not None:
            # True and TRUE are true as well.
            value = value.lower()
        if value not in words:
            said = ", ".join(words[:-1]) + f" or {words[-1]}"
            self._problems.add("value", argument.location, f"{key} is {said}, not {written(value)}", layer=layer)
            return None
        return str(value)

    # Layers

    def _layer(self, row: Row, name: str, layer: Layer | None, fit: str, scope: Scope, source: Producer) -> Node:
        """A layer in its place, its shape inferred and what is wrong with it reported."""
        inputs: tuple[Producer, ...] = (source,)
        if layer is None:
            layer, inputs = self._unreadable, (Input(source.name, None),)
        elif isinstance(layer, Join):
            inputs = self._joined(row, name, layer, scope, source)
        inferred = self._infer(layer, tuple(s.flow for s in inputs), fit)
        node = Node(name, row.kind, layer, inputs, inferred, row.at, scope.group, fit, "name" in row.row_keys)
        self.graph.nodes.append(node)
        if inferred.fault is not None:
            self._fault(row, node, inferred.fault)
        elif not inferred.fits and fit == "exact" and "stride-fit" not in self._problems.ignored:
            if not self._problems.known("stride-fit", row.kind_at, name):
                message, fixes = misfit.explain(node, row)
                self._problems.add("stride-fit", row.kind_at, message, layer=name, fixes=fixes)
        return node

    def _joined(self, row: Row, own: str, layer: Join, scope: Scope, source: Producer) -> tuple[Producer, ...]:
        """What a join reads: the row above and one name, or the names alone."""
        names = layer.value("names")
        node = row.fields[row.kind].node if row.kind in row.fields else row.node
        items = getattr(node, "items", None)
        found: list[Producer] = [source] if isinstance(names, str) else []
        for i, name in enumerate((names,) if isinstance(names, str) else names):
            at = row.fields[row.kind].location if not isinstance(items, list) else _at(items[i])
            found.append(self._find(name, own, scope, at) or Input(name, None))
        return tuple(found)

    def _fault(self, row: Row, node: Node, fact: LayerError) -> None:
        if isinstance(fact, Mismatch):
            at = row.at
        else:
            key = fact.field
            if row.layer is not None and row.layer.main is not None and key == row.layer.main.name:
                key = row.kind
            at = row.fields[key].location if key in row.fields else row.kind_at
        if self._problems.known(fact.rule, at, node.name):
            return
        if isinstance(fact, Mismatch):
            message = mismatch.explain(node, fact, self._problems.layout)
        else:
            message = f"{node.name}: {fact.text(self._problems.layout)}"
            if any(isinstance(source, Input) for source in node.inputs):
                message += mismatch.batch_hint(node.inputs[0].flow, self._problems.layout)
        self._problems.add(fact.rule, at, message, layer=node.name)

    # Blocks and branches

    def _block(
        self, row: Row, name: str, inner: Scope, source: Producer | None, given: Given, peer: Copy | None
    ) -> Producer | None:
        """One use of a block: its arguments evaluated here, once, its rows walked in a scope of their own."""
        argument = row.fields["block"]
        names = self._names(inner.texts, source)
        title = self._evaluate(argument, names, row, name)
        block = self._document.blocks.get(title) if isinstance(title, str) else None
        if block is None or (row.broken and not argument.dynamic):
            if argument.dynamic and title is not None:
                said = f"there is no block {written(title)}{did_you_mean(written(title), self._document.blocks)}"
                self._problems.add("unknown-name", argument.location, said, layer=name)
            return self._lost(row, name, inner)
        if argument.dynamic and not self._usable(row, name, block):
            return self._lost(row, name, inner)
        if any(scope.body is block.body for scope in inner.outward()):
            self._problems.add("cycle", argument.location, f"block {block.name} contains itself", layer=name)
            return self._lost(row, name, inner)
        inner.texts = self._arguments(row, name, block, names, given)
        inner.body = block.body
        start, named = len(self.graph.nodes), "name" in row.row_keys
        inner.group = group = Group(name, "block", block.name, row.at, inner.group, start, source, named)
        self.graph.groups.append(group)
        if peer is not None:
            share_block(row, name, block.name, inner, peer, self._problems)
        group.result = self._rows(inner, source)
        return group.result

    def _lost(self, row: Row, name: str, inner: Scope) -> Producer:
        """Stands for a use of a block that cannot be walked, so that its row is not missing among the layers."""
        return self._layer(row, name, None, inner.fit, inner, Input("?", None))

    def _usable(self, row: Row, name: str, block: Block) -> bool:
        """Whether a use of a block whose name is computed gives what the block needs."""
        faults = use_faults(row, block)
        for rule, at, message in faults:
            self._problems.add(rule, at, message, layer=name)
        return not faults

    def _arguments(self, row: Row, name: str, block: Block, names: Names, given: Given) -> dict[str, Value | object]:
        """The file's vars and the block's parameters, as text; UNKNOWN where a shape that is not known is needed."""
        texts: dict[str, Value | object] = dict(self._document.vars)
        inside = Names(texts, names.channels)
        for parameter, default in block.parameters.items():
            argument = row.fields.get(parameter, default)
            if parameter in given:
                texts[parameter] = given[parameter][0]
                continue
            if argument is None or argument.value is FAULTY:
                texts[parameter] = UNKNOWN
                continue
            try:
                texts[parameter] = evaluate(argument.value, names if parameter in row.fields else inside)
            except LayerError as fact:
                self._problems.fact(fact, argument.location, prefix=f"{name}: ", layer=name)
                texts[parameter] = UNKNOWN
            except Unknown:
                texts[parameter] = UNKNOWN
        return texts

    def _branches(self, row: Row, name: str, inner: Scope, source: Producer | None, given: Given, peer: Copy | None) -> Producer:
        """Branches that all read the same input, and their merge, which the row's name stands for."""
        outer = inner.group
        named = "name" in row.row_keys
        group = Group(name, "branches", "", row.at, outer, len(self.graph.nodes), source, named)
        self.graph.groups.append(group)
        inner.group = group
        ends: list[Producer] = []
        labels = []
        for label, body in row.branches.items():
            scope = Scope(body, source, inner, inner.texts)
            scope.prefix = f"{name}.{label}."
            scope.path = (*inner.path, (label, None, True)) if self._overrides else ()
            start = len(self.graph.nodes)
            scope.group = Group(f"{name}.{label}", "branch", label, row.at, group, start, source, named=True)
            self.graph.groups.append(scope.group)
            scope.peer = shared_branch(row, name, label, peer, self._problems) if peer is not None else None
            end = self._rows(scope, source)
            scope.group.result = end
            ends.append(end if end is not None else Input("?", None))
            labels.append(label)
            inner.names[label] = Binding([Copy(end, scope)], False, row.at.line)
        wanted = row.fields.get("merge")
        merge = self._evaluate(wanted, self._names(inner.texts, source), row, name) if wanted is not None else None
        layer = self._unreadable if merge not in MERGES or not ends else self._merge(str(merge))
        if wanted is not None and merge is not None and merge not in MERGES and wanted.dynamic:
            said = f"merge is {', '.join(MERGES[:-1])} or {MERGES[-1]}, not {written(merge)}"
            self._problems.add("value", wanted.location, said, layer=name)
        if layer is self._unreadable:
            ends = ends or [Input("?", None)]
            inferred = self._infer(layer, (None,), inner.fit)
        else:
            inferred = self._infer(layer, tuple(end.flow for end in ends), inner.fit)
        group.title = layer.kind
        node = Node(name, "branches", layer, tuple(ends), inferred, row.at, outer, inner.fit, named)
        node.labels = tuple(labels)
        self.graph.nodes.append(node)
        group.result = node
        if inferred.fault is not None:
            self._fault(row, node, inferred.fault)
        return node

    def _merge(self, kind: str) -> Layer:
        layer = self._joins.get(kind)
        if layer is None:
            layer = self._joins[kind] = KINDS[kind](names=())
        return layer

    def _peer(
        self,
        row: Row,
        layer: str,
        base: str,
        k: int | None,
        scope: Scope,
        texts: dict[str, Value | object],
        source: Producer | None,
    ) -> Copy | None:
        """The row whose weights this one uses: by its own `share`, or by that of a block around it."""
        argument = row.row_keys.get("share")
        if argument is None:
            return counterpart(row, base, k, scope, self._problems)
        name = self._evaluate(argument, self._names(texts, source), row, layer)
        if isinstance(name, str):
            try:
                return scope.find(name)
            except LayerError as fact:
                self._problems.fact(fact, argument.location, layer=layer)
        elif name is not None:
            said = f"share is the name of one row, not {written(name)}"
            self._problems.add("value", argument.location, said, layer=layer)
        return None

    def _row_expect(self, row: Row, argument: Argument, layer: str, scope: Scope, source: Producer | None) -> None:
        self.expected = True
        if not self._check_expect:
            return
        value = self._evaluate(argument, self._names(scope.texts, None), row, layer)
        if value is None:
            return
        try:
            expected = values.shape(value, self._problems.layout)
        except LayerError as fact:
            self._problems.fact(fact, argument.location, prefix="expect: ", layer=layer)
            return
        flow = source.flow if source is not None else None
        if isinstance(flow, Shape) and flow != expected and source is not None:
            layout = self._problems.layout
            said = f"{source.name} gives {flow.text(layout)}, and {expected.text(layout)} is expected"
            self._problems.add("expect", argument.location, said, layer=source.name)


def _at(node: Any) -> Location:
    return Location(node.line, node.column, node.end_line, node.end_column)
