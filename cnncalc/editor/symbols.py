"""The outline of a file, its folding ranges, and definition, references and renaming of its names."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.editor.outline import ListScope, Symbol
from cnncalc.editor.positions import Span
from cnncalc.editor.recovery import PLACEHOLDER
from cnncalc.editor.snapshot import Snapshot
from cnncalc.language.names import identifier_fault, name_fault
from cnncalc.language.source import Mapping, Sequence, YamlNode, last_line
from cnncalc.layers import KINDS


class OutlineEntry(NamedTuple):
    """One line of a file's outline."""

    name: str
    detail: str
    kind: str
    span: Span
    selection: Span
    children: list[OutlineEntry]


class Edit(NamedTuple):
    """Text to put in place of a range."""

    span: Span
    text: str


class CannotRename(ValueError):
    """The name cannot be changed to this one; the message says why."""


def entries(snapshot: Snapshot) -> list[OutlineEntry]:
    """The symbols of a file as a tree: vars, inputs, blocks with their rows, and rows with their branches."""
    return [_entry(snapshot, symbol) for symbol in snapshot.outline.symbols if symbol.detail != PLACEHOLDER]


def _entry(snapshot: Snapshot, symbol: Symbol) -> OutlineEntry:
    first, last = snapshot.range(symbol.extent)
    last = _trimmed(snapshot.text, max(last, symbol.end))
    selection = snapshot.positions.between(symbol.start, symbol.end)
    span = snapshot.positions.between(min(first, symbol.start), max(last, symbol.end))
    children = [_entry(snapshot, one) for one in symbol.children if one.detail != PLACEHOLDER]
    return OutlineEntry(symbol.name, symbol.detail, symbol.kind, span, selection, children)


def _trimmed(text: str, end: int) -> int:
    """Return the end of a range without white space after it: libyaml ends a block where the next node begins."""
    while end and text[end - 1] in " \t\r\n":
        end -= 1
    return end


def folds(snapshot: Snapshot) -> list[tuple[int, int]]:
    """The first and last 0-based line of every key and row that takes more than one line."""
    found: set[tuple[int, int]] = set()
    todo: list[YamlNode] = [snapshot.recovered.root] if snapshot.recovered.root is not None else []
    seen: set[int] = set()

    def fold(first: int, node: YamlNode) -> None:
        last = last_line(node)
        if last > first:
            at = snapshot.positions.offset_at
            found.add((snapshot.positions.line_at(at(first, 1)), snapshot.positions.line_at(at(last, 1))))

    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Sequence):
            for item in node.items:
                fold(item.line, item)
                todo.append(item)
        elif isinstance(node, Mapping):
            for key, value in node.pairs.values():
                if value.line >= key.line:
                    fold(key.line, value)
                todo.append(value)
    return sorted(found)


def definition(snapshot: Snapshot, offset: int) -> Span | None:
    """Return the definition of the name at an offset."""
    symbol = snapshot.outline.at(offset)
    return snapshot.positions.between(symbol.start, symbol.end) if symbol is not None else None


def references(snapshot: Snapshot, offset: int, *, with_definition: bool = True) -> list[Span]:
    """Every use of the name at an offset, in order."""
    symbol = snapshot.outline.at(offset)
    if symbol is None:
        return []
    own = [(symbol.start, symbol.end)] if with_definition else []
    return [snapshot.positions.between(start, end) for start, end in sorted({*own, *symbol.uses})]


def renamable(snapshot: Snapshot, offset: int) -> Span:
    """The range of the name at an offset. Raises CannotRename if there is none that can be changed."""
    symbol = snapshot.outline.at(offset)
    if symbol is None:
        raise CannotRename("there is no name here")
    if not symbol.named:
        raise CannotRename(f"{symbol.name} is numbered by its kind; give the row a name first")
    start, end = next(
        ((a, b) for a, b in [(symbol.start, symbol.end), *symbol.uses] if a <= offset <= b), (symbol.start, symbol.end)
    )
    return snapshot.positions.between(start, end)


def rename(snapshot: Snapshot, offset: int, name: str) -> list[Edit]:
    """The edits that give the name at an offset another one, wherever it is used. Raises CannotRename."""
    renamable(snapshot, offset)
    symbol = snapshot.outline.at(offset)
    assert symbol is not None
    fault = (identifier_fault if symbol.kind in ("var", "parameter") else name_fault)(name)
    if fault is None and symbol.kind in ("block", "parameter") and (name in KINDS or name == "branches"):
        fault = f"{name} is a layer kind; choose another name"
    if fault:
        raise CannotRename(fault)
    if name != symbol.name and name in _taken(snapshot, symbol):
        raise CannotRename(f"the name {name} is taken")
    places = sorted({(symbol.start, symbol.end), *symbol.uses})
    _check_renamed(snapshot, places, name)
    return [Edit(snapshot.positions.between(start, end), name) for start, end in places]


def _check_renamed(snapshot: Snapshot, places: list[tuple[int, int]], name: str) -> None:
    """Raise CannotRename if a use of the name cannot be found, such as one that an expression puts together."""
    text, at = "", 0
    for start, end in places:
        text += snapshot.text[at:start] + name
        at = end
    after = Snapshot(text + snapshot.text[at:], snapshot.file, snapshot.settings)
    unknown, more = ([p.message for p in one.problems if p.rule == "unknown-name"] for one in (snapshot, after))
    if len(more) > len(unknown):
        lost = next(message for message in more if message not in unknown)
        raise CannotRename(f"the network would not be the same: {lost}")


def _taken(snapshot: Snapshot, symbol: Symbol) -> set[str]:
    """Return the other names in the scope of a symbol."""
    outline = snapshot.outline
    if symbol.kind == "block":
        return set(outline.blocks)
    if symbol.kind in ("var", "parameter"):
        owner = next((block for block in outline.blocks.values() if symbol in block.children), None)
        return (
            {*outline.vars, *(child.name for child in owner.children if child.kind == "parameter")}
            if owner
            else set(outline.vars)
        )
    for scope in _all_scopes(snapshot):
        if symbol in scope.rows.values():
            return set(scope.rows)
    return set()


def _all_scopes(snapshot: Snapshot) -> list[ListScope]:
    inner = [symbol.inner for symbol in snapshot.outline.all() if symbol.inner is not None]
    return [*snapshot.outline.scopes, snapshot.outline.top, *inner]
