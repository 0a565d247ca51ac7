"""What a layer is told beside its input: how strides round, which threads there are, and what is done on the way out."""

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
    """What is done to a result while it is still in the cache: times `scale` plus `shift` per channel, plus `added`, `apply`.

    `added` is another result of the same shape, (batch, *spatial, channels) in one piece.
    """

    __slots__ = ("added", "apply", "scale", "shift")

    def __init__(
        self,
        scale: Array | None = None,
        shift: Array | None = None,
        added: Array | None = None,
        apply: Callable[[Array, Array], None] | None = None,
    ) -> None:
        self.scale = scale
        self.shift = shift
        self.added = added
        self.apply = apply

    def with_addend(self, x: Array) -> Epilogue:
        """The same behind a sum with `x`, (batch, channels, *spatial)."""
        return Epilogue(self.scale, self.shift, packed(channels_last(x)), self.apply)

    def after_affine(self, scale: Array | None, shift: Array | None) -> Epilogue:
        """The same behind another factor and offset, or behind a bias: (y + b)·scale + shift."""
        if self.scale is not None:
            scale = self.scale if scale is None else scale * self.scale
            shift = None if shift is None else shift * self.scale
        if self.shift is not None:
            shift = self.shift if shift is None else shift + self.shift
        return Epilogue(scale, shift, self.added, self.apply)

    def at(self, *where: Any) -> Epilogue:
        """The same for a part of the result, (batch, *spatial, channels); the last index is the channels'."""
        return Epilogue(
            None if self.scale is None else self.scale[where[-1]],
            None if self.shift is None else self.shift[where[-1]],
            None if self.added is None else self.added[where],
            self.apply,
        )

    def flat(self) -> Epilogue:
        """The same for the result seen as (positions, channels)."""
        if self.added is None:
            return self
        return Epilogue(self.scale, self.shift, self.added.reshape(-1, self.added.shape[-1]), self.apply)

    def finish(self, y: Array, out: Array) -> None:
        """Writes what becomes of `y`, (…, channels), to `out`; `y` may be `out`, and is used up where it is not."""
        if self.scale is not None:
            per_row(np.multiply, y, self.scale, y)
        if self.shift is not None:
            per_row(np.add, y, self.shift, y if self.apply or self.added is not None else out)
        if self.added is not None:
            np.add(y, self.added, out=y if self.apply else out)
        if self.apply is not None:
            self.apply(y, out)
        elif self.shift is None and self.added is None and y is not out:
            np.copyto(out, y)


#: Numbers that a row should have: NumPy takes twice as long over rows that are shorter than its buffer.
_ROW = 8192


def per_row(operation: np.ufunc, y: Array, values: Array, out: Array) -> None:
    """`operation` of each row of `y` with `values`, into `out`; short rows are taken many at a time."""
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
    """How a layer is to be run. `overwrite`: nobody reads its (first) input afterwards, so its memory may hold the result."""

    workers: Workers
    fit: str = "exact"
    overwrite: bool = False
    epilogue: Epilogue = NO_EPILOGUE

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array for the result, with whatever was in it."""
        return self.workers.memory.empty(shape, dtype)

    def scaled(self, weight: Array, epilogue: Epilogue) -> tuple[Array, Epilogue]:
        """Filters `weight`, (K, …), times the factors in `epilogue`, and what is left of it."""
        if epilogue.scale is None:
            return weight, epilogue
        turned = self.workers.scratch("scaled", weight.shape[::-1], weight.dtype)
        np.multiply(weight.T, epilogue.scale, out=turned)
        return turned.T, Epilogue(None, epilogue.shift, epilogue.added, epilogue.apply)

    def empty_like(self, x: Array) -> Array:
        """The same in the shape of `x`, (batch, channels, *spatial), the channels last in memory."""
        return channels_first(self.empty(channels_last(x).shape, x.dtype))

    def floored(self) -> Run:
        """The same, strides rounded down."""
        return self if self.fit == "floor" else replace(self, fit="floor")
