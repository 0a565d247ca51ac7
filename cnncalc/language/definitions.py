"""The blocks, vars, parameters and inputs that a file defines, and whether each is used."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.build.reading import Definition
from cnncalc.graph import Graph
from cnncalc.language.content import Document
from cnncalc.language.row import Argument, Body, Row
from cnncalc.language.template import names_in


def definitions(document: Document, graph: Graph) -> Iterator[Definition]:
    """Yield every definition of a file whose rows could all be read; no blocks if a row computes the name of a block."""
    used_in: dict[str | None, set[str]] = {None: set(document.used_names)}
    targets: dict[str | None, list[Argument]] = {}
    for block, body in _bodies(document):
        names = used_in.setdefault(block, set())
        for row in body.rows:
            for argument in _arguments(row):
                if argument.dynamic:
                    names |= names_in(argument.value)
            if row.kind == "block" and "block" in row.fields:
                targets.setdefault(block, []).append(row.fields["block"])
    vars_used = set(used_in[None])
    for name, one in document.blocks.items():
        inside = used_in.setdefault(name, set())
        for default in one.parameters.values():
            if default is not None:
                inside |= names_in(default.value)
        vars_used |= inside - one.parameters.keys()
    for name, at in document.var_locations.items():
        yield Definition(f"the var {name}", at, name in vars_used, f"write ${{{name}}} where it is meant")
    yield from _blocks(document, targets)
    for name, one in document.blocks.items():
        for parameter, at in one.parameter_locations.items():
            title = f"the parameter {parameter} of block {name}"
            yield Definition(title, at, parameter in used_in[name], f"write ${{{parameter}}} where it is meant")
    outputs = set(map(id, graph.outputs))
    for source in graph.inputs:
        if source.name in document.input_locations:
            advice = f"write from: {source.name} where it is meant"
            read = id(source) in outputs or any(source in node.inputs for node in graph.nodes)
            yield Definition(f"the input {source.name}", source.location, read, advice)


def _bodies(document: Document) -> Iterator[tuple[str | None, Body]]:
    """Yield every list of rows, branches included, with the name of its block."""
    todo: list[tuple[str | None, Body]] = [(None, document.layers)]
    todo += [(block.name, block.body) for block in document.blocks.values()]
    while todo:
        block, body = todo.pop()
        yield block, body
        todo += [(block, branch) for row in body.rows for branch in row.branches.values()]


def _arguments(row: Row) -> Iterator[Argument]:
    yield from row.fields.values()
    yield from row.row_keys.values()


def _blocks(document: Document, targets: dict[str | None, list[Argument]]) -> Iterator[Definition]:
    if any(target.dynamic for found in targets.values() for target in found):
        return
    reached: set[str | None] = set()
    todo: list[str | None] = [None]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [str(target.value) for target in targets.get(name, [])]
    for name, block in document.blocks.items():
        yield Definition(f"the block {name}", block.at, name in reached, f"write {{block: {name}}}")
