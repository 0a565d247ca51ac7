"""What only moves numbers about."""

from __future__ import annotations

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed
from cnncalc.kernels.run import Run


def nearest(x: Array, factors: tuple[int, ...], run: Run) -> Array:
    """Each cell repeated along each axis."""
    xs = packed(channels_last(x))
    out = np.empty((xs.shape[0], *(n * f for n, f in zip(xs.shape[1:-1], factors, strict=True)), xs.shape[-1]), x.dtype)
    # (batch, N₁, f₁, N₂, f₂, …, channels): the factors' axes are filled from one cell.
    split = out.reshape(xs.shape[0], *(k for n, f in zip(xs.shape[1:-1], factors, strict=True) for k in (n, f)), xs.shape[-1])
    cells = xs.reshape(xs.shape[0], *(k for n in xs.shape[1:-1] for k in (n, 1)), xs.shape[-1])
    for n in range(xs.shape[0]):
        run.workers.parallel_chunks(np.copyto, split[n], cells[n])
    return channels_first(out)


def bilinear(x: Array, factors: tuple[int, ...], run: Run) -> Array:
    """Values in between, corners not aligned: cell o lies at (o + ½)/f − ½ of the input, held at its edges."""
    xs = packed(channels_last(x))
    for axis, factor in enumerate(factors, start=1):
        size = xs.shape[axis]
        place = np.maximum((np.arange(size * factor) + 0.5) / factor - 0.5, 0)
        low = place.astype(np.intp)
        high = np.minimum(low + 1, size - 1)
        share = (place - low).astype(x.dtype).reshape(-1, *(1,) * (xs.ndim - 1 - axis))
        below, above = np.take(xs, low, axis=axis), np.take(xs, high, axis=axis)
        above -= below
        above *= share
        below += above
        xs = below
    return channels_first(xs)


def pad(x: Array, cells: tuple[tuple[int, int], ...]) -> Array:
    """Zeros around a map."""
    return channels_first(np.pad(packed(channels_last(x)), ((0, 0), *cells, (0, 0))))


def crop(x: Array, cells: tuple[tuple[int, int], ...]) -> Array:
    """Cells cut off around a map: a view."""
    return x[(slice(None), slice(None), *(slice(a, n - b) for n, (a, b) in zip(x.shape[2:], cells, strict=True)))]


def reshape(x: Array, *sizes: int) -> Array:
    """The numbers of each example in (channels, *spatial) order as `sizes`."""
    return x.reshape(x.shape[0], *sizes)


def flatten(x: Array) -> Array:
    """(batch, numbers), the channels and then space; a view where the array lies so."""
    return x.reshape(x.shape[0], -1)


def permute(x: Array, axes: tuple[int, ...]) -> Array:
    """The axes behind the batch in another order: a view."""
    return x.transpose(0, *(axis + 1 for axis in axes))


def pixel_shuffle(x: Array, factor: int) -> Array:
    """C·r² channels become r × r cells of C channels; channel c·r² + i·r + j goes to row i, column j."""
    batch, channels, height, width = x.shape
    split = x.reshape(batch, channels // factor**2, factor, factor, height, width)
    moved = split.transpose(0, 4, 2, 5, 3, 1)
    return channels_first(moved.reshape(batch, height * factor, width * factor, -1))


def channel_shuffle(x: Array, groups: int) -> Array:
    """The channels in turn from each group."""
    xs = packed(channels_last(x))
    split = xs.reshape(*xs.shape[:-1], groups, -1)
    return channels_first(split.swapaxes(-1, -2).reshape(xs.shape))


def repeat_examples(array: Array, batch: int) -> Array:
    """`array`, (channels, *spatial), for each example of a batch."""
    one = packed(channels_last(array[None]))
    return channels_first(np.repeat(one, batch, axis=0))
