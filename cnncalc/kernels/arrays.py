"""How arrays lie in memory: channels first to the reader, channels last in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
"""(batch, channels, *spatial), float32 or float64; tokens are (batch, length) integers."""

Index = tuple[Any, ...]
"""What selects a part of an array: a number or a slice per axis."""


def channels_last(x: Array) -> Array:
    """(batch, channels, *spatial) seen as (batch, *spatial, channels): a view."""
    return x if x.ndim <= 2 else x.transpose(0, *range(2, x.ndim), 1)


def channels_first(x: Array) -> Array:
    """(batch, *spatial, channels) seen as (batch, channels, *spatial): a view."""
    return x if x.ndim <= 2 else x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def packed(x: Array) -> Array:
    """`x`, (batch, *spatial, channels), in one piece: itself where it is, else a copy."""
    return np.ascontiguousarray(x)


def per_channel(values: Array, x: Array) -> Array:
    """A number per channel in the shape that multiplies `x`, (batch, channels, *spatial)."""
    return values.reshape(-1, *(1,) * (x.ndim - 2))


def owner(x: Array) -> Array:
    """The array whose memory `x` is a view of, or `x` itself."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x
