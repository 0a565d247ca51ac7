"""Moves numbers without changing them, and reduces axes."""

from __future__ import annotations

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed


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


def channel_shuffle(x: Array, groups: int) -> Array:
    """The channels in turn from each group."""
    xs = packed(channels_last(x))
    split = xs.reshape(*xs.shape[:-1], groups, -1)
    return channels_first(split.swapaxes(-1, -2).reshape(xs.shape))


def repeat_examples(array: Array, batch: int) -> Array:
    """`array`, (channels, *spatial), for each example of a batch."""
    one = packed(channels_last(array[None]))
    return channels_first(np.repeat(one, batch, axis=0))


_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(
    x: Array,
    cells: tuple[tuple[int, int], ...],
    mode: str = "zeros",
    value: float = 0,
    channels: tuple[int, int] = (0, 0),
) -> Array:
    """Cells around a map: `value`, or cells of the map itself, as `mode` says; and channels of `value`."""
    widths = ((0, 0), *cells, channels)
    more = {"constant_values": value} if mode == "zeros" else {}
    return channels_first(np.pad(packed(channels_last(x)), widths, _MODES[mode], **more))  # type: ignore[call-overload]


def cut(x: Array, axis: int, first: int, last: int | None) -> Array:
    """The range `first` … `last` of an axis of (*spatial, channels): a view."""
    return channels_first(channels_last(x)[(*(slice(None),) * (axis + 1), slice(first, last))])


def roll(x: Array, cells: tuple[int, ...]) -> Array:
    """Each axis moved in a circle by a number of cells."""
    return channels_first(np.roll(packed(channels_last(x)), cells, tuple(range(1, len(cells) + 1))))


def squeeze(x: Array, axes: tuple[int, ...]) -> Array:
    """Without axes of size 1 of (*spatial, channels): a view."""
    return channels_first(np.squeeze(channels_last(x), tuple(axis + 1 for axis in axes)))


def reduce(x: Array, operation: str, axes: tuple[int, ...], keep: bool) -> Array:
    """The mean, largest, sum or norm along axes of (*spatial, channels); sums are taken in float64."""
    xs = channels_last(x)
    over = tuple(axis + 1 for axis in axes)
    if operation == "max":
        found = xs.max(axis=over, keepdims=keep)
    elif operation == "norm":
        found = np.sqrt(np.square(xs).sum(axis=over, keepdims=keep, dtype=np.float64))
    else:
        found = getattr(xs, operation)(axis=over, keepdims=keep, dtype=np.float64)
    found = found.astype(x.dtype, copy=False)
    return channels_first(found) if found.ndim > 1 else found.reshape(len(x), 1)
