"""Completion: kinds, fields, words of a field, names, vars, blocks, rules and keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cnncalc.docstring import docstring
from cnncalc.dtype import DTYPES
from cnncalc.editor.context import CursorContext, context
from cnncalc.editor.outline import ListScope
from cnncalc.editor.positions import Span
from cnncalc.editor.recovery import PLACEHOLDER
from cnncalc.editor.snapshot import Snapshot
from cnncalc.language.document import BUDGETED, EXPECTED, TOP_KEYS
from cnncalc.language.expression import FUNCTIONS
from cnncalc.language.row import MERGES, ROW_KEYS
from cnncalc.layers import KINDS, Join, Layer
from cnncalc.problem import IGNORABLE
from cnncalc.rules.manual import level, summary
from cnncalc.shape import LAYOUTS
from cnncalc.values import FLOW_KEYS
from cnncalc.window import FITS


class Suggestion(NamedTuple):
    """Something to type: `kind` is kind, field, word, name, key, block, var, function or rule."""

    label: str
    text: str
    kind: str
    detail: str = ""
    documentation: str = ""


class Completion(NamedTuple):
    """The items, and the range of the word before the cursor that they replace."""

    span: Span
    items: list[Suggestion]


#: Words that a key takes, apart from those that a kind's own field declares.
_WORDS: dict[str, tuple[str, ...]] = {
    "fit": FITS,
    "layout": LAYOUTS,
    "dtype": DTYPES,
    "merge": MERGES,
    "trainable": ("true", "false"),
}
_KEYS: dict[str, tuple[str, ...]] = {"expect": EXPECTED, "budget": BUDGETED}


def complete(snapshot: Snapshot, offset: int) -> Completion:
    """Return the completions at an offset: all that begin with the word there, in upper or lower case."""
    here = context(snapshot.positions, offset)
    span = snapshot.positions.between(offset - len(here.word), offset)
    word = here.word.lower()
    seen: dict[str, Suggestion] = {}
    for item in _items(here, snapshot, offset):
        if item.label.lower().startswith(word):
            seen.setdefault(item.label, item)
    return Completion(span, list(seen.values()))


def _items(here: CursorContext, snapshot: Snapshot, offset: int) -> Iterator[Suggestion]:
    if here.place == "ignore":
        yield from _rules()
    elif here.place == "expression":
        yield from _in_expression(snapshot, offset)
    elif here.place == "kind":
        yield from row_beginnings(snapshot.outline.blocks, in_braces=here.in_braces)
    elif here.place == "field":
        yield from row_fields([key for key, _ in here.row], _parameters(snapshot, here))
    elif here.place == "value":
        yield from _values(here, snapshot, offset)
    elif here.place == "key":
        yield from _keys(here)
    elif here.place == "word":
        yield from _words(here, snapshot)


def row_beginnings(blocks: Iterable[str] = (), *, in_braces: bool = True) -> Iterator[Suggestion]:
    """Return beginnings of a row. In braces a kind is a key; after a dash a kind without a required value is a word alone."""
    for name, kind in KINDS.items():
        bare = kind.main is None or not kind.main.required
        required = [o.name for o in kind.options.values() if o.required and not o.main]
        if in_braces:
            text = f"{name}: "
        elif bare and not required:
            text = name
        else:
            text = f"{{{name}: "
        yield Suggestion(name, text, "kind", _first_line(docstring(kind)), docstring(kind))
    for name in blocks:
        yield Suggestion(f"block: {name}", f"block: {name}" if in_braces else f"{{block: {name}}}", "block", "a use of a block")
    yield Suggestion("block", "block: " if in_braces else "{block: ", "kind", "a use of a block")
    yield Suggestion("branches", "branches: " if in_braces else "branches:", "kind", "lists of rows that read the same input")


def row_fields(written: Iterable[str], parameters: Iterable[str] = ()) -> Iterator[Suggestion]:
    """The fields that a row with these keys can still have, required ones first."""
    keys = list(written)
    kind = kind_among(keys)
    options = [o for o in kind.options.values() if not o.main and o.name not in keys] if kind is not None else []
    for declared in sorted(options, key=lambda o: not o.required):
        detail = declared.type.describe() + ("; required" if declared.required else "")
        yield Suggestion(declared.name, f"{declared.name}: ", "field", detail, declared.doc)
    for name in parameters:
        if name not in keys:
            yield Suggestion(name, f"{name}: ", "field", "a parameter of the block")
    if "branches" in keys and "merge" not in keys:
        yield Suggestion("merge", "merge: ", "field", "how the branches are joined")
    for name, text in ROW_KEYS.items():
        if name not in keys:
            yield Suggestion(name, f"{name}: ", "key", "a key of every row", text)


def field_words(kind: type[Layer] | None, key: str) -> tuple[str, ...]:
    """The words that a key of a row takes; none if it takes numbers or free text."""
    if key in _WORDS:
        return _WORDS[key]
    declared = (kind.main if key == kind.kind else kind.options.get(key)) if kind is not None else None
    if declared is None:
        return ()
    found = declared.type.schema()
    if found.get("type") == "boolean":
        return ("true", "false")
    return tuple(dict.fromkeys(_words_of(found)))


def _words_of(found: dict[str, Any]) -> Iterator[str]:
    """The words that a schema allows, in lists too."""
    yield from (word for word in (*found.get("enum", ()), found.get("const")) if isinstance(word, str))
    for one in (*found.get("anyOf", ()), *([found["items"]] if "items" in found else ())):
        yield from _words_of(one)


def kind_among(keys: Iterable[str]) -> type[Layer] | None:
    """The layer kind that a row with these keys has."""
    return next((KINDS[key] for key in keys if key in KINDS), None)


def _values(here: CursorContext, snapshot: Snapshot, offset: int) -> Iterator[Suggestion]:
    kind = kind_among([*(key for key, _ in here.row), here.key])
    for word in field_words(kind, here.key):
        yield Suggestion(word, word, "word", f"{here.key}")
    if here.key == "block":
        for name in snapshot.outline.blocks:
            yield Suggestion(name, name, "block", "a block of this file")
    joins = here.key in KINDS and issubclass(KINDS[here.key], Join)
    if here.key in ("from", "share") or joins:
        yield from _names(here.word, snapshot, offset, joins=joins)


def _names(word: str, snapshot: Snapshot, offset: int, *, joins: bool) -> Iterator[Suggestion]:
    """The rows above that a row can read, the nearest first; behind `stage.` the copies and the rows of stage.

    Only a layer that `joins` results can read all copies of a row.
    """
    scope = snapshot.outline.scope_at(offset)
    path, dot, _ = word.rpartition(".")
    if dot:
        yield from _names_inside(path, scope, snapshot, joins=joins)
        return
    above = []
    for symbol in scope.visible():
        start, end = snapshot.range(symbol.extent)
        if symbol.start < offset and not start <= offset <= end and symbol.detail != PLACEHOLDER:
            above.append(symbol)
    above.sort(key=lambda symbol: -symbol.start)
    for symbol in (*above, *scope.around()):
        yield Suggestion(symbol.name, symbol.name, "name", symbol.detail)
        if symbol.repeated and joins:
            yield _every_copy(symbol.name)
    yield Suggestion("input", "input", "name", "what the network, block or branch reads")


def _names_inside(path: str, scope: ListScope, snapshot: Snapshot, *, joins: bool) -> Iterator[Suggestion]:
    """The copies of a repeated row, and the rows and branches inside a row."""
    first = scope.find(path.partition(".")[0])
    found = list(snapshot.outline.along(path, first[0])) if first else []
    if len(found) < len(path.split(".")):
        return
    symbol = [symbol for symbol in found if symbol is not None][-1]
    if symbol.repeated and found[-1] is symbol:
        if joins:
            yield _every_copy(path)
        yield Suggestion(f"{path}.0", f"{path}.0", "name", "the first copy")
    names = snapshot.outline.names_inside(symbol)
    for row in names.rows.values() if names is not None else ():
        yield Suggestion(f"{path}.{row.name}", f"{path}.{row.name}", "name", row.detail)


def _every_copy(name: str) -> Suggestion:
    return Suggestion(f"{name}.*", f"{name}.*", "name", "every copy")


def _parameters(snapshot: Snapshot, here: CursorContext) -> list[str]:
    """The parameters of the block that the row uses."""
    block = dict(here.row).get("block", "")
    symbol = snapshot.outline.blocks.get(block)
    return [child.name for child in symbol.children if child.kind == "parameter"] if symbol is not None else []


def _in_expression(snapshot: Snapshot, offset: int) -> Iterator[Suggestion]:
    for name, symbol in snapshot.outline.scope_at(offset).values.items():
        yield Suggestion(name, name, "var", symbol.kind + (f" {symbol.detail}" if symbol.kind == "var" else ""))
    yield Suggestion("in_channels", "in_channels", "var", "the channels of what the row reads")
    yield Suggestion("i", "i", "var", "the number of the copy of a repeated row, from 0")
    for name in FUNCTIONS:
        yield Suggestion(name, f"{name}(", "function", "a function of expressions")


def _keys(here: CursorContext) -> Iterator[Suggestion]:
    written = {key for key, _ in here.row}
    keys: tuple[str, ...] = ()
    if not here.path:
        keys = TOP_KEYS
    elif here.path[-1] in _KEYS and len(here.path) == 1:
        keys = _KEYS[here.path[-1]]
    elif here.path[:1] == ("blocks",) and len(here.path) == 2:
        keys = ("parameters", "layers", "description")
    elif here.path[-1] == "input":
        keys = FLOW_KEYS
    for key in keys:
        if key not in written:
            yield Suggestion(key, f"{key}: ", "key", "a key of the file" if not here.path else f"a key of {here.path[-1]}")


def _words(here: CursorContext, snapshot: Snapshot) -> Iterator[Suggestion]:
    if here.key == "ignore":
        yield from _rules()
    elif here.key == "outputs":
        for symbol in snapshot.outline.top.rows.values():
            yield Suggestion(symbol.name, symbol.name, "name", symbol.detail)
    else:
        for word in field_words(None, here.key):
            yield Suggestion(word, word, "word", here.key)


def _rules() -> Iterator[Suggestion]:
    for name in IGNORABLE:
        yield Suggestion(name, name, "rule", level(name), summary(name))


def _first_line(text: str) -> str:
    return " ".join(text.strip().split("\n\n", 1)[0].split())
