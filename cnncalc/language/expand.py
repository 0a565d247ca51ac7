"""Expands rows to layers: blocks, branches, repeated rows and names are resolved here; the builder makes the layers."""

from __future__ import annotations

from typing import Any

from cnncalc.build.builder import Builder
from cnncalc.build.cache import Cache
from cnncalc.build.changes import Changes, Given
from cnncalc.build.problems import Problems
from cnncalc.graph import Graph, Input, Node, Producer
from cnncalc.language.again import BlockUse, Uses
from cnncalc.language.content import Block, Document, Rows
from cnncalc.language.expectations import check_row
from cnncalc.language.expression import Texts
from cnncalc.language.fields import Joined, LayerReader
from cnncalc.language.keys import KeyReader
from cnncalc.language.limits import MAX_NESTING, RowCounter, Stop
from cnncalc.language.names import are_names
from cnncalc.language.repeats import ModelCopy, Repeater
from cnncalc.language.row import MERGES, Argument, Row
from cnncalc.language.scope import Binding, Copy, Scope
from cnncalc.language.sharing import counterpart, named_peer, share_block, share_layer, shared_branch
from cnncalc.language.source import Sequence, location
from cnncalc.language.uses import arguments, use_faults
from cnncalc.layers import Layer
from cnncalc.layers.option import RowNames
from cnncalc.problem import Location
from cnncalc.shape import LayerError
from cnncalc.spelling import listed
from cnncalc.values import written
from cnncalc.window import FITS


