"""Layers that read several tensors."""

from __future__ import annotations

from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.use import Tensor, Use, keras, opaque, shaped, short
from cnncalc.graph import Producer
from cnncalc.layers.join import broadcasts


def aligned(use: Use, xs: list[Tensor]) -> list[Tensor]:
    """The tensors with the channel order of the largest one. Raises Broken if there are none."""
    if not xs:
        raise Broken("it reads nothing")
    largest = max(xs, key=lambda x: (x.shape.rank, x.shape.size))
    return [use.net.ordered(x, largest.first, use.name) for x in xs]


def joined(use: Use, kind: str, xs: list[Tensor], **fields: Any) -> Tensor:
    """A join, broadcasting over axes of one cell as Keras does."""
    xs = aligned(use, xs)
    largest = max(xs, key=lambda x: (x.shape.rank, x.shape.size))
    if len(xs) == 1:
        return Tensor(use.layer("identity", xs[0].node), xs[0].first)
    wide = _broadcast([x.sizes for x in xs])
    if wide is not None and not all(x.shape == largest.shape or broadcasts(x.shape, largest.shape) for x in xs):
        return shaped(use, wide, kind)
    return Tensor(use.layer(kind, *[x.node for x in xs], **fields), largest.first)


def _broadcast(shapes: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The sizes that arrays of one rank are broadcast to; None if they are not, or have different ranks."""
    if len({len(one) for one in shapes}) > 1:
        return None
    sizes = [set(axis) - {1} for axis in zip(*shapes, strict=True)]
    return None if any(len(one) > 1 for one in sizes) else tuple(max(one, default=1) for one in sizes)


@keras("Add", "Subtract", "Multiply", "Average", "Maximum")
def _join(use: Use) -> Tensor:
    if use.class_name == "Subtract" and len(use.inputs) != 2:
        raise Broken(f"it subtracts one tensor from another, and reads {len(use.inputs)}")
    return joined(use, use.class_name.lower(), use.inputs)


@keras("Minimum")
def _minimum(use: Use) -> Tensor:
    xs = aligned(use, use.inputs)
    largest = max(xs, key=lambda x: (x.shape.rank, x.shape.size))
    return shaped(use, _broadcast([x.sizes for x in xs]) or largest.sizes)


@keras("Concatenate")
def _concat(use: Use) -> Tensor:
    return concatenated(use, use.inputs, use.config.get("axis", -1))


def concatenated(use: Use, xs: list[Tensor], axis: Any) -> Tensor:
    xs = aligned(use, xs)
    name = xs[0].axis(axis)
    if len(xs) == 1:
        return Tensor(use.layer("identity", xs[0].node), xs[0].first)
    fields = {} if name == "channels" else {"axis": name}
    return Tensor(use.layer("concat", *[x.node for x in xs], **fields), xs[0].first)


@keras("Dot")
def _dot(use: Use) -> Any:
    """Products over one axis of each of two tensors."""
    if len(use.inputs) != 2:
        raise Broken(f"it multiplies two tensors, and reads {len(use.inputs)}")
    a, b = (use.net.ordered(x, False, use.name) for x in use.inputs)
    axes = use.config.get("axes")
    pair = axes if isinstance(axes, list) else [axes, axes]
    if len(pair) != 2:
        raise Broken(f"axes must be an axis or two of them, got {short(axes)}")
    one, other = a.axis(pair[0]), b.axis(pair[1])
    if a.shape.rank == b.shape.rank == 1 and not use.config.get("normalize"):
        return matmul(use, a.node, b.node, transpose_first=one != "channels", transpose_second=other == "channels")
    count = a.sizes[a.names.index(one)]
    if b.sizes[b.names.index(other)] != count:
        raise Broken(f"it multiplies over an axis of {count} and one of {b.sizes[b.names.index(other)]}; make them equal")
    sizes = [n for n, name in zip(a.sizes, a.names, strict=True) if name != one]
    sizes += [n for n, name in zip(b.sizes, b.names, strict=True) if name != other]
    use.stated.setdefault(0, tuple(sizes) or (1,))
    macs = count
    for size in sizes:
        macs *= size
    return opaque(use, macs=macs)


def matmul(use: Use, a: Producer, b: Producer, *, transpose_first: bool, transpose_second: bool) -> Tensor:
    """The product of two sequences as matrices; a transposed first one is permuted before it, the language has one transpose."""
    if transpose_first and transpose_second:
        a = use.after("transposed", "permute", a, axes=("channels", "length"))
        transpose_first = False
    which = "first" if transpose_first else "second" if transpose_second else "none"
    return Tensor(use.layer("matmul", a, b, transpose=which), False)
