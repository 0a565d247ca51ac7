"""Hover: a row's formula with its numbers, the documentation of a kind, a field or a key, the manual of a rule."""

from __future__ import annotations

from typing import Any, NamedTuple

from cnncalc.docstring import docstring
from cnncalc.editor.completion import kind_among
from cnncalc.editor.outline import Symbol, kind_of
from cnncalc.editor.positions import Span
from cnncalc.editor.snapshot import Snapshot
from cnncalc.graph import Node
from cnncalc.language.schema import ROW_KEYS
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode
from cnncalc.layers import KINDS
from cnncalc.layers.option import Option
from cnncalc.problem import Location


class Hover(NamedTuple):
    """Markdown to show, and the range that it is about."""

    span: Span
    markdown: str


def hover(snapshot: Snapshot, offset: int) -> Hover | None:
    """What is known of the word at an offset: the row's numbers, the field's meaning, and what is wrong there."""
    parts: list[str] = []
    span: tuple[int, int] | None = None
    found = _row_at(snapshot, offset)
    if found is not None:
        row, key = found
        kind = kind_of(row)
        word = key or kind
        if word is not None:
            span = _range(snapshot, word)
            if kind is not None and word.text == kind.text:
                parts += _kind(snapshot, row, kind.text)
            else:
                parts += _field([*row.pairs] if isinstance(row, Mapping) else [], word.text)

    symbol = snapshot.outline.at(offset)
    if symbol is not None and symbol.kind in ("var", "parameter", "block"):
        span = span or (symbol.start, symbol.end)
        parts.append(_symbol(symbol))
    for problem in snapshot.problems_at(offset, offset):
        start, end = snapshot.range(problem.location)
        if start <= offset < end:
            span = span or (start, end)
            parts.append(f"**{problem.level}: {problem.rule}** — {_escaped(problem.message)}")
    if span is None or not parts:
        return None
    return Hover(snapshot.positions.between(*span), "\n\n".join(parts))


def _range(snapshot: Snapshot, node: YamlNode) -> tuple[int, int]:
    return snapshot.range(Location(node.line, node.column, node.end_line, node.end_column))


def _row_at(snapshot: Snapshot, offset: int) -> tuple[YamlNode, Scalar | None] | None:
    """The innermost row around an offset, and the key of it whose name or value is there."""
    best: tuple[YamlNode, Scalar | None] | None = None
    size = len(snapshot.text) + 1
    for scope in snapshot.outline.scopes:
        for item in scope.node.items if isinstance(scope.node, Sequence) else []:
            start, end = _range(snapshot, item)
            if not (start <= offset <= end and end - start < size):
                continue
            pairs = item.pairs.values() if isinstance(item, Mapping) else ()
            for key, value in pairs:
                first, last = _range(snapshot, key)[0], max(_range(snapshot, key)[1], _range(snapshot, value)[1])
                if first <= offset <= last and not isinstance(value, Mapping):
                    best, size = (item, key), end - start
            if isinstance(item, Scalar):
                best, size = (item, None), end - start
    return best


def _kind(snapshot: Snapshot, row: YamlNode, kind: str) -> list[str]:
    """A row's numbers, then what its kind does."""
    parts = []
    nodes = _nodes(snapshot, row)
    if nodes:
        parts.append(_numbers(snapshot, nodes))
    if kind in KINDS:
        text = docstring(KINDS[kind])
        parts.append(f"**{kind}** — {_escaped(text)}")
    return parts


def _nodes(snapshot: Snapshot, row: YamlNode) -> list[Node]:
    network = snapshot.network
    at = Location(row.line, row.column, row.end_line, row.end_column)
    return [node for node in network.graph.nodes if node.location == at] if network is not None else []


def _numbers(snapshot: Snapshot, nodes: list[Node]) -> str:
    """The formula with the numbers of the first copy, its size, parameters and MACs."""
    from cnncalc.report import single, words

    assert snapshot.network is not None
    layout = snapshot.network.layout
    node = nodes[0]
    reads = " and ".join(words.flow(source.flow, layout) for source in node.inputs)
    lines = [f"{node.name}: {node.kind} {words.summary(node, layout)}".rstrip() + (f" on {reads}" if reads else "")]
    lines += [f"{', '.join(axes)}: {formula}{single.rounded(node)}" for axes, formula in single.formulas(node)]
    lines.append(f"output {words.flow(node.shape, layout)}")
    if node.shape is not None:
        lines += [f"{name} {text}" for name, text in single.inferred(node)]
    if len(nodes) > 1:
        total = sum(one.parameters for one in nodes)
        lines.append(f"the first of {len(nodes)} copies; together {total:,} parameters")
    return "```text\n" + "\n".join(line.replace("```", "'''") for line in lines) + "\n```"


def _field(keys: list[str], key: str) -> list[str]:
    kind = kind_among(keys)
    if kind is not None and key in kind.options and not kind.options[key].main:
        declared = kind.options[key]
        default = "required" if declared.required else f"default {_shown(declared)}"
        return [f"**{key}** — {declared.doc}: {declared.type.describe()} ({default})"]
    if key in ROW_KEYS:
        return [f"**{key}** — {ROW_KEYS[key][0]}"]
    return []


def _shown(declared: Option[Any]) -> str:
    return "none" if declared.default is None else declared.type.show(declared.default)


def _symbol(symbol: Symbol) -> str:
    uses = f"{len(symbol.uses)} use" + ("" if len(symbol.uses) == 1 else "s")
    value = f" = {_escaped(symbol.detail)}" if symbol.kind == "var" and symbol.detail else ""
    return f"**{symbol.kind} {symbol.name}**{value} — {uses}"


def _escaped(text: str) -> str:
    """Free text in which no character is Markdown."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text)
