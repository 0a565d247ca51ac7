"""Reuses buffers, because fresh memory costs a page fault every few KiB."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from cnncalc.kernels.arrays import Array

#: Bytes of the smallest result whose buffer is reused, and bytes of free buffers that are kept at most.
_LEAST, KEPT = 1 << 16, 32 << 20
#: How many times larger than needed a buffer may be.
_TIMES = 4
#: Bytes of a cache line; unaligned arrays are slower.
_LINE = 64
#: Bytes from which a buffer is mapped by itself. The allocator keeps freed memory up to 32 MiB per array, and its gaps add up.
_MAPPED = 1 << 20
#: Bytes of scratch that are kept from one run to the next at most.
_SCRATCH = 64 << 20


class Buffer(Protocol):
    """A piece of memory of `size` bytes."""

    @property
    def size(self) -> int: ...


B = TypeVar("B", bound=Buffer)


class Reused(Generic[B]):
    """Buffers in use and free ones, made by `make(bytes)`."""

    def __init__(self, make: Callable[[int], B]) -> None:
        self._make = make
        self.taken: dict[int, B] = {}
        self.free: list[B] = []
        #: Bytes of all of them.
        self.bytes = 0

    def take(self, size: int) -> B | None:
        """Return the smallest free buffer with room for `size` bytes, else a new one; None for a few bytes."""
        if size < _LEAST:
            return None
        best = None
        for k, buffer in enumerate(self.free):
            if size + _LINE <= buffer.size <= _TIMES * size and (best is None or buffer.size < self.free[best].size):
                best = k
        if best is None:
            buffer = self._make(size + _LINE)
            self.bytes += buffer.size
        else:
            buffer = self.free.pop(best)
        self.taken[id(buffer)] = buffer
        return buffer

    def give_back(self, buffer: Any) -> None:
        """Mark a buffer in use as free, and ignore any other; drop the largest free buffers until they fit into `KEPT` bytes."""
        found = self.taken.pop(id(buffer), None)
        if found is None:
            return
        self.free.append(found)
        while sum(kept.size for kept in self.free) > KEPT:
            self.bytes -= self.free.pop(max(range(len(self.free)), key=lambda k: self.free[k].size)).size

    def forget(self) -> None:
        """Leave the buffers in use to their holders."""
        self.bytes -= sum(buffer.size for buffer in self.taken.values())
        self.taken = {}


class BufferPool:
    """Buffers for results, and scratch buffers of each thread."""

    def __init__(self) -> None:
        self._results: Reused[Array] = Reused(fresh)
        self._scratch: list[dict[str, Array]] = []

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised array, in a reused buffer if one is large enough."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        buffer = self._results.take(size)
        return np.empty(shape, dtype) if buffer is None else _aligned(buffer, size, shape, dtype)

    def give_back(self, buffer: Array) -> None:
        """Mark `buffer`, the base of a result that is no longer read, as free; ignore arrays that the pool did not make."""
        self._results.give_back(buffer)

    def scratch(self, thread: int, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised array that belongs to a thread; each call with the same name returns the same memory."""
        while len(self._scratch) <= thread:
            self._scratch.append({})
        kept = self._scratch[thread]
        size = math.prod(shape) * np.dtype(dtype).itemsize
        buffer = kept.get(name)
        if buffer is None or buffer.size < size + _LINE:
            kept.pop(name, None)
            buffer = kept[name] = fresh(size + _LINE)
        return _aligned(buffer, size, shape, dtype)

    def release(self) -> None:
        """Keep the free buffers for the next run; results in use belong to their holders."""
        self._results.forget()
        if sum(buffer.size for kept in self._scratch for buffer in kept.values()) > _SCRATCH:
            self._scratch = []
        _idle[:] = [self]


def fresh(size: int) -> Array:
    """Return new memory of `size` bytes, which goes back to the system when no array refers to it. Only pages in use count."""
    if size < _MAPPED:
        return np.empty(size, np.uint8)
    memory = mmap.mmap(-1, size)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


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
