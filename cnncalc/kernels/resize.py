"""Interpolation, and rearrangement of cells and channels."""

from __future__ import annotations

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed
from cnncalc.kernels.run import Run


def repeated(x: Array, factors: tuple[int, ...], run: Run) -> Array:
    """Repeat each cell along each axis."""
    xs = packed(channels_last(x))
    out = np.empty((xs.shape[0], *(n * f for n, f in zip(xs.shape[1:-1], factors, strict=True)), xs.shape[-1]), x.dtype)
    # (batch, N₁, f₁, N₂, f₂, …, channels): the factors' axes are filled from one cell.
    split = out.reshape(xs.shape[0], *(k for n, f in zip(xs.shape[1:-1], factors, strict=True) for k in (n, f)), xs.shape[-1])
    cells = xs.reshape(xs.shape[0], *(k for n in xs.shape[1:-1] for k in (n, 1)), xs.shape[-1])
    for n in range(xs.shape[0]):
        run.workers.parallel_chunks(np.copyto, split[n], cells[n])
    return channels_first(out)


def resize(x: Array, sizes: tuple[int, ...], mode: str, align_corners: bool) -> Array:
    """Resize a map to `sizes`, one axis after the other; cells beyond the edges equal the cells at the edges.

    Cell o of n lies at (o + ½)·N/n − ½ of the N input cells, or at o·(N − 1)/(n − 1) with `align_corners`; the nearest one is
    ⌊o·N/n⌋. Source: PyTorch's `interpolate`; Keys 1981 for bicubic, with a = −0.75.
    """
    xs = packed(channels_last(x))
    for axis, out in enumerate(sizes, start=1):
        size = xs.shape[axis]
        if mode == "nearest":
            xs = np.take(xs, np.arange(out) * size // out, axis=axis)
            continue
        cells = np.arange(out)
        if align_corners:
            place = cells * ((size - 1) / (out - 1) if out > 1 else 0.0)
        else:
            place = (cells + 0.5) * (size / out) - 0.5
        if mode == "bilinear":
            place = np.maximum(place, 0)
        low = np.floor(place).astype(np.intp)
        shares = _cubic(place - low) if mode == "bicubic" else [1 - (place - low), place - low]
        first = -1 if mode == "bicubic" else 0
        total = None
        for k, share in enumerate(shares):
            part = np.take(xs, np.clip(low + first + k, 0, size - 1), axis=axis)
            part *= share.astype(x.dtype).reshape(-1, *(1,) * (xs.ndim - 1 - axis))
            total = part if total is None else np.add(total, part, out=total)
        assert total is not None
        xs = total
    return channels_first(xs)


def _cubic(t: Array) -> list[Array]:
    """Return the weights of the four cells around the position `t` after the second cell."""
    a = -0.75

    def inner(d: Array) -> Array:
        return np.asarray(((a + 2) * d - (a + 3)) * d * d + 1)

    def outer(d: Array) -> Array:
        return np.asarray(((a * d - 5 * a) * d + 8 * a) * d - 4 * a)

    return [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)]


def pixel_shuffle(x: Array, factor: int, order: str = "pytorch") -> Array:
    """Rearrange C·r² channels to r × r cells of C channels.

    Row i, column j comes from channel c·r² + i·r + j in PyTorch's order, from (i·r + j)·C + c in TensorFlow's.
    """
    batch, channels, height, width = x.shape
    if order == "pytorch":
        moved = x.reshape(batch, channels // factor**2, factor, factor, height, width).transpose(0, 4, 2, 5, 3, 1)
    else:
        moved = x.reshape(batch, factor, factor, channels // factor**2, height, width).transpose(0, 4, 1, 5, 2, 3)
    return channels_first(moved.reshape(batch, height * factor, width * factor, -1))


def space_to_depth(x: Array, factor: int, order: str = "pytorch") -> Array:
    """Rearrange r × r cells of C channels to C·r² channels; the inverse of `pixel_shuffle` in the same order.

    Darknet's reorg reads the memory of (C, H, W) as (C/r², H·r, W·r), takes TensorFlow's order, and reads the result of shape
    (C, H, W) as (C·r², H/r, W/r). Source: Darknet, blas.c, reorg_cpu.
    """
    batch, channels, height, width = x.shape
    if order == "darknet":
        stretched = np.ascontiguousarray(x).reshape(batch, channels // factor**2, height * factor, width * factor)
        mixed = np.ascontiguousarray(space_to_depth(stretched, factor, "tensorflow"))
        return mixed.reshape(batch, channels * factor**2, height // factor, width // factor)
    split = x.reshape(batch, channels, height // factor, factor, width // factor, factor)
    # (batch, height, width, then the channel and the position within the cell in the sequence of `order`)
    moved = split.transpose(0, 2, 4, 1, 3, 5) if order == "pytorch" else split.transpose(0, 2, 4, 3, 5, 1)
    return channels_first(moved.reshape(batch, height // factor, width // factor, -1))
