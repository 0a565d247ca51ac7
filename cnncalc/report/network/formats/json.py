"""A network as JSON. Keys may be added but are not renamed; removing a key raises `schema_version`."""

from __future__ import annotations

from collections.abc import Sequence
from json import JSONEncoder
from typing import Any

from cnncalc.dtype import bytes_of
from cnncalc.graph import Node
from cnncalc.report import words
from cnncalc.report.network.columns.base import Column, Whole
from cnncalc.report.network.formats import Request
from cnncalc.report.network.lines import Lines
from cnncalc.report.network.memory import Figures
from cnncalc.report.network.memory import data as memory_data
from cnncalc.report.problems import listing as problems
from cnncalc.shape import Flow, Tokens
from cnncalc.subject import Subject

FOLDS = False
INCLUDES_PROBLEMS = True

SCHEMA_VERSION = 1


def write(request: Request) -> str:
    if not request.networks and not request.several:
        return ""
    pairs = zip(request.networks, request.figures, strict=True)
    return text([document(*pair, columns=request.columns) for pair in pairs], as_list=request.several)


def document(subject: Subject, figures: Figures | None = None, columns: Sequence[Column] = ()) -> dict[str, Any]:
    """Return the network as plain data, with shapes in its layout. Layers have the raw values of added `columns` too."""
    layout = subject.layout
    figures = figures or Figures.of(subject)
    dtype = figures.memory.dtype
    return {
        "schema_version": SCHEMA_VERSION,
        "name": subject.name,
        "description": subject.description,
        "source": subject.source,
        "file": subject.file,
        "layout": layout,
        "inputs": [{"name": source.name, **_flow(source.flow, layout)} for source in subject.inputs],
        "layers": _layers(subject, figures, [column for column in columns if not column.wanted]),
        "outputs": [{"name": source.name, **_flow(source.flow, layout)} for source in subject.outputs],
        "totals": {**subject.totals, "memory": memory_data(figures)},
        "dtype": dtype,
        "bytes": bytes_of(subject.totals["parameters"], dtype),
        "complete": subject.graph.complete,
        "expect_skipped": subject.expect_skipped,
        **_before(subject),
        "problems": [problems.data(problem) for problem in subject.problems],
    }


def _layers(subject: Subject, figures: Figures, columns: Sequence[Column]) -> list[dict[str, Any]]:
    memory = figures.memory
    found = []
    kept = memory.kept if figures.training is not None else None
    for i, (node, live) in enumerate(zip(subject.layers, memory.live, strict=True)):
        one = layer(node, subject.layout)
        known = node.shape is not None
        one["memory"] = memory.size(node) if known else None
        one["live"] = live if known else None
        if kept is not None:
            one["kept"] = kept[i] if known else None
        found.append(one)
    if columns:
        whole = Whole(subject, memory)
        for one, line in zip(found, Lines(subject).flat(), strict=True):
            for column in columns:
                # Keys such as `macs`, which every document has, keep their meaning.
                one.setdefault(column.name, column.value(line, whole))
    return found


def _before(subject: Subject) -> dict[str, Any]:
    """If options changed the network: the totals without them, the changed layers, and how many other layers are affected."""
    before = subject.before
    if before is None:
        return {}
    names = [node.name for node in subject.layers if node.name in before.changed]
    return {"before": {"totals": before.totals, "changed": names, "following": before.following}}


def layer(node: Node, layout: str) -> dict[str, Any]:
    """A layer as plain data. `leftover` is the number of cells at the end of each axis that no window reads.

    If a layer could not be computed, its shape is null even if it is known, because its counts are not.
    """
    return {
        "name": node.name,
        "kind": words.kind(node),
        "inputs": [source.name for source in node.inputs],
        **_flow(node.shape, layout),
        "fields": words.fields(node, layout),
        "summary": words.summary(node, layout),
        "parameters": node.parameters,
        "trainable": node.trainable,
        "biases": node.biases,
        "buffers": node.buffers,
        "macs": node.macs,
        "fits": node.fits,
        "leftover": list(node.unread),
        "shares": node.shared.name if node.shared is not None else None,
        "line": node.line,
        "column": node.column,
    }


def _flow(flow: Flow | None, layout: str) -> dict[str, Any]:
    if isinstance(flow, Tokens):
        return {"tokens": flow.length, "vocabulary": flow.vocabulary}
    return {"shape": None if flow is None else list(flow.ordered(layout))}


def text(documents: Sequence[dict[str, Any]], *, as_list: bool) -> str:
    """JSON with one line per key and per list element, so that people can read it and compare it line by line.

    It is pure ASCII, so that a name cannot send control characters to a terminal.
    """
    encode = JSONEncoder().encode
    if not as_list:
        return f"{_pretty(documents[0], encode, '')}\n"
    return "[" + ",".join(f"\n{_pretty(one, encode, '  ')}" for one in documents) + ("\n]\n" if documents else "]\n")


def _pretty(found: dict[str, Any], encode: Any, indent: str) -> str:
    lines = []
    for key, value in found.items():
        shown = encode(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = ",\n".join(f"{indent}    {encode(element)}" for element in value)
            shown = f"[\n{inner}\n{indent}  ]"
        lines.append(f"{indent}  {encode(key)}: {shown}")
    return f"{indent}{{\n" + ",\n".join(lines) + f"\n{indent}}}"
