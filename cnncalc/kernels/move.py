"""Pads, crops, reshapes, permutes and reduces arrays."""

from __future__ import annotations

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed


def crop(x: Array, cells: tuple[tuple[int, int], ...]) -> Array:
    """Cut cells off around a map; return a view."""
    return x[(slice(None), slice(None), *(slice(a, n - b) for n, (a, b) in zip(x.shape[2:], cells, strict=True)))]


def reshape(x: Array, *sizes: int) -> Array:
    """Reshape each example to `sizes`, its numbers in (channels, *spatial) order."""
    return x.reshape(x.shape[0], *sizes)


def flatten(x: Array) -> Array:
    """Return (batch, numbers) in (channels, *spatial) order; a view if the array is in that order."""
    return x.reshape(x.shape[0], -1)


def permute(x: Array, axes: tuple[int, ...]) -> Array:
    """Permute the axes after the batch; return a view."""
    return x.transpose(0, *(axis + 1 for axis in axes))


def channel_shuffle(x: Array, groups: int) -> Array:
    """Take the channels in turn from each group."""
    xs = packed(channels_last(x))
    split = xs.reshape(*xs.shape[:-1], groups, -1)
    return channels_first(split.swapaxes(-1, -2).reshape(xs.shape))


def repeat_examples(array: Array, batch: int) -> Array:
    """Repeat `array`, (channels, *spatial), for each example of a batch."""
    one = packed(channels_last(array[None]))
    return channels_first(np.repeat(one, batch, axis=0))


_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(
    x: Array, cells: tuple[tuple[int, int], ...], mode: str = "zeros", value: float = 0, channels: tuple[int, int] = (0, 0)
) -> Array:
    """Pad a map with `value` or with its own cells, depending on `mode`, and add channels of `value`."""
    widths = ((0, 0), *cells, channels)
    more = {"constant_values": value} if mode == "zeros" else {}
    return channels_first(np.pad(packed(channels_last(x)), widths, _MODES[mode], **more))  # type: ignore[call-overload]


def cut(x: Array, axis: int, first: int, last: int | None, step: int = 1) -> Array:
    """Return every `step`-th cell of the range `first` … `last` of an axis of (*spatial, channels), a view."""
    return channels_first(channels_last(x)[(*(slice(None),) * (axis + 1), slice(first, last, step))])


def roll(x: Array, cells: tuple[int, ...]) -> Array:
    """Roll each axis by a number of cells."""
    return channels_first(np.roll(packed(channels_last(x)), cells, tuple(range(1, len(cells) + 1))))


def squeeze(x: Array, axes: tuple[int, ...]) -> Array:
    """Remove axes of size 1 of (*spatial, channels); return a view."""
    return channels_first(np.squeeze(channels_last(x), tuple(axis + 1 for axis in axes)))


def reduce(x: Array, operation: str, axes: tuple[int, ...], keep: bool) -> Array:
    """Return the mean, maximum, sum or norm along axes of (*spatial, channels); sums are in float64."""
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
