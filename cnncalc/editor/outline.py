"""The names of a text: rows, branches, blocks, their parameters, vars and inputs, with every place that uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cnncalc.editor.positions import Positions
from cnncalc.language.names import number
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode, location
from cnncalc.layers import KINDS, Join
from cnncalc.problem import Location

_EXPRESSION = re.compile(r"\$\{([^}]*)\}?")
_IDENTIFIER = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?!\w*\()")
#: A part of a path; the number of a copy may be an expression.
_PART = re.compile(r"(?:\$\{[^}]*\}|[^.])+")
_COPY = re.compile(r"[0-9]+|\*|\$\{[^}]*\}")
#: A name that begins with a parameter.
_PARAMETER = re.compile(r"\$\{\s*([A-Za-z_]\w*)\s*\}")


@dataclass(eq=False, slots=True)
class Symbol:
    """A name of the text. `kind` is row, branch, block, parameter, var or input.

    `start` and `end` are the offsets of the name where it is written; of a row without one, of its kind (`named` is false then).
    """

    kind: str
    name: str
    start: int
    end: int
    extent: Location
    detail: str = ""
    named: bool = True
    #: Whether it is a row with `repeat`.
    repeated: bool = False
    #: Offsets of every use.
    uses: list[tuple[int, int]] = field(default_factory=list)
    children: list[Symbol] = field(default_factory=list)
    #: The names inside: a block's rows, a branch's rows, or the branches of a row.
    inner: ListScope | None = None


class ListScope:
    """Names of rows that one list of rows sees, and the vars or parameters that its expressions see.

    `callers` are the lists in which a block is used, with the place of each use: its rows can read the rows there.
    """

    __slots__ = ("callers", "node", "parent", "rows", "values")

    def __init__(self, parent: ListScope | None, values: dict[str, Symbol], node: YamlNode | None = None) -> None:
        self.parent = parent
        self.values = values
        self.callers: list[tuple[ListScope, Location]] = []
        self.rows: dict[str, Symbol] = {}
        self.node = node

    def find(self, name: str) -> list[Symbol]:
        """Return the row that `name` refers to in this scope or an outer one; of several callers, one row for each."""
        found: list[Symbol] = []
        todo, seen = [self], {id(self)}
        while todo:
            scope = todo.pop()
            if name in scope.rows:
                found.append(scope.rows[name])
                continue
            for outer in [caller for caller, _ in scope.callers] if scope.parent is None else [scope.parent]:
                if id(outer) not in seen:
                    seen.add(id(outer))
                    todo.append(outer)
        return found

    def visible(self) -> Iterator[Symbol]:
        """Every row that can be named here without looking at the uses of a block, the nearest first."""
        scope: ListScope | None = self
        while scope is not None:
            yield from scope.rows.values()
            scope = scope.parent

    def around(self) -> Iterator[Symbol]:
        """Yield the rows that rows of a block can read at its uses; of a repeated use, the use as well."""
        todo: list[ListScope] = [self]
        seen: set[tuple[int, Location]] = set()
        while todo:
            scope = todo.pop()
            while scope.parent is not None:
                scope = scope.parent
            for caller, at in scope.callers:
                if (id(caller), at) in seen:
                    continue
                seen.add((id(caller), at))
                todo.append(caller)
                for row in caller.visible():
                    if row.extent[2:] <= at[:2] or (row.repeated and row.extent[:2] <= at[:2] and at[2:] <= row.extent[2:]):
                        yield row


class Outline:
    """The symbols of a text in order, and the scope of every list of rows."""

    def __init__(self, root: YamlNode | None, positions: Positions) -> None:
        self._positions = positions
        self.blocks: dict[str, Symbol] = {}
        self.vars: dict[str, Symbol] = {}
        self.top = ListScope(None, self.vars)
        self.symbols: list[Symbol] = []
        self.scopes: list[ListScope] = []
        self._bodies: list[tuple[Sequence, ListScope]] = []
        self._parameters: dict[str, dict[str, Symbol]] = {}
        #: The ids of parameters that stand for names of rows.
        self._named: set[int] = set()
        self._seen: set[int] = set()
        self._seen_words: set[tuple[int, int]] = set()
        if isinstance(root, Mapping):
            self._read(root)

    def at(self, offset: int) -> Symbol | None:
        """The symbol whose name or use an offset touches."""
        for symbol in self.all():
            if symbol.start <= offset <= symbol.end and symbol.end > symbol.start:
                return symbol
            if any(start <= offset <= end for start, end in symbol.uses):
                return symbol
        return None

    def all(self) -> Iterator[Symbol]:
        """Every symbol, the outer ones first."""
        todo = list(reversed(self.symbols))
        while todo:
            symbol = todo.pop()
            yield symbol
            todo += reversed(symbol.children)

    def scope_at(self, offset: int) -> ListScope:
        """The innermost list of rows around an offset."""
        best, size = self.top, len(self._positions.text) + 1
        for scope in self.scopes:
            if scope.node is not None:
                start, end = self._range(scope.node)
                if start <= offset <= end + 1 and end - start <= size:
                    best, size = scope, end - start
        return best

    def _range(self, node: YamlNode) -> tuple[int, int]:
        at = self._positions.offset_at
        return at(node.line, node.column), at(node.end_line, node.end_column)

    def _symbol(self, kind: str, key: Scalar, extent: Location, detail: str = "") -> Symbol:
        start, end = self._inside(key)
        return Symbol(kind, key.text, start, end, extent, detail)

    def _inside(self, node: Scalar) -> tuple[int, int]:
        """The offsets of a word without its quotes."""
        start, end = self._range(node)
        raw = self._positions.text[start:end]
        return (start + 1, end - 1) if len(raw) >= 2 and raw[0] in "\"'" and raw[-1] == raw[0] else (start, end)

    def _read(self, root: Mapping) -> None:
        self._vars(root)
        inputs = root.get("input")
        if isinstance(inputs, Mapping) and not {"height", "length", "channels", "tokens"} & set(inputs.pairs):
            for key, node in inputs.pairs.values():
                symbol = self._symbol("input", key, _joined(key, node), "input")
                self.top.rows[key.text] = symbol
                self.symbols.append(symbol)
        self._blocks(root)
        layers = root.get("layers")
        if isinstance(layers, Sequence):
            self.top.node = layers
            self.symbols += self._body(layers, self.top)
        self._calls()
        for body, scope in self._bodies:
            for item in body.items:
                self._uses(item, scope)
        for top_key, (_, node) in root.pairs.items():
            if top_key == "outputs":
                for word in _words(node):
                    self._path(word, self.top)
            elif top_key == "expect" and isinstance(node, Mapping) and isinstance(node.get("output"), Mapping):
                outputs = node.get("output")
                for name, _ in outputs.pairs.values() if isinstance(outputs, Mapping) else ():
                    self._path(name, self.top)
            elif top_key not in ("layers", "blocks"):
                self._expressions(node, self.vars)

    def _vars(self, root: Mapping) -> None:
        node = root.get("vars")
        for key, value in node.pairs.values() if isinstance(node, Mapping) else ():
            detail = value.text if isinstance(value, Scalar) else ""
            symbol = self.vars[key.text] = self._symbol("var", key, _joined(key, value), detail)
            self.symbols.append(symbol)

    def _blocks(self, root: Mapping) -> None:
        node = root.get("blocks")
        for key, value in node.pairs.values() if isinstance(node, Mapping) else ():
            symbol = self.blocks[key.text] = self._symbol("block", key, _joined(key, value), "block")
            self.symbols.append(symbol)
            if not isinstance(value, Mapping):
                continue
            declared = value.get("parameters")
            known: dict[str, Symbol] = {}
            for name, default in declared.pairs.values() if isinstance(declared, Mapping) else ():
                known[name.text] = self._symbol("parameter", name, _joined(name, default), "parameter")
                self._expressions(default, self.vars)
            self._parameters[key.text] = known
            symbol.children += known.values()
            body = value.get("layers")
            if isinstance(body, Sequence):
                symbol.inner = ListScope(None, {**self.vars, **known}, body)
                symbol.children += self._body(body, symbol.inner)

    def _body(self, body: Sequence, scope: ListScope) -> list[Symbol]:
        """The symbols of a list of rows; uses are read when every name is known."""
        if id(body) in self._seen:
            return []
        self._seen.add(id(body))
        self.scopes.append(scope)
        self._bodies.append((body, scope))
        given: list[str | None] = []
        rows = [(item, kind_of(item)) for item in body.items]
        for item, _ in rows:
            word = item.get("name") if isinstance(item, Mapping) else None
            plain = isinstance(word, Scalar) and not word.null and "${" not in word.text
            given.append(word.text if plain and isinstance(word, Scalar) else None)
        names = number(list(given), [_stem(item, kind) for item, kind in rows])
        found = []
        for (item, kind), name, own in zip(rows, names, given, strict=True):
            symbol = self._row(item, kind, name, own is not None, scope)
            scope.rows.setdefault(name, symbol)
            found.append(symbol)
        return found

    def _row(self, item: YamlNode, kind: Scalar | None, name: str, named: bool, scope: ListScope) -> Symbol:
        word = item.get("name") if named and isinstance(item, Mapping) else kind
        start, end = self._inside(word) if isinstance(word, Scalar) else self._range(item)
        symbol = Symbol("row", name, start, end, location(item), _detail(item, kind), named)
        symbol.repeated = isinstance(item, Mapping) and "repeat" in item.pairs
        if isinstance(item, Mapping) and kind is not None and kind.text == "branches":
            symbol.inner = ListScope(scope, scope.values)
            branches = item.get("branches")
            for key, body in branches.pairs.values() if isinstance(branches, Mapping) else ():
                branch = self._symbol("branch", key, _joined(key, body), "branch")
                symbol.inner.rows[key.text] = branch
                symbol.children.append(branch)
                if isinstance(body, Sequence):
                    branch.inner = ListScope(scope, scope.values, body)
                    branch.children += self._body(body, branch.inner)
        return symbol

    def _calls(self) -> None:
        """Find the lists in which each block is used, and the parameters that stand for names of rows."""
        passed: list[tuple[int, int]] = []
        for body, scope in self._bodies:
            for item in body.items:
                kind = kind_of(item)
                if not isinstance(item, Mapping) or kind is None:
                    continue
                for name, (_, node) in item.pairs.items():
                    if name in ("from", "share") or (name == kind.text and _joins(name)):
                        self._named |= {id(scope.values.get(one)) for one in _parameters(node)}
                target = item.get("block") if kind.text == "block" else None
                block = self.blocks.get(target.text) if isinstance(target, Scalar) else None
                if block is not None:
                    if block.inner is not None:
                        block.inner.callers.append((scope, location(item)))
                    known = self._parameters.get(block.name, {})
                    for name, (_, node) in item.pairs.items():
                        passed += [(id(known[name]), id(scope.values.get(one))) for one in _parameters(node) if name in known]
        # A block may pass its parameter on to another block.
        while more := {outer for inner, outer in passed if inner in self._named} - self._named:
            self._named |= more

    def _uses(self, item: YamlNode, scope: ListScope) -> None:
        """Every name that a row uses."""
        if not isinstance(item, Mapping):
            return
        kind = kind_of(item)
        for name, (key, node) in item.pairs.items():
            if name == "branches":
                continue
            if name in ("from", "share") or (kind is not None and name == kind.text and _joins(name)):
                for word in _words(node):
                    self._path(word, scope)
            elif name == "block" and isinstance(node, Scalar) and node.text in self.blocks:
                self.blocks[node.text].uses.append(self._inside(node))
            elif kind is not None and kind.text == "block":
                target = item.get("block")
                known = self._parameters.get(target.text, {}) if isinstance(target, Scalar) else {}
                if name in known:
                    known[name].uses.append(self._inside(key))
                    for word in _words(node) if id(known[name]) in self._named else ():
                        self._path(word, scope)
            self._expressions(node, scope.values)

    def _path(self, word: Scalar, scope: ListScope) -> None:
        """A use of a name, each part of `stage.0.add1` for itself."""
        start, end = self._inside(word)
        raw = self._positions.text[start:end]
        parts = list(_PART.finditer(raw))
        for first in scope.find(parts[0][0]) if parts else ():
            for part, symbol in zip(parts, self.along(raw, first), strict=False):
                if symbol is not None:
                    symbol.uses.append((start + part.start(), start + part.end()))

    def along(self, path: str, first: Symbol) -> Iterator[Symbol | None]:
        """Yield the symbol of each part of a path that begins with `first`, up to an unknown name.

        None for the number of a copy and for `*`.
        """
        symbol = first
        yield first
        for part in list(_PART.finditer(path))[1:]:
            if _COPY.fullmatch(part[0]):
                yield None
                continue
            names = self.names_inside(symbol)
            if names is None or part[0] not in names.rows:
                return
            symbol = names.rows[part[0]]
            yield symbol

    def names_inside(self, symbol: Symbol) -> ListScope | None:
        """Return the names inside a row, block or branch; None if it has none."""
        if symbol.kind == "row" and symbol.inner is None:
            block = self._block_of(symbol)
            return block.inner if block is not None else None
        return symbol.inner

    def _block_of(self, row: Symbol) -> Symbol | None:
        return next((block for block in self.blocks.values() if row.detail == f"block {block.name}"), None)

    def _expressions(self, node: YamlNode, values: dict[str, Symbol]) -> None:
        """Every name inside the ${…} of a value."""
        todo: list[YamlNode] = [node]
        while todo:
            one = todo.pop()
            if isinstance(one, Sequence):
                todo += one.items
            elif isinstance(one, Mapping):
                todo += [value for _, value in one.pairs.values()]
            elif "${" in one.text:
                start, end = self._range(one)
                if (start, end) in self._seen_words:
                    continue
                self._seen_words.add((start, end))
                for expression in _EXPRESSION.finditer(self._positions.text, start, end):
                    for name in _IDENTIFIER.finditer(self._positions.text, expression.start(1), expression.end(1)):
                        if name[0] in values:
                            values[name[0]].uses.append((name.start(), name.end()))


def kind_of(item: YamlNode) -> Scalar | None:
    """Return the key of a row that is its kind: a layer kind, `block` or `branches`; else its first key."""
    if isinstance(item, Scalar):
        return item
    if isinstance(item, Mapping) and item.pairs:
        for name, (key, _) in item.pairs.items():
            if name in KINDS or name in ("block", "branches"):
                return key
        return next(iter(item.pairs.values()))[0]
    return None


def _stem(item: YamlNode, kind: Scalar | None) -> str:
    """Return the first part of the automatic name of a row."""
    if kind is None:
        return "?"
    if kind.text in ("block", "branches") and isinstance(item, Mapping):
        value = item.get("block" if kind.text == "block" else "merge")
        if isinstance(value, Scalar) and value.text:
            return value.text
    return kind.text


def _detail(item: YamlNode, kind: Scalar | None) -> str:
    """The kind of a row; of a use of a block, the block as well."""
    block = item.get("block") if kind is not None and kind.text == "block" and isinstance(item, Mapping) else None
    if isinstance(block, Scalar):
        return f"block {block.text}"
    return kind.text if kind is not None else ""


def _joins(kind: str) -> bool:
    return kind in KINDS and issubclass(KINDS[kind], Join)


def _words(node: YamlNode) -> list[Scalar]:
    items = node.items if isinstance(node, Sequence) else [node]
    return [item for item in items if isinstance(item, Scalar) and not item.null]


def _parameters(node: YamlNode) -> list[str]:
    """Return the parameters or vars with which names of rows begin."""
    return [found[1] for word in _words(node) if (found := _PARAMETER.match(word.text)) is not None]


def _joined(key: Scalar, node: YamlNode) -> Location:
    """Return the range from a key to the end of its value."""
    if (node.line, node.column) < (key.line, key.column):
        return location(key)
    return Location(key.line, key.column, node.end_line, node.end_column)