class Expander:
    """Walks the rows of a document once, in order."""

    def __init__(
        self, document: Document, problems: Problems, changes: Changes, inputs: dict[str, Any], rows: Rows, cache: Cache
    ) -> None:
        self._document = document
        self._problems = problems
        self._changes = changes
        self._inputs = inputs
        self._sets_fields = bool(changes.fields)
        self._uses = Uses(cache, document, problems.ignored, changed=bool(changes))
        self._builder = Builder(problems, changes, cache.infer, self._uses.graph)
        self._reader = LayerReader(problems, cache)
        self._keys = KeyReader(problems, rows)
        self._cache = cache
        self._counter = RowCounter(problems)
        self._depth = 0
        self.expected = False  # whether any row has `expect`

    def run(self) -> tuple[Graph, Scope]:
        """Return the network and the scope of its top level."""
        document = self._document
        inputs = [
            self._builder.input(name, flow, document.input_locations.get(name, Location())) for name, flow in self._inputs.items()
        ]
        only = inputs[0] if len(inputs) == 1 else None
        top = Scope(document.layers, only, None, (document.vars,))
        top.fit = self._changes.fit or document.fit
        for source in inputs:
            top.names[source.name] = Binding([Copy(source)], False)
        try:
            last = self._rows(top, only)
        except Stop:
            last = None
            self._problems.unusable = True
        named = document.outputs
        self._builder.outputs(top.results(named, self._problems) if named else [last] if last is not None else [])
        if not self._problems.unusable:
            self._uses.finish(self._builder.graph)
        return self._builder.graph, top

    # Rows

    def _rows(self, scope: Scope, current: Producer | None) -> Producer | None:
        """Expand the rows of a scope; return the result of the last one."""
        names = scope.body.static_names
        if names is None:
            names = self._keys.names(scope.body, scope.texts)
        for row, name in zip(scope.body.rows, names, strict=True):
            current = self._row(row, name, scope, current)
        return current

    def _row(self, row: Row, base: str, scope: Scope, current: Producer | None) -> Producer | None:
        keys = row.row_keys
        if not keys and row.is_plain and scope.peer is None and not self._sets_fields:
            self._counter.add(row)
            name, layer, joins = scope.prefix + base, row.static, row.joins
            if row.dynamic:
                layer, joins = self._read(row, name, scope.texts, current, {})
            node = self._layer(row, name, layer, scope.fit_for(row.layer), scope.frozen, scope, current, joins)
            scope.names[base] = Binding([Copy(node)], False)
            return node
        source = self._from(keys["from"], row, scope.prefix + base, scope, current) if "from" in keys else current
        count = self._keys.repeat(row, scope.prefix + base, scope.texts, source) if "repeat" in keys else None
        if count is not None:
            self._counter.expect(row, count)
        # The name is bound before the row is expanded: a branch may read a row of an earlier branch or copy by its full name.
        scope.names[base] = binding = Binding([], count is not None)
        repeater = Repeater(row, self._document.blocks, self._builder.graph)
        for k in range(1 if count is None else count):
            self._counter.add(row)
            copy = Copy(None)
            binding.copies.append(copy)
            model = repeater.model if k and not self._changes and scope.peer is None and self._builder.before is None else None
            if model is not None and source is not None and model.rows <= self._counter.left:
                self._repeat(model, f"{scope.prefix}{base}.{k}", scope, source, copy)
            else:
                seen, reports = self._counter.seen, self._problems.reports
                self._copy(row, base, None if count is None else k, count, scope, source, copy)
                repeater.expanded(copy, self._counter.seen - seen, sound=self._problems.reports == reports)
            source = copy.source
            binding.results.append(source or Input(base, None))
        if count == 0:
            # A row that stands 0 times has a name and no layer, so that equal layers do not mean equal names.
            self._builder.before = None
            return current
        if "expect" in keys:
            self.expected = True
            if not self._changes:
                value = self._keys.value(keys["expect"], scope.texts, None, row, scope.prefix + base)
                check_row(keys["expect"], value, scope.prefix + base, source, self._problems)
        return source

    def _from(self, argument: Argument, row: Row, layer: str, scope: Scope, current: Producer | None) -> Producer:
        name = self._keys.value(argument, scope.texts, current, row, layer)
        source: Producer | None = None
        if isinstance(name, str):
            source = self._find(name, layer, scope, argument.location)
        elif row.layer is not None and row.layer.opaque and are_names(name):
            # Only a custom layer reads several rows without joining them; `_layer` looks up all of them.
            source = self._find(name[0], layer, scope, argument.location)
        elif name is not None:
            message = f"from is the name of one row, not {written(name)}; add and concat join several"
            self._problems.add("value", argument.location, message, layer=layer)
        return source if source is not None else Input(written(name), None)

    def _find(self, name: str, layer: str, scope: Scope, at: Location) -> Producer | None:
        """Return the result that `layer` refers to as `name`; report it and return None if there is no such row."""
        try:
            return scope.find(name).source
        except LayerError as error:
            self._problems.error(error, at, layer=layer)
            return None

    def _unstated(self, row: Row, name: str, *, alone: bool) -> Producer:
        """Stand for an input that neither the row nor its place states; reported if the network has several, unless `alone`."""
        if not alone and not row.broken and self._builder.graph.inputs:
            inputs = listed([f"from: {one.name}" for one in self._builder.graph.inputs])
            message = f"the network has several inputs, and {name} does not say which it reads; write one of {inputs}"
            self._problems.add("missing", row.kind_at, message, layer=name)
        return Input("?", None)

    def _copy(
        self, row: Row, base: str, k: int | None, count: int | None, scope: Scope, source: Producer | None, copy: Copy
    ) -> None:
        """Expand one copy of a row: a layer, a use of a block, or branches."""
        name = f"{scope.prefix}{base}" if k is None else f"{scope.prefix}{base}.{k}"
        texts = scope.texts if k is None else self._counted(scope.texts, k)
        keys = row.row_keys
        fit = (self._keys.word(row, name, "fit", FITS, texts, source) if "fit" in keys else None) or scope.fit_for(row.layer)
        trainable = self._keys.word(row, name, "trainable", ("true", "false"), texts, source) if "trainable" in keys else None
        frozen = scope.frozen or trainable == "false"
        path = (*scope.path, (base, k, k is None or k + 1 == count)) if self._sets_fields else ()
        given = self._given(row, name, path) if self._sets_fields else {}
        peer = self._peer(row, name, base, k, scope, texts, source) if "share" in keys or scope.peer is not None else None
        if row.broken or row.reported:
            self._problems.name_row(row.at, name)
        if row.kind == "block" or row.kind == "branches":
            inner = Scope(scope.body, source, scope, texts)
            inner.prefix = f"{name}."
            inner.fit, inner.frozen = fit, frozen
            inner.path = path
            self._depth += 1
            if self._depth > MAX_NESTING:
                if self._problems.has("cycle"):
                    # A long cycle of blocks has been reported as such.
                    copy.source = self._lost(row, name, inner)
                    self._depth -= 1
                    return
                self._problems.add("limit", row.kind_at, f"blocks and branches are nested more than {MAX_NESTING} levels deep")
                raise Stop
            copy.inner = inner
            walk = self._block if row.kind == "block" else self._branches
            copy.source = walk(row, name, inner, source, given, peer, copy)
            self._depth -= 1
            return
        layer, joins = row.static, row.joins
        if given or row.dynamic:
            layer, joins = self._read(row, name, texts, source, given)
        node = self._layer(row, name, layer, fit, frozen, scope, source, joins)
        if peer is not None:
            share_layer(row, node, peer, self._builder, self._problems)
        copy.source = node

    def _counted(self, texts: Texts, k: int) -> Texts:
        """Return the texts that copy `k` of a repeated row sees."""
        return {"i": str(k)}, *texts

    def _read(self, row: Row, name: str, texts: Texts, source: Producer | None, given: Given) -> tuple[Layer | None, Joined]:
        """Return the layer of a row that has expressions or fields set by `--set`, and the rows it joins."""
        return self._reader.read(row, name, texts, source, given)

    def _given(self, row: Row, name: str, path: tuple[tuple[str, int | None, bool], ...]) -> Given:
        """Return the fields of a row, or the arguments of a block, that `--set` sets."""
        block = self._document.blocks.get(str(row.fields["block"].value)) if "block" in row.fields else None
        return self._builder.changes_of(name, path, row.layer, tuple(block.parameters) if block is not None else ())

    def _layer(
        self,
        row: Row,
        name: str,
        layer: Layer | None,
        fit: str,
        frozen: bool,
        scope: Scope,
        source: Producer | None,
        joins: Joined,
    ) -> Node:
        """Make the layer of a row. It reads the row above; a join reads the rows that it names, `joins`."""
        reads_nothing = layer is not None and layer.accepts == "nothing"
        above = source or self._unstated(row, name, alone=reads_nothing or isinstance(joins, tuple))
        inputs: tuple[Producer, ...] = () if reads_nothing else (above,)
        if layer is not None and joins is not None:
            inputs = self._joined(row, name, joins, scope, above)
        elif layer is not None and layer.opaque and "from" in row.row_keys:
            argument = row.row_keys["from"]
            names = self._keys.value(argument, scope.texts, source, row, name)
            if are_names(names):
                more = [self._find(one, name, scope, argument.location) for one in names[1:]]
                inputs = (above, *(one or Input("?", None) for one in more))
        return self._builder.layer(
            name,
            layer,
            inputs,
            kind=row.kind,
            place=row,
            fit=fit,
            named="name" in row.row_keys,
            trainable=not frozen,
            settled=True,
        )

    def _joined(self, row: Row, own: str, joins: tuple[str, ...] | str, scope: Scope, above: Producer) -> tuple[Producer, ...]:
        """Return the inputs of a join: the row above and one named row, or the rows in a list of names."""
        argument = row.fields.get(row.kind)
        items = argument.node.items if argument is not None and isinstance(argument.node, Sequence) else []
        found: list[Producer] = [above] if isinstance(joins, str) else []
        for i, name in enumerate((joins,) if isinstance(joins, str) else joins):
            at = location(items[i]) if i < len(items) else argument.location if argument is not None else row.at
            if name.endswith(RowNames.ALL):
                found += self._copies(name, own, scope, at)
            else:
                found.append(self._find(name, own, scope, at) or Input(name, None))
        if not found:
            message = f"{own} joins nothing: the rows that it names stand 0 times"
            self._problems.add("unknown-name", argument.location if argument is not None else row.at, message, layer=own)
        return tuple(found) or (Input("?", None),)

    def _copies(self, name: str, own: str, scope: Scope, at: Location) -> list[Producer]:
        """Return the results of all copies of a repeated row, in order."""
        try:
            return scope.copies(name.removesuffix(RowNames.ALL))
        except LayerError as error:
            self._problems.error(error, at, layer=own)
            return [Input(name, None)]

    # Blocks and branches

    def _block(
        self, row: Row, name: str, inner: Scope, source: Producer | None, given: Given, peer: Copy | None, copy: Copy
    ) -> Producer | None:
        """Expand one use of a block: its arguments are evaluated once, its rows are expanded in their own scope."""
        argument = row.fields["block"]
        title = self._keys.value(argument, inner.texts, source, row, name)
        block = self._document.blocks.get(title) if isinstance(title, str) else None
        if block is None or (row.broken and not argument.dynamic):
            if argument.dynamic and title is not None:
                hint = self._problems.did_you_mean(written(title), self._document.blocks)
                message = f"there is no block {written(title)}{hint}"
                self._problems.add("unknown-name", argument.location, message, layer=name)
            return self._lost(row, name, inner)
        if argument.dynamic and not self._usable(row, name, block):
            return self._lost(row, name, inner)
        if inner.is_inside(block.body):
            self._problems.add("cycle", argument.location, f"block {block.name} contains itself", layer=name)
            return self._lost(row, name, inner)
        inner.texts = self._arguments(row, name, block, inner.texts, source, given)
        inner.body = block.body
        copy.title = block.name
        if self._builder.before is not None and peer is None:
            taken = self._uses.take(self._builder, row, name, block, source, copy, self._counter.left)
            if taken is not None:
                self._counter.seen += taken[1]
                return taken[0].result
        at, rows, reports = self._uses.opened(), self._counter.seen, self._problems.reports
        named = "name" in row.row_keys
        group = self._builder.open(name, "block", block.name, place=row, reads=source, named=named)
        if peer is not None:
            share_block(row, name, block.name, inner, peer, self._problems)
        self._builder.close(group, self._rows(inner, source))
        if self._uses.kept and peer is None:
            ends = len(self._builder.graph.nodes), len(self._builder.graph.groups), self._counter.seen - rows
            self._uses.keep(at, BlockUse(block, inner.texts, source, inner, *ends, self._problems.reports == reports))
        return group.result

    def _repeat(self, model: ModelCopy, name: str, scope: Scope, source: Producer, copy: Copy) -> None:
        """Make a copy of a repeated use of a block from an earlier copy."""
        at, reports = self._uses.opened(), self._problems.reports

        def look_up(node: Node, own: str, above: Producer) -> tuple[Producer, ...]:
            row = node.place
            assert isinstance(row, Row)
            assert row.joins is not None
            return self._joined(row, own, row.joins, scope, above)

        model.apply(self._builder, name, scope, source, copy, look_up)
        self._counter.seen += model.rows
        block = self._document.blocks[copy.title]
        self._uses.keep_copy(at, block, source, copy.inner, self._builder.graph, model.rows, self._problems.reports == reports)

    def _lost(self, row: Row, name: str, inner: Scope) -> Producer:
        """Make a placeholder layer for a block that cannot be expanded, so that its row still appears among the layers."""
        return self._layer(row, name, None, inner.fit, False, inner, Input("?", None), None)

    def _usable(self, row: Row, name: str, block: Block) -> bool:
        """Return whether a use of a block has the arguments that the block needs, if the block's name is an expression."""
        faults = use_faults(row, block, self._problems)
        for rule, at, message in faults:
            self._problems.add(rule, at, message, layer=name)
        return not faults

    def _arguments(self, row: Row, name: str, block: Block, around: Texts, source: Producer | None, given: Given) -> Texts:
        """Return the file's vars and the block's parameters as text."""
        return arguments(row, name, block, around, source, given, self._document.vars, self._problems)

    def _branches(
        self, row: Row, name: str, inner: Scope, source: Producer | None, given: Given, peer: Copy | None, copy: Copy
    ) -> Producer:
        """Expand branches, which all read the same input, and their merge; the row's name refers to the merge."""
        named = "name" in row.row_keys
        self._uses.opened()
        group = self._builder.open(name, "branches", "", place=row, reads=source, named=named)
        ends: list[Producer] = []
        for label, body in row.branches.items():
            scope = Scope(body, source, inner, inner.texts)
            scope.prefix = f"{name}.{label}."
            scope.path = (*inner.path, (label, None, True)) if self._sets_fields else ()
            self._uses.opened()
            branch = self._builder.open(f"{name}.{label}", "branch", label, place=row, reads=source)
            scope.peer = shared_branch(row, name, label, peer, self._problems) if peer is not None else None
            end = self._rows(scope, source)
            self._builder.close(branch, end)
            ends.append(end if end is not None else Input("?", None))
            inner.names[label] = Binding([Copy(end, scope)], False)
        group.labels = tuple(row.branches)
        self._builder.close(group, None)
        merge = self._merge(row, name, inner, source) if ends else None
        group.title = merge.kind if merge is not None else ""
        node = self._builder.layer(
            name,
            merge,
            ends or [Input("?", None)],
            kind=None if merge is not None else "branches",
            place=row,
            fit=inner.fit,
            named=named,
            merges=group,
            settled=True,
        )
        group.result = node
        return node

    def _merge(self, row: Row, name: str, inner: Scope, source: Producer | None) -> Layer | None:
        """Return the layer that joins the branches; report it and return None if the row has no valid `merge`."""
        argument = row.fields.get("merge")
        kind = self._keys.value(argument, inner.texts, source, row, name) if argument is not None else None
        if kind not in MERGES:
            if argument is not None and kind is not None and argument.dynamic:
                message = f"merge is {', '.join(MERGES[:-1])} or {MERGES[-1]}, not {written(kind)}"
                self._problems.add("value", argument.location, message, layer=name)
            return None
        return self._cache.plain(str(kind))

    def _peer(
        self, row: Row, layer: str, base: str, k: int | None, scope: Scope, texts: Texts, source: Producer | None
    ) -> Copy | None:
        """Return the row whose weights this row uses, by its own `share` or by the `share` of a block around it."""
        argument = row.row_keys.get("share")
        if argument is None:
            return counterpart(row, base, k, scope, self._problems)
        name = self._keys.value(argument, texts, source, row, layer)
        return named_peer(argument, name, layer, scope, self._problems)
