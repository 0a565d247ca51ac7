"""Reads rows from YAML nodes, each row once, before blocks are expanded and shapes are known."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection

from cnncalc.build.cache import Cache
from cnncalc.build.problems import Problems
from cnncalc.language.arguments import ArgumentReader
from cnncalc.language.content import Document
from cnncalc.language.dashed import joined
from cnncalc.language.names import name_fault
from cnncalc.language.row import FAULTY, MERGES, ROW_KEYS, Argument, Body, Row, TextLines
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode, describe, location, value_of
from cnncalc.layers import KINDS, Layer
from cnncalc.shape import LayerError
from cnncalc.spelling import meant
from cnncalc.values import Value, written
from cnncalc.values import number as number_of


def _sound(row: Row) -> dict[str, Value]:
    """Return the fields that have valid values without expressions."""
    return {name: a.value for name, a in row.fields.items() if not a.dynamic and a.value is not FAULTY}  # type: ignore[misc]  # not dynamic


_EMPTY = "this row is empty; a row is a word such as relu, or a map such as {conv: 64, kernel_size: 3}"

Before = dict[tuple[int, str], tuple[YamlNode, Row, object]]
"""Rows of the last reading, by node and layout, with their nodes and the names they may use."""


class RowReader(ArgumentReader):
    """Reads rows and reports the problems that do not depend on where a row is used.

    `parameters` are those of the block around the rows; more of them may be added before the rows are read.
    """

    def __init__(
        self,
        problems: Problems,
        parameters: dict[str, Argument | None],
        document: Document,
        cache: Cache,
        lines: TextLines,
        before: Before,
    ) -> None:
        names: ChainMap[str, object] = ChainMap(parameters, document.vars)  # type: ignore[arg-type]  # only names count
        super().__init__(problems, names)
        self._lines = lines
        self._parameters = parameters
        self._document = document
        self._blocks = document.blocks
        self._cache = cache
        #: Rows of the last reading that can be used again.
        self._before = before
        self._scope: tuple[frozenset[str], ...] | None = None

    def body(self, node: YamlNode | None, what: str) -> Body:
        """Read the rows of a list."""
        if not isinstance(node, Sequence):
            if node is not None:
                # A network needs rows; a block or a branch may be empty.
                hint = "; write [] for none" if isinstance(node, Scalar) and node.null and what != "layers" else ""
                if not hint:
                    from cnncalc.language.mistakes import dash_hint

                    hint = dash_hint(node)
                self._problems.add("value", node, f"{what} is a list of rows, each behind a dash, not {describe(node)}{hint}")
            return Body(node, [])
        items, dashed = joined(node)
        for one in dashed:
            self._problems.add("row", one.first, one.message)
        return Body(node, [row for item in items if (row := self._row(item)) is not None])

    def _row(self, node: YamlNode) -> Row | None:
        known = self._known(node)
        if known is not None:
            return known
        before = self._problems.reports
        found = self._read(node)
        if found is not None and not (found.broken or found.reported) and self._problems.reports == before:
            self._cache.rows[id(node), self._problems.layout] = node, found, self._uses(found)
        return found

    def _known(self, node: YamlNode) -> Row | None:
        """Return the row that the last reading made from a node, if it would be the same now."""
        key = id(node), self._problems.layout
        known = self._before.get(key)
        if known is None or known[0] is not node:
            return None
        row = known[1]
        if known[2] is not None and known[2] != self._uses(row):
            return None
        for body in row.branches.values():
            # A row inside may have another node now.
            items = body.node.items if isinstance(body.node, Sequence) else []
            if len(items) != len(body.rows):
                return None
            for item, inner in zip(items, body.rows, strict=True):
                if inner.node is not item or self._known(item) is not inner:
                    return None
        del self._before[key]
        row.lines, row.broken, row.reported = self._lines, False, False
        self._cache.rows[key] = known
        return row

    def _uses(self, row: Row) -> object:
        """Return the names that decide whether a row is sound; None if there are none."""
        if not row.branches and row.static is not None and not any(argument.dynamic for argument in row.row_keys.values()):
            return None
        if self._scope is None:
            self._scope = frozenset(self._parameters), *self._document.known_names
        return *self._scope, self._repeats > 0

    def _read(self, node: YamlNode) -> Row | None:
        if isinstance(node, Scalar):
            return self._word(node)
        if not isinstance(node, Mapping):
            self._problems.add("row", node, "a row is a word such as relu, or a map with one layer kind; this is a list")
            return None
        return self._map(node)

    def _word(self, node: Scalar) -> Row | None:
        if node.null:
            self._problems.add("row", node, _EMPTY)
            return None
        row = Row(node, "?" if node.text in ("block", "branches") else node.text, location(node), self._lines)
        row.layer = KINDS.get(node.text)
        if number_of(node.text) is not None:
            self._problems.add(
                "row", node, f"a row is a word such as relu, or a map with one layer kind; {written(node.text)} is a number"
            )
            row.broken = True
        elif row.layer is None:
            from cnncalc.language.mistakes import unknown_kind

            rule, at, message, fixes = unknown_kind(node, node.text, self._blocks)
            self._problems.add(rule, at, message, fixes=fixes)
            row.broken = True
        else:
            self._layer(row, {})
        return row

    def _map(self, node: Mapping) -> Row | None:
        kinds = [key for key in node.pairs if key in KINDS or key in ("block", "branches")]
        first = next(iter(node.pairs), "")
        if first not in ROW_KEYS and (not kinds or first != kinds[0]):
            from cnncalc.language.mistakes import glued_row, is_field_of

            glued = glued_row(node)
            if glued is not None:
                row = self._map(glued.row)
                self._problems.add("unknown-kind", glued.first, glued.message)
                if row is not None:
                    row.broken = True
                return row
            if kinds and is_field_of(first, kinds[0]):
                kinds = []
        if "branches" in kinds or "block" in kinds:
            chosen = "branches" if "branches" in kinds else "block"
            kinds.sort(key=lambda k: k != chosen)
            if chosen == "branches":
                kinds = [k for k in kinds if k != "merge"]
        if not kinds:
            return self._no_kind(node)
        if len(kinds) > 1:
            from cnncalc.language.mistakes import two_kinds

            key = node.pairs[kinds[1]][0]
            instead = two_kinds(kinds[0], kinds[1], value_of(node.pairs[kinds[1]][1]))
            self._problems.add("row", key, f"a row is one layer, and this one is {kinds[0]} and {kinds[1]}; {instead}")
        kind = kinds[0]
        key, value = node.pairs[kind]
        row = Row(node, kind, location(key), self._lines)
        row.broken = len(kinds) > 1
        row.layer = KINDS.get(kind)
        outside = self._repeats
        self._repeats += "repeat" in node.pairs
        others = {k: pair for k, pair in node.pairs.items() if k not in kinds}
        for name in [k for k in others if k in ROW_KEYS]:
            # Keys that apply to all copies are computed once, outside the row's own repeat.
            row.row_keys[name] = self.argument(
                *others.pop(name), repeats=outside if name in ("name", "from", "repeat", "expect") else self._repeats
            )
        if kind == "branches":
            self._branches(row, value, others)
        elif kind == "block":
            self._block(row, key, value, others)
        else:
            self._layer(row, {kind: (key, value), **others})
        self._row_values(row)
        self._repeats = outside
        return row

    def _no_kind(self, node: Mapping) -> Row | None:
        if not node.pairs:
            self._problems.add("row", node, _EMPTY)
            return None
        from cnncalc.language.mistakes import without_kind

        found = without_kind(node, self._blocks)
        self._problems.add(found.rule, found.at, found.message, fixes=found.fixes)
        row = Row(node, found.name or "?", location(node.pairs[found.name][0] if found.name else node), self._lines)
        row.row_keys = {k: self.argument(*pair) for k, pair in node.pairs.items() if k in ROW_KEYS}
        if found.meant is not None:
            # The other mistakes of a row under another tool's name.
            row.kind, row.layer = found.meant, KINDS[found.meant]
            self._layer(row, {found.meant if k == found.name else k: p for k, p in node.pairs.items() if k not in ROW_KEYS})
        row.broken = True
        return row

    def _layer(self, row: Row, pairs: dict[str, tuple[Scalar, YamlNode]]) -> None:
        assert row.layer is not None
        if row.kind in pairs and isinstance(pairs[row.kind][1], Mapping):
            from cnncalc.language.mistakes import fields_below

            below = fields_below(row.layer, pairs[row.kind][1])
            if below is not None:
                self._problems.add("value", pairs[row.kind][1], below)
                row.broken = True
                return
        unknown = []
        for name, (key, node) in pairs.items():
            declared = row.layer.options.get(name)
            if name == row.kind or (declared is not None and declared is not row.layer.main):
                row.fields[name] = self.argument(key, node)
            else:
                unknown.append(name)
        self._settle(row, self._unknown_fields(row, row.layer, pairs, unknown) if unknown else frozenset())

    def _unknown_fields(
        self, row: Row, kind: type[Layer], pairs: dict[str, tuple[Scalar, YamlNode]], unknown: list[str]
    ) -> frozenset[str]:
        """Report keys that are no fields of the kind. Return the fields that they probably mean; these are not missing."""
        from cnncalc.language.mistakes import glued_field, in_letters, is_letter, renamed
        from cnncalc.language.suggest import field_for, field_hint, field_near, fields_meant

        row.broken = True
        letters = [name for name in unknown if is_letter(name) and field_for(kind, name) is not None]
        for name in unknown:
            if name not in letters:
                key, node = pairs[name]
                message, near = glued_field(kind, name), None
                if message is None:
                    value = value_of(node)
                    message = f"{row.kind} has no {written(name)}{field_hint(kind, name, ROW_KEYS, value)}"
                    near = field_near(kind, name, ROW_KEYS, value)
                fixes = renamed(key, near if near not in pairs and near not in row.row_keys else None)
                self._problems.add("unknown-key", key, message, fixes=fixes)
        if letters:
            self._problems.add("unknown-key", pairs[letters[0]][0], in_letters(kind, pairs, letters))
        return frozenset().union(*(fields_meant(kind, name) for name in unknown))

    def _settle(self, row: Row, meant: Collection[str]) -> None:
        """Read the layer of a row without expressions; `meant` are fields that unknown keys probably mean."""
        assert row.layer is not None
        row.dynamic = any(argument.dynamic for argument in row.fields.values())
        row.broken = row.broken or any(argument.value is FAULTY for argument in row.fields.values())
        if row.dynamic or row.broken:
            faults = row.layer.read(_sound(row), self._problems.layout, whole=False)[1]
            if meant:
                from cnncalc.language.suggest import is_meant

                faults = [pair for pair in faults if not is_meant(row.layer, pair[1], meant)]
            self._report(row, faults)
            return
        fields: dict[str, Value] = {name: a.value for name, a in row.fields.items()}  # type: ignore[misc]  # no value is dynamic
        key = (row.kind, self._problems.layout, *fields.items())
        found = self._cache.layers.get(key)
        if found is None:
            found = self._cache.layers[key] = row.layer.read(fields, self._problems.layout)
        row.static, faults = found
        self._report(row, faults)
        if row.static is not None and row.layer.main is not None and row.layer.main.wires:
            row.joins = row.layer.main.type.parse(fields[row.kind], self._problems.layout)

    def _report(self, row: Row, faults: list[tuple[str, LayerError]]) -> None:
        assert row.layer is not None
        for name, found in faults:
            fact = found
            if fact.rule == "missing" and self._stands(row, fact):
                continue
            row.broken = True
            at = row.kind_at if name not in row.fields or fact.rule == "missing" else row.fields[name].location
            from cnncalc.language.mistakes import advised

            fact = advised(row, name, fact, self._names)
            self._problems.error(fact, at)

    def _stands(self, row: Row, fact: LayerError) -> bool:
        """Return whether a field that the error calls missing is present as an expression or an invalid value."""
        assert row.layer is not None
        names = {row.layer.main.name if name == row.kind and row.layer.main else name for name in row.fields}
        return (
            fact.field in names
            and row.fields[row.kind if row.layer.main and fact.field == row.layer.main.name else fact.field].node is not None
        )

    def _block(self, row: Row, key: Scalar, value: YamlNode, others: dict[str, tuple[Scalar, YamlNode]]) -> None:
        row.fields["block"] = self.argument(key, value)
        name = row.fields["block"].value
        if not row.fields["block"].dynamic and (not isinstance(name, str) or name not in self._blocks):
            shown = written(name)  # type: ignore[arg-type]  # static
            near = self._problems.did_you_mean(shown, self._blocks) if self._blocks else "; the file defines no blocks"
            if isinstance(name, str):
                self._problems.add("unknown-name", row.fields["block"].location, f"there is no block {shown}{near}")
            else:
                self._problems.add("value", row.fields["block"].location, f"block is the name of one, not {shown}{near}")
            row.broken = True
        for argument, (name_at, node) in others.items():
            row.fields[argument] = self.argument(name_at, node)
            row.broken = row.broken or row.fields[argument].value is FAULTY

    def _branches(self, row: Row, value: YamlNode, others: dict[str, tuple[Scalar, YamlNode]]) -> None:
        merge = others.pop("merge", None)
        if merge is None:
            self._problems.add(
                "missing",
                row.kind_at,
                f"branches need merge: {', '.join(MERGES[:-1])} or {MERGES[-1]}; write merge: concat, for example",
            )
            row.broken = True
        else:
            row.fields["merge"] = argument = self.argument(*merge)
            if not argument.dynamic and argument.value not in MERGES:
                from cnncalc.language.mistakes import merge_hint

                word = written(argument.value)  # type: ignore[arg-type]  # static
                hint = merge_hint(word)
                self._problems.add(
                    "value", argument.location, f"merge is {', '.join(MERGES[:-1])} or {MERGES[-1]}, not {word}{hint}"
                )
                row.broken = True
        for name, (key, _) in others.items():
            hint = meant(name, (*ROW_KEYS, "merge"))
            self._problems.add("unknown-key", key, f"a branches row has no {written(name)}{hint}")
            row.reported = True
        if not isinstance(value, Mapping) or not value.pairs:
            got = "an empty map" if isinstance(value, Mapping) else describe(value)
            at = row.kind_at if isinstance(value, Scalar) and value.null else location(value)
            self._problems.add(
                "value", at, f"branches is a map from names to lists of rows, as in {{a: [relu], b: []}}, not {got}"
            )
            row.broken = True
            return
        for name, (key, node) in value.pairs.items():
            fault = name_fault(name)
            if fault:
                self._problems.add("name", key, fault)
                row.reported = True
            row.branches[name] = self.body(node, f"branch {written(name)}")
            if not isinstance(node, Sequence):
                row.broken = True

    def _row_values(self, row: Row) -> None:
        """Check `name`, `fit`, `trainable` and `repeat` if they are not expressions."""
        for key, argument in row.row_keys.items():
            if argument.dynamic:
                continue
            if argument.value is FAULTY:
                row.reported = True
            elif key == "name":
                name = argument.value
                fault = name_fault(name) if isinstance(name, str) else f"name is a word, not {describe(argument.node)}"
                if fault:
                    self._problems.add("name", argument.location, fault)
                    row.reported = True
            elif argument.value is None:
                self._problems.add("value", argument.location, f"{key} has no value")
                row.reported = True
