"""Operators of ATen that compute: windows, normalisation, arithmetic, products, attention and recurrence."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.pytorch.translate import OperatorCall, Result, Unsupported, operator
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant, scalar
from cnncalc.formats.tensors.program import Operation, Tensor, Value


@operator("conv1d", "conv2d", "conv3d")
def conv(c: OperatorCall) -> Result:
    weight = c.tensor(1)
    rank = len(c.shape(1)) - 2
    stride, dilation = c.ints(3, "stride", rank, 1), c.ints(5, "dilation", rank, 1)
    kernel = c.shape(1)[2:]
    padding = c.get(4, "padding", 0)
    if isinstance(padding, str):
        totals = [d * (f - 1) if padding == "same" else 0 for f, d in zip(kernel, dilation, strict=True)]
        pads = tuple((total // 2, total - total // 2) for total in totals)
    else:
        pads = tuple((p, p) for p in c.ints(4, "padding", rank, 0))
    bias = c.get(2, "bias")
    inputs = [c.tensor(0), weight] if bias is None else [c.tensor(0), weight, bias]
    return c.program.add(
        "conv",
        inputs,
        c.out(),
        "float",
        kernel=kernel,
        stride=stride,
        padding=pads,
        dilation=dilation,
        groups=c.get(6, "groups", 1),
    )


@operator("convolution")
def convolution(c: OperatorCall) -> Result:
    rank = len(c.shape(1)) - 2
    transposed = bool(c.args[6])
    bias = c.args[2]
    inputs = [c.tensor(0), c.tensor(1)] if bias is None else [c.tensor(0), c.tensor(1), bias]
    attributes: dict[str, Any] = {
        "kernel": c.shape(1)[2:], "stride": c.ints(3, "", rank), "padding": tuple((p, p) for p in c.ints(4, "", rank)),
        "dilation": c.ints(5, "", rank), "groups": c.args[8],
    }  # fmt: skip
    if transposed:
        attributes["output_padding"] = c.ints(7, "", rank)
    return c.program.add("conv_transpose" if transposed else "conv", inputs, c.out(), "float", **attributes)


@operator("conv_transpose1d", "conv_transpose2d.input", "conv_transpose3d.input", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(c: OperatorCall) -> Result:
    rank = len(c.shape(1)) - 2
    bias = c.get(2, "bias")
    inputs = [c.tensor(0), c.tensor(1)] if bias is None else [c.tensor(0), c.tensor(1), bias]
    return c.program.add(
        "conv_transpose", inputs, c.out(), "float", kernel=c.shape(1)[2:], stride=c.ints(3, "stride", rank, 1),
        padding=tuple((p, p) for p in c.ints(4, "padding", rank, 0)), output_padding=c.ints(5, "output_padding", rank, 0),
        groups=c.get(6, "groups", 1), dilation=c.ints(7, "dilation", rank, 1),
    )  # fmt: skip


@operator("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool2d_with_indices")
def pool(c: OperatorCall) -> Result:
    rank = len(c.shape()) - 2
    kernel = c.ints(1, "kernel_size", rank)
    stride = c.ints(2, "stride", rank) or kernel
    pads = tuple((p, p) for p in c.ints(3, "padding", rank, 0))
    largest = c.op.startswith("max")
    if not largest and c.get(6, "divisor_override") is not None:
        raise Unsupported
    values = c.node["values"]
    shape = tuple((values[0] if isinstance(values, list) else values)["shape"])
    made = c.program.add(
        "pool", [c.tensor(0)], shape, function="max" if largest else "mean", kernel=kernel, stride=stride, padding=pads,
        dilation=c.ints(4, "dilation", rank, 1) if largest else (1,) * rank,
        ceil=bool(c.get(5, "ceil_mode", False) if largest else c.get(4, "ceil_mode", False)),
        count_include_pad=True if largest else bool(c.get(5, "count_include_pad", True)),
    )  # fmt: skip
    return [made, None] if isinstance(values, list) else made


@operator("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d")
def adaptive(c: OperatorCall) -> Result:
    shape = c.shape()
    rank = int(c.op.partition(".")[0][-2])
    largest = c.op.startswith("adaptive_max")
    values = c.node["values"]
    out = tuple((values[0] if isinstance(values, list) else values)["shape"])
    axes = list(range(len(shape) - rank, len(shape)))
    if all(out[i] == 1 for i in axes):
        made = build.reduce(c.program, "max" if largest else "mean", c.tensor(0), axes, True)
    elif all(shape[i] == out[i] for i in axes):
        made = c.tensor(0)
    else:
        made = c.program.add("adaptive_pool", [c.tensor(0)], out, function="max" if largest else "mean")
    return [made, None] if isinstance(values, list) else made


@operator("batch_norm", "instance_norm")
def batch_norm(c: OperatorCall) -> Result:
    if c.op == "instance_norm":
        return c.program.add("instancenorm", [c.tensor(0), c.args[1], c.args[2]], c.out(), epsilon=c.args[7])
    if c.args[5]:
        raise Unsupported
    return c.program.add("batchnorm", c.args[:5], c.out(), epsilon=c.args[7])


@operator("layer_norm", "rms_norm")
def layer_norm(c: OperatorCall) -> Result:
    rank, sizes = len(c.shape()), c.args[1]
    axes = tuple(range(rank - len(sizes), rank))
    if c.op == "rms_norm":
        epsilon = c.get(3, "eps")
        epsilon = 1.1920929e-07 if epsilon is None else epsilon
        return c.program.add("rmsnorm", [c.tensor(0), c.get(2, "weight")], c.out(), axes=axes, epsilon=epsilon)
    inputs = [c.tensor(0), c.get(2, "weight"), c.get(3, "bias")]
    return c.program.add("layernorm", inputs, c.out(), axes=axes, epsilon=c.get(4, "eps", 1e-5))


@operator("group_norm")
def group_norm(c: OperatorCall) -> Result:
    inputs = [c.tensor(0), c.get(2, "weight"), c.get(3, "bias")]
    return c.program.add("groupnorm", inputs, c.out(), groups=c.args[1], epsilon=c.get(4, "eps", 1e-5))


_UNARY = (
    "relu", "sigmoid", "tanh", "silu", "mish", "selu", "sqrt", "exp", "log", "abs", "reciprocal", "square", "sin", "cos", "erf",
    "floor", "ceil", "round", "sign",
)  # fmt: skip


@operator(*_UNARY, "hardswish", "relu6")
def unary(c: OperatorCall) -> Result:
    name = c.op.partition(".")[0].rstrip("_")
    if name == "relu6":
        return build.unary(c.program, "clip", c.tensor(0), min=0.0, max=6.0)
    return build.unary(c.program, "hard_swish" if name == "hardswish" else name, c.tensor(0))


@operator(
    "gelu", "hardsigmoid", "leaky_relu", "elu", "softplus", "hardtanh", "clamp", "clamp_min", "clamp_max", "rsqrt", "neg", "celu"
)
def with_numbers(c: OperatorCall) -> Result:
    p, x, name = c.program, c.tensor(0), c.op.partition(".")[0].rstrip("_")
    if name == "gelu":
        return build.unary(p, "gelu", x, approximate=c.get(1, "approximate", "none"))
    if name == "hardsigmoid":
        return build.unary(p, "hard_sigmoid", x, slope=1 / 6, offset=0.5)
    if name == "leaky_relu":
        return build.unary(p, "leaky_relu", x, slope=c.get(1, "negative_slope", 0.01))
    if name in ("elu", "celu"):
        if name == "elu" and (c.get(2, "scale", 1) != 1 or c.get(3, "input_scale", 1) != 1):
            raise Unsupported
        alpha = c.get(1, "alpha", 1.0)
        if name == "celu" and alpha != 1:
            raise Unsupported
        return build.unary(p, "elu", x, alpha=float(alpha))
    if name == "softplus":
        beta = float(c.get(1, "beta", 1))
        found = build.unary(p, "softplus", x if beta == 1 else build.unary(p, "affine", x, factor=beta, offset=0.0))
        return found if beta == 1 else build.unary(p, "affine", found, factor=1 / beta, offset=0.0)
    if name == "rsqrt":
        return build.unary(p, "reciprocal", build.unary(p, "sqrt", x))
    if name == "neg":
        return build.unary(p, "affine", x, factor=-1.0, offset=0.0)
    low = c.get(1, "min_val" if name == "hardtanh" else "min", -1.0 if name == "hardtanh" else None)
    high = c.get(2, "max_val" if name == "hardtanh" else "max", 1.0 if name == "hardtanh" else None)
    if name == "clamp_max":
        low, high = None, low
    for one in (low, high):
        if one is not None and not isinstance(one, (int, float)):
            raise Unsupported
    return build.unary(p, "clip", x, min=-math.inf if low is None else float(low), max=math.inf if high is None else float(high))


_BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power", "maximum": "maximum",
    "minimum": "minimum", "rsub": "subtract",
    "eq": "equal", "lt": "less", "gt": "greater", "le": "less_equal", "ge": "greater_equal",
}  # fmt: skip


@operator(*_BINARY, "true_divide")
def binary(c: OperatorCall) -> Result:
    name = c.op.partition(".")[0].rstrip("_")
    function = _BINARY.get(name, "divide")
    first, second = (_number(one) for one in c.args[:2])
    alpha = c.get(2, "alpha", 1) if name in ("add", "sub", "rsub") else 1
    if name == "div" and c.kwargs.get("rounding_mode") is not None:
        raise Unsupported
    if alpha != 1:
        second = build.binary(c.program, "multiply", second, scalar(float(alpha)))
    if name == "rsub":
        first, second = second, first
    return build.binary(c.program, function, first, second)


def _number(one: Any) -> Tensor:
    if isinstance(one, (Value, Constant)):
        return one
    if isinstance(one, (int, float)):
        return scalar(float(one))
    raise Unsupported


@operator("prelu")
def prelu(c: OperatorCall) -> Result:
    slope = c.tensor(1)
    size = slope.size if isinstance(slope, Constant) else 0
    rank = len(c.shape())
    if isinstance(slope, Constant) and size > 1:
        slope = Constant((size, *(1,) * (rank - 2)), "float", op="reshape", args=(slope,))
    return c.program.add("prelu", [c.tensor(0), slope], c.out())


@operator("softmax", "_softmax", "log_softmax", "_log_softmax")
def softmax(c: OperatorCall) -> Result:
    # The softmax inside scaled_dot_product_attention is not stored.
    found = c.program.add("softmax", [c.tensor(0)], c.shape(), axis=c.axis(1, "dim"), stored=True)
    return build.unary(c.program, "log", found) if "log" in c.op else found


_REDUCE = {"mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "prod": "product", "max": "max", "min": "min"}


@operator(*_REDUCE, "linalg_vector_norm", "norm")
def reduce(c: OperatorCall) -> Result:
    p, x, name = c.program, c.tensor(0), c.op.partition(".")[0]
    if name in ("linalg_vector_norm", "norm"):
        if c.get(1, "ord" if name == "linalg_vector_norm" else "p", 2) not in (2, 2.0, None):
            raise Unsupported
        return build.reduce(p, "norm", x, c.axes(2, "dim"), bool(c.get(3, "keepdim", False)))
    if c.op in ("max.other", "min.other"):
        return build.binary(p, "maximum" if name == "max" else "minimum", x, c.tensor(1))
    axes = c.axes(1, "dim") if "." in c.op or name.startswith("a") else list(range(len(c.shape())))
    found = build.reduce(p, _REDUCE[name], x, axes, bool(c.get(2, "keepdim", False)))
    # The second result is where the largest number stands.
    return [found, None] if isinstance(c.node["values"], list) else found


@operator("linear")
def linear(c: OperatorCall) -> Result:
    bias = c.get(2, "bias")
    weight = c.tensor(1)
    if not isinstance(weight, Constant):
        found = build.matmul(c.program, c.tensor(0), build.transpose(c.program, weight, [1, 0]))
        return found if bias is None else build.binary(c.program, "add", found, bias)
    if isinstance(bias, Constant) and bias.partly_counts:
        return build.binary(c.program, "add", c.program.add("linear", [c.tensor(0), weight, None], c.out()), bias)
    return c.program.add("linear", [c.tensor(0), weight, bias], c.out())


@operator("matmul", "mm", "bmm")
def matmul(c: OperatorCall) -> Result:
    return build.matmul(c.program, c.tensor(0), c.tensor(1))


@operator("addmm", "baddbmm")
def addmm(c: OperatorCall) -> Result:
    if c.kwargs.get("alpha", 1) != 1 or c.kwargs.get("beta", 1) != 1:
        raise Unsupported
    return build.binary(c.program, "add", build.matmul(c.program, c.tensor(1), c.tensor(2)), c.tensor(0))


@operator("addcmul")
def addcmul(c: OperatorCall) -> Result:
    product = build.binary(c.program, "multiply", c.tensor(1), c.tensor(2))
    if c.kwargs.get("value", 1) != 1:
        raise Unsupported
    return build.binary(c.program, "add", c.tensor(0), product)


@operator("einsum")
def einsum(c: OperatorCall) -> Result:
    return build.einsum(c.program, str(c.args[0]), c.args[1])


@operator("scaled_dot_product_attention")
def attention(c: OperatorCall) -> Result:
    p, q, k, v = c.program, c.tensor(0), c.tensor(1), c.tensor(2)
    if c.kwargs.get("enable_gqa"):
        raise Unsupported
    rank = len(q.shape or ())
    scale = c.kwargs.get("scale") or 1 / math.sqrt((q.shape or (1,))[-1])
    order = [*range(rank - 2), rank - 1, rank - 2]
    scores = build.unary(p, "affine", build.matmul(p, q, build.transpose(p, k, order)), factor=scale, offset=0.0)
    mask = c.get(3, "attn_mask")
    if c.get(5, "is_causal", False):
        # Each position sees itself and those before it.
        square = (scores.shape or ())[-2:]
        mask = p.add("trilu", [build.full(square, 1.0, "float")], square, upper=False, diagonal=0)
        mask = build.cast(p, mask, "bool")
    if mask is not None and mask.dtype == "bool":
        scores = p.add("where", [mask, scores, scalar(-math.inf)], scores.shape, "float")
    elif mask is not None:
        scores = build.binary(p, "add", scores, mask)
    return build.matmul(p, p.add("softmax", [scores], scores.shape, axis=rank - 1), v)


@operator("embedding")
def embedding(c: OperatorCall) -> Result:
    table, ids = c.tensor(0), c.tensor(1)
    if isinstance(ids, Constant):
        # Positions that the model counts itself.
        return build.gather(c.program, table, ids, 0)
    return c.program.add("embedding", [ids, table], c.out(), "float")


@operator("lstm", "gru", "rnn_tanh")
def recurrent(c: OperatorCall) -> Result:
    """Of x, the first states, the arrays, and what they are for."""
    x, state, arrays, has_biases, layers = c.args[0], c.args[1], c.args[2], c.args[3], c.args[4]
    bidirectional, batch_first = c.args[7], c.args[8]
    states = state if isinstance(state, list) else [state]
    given = [one for one in states if not isinstance(one, Constant) or one.scalar != 0]
    kind = c.op.partition(".")[0].removesuffix("_tanh")
    attributes = {
        "kind": kind, "hidden": arrays[1].shape[-1], "bidirectional": bool(bidirectional), "batch_first": bool(batch_first),
        "biases": 2 if has_biases else 0, "operator": kind,
    }  # fmt: skip
    shapes = [tuple(one["shape"]) for one in c.node["values"]]
    p = c.program

    def add(x: Tensor, arrays: list[Constant], layers: int) -> list[Tensor]:
        outputs = [Value(shapes[0]), *(Value((shape[0] // c.args[4] * layers, *shape[1:])) for shape in shapes[1:])]
        # Each step of each example meets all weights but the biases.
        macs = math.prod(c.shape()[:-1]) * sum(one.size for one in arrays if len(one.shape) > 1)
        fields = attributes | {"layers": layers, "macs": macs}
        word = "custom" if given else "stacked"
        p.operations.append(Operation(word, [x, *arrays, *given], outputs, fields, p.path, p.title, p.location))
        return list(outputs)

    if layers == 1 or given or not c.reads_states:
        return add(x, arrays, layers)
    # A layer gives the state of its upper layer alone: each layer is a separate one.
    each = len(arrays) // layers
    found: list[list[Tensor]] = []
    for layer in range(layers):
        found.append(add(found[-1][0] if found else x, arrays[layer * each : (layer + 1) * each], 1))
    return [found[-1][0], *(build.concat(p, list(parts), 0) for parts in zip(*(one[1:] for one in found), strict=True))]
