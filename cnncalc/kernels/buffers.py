"""Reuses buffers, because fresh memory costs a page fault every few KiB."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from cnncalc.kernels.arrays import Array

#: Bytes of the smallest result whose buffer is reused.
_LEAST = 1 << 16
#: All buffers together may have `_ALWAYS` bytes, or `_SPARE` times the most that were in use at once, if that is more.
_ALWAYS, _SPARE = 32 << 20, 1.25
#: Bytes of free buffers that are kept from one run to the next at most.
_KEPT = 512 << 20
#: A buffer may be so many times larger than needed.
_TIMES = 4
#: Bytes of a cache line; unaligned arrays are slower.
_LINE = 64
#: Bytes from which a buffer is mapped by itself. The allocator keeps freed memory up to 32 MiB per array, and its gaps add up.
_MAPPED = 1 << 20
#: Bytes from which it has huge pages, which are taken whole: 2 MiB each.
_HUGE = 4 << 20
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
        #: Bytes of all buffers, of those in use, and the most in use at the same time, in this run and in the one before.
        self.bytes = self._used = self._most = self._before = 0

    def take(self, size: int) -> B | None:
        """Return the smallest free buffer with room for `size` bytes, else a new one; None for a few bytes."""
        if size < _LEAST:
            return None
        best = None
        for k, buffer in enumerate(self.free):
            if size + _LINE <= buffer.size <= _TIMES * size and (best is None or buffer.size < self.free[best].size):
                best = k
        if best is None:
            self._most = max(self._most, self._used + size + _LINE)
            self._shrink(self._allowed - size - _LINE)
            buffer = self._make(size + _LINE)
            self.bytes += buffer.size
        else:
            buffer = self.free.pop(best)
        self.taken[id(buffer)] = buffer
        self._used += buffer.size
        self._most = max(self._most, self._used)
        return buffer

    def give_back(self, buffer: Any) -> None:
        """Mark a buffer in use as free; ignore any other."""
        found = self.taken.pop(id(buffer), None)
        if found is not None:
            self._used -= found.size
            self.free.append(found)

    def forget(self) -> None:
        """End a run: leave the buffers in use to their holders, and keep the free ones up to a limit."""
        self.bytes -= self._used
        self._before, self._most, self._used = self._most, 0, 0
        self.taken = {}
        self._shrink(min(self._allowed, _KEPT))

    @property
    def _allowed(self) -> int:
        return max(_ALWAYS, int(_SPARE * max(self._most, self._before)))

    def _shrink(self, size: int) -> None:
        """Drop free buffers until all have at most `size` bytes: the smallest first, because large ones take longest to make."""
        while self.free and self.bytes > size:
            self.bytes -= self.free.pop(min(range(len(self.free)), key=lambda k: self.free[k].size)).size


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
            # The old buffer is freed first, so that the new one can take its place.
            buffer = None
            kept.pop(name, None)
            buffer = kept[name] = fresh(size + _LINE)
        return _aligned(buffer, size, shape, dtype)

    @property
    def bytes(self) -> int:
        """Bytes of all its buffers."""
        return self._results.bytes + sum(buffer.size for kept in self._scratch for buffer in kept.values())

    def release(self) -> None:
        """Keep the free buffers for the next run; results in use belong to their holders."""
        self._results.forget()
        if self.bytes - self._results.bytes > _SCRATCH:
            self._scratch = []
        _idle[:] = [self]


def fresh(size: int) -> Array:
    """Return new memory of `size` bytes, which goes back to the system when no array refers to it. Only pages in use count."""
    if size < _MAPPED:
        return np.empty(size, np.uint8)
    # A shared mapping, the default, gets no huge pages.
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
    memory = mmap.mmap(-1, size, **private)
    if size >= _HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def _aligned(buffer: Array, size: int, shape: tuple[int, ...], dtype: Any) -> Array:
    first = -buffer.__array_interface__["data"][0] % _LINE
    found: Array = buffer[first : first + size].view(dtype)
    return found.reshape(shape)


_idle: list[BufferPool] = []


def idle_bytes() -> int:
    """Return the bytes that the last run has left for the next one."""
    return sum(pool.bytes for pool in _idle)


def acquire_pool() -> BufferPool:
    """Return the pool of the last run, or a new one if another run uses it."""
    try:
        return _idle.pop()
    except IndexError:
        return BufferPool()
