"""Reshapes, slices, concatenation: views where they can be, layers where they must be."""

from __future__ import annotations

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.emit import MAIN, Cannot, Made
from cnncalc.formats.tensors.lower import Lowering, lowers
from cnncalc.formats.tensors.program import Operation, Value
from cnncalc.formats.tensors.view import MOST_AXES, Atom, Group, TensorView, aligned, flat, size_of, translated, whole


@lowers("reshape")
def reshape(low: Lowering, o: Operation) -> None:
    view = low.view(o.inputs[0])
    shape = o.output.shape or ()
    found = view.reshaped(shape)
    if found is None:
        found = stretched(low, view).reshaped(shape)
    if found is None:
        raise Cannot("a reshape")
    low.give(o, found)


def stretched(low: Lowering, view: TensorView) -> TensorView:
    """The tensor as a vector in its own order, cut nowhere."""
    view = low.real(view)
    view = low.arranged(view, [flat(view.dims)])
    one: Group = (Atom(size_of(view.axes[0])),)
    return TensorView(view.producer, (one,), (one,))


@lowers("transpose")
def transpose(low: Lowering, o: Operation) -> None:
    low.give(o, low.view(o.inputs[0]).transposed(o.attributes["axes"]))


@lowers("expand")
def expand(low: Lowering, o: Operation) -> None:
    """An axis of size 1 becomes one that is only repeated: an atom of the tensor that the array lacks."""
    view = low.view(o.inputs[0])
    shape = o.output.shape or ()
    dims = ((),) * (len(shape) - len(view.dims)) + view.dims
    found = [dim if size_of(dim) == n else (Atom(n),) for dim, n in zip(dims, shape, strict=True)]
    low.give(o, TensorView(view.producer, view.axes, tuple(found)))


@lowers("slice")
def slice_(low: Lowering, o: Operation) -> None:
    a = o.attributes
    view = low.view(o.inputs[0])
    low.give(o, sliced(low, view, a["axis"], a["start"], a["count"], a["step"]))


def sliced(low: Lowering, view: TensorView, dim: int, start: int, count: int, step: int) -> TensorView:
    """Some places of one axis of the tensor."""
    size = size_of(view.dims[dim])
    if count < 1:
        raise Cannot("nothing is left")
    if step != 1:
        return _strided(low, view, dim, start, count, step)
    view = low.real(view)
    group = whole(view.dims[dim])
    if start + count > size or not group:
        raise Cannot("beyond the end")
    place = next((i for i, axis in enumerate(view.axes) if whole(axis)[: len(group)] == group), None)
    if place is None:
        split = _split_off(view, group)
        view = low.arranged(view, split)
        place = next(i for i, axis in enumerate(view.axes) if whole(axis)[: len(group)] == group)
    rest = whole(view.axes[place])[len(group) :]
    inner = size_of(rest)
    made = slice_layer(low, view, place, start * inner, (start + count) * inner)
    new: Group = (Atom(count),)
    axes = tuple(new + rest if i == place else axis for i, axis in enumerate(view.axes))
    dims = tuple(new if i == dim else d for i, d in enumerate(view.dims))
    return TensorView(made, axes, dims)


def slice_layer(low: Lowering, view: TensorView, place: int, first: int, last: int) -> Made:
    """A layer that keeps a range of one axis of the array."""
    kept = low.emit.has("slice", "axis")
    size = view.sizes[place]
    if place == 0:
        return low.layer("slice", {MAIN: (first, last)}, [view])
    if kept:
        return low.layer("slice", {MAIN: (first, last), "axis": low.axis_name(view, place)}, [view])
    cells = [(0, 0)] * (len(view.axes) - 1)
    cells[place - 1] = (first, size - last)
    return low.layer("crop", {"cells": tuple(cells)}, [view])


def _split_off(view: TensorView, group: Group) -> list[Group]:
    """Axes with a group in front of one of them, few enough."""
    inside = {id(atom) for atom in group}
    rest = [tuple(atom for atom in whole(axis) if id(atom) not in inside) for axis in view.axes]
    kept = [rest[0], *(axis for axis in rest[1:] if axis)]
    if len(kept) < MOST_AXES and kept[0]:
        return [kept[0], group, *kept[1:]]
    return [group + kept[0], *kept[1:]]


