"""Definitions of blocks: uses with the same rows share a definition, whose parameters hold the values that differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from cnncalc.language.row import ROW_KEYS
from cnncalc.layers import KINDS
from cnncalc.report.network.yaml.entries import Entry

#: Fields that count channels: one of them may be a multiple of another.
_CHANNELS = frozenset(("filters", "units", "groups", "hidden", "dimension"))
_RESERVED = frozenset(
    (*ROW_KEYS, "block", "branches", "merge", "in_channels", "i", "min", "max", "round", "floor", "ceil", "abs")
)
_MULTIPLES = range(2, 9)


@dataclass(slots=True, eq=False)
class BlockDefinition:
    """A block: its rows, and its parameters with their defaults, None for a parameter that every use gives."""

    name: str
    rows: list[Entry]
    parameters: dict[str, str | None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Hole:
    """A value in a definition's rows, with its values in all uses."""

    entry: Entry
    values: dict[str, str]
    key: str
    base: str
    seen: list[str]


def define(rows: list[Entry]) -> list[BlockDefinition]:
    """The definitions of all blocks that `rows` use, simple ones first; the uses are given their arguments."""
    uses = [(entry, _height(entry)) for entry in _blocks(rows)]
    found: list[BlockDefinition] = []
    taken: set[str] = set()
    for height in sorted({height for _, height in uses}):
        classes: dict[object, list[Entry]] = {}
        for entry, own in uses:
            if own == height:
                classes.setdefault(_structure(entry.body or []), []).append(entry)
        for alike in classes.values():
            found.append(_definition(alike, _block_name(alike[0].title, taken)))
    return found


def _blocks(rows: list[Entry]) -> Iterator[Entry]:
    """Every use of a block, at any depth."""
    todo = list(rows)
    while todo:
        entry = todo.pop(0)
        if entry.body is not None:
            yield entry
            todo += entry.body
        for inner in entry.branches.values():
            todo += inner


def _height(entry: Entry) -> int:
    """The depth of nested blocks below a use."""
    inner = [*(entry.body or [])]
    for rows in entry.branches.values():
        inner += rows
    return (entry.body is not None) + max((_height(one) for one in inner), default=0)


def _structure(rows: list[Entry]) -> object:
    """The structure that uses of one definition share: kinds, names, keys and nesting, without values."""
    return tuple(
        (
            entry.kind,
            entry.values.get("block"),
            entry.values.get("merge"),
            entry.name,
            tuple(key for key in entry.values if key not in entry.defaults and key != entry.kind),
            entry.values.get(entry.kind) == "" if entry.kind not in entry.defaults else None,
            tuple((key, value if key in ("fit", "trainable") else "") for key, value in entry.keys.items()),
            tuple((label, _structure(inner)) for label, inner in entry.branches.items()),
        )
        for entry in rows
    )


def _definition(uses: list[Entry], name: str) -> BlockDefinition:
    """One definition for uses with the same structure; each use gets its arguments."""
    bodies = [use.body or [] for use in uses]
    made = BlockDefinition(name, bodies[0])
    holes = list(_holes(bodies))
    given: dict[str, list[str]] = {}
    named: list[tuple[str, Hole]] = []
    for hole in holes:
        if len(set(hole.seen)) == 1:
            hole.values[hole.key] = hole.seen[0]
            continue
        related = _related(hole, named)
        if related is None:
            parameter = _parameter(hole, given)
            given[parameter] = hole.seen
            named.append((parameter, hole))
            related = f"${{{parameter}}}"
        hole.values[hole.key] = f'"{related}"'
    usual = {parameter: hole.entry.defaults.get(hole.key) for parameter, hole in named}
    for parameter, seen in given.items():
        value, count = Counter(seen).most_common(1)[0]
        default = usual[parameter]
        made.parameters[parameter] = default if default in seen else value if 2 * count > len(seen) else None
    for i, use in enumerate(uses):
        use.values = {"block": name, **{parameter: seen[i] for parameter, seen in given.items()}}
        use.defaults = {parameter: value for parameter, value in made.parameters.items() if value is not None}
    _tidy(made.rows)
    return made


