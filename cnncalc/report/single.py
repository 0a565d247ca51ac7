"""One layer on one input: its formula with the numbers in it, what comes out, what it costs, and what it would cost otherwise."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.analysis import derive
from cnncalc.build import misfit
from cnncalc.graph import Node
from cnncalc.report import drawing, words
from cnncalc.report.network import footer
from cnncalc.report.network.json import SCHEMA_VERSION, layer
from cnncalc.report.network.table import Row, wrapped
from cnncalc.report.problems import listing as problems
from cnncalc.shape import Flow, Shape
from cnncalc.subject import Subject

_INDENT = 17


def rows(subject: Subject, node: Node, width: int | None) -> list[Row]:
    """What is known of the layer, line by line; problems follow elsewhere."""
    layout = subject.layout
    reads = " and ".join(words.flow(source.flow, layout) for source in node.inputs)
    summary = "" if len(node.inputs) > 1 else words.summary(node, layout)
    found: list[Row] = [[(" ".join(filter(None, (node.kind, summary, f"on {reads}" if reads else ""))), "title")], []]
    if node.shape is None:
        return found[:1]
    for axes, formula in formulas(node):
        found.append(_line(", ".join(axes), formula + rounded(node)))
    if len(found) > 2:
        found.append([])
    found.append(_line("output", words.flow(node.shape, layout), "output"))
    for name, said in inferred(node):
        lines = wrapped(said, width - _INDENT if width else None)
        found += [_line(name if i == 0 else "", line) for i, line in enumerate(lines)]
    for doubt in footer.doubtful(subject):
        found += [[], *([(line, "warning")] for line in wrapped(doubt, width))]
    for name, lines in _drawings(node, width or 80):
        found += [[], [(name, "header")], *([(line, "")] for line in lines)]
    return found


def _line(name: str, said: str, role: str = "") -> Row:
    return [(name.ljust(_INDENT - 1) + " ", "header"), (said, role)]


def formulas(node: Node) -> list[tuple[list[str], str]]:
    """Each formula once, with the axes along which it holds."""
    flow = node.inputs[0].flow if node.inputs else None
    found: dict[str, list[str]] = {}
    if isinstance(flow, Shape) and node.shape is not None:
        for axis, formula in node.layer.formulas(flow):
            found.setdefault(formula, []).append(axis)
    return [(axes, formula) for formula, axes in found.items()]


def rounded(node: Node) -> str:
    """What is made of a quotient that is not whole."""
    if node.fits:
        return ""
    if node.fit == "ceil":
        dropped = all(w.ceil_drops(n) for w, n in zip(node.inferred.windows, node.inferred.sizes, strict=True) if w.remainder(n))
        return ", the floor is taken: one window more would start in the padding" if dropped else ", the ceiling is taken"
    return ", not whole: floored below" if node.fit == "exact" else ", the floor is taken"


def inferred(node: Node) -> list[tuple[str, str]]:
    """Parameters, MACs, neurons and what they see, sharing, leftover: names and sentences."""
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
    said = derive.derivation(node.weights)
    if not node.parameters or said == str(node.parameters):
        return f"{node.parameters:,}"
    assert derive.counted(derive.terms(node.weights)) == node.parameters
    return f"{said} = {node.parameters:,}"


def _neurons(node: Node, shape: Shape) -> str:
    said = f"{shape.size:,}"
    if shape.rank:
        said = f"{'·'.join(map(str, shape))} = {said}"
    region = derive.region(node)
    if region:
        seen = "×".join(map(str, region))
        if len(region) > 1:
            seen += f" = {math.prod(region):,}"
        said += f", each sees {seen} numbers"
    elif derive.sees_all(node):
        flow = node.inputs[0].flow
        said += f", each sees all {flow.size if isinstance(flow, Shape) else 0:,} numbers"
    return said


def fully_connected(node: Node) -> int:
    """Parameters of a fully connected layer with the same output; 0 if the layer shares no weights between places."""
    flow = node.inputs[0].flow if node.inputs else None
    shares = any(len(weight.shape) > 2 for weight in node.weights)
    if not shares or not isinstance(flow, Shape) or node.shape is None:
        return 0
    return sum(weight.size for weight in derive.fully_connected(flow, node.shape, bool(node.biases)))


def _sharing(node: Node, dense: int) -> str:
    flow = node.inputs[0].flow
    assert isinstance(flow, Shape)
    assert node.shape is not None
    said = derive.derivation(derive.fully_connected(flow, node.shape, bool(node.biases)))
    times = f", {dense / node.parameters:,.0f} times as many" if dense >= 2 * node.parameters else ""
    return f"would have {said} = {dense:,} parameters{times}"


def _drawings(node: Node, width: int) -> list[tuple[str, list[str]]]:
    """A drawing for each axis that differs, if there is room for it."""
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
    """The same as plain data."""
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
