"""Compares a network's totals and outputs with the `expect` and `budget` of its file."""

from __future__ import annotations

from typing import Any

from cnncalc import values
from cnncalc.analysis.memory import Memory
from cnncalc.build.problems import Problems
from cnncalc.dtype import bytes_of
from cnncalc.graph import Graph, Node, Producer
from cnncalc.language.content import IN_BYTES, Document
from cnncalc.language.row import Argument
from cnncalc.language.scope import Scope
from cnncalc.machine import written as bytes_text
from cnncalc.problem import Location
from cnncalc.shape import LayerError, Shape
from cnncalc.values import Value, written

_WORDS = {
    "parameters": "parameters",
    "trainable": "trainable parameters",
    "buffers": "buffers",
    "macs": "MACs",
}

#: The largest number of results that a message names.
_NAMED = 5


def check_totals(document: Document, graph: Graph, scope: Scope, problems: Problems, *, expectations: bool) -> None:
    """Report every exceeded budget and, if `expectations` is true, every expectation that is not met."""
    if expectations:
        totals = graph.totals
        known = all(node.shape is not None for node in graph.nodes)
        _outputs(document, graph, scope, problems)
        uncounted = graph.uncounted
        for key, (count, at) in document.expect.items():
            if key == "macs" and uncounted:
                names = ", ".join(node.name for node in uncounted[:5]) + (", …" if len(uncounted) > 5 else "")
                problems.add("expect", at, f"MACs cannot be compared: those of {names} are unknown; write macs in its row")
            elif known and totals[key] != count:
                message = f"the network has {totals[key]:,} {_WORDS[key]}, and {count:,} are expected ({totals[key] - count:+,})"
                problems.add("expect", at, message)
    if document.budget:
        check_budget(document, graph, problems)


def check_budget(document: Document, graph: Graph, problems: Problems) -> None:
    """Report every total above the file's budget; rows that could not be read can only add to a total.

    Budgets in bytes are not checked if the file's number type is invalid.
    """
    totals = graph.totals
    totals["weights"] = bytes_of(totals["parameters"], document.dtype)
    for key, (most, text, at) in document.budget.items():
        if key in IN_BYTES and not document.dtype_known:
            continue
        if key == "peak_memory":
            _peak(document, graph, problems, most, text, at)
        elif totals[key] > most:
            unit = f"bytes of weights in {document.dtype}" if key == "weights" else _WORDS[key]
            message = f"the network has {totals[key]:,} {unit}, {totals[key] - most:,} more than the budget of {text}"
            problems.add("budget", at, message)


def _peak(document: Document, graph: Graph, problems: Problems, most: int, text: str, at: Location) -> None:
    """Report the layer at the peak of inference, and the results that are live there, if they need more than `most` bytes."""
    memory = Memory(graph, document.dtype)
    node = memory.peak_at
    if node is None or memory.peak <= most:
        return
    live = sorted(memory.live_at_peak, key=memory.size, reverse=True)
    names = [f"{one.name} ({_flow(one, document.layout)}, {bytes_text(memory.size(one))})" for one in live[:_NAMED]]
    if len(live) > _NAMED:
        names.append(f"{len(live) - _NAMED:,} more")
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    problems.add(
        "budget",
        at,
        f"inference needs {memory.peak:,} bytes of activations in {document.dtype}, {memory.peak - most:,} "
        f"({bytes_text(memory.peak - most)}) more than the peak_memory budget of {text}; "
        f"the peak is at {node.name}, where {listed} {'are' if len(names) > 1 else 'is'} live",
        layer=node.name,
    )


def _flow(source: Producer, layout: str) -> str:
    return source.flow.text(layout) if source.flow is not None else "?"


def _outputs(document: Document, graph: Graph, scope: Scope, problems: Problems) -> None:
    layout = document.layout
    for name, expected, at in document.expect_output:
        if name is None:
            if len(graph.outputs) > 1:
                names = ", ".join(source.name for source in graph.outputs)
                problems.add("expect", at, f"the network has the outputs {names}; expect a map from their names to shapes")
                continue
            source = graph.outputs[0] if graph.outputs else None
        else:
            try:
                source = scope.find(name).source
            except LayerError as error:
                problems.error(error, at, prefix="expect output: ")
                continue
            if source is not None and source not in graph.outputs:
                problems.add("expect", at, f"{written(name)} is no output of the network; name it in outputs")
        flow: Any = source.flow if source is not None else None
        if flow is not None and flow != expected and source is not None:
            message = f"the network gives {flow.text(layout)} ({source.name}), and {expected.text(layout)} is expected"
            problems.add("expect", at, message)


def check_row(argument: Argument, value: Value, layer: str, source: Producer | None, problems: Problems) -> None:
    """Report a row whose result does not have the expected shape; `value` is None if the expectation cannot be computed."""
    if value is None:
        return
    try:
        expected = values.shape(value, problems.layout)
    except LayerError as error:
        problems.error(error, argument.location, prefix="expect: ", layer=layer)
        return
    flow = source.flow if source is not None else None
    if isinstance(flow, Shape) and flow != expected and source is not None:
        message = f"{source.name} gives {flow.text(problems.layout)}, and {expected.text(problems.layout)} is expected"
        if isinstance(source, Node):
            from cnncalc.build.reach import field_for

            message += field_for(source, expected)
        problems.add("expect", argument.location, message, layer=source.name)
