"""Edits of a spec's text: insert, delete and move rows, set keys of the top level and vars. The rest is left unchanged."""

from __future__ import annotations

from cnncalc.language.compose import compose
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode, last_line, location
from cnncalc.place import line_starts, lines_of
from cnncalc.problem import Location


class CannotEdit(ValueError):
    """The change cannot be made in this text; the message says how the text would have to be written."""


class ParsedText:
    """A text, its YAML nodes, and the offsets of its lines. Raises SpecError if the text is not YAML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = compose(text, None, [])
        if self.root is not None and not isinstance(self.root, Mapping):
            raise CannotEdit("a network is a map with input and layers")
        self._starts = line_starts(text)

    @property
    def top(self) -> Mapping | None:
        return self.root if isinstance(self.root, Mapping) else None

    @property
    def rows(self) -> list[YamlNode]:
        """Return the nodes of the top-level rows, in order."""
        layers = self.top.get("layers") if self.top is not None else None
        return list(layers.items) if isinstance(layers, Sequence) else []

    def offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column - 1 if line <= len(self._starts) else len(self.text)

    def line_start(self, line: int) -> int:
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def replaced(self, start: int, end: int, text: str) -> str:
        return self.text[:start] + text + self.text[end:]


def _rows(text: ParsedText) -> tuple[Sequence | None, int]:
    """Return the list of layers, None if there are no rows, and the column of its dashes. Raises CannotEdit for brackets."""
    layers = text.top.get("layers") if text.top is not None else None
    if isinstance(layers, Sequence) and layers.items:
        if layers.flow:
            raise CannotEdit("the layers stand in brackets; write each on a line of its own behind a dash to change them here")
        return layers, layers.column
    return None, 3


def insert(source: str, index: int, row: str) -> str:
    """Insert a row before the row at `index`, or after the last row if there is no such row."""
    text = ParsedText(source)
    layers, column = _rows(text)
    # The keys of a row of several lines stay aligned.
    line = " " * (column - 1) + "- " + row.replace("\n", "\n" + " " * (column + 1)) + "\n"
    if layers is None:
        return _first_row(text, line)
    if index < len(layers.items):
        at = text.line_start(_dash_line(text, layers, index))
        return text.replaced(at, at, line)
    at = text.line_start(last_line(layers.items[-1]) + 1)
    lead = "" if at == 0 or text.text[:at].endswith(("\n", "\r")) else "\n"
    return text.replaced(at, at, lead + line)


def _dash_line(text: ParsedText, layers: Sequence, index: int) -> int:
    """Return the line of a row's dash, which may be a line above the row."""
    line = int(layers.items[index].line)
    above = last_line(layers.items[index - 1]) if index else layers.line - 1
    for number in range(line, above, -1):
        start = text.line_start(number)
        before = text.text[start : start + layers.column]
        if before.endswith("-") and not before[:-1].strip():
            return number
    return line


def _first_row(text: ParsedText, line: str) -> str:
    top = text.top
    if top is None or "layers" not in top.pairs:
        lead = "" if not text.text or text.text.endswith("\n") else "\n"
        return f"{text.text}{lead}layers:\n{line}"
    key, value = top.pairs["layers"]
    start = text.offset(key.end_line, key.end_column)
    end = text.offset(value.end_line, value.end_column) if not (isinstance(value, Scalar) and not value.text) else start + 1
    rest = text.text[end:]
    return f"{text.text[:start]}:\n{line}{rest.lstrip(' ').removeprefix(chr(10)) if rest.strip() else ''}"


def _lines_of(text: ParsedText, index: int) -> tuple[Sequence, int, int]:
    """Return the rows, and the offsets at which the lines of one row begin and end. Raises CannotEdit if there are no rows."""
    layers, _ = _rows(text)
    if layers is None:
        raise CannotEdit("there are no rows")
    item = layers.items[index]
    return layers, text.line_start(_dash_line(text, layers, index)), text.line_start(last_line(item) + 1)


