"""Reuses buffers, because fresh memory costs a page fault every few KiB."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cnncalc.kernels.arrays import Array

#: Bytes of the smallest result whose buffer is reused, and bytes of free buffers that are kept at most.
_LEAST, KEPT = 1 << 16, 32 << 20
#: How many times larger than needed a buffer may be.
_TIMES = 4
#: Bytes of a cache line; unaligned arrays are slower.
_LINE = 64
#: Bytes of scratch that are kept from one run to the next at most.
_SCRATCH = 64 << 20


class BufferPool:
    """Buffers for results, in use or free, and scratch buffers of each thread."""

    def __init__(self) -> None:
        self._taken: dict[int, Array] = {}
        self._free: list[Array] = []
        self._scratch: list[dict[str, Array]] = []

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised array in the smallest free buffer that is large enough, else in a new one."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if size < _LEAST:
            return np.empty(shape, dtype)
        best = None
        for k, buffer in enumerate(self._free):
            if size + _LINE <= buffer.size <= _TIMES * size and (best is None or buffer.size < self._free[best].size):
                best = k
        buffer = np.empty(size + _LINE, np.uint8) if best is None else self._free.pop(best)
        self._taken[id(buffer)] = buffer
        return _aligned(buffer, size, shape, dtype)

    def give_back(self, buffer: Array) -> None:
        """Mark `buffer`, the base of a result that is no longer read, as free; ignore arrays that the pool did not make."""
        if self._taken.pop(id(buffer), None) is None:
            return
        self._free.append(buffer)
        while sum(kept.size for kept in self._free) > KEPT:
            del self._free[max(range(len(self._free)), key=lambda k: self._free[k].size)]

    def scratch(self, thread: int, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised array that belongs to a thread; each call with the same name returns the same memory."""
        while len(self._scratch) <= thread:
            self._scratch.append({})
        kept = self._scratch[thread]
        size = math.prod(shape) * np.dtype(dtype).itemsize
        buffer = kept.get(name)
        if buffer is None or buffer.size < size + _LINE:
            kept.pop(name, None)
            buffer = kept[name] = np.empty(size + _LINE, np.uint8)
        return _aligned(buffer, size, shape, dtype)

    def release(self) -> None:
        """Keep the free buffers for the next run; results in use belong to their holders."""
        self._taken = {}
        if sum(buffer.size for kept in self._scratch for buffer in kept.values()) > _SCRATCH:
            self._scratch = []
        _idle[:] = [self]


def _aligned(buffer: Array, size: int, shape: tuple[int, ...], dtype: Any) -> Array:
    first = -buffer.__array_interface__["data"][0] % _LINE
    found: Array = buffer[first : first + size].view(dtype)
    return found.reshape(shape)


_idle: list[BufferPool] = []


def acquire_pool() -> BufferPool:
    """Return the pool of the last run, or a new one if another run uses it."""
    try:
        return _idle.pop()
    except IndexError:
        return BufferPool()
