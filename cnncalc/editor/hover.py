"""Hover: the formula of a row with its numbers, the documentation of kinds, fields and keys, the manuals of rules."""

from __future__ import annotations

import re
from functools import cache
from textwrap import dedent
from typing import Any, NamedTuple

from cnncalc.docstring import docstring
from cnncalc.editor.aliases import alias_at
from cnncalc.editor.completion import kind_among
from cnncalc.editor.context import context
from cnncalc.editor.outline import Symbol, kind_of
from cnncalc.editor.positions import Span
from cnncalc.editor.recovery import PLACEHOLDER
from cnncalc.editor.snapshot import Snapshot
from cnncalc.graph import Node
from cnncalc.language.row import ROW_KEYS
from cnncalc.language.schema import schema
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode
from cnncalc.layers import KINDS
from cnncalc.layers.option import Option
from cnncalc.problem import IGNORABLE, Location
from cnncalc.rules.manual import manual

#: Lines of an anchor that the hover of an alias shows, and the characters of an alias that are looked at.
_SHOWN, _LONGEST = 20, 200
_RULE = re.compile(r"[a-z]+(?:-[a-z]+)+")


class Hover(NamedTuple):
    """Markdown to show, and the range it describes."""

    span: Span
    markdown: str


def hover(snapshot: Snapshot, offset: int) -> Hover | None:
    """Return the numbers, documentation and problems of the word at an offset; None if there are none."""
    parts: list[str] = []
    span = _rule_at(snapshot, offset)
    if span is not None:
        return Hover(snapshot.positions.between(*span), _manual(snapshot.text[slice(*span)]))
    alias = _alias_at(snapshot, offset)
    if alias is not None:
        return alias
    found = _row_at(snapshot, offset)
    if found is None:
        span = _key_at(snapshot, offset, parts)
    else:
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
    use = next((one for one in symbol.uses if one[0] <= offset <= one[1]), None) if symbol is not None else None
    if symbol is not None and symbol.kind in ("var", "parameter", "block"):
        span = use or span or (symbol.start, symbol.end)
        parts.append(_symbol(symbol))
    elif symbol is not None and use is not None:
        # The name of another row: its numbers, not those of the row that reads it.
        nodes = _nodes(snapshot, symbol.extent)
        span, parts = use, [_numbers(snapshot, nodes)] if nodes else parts
    for problem in snapshot.problems_at(offset, offset):
        start, end = snapshot.range(problem.location)
        if start <= offset < end:
            span = span or (start, end)
            parts.append(f"**{problem.level}: {problem.rule}** — {_escaped(problem.message)}")
            parts.append(_manual(problem.rule))
    if span is None or not parts:
        return None
    return Hover(snapshot.positions.between(*span), "\n\n".join(parts))


def _rule_at(snapshot: Snapshot, offset: int) -> tuple[int, int] | None:
    """Return the range of a rule's name in an ignore comment or after the key `ignore`; None if there is no such name."""
    positions = snapshot.positions
    line = positions.line_at(offset)
    start = positions.line_start(line)
    for word in _RULE.finditer(snapshot.text, start, positions.line_end(line)):
        if word.start() <= offset <= word.end() and word[0] in IGNORABLE:
            here = context(positions, word.end())
            if here.place == "ignore" or (here.place == "word" and here.key == "ignore"):
                return word.span()
    return None


def _alias_at(snapshot: Snapshot, offset: int) -> Hover | None:
    """Return the text that an alias stands for, and its numbers if it is a row; None if there is no alias at an offset."""
    text = snapshot.recovered.text
    if "*" not in text[max(0, offset - _LONGEST) : offset + 1]:
        return None
    found = alias_at(text, offset - (len(snapshot.text) - len(text)))
    if found is None:
        return None
    name, (start, end), (line, column), (first, last) = found
    shift = len(snapshot.text) - len(text)
    value = text[first:last].removeprefix(f"&{name}").rstrip()
    lines = dedent(value).strip("\r\n").splitlines() if "\n" in value else [value.strip()]
    shown = "\n".join(lines[:_SHOWN] + ["…"] * (len(lines) > _SHOWN)).replace("```", "'''")
    parts = [f"**\\*{_escaped(name)}** — the value on line {line}", f"```yaml\n{shown}\n```"]
    merged = text[:start].rstrip().endswith("<<:")
    nodes = [node for node in snapshot.network.graph.nodes if node.location[:2] == (line, column)] if snapshot.network else []
    if nodes and not merged:
        parts.insert(0, _numbers(snapshot, nodes))
    return Hover(snapshot.positions.between(start + shift, end + shift), "\n\n".join(parts))


