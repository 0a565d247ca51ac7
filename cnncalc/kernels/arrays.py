"""The layout of arrays: their axes are channels first, and they are stored channels last."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
"""(batch, channels, *spatial), float32 or float64; tokens are (batch, length) integers."""

Index = tuple[Any, ...]
"""An index of a part of an array: a number or a slice per axis."""


def channels_last(x: Array) -> Array:
    """Return (batch, channels, *spatial) as (batch, *spatial, channels), a view."""
    return x if x.ndim <= 2 else x.transpose(0, *range(2, x.ndim), 1)


def channels_first(x: Array) -> Array:
    """Return (batch, *spatial, channels) as (batch, channels, *spatial), a view."""
    return x if x.ndim <= 2 else x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def packed(x: Array) -> Array:
    """Return `x`, (batch, *spatial, channels), contiguous: `x` itself if it is, else a copy."""
    return np.ascontiguousarray(x)


def per_channel(values: Array, x: Array) -> Array:
    """Return a number per channel in the shape that broadcasts over `x`, (batch, channels, *spatial)."""
    return values.reshape(-1, *(1,) * (x.ndim - 2))


def owner(x: Array) -> Array:
    """Return the array whose memory `x` is a view of, or `x` itself."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x
