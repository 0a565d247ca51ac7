"""The totals and outputs of a network, compared with what its file expects and allows."""

from __future__ import annotations

from typing import Any

from cnncalc.build.problems import Problems
from cnncalc.graph import Graph
from cnncalc.language.document import Document
from cnncalc.language.scope import Scope
from cnncalc.shape import LayerError
from cnncalc.values import written

_WORDS = {
    "parameters": "parameters",
    "trainable": "trainable parameters",
    "buffers": "buffers",
    "macs": "MACs",
    "weights": "bytes of weights in float32",
}


def check_totals(document: Document, graph: Graph, scope: Scope, problems: Problems, *, expectations: bool) -> None:
    """Reports each expectation that is not met, if `expectations` are to be checked, and each budget that is exceeded."""
    known = all(node.shape is not None for node in graph.nodes)
    totals = graph.totals
    if expectations:
        _outputs(document, graph, scope, problems)
        uncounted = graph.uncounted
        for key, (count, at) in document.expect.items():
            if key == "macs" and uncounted:
                names = ", ".join(node.name for node in uncounted[:5]) + (", …" if len(uncounted) > 5 else "")
                problems.add("expect", at, f"MACs cannot be compared: those of {names} are unknown; write macs in its row")
            elif known and totals[key] != count:
                message = f"the network has {totals[key]:,} {_WORDS[key]}, and {count:,} are expected ({totals[key] - count:+,})"
                problems.add("expect", at, message)
    totals["weights"] = 4 * totals["parameters"]
    for key, (most, text, at) in document.budget.items():
        # The known layers already count, though an unreadable row may hide more.
        if totals[key] > most:
            message = f"the network has {totals[key]:,} {_WORDS[key]}, {totals[key] - most:,} more than the budget of {text}"
            problems.add("budget", at, message)


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