def _manual(rule: str) -> str:
    """Return the manual of a rule without its title."""
    return manual(rule).split("\n", 1)[1].strip()


@cache
def _described() -> dict[str, dict[str, Any]]:
    """Return the schemas of the keys of the file, of a block, and of block and branches rows, with their descriptions."""
    found = schema()
    top = found["properties"]
    rows = {**found["$defs"]["block-row"]["properties"], **found["$defs"]["branches-row"]["properties"]}
    return {"file": top, "block": top["blocks"]["additionalProperties"]["properties"], "row": rows}


def _described_key(sort: str, key: str) -> list[str]:
    """Return the description of a key of the file, of a block or of a row, if it has one."""
    text = ROW_KEYS.get(key) if sort == "row" else None
    text = text or _described()[sort].get(key, {}).get("description")
    return [f"**{key}** — {text}"] if text else []


def _key_at(snapshot: Snapshot, offset: int, parts: list[str]) -> tuple[int, int] | None:
    """Return the range of a key of the file or of a block at an offset; its description is added to `parts`."""
    root = snapshot.recovered.root
    if not isinstance(root, Mapping):
        return None
    blocks = root.get("blocks")
    maps = [("file", root)]
    maps += [
        ("block", node) for _, node in (blocks.pairs.values() if isinstance(blocks, Mapping) else ()) if isinstance(node, Mapping)
    ]
    for sort, node in maps:
        for name, (key, _) in node.pairs.items():
            start, end = _range(snapshot, key)
            described = _described_key(sort, name) if start <= offset <= end else []
            if described:
                parts += described
                return start, end
    return None


def _range(snapshot: Snapshot, node: YamlNode) -> tuple[int, int]:
    return snapshot.range(Location(node.line, node.column, node.end_line, node.end_column))


def _row_at(snapshot: Snapshot, offset: int) -> tuple[YamlNode, Scalar | None] | None:
    """Return the innermost row around an offset, and its key whose name or value is at the offset."""
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
                within = last if not isinstance(value, Mapping) else _range(snapshot, key)[1]
                if first <= offset <= within:
                    best, size = (item, key), end - start
            if isinstance(item, Scalar):
                best, size = (item, None), end - start
    return best


def _kind(snapshot: Snapshot, row: YamlNode, kind: str) -> list[str]:
    """Return the numbers of a row and the documentation of its kind."""
    parts = []
    nodes = _nodes(snapshot, Location(row.line, row.column, row.end_line, row.end_column))
    if nodes:
        parts.append(_numbers(snapshot, nodes))
    if kind in KINDS:
        text = docstring(KINDS[kind])
        parts.append(f"**{kind}** — {_escaped(text)}")
    else:
        # A row without a kind is called by its first key.
        parts += _described_key("row", kind)
    return parts


def _nodes(snapshot: Snapshot, at: Location) -> list[Node]:
    """Return the layers made from the row at a place."""
    network = snapshot.network
    nodes = network.graph.nodes if network is not None else []
    return [node for node in nodes if node.location == at and node.kind != PLACEHOLDER]


def _numbers(snapshot: Snapshot, nodes: list[Node]) -> str:
    """Return the formula, shape, parameters and MACs of the first copy."""
    from cnncalc.report import single, words

    assert snapshot.network is not None
    layout = snapshot.network.layout
    node = nodes[0]
    reads = " and ".join(words.flow(source.flow, layout) for source in node.inputs)
    lines = [f"{node.name}: {node.kind} {words.summary(node, layout)}".rstrip() + (f" on {reads}" if reads else "")]
    lines += [f"{', '.join(axes)}: {formula}{single.rounded(node, axes)}" for axes, formula in single.formulas(node)]
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
        return [f"**{key}** — {ROW_KEYS[key]}"]
    if key == "merge" and "branches" in keys:
        return _described_key("row", key)
    return []


def _shown(declared: Option[Any]) -> str:
    return "none" if declared.default is None else declared.type.show(declared.default)


def _symbol(symbol: Symbol) -> str:
    uses = f"{len(symbol.uses)} use" + ("" if len(symbol.uses) == 1 else "s")
    value = f" = {_escaped(symbol.detail)}" if symbol.kind == "var" and symbol.detail else ""
    return f"**{symbol.kind} {symbol.name}**{value} — {uses}"


def _escaped(text: str) -> str:
    """Return free text with Markdown's characters escaped."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text)
