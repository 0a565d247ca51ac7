"""A network as JSON. Keys may be added but are not renamed; removing a key raises `schema_version`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from json import JSONEncoder
from typing import Any

from cnncalc.dtype import bytes_of
from cnncalc.graph import Node
from cnncalc.infer import Inferred
from cnncalc.layers import Join
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


def write(request: Request) -> str | Iterator[str]:
    if not request.networks and not request.several:
        return ""
    pairs = zip(request.networks, request.figures, strict=True)
    return parts((document(*pair, columns=request.columns, streamed=True) for pair in pairs), as_list=request.several)


def document(
    subject: Subject, figures: Figures | None = None, columns: Sequence[Column] = (), *, streamed: bool = False
) -> dict[str, Any]:
    """Return the network as plain data, with shapes in its layout. Layers have the raw values of added `columns` too.

    If `streamed`, `layers` is an iterator, for `parts`.
    """
    layout = subject.layout
    figures = figures or Figures.of(subject)
    dtype = figures.memory.dtype
    layers = _layers(subject, figures, [column for column in columns if not column.wanted])
    return {
        "schema_version": SCHEMA_VERSION,
        "name": subject.name,
        "description": subject.description,
        "source": subject.source,
        "file": subject.file,
        "layout": layout,
        "inputs": [{"name": source.name, **_flow(source.flow, layout)} for source in subject.inputs],
        "layers": layers if streamed else list(layers),
        "outputs": [{"name": source.name, **_flow(source.flow, layout)} for source in subject.outputs],
        "totals": {**subject.totals, "memory": memory_data(figures)},
        "dtype": dtype,
        "bytes": bytes_of(subject.totals["parameters"], dtype),
        "complete": subject.graph.complete,
        "expect_skipped": subject.expect_skipped,
        **_before(subject),
        "problems": [problems.data(problem) for problem in subject.problems],
    }


def _layers(subject: Subject, figures: Figures, columns: Sequence[Column]) -> Iterator[dict[str, Any]]:
    memory = figures.memory
    known: dict[Inferred, tuple[dict[str, Any], str]] = {}
    kept = memory.kept if figures.training is not None else None
    whole = Whole(subject, memory)
    lines = iter(Lines(subject).flat()) if columns else None
    for i, (node, live) in enumerate(zip(subject.layers, memory.live, strict=True)):
        one = layer(node, subject.layout, known)
        computed = node.shape is not None
        one["memory"] = memory.size(node) if computed else None
        one["live"] = live if computed else None
        if kept is not None:
            one["kept"] = kept[i] if computed else None
        if lines is not None:
            line = next(lines)
            for column in columns:
                # Keys such as `macs`, which every document has, keep their meaning.
                one.setdefault(column.name, column.value(line, whole))
        yield one


def _before(subject: Subject) -> dict[str, Any]:
    """If options changed the network: the totals without them, the changed layers, and how many other layers are affected."""
    before = subject.before
    if before is None:
        return {}
    names = [node.name for node in subject.layers if node.name in before.changed]
    return {"before": {"totals": before.totals, "changed": names, "following": before.following}}


def layer(node: Node, layout: str, known: dict[Inferred, tuple[dict[str, Any], str]] | None = None) -> dict[str, Any]:
    """A layer as plain data. `leftover` is the number of cells at the end of each axis that no window reads.

    If a layer could not be computed, its shape is null even if it is known, because its counts are not. `known` keeps the fields
    and the summary for equal copies of a layer.
    """
    found = None if known is None else known.get(node.inferred)
    if found is None:
        found = words.fields(node, layout), words.summary(node, layout)
        if known is not None and node.merges is None and not isinstance(node.layer, Join):
            known[node.inferred] = found
    fields, summary = found
    return {
        "name": node.name,
        "kind": words.kind(node),
        "inputs": [source.name for source in node.inputs],
        **_flow(node.shape, layout),
        "fields": fields,
        "summary": summary,
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
    return "".join(parts(documents, as_list=as_list))


def parts(documents: Iterable[dict[str, Any]], *, as_list: bool) -> Iterator[str]:
    """Yield the JSON of `text` in pieces, at most one list element each; a document's lists may be iterators."""
    encode = JSONEncoder().encode
    separator = "["
    for one in documents:
        yield f"{separator}\n" if as_list else ""
        yield from _pretty(one, encode, "  " if as_list else "")
        separator = ","
    yield "\n" if not as_list else "[]\n" if separator == "[" else "\n]\n"


def _pretty(found: dict[str, Any], encode: Any, indent: str) -> Iterator[str]:
    before = f"{indent}{{"
    for key, value in found.items():
        yield f"{before}\n{indent}  {encode(key)}: "
        before = ","
        if isinstance(value, Iterator) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            opening = "["
            for element in value:
                yield f"{opening}\n{indent}    {encode(element)}"
                opening = ","
            yield "[]" if opening == "[" else f"\n{indent}  ]"
        else:
            yield encode(value)
    yield f"\n{indent}}}"
