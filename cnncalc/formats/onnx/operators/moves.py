"""Operators that move numbers about: shapes, slices, gathers, concatenation, padding."""

from __future__ import annotations

import math

from cnncalc.formats.onnx.call import Call, DataDependent, Result, Results, normal, operator
from cnncalc.formats.onnx.proto import TensorProto
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import SMALL, Constant, integers, scalar
from cnncalc.formats.tensors.program import ProgramError, Tensor, broadcast, resolve


@operator("Shape")
def shape(c: Call) -> Result:
    found = c.shape()
    rank = len(found)
    start, end = c.attribute("start", 0), c.attribute("end", rank)
    return integers(found[slice(start, end if end is not None else rank)])


@operator("Size")
def size(c: Call) -> Result:
    return scalar(math.prod(c.shape()), "int")


@operator("Reshape")
def reshape(c: Call) -> Result:
    wanted, shape = c.ints(1, "shape"), c.shape()
    if wanted is None:
        raise DataDependent
    if not c.attribute("allowzero", 0):
        if any(n == 0 and i >= len(shape) for i, n in enumerate(wanted)):
            raise ProgramError(f"Reshape keeps axis {wanted.index(0)}, which its input lacks")
        wanted = [shape[i] if n == 0 else n for i, n in enumerate(wanted)]
    batch = c.context.batch
    if batch > 1 and wanted and -1 not in wanted and math.prod(wanted) == batch * math.prod(shape) and wanted[0] % batch == 0:
        # The file's batch stands in the constant.
        wanted = [wanted[0] // batch, *wanted[1:]]
    return build.reshape(c.program, c[0], resolve(wanted, shape))


@operator("Flatten")
def flatten(c: Call) -> Result:
    found = c.shape()
    axis = c.attribute("axis", 1)
    axis = axis + len(found) if axis < 0 else axis
    return build.reshape(c.program, c[0], (math.prod(found[:axis]), math.prod(found[axis:])))


@operator("Squeeze")
def squeeze(c: Call) -> Result:
    found = c.shape()
    axes = c.ints(1, "axes")
    chosen = {normal(a, len(found)) for a in axes} if axes else {i for i, n in enumerate(found) if n == 1}
    bad = next((i for i in chosen if found[i] != 1), None)
    if bad is not None:
        raise ProgramError(f"Squeeze drops axis {bad} of {list(found)}, which is not 1")
    return build.reshape(c.program, c[0], tuple(n for i, n in enumerate(found) if i not in chosen))


@operator("Unsqueeze")
def unsqueeze(c: Call) -> Result:
    found = c.shape()
    axes = c.ints(1, "axes") or []
    rank = len(found) + len(axes)
    chosen = {normal(a, rank) for a in axes}
    sizes = iter(found)
    return build.reshape(c.program, c[0], tuple(1 if i in chosen else next(sizes) for i in range(rank)))


@operator("Transpose")
def transpose(c: Call) -> Result:
    rank = len(c.shape())
    return build.transpose(c.program, c[0], c.attribute("perm") or list(reversed(range(rank))))


@operator("Expand")
def expand(c: Call) -> Result:
    wanted = c.ints(1, "shape")
    return build.expand(c.program, c[0], broadcast(c.shape(), tuple(wanted or ())))


@operator("Tile")
def tile(c: Call) -> Result:
    repeats = c.ints(1, "repeats") or []
    found = c[0]
    for axis, count in enumerate(repeats):
        if count != 1:
            found = build.concat(c.program, [found] * count, axis) if count else build.slice_axis(c.program, found, axis, 0, 0, 1)
    return found


@operator("ConstantOfShape")
def constant_of_shape(c: Call) -> Result:
    wanted = tuple(c.ints(0, "shape") or ())
    value = c.attribute("value")
    if any(n < 0 for n in wanted):
        raise ProgramError(f"ConstantOfShape cannot make {list(wanted)}")
    one = c.context.stored(value).data if isinstance(value, TensorProto) else [0.0]
    dtype = c.context.stored(value).dtype if isinstance(value, TensorProto) else "float"
    if not one:
        raise DataDependent
    found = build.full(wanted, one[0], dtype)
    if c.context.weightless and dtype == "float" and found.op is not None:
        # A file whose weights are only filled in, as those of the onnx package's own tests.
        found.name = c.node.outputs[0]
    return found


@operator("Range")
def range_(c: Call) -> Result:
    start, limit, step = (c.number(i, "") for i in range(3))
    count = max(0, math.ceil((limit - start) / step)) if step else 0
    if count > SMALL:
        raise DataDependent
    return Constant((count,), c[0].dtype, [start + i * step for i in range(count)])


@operator("EyeLike")
def eye(c: Call) -> Result:
    rows, columns = c.shape()
    k = c.attribute("k", 0)
    if rows * columns > SMALL:
        raise DataDependent
    return Constant((rows, columns), "float", [1.0 if j == i + k else 0.0 for i in range(rows) for j in range(columns)])


@operator("Slice")
def slice_(c: Call) -> Result:
    found, rank = c[0], len(c.shape())
    starts = c.ints(1, "starts") or []
    ends = c.ints(2, "ends") or []
    axes = c.ints(3, "axes") or list(range(len(starts)))
    steps = c.ints(4, "steps") or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = normal(axis, rank)
        size = (found.shape or ())[place]
        first, last, by = slice(start, _end(end, step, size), step).indices(size)
        count = len(range(first, last, by))
        found = build.slice_axis(c.program, found, place, first, count, by)
    return found


def _end(end: int, step: int, size: int) -> int | None:
    """ONNX's end of a slice as Python's."""
    if step < 0 and end < -size:
        return None
    return end


def split_sizes(size: int, each: int, count: int | None) -> list[int]:
    """Parts of `each`, the last perhaps smaller; or `count` parts."""
    if count is not None:
        each = -(-size // count)
    if each < 1:
        raise ProgramError(f"Split cannot make parts of {each}")
    return [min(each, size - start) for start in range(0, size, each)]


@operator("Split")
def split(c: Call) -> Results:
    found = c.shape()
    axis = c.axis(0, len(found))
    sizes = c.ints(1, "split")
    if not sizes:
        count = c.attribute("num_outputs") or len(c.node.outputs)
        sizes = split_sizes(found[axis], 0, count)
    if sum(sizes) != found[axis]:
        raise ProgramError(f"Split makes parts of {sizes} of axis {axis} of {list(found)}")
    return tuple(build.split(c.program, c[0], axis, sizes))


@operator("Concat")
def concat(c: Call) -> Result:
    parts = [c[i] for i in range(len(c.args))]
    axis = c.axis(1, len(c.shape()))
    kept = []
    for i, part in enumerate(parts):
        if c.shape(i)[axis : axis + 1] != (0,):
            kept.append(part)
    return build.concat(c.program, kept or parts, axis)


@operator("Gather")
def gather(c: Call) -> Result:
    data, indices = c[0], c[1]
    axis = c.axis(0, len(c.shape()))
    found = c.shape()
    out = found[:axis] + c.shape(1) + found[axis + 1 :]
    if isinstance(data, Constant) and not isinstance(indices, Constant):
        if axis == 0 and len(found) == 2:
            return c.program.add("embedding", [indices, data], out, "float")
        raise DataDependent
    if not isinstance(indices, Constant):
        raise DataDependent
    return build.gather(c.program, data, indices, axis)


@operator("GatherElements", "GatherND", "ScatterElements", "ScatterND", "Scatter")
def scatter(c: Call) -> Result:
    args = _tensors(c)
    constant = all(isinstance(one, Constant) for one in args)
    if c.node.op == "GatherElements":
        axis = c.axis(0, len(c.shape()))
        return c.program.add("take_along" if constant else "custom", args, c.shape(1), operator=c.node.op, axis=axis)
    if c.node.op.startswith("Scatter"):
        simple = constant and c.node.op == "ScatterND" and c.attribute("reduction", "none") == "none"
        c.attribute("axis")
        return c.program.add("scatter" if simple else "custom", args, c.shape(), operator=c.node.op)
    batch = c.attribute("batch_dims", 0)
    indices, data = c.shape(1), c.shape()
    out = indices[:-1] + data[batch + indices[-1] :]
    return c.program.add("custom", args, out, operator=c.node.op)


def _tensors(c: Call) -> list[Tensor | None]:
    return [one for one in c.args if one is not None and not isinstance(one, list)]


@operator("Trilu")
def trilu(c: Call) -> Result:
    upper, diagonal = bool(c.attribute("upper", 1)), c.number(1, "", 0)
    known = isinstance(c[0], Constant)
    return c.program.add("trilu" if known else "custom", [c[0]], c.shape(), operator="Trilu", upper=upper, diagonal=diagonal)


_MODES = {"constant": "zeros", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@operator("Pad")
def pad(c: Call) -> Result:
    found = c.shape()
    given = c.ints(1, "pads") or c.attribute("paddings") or []
    rank = len(found)
    if c.has(3):
        axes = [normal(a, rank) for a in c.ints(3, "axes") or []]
    else:
        axes = list(range(rank))
    if len(given) != 2 * len(axes):
        raise ProgramError(f"Pad has {len(given)} numbers for {len(axes)} axes")
    pads = [(0, 0)] * rank
    for i, axis in enumerate(axes):
        pads[axis] = (given[i], given[len(axes) + i])
    value = c.number(2, "value", 0.0)
    mode = _MODES.get(c.attribute("mode", "constant"))
    if mode is None:
        raise DataDependent
    return build.pad(c.program, c[0], pads, mode, value)


@operator("DepthToSpace")
def depth_to_space(c: Call) -> Result:
    n, channels, height, width = c.shape()
    r = c.attribute("blocksize", 1)
    p = c.program
    if c.attribute("mode", "DCR") == "CRD":
        x = build.reshape(p, c[0], (n, channels // r**2, r, r, height, width))
        x = build.transpose(p, x, [0, 1, 4, 2, 5, 3])
    else:
        x = build.reshape(p, c[0], (n, r, r, channels // r**2, height, width))
        x = build.transpose(p, x, [0, 3, 4, 1, 5, 2])
    return build.reshape(p, x, (n, channels // r**2, height * r, width * r))


@operator("SpaceToDepth")
def space_to_depth(c: Call) -> Result:
    n, channels, height, width = c.shape()
    r = c.attribute("blocksize", 1)
    p = c.program
    x = build.reshape(p, c[0], (n, channels, height // r, r, width // r, r))
    x = build.transpose(p, x, [0, 3, 5, 1, 2, 4])
    return build.reshape(p, x, (n, channels * r * r, height // r, width // r))


@operator("NonZero", "Unique", "Compress", "NonMaxSuppression", "OneHot")
def unknown(c: Call) -> Result:
    raise DataDependent


@operator("Hardmax")
def hardmax(c: Call) -> Result:
    return c.program.add("custom", [c[0]], c.shape(), operator=c.node.op)


@operator("TopK")
def top(c: Call) -> Results:
    """The largest numbers along an axis and their places: shapes only."""
    shape = list(c.shape())
    axis = c.axis(-1, len(shape))
    (shape[axis],) = c.ints(1, "k") or [1]
    parts = [c.program.add("custom", [c[0]], tuple(shape), dtype, operator=c.node.op) for dtype in ("float", "int")]
    return tuple(parts)
