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
    "silu": "silu",
    "absolute": "abs",
    "hardsigmoid": "hard_sigmoid",
    "hardsilu": "hard_silu",
    "leakyrelu": "leaky_relu",
    "batch_matmul": "matmul",
}
_UNARY = {"square", "sqrt", "exp", "abs", "reciprocal", "log"}
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
_REDUCED = {"mean": "mean", "max": "max", "sum": "sum"}


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
    if function in _JOINS:
        return _binary(use, function)
    if not use.inputs:
        return None
    x = use.x
    if function in FUNCTIONS and FUNCTIONS[function][0] and not _extra(use, function):
        if function == "softmax":
            axis = argument(use, "axis", 1, -1)
            name = x.axis(axis)
            return Tensor(use.layer("softmax", x.node, **({} if name == "channels" else {"axis": name})), x.first)
        kind, fields = FUNCTIONS[function]
        return Tensor(use.layer(kind, x.node, **fields), x.first)
    if function == "hard_sigmoid":
        return Tensor(use.layer("hard_sigmoid", x.node), x.first)
    if function in _UNARY:
        return Tensor(use.layer(function, x.node), x.first)
    if function == "power":
        exponent = argument(use, "y", 1, argument(use, "x2", 1))
        if isinstance(exponent, (int, float)) and not isinstance(exponent, bool):
            return Tensor(use.layer("power", x.node, exponent=float(exponent)), x.first)
        return None
    if function == "negative":
        return Tensor(use.layer("rescale", x.node, factor=-1.0), x.first)
    if function in _REDUCED:
        return _reduce(use, x, _REDUCED[function])
    if function == "concatenate":
        axis = argument(use, "axis", 1, -1)
        return concatenated(use, use.inputs, axis if isinstance(axis, int) else -1)
    if function == "reshape":
        wanted = argument(use, "shape", 1, argument(use, "newshape", 1, use.config.get("newshape")))
        if isinstance(wanted, list) and len(wanted) > 1 and all(isinstance(one, int) for one in wanted[1:]):
            return to_shape(use, x, wanted[1:])
        return None
    if function == "transpose":
        order = argument(use, "axes", 1, argument(use, "perm", 1))
        names = x.names
        if (
            isinstance(order, list)
            and order
            and order[0] == 0
            and sorted(map(str, order)) == [str(i) for i in range(len(names) + 1)]
        ):
            return reordered(use, x, [names[one - 1] for one in order[1:]])
        return None
    if function == "matmul":
        xs = tensors([use.args, use.kwargs])
        if len(xs) == 2 and all(one.shape.rank == 1 for one in xs):
            return matmul(
                use, xs[0].node, xs[1].node, transpose_first=False, transpose_second=bool(use.kwargs.get("transpose_b"))
            )
        return None
    if function in ("identity", "stop_gradient", "cast", "copy"):
        return Tensor(use.layer("identity", x.node), x.first)
    if function == "clip" or function == "clip_by_value":
        least = argument(use, "x_min", 1, argument(use, "clip_value_min", 1))
        most = argument(use, "x_max", 2, argument(use, "clip_value_max", 2))
        if isinstance(least, (int, float)) and isinstance(most, (int, float)):
            return Tensor(use.layer("clip", x.node, min=float(least), max=float(most)), x.first)
    return None


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
    others = [
        one
        for one in [*use.args, *(use.kwargs.get(key) for key in ("y", "x", "x1", "x2"))]
        if isinstance(one, (int, float)) and not isinstance(one, bool)
    ]
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
