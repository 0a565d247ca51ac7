"""What each operator of ATen is in the vocabulary of tensor programs."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.pytorch.translate import Call, Result, Unsupported, operator
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant, scalar
from cnncalc.formats.tensors.program import Operation, Tensor, Value, resolve


@operator("conv1d", "conv2d", "conv3d")
def conv(c: Call) -> Result:
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
        "conv", inputs, c.out(), "float", kernel=kernel, stride=stride, padding=pads, dilation=dilation, groups=c.get(6, "groups", 1)
    )


@operator("convolution")
def convolution(c: Call) -> Result:
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
def conv_transpose(c: Call) -> Result:
    rank = len(c.shape(1)) - 2
    bias = c.get(2, "bias")
    inputs = [c.tensor(0), c.tensor(1)] if bias is None else [c.tensor(0), c.tensor(1), bias]
    return c.program.add(
        "conv_transpose", inputs, c.out(), "float", kernel=c.shape(1)[2:], stride=c.ints(3, "stride", rank, 1),
        padding=tuple((p, p) for p in c.ints(4, "padding", rank, 0)), output_padding=c.ints(5, "output_padding", rank, 0),
        groups=c.get(6, "groups", 1), dilation=c.ints(7, "dilation", rank, 1),
    )  # fmt: skip


@operator("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool2d_with_indices")
def pool(c: Call) -> Result:
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
def adaptive(c: Call) -> Result:
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
def batch_norm(c: Call) -> Result:
    if c.op == "instance_norm":
        return c.program.add("instancenorm", [c.tensor(0), c.args[1], c.args[2]], c.out(), epsilon=c.args[7])
    if c.args[5]:
        raise Unsupported
    return c.program.add("batchnorm", c.args[:5], c.out(), epsilon=c.args[7])


@operator("layer_norm", "rms_norm")
def layer_norm(c: Call) -> Result:
    rank, sizes = len(c.shape()), c.args[1]
    axes = tuple(range(rank - len(sizes), rank))
    if c.op == "rms_norm":
        epsilon = c.get(3, "eps")
        epsilon = 1.1920929e-07 if epsilon is None else epsilon
        return c.program.add("rmsnorm", [c.tensor(0), c.get(2, "weight")], c.out(), axes=axes, epsilon=epsilon)
    inputs = [c.tensor(0), c.get(2, "weight"), c.get(3, "bias")]
    return c.program.add("layernorm", inputs, c.out(), axes=axes, epsilon=c.get(4, "eps", 1e-5))


@operator("group_norm")
def group_norm(c: Call) -> Result:
    inputs = [c.tensor(0), c.get(2, "weight"), c.get(3, "bias")]
    return c.program.add("groupnorm", inputs, c.out(), groups=c.args[1], epsilon=c.get(4, "eps", 1e-5))


_UNARY = (
    "relu", "sigmoid", "tanh", "silu", "mish", "selu", "sqrt", "exp", "log", "abs", "reciprocal", "square", "sin", "cos", "erf", "floor",
    "ceil", "round", "sign", "softsign",
)  # fmt: skip


@operator(*_UNARY, "hardswish", "relu6")
def unary(c: Call) -> Result:
    name = c.op.partition(".")[0].rstrip("_")
    if name == "relu6":
        return build.unary(c.program, "clip", c.tensor(0), min=0.0, max=6.0)
    return build.unary(c.program, "hard_swish" if name == "hardswish" else name, c.tensor(0))


@operator("gelu", "hardsigmoid", "leaky_relu", "elu", "softplus", "hardtanh", "clamp", "clamp_min", "clamp_max", "rsqrt", "neg", "celu")
def with_numbers(c: Call) -> Result:
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
        if c.get(1, "beta", 1) != 1:
            raise Unsupported
        return build.unary(p, "softplus", x)
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
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power", "maximum": "maximum", "minimum": "minimum",
    "rsub": "subtract", "eq": "equal", "lt": "less", "gt": "greater", "le": "less_equal", "ge": "greater_equal",
}  # fmt: skip


@operator(*_BINARY, "true_divide")
def binary(c: Call) -> Result:
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
def prelu(c: Call) -> Result:
    slope = c.tensor(1)
    size = slope.size if isinstance(slope, Constant) else 0
    rank = len(c.shape())
    if isinstance(slope, Constant) and size > 1:
        slope = Constant((size, *(1,) * (rank - 2)), "float", op="reshape", args=(slope,))
    return c.program.add("prelu", [c.tensor(0), slope], c.out())


@operator("softmax", "_softmax", "log_softmax", "_log_softmax")
def softmax(c: Call) -> Result:
    found = c.program.add("softmax", [c.tensor(0)], c.shape(), axis=c.axis(1, "dim"))
    return build.unary(c.program, "log", found) if "log" in c.op else found


_REDUCE = {"mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "prod": "product"}


@operator(*_REDUCE, "linalg_vector_norm", "norm", "max", "var", "std")
def reduce(c: Call) -> Result:
    p, x, name = c.program, c.tensor(0), c.op.partition(".")[0]
    if name in ("linalg_vector_norm", "norm"):
        if c.get(1, "ord" if name == "linalg_vector_norm" else "p", 2) not in (2, 2.0, None):
            raise Unsupported
        return build.reduce(p, "norm", x, c.axes(2, "dim"), bool(c.get(3, "keepdim", False)))
    if name in ("max", "var", "std"):
        raise Unsupported
    axes = c.axes(1, "dim") if "." in c.op or name.startswith("a") else list(range(len(c.shape())))
    return build.reduce(p, _REDUCE[name], x, axes, bool(c.get(2, "keepdim", False)))


@operator("linear")
def linear(c: Call) -> Result:
    bias = c.get(2, "bias")
    weight = c.tensor(1)
    if not isinstance(weight, Constant):
        found = build.matmul(c.program, c.tensor(0), build.transpose(c.program, weight, [1, 0]))
        return found if bias is None else build.binary(c.program, "add", found, bias)
    return c.program.add("linear", [c.tensor(0), weight, bias], c.out())


@operator("matmul", "mm", "bmm")
def matmul(c: Call) -> Result:
    return build.matmul(c.program, c.tensor(0), c.tensor(1))


@operator("addmm", "baddbmm")
def addmm(c: Call) -> Result:
    if c.kwargs.get("alpha", 1) != 1 or c.kwargs.get("beta", 1) != 1:
        raise Unsupported
    return build.binary(c.program, "add", build.matmul(c.program, c.tensor(1), c.tensor(2)), c.tensor(0))


@operator("addcmul")
def addcmul(c: Call) -> Result:
    product = build.binary(c.program, "multiply", c.tensor(1), c.tensor(2))
    if c.kwargs.get("value", 1) != 1:
        raise Unsupported
    return build.binary(c.program, "add", c.tensor(0), product)


@operator("einsum")
def einsum(c: Call) -> Result:
    equation = "".join(str(c.args[0]).split())
    left, arrow, right = equation.partition("->")
    terms, args = left.split(","), c.args[1]
    if "." in equation or not arrow or len(terms) != len(args):
        raise Unsupported
    sizes: dict[str, int] = {}
    for term, one in zip(terms, args, strict=True):
        sizes |= dict(zip(term, one.shape, strict=True))
    return build.einsum(c.program, terms, right, sizes, args)


@operator("scaled_dot_product_attention")
def attention(c: Call) -> Result:
    p, q, k, v = c.program, c.tensor(0), c.tensor(1), c.tensor(2)
    if c.get(5, "is_causal", False) or c.kwargs.get("enable_gqa"):
        raise Unsupported
    rank = len(q.shape or ())
    scale = c.kwargs.get("scale") or 1 / math.sqrt((q.shape or (1,))[-1])
    order = [*range(rank - 2), rank - 1, rank - 2]
    scores = build.unary(p, "affine", build.matmul(p, q, build.transpose(p, k, order)), factor=scale, offset=0.0)
    mask = c.get(3, "attn_mask")
    if mask is not None:
        if mask.dtype == "bool":
            raise Unsupported
        scores = build.binary(p, "add", scores, mask)
    return build.matmul(p, p.add("softmax", [scores], scores.shape, axis=rank - 1), v)


@operator("embedding")
def embedding(c: Call) -> Result:
    return c.program.add("embedding", [c.tensor(1), c.tensor(0)], c.out(), "float")


@operator("lstm", "gru", "rnn_tanh")
def recurrent(c: Call) -> Result:
    """Of x, the first states, the arrays, and what they are for."""
    x, state, arrays, has_biases, layers = c.args[0], c.args[1], c.args[2], c.args[3], c.args[4]
    bidirectional, batch_first = c.args[7], c.args[8]
    states = state if isinstance(state, list) else [state]
    if any(not isinstance(one, Constant) or one.scalar not in (0, 0.0) for one in states):
        raise Unsupported
    kind = c.op.partition(".")[0].removesuffix("_tanh")
    hidden = arrays[1].shape[-1]
    outputs = [Value(tuple(one["shape"]) if one else None) for one in c.node["values"]]
    attributes = {
        "kind": kind, "hidden": hidden, "layers": layers, "bidirectional": bool(bidirectional), "batch_first": bool(batch_first),
        "biases": 2 if has_biases else 0, "operator": kind,
    }  # fmt: skip
    p = c.program
    p.operations.append(Operation("stacked", [x, *arrays], outputs, attributes, p.path, p.title, p.location))
    return list(outputs)


@operator("view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "squeeze_copy")
def reshape(c: Call) -> Result:
    return build.reshape(c.program, c.tensor(0), resolve(c.out(), c.shape()))


@operator("permute", "transpose", "t", "swapaxes", "movedim")
def permute(c: Call) -> Result:
    rank = len(c.shape())
    name = c.op.partition(".")[0]
    if name == "permute":
        return build.transpose(c.program, c.tensor(0), c.args[1])
    order = list(range(rank))
    first, second = (c.axis(1, "dim0"), c.axis(2, "dim1")) if name in ("transpose", "swapaxes") else (0, rank - 1)
    if name == "movedim":
        raise Unsupported
    order[first], order[second] = order[second], order[first]
    return build.transpose(c.program, c.tensor(0), order)


@operator("contiguous", "clone", "alias", "detach", "lift_fresh_copy", "to", "_to_copy", "type_as", "float", "_assert_tensor_metadata")
def same(c: Call) -> Result:
    values = c.node["values"]
    return build.cast(c.program, c.tensor(0), values["dtype"] if isinstance(values, dict) else c.tensor(0).dtype)


@operator("dropout", "feature_dropout", "alpha_dropout", "native_dropout")
def dropout(c: Call) -> Result:
    return c.program.add("dropout", [c.tensor(0)], c.shape(), rate=float(c.args[1]))


@operator("expand", "expand_as", "broadcast_to")
def expand(c: Call) -> Result:
    return build.expand(c.program, c.tensor(0), c.out())


@operator("repeat")
def repeat(c: Call) -> Result:
    found = c.tensor(0)
    counts = c.args[1]
    shape = found.shape or ()
    found = build.reshape(c.program, found, (*(1,) * (len(counts) - len(shape)), *shape))
    for axis, count in enumerate(counts):
        if count > 1:
            found = build.concat(c.program, [found] * count, axis)
    return found


@operator("cat", "concat", "stack")
def cat(c: Call) -> Result:
    parts = [one for one in c.args[0] if one.shape != (0,)]
    rank = len(parts[0].shape)
    axis = c.get(1, "dim", 0)
    if c.op == "stack":
        axis %= rank + 1
        parts = [build.reshape(c.program, one, (*one.shape[:axis], 1, *one.shape[axis:])) for one in parts]
    return build.concat(c.program, parts, axis % len(parts[0].shape))


@operator("chunk", "split", "split_with_sizes", "unbind", "tensor_split")
def split(c: Call) -> Result:
    values, name = c.node["values"], c.op.partition(".")[0]
    axis = c.axis(1, "dim", 0) if name == "unbind" else c.axis(2, "dim", 0)
    if name == "unbind":
        parts = build.split(c.program, c.tensor(0), axis, [1] * c.shape()[axis])
        shape = c.shape()
        return [build.reshape(c.program, part, shape[:axis] + shape[axis + 1 :]) for part in parts]
    return list(build.split(c.program, c.tensor(0), axis, [one["shape"][axis] for one in values]))


@operator("select", "slice", "narrow")
def select(c: Call) -> Result:
    p, x, shape = c.program, c.tensor(0), c.shape()
    axis, name = c.axis(1, "dim", 0), c.op.partition(".")[0]
    size = shape[axis]
    if name == "select":
        part = build.slice_axis(p, x, axis, c.args[2] % size, 1, 1)
        return build.reshape(p, part, shape[:axis] + shape[axis + 1 :])
    if name == "narrow":
        return build.slice_axis(p, x, axis, c.args[2], c.args[3], 1)
    start, end, step = c.get(2, "start"), c.get(3, "end"), c.get(4, "step", 1)
    first, last, by = slice(start, end, step).indices(size)
    return build.slice_axis(p, x, axis, first, len(range(first, last, by)), by)


@operator("index_select", "index")
def index(c: Call) -> Result:
    if c.op.startswith("index_select"):
        indices, axis = c.tensor(2), c.axis(1, "dim")
    else:
        given = c.args[1]
        places = [i for i, one in enumerate(given) if one is not None]
        if len(places) != 1:
            raise Unsupported
        axis, indices = places[0], given[places[0]]
    if not isinstance(indices, Constant) or indices.dtype == "bool":
        raise Unsupported
    return build.gather(c.program, c.tensor(0), indices, axis)


@operator("roll")
def roll(c: Call) -> Result:
    shifts, dims = c.args[1], c.get(2, "dims")
    if not dims:
        raise Unsupported
    found, shape = c.tensor(0), c.shape()
    return c.program.add("roll", [found], shape, shifts={d % len(shape): s for s, d in zip(shifts, dims, strict=True)})


@operator("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad2d")
def pad(c: Call) -> Result:
    given, rank = c.args[1], len(c.shape())
    pads = [(0, 0)] * rank
    for i in range(len(given) // 2):
        pads[rank - 1 - i] = (given[2 * i], given[2 * i + 1])
    mode = {"constant": "zeros", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
    name = c.op.partition(".")[0]
    chosen = c.get(2, "mode", "constant") if name == "pad" else "reflect" if "reflection" in name else "replicate"
    value = c.get(3, "value") if name == "pad" else c.get(2, "value", 0)
    if name == "constant_pad_nd":
        chosen = "constant"
    return build.pad(c.program, c.tensor(0), pads, mode[chosen], value or 0.0)


@operator("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "upsample_bilinear2d", "upsample_bicubic2d", "upsample_linear1d")
def upsample(c: Call) -> Result:
    before, after = c.shape(), c.out()
    nearest = "nearest" in c.op
    corners = not nearest and bool(c.get(2, "align_corners", False))
    return c.program.add(
        "resize", [c.tensor(0)], after, mode="nearest" if nearest else "cubic" if "bicubic" in c.op else "linear",
        coordinates="asymmetric" if nearest else "align_corners" if corners else "half_pixel", rounding="floor", cubic=-0.75,
        antialias=False, exclude_outside=False, scales=tuple(n / m for m, n in zip(before, after, strict=True)),
    )  # fmt: skip


@operator("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")
def shuffle(c: Call) -> Result:
    p, x, (n, channels, height, width), r = c.program, c.tensor(0), c.shape(), c.args[1]
    if c.op == "channel_shuffle":
        x = build.reshape(p, x, (n, r, channels // r, height, width))
        return build.reshape(p, build.transpose(p, x, [0, 2, 1, 3, 4]), c.out())
    if c.op == "pixel_shuffle":
        x = build.reshape(p, x, (n, channels // r**2, r, r, height, width))
        return build.reshape(p, build.transpose(p, x, [0, 1, 4, 2, 5, 3]), c.out())
    x = build.reshape(p, x, (n, channels, height // r, r, width // r, r))
    return build.reshape(p, build.transpose(p, x, [0, 1, 3, 5, 2, 4]), c.out())


@operator("zeros", "ones", "full", "zeros_like", "ones_like", "new_zeros", "new_ones", "full_like", "new_full", "scalar_tensor")
def full(c: Call) -> Result:
    values, name = c.node["values"], c.op.partition(".")[0]
    number = 0.0 if "zeros" in name else 1.0
    if name in ("full", "full_like"):
        number = c.args[1]
    elif name == "new_full":
        number = c.args[2]
    elif name == "scalar_tensor":
        number = c.args[0]
    return build.full(c.out(), number, values["dtype"])


@operator("arange")
def arange(c: Call) -> Result:
    numbers = [one for one in c.args if isinstance(one, (int, float))]
    start, end, step = (0, numbers[0], 1) if len(numbers) == 1 else (*numbers, 1)[:3]
    count = math.ceil((end - start) / step)
    return Constant((count,), c.node["values"]["dtype"], [start + i * step for i in range(count)])
