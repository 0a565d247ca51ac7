"""Convolutions, pools and resizing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cnncalc.formats.onnx.call import Call, DataDependent, Result, Results, operator
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.program import ProgramError, Shape, written

Pairs = list[tuple[int, int]]


def _per_axis(c: Call, name: str, rank: int, default: int = 1) -> list[int]:
    found = c.attribute(name) or [default] * rank
    if len(found) != rank:
        raise ProgramError(f"{c.node.op} has {len(found)} {name} for {rank} spatial axes")
    return list(found)


def _pads(c: Call, sizes: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Pairs:
    """Padding before and after each spatial axis, whether written in numbers or as auto_pad."""
    rank = len(sizes)
    auto, given = c.attribute("auto_pad", "NOTSET") or "NOTSET", c.attribute("pads") or [0] * (2 * rank)
    if auto == "NOTSET":
        if len(given) != 2 * rank:
            raise ProgramError(f"{c.node.op} has {len(given)} pads for {rank} spatial axes")
        return [(given[i], given[rank + i]) for i in range(rank)]
    if auto == "VALID":
        return [(0, 0)] * rank
    found = []
    for n, f, s, d in zip(sizes, kernel, stride, dilation, strict=True):
        total = max(0, (-(-n // s) - 1) * s + d * (f - 1) + 1 - n)
        small, large = total // 2, total - total // 2
        found.append((small, large) if auto == "SAME_UPPER" else (large, small))
    return found


def _positions(size: int, kernel: int, stride: int, pads: tuple[int, int], dilation: int, ceil: bool) -> int:
    """Positions of a window along an axis, as ONNX computes them."""
    span = size + pads[0] + pads[1] - dilation * (kernel - 1) - 1
    if not ceil:
        return span // stride + 1
    count = -(-span // stride) + 1
    # A last window that begins in the padding at the end is dropped.
    return count - 1 if (count - 1) * stride >= size + pads[0] else count


def _out(c: Call, sizes: Sequence[int]) -> Shape:
    if any(n < 1 for n in sizes):
        raise ProgramError(f"a window is larger than its padded input {written(c.shape())}")
    return tuple(sizes)


@operator("Conv")
def conv(c: Call) -> Result:
    x, w = c.shape(0), c.shape(1)
    rank = len(w) - 2
    if len(x) != len(w) or rank < 1:
        raise ProgramError(f"the weights {written(w)} do not go with the input {written(x)}")
    kernel = _per_axis(c, "kernel_shape", rank) if c.attribute("kernel_shape") else list(w[2:])
    stride, dilation = _per_axis(c, "strides", rank), _per_axis(c, "dilations", rank)
    pads = _pads(c, x[2:], kernel, stride, dilation)
    groups = c.attribute("group", 1)
    if x[1] != w[1] * groups:
        raise ProgramError(f"the weights {written(w)} in {groups} groups do not go with the input {written(x)}")
    bias = c.optional(2)
    out = [_positions(n, f, s, p, d, False) for n, f, s, p, d in zip(x[2:], kernel, stride, pads, dilation, strict=True)]
    return c.program.add(
        "conv", [c[0], c[1], bias] if bias is not None else [c[0], c[1]], (x[0], w[0], *_out(c, out)), "float",
        kernel=tuple(kernel), stride=tuple(stride), padding=tuple(pads), dilation=tuple(dilation), groups=groups,
    )  # fmt: skip


@operator("ConvTranspose")
def conv_transpose(c: Call) -> Result:
    x, w = c.shape(0), c.shape(1)
    rank = len(w) - 2
    if len(x) != len(w) or rank < 1 or x[1] != w[0]:
        raise ProgramError(f"the weights {written(w)} do not go with the input {written(x)}")
    kernel = _per_axis(c, "kernel_shape", rank) if c.attribute("kernel_shape") else list(w[2:])
    stride, dilation = _per_axis(c, "strides", rank), _per_axis(c, "dilations", rank)
    added = _per_axis(c, "output_padding", rank, 0)
    groups = c.attribute("group", 1)
    c.attribute("pads")
    wanted, auto = c.attribute("output_shape"), c.attribute("auto_pad", "NOTSET") or "NOTSET"
    extents = [d * (f - 1) + 1 for f, d in zip(kernel, dilation, strict=True)]
    if wanted or auto.startswith("SAME"):
        sizes = list(wanted)[-rank:] if wanted else [n * s for n, s in zip(x[2:], stride, strict=True)]
        pads: Pairs = []
        for i, size in enumerate(sizes):
            total = stride[i] * (x[2 + i] - 1) + added[i] + extents[i] - size
            if total < 0:
                # More comes out than the windows write: the rest is output padding.
                added[i] -= total
                total = 0
            small, large = total // 2, total - total // 2
            pads.append((small, large) if auto != "SAME_LOWER" else (large, small))
        if auto == "NOTSET":
            pads = [(b, a) for a, b in pads]
    else:
        pads = _pads(c, x[2:], kernel, stride, dilation)
    out = [(n - 1) * s - p[0] - p[1] + e + o for n, s, p, e, o in zip(x[2:], stride, pads, extents, added, strict=True)]
    bias = c.optional(2)
    return c.program.add(
        "conv_transpose", [c[0], c[1], bias] if bias is not None else [c[0], c[1]], (x[0], w[1] * groups, *_out(c, out)), "float",
        kernel=tuple(kernel), stride=tuple(stride), padding=tuple(pads), dilation=tuple(dilation), groups=groups,
        output_padding=tuple(added),
    )  # fmt: skip


@operator("MaxPool", "AveragePool", "LpPool")
def pool(c: Call) -> Results:
    x = c.shape()
    rank = len(x) - 2
    kernel = _per_axis(c, "kernel_shape", rank)
    stride, dilation = _per_axis(c, "strides", rank), _per_axis(c, "dilations", rank)
    pads = _pads(c, x[2:], kernel, stride, dilation)
    ceil = bool(c.attribute("ceil_mode", 0))
    out = [_positions(n, f, s, p, d, ceil) for n, f, s, p, d in zip(x[2:], kernel, stride, pads, dilation, strict=True)]
    shape = (*x[:2], *_out(c, out))
    if c.node.op == "LpPool":
        return c.program.add("custom", [c[0]], shape, operator="LpPool")
    made = c.program.add(
        "pool", [c[0]], shape, function="max" if c.node.op == "MaxPool" else "mean", kernel=tuple(kernel), stride=tuple(stride),
        padding=tuple(pads), dilation=tuple(dilation), ceil=ceil, count_include_pad=bool(c.attribute("count_include_pad", 0)),
    )  # fmt: skip
    if len(c.node.outputs) < 2:
        return made
    return made, c.program.add("custom", [c[0]], shape, "int", operator="MaxPool_indices")


@operator("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(c: Call) -> Result:
    axes = list(range(2, len(c.shape())))
    if c.node.op == "GlobalLpPool":
        if c.attribute("p", 2) != 2:
            raise DataDependent
        return build.reduce(c.program, "norm", c[0], axes, True)
    return build.reduce(c.program, "mean" if c.node.op == "GlobalAveragePool" else "max", c[0], axes, True)


@operator("Resize", "Upsample")
def resize(c: Call) -> Result:
    x = c.shape()
    rank = len(x)
    old = c.node.op == "Upsample" or c.version < 11
    scales = c.ints_or_floats(1 if old else 2, "scales")
    sizes = None if old else c.ints(3, "")
    axes = [axis % rank for axis in c.attribute("axes") or range(rank)]
    out = list(x)
    policy = c.attribute("keep_aspect_ratio_policy", "stretch")
    if sizes:
        if policy != "stretch":
            raise DataDependent
        for axis, size in zip(axes, sizes, strict=True):
            out[axis] = size
    elif scales:
        for axis, scale in zip(axes, scales, strict=True):
            out[axis] = math.floor(x[axis] * scale + 1e-6)
    else:
        raise DataDependent
    if c.context.batch > 1 and out[0] == c.context.batch:
        out[0] = 1
    coordinates = c.attribute("coordinate_transformation_mode", "asymmetric" if old else "half_pixel")
    ratios = tuple(s / n for s, n in zip(out, x, strict=True))
    if scales and not sizes:
        full = [1.0] * rank
        for axis, scale in zip(axes, scales, strict=True):
            full[axis] = scale
        ratios = tuple(full)
    return c.program.add(
        "resize", [c[0]], tuple(out), mode=c.attribute("mode", "nearest"), coordinates=coordinates, scales=ratios,
        rounding=c.attribute("nearest_mode", "floor" if old else "round_prefer_floor"),
        cubic=c.attribute("cubic_coeff_a", -0.75), antialias=bool(c.attribute("antialias", 0)),
        exclude_outside=bool(c.attribute("exclude_outside", 0)),
    )  # fmt: skip


@operator("RoiAlign", "MaxRoiPool", "GridSample", "DeformConv", "MaxUnpool", "Col2Im", "AffineGrid")
def sampled(c: Call) -> Result:
    """Samples at positions that another input gives: shape only."""
    args = [one for one in c.args if one is not None and not isinstance(one, list)]
    x = c.shape()
    if c.node.op == "GridSample":
        return c.program.add("custom", args, (*x[:2], *c.shape(1)[1:-1]), operator=c.node.op)
    if c.node.op in ("RoiAlign", "MaxRoiPool"):
        height, width = c.attribute("output_height", 1), c.attribute("output_width", 1)
        if c.node.op == "MaxRoiPool":
            height, width = c.attribute("pooled_shape", [1, 1])
        return c.program.add("custom", args, (c.shape(1)[0], x[1], height, width), operator=c.node.op)
    raise DataDependent
