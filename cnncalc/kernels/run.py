"""The context of a kernel: the rounding of strides, the threads, and the epilogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed
from cnncalc.kernels.workers import Workers

Arrays = Mapping[str, Array]
"""A layer's weights by PyTorch's names."""


class Epilogue:
    """Operations on a layer's result while it is in the cache: (y · `scale` + `shift`) per channel, + `addend`, `function`.

    `addend` is another result of the same shape, contiguous as (batch, *spatial, channels).
    """

    __slots__ = ("addend", "function", "scale", "shift")

    def __init__(
        self,
        scale: Array | None = None,
        shift: Array | None = None,
        addend: Array | None = None,
        function: Callable[[Array, Array], None] | None = None,
    ) -> None:
        self.scale = scale
        self.shift = shift
        self.addend = addend
        self.function = function

    @property
    def empty(self) -> bool:
        """Return whether it changes nothing."""
        return self.scale is None and self.shift is None and self.addend is None and self.function is None

    def with_addend(self, x: Array) -> Epilogue:
        """Return the same with the addend `x`, (batch, channels, *spatial)."""
        return Epilogue(self.scale, self.shift, packed(channels_last(x)), self.function)

    def after_affine(self, scale: Array | None, shift: Array | None) -> Epilogue:
        """Return the epilogue that first computes y · `scale` + `shift` per channel, then this one."""
        if self.scale is not None:
            scale = self.scale if scale is None else scale * self.scale
            shift = None if shift is None else shift * self.scale
        if self.shift is not None:
            shift = self.shift if shift is None else shift + self.shift
        return Epilogue(scale, shift, self.addend, self.function)

    def at(self, *where: Any) -> Epilogue:
        """Return the epilogue of a part of the result, indexed as (batch, *spatial, channels)."""
        return Epilogue(
            None if self.scale is None else self.scale[where[-1]],
            None if self.shift is None else self.shift[where[-1]],
            None if self.addend is None else self.addend[where],
            self.function,
        )

    def flat(self) -> Epilogue:
        """Return the epilogue of the result reshaped to (positions, channels)."""
        if self.addend is None:
            return self
        return Epilogue(self.scale, self.shift, self.addend.reshape(-1, self.addend.shape[-1]), self.function)

    def finish(self, y: Array, out: Array) -> None:
        """Write the epilogue of `y`, (…, channels), to `out`; `y` may be `out`, otherwise its contents are overwritten."""
        if self.scale is not None:
            per_row(np.multiply, y, self.scale, y)
        if self.shift is not None:
            per_row(np.add, y, self.shift, y if self.function or self.addend is not None else out)
        if self.addend is not None:
            np.add(y, self.addend, out=y if self.function else out)
        if self.function is not None:
            self.function(y, out)
        elif self.shift is None and self.addend is None and y is not out:
            np.copyto(out, y)


#: The shortest row for which NumPy is fast: rows shorter than its buffer take twice as long.
_ROW = 8192


def per_row(operation: np.ufunc, y: Array, values: Array, out: Array) -> None:
    """Write `operation` of each row of `y` and `values` to `out`; short rows are joined to longer ones."""
    channels = values.shape[0]
    if channels < _ROW and y.size >= 4 * _ROW and y.flags.c_contiguous and out.flags.c_contiguous:
        times = -(-_ROW // channels)
        repeated = np.empty((times, channels), values.dtype)
        repeated[:] = values
        wide = repeated.reshape(-1)
        rows, target = y.reshape(-1, channels), out.reshape(-1, channels)
        whole = len(rows) - len(rows) % times
        operation(rows[:whole].reshape(-1, wide.size), wide, out=target[:whole].reshape(-1, wide.size))
        if whole == len(rows):
            return
        y, out = rows[whole:], target[whole:]
    operation(y, values, out=out)


NO_EPILOGUE = Epilogue()


@dataclass(frozen=True, slots=True)
class Run:
    """The conditions of a layer's run. `overwrite`: the (first) input is not read again, so the result may be written over it."""

    workers: Workers
    fit: str = "exact"
    overwrite: bool = False
    epilogue: Epilogue = NO_EPILOGUE

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised array for the result."""
        return self.workers.buffers.empty(shape, dtype)

    def scaled(self, weight: Array, epilogue: Epilogue) -> tuple[Array, Epilogue]:
        """Multiply the filters `weight`, (K, …), by the epilogue's scale; return them and the rest of the epilogue."""
        if epilogue.scale is None:
            return weight, epilogue
        turned = self.workers.scratch("scaled", weight.shape[::-1], weight.dtype)
        np.multiply(weight.T, epilogue.scale, out=turned)
        return turned.T, Epilogue(None, epilogue.shift, epilogue.addend, epilogue.function)

    def empty_like(self, x: Array) -> Array:
        """Return an uninitialised array of the shape of `x`, (batch, channels, *spatial), with channels last in memory."""
        return channels_first(self.empty(channels_last(x).shape, x.dtype))

    def floored(self) -> Run:
        """Return the same with strides rounded down."""
        return self if self.fit == "floor" else replace(self, fit="floor")
