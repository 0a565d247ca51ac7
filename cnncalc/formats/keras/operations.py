"""Operations written in Python between layers: Keras 3's operation nodes and Keras 2's TFOpLambda."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.keras.activations import FUNCTIONS
from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.indexing import MOVES
from cnncalc.formats.keras.joins import concatenated, joined, matmul
from cnncalc.formats.keras.moves import reordered, to_shape
from cnncalc.formats.keras.use import Tensor, Use, argument, opaque, shaped, tensors

_JOINS = {"add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "maximum", "divide": "divide"}
_ALIASES = {
    "truedivide": "divide",
    "true_divide": "divide",
    "realdiv": "divide",
    "truediv": "divide",
    "sub": "subtract",
    "mul": "multiply",
    "addv2": "add",
    "reduce_mean": "mean",
    "reduce_max": "max",
    "reduce_sum": "sum",
    "amax": "max",
    "amin": "min",
    "concat": "concatenate",
    "pow": "power",
    "absolute": "abs",
    "hardsigmoid": "hard_sigmoid",
    "hardsilu": "hard_silu",
    "leakyrelu": "leaky_relu",
    "batch_matmul": "matmul",
    "clip_by_value": "clip",
}
#: Functions of one tensor without arguments, with their kinds.
_UNARY = {
    **{kind: kind for kind in ("square", "sqrt", "exp", "abs", "reciprocal", "log", "hard_sigmoid", "identity")},
    **dict.fromkeys(("stop_gradient", "cast", "copy"), "identity"),
}
#: Functions of each number, or of pairs of numbers.
_ELEMENTWISE = frozenset(
    (
        "rsqrt", "erf", "sin", "cos", "tan", "sign", "floor", "ceil", "round", "log1p", "expm1", "log2", "log10", "logsigmoid",
        "log_sigmoid", "softsign", "celu", "glu", "logsoftmax", "log_softmax", "sparseplus", "squareplus", "threshold", "arctan",
        "minimum", "greater", "greaterequal", "less", "lessequal", "equal", "notequal", "logicaland", "logicalor", "logicalnot",
        "where", "mod", "floordivide", "arctan2", "isnan", "nantonum", "zeroslike", "oneslike", "fulllike", "sinh", "cosh",
        "flip", "roll", "sort", "cumsum", "normalize", "add", "subtract", "multiply", "divide", "maximum", "power", "leaky_relu",
        "elu", "gelu", "clip", "mulnonan", "squareddifference", "tanhshrink", "softshrink", "hardshrink", "hardtanh",
    )
)  # fmt: skip
_REDUCED = ("mean", "max", "sum")


def function_of(use: Use, module: str) -> str | None:
    """The plain name of the operation a node stands for; None for a layer."""
    if use.class_name in ("TFOpLambda", "SlicingOpLambda"):
        function = use.config.get("function")
        name = function.rsplit(".", 1)[-1].lower() if isinstance(function, str) else ""
    elif ".ops" in module or module == "keras.ops" or "operation" in module:
        name = use.class_name.lower()
    else:
        return None
    return _ALIASES.get(name, name)


def operation(use: Use, function: str) -> Any:
    """Lay out an operation; an operation without a layer kind becomes a custom layer."""
    found = _known(use, function)
    if found is None and function in MOVES and use.inputs:
        found = MOVES[function](use, use.x)
    if found is None and use.inputs and not use.stated and function in _ELEMENTWISE:
        found = shaped(use, max((x.sizes for x in use.inputs), key=math.prod), function)
    return found if found is not None else opaque(use, operator=function or use.class_name)


def _known(use: Use, function: str) -> Any:
    """Lay out an operation that a layer kind says; None if no kind does."""
    if function in _JOINS:
        return _binary(use, function)
    if not use.inputs:
        return None
    if function in FUNCTIONS and FUNCTIONS[function][0] and not _extra(use, function):
        return _activation(use, function)
    if function in _UNARY:
        return Tensor(use.layer(_UNARY[function], use.x.node), use.x.first)
    if function in _REDUCED:
        return _reduce(use, use.x, function)
    return _OTHERS[function](use) if function in _OTHERS else None


def _activation(use: Use, function: str) -> Any:
    x = use.x
    kind, fields = FUNCTIONS[function]
    if function == "softmax":
        axis = x.axis(argument(use, "axis", 1, -1))
        fields = {} if axis == "channels" else {"axis": axis}
    return Tensor(use.layer(kind, x.node, **fields), x.first)


def _power(use: Use) -> Any:
    exponent = argument(use, "y", 1, argument(use, "x2", 1))
    return Tensor(use.layer("power", use.x.node, exponent=float(exponent)), use.x.first) if _is_number(exponent) else None


def _negative(use: Use) -> Any:
    return Tensor(use.layer("rescale", use.x.node, factor=-1.0), use.x.first)


def _concatenate(use: Use) -> Any:
    axis = argument(use, "axis", 1, -1)
    return concatenated(use, use.inputs, axis if isinstance(axis, int) else -1)


def _reshape(use: Use) -> Any:
    sizes = argument(use, "shape", 1, argument(use, "newshape", 1, use.config.get("newshape")))
    if isinstance(sizes, list) and len(sizes) > 1 and all(isinstance(one, int) for one in sizes[1:]):
        return to_shape(use, use.x, sizes[1:])
    return None


def _transpose(use: Use) -> Any:
    """A permutation that leaves the batch first."""
    order = argument(use, "axes", 1, argument(use, "perm", 1))
    names = use.x.names
    if not isinstance(order, list) or not order or order[0] != 0:
        return None
    if sorted(map(str, order)) != [str(i) for i in range(len(names) + 1)]:
        return None
    return reordered(use, use.x, [names[one - 1] for one in order[1:]])


def _matmul(use: Use) -> Any:
    xs = tensors([use.args, use.kwargs])
    if len(xs) != 2 or any(one.shape.rank != 1 for one in xs):
        return None
    return matmul(use, xs[0].node, xs[1].node, transpose_first=False, transpose_second=bool(use.kwargs.get("transpose_b")))


def _clip(use: Use) -> Any:
    least = argument(use, "x_min", 1, argument(use, "clip_value_min", 1))
    most = argument(use, "x_max", 2, argument(use, "clip_value_max", 2))
    if not _is_number(least) or not _is_number(most):
        return None
    return Tensor(use.layer("clip", use.x.node, min=float(least), max=float(most)), use.x.first)


_OTHERS = {
    "power": _power,
    "negative": _negative,
    "concatenate": _concatenate,
    "reshape": _reshape,
    "transpose": _transpose,
    "matmul": _matmul,
    "clip": _clip,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _extra(use: Use, function: str) -> bool:
    """Whether an activation has arguments that its kind does not."""
    if function == "leaky_relu":
        slope = argument(use, "negative_slope", 1, argument(use, "alpha", 1, 0.2))
        return bool(slope != 0.2)
    return function == "gelu" and bool(argument(use, "approximate", 1, False))


def _binary(use: Use, function: str) -> Any:
    """A join of two tensors, or a factor and an offset."""
    xs = tensors([use.args, use.kwargs])
    if len(xs) == 2:
        return joined(use, function, xs)
    if len(xs) != 1:
        return None
    x = xs[0]
    others = [one for one in [*use.args, *(use.kwargs.get(key) for key in ("y", "x", "x1", "x2"))] if _is_number(one)]
    if len(others) != 1:
        return None
    value = float(others[0])
    reads_first = bool(use.args) and isinstance(use.args[0], Tensor)
    fields: dict[str, Any] | None = {
        "add": {"offset": value},
        "subtract": {"offset": -value} if reads_first else {"factor": -1.0, "offset": value},
        "multiply": {"factor": value},
    }.get(function)
    if function == "divide" and reads_first and value:
        fields = {"factor": 1 / value}
    if function == "maximum":
        return Tensor(use.layer("relu", x.node), x.first) if value == 0 else None
    return Tensor(use.layer("rescale", x.node, **fields), x.first) if fields is not None else None


def _reduce(use: Use, x: Tensor, how: str) -> Any:
    """A mean, maximum or sum over axes; over all spatial axes it is a global pool."""
    axes = argument(use, "axis", 1)
    keep = bool(argument(use, "keepdims", 2, False))
    if axes is None:
        return None
    try:
        names = {x.axis(one) for one in (axes if isinstance(axes, list) else [axes])}
    except Broken:
        return None
    if names == set(x.shape.axes) and x.shape.rank:
        pool = {"mean": "avg", "max": "max", "sum": "sum"}[how]
        if not keep:
            return Tensor(use.layer(f"global_{pool}pool", x.node), False)
        if how != "sum":
            return Tensor(use.layer(f"adaptive_{pool}pool", x.node, output_size=1), x.first)
    if len(names) == len(x.names) and not keep:
        return None
    ordered = tuple(name for name in (*x.shape.axes, "channels") if name in names)
    kept = [name for name in x.names if name not in names]
    return Tensor(use.layer("reduce", x.node, operation=how, axes=ordered, keep=keep), x.first and keep and bool(kept))
