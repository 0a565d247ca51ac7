"""A row of the file: what stands in it, where, and the edits that set its fields."""

from __future__ import annotations

from functools import cached_property

from cnncalc.language.source import Mapping, Scalar, YamlNode, location
from cnncalc.language.template import Dynamic, Pairs, Parts, Template
from cnncalc.layers import Layer
from cnncalc.place import LINE_BREAK, Place, inside
from cnncalc.problem import Fix, Location
from cnncalc.values import Map, Value

ROW_KEYS = ("name", "from", "repeat", "expect", "fit", "share", "trainable")
MERGES = ("add", "concat", "multiply")

FAULTY: Value = Map((("${", None),))
"""Stands for a value whose ${…} could not be read, which has been reported."""


def has_fault(value: object) -> bool:
    if value is FAULTY:
        return True
    if isinstance(value, (Map, Pairs)):
        return any(has_fault(part) for _, part in value)
    return isinstance(value, tuple) and any(map(has_fault, value))


class Lines:
    """The lines of a text, split when first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def all(self) -> list[str]:
        return LINE_BREAK.split(self._text)

    @property
    def end(self) -> str:
        """How the text ends its lines."""
        return "\r\n" if "\r\n" in self._text else "\n"


class Argument:
    """What stands behind a key: its value or template, and the nodes of both."""

    __slots__ = ("dynamic", "key", "node", "value")

    def __init__(self, key: Scalar, node: YamlNode, value: Value | Dynamic) -> None:
        self.key = key
        self.node = node
        self.value = value
        self.dynamic = isinstance(value, (Template, Parts, Pairs))

    @property
    def location(self) -> Location:
        """The value's place; the key's where nothing stands behind it."""
        return location(self.key if isinstance(self.node, Scalar) and self.node.null else self.node)


class Row(Place):
    """A row of the file: a layer, a use of a block, or branches; and its place, where its fields are edited.

    `kind` is the word in the file, `layer` the class of that kind if there is one.
    """

    __slots__ = (
        "branches", "broken", "dynamic", "fields", "joins", "kind", "kind_at", "layer", "lines", "node", "reported", "row_keys",
        "static",
    )  # fmt: skip

    def __init__(self, node: YamlNode, kind: str, kind_at: Location, lines: Lines) -> None:
        super().__init__(location(node))
        self.node = node
        self.kind = kind
        self.kind_at = kind_at
        self.lines = lines
        self.layer: type[Layer] | None = None
        self.fields: dict[str, Argument] = {}
        self.row_keys: dict[str, Argument] = {}
        self.branches: dict[str, Body] = {}
        #: Whether any field holds a ${…}; otherwise `static` is the layer, or None where the fields are wrong.
        self.dynamic = False
        self.static: Layer | None = None
        #: The rows that a join names, if no field holds a ${…}.
        self.joins: tuple[str, ...] | str | None = None
        #: Whether a problem of the row has been reported, so that its uses need not report it again.
        self.broken = False
        #: Whether one has been that does not keep its layer from being read.
        self.reported = False

    @property
    def stem(self) -> str | Argument:
        """What names without `name` begin with: the kind, the block or the merge."""
        if self.kind in ("block", "branches"):
            argument = self.fields.get("block" if self.kind == "block" else "merge")
            if argument is None:
                return self.kind
            if argument.dynamic:
                return argument
            return argument.value if isinstance(argument.value, str) else self.kind
        return self.kind

    @property
    def at(self) -> Location:
        return self.location

    @property
    def key(self) -> Location:
        return self.kind_at

    def _argument(self, field: str) -> Argument | None:
        return self.fields.get(self._key_of(field)) or self.row_keys.get(field)

    def _key_of(self, field: str) -> str:
        """The key of a field: the kind itself for its main field."""
        main = self.layer.main if self.layer is not None else None
        return self.kind if main is not None and main.name == field else field

    def field(self, name: str) -> Location | None:
        argument = self._argument(name)
        return argument.location if argument is not None else None

    def edit(self, field: str, value: str, *, safe: bool = False) -> Fix | None:
        key = self._key_of(field)
        pair, title = f"{key}: {value}", f"{key} {value}"
        argument = self._argument(field)
        if argument is not None:
            if argument.dynamic or not inside(argument.location, self.location):
                return None
            return Fix(argument.location, value, safe, title)
        if not isinstance(self.node, Mapping):
            return Fix(self.location, f"{{{self.kind}: , {pair}}}", False, title)
        if self.kind not in self.node.pairs:
            return None
        kind, old = self.node.pairs[self.kind]
        if location(old) < location(kind) or not inside(location(old), self.location):
            # The kind is merged in from elsewhere.
            return None
        if self.node.flow:
            return Fix(Location(old.end_line, old.end_column, old.end_line, old.end_column), f", {pair}", safe, title)
        # On a line of its own, after the comment that may follow the value.
        lines = self.lines.all
        after = len(lines[old.end_line - 1]) + 1 if old.end_line <= len(lines) else 1
        at = Location(old.end_line, after, old.end_line, after)
        return Fix(at, self.lines.end + " " * (self.node.column - 1) + pair, safe, title)


class Body:
    """Rows that stand in sequence: a network's, a block's or a branch's."""

    __slots__ = ("_by_name", "node", "rows", "static_names")

    def __init__(self, node: YamlNode | None, rows: list[Row]) -> None:
        self.node = node
        self.rows = rows
        #: The rows' names, if none of them has to be computed.
        self.static_names: list[str] | None = None
        self._by_name: dict[str, Row] | None = None

    def row_called(self, name: str) -> Row | None:
        """The row with a name that does not have to be computed."""
        if self._by_name is None and self.static_names is not None:
            self._by_name = dict(zip(reversed(self.static_names), reversed(self.rows), strict=True))
        return self._by_name.get(name) if self._by_name is not None else None
