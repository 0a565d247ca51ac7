"""A row of the file: its values, their locations, and the edits that set its fields."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cnncalc.language.source import Mapping, Scalar, YamlNode, last_line, location
from cnncalc.language.template import Dynamic, Pairs, Parts, Template, names_in
from cnncalc.layers import Layer
from cnncalc.place import Place, inside, lines_of
from cnncalc.problem import Fix, Location
from cnncalc.values import Map, Value

#: The keys of every row, and their meaning.
ROW_KEYS = {
    "name": "The name of the row in messages and for other rows.",
    "from": "The row that it reads instead of the row above.",
    "repeat": "The number of copies of the row in sequence; ${i} counts them from 0.",
    "expect": "The expected output shape; of a repeated row, that of the last copy.",
    "fit": "How to handle a stride that does not fit, here and inside a block or branches.",
    "share": "A layer whose weights it uses; they are counted once.",
    "trainable": "false freezes its weights.",
}
MERGES = ("add", "concat", "multiply")

#: Results that a row keeps for later variants at most.
_COMPUTED = 256

FAULTY: Value = Map((("${", None),))
"""The value of a ${…} that could not be parsed, which has been reported."""


def has_fault(value: object) -> bool:
    if value is FAULTY:
        return True
    if isinstance(value, (Map, Pairs)):
        return any(has_fault(part) for _, part in value)
    return isinstance(value, tuple) and any(map(has_fault, value))


class TextLines:
    """The lines of a text, split on first use."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def all(self) -> list[str]:
        return lines_of(self._text)

    @property
    def end(self) -> str:
        """The line ending of the text."""
        return "\r\n" if "\r\n" in self._text else "\n"


class Argument:
    """A key with its value or template, and the nodes of both."""

    __slots__ = ("dynamic", "key", "node", "value")

    def __init__(self, key: Scalar, node: YamlNode, value: Value | Dynamic) -> None:
        self.key = key
        self.node = node
        self.value = value
        self.dynamic = isinstance(value, (Template, Parts, Pairs))

    @property
    def location(self) -> Location:
        """The location of the value; of the key if the key has no value."""
        return location(self.key if isinstance(self.node, Scalar) and self.node.null else self.node)


class Row(Place):
    """A row of the file: a layer, a use of a block, or branches; as a `Place` it says how its fields are edited.

    `kind` is the word in the file, `layer` the class of that kind if there is one.
    """

    __slots__ = (
        "_uses", "branches", "broken", "computed", "dynamic", "fields", "joins", "kind", "kind_at", "layer", "lines", "node",
        "reported", "row_keys", "static",
    )  # fmt: skip

    def __init__(self, node: YamlNode, kind: str, kind_at: Location, lines: TextLines) -> None:
        super().__init__(location(node))
        self.node = node
        self.kind = kind
        self.kind_at = kind_at
        self.lines = lines
        self.layer: type[Layer] | None = None
        self.fields: dict[str, Argument] = {}
        self.row_keys: dict[str, Argument] = {}
        self.branches: dict[str, Body] = {}
        #: Whether any field holds a ${…}; otherwise `static` is the layer, or None if a field is invalid.
        self.dynamic = False
        self.static: Layer | None = None
        #: The rows that a join names, if no field holds a ${…}.
        self.joins: tuple[str, ...] | str | None = None
        #: A problem of the row was reported and makes it unusable; its uses do not report it again.
        self.broken = False
        #: A problem of the row was reported, but its layer can still be read.
        self.reported = False
        #: Layers, or arguments of a block, that were computed without a problem, by the values of the names in `uses`.
        self.computed: dict[object, Any] = {}
        self._uses: tuple[str, ...] | None = None

    def keep(self, key: object, result: object) -> None:
        """Add to `computed`, which stays small however many variants of the network are read."""
        if len(self.computed) >= _COMPUTED:
            self.computed.clear()
        self.computed[key] = result

    @property
    def uses(self) -> tuple[str, ...]:
        """The names that the expressions of its fields use."""
        if self._uses is None:
            self._uses = tuple(sorted({name for one in self.fields.values() if one.dynamic for name in names_in(one.value)}))
        return self._uses

    @property
    def is_plain(self) -> bool:
        """Whether it is one layer about which nothing has been reported."""
        return self.static is not None or (self.dynamic and self.layer is not None and not self.broken and not self.reported)

    @property
    def stem(self) -> str | Argument:
        """The first part of the row's automatic name: the kind, the block or the merge."""
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
        """Return the key of a field: the kind itself for the main field."""
        return self.layer.key_of(field) if self.layer is not None else field

    def field(self, name: str) -> Location | None:
        argument = self._argument(name)
        return argument.location if argument is not None else None

    def edit(self, field: str, value: str, *, safe: bool = False) -> Fix | None:
        argument = self._argument(field)
        if argument is not None and argument.dynamic:
            # The expression applies to every use of the block.
            return None
        from cnncalc.language.edit import CannotEdit

        try:
            return self.change(field, value, safe=safe)
        except CannotEdit:
            return None

    def change(self, field: str, value: str, *, safe: bool = False) -> Fix:
        """Return the edit that sets a field, also if it has an expression. Raises CannotEdit."""
        from cnncalc.language.edit import CannotEdit, replacement

        key = self._key_of(field)
        pair, title = f"{key}: {value}", f"{key} {value}"
        argument = self._argument(field)
        if argument is not None:
            if not inside(argument.location, self.location):
                raise CannotEdit(f"{key} stands at an anchor elsewhere; change it there")
            return Fix(*replacement(argument.key, argument.node, value, self.lines.all), safe, title)
        if not isinstance(self.node, Mapping):
            return Fix(self.location, f"{{{pair}}}" if key == self.kind else f"{{{self.kind}: , {pair}}}", False, title)
        kind, old = self.node.pairs.get(self.kind, (None, None))
        if kind is None or old is None or not inside(location(kind), self.location):
            raise CannotEdit("the kind of this row stands at an anchor elsewhere; change it there")
        empty = isinstance(old, Scalar) and old.null and not old.text
        if not empty and (location(old) < location(kind) or not inside(location(old), self.location)):
            raise CannotEdit("a part of this row stands at an anchor elsewhere; change it there")
        lines = self.lines.all
        if self.node.flow:
            return Fix(Location(old.end_line, old.end_column, old.end_line, old.end_column), f", {pair}", safe, title)
        # The field goes on a new line, after a comment that follows the value.
        line = last_line(kind if empty else old)
        after = len(lines[line - 1]) + 1
        return Fix(Location(line, after, line, after), self.lines.end + " " * (self.node.column - 1) + pair, safe, title)


class Body:
    """A sequence of rows: of a network, a block or a branch."""

    __slots__ = ("_by_name", "node", "rows", "static_names")

    def __init__(self, node: YamlNode | None, rows: list[Row]) -> None:
        self.node = node
        self.rows = rows
        #: The rows' names, if none of them is an expression.
        self.static_names: list[str] | None = None
        self._by_name: dict[str, Row] | None = None

    def row_called(self, name: str) -> Row | None:
        """Return the row of this name, if no row's name is an expression."""
        if self._by_name is None and self.static_names is not None:
            self._by_name = dict(zip(reversed(self.static_names), reversed(self.rows), strict=True))
        return self._by_name.get(name) if self._by_name is not None else None
