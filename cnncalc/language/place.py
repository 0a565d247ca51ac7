"""The place of a row of the file, and the edits of its fields."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cnncalc.language.source import Mapping, location
from cnncalc.place import LINE_BREAK, Place, inside
from cnncalc.problem import Fix, Location

if TYPE_CHECKING:
    from cnncalc.language.rows import Argument, Row


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


class RowPlace(Place):
    """The place of a row: its fields by name, the kind's value under the name of its main field as well."""

    __slots__ = ("_lines", "_row")

    def __init__(self, row: Row, lines: Lines) -> None:
        super().__init__(row.at)
        self._row = row
        self._lines = lines

    @property
    def key(self) -> Location:
        return self._row.kind_at

    def _name(self, field: str) -> str:
        main = self._row.layer.main if self._row.layer is not None else None
        return self._row.kind if main is not None and main.name == field else field

    def _argument(self, field: str) -> Argument | None:
        return self._row.fields.get(self._name(field)) or self._row.row_keys.get(field)

    def field(self, name: str) -> Location | None:
        argument = self._argument(name)
        return argument.location if argument is not None else None

    def edit(self, field: str, value: str, *, safe: bool = False) -> Fix | None:
        row, key = self._row, self._name(field)
        pair, title = f"{key}: {value}", f"{key} {value}"
        argument = self._argument(field)
        if argument is not None:
            if argument.dynamic or not inside(argument.location, row.at):
                return None
            return Fix(argument.location, value, safe, title)
        if not isinstance(row.node, Mapping):
            return Fix(row.at, f"{{{row.kind}: , {pair}}}", False, title)
        if row.kind not in row.node.pairs:
            return None
        kind, old = row.node.pairs[row.kind]
        if location(old) < location(kind) or not inside(location(old), row.at):
            # The kind is merged in from elsewhere.
            return None
        if row.node.flow:
            return Fix(Location(old.end_line, old.end_column, old.end_line, old.end_column), f", {pair}", safe, title)
        # On a line of its own, after the comment that may follow the value.
        lines = self._lines.all
        after = len(lines[old.end_line - 1]) + 1 if old.end_line <= len(lines) else 1
        at = Location(old.end_line, after, old.end_line, after)
        return Fix(at, self._lines.end + " " * (row.node.column - 1) + pair, safe, title)
