"""Write a network of any format in cnncalc's YAML."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnncalc.graph import Graph, Node
from cnncalc.language.names import number
from cnncalc.layers import Join
from cnncalc.report.network.yaml.blocks import BlockDefinition, define
from cnncalc.report.network.yaml.entries import Entries, Entry
from cnncalc.report.network.yaml.fields import word
from cnncalc.report.network.yaml.outline import GraphOutline, Hidden
from cnncalc.shape import Flow, Tokens

if TYPE_CHECKING:
    from cnncalc.network import Network
    from cnncalc.values import Value


_MOST_RENAMED = 30
"""Names of rows that may be changed because they hide others."""


class CannotWrite(Exception):
    """The network cannot be written in the language; the message says why."""


def text(network: Network) -> str:
    """The network as YAML with blocks and repeats, verified by reading the text again.

    Raises CannotWrite if a shape is unknown, or if the text would not be read as the same network.
    """
    unknown = [node.name for node in network.layers if node.shape is None]
    if unknown:
        more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
        raise CannotWrite(f"the shape of {unknown[0]}{more} is not known; fix the errors first")
    if not network.layers:
        raise CannotWrite("the network has no layers")
    for write in (_nested, _flat):
        found = write(network)
        if found is not None and _is_same(network, found):
            return found
    raise CannotWrite("a layer reads its inputs in a way that no row can")


def _nested(network: Network) -> str | None:
    """The text with blocks. Rows that hide another one which is read get other names; None if that does not suffice."""
    reserved: dict[str, int] = {}
    while len(reserved) <= _MOST_RENAMED:
        try:
            return _text(network, GraphOutline(network.graph, reserved=reserved))
        except Hidden as hidden:
            if reserved.get(hidden.name, hidden.depth + 1) <= hidden.depth:
                return None
            reserved[hidden.name] = hidden.depth
    return None


def _flat(network: Network) -> str | None:
    """The text with every layer as a row of the network."""
    try:
        return _text(network, GraphOutline(network.graph, flat=True))
    except Hidden:
        return None


def _text(network: Network, outline: GraphOutline) -> str:
    """The text of an outline. Raises Hidden."""
    graph, layout = network.graph, network.reading.layout
    fit = "floor" if any(not node.fits and node.fit == "floor" for node in graph.nodes) else "exact"
    entries = Entries(outline, layout, fit)
    rows = entries.of(outline.top)
    outputs = entries.outputs(graph.outputs)
    definitions = define(rows)
    lines = [f"name: {word(network.name)}"]
    if network.description:
        lines.append(f"description: {_quoted(network.description)}")
    lines.append(f"source: {_quoted(_source(network))}")
    if layout != "channels_last":
        lines.append(f"layout: {layout}")
    if fit != "exact":
        lines.append(f"fit: {fit}")
    lines.append(_inputs(graph, layout))
    if definitions:
        lines.append("blocks:")
        for definition in definitions:
            lines += _definition(definition)
    lines.append("layers:")
    lines += _rows(rows, 2)
    if network.reading.ignored:
        lines.append(f"ignore: [{', '.join(sorted(network.reading.ignored))}]")
    if outputs:
        lines.append(f"outputs: [{', '.join(outputs)}]")
    lines.append(_expect(graph, layout, outputs))
    return "\n".join(lines) + "\n"


def _source(network: Network) -> str:
    """Where the network comes from."""
    file = os.path.basename(network.file or "")
    own = f"converted from {file}" if file and file != "-" else "converted by cnncalc"
    return f"{own}; {network.source}" if network.source else own


def _quoted(text: str) -> str:
    import json

    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _flow(flow: Flow | None, layout: str) -> str:
    if isinstance(flow, Tokens):
        return f"{{tokens: {flow.length}, vocabulary: {flow.vocabulary}}}"
    return flow.text(layout) if flow is not None else ""


def _inputs(graph: Graph, layout: str) -> str:
    if len(graph.inputs) == 1 and graph.inputs[0].name == "input":
        return f"input: {_flow(graph.inputs[0].flow, layout)}"
    return f"input: {{{', '.join(f'{word(one.name)}: {_flow(one.flow, layout)}' for one in graph.inputs)}}}"


def _expect(graph: Graph, layout: str, outputs: list[str]) -> str:
    """The outputs and totals for `expect`, so that a later change of the file is noticed."""
    totals = graph.totals
    if outputs:
        shapes = [_flow(producer.flow, layout) for producer in graph.outputs]
        parts = [f"output: {{{', '.join(f'{name}: {shape}' for name, shape in zip(outputs, shapes, strict=True))}}}"]
    else:
        parts = [f"output: {_flow(graph.outputs[0].flow, layout)}"] if graph.outputs else []
    parts.append(f"parameters: {totals['parameters']:_}")
    if totals["trainable"] != totals["parameters"]:
        parts.append(f"trainable: {totals['trainable']:_}")
    if totals["buffers"]:
        parts.append(f"buffers: {totals['buffers']:_}")
    if not graph.uncounted:
        parts.append(f"macs: {totals['macs']:_}")
    return f"expect: {{{', '.join(parts)}}}"


def _definition(definition: BlockDefinition) -> list[str]:
    lines = [f"  {definition.name}:"]
    if definition.parameters:
        given = ", ".join(f"{name}: {value or ''}" for name, value in definition.parameters.items())
        lines.append(f"    parameters: {{{given}}}")
    lines.append("    layers:")
    return lines + _rows(definition.rows, 6)


def _rows(rows: Iterable[Entry], indent: int) -> list[str]:
    lines = []
    margin = " " * indent
    found = list(rows)
    if not found:
        return [f"{margin}[]"]
    for entry, named in zip(found, _named(found), strict=True):
        keys = dict(entry.keys)
        if named:
            keys["name"] = entry.name
        if entry.kind == "branches":
            lines.append(f"{margin}- branches:")
            for label, inner in entry.branches.items():
                if not inner:
                    lines.append(f"{margin}    {label}: []")
                else:
                    lines += [f"{margin}    {label}:", *_rows(inner, indent + 6)]
            lines += [f"{margin}  {key}: {value}" for key, value in {**entry.values, **keys}.items()]
            continue
        values = {key: value for key, value in entry.values.items() if entry.kind != "block" or entry.defaults.get(key) != value}
        pairs = {**values, **keys}
        if len(pairs) == 1 and not pairs[entry.kind]:
            lines.append(f"{margin}- {entry.kind}")
        else:
            lines.append(f"{margin}- {{{', '.join(f'{key}: {value}' for key, value in pairs.items())}}}")
    return lines


def _named(rows: list[Entry]) -> list[bool]:
    """For each row, whether its name must be written because the default name differs."""
    stems = [entry.values.get({"branches": "merge", "block": "block"}.get(entry.kind, ""), entry.kind) for entry in rows]
    free = number([None] * len(rows), list(stems))
    given: list[Value] = [None if entry.name == name else entry.name for entry, name in zip(rows, free, strict=True)]
    if number(given, list(stems)) != [entry.name for entry in rows]:
        return [True] * len(rows)
    return [name is not None for name in given]


def _is_same(network: Network, found: str) -> bool:
    """Whether the text loads without problems as the same layers with the same fields, shapes and counts."""
    from cnncalc.network import loads
    from cnncalc.problem import SpecError

    try:
        again = loads(found, layout=network.layout)
    except SpecError:
        return False
    errors = [problem for problem in again.problems if problem.level == "error"]
    known = {problem.rule for problem in network.problems if problem.level == "error"}
    if any(problem.rule not in known for problem in errors) or len(again.layers) != len(network.layers):
        return False
    if [str(one.flow) for one in again.outputs] != [str(one.flow) for one in network.outputs]:
        return False
    return all(_facts(a) == _facts(b) for a, b in zip(network.layers, again.layers, strict=True))


def _facts(node: Node) -> tuple[object, ...]:
    """The properties of a layer to compare, without its name."""
    counts = (node.parameters, node.trainable, node.buffers, node.inferred.macs)
    reads = tuple(one.flow for one in node.inputs)
    kind = "identity" if isinstance(node.layer, Join) and len(node.inputs) == 1 else node.layer.kind
    return kind, node.shape, node.unread, counts, reads
