"""Memory that is used again: fresh memory costs a page fault every few KiB."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cnncalc.kernels.arrays import Array

#: Bytes of a result that is worth keeping memory for, and bytes that are kept unused at most.
_LEAST, _MOST = 1 << 16, 32 << 20
#: How many times larger than needed a piece of memory may be.
_TIMES = 4
#: Bytes of a line of the cache; what begins in the middle of one is slower.
_LINE = 64
#: Bytes of scratch that are kept from one run to the next at most.
_SCRATCH = 64 << 20


class Memory:
    """Pieces of memory: each owns one result or is free, and each thread has some of its own as scratch."""

    def __init__(self) -> None:
        self._taken: dict[int, Array] = {}
        self._free: list[Array] = []
        self._scratch: list[dict[str, Array]] = []

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array with whatever was in it, in the smallest free piece that is large enough."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size < _LEAST:
            return np.empty(shape, dtype)
        best = None
        for k, piece in enumerate(self._free):
            if size + _LINE <= piece.size <= _TIMES * size and (best is None or piece.size < self._free[best].size):
                best = k
        piece = np.empty(size + _LINE, np.uint8) if best is None else self._free.pop(best)
        self._taken[id(piece)] = piece
        return _aligned(piece, size, shape, dtype)

    def give_back(self, piece: Array) -> None:
        """Says that nothing reads `piece`, the owner of a result, any more; memory from elsewhere is left alone."""
        if self._taken.pop(id(piece), None) is None:
            return
        self._free.append(piece)
        while sum(kept.size for kept in self._free) > _MOST:
            del self._free[max(range(len(self._free)), key=lambda k: self._free[k].size)]

    def scratch(self, who: int, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array of the thread `who`'s own, with whatever was in it: the same memory at each call with the same name."""
        while len(self._scratch) <= who:
            self._scratch.append({})
        kept = self._scratch[who]
        size = math.prod(shape) * np.dtype(dtype).itemsize
        piece = kept.get(name)
        if piece is None or piece.size < size + _LINE:
            kept.pop(name, None)
            piece = kept[name] = np.empty(size + _LINE, np.uint8)
        return _aligned(piece, size, shape, dtype)

    def keep(self) -> None:
        """Leaves what is free to the next run; results that are still taken belong to whoever has them."""
        self._taken = {}
        if sum(piece.size for kept in self._scratch for piece in kept.values()) > _SCRATCH:
            self._scratch = []
        _idle[:] = [self]


def _aligned(piece: Array, size: int, shape: tuple[int, ...], dtype: Any) -> Array:
    first = -piece.__array_interface__["data"][0] % _LINE
    found: Array = piece[first : first + size].view(dtype)
    return found.reshape(shape)


_idle: list[Memory] = []


def memory() -> Memory:
    """The memory that the last run left, or none yet: two runs at once have each their own."""
    try:
        return _idle.pop()
    except IndexError:
        return Memory()
