"""What a layer is told beside its input: how strides round, which threads there are, and what is done on the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last
from cnncalc.kernels.buffers import Buffers
from cnncalc.kernels.team import Team

Arrays = Mapping[str, Array]
"""A layer's weights by PyTorch's names."""


@dataclass(frozen=True, slots=True)
class After:
    """What is done to a result while it is still in the cache: times `scale` plus `shift` per channel, then `apply`."""

    scale: Array | None = None
    shift: Array | None = None
    apply: Callable[[Array, Array], None] | None = None

    def biased(self, bias: Array | None) -> After:
        """The same behind a layer with a bias: (y + b)·scale + shift."""
        return self.behind(None, bias)

    def behind(self, scale: Array | None, shift: Array | None) -> After:
        """The same behind another factor and offset."""
        if self.scale is not None:
            scale = self.scale if scale is None else scale * self.scale
            shift = None if shift is None else shift * self.scale
        if self.shift is not None:
            shift = self.shift if shift is None else shift + self.shift
        return After(scale, shift, self.apply)

    def channels(self, part: slice) -> After:
        """The same for some of the channels."""
        return After(
            None if self.scale is None else self.scale[part], None if self.shift is None else self.shift[part], self.apply
        )

    def finish(self, y: Array, out: Array) -> None:
        """Writes what becomes of `y`, (…, channels), to `out`; `y` may be `out`, and is used up where it is not."""
        if self.scale is not None:
            per_row(np.multiply, y, self.scale, y if self.shift is not None or self.apply is not None else out)
        if self.shift is not None:
            per_row(np.add, y, self.shift, y if self.apply is not None else out)
        if self.apply is not None:
            self.apply(y, out)
        elif self.scale is None and self.shift is None and y is not out:
            np.copyto(out, y)


#: Numbers in a row below which NumPy's loop over rows costs more than the loop over the numbers in one.
_SHORT = 512


def per_row(operation: np.ufunc, y: Array, values: Array, out: Array) -> None:
    """`operation` of each row of `y` with `values`, into `out`; short rows are taken several at a time."""
    channels = values.shape[0]
    if channels < _SHORT and y.flags.c_contiguous and out.flags.c_contiguous and y.size > channels:
        rows = y.size // channels
        times = next((t for t in (16, 8, 7, 4, 2) if t * channels <= 2 * _SHORT and rows % t == 0), 1)
        if times > 1:
            wide = np.tile(values, times)
            operation(y.reshape(-1, wide.shape[0]), wide, out=out.reshape(-1, wide.shape[0]))
            return
    operation(y, values, out=out)


NOTHING = After()


@dataclass(frozen=True, slots=True)
class Run:
    """How a layer is to be run. `overwrite`: nobody reads its (first) input afterwards, so its memory may hold the result."""

    team: Team
    fit: str = "exact"
    overwrite: bool = False
    after: After = NOTHING
    buffers: Buffers | None = None

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array for the result, with whatever was in it."""
        return np.empty(shape, dtype) if self.buffers is None else self.buffers.empty(shape, dtype)

    def empty_like(self, x: Array) -> Array:
        """The same in the shape of `x`, (batch, channels, *spatial), the channels last in memory."""
        return channels_first(self.empty(channels_last(x).shape, x.dtype))

    def floored(self) -> Run:
        """The same, strides rounded down."""
        return self if self.fit == "floor" else replace(self, fit="floor")
