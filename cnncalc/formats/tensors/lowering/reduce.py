"""Reductions and softmax."""

from __future__ import annotations

from cnncalc.formats.tensors.emit import MAIN, Cannot
from cnncalc.formats.tensors.lower import Lowering, lowers
from cnncalc.formats.tensors.program import Operation, Value
from cnncalc.formats.tensors.view import Atom, Group, View, flat, whole

_GLOBAL = {
    "mean": ("global_avgpool", "adaptive_avgpool"),
    "max": ("global_maxpool", "adaptive_maxpool"),
    "sum": ("global_sumpool", ""),
}


@lowers("reduce")
def reduce(low: Lowering, o: Operation) -> None:
    a = o.attributes
    view = low.view(o.inputs[0])
    rank = len(view.dims)
    dims = [i for i in a["axes"] if whole(view.dims[i])]
    kept = [i for i in range(rank) if i not in a["axes"] or a["keep"]]
    if not dims:
        if a["function"] not in ("mean", "max", "sum", "min", "product"):
            raise Cannot(a["function"])
        found = View(view.producer, view.axes, tuple(view.dims[i] for i in kept))
        low.give(o, found)
        return
    view = low.real(view)
    places = view.axes_of(dims)
    if places is None:
        view = low.apart(view, dims)
        places = view.axes_of(dims)
        if places is None:
            raise Cannot("parts of axes")
    function = a["function"]
    spatial = set(range(1, len(view.axes)))
    # Axes of size 1 are reduced along with the others.
    reduced = set(places)
    if function in _GLOBAL and spatial and reduced <= spatial and all(i in reduced or not whole(view.axes[i]) for i in spatial):
        vector, cell = _GLOBAL[function]
        keep = a["keep"] and rank > 2 and cell and _read_as_map(low, o.output)
        if keep:
            made = low.layer(cell, {"output_size": (1,) * len(spatial)}, [view])
            units = [(Atom(1),) for _ in spatial]
            axes = (view.axes[0], *units)
            left = iter(units)
            out = tuple(next(left, ()) if i in a["axes"] else view.dims[i] for i in kept)
            low.give(o, View(made, axes, out))
            return
        made = low.layer(vector, {}, [view])
        low.give(o, View(made, (view.axes[0],), tuple(() if i in a["axes"] else _only(view, i) for i in kept)))
        return
    if function not in ("mean", "max", "sum", "norm"):
        raise Cannot(function)
    names = tuple(low.axis_name(view, i) for i in sorted(reduced, key=lambda i: (i == 0, i)))
    keep = a["keep"] or len(reduced) == len(view.axes)
    made = low.layer("reduce", {MAIN: function, "axes": names} | ({"keep": True} if keep else {}), [view])
    if keep:
        units_of: dict[int | None, Group] = {i: (Atom(1),) for i in reduced}
        axes = tuple(units_of.get(i, axis) for i, axis in enumerate(view.axes))
        by_dim = {d: units_of.get(view.axis_of(d) if whole(view.dims[d]) else -1, ()) for d in a["axes"]}
        out = tuple(by_dim.get(i, view.dims[i]) if i in a["axes"] else view.dims[i] for i in kept)
    else:
        left_axes = [axis for i, axis in enumerate(view.axes) if i not in reduced]
        if 0 in reduced:
            # The last axis of space that is left becomes the channels.
            left_axes = [left_axes[-1], *left_axes[:-1]]
        axes = tuple(left_axes)
        out = tuple(() if i in a["axes"] else view.dims[i] for i in kept)
    low.give(o, View(made, axes, out))


def _only(view: View, dim: int) -> tuple[Atom, ...]:
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
