"""One layer on one input: its formula with numbers, its output, parameters and MACs, and a fully connected layer to compare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cnncalc.analysis import derive
from cnncalc.build import misfit
from cnncalc.graph import Node
from cnncalc.problem import one_line
from cnncalc.report import drawing, words
from cnncalc.report.network import footer
from cnncalc.report.network.formats.json import SCHEMA_VERSION, layer
from cnncalc.report.network.table import Row, wrapped
from cnncalc.report.problems import listing as problems
from cnncalc.shape import Flow, Shape
from cnncalc.subject import Subject

_INDENT = 17


def rows(subject: Subject, node: Node, width: int | None) -> list[Row]:
    """The derivation of a layer's output and counts, one line each, without its problems."""
    layout = subject.layout
    reads = " and ".join(words.flow(source.flow, layout) for source in node.inputs)
    summary = "" if len(node.inputs) > 1 else words.summary(node, layout)
    found: list[Row] = [[(" ".join(filter(None, (node.kind, summary, f"on {reads}" if reads else ""))), "title")], []]
    doubts = [row for doubt in footer.doubtful(subject) for row in ([], *([(line, "warning")] for line in wrapped(doubt, width)))]
    if node.shape is None:
        return [found[0], *doubts]
    for axes, formula in formulas(node):
        found.append(_line(", ".join(axes), formula + rounded(node, axes)))
    if len(found) > 2:
        found.append([])
    found.append(_line("output", words.flow(node.shape, layout), "output"))
    for name, text in inferred(node):
        lines = wrapped(text, width - _INDENT if width else None)
        found += [_line(name if i == 0 else "", line) for i, line in enumerate(lines)]
    found += doubts
    for name, lines in _drawings(node, width or 80):
        found += [[], [(name, "header")], *([(line, "")] for line in lines)]
    return found


def _line(name: str, text: str, role: str = "") -> Row:
    return [(name.ljust(_INDENT - 1) + " ", "header"), (text, role)]


def formulas(node: Node) -> list[tuple[list[str], str]]:
    """Each different formula with the axes to which it applies."""
    flow = node.inputs[0].flow if node.inputs else None
    found: dict[str, list[str]] = {}
    if isinstance(flow, Shape) and node.shape is not None:
        for axis, formula in node.layer.formulas(flow):
            found.setdefault(formula, []).append(axis)
    return [(axes, formula) for formula, axes in found.items()]


def rounded(node: Node, axes: Sequence[str]) -> str:
    """The rounding of the formula's quotient for `axes`, in words; empty if the stride fits along them."""
    misfits = [(window, size) for axis, window, size, _ in node.slides if axis in axes and window.remainder(size)]
    if node.fits or not misfits:
        return ""
    if node.fit == "ceil":
        dropped = all(window.ceil_drops(size) for window, size in misfits)
        return ", the floor is taken: one window more would start in the padding" if dropped else ", the ceiling is taken"
    return ", not whole: floored below" if node.fit == "exact" else ", the floor is taken"


def inferred(node: Node) -> list[tuple[str, str]]:
    """Names and texts: parameters, buffers, MACs, neurons and their input regions, the fully connected layer, unread cells."""
    found = [("parameters", _parameters(node))]
    if node.buffers:
        found.append(("buffers", f"{node.buffers:,}, kept and not learned"))
    product = derive.multiplications(node)
    macs = "unknown" if node.macs is None else f"{node.macs:,}"
    found.append(("MACs", f"{product} = {macs}" if "·" in product else macs))
    if node.shape is not None:
        found.append(("neurons", _neurons(node, node.shape)))
        dense = fully_connected(node)
        if dense:
            found.append(("fully connected", _sharing(node, dense)))
    if any(node.unread):
        found.append(("never read", misfit.unread(node)[0]))
    return found


def _parameters(node: Node) -> str:
    if node.shared is not None:
        return f"0, it uses the {node.shared.parameters:,} of {one_line(node.shared.name)}"
    text = derive.derivation(node.weights)
    if not node.parameters or text == str(node.parameters):
        return f"{node.parameters:,}"
    assert derive.counted(derive.terms(node.weights)) == node.parameters
    return f"{text} = {node.parameters:,}"


def _neurons(node: Node, shape: Shape) -> str:
    text = f"{shape.size:,}"
    if shape.rank:
        text = f"{'·'.join(map(str, shape))} = {text}"
    region = derive.region(node)
    if region:
        seen = "×".join(map(str, region))
        if len(region) > 1:
            seen += f" = {math.prod(region):,}"
        text += f", each sees {seen} numbers"
    elif derive.sees_all(node):
        flow = node.inputs[0].flow
        text += f", each sees all {flow.size if isinstance(flow, Shape) else 0:,} numbers"
    return text


def fully_connected(node: Node) -> int:
    """Parameters of a fully connected layer with the same output.

    0 if the layer shares no weights between places, or has none of its own.
    """
    flow = node.inputs[0].flow if node.inputs else None
    shares = any(len(weight.shape) > 2 for weight in node.weights)
    if not shares or not node.parameters or not isinstance(flow, Shape) or node.shape is None:
        return 0
    return sum(weight.size for weight in derive.fully_connected(flow, node.shape, bool(node.biases)))


def _sharing(node: Node, dense: int) -> str:
    flow = node.inputs[0].flow
    assert isinstance(flow, Shape)
    assert node.shape is not None
    text = derive.derivation(derive.fully_connected(flow, node.shape, bool(node.biases)))
    times = f", {dense / node.parameters:,.0f} times as many" if dense >= 2 * node.parameters else ""
    return f"would have {text} = {dense:,} parameters{times}"


def _drawings(node: Node, width: int) -> list[tuple[str, list[str]]]:
    """A drawing of the window for each group of axes that have the same one, if `width` is large enough."""
    flow = node.inputs[0].flow if node.inputs else None
    found: dict[tuple[str, ...], list[str]] = {}
    if not isinstance(flow, Shape) or node.shape is None:
        return []
    for axis, window, size, positions in node.slides:
        lines = drawing.drawing(window, size, positions, width) if positions > 0 else []
        if lines:
            found.setdefault(tuple(lines), []).append(axis)
    return [(f"the window along {' and '.join(axes)}", list(lines)) for lines, axes in found.items()]


def document(subject: Subject, node: Node) -> dict[str, Any]:
    """The layer as plain data, for JSON."""
    layout = subject.layout
    found = layer(node, layout)
    del found["line"], found["column"], found["shares"], found["name"]
    found["inputs"] = [_shape(source.flow, layout) for source in node.inputs]
    return {
        "schema_version": SCHEMA_VERSION,
        "layout": layout,
        **found,
        "formulas": [{"axis": axis, "formula": formula} for axes, formula in formulas(node) for axis in axes],
        "derivation": derive.derivation(node.weights) if node.parameters else "",
        "neurons": None if node.shape is None else node.shape.size,
        "region": list(derive.region(node)) or None,
        "fully_connected": fully_connected(node) or None,
        "problems": [problems.data(problem) for problem in subject.problems],
    }


def _shape(flow: Flow | None, layout: str) -> Any:
    if isinstance(flow, Shape):
        return list(flow.ordered(layout))
    return None if flow is None else {"tokens": flow.length, "vocabulary": flow.vocabulary}
