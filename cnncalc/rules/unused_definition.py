"""A block, var, parameter or input that nothing uses.

What is defined and not used misleads its reader, and often a name is misspelt where it should be used.

Wrong:

    input: 32x32x3
    vars: {width: 16, depth: 3}
    layers:
      - {conv: "${width}", kernel_size: 3}

Right:

    input: 32x32x3
    vars: {width: 16}
    layers:
      - {conv: "${width}", kernel_size: 3}

Fix: use it, or take it out. A key that begins with `x-` is a place for what is kept but not used.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.language.rows import Argument, Row
from cnncalc.language.template import names_in
from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    if not subject.whole:
        return
    document = subject.document
    used_in: dict[str | None, set[str]] = {None: set(document.used_names)}
    targets: dict[str | None, list[Argument]] = {}
    for block, body in subject.bodies():
        names = used_in.setdefault(block, set())
        for row in body.rows:
            for argument in _arguments(row):
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
        if name not in vars_used:
            yield Finding(at, f"nothing uses the var {name}; take it out, or write ${{{name}}} where it is meant")
    yield from _blocks(subject, targets)
    for name, one in document.blocks.items():
        for parameter, at in one.parameter_locations.items():
            if parameter not in used_in[name]:
                meant = f"${{{parameter}}}"
                said = f"block {name} does not use its parameter {parameter}; take it out, or write {meant} where it is meant"
                yield Finding(at, said)
    for source in subject.graph.inputs:
        if not subject.readers(source) and id(source) not in subject.outputs and source.name in document.input_locations:
            said = f"nothing reads the input {source.name}; take it out, or write from: {source.name} where it is meant"
            yield Finding(document.input_locations[source.name], said)


def _arguments(row: Row) -> Iterator[Argument]:
    yield from row.fields.values()
    yield from row.row_keys.values()


def _blocks(subject: Subject, targets: dict[str | None, list[Argument]]) -> Iterator[Finding]:
    """Blocks that no row comes to from the network's own rows; nothing is said where a block's name is computed."""
    if any(target.dynamic for found in targets.values() for target in found):
        return
    reached: set[str | None] = set()
    todo: list[str | None] = [None]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [str(target.value) for target in targets.get(name, [])]
    for name, block in subject.document.blocks.items():
        if name not in reached:
            yield Finding(block.at, f"nothing uses the block {name}; take it out, or write {{block: {name}}}")
