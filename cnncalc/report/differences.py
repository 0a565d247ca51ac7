"""The differences between two networks as a table, as Markdown for a pull request, and as data."""

from __future__ import annotations

from typing import Any

from cnncalc.analysis.comparison import BYTES, TOTALS, Change, Difference
from cnncalc.graph import Node
from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.grid import grid
from cnncalc.report.network.formats.json import SCHEMA_VERSION
from cnncalc.report.network.formats.markdown import escaped
from cnncalc.report.network.table import Row
from cnncalc.subject import Subject

SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_ROLES = {"added": "output", "removed": "error", "changed": ""}
_RIGHT = frozenset(("parameters", "MACs", "before", "after"))
HEAD = ("layer", "change", "output", "parameters", "MACs")


def cells(change: Change, layout: str) -> list[str]:
    """A layer before and after the change; a number that stays the same is shown once."""
    a, b = change.before, change.after
    node = b or a
    assert node is not None
    name = node.name if a is None or b is None or a.name == b.name else f"{a.name} → {b.name}"
    return [
        name,
        _what(change, layout),
        _became(_output(a, layout), _output(b, layout)),
        _became(_number(a, "parameters"), _number(b, "parameters")),
        _became(_number(a, "macs"), _number(b, "macs")),
    ]


def _what(change: Change, layout: str) -> str:
    a, b = change.before, change.after
    if a is None or b is None:
        node = b or a
        assert node is not None
        return f"{change.status}: {words.kind(node)} {words.summary(node, layout)}".rstrip()
    if "kind" in change.fields:
        return f"{words.kind(a)} {words.summary(a, layout)} → {words.kind(b)} {words.summary(b, layout)}"
    return ", ".join(f"{name} {_value(x)} → {_value(y)}" for name, (x, y) in change.fields.items())


def _value(value: Any) -> str:
    """A JSON value of a field, in a few characters."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and value:
        parts = [
            f"{v[0]}+{v[1]}" if isinstance(v, list) and v[0] != v[1] else str(v[0] if isinstance(v, list) else v) for v in value
        ]
        return parts[0] if len(set(parts)) == 1 else "×".join(parts)
    return str(value)


def _output(node: Node | None, layout: str) -> str:
    return "" if node is None else words.flow(node.shape, layout)


def _number(node: Node | None, name: str) -> str:
    if node is None:
        return ""
    value = getattr(node, name)
    return "?" if value is None else f"{value:,}"


def _became(a: str, b: str) -> str:
    return b if a == b or not a else a if not b else f"{a} → {b}"


def totals_table(found: Difference) -> list[list[str]]:
    return [
        [_title(key, found), *(_total(n, key, side) for n, side in ((a, found.before), (b, found.after))), _growth(found, key)]
        for key, (a, b) in found.totals.items()
        if key in ("parameters", "macs") or a != b
    ]


def _title(key: str, found: Difference) -> str:
    """The title of a total; of bytes with the type of the numbers."""
    types = dict.fromkeys((found.before.memory.dtype, found.after.memory.dtype))
    return f"{TOTALS[key]} ({' → '.join(types)})" if key in BYTES else TOTALS[key]


def _growth(found: Difference, key: str) -> str:
    """The difference of a total; `?` if one of the two leaves out layers."""
    unknown = any(side.graph.leaves_out(key) for side in (found.before, found.after))
    return "?" if unknown else words.difference(*found.totals[key])


def _total(value: int, key: str, side: Subject) -> str:
    return f"{words.at_least(side, key)}{value:,}"


def notes(found: Difference, layout: str) -> list[str]:
    """Inputs and outputs that changed, and rows whose only change is the name."""
    found_notes = []
    for what, *sides in found.ends:
        x, y = (", ".join(f"{source.name} {words.flow(source.flow, layout)}" for source in side) for side in sides)
        found_notes.append(f"{what[:-1]}: {x} → {y}")
    shown = {change.before.name for change in found.changes if change.before is not None}
    return found_notes + [f"renamed: {a} → {b}" for a, b in found.renamed if a not in shown]


def rows(found: Difference, names: tuple[str, str], layout: str, width: int | None) -> list[Row]:
    """Title, one line per layer that differs, and the totals of both networks."""
    result: list[Row] = [[(f"{one_line(names[0])} → {one_line(names[1])}", "title")], []]
    remarks: list[Row] = [[(one_line(note), "")] for note in notes(found, layout)]
    if not found:
        return [*result, *remarks, [(f"the same: {words.plural(found.same, 'layer')}", "")]]
    result += remarks
    if found.changes:
        table = [[SIGNS[change.status], *cells(change, layout)] for change in found.changes]
        roles = [_ROLES[change.status] for change in found.changes]
        result += [
            *([[]] if remarks else []),
            *grid(["", *HEAD], table, right=_RIGHT, roles=roles, width=width, spare=("MACs", "parameters")),
        ]
    result += [
        [],
        *grid(["", "before", "after", "difference"], totals_table(found), right=_RIGHT, width=width, spare=("difference",)),
    ]
    result += [[], [(summary(found), "note")]]
    return result


def summary(found: Difference) -> str:
    counts = {status: sum(change.status == status for change in found.changes) for status in SIGNS}
    parts = [f"{counts[status]:,} {status}" for status in ("changed", "added", "removed") if counts[status]]
    return f"{words.plural(found.same, 'layer')} the same" + "".join(f", {part}" for part in parts)


def markdown(found: Difference, names: tuple[str, str], layout: str) -> str:
    """The differences as Markdown, for a comment on a pull request."""
    parts = [f"### {escaped(names[0])} → {escaped(names[1])}"]
    remarks = [f"- {escaped(note)}" for note in notes(found, layout)]
    if not found:
        return "\n\n".join([*parts, *remarks, f"The same: {words.plural(found.same, 'layer')}."]) + "\n"
    parts.append(_markdown_table(["", "before", "after", "difference"], totals_table(found)))
    parts += remarks
    if found.changes:
        body = [[f"`{SIGNS[change.status]}`", *map(escaped, cells(change, layout))] for change in found.changes]
        parts.append(_markdown_table(["", *HEAD], body))
    return "\n\n".join([*parts, f"{summary(found)}."]) + "\n"


def _markdown_table(head: list[str], body: list[list[str]]) -> str:
    marks = ["---:" if name in _RIGHT else "---" for name in head]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, marks, *body))


def document(found: Difference, names: tuple[str, str], layout: str) -> dict[str, Any]:
    """The differences as plain data, for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "before": names[0],
        "after": names[1],
        "dtype": [found.before.memory.dtype, found.after.memory.dtype],
        "differ": bool(found),
        "totals": {key: {"before": a, "after": b, "difference": b - a} for key, (a, b) in found.totals.items()},
        "layers": [_layer(change, layout) for change in found.changes],
        "renamed": [list(names) for names in found.renamed],
        "same": found.same,
    }


def _layer(change: Change, layout: str) -> dict[str, Any]:
    a, b = change.before, change.after
    return {
        "status": change.status,
        "name": change.name,
        "kind": [None if n is None else words.kind(n) for n in (a, b)],
        "names": [None if n is None else n.name for n in (a, b)],
        "fields": {name: list(values) for name, values in change.fields.items()},
        "shape": [None if n is None or n.shape is None else list(n.shape.ordered(layout)) for n in (a, b)],
        "parameters": [None if n is None else n.parameters for n in (a, b)],
        "macs": [None if n is None else n.macs for n in (a, b)],
    }
