"""Threads that divide the work of one layer."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType
from typing import Any

import numpy as np

from cnncalc.kernels.arrays import Array
from cnncalc.kernels.blas import blas_threads
from cnncalc.kernels.buffers import BufferPool, acquire_pool
from cnncalc.machine import usable_cores

#: Numbers in the chunk of an array that one thread works on at a time. NumPy holds the interpreter lock for microseconds at each
#: call, so that chunks are as large as a core's cache allows. A thread that works alone takes the smaller blocks.
CHUNK, BLOCK = 1 << 18, 1 << 16
#: Numbers below which waking another thread takes longer than the work.
ALONE = 1 << 18

#: Longest inner dimension that BLAS sums in one pass; a longer one is split evenly only if it is a multiple of `_EVEN`.
_SHORT, _EVEN = 256, 32


def balanced_parts(count: int, most: int, threads: int) -> int:
    """Return how many parts `count` items make with at most `most` items each, rounded up so that all threads get as many."""
    parts = -(-count // max(1, most))
    return min(count, -(-parts // threads) * threads)


class Workers:
    """`size` threads, the caller's included, that work in one of two ways.

    Task threads (`parallel_blas` false): each thread takes tasks of a layer in turn, and BLAS uses one thread in each. NumPy
    releases the interpreter lock in matrix products and long element-wise loops, where most of the time goes.

    Parallel BLAS: the caller does every task, and BLAS's own threads divide each matrix product. BLAS's threads wait in a busy
    loop, whereas waking a Python thread takes as long as a small layer; but while they wait, no other thread gets their cores.
    """

    def __init__(self, size: int | None = None, parallel_blas: bool = False) -> None:
        self.size = max(1, size if size is not None else usable_cores())
        self.parallel_blas = parallel_blas
        #: Threads that take tasks.
        self.task_threads = 1 if parallel_blas else self.size
        self.buffers = BufferPool()
        self._threads: list[_WorkerThread] = []
        self._local = threading.local()
        self._interrupt = _Interrupt()

    @contextmanager
    def running(self) -> Iterator[Workers]:
        """Limit the threads of BLAS inside the block; restore them, and end the worker threads, when the block ends."""
        self.buffers = acquire_pool()
        # A BLAS thread without a core of its own would keep the others waiting.
        limit = min(self.size, usable_cores()) if self.parallel_blas else 1
        with self._interrupt, blas_threads.limited(limit):
            try:
                yield self
            finally:
                for thread in self._threads:
                    thread.stop()
                for thread in self._threads:
                    thread.join()
                self._threads = []
                self.buffers.release()

    def check_interrupt(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        self._interrupt.check()

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """Write the matrix product of `a` and `b` to `out`; the result does not depend on the number of threads.

        BLAS sums a long inner dimension in parts. The lengths of these parts depend on the number of threads if the dimension
        cannot be split evenly; such products are computed on one thread. (Rare last digits still differ.)
        """
        inner = a.shape[-1]
        if not self.parallel_blas or self.size == 1 or inner <= _SHORT or inner % _EVEN == 0:
            np.matmul(a, b, out=out)
            return
        with blas_threads.limited(1):
            np.matmul(a, b, out=out)

    def parallel_for(self, task: Callable[[int], None], count: int) -> None:
        """Call `task(0)` … `task(count - 1)`, each once, on the threads; raise the first exception of a task."""
        helpers = min(self.task_threads, count) - 1
        if helpers < 1:
            for i in range(count):
                task(i)
                self._interrupt.check()
            return
        while len(self._threads) < helpers:
            self._threads.append(_WorkerThread())
        ranges = _WorkRanges(count, helpers + 1)

        def work(index: int) -> None:
            self._local.index = index
            # Overflow shows in the result. NumPy's error state belongs to a thread.
            with np.errstate(all="ignore"):
                while not self._interrupt.pending and (i := ranges.take(index)) is not None:
                    task(i)

        finished: SimpleQueue[BaseException | None] = SimpleQueue()
        started = 0
        errors: list[BaseException | None] = []
        try:
            for index, thread in enumerate(self._threads[:helpers], start=1):
                thread.start_work(work, index, finished)
                started += 1
            work(0)
        except BaseException:
            ranges.cancel()
            raise
        finally:
            errors += [finished.get() for _ in range(started)]
        for error in errors:
            if error is not None:
                raise error
        self._interrupt.check()

    def parallel_chunks(self, task: Callable[..., None], *arrays: Array) -> None:
        """Call `task` on matching chunks of `arrays`, which have the same leading axis; a chunk fits into a core's cache."""
        length = arrays[0].shape[0]
        if length == 0:
            return
        size = max(1, arrays[0].size)
        most = BLOCK if self.parallel_blas else CHUNK if size >= ALONE else size
        step = max(1, min(-(-length // self.task_threads) if size >= ALONE else length, most * length // size))
        self.parallel_for(lambda i: task(*(a[i * step : (i + 1) * step] for a in arrays)), -(-length // step))

    def balanced_parts(self, count: int, most: int) -> int:
        """Return how many parts `count` items make for these threads."""
        return balanced_parts(count, most, self.task_threads)

    def scratch(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an uninitialised array that belongs to this thread; each call with the same name returns the same memory."""
        return self.buffers.scratch(getattr(self._local, "index", 0), name, shape, dtype)


class _Interrupt:
    """Delays Ctrl-C in the main thread until no thread works, so that threads and BLAS are always restored.

    A second Ctrl-C raises KeyboardInterrupt at once. A handler other than Python's own is left alone.
    """

    def __init__(self) -> None:
        self.pending = False
        self._installed = False

    def __enter__(self) -> None:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
            self._installed = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._installed:
            self._installed = False
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None:
            self.check()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.pending:
            raise KeyboardInterrupt
        self.pending = True

    def check(self) -> None:
        """Raise KeyboardInterrupt if it is pending."""
        if self.pending:
            raise KeyboardInterrupt


Work = Callable[[int], None]


class _WorkerThread:
    """A thread that does the work it is sent, until it is stopped."""

    def __init__(self) -> None:
        self._inbox: SimpleQueue[tuple[Work, int, SimpleQueue[BaseException | None]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="cnncalc", daemon=True)
        self._thread.start()

    def start_work(self, work: Work, index: int, finished: SimpleQueue[BaseException | None]) -> None:
        """Call `work(index)` in the thread; then put its exception, or None, into `finished`."""
        self._inbox.put((work, index, finished))

    def stop(self) -> None:
        """End the thread after its current work."""
        self._inbox.put(None)

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _loop(self) -> None:
        while (item := self._inbox.get()) is not None:
            work, index, finished = item
            error: BaseException | None = None
            try:
                work(index)
            except BaseException as raised:
                error = raised
            # A reference to the work would keep its arrays alive while the thread waits.
            del item, work
            finished.put(error)
            del error, finished


class _WorkRanges:
    """Tasks divided into one range per thread; a thread whose range is empty takes the last task of the longest range.

    From layer to layer a thread works on the same part of the map, which is in its core's cache.
    """

    def __init__(self, count: int, threads: int) -> None:
        bounds = [count * k // threads for k in range(threads + 1)]
        self._left = [[first, last] for first, last in itertools.pairwise(bounds)]
        self._lock = threading.Lock()

    def take(self, index: int) -> int | None:
        """Return the next task for a thread, None if all are taken."""
        with self._lock:
            own = self._left[index]
            if own[0] < own[1]:
                own[0] += 1
                return own[0] - 1
            longest = max(self._left, key=lambda run: run[1] - run[0])
            if longest[0] >= longest[1]:
                return None
            longest[1] -= 1
            return longest[1]

    def cancel(self) -> None:
        """Take all tasks that are left."""
        with self._lock:
            for own in self._left:
                own[0] = own[1]
