"""A stride that does not fit: the formula with its numbers, the cells that no window reads, and the nearest refits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cnncalc.build.mismatch import Offer
from cnncalc.graph import Input, Node
from cnncalc.infer import outcome
from cnncalc.layers.option import Cells, Every, PerAxis
from cnncalc.problem import Fix
from cnncalc.shape import LayerError, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.refit import Refit

_CELLS = {"depth": ("plane", "planes"), "height": ("row", "rows"), "width": ("column", "columns"), "length": ("step", "steps")}


class Misfit(NamedTuple):
    """The windows of a layer that do not fit the sizes that flow in, and the changes that would fit.

    `fault` is the sentence without advice; `advice` are the changes of the row as a spec writes them.
    """

    layer: str
    windows: tuple[Window, ...]
    sizes: tuple[int, ...]
    refits: tuple[Refit, ...]
    fault: str
    advice: tuple[str, ...]
    #: Whether the layer reads an input of the network: `input` among the refits is then the network's own.
    reads_input: bool

    def text(self, offer: Offer | None = None) -> str:
        """The sentence; `offer` has inputs of the network on which all of it works."""
        sizes = " or ".join(written(one) for one in self.refits if one.field == "input")
        more = f"an input of {sizes} to {self.layer}" if sizes else ""
        if offer is not None and offer.inputs:
            more = offer.text(reads_input=self.reads_input)
        changes = [*self.advice, *([more] if more else [])]
        listed = ", or ".join(filter(None, (", ".join(changes[:-1]), *changes[-1:])))
        return f"{self.fault}; try {listed}{', or ' if listed else ''}fit: floor"


def of(node: Node) -> Misfit:
    """The misfit of a layer, explained."""
    found = _refits(node)
    lost = any(window.unread(size) for window, size in zip(node.inferred.windows, node.inferred.sizes, strict=True))
    fault = f"{node.name} does not fit: {formula(node)}, {never_read(node)}{'' if lost else ' (no input cell is lost)'}"
    reads_input = all(isinstance(source, Input) for source in node.inputs)
    advice = _advice(node, [one for one in found if one.field != "input"])
    return Misfit(node.name, node.inferred.windows, node.inferred.sizes, tuple(found), fault, advice, reads_input)


def fixes(node: Node, found: Misfit) -> tuple[Fix, ...]:
    """Return the edits of the row that make it fit. None is safe, because only the author knows which one is right."""
    edits = [node.place.edit(one.field, written(one)) for one in found.refits if one.field != "input"]
    edits.append(node.place.edit("fit", "floor"))
    return tuple(edit for edit in edits if edit is not None)


def _refits(node: Node) -> list[Refit]:
    from cnncalc.refit import Refit, refits

    follows = "stride" in node.layer.options and node.layer.value("stride") is None
    skip = node.layer.unwindowed
    leading = node.inferred.sizes[:skip]
    found = refits(node.inferred.windows[skip:], node.inferred.sizes[skip:], stride_follows=follows)
    found = [Refit("input", (*leading, *one.value)) if skip and one.field == "input" else one for one in found]
    return [one for one in found if one.field == "input" or _fits(node, one)]


def _fits(node: Node, refit: Refit) -> bool:
    """Whether the layer works with a refit: causal padding grows with the window, and reflected padding has a limit."""
    fields = {name: node.layer.value(name) for name in node.layer.options}
    x = node.inputs[0].flow
    try:
        return x is not None and outcome(type(node.layer)(**{**fields, refit.field: refit.value}), (x,), "exact").fits
    except LayerError:
        return False


def _axes(node: Node) -> tuple[str, ...]:
    flow = node.inputs[0].flow
    return flow.axes if isinstance(flow, Shape) else ()


def formula(node: Node) -> str:
    """The formula with its numbers for the axes that do not fit."""
    parts: dict[str, list[str]] = {}
    for axis, window, size in zip(_axes(node), node.inferred.windows, node.inferred.sizes, strict=True):
        if window.remainder(size):
            parts.setdefault(window.formula(size), []).append(axis)
    if len(parts) == 1 and all(w.remainder(n) for w, n in zip(node.inferred.windows, node.inferred.sizes, strict=True)):
        return next(iter(parts))
    return ", ".join(f"{' and '.join(axes)} {formula}" for formula, axes in parts.items())


def unread(node: Node) -> tuple[str, bool]:
    """The cells that a floored output leaves unread, as `the last row and column`, and whether they are several."""
    groups: dict[tuple[int, bool], list[str]] = {}
    for axis, window, size in zip(_axes(node), node.inferred.windows, node.inferred.sizes, strict=True):
        if window.remainder(size):
            cells = window.unread(size)
            groups.setdefault((cells or window.remainder(size), cells == 0), []).append(axis)
    parts = []
    for (count, padding), axes in groups.items():
        names = [_CELLS.get(axis, ("cell", "cells"))[count > 1] for axis in axes]
        many = f"{count} " if count > 1 else ""
        of = " of the padding" if padding else ""
        parts.append(f"the last {many}{' and '.join(names)}{of}")
    plural = len(parts) > 1 or any(count > 1 or len(axes) > 1 for (count, _), axes in groups.items())
    return " and ".join(parts), plural


def never_read(node: Node) -> str:
    """Return which cells a rounded-down output never reads: `the last row and column are never read`."""
    cells, plural = unread(node)
    return f"{cells} {'are' if plural else 'is'} never read"


def _advice(node: Node, found: list[Refit]) -> tuple[str, ...]:
    options: dict[str, list[str]] = {}
    for refit in found:
        name = node.kind if node.layer.main is not None and node.layer.main.name == refit.field else refit.field
        options.setdefault(name, []).append(written(refit))
    return tuple(f"{name} {' or '.join(values)}" for name, values in options.items())


def written(refit: Refit) -> str:
    """The value of a refit as a spec writes it: `3`, `3x5`, `[[1, 2], [1, 2]]`."""
    value: Any = refit.value
    pairs = isinstance(value[0], tuple)
    if len(set(value)) == 1 and not (pairs and value[0][0] != value[0][1]):
        value = Every(value[:1])
    return Cells().write(value) if pairs else PerAxis(0).write(value)
