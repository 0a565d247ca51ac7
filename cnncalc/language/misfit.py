"""A stride that does not fit, explained: the formula with its numbers, what is never read, and the nearest refits."""

from __future__ import annotations

from cnncalc.graph import Node
from cnncalc.language.rows import Row
from cnncalc.language.source import Mapping
from cnncalc.problem import Fix, Location
from cnncalc.refit import Refit, refits
from cnncalc.shape import Shape

_CELLS = {"depth": ("plane", "planes"), "height": ("row", "rows"), "width": ("column", "columns"), "length": ("step", "steps")}


def explain(node: Node, row: Row) -> tuple[str, tuple[Fix, ...]]:
    """The message for a node whose strides do not fit, and the edits of its row that would make them."""
    inferred = node.inferred
    found = _mends(node)
    return f"{node.name} does not fit: {_formulas(node)}, {_never_read(node)}{_advice(node, found)}", _fixes(
        row, found, len(inferred.sizes)
    )


def unread(node: Node) -> str:
    """What a floored output leaves unread, as `the last row and column are never read`."""
    return _never_read(node)


def formula(node: Node) -> str:
    """The formula with its numbers for the axes that do not fit."""
    return _formulas(node)


def _mends(node: Node) -> list[Refit]:
    follows = "stride" in node.layer.options and node.layer.value("stride") is None
    return refits(node.inferred.windows, node.inferred.sizes, stride_follows=follows)


def _axes(node: Node) -> tuple[str, ...]:
    flow = node.inputs[0].flow
    return flow.axes if isinstance(flow, Shape) else ()


def _formulas(node: Node) -> str:
    parts: dict[str, list[str]] = {}
    for axis, window, size in zip(_axes(node), node.inferred.windows, node.inferred.sizes, strict=True):
        if window.remainder(size):
            parts.setdefault(window.formula(size), []).append(axis)
    if len(parts) == 1 and all(w.remainder(n) for w, n in zip(node.inferred.windows, node.inferred.sizes, strict=True)):
        return next(iter(parts))
    return ", ".join(f"{' and '.join(axes)} {formula}" for formula, axes in parts.items())


def _never_read(node: Node) -> str:
    groups: dict[tuple[int, bool], list[str]] = {}
    for axis, window, size in zip(_axes(node), node.inferred.windows, node.inferred.sizes, strict=True):
        if window.remainder(size):
            cells = window.unread(size)
            groups.setdefault((cells or window.remainder(size), cells == 0), []).append(axis)
    said = []
    for (count, padding), axes in groups.items():
        names = [_CELLS.get(axis, ("cell", "cells"))[count > 1] for axis in axes]
        many = f"{count} " if count > 1 else ""
        of = " of the padding" if padding else ""
        said.append(f"the last {many}{' and '.join(names)}{of}")
    plural = len(said) > 1 or any(count > 1 or len(axes) > 1 for (count, _), axes in groups.items())
    return f"{' and '.join(said)} {'are' if plural else 'is'} never read"


def _advice(node: Node, found: list[Refit]) -> str:
    options: dict[str, list[str]] = {}
    for mend in found:
        name = node.kind if node.layer.main is not None and node.layer.main.name == mend.field else mend.field
        options.setdefault(name, []).append(text(mend))
    said = [f"{name} {' or '.join(values)}" for name, values in options.items()]
    if not said:
        return ""
    return "; try " + (", ".join(said[:-1]) + (", or " if len(said) > 1 else "") + said[-1])


def text(mend: Refit) -> str:
    """A mend's value as a spec writes it: `3`, `3x5`, `[[1, 2], [1, 2]]`."""
    if isinstance(mend.value[0], tuple):
        pairs = [value for value in mend.value if isinstance(value, tuple)]
        if any(before != after for before, after in pairs):
            return str([list(pair) for pair in pairs])
        return _per_axis([before for before, _ in pairs])
    return _per_axis([value for value in mend.value if isinstance(value, int)])


def _per_axis(numbers: list[int]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else "x".join(map(str, numbers))


def _fixes(row: Row, found: list[Refit], rank: int) -> tuple[Fix, ...]:
    """Edits of the row, none of them safe: only the author knows which is meant."""
    if not isinstance(row.node, Mapping) or row.layer is None:
        return ()
    result = []
    for mend in found:
        if mend.field == "input":
            continue
        key = row.kind if row.layer.main is not None and row.layer.main.name == mend.field else mend.field
        title = f"{key} {text(mend)}"
        argument = row.fields.get(key)
        if argument is None:
            result.append(_insertion(row, row.node, f"{key}: {text(mend)}", title))
        elif not argument.dynamic and _inside(argument.location, row.at):
            result.append(Fix(argument.location, text(mend), False, title))
    return tuple(result)


def _insertion(row: Row, node: Mapping, pair: str, title: str) -> Fix:
    """A field written behind the kind's value, in the row's own style."""
    _, value = node.pairs[row.kind]
    line, column = value.end_line, value.end_column
    lead = ", " if node.flow else "\n" + " " * (node.column - 1)
    return Fix(Location(line, column, line, column), lead + pair, False, title)


def _inside(inner: Location, outer: Location) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (
        outer.end_line,
        outer.end_column,
    )
