"""Operators that work number by number, products of matrices, reductions and quantisation."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.onnx.call import Call, DataDependent, Result, Results, normal, operator
from cnncalc.formats.onnx.proto import TensorProto
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant, scalar
from cnncalc.formats.tensors.program import Tensor, Value, broadcast

_BINARY = {
    "Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "Pow": "power", "Equal": "equal", "Less": "less",
    "Greater": "greater", "LessOrEqual": "less_equal", "GreaterOrEqual": "greater_equal", "And": "and", "Or": "or", "Xor": "xor",
}  # fmt: skip
_MANY = {"Max": "maximum", "Min": "minimum", "Sum": "add"}
_UNARY = {
    "Abs": "abs", "Ceil": "ceil", "Floor": "floor", "Round": "round", "Sqrt": "sqrt", "Exp": "exp", "Log": "log", "Sin": "sin",
    "Cos": "cos", "Tanh": "tanh", "Erf": "erf", "Reciprocal": "reciprocal", "Not": "not", "Sign": "sign", "Relu": "relu",
    "Sigmoid": "sigmoid", "Softplus": "softplus", "Mish": "mish", "HardSwish": "hard_swish", "Tan": "tan",
    "Asin": "asin", "Acos": "acos", "Atan": "atan", "Sinh": "sinh", "Cosh": "cosh", "Asinh": "asinh", "Acosh": "acosh",
    "Atanh": "atanh", "Softsign": "softsign", "IsNaN": "is_nan", "IsInf": "is_inf",
}  # fmt: skip


@operator(*_BINARY)
def binary(c: Call) -> Result:
    first, second = c[0], c[1]
    if c.version < 7 and c.attribute("axis") is not None:
        raise DataDependent
    c.attribute("broadcast")
    if (
        c.node.op == "Div"
        and first.dtype == second.dtype == "int"
        and not (isinstance(first, Constant) and isinstance(second, Constant))
    ):
        # Integers are divided towards zero.
        raise DataDependent
    return build.binary(c.program, _BINARY[c.node.op], first, second)


@operator("Mod")
def modulo(c: Call) -> Result:
    return build.binary(c.program, "fmod" if c.attribute("fmod", 0) else "modulo", c[0], c[1])


@operator(*_MANY)
def many(c: Call) -> Result:
    found: Tensor = c[0]
    for i in range(1, len(c.args)):
        found = build.binary(c.program, _MANY[c.node.op], found, c[i])
    return found


@operator("Mean")
def mean(c: Call) -> Result:
    found: Tensor = c[0]
    for i in range(1, len(c.args)):
        found = build.binary(c.program, "add", found, c[i])
    return build.unary(c.program, "affine", found, factor=1 / len(c.args), offset=0.0)


@operator(*_UNARY)
def unary(c: Call) -> Result:
    return build.unary(c.program, _UNARY[c.node.op], c[0])


@operator("Neg")
def negative(c: Call) -> Result:
    x = c[0]
    factor: Any = -1 if x.dtype == "int" else -1.0
    return build.unary(c.program, "affine", x, factor=factor, offset=0 * factor)


_NARROW = (
    "int2", "uint2", "int4", "uint4", "int8", "uint8", "float4e2m1", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
    "float8e5m2fnuz", "float8e8m0",
)  # fmt: skip
"""Types that numbers of a network do not go through unchanged."""
_CUT_OFF = (("float", "int"), ("float", "bool"), ("int", "bool"))


@operator("Identity", "CastLike", "Dropout")
def identity(c: Call) -> Results:
    x = c[0]
    if c.node.op == "CastLike":
        dtype = c[1].dtype
        narrow = c.context.dtypes.get(c.node.inputs[1]) in _NARROW
        if isinstance(x, Value) and (narrow or (x.dtype, dtype) in _CUT_OFF):
            return c.program.add("custom", [x], x.shape, dtype, operator="CastLike")
        return build.cast(c.program, x, dtype)
    if c.node.op == "Dropout" and not isinstance(x, Constant):
        rate = c.number(1, "ratio", 0.5)
        if c.has(2) and not isinstance(c[2], Constant):
            raise DataDependent
        made = c.program.add("dropout", [x], x.shape, rate=rate)
        if len(c.node.outputs) < 2:
            return made
        return made, c.program.add("custom", [x], x.shape, "bool", operator="Dropout_mask")
    return x


@operator("Cast")
def cast(c: Call) -> Result:
    from cnncalc.formats.onnx.proto import DTYPES
    from cnncalc.formats.onnx.weights import sort

    x, dtype = c[0], DTYPES.get(c.attribute("to", 1), "float32")
    c.attribute("saturate")
    c.attribute("round_mode")
    ids = isinstance(x, Value) and x.made_by is None and x.name in c.context.tokens
    if isinstance(x, Value) and not ids and (dtype in _NARROW or (x.dtype, sort(dtype)) in _CUT_OFF):
        # Numbers are cut off: no layer of the language does that.
        return c.program.add("custom", [x], x.shape, sort(dtype), operator="Cast")
    return build.cast(c.program, x, sort(dtype))


@operator("Elu", "Celu", "Selu", "LeakyRelu", "HardSigmoid", "ThresholdedRelu", "Shrink", "Swish")
def with_alpha(c: Call) -> Result:
    p, x = c.program, c[0]
    if c.node.op == "Elu":
        return build.unary(p, "elu", x, alpha=c.attribute("alpha", 1.0))
    if c.node.op == "Celu" and c.attribute("alpha", 1.0) == 1:
        return build.unary(p, "elu", x, alpha=1.0)
    if c.node.op == "Selu":
        alpha, gamma = c.attribute("alpha", 1.6732632423543772), c.attribute("gamma", 1.0507009873554805)
        if math.isclose(alpha, 1.6732632423543772, rel_tol=1e-5) and math.isclose(gamma, 1.0507009873554805, rel_tol=1e-5):
            return build.unary(p, "selu", x)
        return build.unary(p, "affine", build.unary(p, "elu", x, alpha=alpha), factor=gamma, offset=0.0)
    if c.node.op == "LeakyRelu":
        return build.unary(p, "leaky_relu", x, slope=c.attribute("alpha", 0.01))
    if c.node.op == "HardSigmoid":
        return build.unary(p, "hard_sigmoid", x, slope=c.attribute("alpha", 0.2), offset=c.attribute("beta", 0.5))
    if c.node.op == "Swish" and c.attribute("alpha", 1.0) == 1:
        return build.unary(p, "silu", x)
    raise DataDependent


@operator("Gelu")
def gelu(c: Call) -> Result:
    return build.unary(c.program, "gelu", c[0], approximate=c.attribute("approximate", "none"))


@operator("Clip")
def clip(c: Call) -> Result:
    low = c.number(1, "min", -math.inf)
    high = c.number(2, "max", math.inf)
    return build.unary(c.program, "clip", c[0], min=low, max=high)


@operator("PRelu")
def prelu(c: Call) -> Result:
    slope = c[1]
    if not isinstance(slope, Constant):
        raise DataDependent
    x = c[0]
    return c.program.add("prelu", [x, slope], broadcast(c.shape(0), slope.shape))


@operator("Where")
def where(c: Call) -> Result:
    shape = broadcast(broadcast(c.shape(0), c.shape(1)), c.shape(2))
    condition = c[0]
    if isinstance(condition, Constant) and condition.scalar is not None:
        chosen = c[1] if condition.scalar else c[2]
        return build.expand(c.program, chosen, shape)
    return c.program.add("where", [c[0], c[1], c[2]], shape, c[1].dtype)


@operator("MatMul")
def matmul(c: Call) -> Result:
    return build.matmul(c.program, c[0], c[1])


@operator("Gemm")
def gemm(c: Call) -> Result:
    p, a, b = c.program, c[0], c[1]
    if len(c.shape(0)) != 2 or len(c.shape(1)) != 2:
        raise DataDependent
    if c.attribute("transA", 0):
        a = build.transpose(p, a, [1, 0])
    if c.attribute("transB", 0):
        b = build.transpose(p, b, [1, 0])
    alpha, beta = c.attribute("alpha", 1.0), c.attribute("beta", 1.0)
    if alpha != 1:
        b = build.binary(p, "multiply", b, scalar(alpha))
    found = build.matmul(p, a, b)
    bias = c.optional(2)
    if bias is None or (isinstance(bias, Constant) and bias.size == 1 and bias.scalar == 0):
        return found
    if beta != 1:
        bias = build.binary(p, "multiply", bias, scalar(beta))
    return build.binary(p, "add", found, bias)


_REDUCE = {
    "ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "max", "ReduceMin": "min", "ReduceProd": "product",
    "ReduceL2": "norm", "ReduceL1": "l1", "ReduceSumSquare": "sum_square", "ReduceLogSum": "log_sum",
    "ReduceLogSumExp": "log_sum_exp",
}  # fmt: skip


@operator(*_REDUCE)
def reduce(c: Call) -> Result:
    x, rank = c[0], len(c.shape())
    axes = c.ints(1, "axes")
    without_effect = c.attribute("noop_with_empty_axes", 0)
    if not axes:
        if without_effect:
            return x
        axes = list(range(rank))
    chosen = sorted({normal(axis, rank) for axis in axes})
    keep = bool(c.attribute("keepdims", 1))
    name = _REDUCE[c.node.op]
    if name == "sum_square":
        return build.reduce(c.program, "sum", build.unary(c.program, "square", x), chosen, keep)
    if name == "l1":
        return build.reduce(c.program, "sum", build.unary(c.program, "abs", x), chosen, keep)
    if name == "log_sum":
        return build.unary(c.program, "log", build.reduce(c.program, "sum", x, chosen, keep))
    if name == "log_sum_exp":
        return build.log_sum_exp(c.program, x, chosen, keep)
    return build.reduce(c.program, name, x, chosen, keep)


@operator("CumSum")
def cumsum(c: Call) -> Result:
    (axis,) = c.ints(1, "axis") or [0]
    if c.attribute("exclusive", 0) or c.attribute("reverse", 0):
        raise DataDependent
    return c.program.add("cumsum", [c[0]], c.shape(), axis=normal(axis, len(c.shape())))


@operator("Softmax", "LogSoftmax")
def softmax(c: Call) -> Result:
    x, shape = c[0], c.shape()
    axis = c.axis(-1 if c.version >= 13 else 1, len(shape))
    if c.version < 13 and axis != len(shape) - 1:
        # Older versions take everything from the axis on as one.
        if math.prod(shape[axis + 1 :]) != 1:
            flat = build.reshape(c.program, x, (*shape[:axis], math.prod(shape[axis:])))
            made = c.program.add("softmax", [flat], flat.shape, axis=axis)
            found = build.reshape(c.program, made, shape)
        else:
            found = c.program.add("softmax", [x], shape, axis=axis)
    else:
        found = c.program.add("softmax", [x], shape, axis=axis)
    return build.unary(c.program, "log", found) if c.node.op == "LogSoftmax" else found


@operator("ArgMax", "ArgMin")
def argmax(c: Call) -> Result:
    shape = c.shape()
    axis = c.axis(0, len(shape))
    keep = c.attribute("keepdims", 1)
    out = tuple(1 if i == axis else n for i, n in enumerate(shape) if keep or i != axis)
    return c.program.add("custom", [c[0]], out, "int", operator=c.node.op)


@operator("Constant")
def constant(c: Call) -> Result:
    for key in c.node.attributes:
        value = c.attribute(key)
        if isinstance(value, TensorProto):
            found = c.context.stored(value, name=c.node.outputs[0] if c.node.outputs else c.node.name)
            if not c.context.weightless:
                found.role = "constant"
            return found
        if key == "value_float":
            return scalar(value)
        if key == "value_int":
            return scalar(value, "int")
        if key == "value_floats":
            return Constant((len(value),), "float", list(value))
        if key == "value_ints":
            return Constant((len(value),), "int", list(value))
    raise DataDependent


@operator("Einsum")
def einsum(c: Call) -> Result:
    """A product by index letters."""
    return build.einsum(c.program, str(c.attribute("equation", "")), [c[i] for i in range(len(c.args))])
