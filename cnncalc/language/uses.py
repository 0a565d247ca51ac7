"""Uses of blocks: their arguments, unknown and missing parameters, and blocks that contain themselves."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.build.changes import Given
from cnncalc.build.problems import Problems
from cnncalc.graph import Producer
from cnncalc.language.content import Block, Document
from cnncalc.language.expression import UNKNOWN, Names, Texts, Unknown
from cnncalc.language.keys import names_for, values_of
from cnncalc.language.row import FAULTY, ROW_KEYS, Body, Row
from cnncalc.language.source import location
from cnncalc.language.template import evaluate
from cnncalc.problem import Location
from cnncalc.shape import LayerError
from cnncalc.spelling import listed, nearest
from cnncalc.values import Value, written

#: The number of blocks of a cycle that a message shows.
MOST_SHOWN = 8


def check_uses(document: Document, problems: Problems) -> None:
    """Report invalid uses and mark their rows as broken, so that they are not expanded."""
    for body in (document.layers, *(block.body for block in document.blocks.values())):
        for row in _uses(body):
            block = document.blocks.get(_target(row))
            if block is None:
                continue
            for rule, at, message in use_faults(row, block, problems):
                problems.add(rule, at, message)
                row.broken = True
    _cycles(document, problems)


def use_faults(row: Row, block: Block, problems: Problems) -> list[tuple[str, Location, str]]:
    """Return the problems with the arguments of a use, as rule, location and message."""
    found = []
    for name, argument in row.fields.items():
        if name != "block" and name not in block.parameters:
            near = nearest(name, [*block.parameters, *ROW_KEYS])
            has = f"; it has {listed(list(block.parameters))}" if block.parameters else "; it has none"
            hint = f"; did you mean {near}?" if near is not None else has
            found.append(("unknown-key", location(argument.key), f"block {block.name} has no parameter {written(name)}{hint}"))
    missing = [name for name, default in block.parameters.items() if default is None and not _given(row, name)]
    if missing:
        example = listed([f"{name}: …" for name in missing])
        message = f"block {block.name} needs {listed(missing)}; write {{block: {block.name}, {example}}}"
        found.append(("missing", row.kind_at, message))
    return found


def _given(row: Row, name: str) -> bool:
    """Return whether a use gives a parameter a value."""
    return name in row.fields and row.fields[name].value is not None


def _target(row: Row) -> str:
    argument = row.fields["block"]
    return argument.value if isinstance(argument.value, str) else ""


def _uses(body: Body) -> Iterator[Row]:
    """Yield the rows in `body` that use a block, rows in branches included."""
    for row in body.rows:
        if row.kind == "block" and "block" in row.fields:
            yield row
        for branch in row.branches.values():
            yield from _uses(branch)


def arguments(
    row: Row,
    name: str,
    block: Block,
    around: Texts,
    source: Producer | None,
    given: Given,
    file_vars: dict[str, Value | object],
    problems: Problems,
) -> Texts:
    """Return the block's parameters and the file's vars as text; a parameter is UNKNOWN if it depends on an unknown shape.

    `around` are the texts that the row sees, and `source` is its input.
    """
    values = values_of(row, around, source) if not given else None
    if (block, values) in row.computed:
        return row.computed[block, values], file_vars
    names = names_for(around, source)
    texts: dict[str, Value | object] = {}
    inside = Names((texts, file_vars), names.channels)
    for parameter, default in block.parameters.items():
        argument = row.fields.get(parameter, default)
        if parameter in given:
            texts[parameter] = given[parameter].value
            continue
        if argument is None or argument.value is FAULTY or not argument.dynamic:
            texts[parameter] = UNKNOWN if argument is None or argument.value is FAULTY else argument.value
            continue
        try:
            texts[parameter] = evaluate(argument.value, names if parameter in row.fields else inside)
        except (LayerError, Unknown) as error:
            texts[parameter] = UNKNOWN
            if isinstance(error, LayerError):
                problems.error(error, argument.location, prefix=f"{name}: ", layer=name)
    # A default may use names that the row does not.
    own = all(name in row.fields for name, one in block.parameters.items() if one is not None and one.dynamic)
    if values is not None and own and UNKNOWN not in texts.values():
        row.keep((block, values), texts)
    return texts, file_vars


def _cycles(document: Document, problems: Problems) -> None:
    """Report each use through which a block contains itself; depth-first search without recursion."""
    uses = {name: [(row, _target(row)) for row in _uses(block.body)] for name, block in document.blocks.items()}
    done: set[str] = set()
    for start in uses:
        path: dict[str, None] = {}
        todo: list[tuple[str, int]] = [(start, 0)]
        while todo:
            name, at = todo.pop()
            if at == 0:
                if name in done:
                    continue
                path[name] = None
            if at >= len(uses[name]):
                done.add(name)
                path.popitem()
                continue
            todo.append((name, at + 1))
            row, target = uses[name][at]
            if target in path:
                problems.add("cycle", row.fields["block"].location, f"block {target} contains itself: {_circle(path, target)}")
                row.broken = True
            elif target in uses and target not in done:
                todo.append((target, 0))


def _circle(path: dict[str, None], target: str) -> str:
    """Return the blocks from `target` back to itself, shortened if the cycle is long."""
    names: list[str] = []
    for name in reversed(path):
        if len(names) == MOST_SHOWN:
            return " → ".join([target, "…", *reversed(names), target])
        names.append(name)
        if name == target:
            break
    return " → ".join([*reversed(names), target])