def _holes(bodies: list[list[Entry]]) -> Iterator[Hole]:
    """Every value of the first body, with its counterparts in the other bodies."""
    for entries in zip(*bodies, strict=True):
        first = entries[0]
        keys = list(dict.fromkeys(key for entry in entries for key in entry.values if key not in ("block", "merge")))
        for key in keys:
            seen = [entry.values.get(key) or entry.defaults.get(key, "") for entry in entries]
            if key == first.kind and not any(seen):
                continue
            yield Hole(first, first.values, key, _base(first, key), seen)
        for key in first.keys:
            if key not in ("fit", "trainable"):
                base = {"from": "source", "repeat": "count", "share": "shared"}.get(key, key)
                yield Hole(first, first.keys, key, base, [entry.keys[key] for entry in entries])
        for label in first.branches:
            yield from _holes([entry.branches[label] for entry in entries])


def _base(entry: Entry, key: str) -> str:
    """The preferred name of a parameter for this value."""
    kind = KINDS.get(entry.kind)
    if kind is not None and key == entry.kind and kind.main is not None:
        return "source" if kind.main.wires else kind.main.name
    return key


def _related(hole: Hole, named: list[tuple[str, Hole]]) -> str | None:
    """A template for a hole in terms of earlier parameters; None if there is none."""
    for parameter, other in named:
        if other.seen == hole.seen and (other.base == hole.base or {other.base, hole.base} <= _CHANNELS):
            return f"${{{parameter}}}"
    matches = [_RANGE.fullmatch(text) for text in hole.seen]
    if all(matches):
        ends = [_template([match[end] for match in matches if match is not None], named) for end in (1, 2)]
        return f"{ends[0]}:{ends[1]}" if ends[0] is not None and ends[1] is not None else None
    numbers = _numbers(hole.seen)
    if numbers is None:
        return None
    if hole.base == "padding":
        for parameter, other in named:
            others = _numbers(other.seen)
            if others is not None and other.base == "kernel_size" and other.entry is hole.entry:
                if numbers == [n // 2 for n in others]:
                    return f"${{{parameter} // 2}}"
    return _template(hole.seen, named) if hole.base in _CHANNELS else None


_RANGE = re.compile(r'"(\d+):(\d+)"')


def _template(seen: list[str], named: list[tuple[str, Hole]]) -> str | None:
    """Numbers of channels as one number, or a multiple or fraction of a parameter; None if neither is possible."""
    if len(set(seen)) == 1:
        return seen[0]
    numbers = _numbers(seen)
    for parameter, other in named:
        others = _numbers(other.seen) if other.base in _CHANNELS else None
        if others is None or numbers is None:
            continue
        if numbers == others:
            return f"${{{parameter}}}"
        for k in _MULTIPLES:
            if numbers == [k * n for n in others]:
                return f"${{{k} * {parameter}}}"
            if others == [k * n for n in numbers]:
                return f"${{{parameter} // {k}}}"
    return None


def _numbers(seen: list[str]) -> list[int] | None:
    return [int(text) for text in seen] if all(text.isdecimal() for text in seen) else None


def _parameter(hole: Hole, given: dict[str, list[str]]) -> str:
    """A free name for a parameter."""
    base = hole.base if hole.base not in KINDS and hole.base not in _RESERVED else f"{hole.base}_"
    name = base
    if name in given:
        name = f"{re.sub(r'[^A-Za-z0-9_]', '_', hole.entry.name)}_{base}"
        name = name if not name[0].isdigit() else f"row_{name}"
    found, number = name, 2
    while found in given or found in KINDS or found in _RESERVED:
        found, number = f"{name}_{number}", number + 1
    return found


def _tidy(rows: list[Entry]) -> None:
    """Leave out fields that have their default in every use."""
    for entry in rows:
        for key, default in entry.defaults.items():
            if entry.values.get(key) == default:
                if key == entry.kind:
                    entry.values[key] = ""
                else:
                    del entry.values[key]
        for inner in entry.branches.values():
            _tidy(inner)


def _block_name(title: str, taken: set[str]) -> str:
    """A free name for a block, from the first word of its title."""
    word = re.sub(r"[^A-Za-z0-9_]+", "_", title.partition(",")[0].strip()).strip("_").lower() or "block"
    if word[0].isdigit() or word in KINDS or word in ("block", "branches", "input"):
        word = f"{word}_block" if not word[0].isdigit() else f"block_{word}"
    name, number = word, 2
    while name in taken:
        name, number = f"{word}_{number}", number + 1
    taken.add(name)
    return name
