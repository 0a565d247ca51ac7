"""Operators of ATen that move numbers about: reshapes, slices, concatenation, padding, resizing; and constants."""

from __future__ import annotations

import math

from cnncalc.formats.pytorch.translate import OperatorCall, Result, Unsupported, operator
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import resolve


@operator("view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "squeeze_copy")
def reshape(c: OperatorCall) -> Result:
    return build.reshape(c.program, c.tensor(0), resolve(c.out(), c.shape()))


@operator("permute", "transpose", "t", "swapaxes", "swapdims", "movedim", "mT", "mH", "numpy_T", "matrix_H", "adjoint")
def permute(c: OperatorCall) -> Result:
    rank = len(c.shape())
    name = c.op.partition(".")[0]
    if name == "permute":
        return build.transpose(c.program, c.tensor(0), c.args[1])
    order = list(range(rank))
    if name == "movedim":
        moved, places = ([one] if isinstance(one, int) else one for one in c.args[1:3])
        order = [axis for axis in order if axis not in {one % rank for one in moved}]
        for place, axis in sorted((place % rank, axis % rank) for place, axis in zip(places, moved, strict=True)):
            order.insert(place, axis)
    elif name == "numpy_T":
        order.reverse()
    elif rank > 1:
        first, second = (c.axis(1, "dim0"), c.axis(2, "dim1")) if "transpose" in name or "swap" in name else (rank - 2, rank - 1)
        order[first], order[second] = order[second], order[first]
    return build.transpose(c.program, c.tensor(0), order)


@operator(
    "contiguous", "clone", "alias", "detach", "lift_fresh_copy", "to", "_to_copy", "type_as", "float", "_assert_tensor_metadata"
)
def same(c: OperatorCall) -> Result:
    values = c.node["values"]
    return build.cast(c.program, c.tensor(0), values["dtype"] if isinstance(values, dict) else c.tensor(0).dtype)


@operator("dropout", "feature_dropout", "alpha_dropout", "native_dropout")
def dropout(c: OperatorCall) -> Result:
    return c.program.add("dropout", [c.tensor(0)], c.shape(), rate=float(c.args[1]))


@operator("expand", "expand_as", "broadcast_to")
def expand(c: OperatorCall) -> Result:
    return build.expand(c.program, c.tensor(0), c.out())


@operator("repeat", "tile")
def repeat(c: OperatorCall) -> Result:
    found = c.tensor(0)
    counts = c.args[1]
    shape = found.shape or ()
    found = build.reshape(c.program, found, (*(1,) * (len(counts) - len(shape)), *shape))
    for axis, count in enumerate(counts):
        if count > 1:
            found = build.concat(c.program, [found] * count, axis)
    return found


@operator("cat", "concat", "stack")
def cat(c: OperatorCall) -> Result:
    parts = [one for one in c.args[0] if one.shape != (0,)]
    rank = len(parts[0].shape)
    axis = c.get(1, "dim", 0)
    if c.op == "stack":
        axis %= rank + 1
        parts = [build.reshape(c.program, one, (*one.shape[:axis], 1, *one.shape[axis:])) for one in parts]
    return build.concat(c.program, parts, axis % len(parts[0].shape))


@operator("chunk", "split", "split_with_sizes", "unbind", "tensor_split")
def split(c: OperatorCall) -> Result:
    values, name = c.node["values"], c.op.partition(".")[0]
    axis = c.axis(1, "dim", 0) if name == "unbind" else c.axis(2, "dim", 0)
    if name == "unbind":
        parts = build.split(c.program, c.tensor(0), axis, [1] * c.shape()[axis])
        shape = c.shape()
        return [build.reshape(c.program, part, shape[:axis] + shape[axis + 1 :]) for part in parts]
    return list(build.split(c.program, c.tensor(0), axis, [one["shape"][axis] for one in values]))


@operator("select", "slice", "narrow")
def select(c: OperatorCall) -> Result:
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
def index(c: OperatorCall) -> Result:
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


@operator("flip")
def flip(c: OperatorCall) -> Result:
    found = c.tensor(0)
    if not isinstance(found, Constant):
        raise Unsupported
    for axis in c.axes(1, "dims"):
        places = list(range(c.shape()[axis]))[::-1]
        found = build.gather(c.program, found, Constant((len(places),), "int", places), axis)
    return found


@operator("roll")
def roll(c: OperatorCall) -> Result:
    shifts, dims = c.args[1], c.get(2, "dims")
    if not dims:
        raise Unsupported
    found, shape = c.tensor(0), c.shape()
    return c.program.add("roll", [found], shape, shifts={d % len(shape): s for s, d in zip(shifts, dims, strict=True)})


@operator(
    "pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d",
    "replication_pad2d", "replication_pad3d",
)  # fmt: skip
def pad(c: OperatorCall) -> Result:
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


@operator(
    "upsample_nearest1d",
    "upsample_nearest2d",
    "upsample_nearest3d",
    "upsample_bilinear2d",
    "upsample_bicubic2d",
    "upsample_linear1d",
    "upsample_trilinear3d",
)
def upsample(c: OperatorCall) -> Result:
    before, after = c.shape(), c.out()
    nearest = "nearest" in c.op
    corners = not nearest and bool(c.get(2, "align_corners", False))
    return c.program.add(
        "resize", [c.tensor(0)], after, mode="nearest" if nearest else "cubic" if "bicubic" in c.op else "linear",
        coordinates="asymmetric" if nearest else "align_corners" if corners else "half_pixel", rounding="floor", cubic=-0.75,
        antialias=False, exclude_outside=False, scales=tuple(n / m for m, n in zip(before, after, strict=True)),
    )  # fmt: skip


@operator("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")
def shuffle(c: OperatorCall) -> Result:
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
def full(c: OperatorCall) -> Result:
    values, name = c.node["values"], c.op.partition(".")[0]
    number = 0.0 if "zeros" in name else 1.0
    if name in ("full", "full_like"):
        number = c.args[1]
    elif name == "new_full":
        number = c.args[2]
    elif name == "scalar_tensor":
        number = c.args[0]
    return build.full(c.out(), number, values["dtype"])


@operator("fill", "zero")
def filled(c: OperatorCall) -> Result:
    number = c.args[1] if len(c.args) > 1 else 0.0
    if isinstance(number, Constant):
        number = number.scalar
    if not isinstance(number, (int, float)):
        raise Unsupported
    return build.full(c.out(), number, c.node["values"]["dtype"])


@operator("copy")
def copy(c: OperatorCall) -> Result:
    return build.expand(c.program, build.cast(c.program, c.tensor(1), c.node["values"]["dtype"]), c.out())


@operator("arange")
def arange(c: OperatorCall) -> Result:
    numbers = [one for one in c.args if isinstance(one, (int, float))]
    start, end, step = (0, numbers[0], 1) if len(numbers) == 1 else (*numbers, 1)[:3]
    count = math.ceil((end - start) / step)
    return Constant((count,), c.node["values"]["dtype"], [start + i * step for i in range(count)])
