"""Operators that work number by number."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.tensors.constant import Constant, learned
from cnncalc.formats.tensors.emit import Cannot
from cnncalc.formats.tensors.lower import Lowering, lowers
from cnncalc.formats.tensors.program import Operation, Shape, Value
from cnncalc.formats.tensors.view import MOST_AXES, TensorView, aligned, flat, translated, whole

_PLAIN = frozenset((
    "relu", "relu6", "selu", "silu", "mish", "softplus", "sigmoid", "hard_swish", "tanh", "square", "sqrt", "exp", "abs",
    "reciprocal", "log", "sin", "cos",
))  # fmt: skip


@lowers("identity")
def identity(low: Lowering, o: Operation) -> None:
    low.give(o, low.view(o.inputs[0]))


@lowers("quantise")
def quantise(low: Lowering, o: Operation) -> None:
    """Quantised integers: a layer only if they are an output of the network."""
    if id(o.output) in low.leaving:
        raise Cannot("integers")
    low.give(o, low.view(o.inputs[0]))


@lowers("dropout")
def dropout(low: Lowering, o: Operation) -> None:
    view = low.view(o.inputs[0])
    rate = o.attributes.get("rate", 0.5)
    if not 0 <= rate < 1:
        low.give(o, view)
        return
    low.give(o, view.on(low.layer("dropout", {"rate": float(rate)}, [view])))


@lowers("unary")
def unary(low: Lowering, o: Operation) -> None:
    view = low.view(o.inputs[0])
    low.give(o, applied(low, view, dict(o.attributes)))


def applied(low: Lowering, view: TensorView, attributes: dict[str, Any]) -> TensorView:
    """A function of each number as a layer. Raises Cannot if the language lacks it."""
    name = attributes.pop("function")
    kind, fields = name, attributes
    if name == "affine":
        factor, offset = float(attributes["factor"]), float(attributes["offset"])
        if (factor, offset) == (1, 0):
            return view
        kind, fields = "rescale", {"factor": factor, "offset": offset}
    elif name == "clip":
        low_end, high = float(attributes["min"]), float(attributes["max"])
        if low_end == -math.inf and high == math.inf:
            return view
        kind, fields = "clip", {}
        if (low_end, high) in ((0, 6), (0, math.inf)):
            kind = "relu6" if high == 6 else "relu"
        else:
            # The limits of float32 mean no limit.
            fields = {"min": low_end} if low_end > -3.4e38 else {}
            fields |= {"max": high} if high < 3.4e38 else {}
            if not fields:
                return view
    elif name == "gelu":
        fields = {} if attributes.get("approximate", "none") == "none" else {"approximate": attributes["approximate"]}
    elif name == "elu":
        fields = {} if attributes.get("alpha", 1.0) == 1 else {"alpha": float(attributes["alpha"])}
    elif name == "leaky_relu":
        fields = {"slope": _short(attributes["slope"])}
    elif name == "hard_sigmoid":
        slope, offset = _short(attributes["slope"]), _short(attributes["offset"])
        fields = {} if (slope, offset) == (_short(1 / 6), 0.5) else {"slope": slope, "offset": offset}
    elif name == "power":
        exponent = float(attributes["exponent"])
        kind = {2: "square", 0.5: "sqrt", -1: "reciprocal"}.get(exponent, "power")
        fields = {} if kind != "power" else {"exponent": exponent}
        if exponent == 1:
            return view
    elif name not in _PLAIN:
        raise Cannot(name)
    return view.on(low.layer(kind, fields, [view]))


def _short(value: float) -> float:
    """A float32 as the shortest number that is written for it: 0.01 for 0.009999999776."""
    return float(f"{value:.7g}")


@lowers("binary")
def binary(low: Lowering, o: Operation) -> None:
    function = o.attributes["function"]
    first, second = o.inputs
    shape = o.output.shape or ()
    if isinstance(first, Value) and isinstance(second, Value):
        if first is second and function == "multiply":
            view = low.view(first)
            low.give(o, view.on(low.layer("square", {}, [view])))
            return
        low.give(o, joined(low, function, low.view(first), low.view(second), shape))
    elif isinstance(second, Constant):
        low.give(o, _with_constant(low, function, first, second, shape, swapped=False))
    elif isinstance(first, Constant):
        low.give(o, _with_constant(low, function, second, first, shape, swapped=True))
    else:
        raise Cannot(function)


def _with_constant(low: Lowering, function: str, value: Any, constant: Constant, shape: Shape, *, swapped: bool) -> TensorView:
    """A number, or an array of the file, combined with a value."""
    view = low.view(value)
    number = constant.scalar if not any(one.counts for one in constant.stored()) else None
    if isinstance(number, (int, float)) and view.shape == shape:
        return _with_number(low, function, view, float(number), swapped)
    if view.shape != shape:
        view = view.padded(len(shape))
    if function == "subtract" and swapped:
        view = applied(low, view, {"function": "affine", "factor": -1.0, "offset": 0.0})
        function = "add"
    elif function == "subtract":
        constant = Constant(constant.shape, "float", op="unary", args=(constant,), attributes=_negative())
        function = "add"
    elif function == "divide" and not swapped:
        constant = Constant(constant.shape, "float", op="unary", args=(constant,), attributes={"function": "reciprocal"})
        function = "multiply"
    if function in ("add", "multiply") and (
        learned(_bare(constant)) or (constant.size == (shape or (1,))[-1] and learned(_base(constant)))
    ):
        found = _per_channel(low, function, view, constant, shape)
        if found is not None:
            return found
    other = low.parameter(constant)
    return joined(low, function, *((other, view) if swapped else (view, other)), shape)


def _bare(constant: Constant) -> Constant:
    """The constant whose numbers these are, but for their signs."""
    return constant.args[0] if constant.op == "unary" else constant


def _base(constant: Constant) -> Constant:
    """The array of the file that a constant is computed from by functions of each number."""
    while constant.op == "unary" or (
        constant.op == "binary" and len({id(part) for part in constant.stored() if part.size > 1}) == 1
    ):
        constant = next((arg for arg in constant.args if arg.size == constant.size), constant.args[0])
    return constant


def _negative() -> dict[str, Any]:
    return {"function": "affine", "factor": -1.0, "offset": 0.0}


def _with_number(low: Lowering, function: str, view: TensorView, number: float, swapped: bool) -> TensorView:
    if function == "add":
        return applied(low, view, {"function": "affine", "factor": 1.0, "offset": number})
    if function == "multiply":
        return applied(low, view, {"function": "affine", "factor": number, "offset": 0.0})
    if function == "subtract":
        return applied(
            low, view, {"function": "affine", "factor": -1.0 if swapped else 1.0, "offset": number if swapped else -number}
        )
    if function == "divide" and not swapped and number:
        return applied(low, view, {"function": "affine", "factor": 1 / number, "offset": 0.0})
    if function == "divide" and swapped:
        view = applied(low, view, {"function": "reciprocal"})
        return applied(low, view, {"function": "affine", "factor": number, "offset": 0.0})
    if function == "power" and not swapped:
        return applied(low, view, {"function": "power", "exponent": number})
    if function == "maximum":
        return applied(low, view, {"function": "clip", "min": number, "max": math.inf})
    if function == "minimum":
        return applied(low, view, {"function": "clip", "min": -math.inf, "max": number})
    raise Cannot(function)


def _per_channel(low: Lowering, function: str, view: TensorView, constant: Constant, shape: Shape) -> TensorView | None:
    """A factor or an offset per channel; None if the constant lies along other axes."""
    if view.shape != shape:
        return None
    sizes = (1,) * (len(shape) - len(constant.shape)) + constant.shape
    dims = [i for i, n in enumerate(sizes) if n != 1]
    if any(sizes[i] != shape[i] for i in dims):
        return None
    if not dims:
        return None
    wanted = tuple(atom for i in dims for atom in whole(view.dims[i]))
    if wanted != whole(view.axes[0]):
        if len(dims) > 1 or not _channel_like(view, dims[0]):
            return None
        view = low.as_map(view, len(shape) - 2) if 3 <= len(shape) <= 5 and dims[0] == 1 else low.with_channels(view, dims[0])
    flat_constant = constant if constant.shape == (constant.size,) else _flat(constant)
    kind, name = ("add_bias", "bias") if function == "add" else ("scale", "weight")
    return view.on(low.layer(kind, {}, [view], {name: flat_constant}))


def _channel_like(view: TensorView, dim: int) -> bool:
    """Whether an axis of the tensor is, or holds a part of, the channels of the array or stands where channels do."""
    return dim == (1 if len(view.dims) >= 4 else len(view.dims) - 1) or any(
        atom in view.axes[0] for atom in whole(view.dims[dim])
    )


def _flat(constant: Constant) -> Constant:
    return Constant((constant.size,), constant.dtype, op="reshape", args=(constant,))


_JOINS = {
    "add": "add", "multiply": "multiply", "subtract": "subtract", "divide": "divide", "maximum": "maximum", "minimum": "minimum",
}  # fmt: skip


def joined(low: Lowering, function: str, first: TensorView, second: TensorView, shape: Shape) -> TensorView:
    """Two views combined number by number. Raises Cannot if the language lacks the function."""
    kind = _JOINS.get(function)
    if kind is None or not low.emit.has(kind):
        raise Cannot(function)
    rank = len(shape)
    first, second = first.padded(rank), second.padded(rank)
    swapped = len(flat(first.dims)) == 0 or (_covers(second, shape) and not _covers(first, shape))
    large, small = (second, first) if swapped else (first, second)
    large, small = low.real(large), _not_repeated(low, small)
    pair = aligned(large, small)
    if pair is None:
        large, small = _plain(low, large), _plain(low, small)
        pair = aligned(large, small)
        if pair is None:
            raise Cannot("factors")
    large, small = pair
    if large.shape != shape:
        # Both are repeated along an axis of the other.
        large = _repeated(low, large, small)
        pair = aligned(large, small)
        if pair is None:
            raise Cannot("factors")
        large, small = pair
    axes = large.axes
    large, small = _fitted(low, large, small)
    views = [small, large] if swapped else [large, small]
    return low.arranged(large.on(low.layer(kind, {}, views)), axes)


def _not_repeated(low: Lowering, view: TensorView) -> TensorView:
    """The view without the axes that are only repeated: a join repeats them anyway."""
    present = {id(atom) for axis in view.axes for atom in axis}
    dims = []
    for dim in view.dims:
        real = [id(atom) in present for atom in whole(dim)]
        if any(real) and not all(real):
            return low.real(view)
        dims.append(dim if all(real) else ())
    return TensorView(view.producer, view.axes, tuple(dims))


def _covers(view: TensorView, shape: Shape) -> bool:
    return view.shape == shape


def _plain(low: Lowering, view: TensorView) -> TensorView:
    """The view with an axis of the array for each axis of the tensor."""
    axes = [whole(dim) for dim in view.dims if whole(dim)]
    if len(axes) > MOST_AXES:
        raise Cannot("too many axes")
    return low.arranged(view, axes or [()])


def _repeated(low: Lowering, large: TensorView, small: TensorView) -> TensorView:
    """`large` repeated along the axes that only `small` has."""
    dims = tuple(b if not whole(a) and whole(b) else a for a, b in zip(large.dims, small.dims, strict=True))
    return low.real(TensorView(large.producer, large.axes, dims))


def _fitted(low: Lowering, large: TensorView, small: TensorView) -> tuple[TensorView, TensorView]:
    """Both in arrangements that a join accepts together: axes of `large` that `small` lacks become one spatial axis."""
    names = {
        id(b): a
        for one, other in zip(large.dims, small.dims, strict=True)
        for a, b in zip(whole(one), whole(other), strict=False)
    }
    back = {
        id(a): b
        for one, other in zip(large.dims, small.dims, strict=True)
        for a, b in zip(whole(one), whole(other), strict=False)
    }
    have = translated(large, small)
    want = tuple(whole(axis) for axis in large.axes)
    present = {id(names[id(atom)]) for atom in flat(small.axes) if id(atom) in names}
    if len(present) < len(flat(small.axes)):
        raise Cannot("an axis that the other lacks")
    reduced = tuple(tuple(atom for atom in axis if id(atom) in present) for axis in want)
    if have == want:
        return large, small
    if not present and want[0]:
        # One number becomes a number for each channel.
        repeated = tuple(tuple(atom for atom in whole(dim) if atom in want[0]) for dim in large.dims)
        return large, low.arranged(TensorView(small.producer, small.axes, repeated), [want[0]])
    complete = all(axis in ((), full) for axis, full in zip(reduced, want, strict=True))
    if complete and reduced[1:] == ((),) * (len(want) - 1):
        # A number per channel: a vector or one cell.
        if have in ((want[0],), reduced):
            return large, small
        goal: tuple[Any, ...] = (want[0],)
    elif complete and (reduced == ((), *want[1:]) or reduced == want):
        goal = reduced
    else:
        shared = tuple(atom for axis in reduced for atom in axis)
        large = low.arranged(large, [shared, tuple(atom for atom in flat(want) if id(atom) not in present)])
        goal = (shared,)
    if any(id(atom) not in back for axis in goal for atom in axis):
        raise Cannot("an axis that the other lacks")
    return large, low.arranged(small, [tuple(back[id(atom)] for atom in axis) for axis in goal])


@lowers("prelu")
def prelu(low: Lowering, o: Operation) -> None:
    view, slope = low.view(o.inputs[0]), o.inputs[1]
    assert isinstance(slope, Constant)
    shape = o.output.shape or ()
    if slope.size == 1 and slope.scalar is not None:
        low.give(o, view.on(low.layer("leaky_relu", {"slope": float(slope.scalar)}, [view])))
        return
    sizes = (1,) * (len(shape) - len(slope.shape)) + slope.shape
    dims = [i for i, n in enumerate(sizes) if n != 1]
    if len(dims) != 1 or sizes[dims[0]] != shape[dims[0]]:
        raise Cannot("a slope per number")
    view = low.with_channels(view, dims[0])
    low.give(o, view.on(low.layer("prelu", {}, [view], {"weight": _flat(slope)})))
