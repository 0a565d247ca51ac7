"""Threads that share the work of one layer."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from cnncalc.kernels.arrays import Array

#: Numbers of an array that one thread works on before it takes the next piece: a piece and its result stay in a core's cache.
PIECE = 1 << 16


def available_threads() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


_blas: ThreadpoolController | None = None


class Team:
    """`size` threads, the caller's included, which take tasks in turn; BLAS keeps to one thread each while they are at work.

    NumPy lets go of the interpreter in matrix products and in long element-wise loops, which is where the time goes.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = max(1, size if size is not None else available_threads())
        self._pool: ThreadPoolExecutor | None = None
        self._local = threading.local()

    @contextmanager
    def at_work(self) -> Iterator[Team]:
        """Holds BLAS to one thread; ends the other threads, and frees what they kept, at the end."""
        global _blas  # noqa: PLW0603 - looking through the process's libraries takes milliseconds, and they do not change
        if _blas is None:
            _blas = ThreadpoolController()
        with _blas.limit(limits=1, user_api="blas"):
            try:
                yield self
            finally:
                self._local = threading.local()
                if self._pool is not None:
                    self._pool.shutdown()
                    self._pool = None

    def share(self, task: Callable[[int], None], count: int) -> None:
        """Does `task(0)` … `task(count - 1)`, each once, on whichever thread is free; the first exception is raised."""
        helpers = min(self.size, count) - 1
        if helpers < 1:
            with np.errstate(all="ignore"):
                for i in range(count):
                    task(i)
            return
        turns = itertools.count()

        def work() -> None:
            # What overflows is found in the result; the setting belongs to a thread.
            with np.errstate(all="ignore"):
                for i in turns:
                    if i >= count:
                        return
                    task(i)

        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.size - 1, thread_name_prefix="cnncalc")
        others = [self._pool.submit(work) for _ in range(helpers)]
        try:
            work()
        finally:
            for other in others:
                other.result()

    def pieces(self, task: Callable[..., None], *arrays: Array) -> None:
        """Calls `task` on matching pieces of `arrays`, which have the same leading axis; pieces stay in the cache."""
        length = arrays[0].shape[0]
        if length == 0:
            return
        step = max(1, min(-(-length // self.size), PIECE * length // max(1, arrays[0].size)))
        self.share(lambda i: task(*(a[i * step : (i + 1) * step] for a in arrays)), -(-length // step))

    def scratch(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array of this thread's own, with whatever was in it: the same memory at each call with the same name."""
        kept: dict[str, Array] = self._local.__dict__
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        found = kept.get(name)
        if found is None or found.size < size:
            kept.pop(name, None)
            found = kept[name] = np.empty(size, np.uint8)
        whole: Array = found[:size].view(dtype)
        return whole.reshape(shape)
