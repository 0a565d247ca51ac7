"""Memory of results that nobody reads any more, for the results to come: fresh memory costs a page fault every few KiB."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cnncalc.kernels.arrays import Array

#: Bytes of a result that is worth keeping memory for, and bytes that are kept unused at most.
_LEAST, _MOST = 1 << 16, 32 << 20
#: How many times larger than needed a piece of memory may be.
_TIMES = 4


class Buffers:
    """Pieces of memory, each the owner of one result or free."""

    def __init__(self) -> None:
        self._taken: dict[int, Array] = {}
        self._free: list[Array] = []

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array with whatever was in it, in the smallest free piece that is large enough."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size < _LEAST:
            return np.empty(shape, dtype)
        fitting = [k for k, piece in enumerate(self._free) if size <= piece.size <= _TIMES * size]
        if fitting:
            piece = self._free.pop(min(fitting, key=lambda k: self._free[k].size))
        else:
            piece = np.empty(size, np.uint8)
        self._taken[id(piece)] = piece
        found: Array = piece[:size].view(dtype)
        return found.reshape(shape)

    def give_back(self, piece: Array) -> None:
        """Says that nothing reads `piece`, the owner of a result, any more; memory from elsewhere is left alone."""
        if self._taken.pop(id(piece), None) is None:
            return
        self._free.append(piece)
        while sum(kept.size for kept in self._free) > _MOST:
            del self._free[max(range(len(self._free)), key=lambda k: self._free[k].size)]