def _strided(low: Lowering, view: TensorView, dim: int, start: int, count: int, step: int) -> TensorView:
    """Every step-th place of one axis of the tensor."""
    size = size_of(view.dims[dim])
    if step < 1:
        raise Cannot("backwards")
    view = low.real(view)
    place = view.axis_of(dim)
    if place is None:
        mark = len(low.emit.layers)
        try:
            view = low.apart(view, [dim])
        except Cannot:
            del low.emit.layers[mark:]
        place = view.axis_of(dim)
    if place:
        last = min(size, start + count * step)
        made = low.layer("slice", {MAIN: (start, last), "axis": low.axis_name(view, place), "step": step}, [view])
        new: Group = (Atom(count),)
        axes = tuple(new if i == place else axis for i, axis in enumerate(view.axes))
        return TensorView(made, axes, tuple(new if i == dim else d for i, d in enumerate(view.dims)))
    if size % step or start >= step or count != size // step:
        raise Cannot("a stride over channels")
    shape = list(view.shape)
    parts = view.reshaped((*shape[:dim], size // step, step, *shape[dim + 1 :]))
    if parts is None:
        raise Cannot("factors")
    chosen = sliced(low, parts, dim + 1, start, 1, 1)
    joined = chosen.reshaped((*shape[:dim], size // step, *shape[dim + 1 :]))
    if joined is None:
        raise Cannot("factors")
    return joined


@lowers("gather")
def gather(low: Lowering, o: Operation) -> None:
    view, indices, axis = low.view(o.inputs[0]), o.inputs[1], o.attributes["axis"]
    data = indices.data if isinstance(indices, Constant) else None
    size = size_of(view.dims[axis])
    if not data or len(data) > 16:
        raise Cannot("places by number")
    # A few places in any order: slices put together.
    runs: list[list[int]] = []
    for index in (i % size for i in data):
        if runs and index == runs[-1][1]:
            runs[-1][1] += 1
        else:
            runs.append([index, index + 1])
    parts = [sliced(low, view, axis, first, last - first, 1) if (first, last) != (0, size) else view for first, last in runs]
    found = parts[0] if len(parts) == 1 else concatenated(low, parts, axis)
    made = found.reshaped(o.output.shape or ())
    if made is None:
        raise Cannot("factors")
    low.give(o, made)


@lowers("concat")
def concat(low: Lowering, o: Operation) -> None:
    axis = o.attributes["axis"]
    parts: list[TensorView] = []
    for one in o.inputs:
        if isinstance(one, Constant) and not any(part.size > 1 for part in one.stored()) and one.scalar == 0 and parts:
            zeros = _zeros(low, o, axis)
            if zeros is not None:
                low.give(o, zeros)
                return
        parts.append(low.view(one))
    found = concatenated(low, parts, axis)
    low.give(o, found)


def _zeros(low: Lowering, o: Operation, axis: int) -> TensorView | None:
    """One part and zeros around it: padding. None if there is more than one part."""
    places = [i for i, one in enumerate(o.inputs) if isinstance(one, Value)]
    if len(places) != 1:
        return None
    sizes = [(one.shape or ())[axis] if one is not None else 0 for one in o.inputs]
    view = low.view(o.inputs[places[0]])
    place = view.axis_of(axis)
    if place is None or len(view.axes) < 2:
        return None
    before, after = sum(sizes[: places[0]]), sum(sizes[places[0] + 1 :])
    cells = [(0, 0)] * (len(view.axes) - 1)
    fields: dict[str, object] = {}
    if place:
        cells[place - 1] = (before, after)
    else:
        fields["channels"] = (before, after)
    made = low.layer("pad", fields | {"cells": tuple(cells)}, [view])
    new: Group = (Atom(sum(sizes)),)
    axes = tuple(new if i == place else a for i, a in enumerate(view.axes))
    return TensorView(made, axes, tuple(new if i == axis else d for i, d in enumerate(view.dims)))


def concatenated(low: Lowering, parts: list[TensorView], dim: int) -> TensorView:
    """Views put together along one axis of the tensor."""
    parts = [low.real(part) for part in parts]
    sizes = [size_of(part.dims[dim]) for part in parts]
    lead = next((part for part in parts if whole(part.dims[dim]) and part.axis_of(dim) is not None), None)
    if lead is None:
        lead = next((part for part in parts if whole(part.dims[dim])), None)
        if lead is not None:
            lead = low.apart(lead, [dim])
        else:
            lead = _with_unit(low, parts[0], dim)
    place = lead.axis_of(dim)
    if place is None:
        raise Cannot("no axis of its own")
    makers = []
    for part in parts:
        fitted = _alike(low, lead, part, dim, place)
        if fitted is None:
            raise Cannot("other axes")
        makers.append(fitted)
    fields = {"axis": low.axis_name(lead, place)} if place else {}
    made = low.layer("concat", fields, makers)
    new: Group = (Atom(sum(sizes)),)
    axes = tuple(new if i == place else axis for i, axis in enumerate(lead.axes))
    return TensorView(made, axes, tuple(new if i == dim else d for i, d in enumerate(lead.dims)))


def _with_unit(low: Lowering, view: TensorView, dim: int) -> TensorView:
    """The view with an axis of size 1 of the array for an axis of size 1 of the tensor."""
    if view.axis_of(dim) is not None:
        return view
    unit: Group = (Atom(1),)
    axes = [axis for axis in view.axes if whole(axis)]
    if len(axes) >= MOST_AXES:
        raise Cannot("too many axes")
    channels = dim == (1 if len(view.dims) >= 4 else len(view.dims) - 1)
    new = [unit, *axes] if channels else [*axes[:1], unit, *axes[1:]]
    if len(new) == 1:
        raise Cannot("a number")
    view = low.arranged(view, new)
    return TensorView(view.producer, tuple(new), tuple(unit if i == dim else d for i, d in enumerate(view.dims)))


def _alike(low: Lowering, lead: TensorView, part: TensorView, dim: int, place: int) -> TensorView | None:
    """`part` arranged as `lead`, but for the axis that they are put together along."""
    if part is lead:
        return part
    rest = [i for i in range(len(lead.dims)) if i != dim]
    one = TensorView(lead.producer, lead.axes, tuple(lead.dims[i] for i in rest))
    other = TensorView(part.producer, part.axes, tuple(part.dims[i] for i in rest))
    pair = aligned(one, other)
    if pair is None:
        return None
    one, other = pair
    names = {id(a): b for x, y in zip(one.dims, other.dims, strict=True) for a, b in zip(whole(x), whole(y), strict=True)}
    own = whole(part.dims[dim])
    goal: list[Group] = []
    for i, axis in enumerate(one.axes):
        if i == place:
            goal.append(own)
        elif any(id(atom) not in names for atom in whole(axis)):
            return None
        else:
            goal.append(tuple(names[id(atom)] for atom in whole(axis)))
    full = TensorView(part.producer, other.axes, part.dims)
    dims = list(full.dims)
    for i, d in zip(rest, other.dims, strict=True):
        dims[i] = d
    full = TensorView(part.producer, other.axes, tuple(dims))
    if len(full.axes) != len(goal) or translated(full, full) != tuple(goal):
        return low.arranged(full, goal)
    return full


@lowers("roll")
def roll(low: Lowering, o: Operation) -> None:
    view, shifts = low.view(o.inputs[0]), o.attributes["shifts"]
    view = low.apart(view, list(shifts))
    cells = [0] * (len(view.axes) - 1)
    for dim, shift in shifts.items():
        place = view.axis_of(dim)
        if not place:
            raise Cannot("a roll of channels")
        cells[place - 1] = shift
    low.give(o, view.on(low.layer("roll", {MAIN: tuple(cells)}, [view])))
