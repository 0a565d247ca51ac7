"""Reductions and softmax."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.formats.tensors.emit import MAIN, Cannot
from cnncalc.formats.tensors.lower import Lowering, lowers
from cnncalc.formats.tensors.lowering.pointwise import applied
from cnncalc.formats.tensors.program import Operation, Value
from cnncalc.formats.tensors.view import Atom, Group, TensorView, flat, whole

_GLOBAL = {
    "mean": ("global_avgpool", "adaptive_avgpool"),
    "max": ("global_maxpool", "adaptive_maxpool"),
    "sum": ("global_sumpool", ""),
}


@lowers("reduce")
def reduce(low: Lowering, o: Operation) -> None:
    function, axes = o.attributes["function"], o.attributes["axes"]
    view = low.view(o.inputs[0])
    if function == "min":
        # The least number is the negative of the largest of the negative numbers.
        negative = {"factor": -1.0, "offset": 0.0}
        largest = _computed(low, o, applied(low, view, {"function": "affine", **negative}), "max", axes)
        low.give(o, applied(low, largest, {"function": "affine", **negative}))
        return
    low.give(o, _computed(low, o, view, function, axes))


def _computed(low: Lowering, o: Operation, view: TensorView, function: str, axes: Sequence[int]) -> TensorView:
    """The view reduced along the axes of the tensor."""
    dims = [i for i in axes if whole(view.dims[i])]
    if not dims:
        if function not in ("mean", "max", "sum", "product"):
            raise Cannot(function)
        return TensorView(view.producer, view.axes, tuple(view.dims[i] for i in _left(o, view)))
    view = low.real(view)
    places = view.axes_of(dims)
    if places is None:
        view = low.apart(view, dims)
        places = view.axes_of(dims)
        if places is None:
            raise Cannot("parts of axes")
    spatial = set(range(1, len(view.axes)))
    # Axes of size 1 are reduced along with the others.
    reduced = set(places)
    every = bool(spatial) and reduced <= spatial and all(i in reduced or not whole(view.axes[i]) for i in spatial)
    if function in _GLOBAL and every:
        return _pooled(low, o, view, function)
    if function in ("mean", "max", "sum", "norm"):
        return _reduced(low, o, view, reduced, function)
    raise Cannot(function)


def _left(o: Operation, view: TensorView) -> list[int]:
    """Return the axes of the operation's input that its output has, of size 1 if they are reduced."""
    return [i for i in range(len(view.dims)) if i not in o.attributes["axes"] or o.attributes["keep"]]


def _pooled(low: Lowering, o: Operation, view: TensorView, function: str) -> TensorView:
    """Reduce every axis of space by a global pool."""
    axes = o.attributes["axes"]
    vector, cell = _GLOBAL[function]
    if o.attributes["keep"] and len(view.dims) > 2 and cell and _read_as_map(low, o.output):
        units = [(Atom(1),) for _ in view.axes[1:]]
        made = low.layer(cell, {"output_size": (1,) * len(units)}, [view])
        unit = iter(units)
        out = tuple(next(unit, ()) if i in axes else view.dims[i] for i in _left(o, view))
        return TensorView(made, (view.axes[0], *units), out)
    made = low.layer(vector, {}, [view])
    return TensorView(made, (view.axes[0],), tuple(() if i in axes else _only(view, i) for i in _left(o, view)))


def _reduced(low: Lowering, o: Operation, view: TensorView, reduced: set[int], function: str) -> TensorView:
    """Reduce the axes `reduced` of the layer that `view` shows by the kind `reduce`."""
    a = o.attributes
    names = tuple(low.axis_name(view, i) for i in sorted(reduced, key=lambda i: (i == 0, i)))
    keep = a["keep"] or len(reduced) == len(view.axes)
    made = low.layer("reduce", {MAIN: function, "axes": names} | ({"keep": True} if keep else {}), [view])
    if keep:
        units: dict[int | None, Group] = {i: (Atom(1),) for i in reduced}
        axes = tuple(units.get(i, axis) for i, axis in enumerate(view.axes))
        by_dim = {d: units.get(view.axis_of(d) if whole(view.dims[d]) else -1, ()) for d in a["axes"]}
        return TensorView(made, axes, tuple(by_dim.get(i, view.dims[i]) for i in _left(o, view)))
    left = [axis for i, axis in enumerate(view.axes) if i not in reduced]
    if 0 in reduced:
        # The last axis of space that is left becomes the channels.
        left = [left[-1], *left[:-1]]
    return TensorView(made, tuple(left), tuple(() if i in a["axes"] else view.dims[i] for i in _left(o, view)))


def _only(view: TensorView, dim: int) -> tuple[Atom, ...]:
    return tuple(atom for atom in view.dims[dim] if atom in view.axes[0])


def _read_as_map(low: Lowering, value: Value) -> bool:
    """Whether what follows reads one cell with channels, rather than a vector."""
    if id(value) in low.leaving:
        return True
    todo, seen = [value], set()
    while todo:
        one = todo.pop()
        for user in one.users:
            if id(user) in seen:
                continue
            seen.add(id(user))
            if user.op in ("conv", "pool", "conv_transpose", "resize", "batchnorm"):
                return True
            if user.op in ("unary", "identity", "dropout"):
                todo.append(user.output)
            elif user.op not in ("reshape", "matmul", "binary", "reduce", "transpose", "layernorm"):
                return True
    return False


@lowers("softmax")
def softmax(low: Lowering, o: Operation) -> None:
    view, dim = low.view(o.inputs[0]), o.attributes["axis"]
    view = low.real(view)
    if not whole(view.dims[dim]):
        # Over one number: over channels of which there is one.
        view = low.arranged(view, [(), *([flat(view.dims)] if flat(view.dims) else [])])
        low.give(o, view.on(low.layer("softmax", {}, [view])))
        return
    place = view.axis_of(dim)
    if place is None:
        view = low.apart(view, [dim])
        place = view.axis_of(dim)
        if place is None:
            raise Cannot("softmax over a part of an axis")
    if place and not low.emit.has("softmax", "axis"):
        view = low.with_channels(view, dim)
        place = 0
    fields = {"axis": low.axis_name(view, place)} if place else {}
    low.give(o, view.on(low.layer("softmax", fields, [view])))
