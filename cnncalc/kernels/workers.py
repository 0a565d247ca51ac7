"""Threads that share the work of one layer."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from cnncalc.kernels.arrays import Array
from cnncalc.kernels.buffers import Memory, memory
from cnncalc.machine import usable_cores

#: Numbers of an array that one thread works on before it takes the next piece. Threads wait for one another at every call of
#: NumPy, if only for microseconds, so that pieces are as large as a core's cache allows. A thread that is alone takes blocks.
PIECE, BLOCK = 1 << 18, 1 << 16
#: Numbers below which waking another thread takes longer than the work.
ALONE = 1 << 18

#: Length of a product that BLAS adds up in one go, and what a longer one must be a multiple of to be halved evenly.
_SHORT, _EVEN = 256, 32

_blas: ThreadpoolController | None = None


class Workers:
    """`size` threads, the caller's included, which work in one of two ways.

    By tasks: each thread takes tasks of a layer in turn, and BLAS keeps to one thread each while they are at work. NumPy lets go
    of the interpreter in matrix products and in long element-wise loops, which is where the time goes.

    By products: the caller does every task, and BLAS's own threads divide each matrix product. They wait awake, where a thread of
    the interpreter's has to be woken, which takes as long as a small layer; but as long as they do, no other thread finds a core.
    """

    def __init__(self, size: int | None = None, parallel_blas: bool = False) -> None:
        self.size = max(1, size if size is not None else usable_cores())
        self.parallel_blas = parallel_blas
        #: How many threads take tasks.
        self.task_threads = 1 if parallel_blas else self.size
        self._helpers: list[_Helper] = []
        self._local = threading.local()
        self.memory = Memory()

    @contextmanager
    def running(self) -> Iterator[Workers]:
        """Sets the threads of BLAS; ends the other threads at the end."""
        global _blas  # noqa: PLW0603 - looking through the process's libraries takes milliseconds, and they do not change
        if _blas is None:
            _blas = ThreadpoolController().select(user_api="blas")
        self.memory = memory()
        # Those of BLAS's threads that have no core of their own would keep the others waiting.
        with _blas.limit(limits=min(self.size, usable_cores()) if self.parallel_blas else 1):
            try:
                yield self
            finally:
                for helper in self._helpers:
                    helper.end()
                self._helpers = []
                self.memory.keep()

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """The matrix product `a` times `b` into `out`, the same numbers on any number of threads but for rare last digits.

        BLAS adds up long products in parts, whose lengths depend on its threads where they cannot be halved evenly: those it is
        left one thread for.
        """
        inner = a.shape[-1]
        if not self.parallel_blas or self.size == 1 or inner <= _SHORT or inner % _EVEN == 0:
            np.matmul(a, b, out=out)
            return
        assert _blas is not None
        with _blas.limit(limits=1):
            np.matmul(a, b, out=out)

    def parallel_for(self, task: Callable[[int], None], count: int) -> None:
        """Does `task(0)` … `task(count - 1)`, each once, on whichever thread is free; the first exception is raised."""
        helpers = min(self.task_threads, count) - 1
        if helpers < 1:
            for i in range(count):
                task(i)
            return
        while len(self._helpers) < helpers:
            self._helpers.append(_Helper())
        shares = _WorkRanges(count, helpers + 1)

        def work(who: int) -> None:
            self._local.who = who
            # What overflows is found in the result; the setting belongs to a thread.
            with np.errstate(all="ignore"):
                while (i := shares.take(who)) is not None:
                    task(i)

        called = self._helpers[:helpers]
        for who, helper in enumerate(called, start=1):
            helper.start(work, who)
        try:
            work(0)
        finally:
            errors = [helper.wait() for helper in called]
        for error in errors:
            if error is not None:
                raise error

    def parallel_chunks(self, task: Callable[..., None], *arrays: Array) -> None:
        """Calls `task` on matching pieces of `arrays`, which have the same leading axis; pieces stay in the cache."""
        length = arrays[0].shape[0]
        if length == 0:
            return
        size = max(1, arrays[0].size)
        most = BLOCK if self.parallel_blas else PIECE if size >= ALONE else size
        step = max(1, min(-(-length // self.task_threads) if size >= ALONE else length, most * length // size))
        self.parallel_for(lambda i: task(*(a[i * step : (i + 1) * step] for a in arrays)), -(-length // step))

    def balanced_parts(self, count: int, most: int) -> int:
        """Into how many parts `count` pieces of work go, at most `most` in each, so that all threads have as much to do."""
        parts = -(-count // max(1, most))
        return min(count, -(-parts // self.task_threads) * self.task_threads)

    def scratch(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array of this thread's own, with whatever was in it: the same memory at each call with the same name."""
        return self.memory.scratch(getattr(self._local, "who", 0), name, shape, dtype)


class _Helper:
    """A thread that does what it is given. Bare locks call it: to be woken once takes long enough."""

    def __init__(self) -> None:
        self._work: tuple[Callable[[int], None], int] | None = None
        self._error: BaseException | None = None
        self._called, self._done = threading.Lock(), threading.Lock()
        self._called.acquire()
        self._done.acquire()
        self._thread = threading.Thread(target=self._live, name="cnncalc", daemon=True)
        self._thread.start()

    def start(self, work: Callable[[int], None], who: int) -> None:
        """Has `work(who)` done."""
        self._work = (work, who)
        self._called.release()

    def wait(self) -> BaseException | None:
        """Waits until it is done; what went wrong, if anything."""
        self._done.acquire()
        error, self._error = self._error, None
        return error

    def end(self) -> None:
        """Ends the thread, and waits for it."""
        self._work = None
        self._called.release()
        self._thread.join()

    def _live(self) -> None:
        while True:
            self._called.acquire()
            if self._work is None:
                return
            work, who = self._work
            self._work = None
            try:
                work(who)
            except BaseException as error:
                self._error = error
            del work
            self._done.release()


class _WorkRanges:
    """Tasks dealt out in runs: from layer to layer a thread works on the same part of the map, which its core's cache holds.

    Whoever is done takes the last task of the longest run that is left.
    """

    def __init__(self, count: int, task_threads: int) -> None:
        bounds = [count * k // task_threads for k in range(task_threads + 1)]
        self._left = [[first, last] for first, last in itertools.pairwise(bounds)]
        self._lock = threading.Lock()

    def take(self, who: int) -> int | None:
        """The next task for one of the threads, None where all are taken."""
        with self._lock:
            own = self._left[who]
            if own[0] < own[1]:
                own[0] += 1
                return own[0] - 1
            longest = max(self._left, key=lambda run: run[1] - run[0])
            if longest[0] >= longest[1]:
                return None
            longest[1] -= 1
            return longest[1]
