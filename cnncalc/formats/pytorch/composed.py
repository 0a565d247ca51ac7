"""Operators of ATen that are several operators of the vocabulary together."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.pytorch.translate import OperatorCall, Result, Unsupported, operator
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant, scalar
from cnncalc.formats.tensors.program import Shape, Tensor


@operator("var", "std", "var_mean", "std_mean")
def spread(c: OperatorCall) -> Result:
    """The mean of squared distances from the mean, times n / (n − correction)."""
    p, x, (name, _, overload) = c.program, c.tensor(0), c.op.partition(".")
    first = 1 if overload == "correction" else 2 if overload == "dim" else 1
    axes = c.axes(1, "dim") if overload else list(range(len(c.shape())))
    keep = bool(c.kwargs.get("keepdim", False) if overload == "correction" else c.get(3, "keepdim", False))
    correction = c.kwargs.get("correction", 1) if overload == "correction" else int(c.get(first, "unbiased", True))
    count = math.prod(c.shape()[axis] for axis in axes)
    mean = build.reduce(p, "mean", x, axes, True)
    squares = build.unary(p, "square", build.binary(p, "subtract", x, mean))
    found = build.reduce(p, "mean", squares, axes, keep)
    if correction:
        found = build.unary(p, "affine", found, factor=count / (count - correction), offset=0.0)
    if name.startswith("std"):
        found = build.unary(p, "sqrt", found)
    return [found, build.reduce(p, "mean", x, axes, keep)] if name.endswith("mean") else found


@operator("glu")
def glu(c: OperatorCall) -> Result:
    axis = c.axis(1, "dim", -1)
    half = c.shape()[axis] // 2
    first, second = build.split(c.program, c.tensor(0), axis, [half, half])
    return build.binary(c.program, "multiply", first, build.unary(c.program, "sigmoid", second))


@operator("log_sigmoid", "tanhshrink", "softsign", "log1p", "expm1")
def of_one(c: OperatorCall) -> Result:
    p, x, name = c.program, c.tensor(0), c.op.partition(".")[0].rstrip("_")
    if name == "log_sigmoid":
        return build.unary(p, "log", build.unary(p, "sigmoid", x))
    if name == "tanhshrink":
        return build.binary(p, "subtract", x, build.unary(p, "tanh", x))
    if name == "softsign":
        return build.binary(p, "divide", x, _plus(c, build.unary(p, "abs", x), 1.0))
    if name == "log1p":
        return build.unary(p, "log", _plus(c, x, 1.0))
    return _plus(c, build.unary(p, "exp", x), -1.0)


def _plus(c: OperatorCall, x: Tensor, number: float) -> Tensor:
    return build.unary(c.program, "affine", x, factor=1.0, offset=number)


@operator("logsumexp")
def logsumexp(c: OperatorCall) -> Result:
    return build.log_sum_exp(c.program, c.tensor(0), c.axes(1, "dim"), bool(c.get(2, "keepdim", False)))


@operator("lerp")
def lerp(c: OperatorCall) -> Result:
    p, share = c.program, c.args[2]
    way = build.binary(p, "subtract", c.tensor(1), c.tensor(0))
    return build.binary(p, "add", c.tensor(0), build.binary(p, "multiply", way, number_or_tensor(share)))


def number_or_tensor(one: Any) -> Tensor:
    """An argument that is a tensor or a number, as a tensor."""
    if isinstance(one, (int, float)):
        return scalar(float(one))
    if one is None or isinstance(one, (str, list)):
        raise Unsupported
    found: Tensor = one
    return found


@operator("where", "masked_fill")
def where(c: OperatorCall) -> Result:
    if len(c.args) < 3:
        raise Unsupported
    first, second, third = (number_or_tensor(one) for one in c.args[:3])
    mask, inside, outside = (second, third, first) if c.op.startswith("masked") else (first, second, third)
    if isinstance(mask, Constant) and mask.scalar is not None:
        return build.expand(c.program, inside if mask.scalar else outside, c.out())
    return c.program.add("where", [mask, inside, outside], c.out(), c.node["values"]["dtype"])


@operator("logical_not", "bitwise_not")
def negated(c: OperatorCall) -> Result:
    if c.tensor(0).dtype != "bool":
        raise Unsupported
    return build.unary(c.program, "not", c.tensor(0))


@operator("ne")
def unequal(c: OperatorCall) -> Result:
    return build.unary(c.program, "not", build.binary(c.program, "equal", c.tensor(0), number_or_tensor(c.args[1])))


@operator("logical_and", "logical_or", "bitwise_and", "bitwise_or", "floor_divide", "remainder")
def binary(c: OperatorCall) -> Result:
    name = c.op.partition(".")[0].rstrip("_")
    function = {"floor_divide": "floor_divide", "remainder": "modulo"}.get(name, name.rpartition("_")[2])
    if function in ("and", "or") and c.tensor(0).dtype != "bool":
        raise Unsupported
    return build.binary(c.program, function, c.tensor(0), number_or_tensor(c.args[1]))


@operator("tril", "triu")
def triangle(c: OperatorCall) -> Result:
    known, upper = isinstance(c.tensor(0), Constant), c.op.startswith("triu")
    return c.program.add(
        "trilu" if known else "custom", [c.tensor(0)], c.shape(), operator=c.op, upper=upper, diagonal=c.get(1, "diagonal", 0)
    )


@operator("cumsum")
def cumsum(c: OperatorCall) -> Result:
    return c.program.add("cumsum", [c.tensor(0)], c.shape(), c.node["values"]["dtype"], axis=c.axis(1, "dim"), operator="cumsum")


@operator("outer")
def outer(c: OperatorCall) -> Result:
    (rows,), (columns,) = c.shape(0), c.shape(1)
    first, second = build.reshape(c.program, c.tensor(0), (rows, 1)), build.reshape(c.program, c.tensor(1), (1, columns))
    return build.binary(c.program, "multiply", first, second)


@operator("meshgrid")
def meshgrid(c: OperatorCall) -> Result:
    shapes = [tuple(one["shape"]) for one in c.node["values"]]
    turned = c.kwargs.get("indexing") == "xy" or (len(c.args) > 1 and c.args[1] == "xy")
    found: list[Any] = []
    for i, (one, shape) in enumerate(zip(c.args[0], shapes, strict=True)):
        axis = 1 - i if turned and i < 2 else i
        sizes = tuple(n if j == axis else 1 for j, n in enumerate(shape))
        found.append(build.expand(c.program, build.reshape(c.program, one, sizes), shape))
    return found


@operator("linspace", "eye")
def numbers(c: OperatorCall) -> Result:
    shape, dtype = c.out(), c.node["values"]["dtype"]
    if math.prod(shape) > 1 << 16:
        raise Unsupported
    if c.op.startswith("eye"):
        return Constant(shape, dtype, [float(i == j) for i in range(shape[0]) for j in range(shape[1])])
    start, end, steps = c.args[:3]
    if steps == 1:
        return Constant(shape, dtype, [float(start)])
    return Constant(shape, dtype, [start + (end - start) * i / (steps - 1) for i in range(steps)])


@operator("repeat_interleave")
def repeat_interleave(c: OperatorCall) -> Result:
    axis, count, shape = c.axis(2, "dim"), c.args[1], c.shape()
    if not isinstance(count, int):
        raise Unsupported
    front, back = shape[: axis + 1], shape[axis + 1 :]
    one = build.reshape(c.program, c.tensor(0), (*front, 1, *back))
    return build.reshape(c.program, build.expand(c.program, one, (*front, count, *back)), c.out())


@operator("unfold")
def unfold(c: OperatorCall) -> Result:
    """Windows of one axis, as a further axis at the end; side by side they are a reshape."""
    axis, size, step, shape = c.axis(1, "dimension"), c.args[2], c.args[3], c.shape()
    if size != step:
        raise Unsupported
    whole = build.slice_axis(c.program, c.tensor(0), axis, 0, shape[axis] // size * size, 1)
    rank = len(shape)
    parts = build.reshape(c.program, whole, (*shape[:axis], shape[axis] // size, size, *shape[axis + 1 :]))
    order = [i for i in range(rank + 1) if i != axis + 1]
    return build.transpose(c.program, parts, [*order, axis + 1])


@operator("im2col", "col2im")
def patches(c: OperatorCall) -> Result:
    """Patches of a map as columns of a matrix, and back. Patches side by side only rearrange the numbers."""
    p, x, back = c.program, c.tensor(0), c.op.startswith("col2im")
    kernel, dilation, padding, stride = c.args[2:6] if back else c.args[1:5]
    if list(kernel) != list(stride) or any(padding) or any(one != 1 for one in dilation):
        raise Unsupported
    n, channels, height, width = c.out() if back else c.shape()
    (f, g), rows, columns = kernel, height // kernel[0], width // kernel[1]
    if (height % f or width % g) and back:
        raise Unsupported
    if back:
        cells = build.reshape(p, x, (n, channels, f, g, rows, columns))
        return build.reshape(p, build.transpose(p, cells, [0, 1, 4, 2, 5, 3]), (n, channels, height, width))
    x = build.slice_axis(p, build.slice_axis(p, x, 2, 0, rows * f, 1), 3, 0, columns * g, 1)
    cells = build.reshape(p, x, (n, channels, rows, f, columns, g))
    return build.reshape(p, build.transpose(p, cells, [0, 1, 3, 5, 2, 4]), (n, channels * f * g, rows * columns))


@operator("lstm_cell")
def lstm_cell(c: OperatorCall) -> Result:
    """One step of an LSTM. Gates in the order input, forget, cell, output."""
    p, x, (h, state) = c.program, c.tensor(0), c.args[1]
    gates = build.binary(p, "add", _affine(c, x, 2, 4), _affine(c, h, 3, 5))
    hidden = state.shape[-1]
    i, f, g, o = build.split(p, gates, len(gates.shape or ()) - 1, [hidden] * 4)
    i, f, o = (build.unary(p, "sigmoid", one) for one in (i, f, o))
    kept = build.binary(p, "multiply", f, state)
    state = build.binary(p, "add", kept, build.binary(p, "multiply", i, build.unary(p, "tanh", g)))
    return [build.binary(p, "multiply", o, build.unary(p, "tanh", state)), state]


@operator("gru_cell")
def gru_cell(c: OperatorCall) -> Result:
    """One step of a GRU: reset, update and new gates; the reset gate applies after the hidden state's weights."""
    p, h = c.program, c.tensor(1)
    shape: Shape = c.out()
    mine, theirs = _affine(c, c.tensor(0), 2, 4), _affine(c, h, 3, 5)
    axis, sizes = len(shape) - 1, [shape[-1]] * 3
    (r, z, n), (hr, hz, hn) = build.split(p, mine, axis, sizes), build.split(p, theirs, axis, sizes)
    reset, update = (build.unary(p, "sigmoid", build.binary(p, "add", a, b)) for a, b in ((r, hr), (z, hz)))
    new = build.unary(p, "tanh", build.binary(p, "add", n, build.binary(p, "multiply", reset, hn)))
    return build.binary(p, "add", new, build.binary(p, "multiply", update, build.binary(p, "subtract", h, new)))


def _affine(c: OperatorCall, x: Tensor, weight: int, bias: int) -> Tensor:
    matrix, offset = c.tensor(weight), c.get(bias, "")
    shape = (*(x.shape or ())[:-1], (matrix.shape or ())[0])
    if isinstance(x, Constant) and x.scalar == 0:
        # The first state.
        return scalar(0.0) if offset is None else build.expand(c.program, offset, shape)
    return c.program.add("linear", [x, matrix, offset], shape)