def delete(source: str, index: int) -> str:
    """Delete a row and its line."""
    text = ParsedText(source)
    layers, start, end = _lines_of(text, index)
    if len(layers.items) == 1:
        # An empty block list is null, and the next lines could be read as the value of the key.
        key, _ = text.top.pairs["layers"]  # type: ignore[union-attr]  # it has layers
        return text.text[: text.offset(key.end_line, key.end_column)] + ": []\n" + text.text[end:]
    return text.replaced(start, end, "")


def move(source: str, index: int, before: int) -> str:
    """Move a row before another row, its text unchanged; after the last row if `before` is the number of rows."""
    text = ParsedText(source)
    layers, start, end = _lines_of(text, index)
    lines = text.text[start:end]
    lines = lines if lines.endswith(("\n", "\r")) else lines + "\n"
    if before < len(layers.items):
        at = text.line_start(_dash_line(text, layers, before))
    else:
        at = text.line_start(last_line(layers.items[-1]) + 1)
    if at >= end:
        between = text.text[end:at]
        return text.text[:start] + between + ("" if between.endswith("\n") or not between else "\n") + lines + text.text[at:]
    return text.text[:at] + lines + text.text[at:start] + text.text[end:]


def replacement(key: Scalar, value: YamlNode, new: str, lines: list[str]) -> tuple[Location, str]:
    """Return the range to replace, and the text to write there, so that a key has the value `new`."""
    if isinstance(value, Scalar) and value.null and not value.text:
        rest = lines[key.end_line - 1][key.end_column - 1 :]
        if not rest.startswith(":"):
            return Location(key.end_line, key.end_column, key.end_line, key.end_column), f": {new}"
        after = rest[1:].lstrip(" ")
        first, last = key.end_column + 1, key.end_column + (1 if after.startswith("#") else len(rest) - len(after))
        return Location(key.end_line, first, key.end_line, last), f" {new}"
    if isinstance(value, Scalar) or value.flow:
        return location(value), new
    line = last_line(value)
    return Location(key.end_line, key.end_column, line, len(lines[line - 1]) + 1), f": {new}"


def _over_value(text: ParsedText, key: Scalar, old: YamlNode, value: str) -> str:
    at, new = replacement(key, old, value, lines_of(text.text))
    return text.replaced(text.offset(at.line, at.column), text.offset(at.end_line, at.end_column), new)


#: Keys at the top of a file, in order; other keys come after them, before `layers`.
_HEAD = ("name", "description", "source", "input")


def set_top(source: str, key: str, value: str) -> str:
    """Set a key of the top level; a new key is inserted at the top of the file, before the layers."""
    text = ParsedText(source)
    top = text.top
    if top is not None and key in top.pairs:
        return _over_value(text, *top.pairs[key], value)
    line = f"{key}: {value}\n"
    if top is None:
        return text.text + ("\n" if text.text and not text.text.endswith("\n") else "") + line
    before = _HEAD[: _HEAD.index(key)] if key in _HEAD else (*_HEAD, "fit", "layout", "vars", "blocks")
    above = [pair for name, pair in top.pairs.items() if name in before]
    at = text.line_start(max((last_line(v) if not _empty(v) else k.line) for k, v in above) + 1) if above else _top_line(text)
    if key not in _HEAD and "layers" in top.pairs:
        at = text.line_start(top.pairs["layers"][0].line)
    lead = "" if at == 0 or text.text[:at].endswith(("\n", "\r")) else "\n"
    return text.replaced(at, at, lead + line)


def _empty(node: YamlNode) -> bool:
    return isinstance(node, Scalar) and node.null and not node.text


def _top_line(text: ParsedText) -> int:
    """Return the line of the first key, so that comments above it stay above."""
    top = text.top
    first = min((key.line for key, _ in top.pairs.values()), default=1) if top is not None else 1
    return text.line_start(first)


def set_var(source: str, name: str, value: str) -> str:
    """Change the value of a var that the file defines."""
    text = ParsedText(source)
    node = text.top.get("vars") if text.top is not None else None
    if not isinstance(node, Mapping) or name not in node.pairs:
        raise CannotEdit(f"the file has no var {name}")
    return _over_value(text, *node.pairs[name], value)
