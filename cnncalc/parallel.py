"""One map over many items, in this process or in several: results in the order of the items, lost processes noticed."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
R = TypeVar("R")

#: Seconds of work to send to a process at once: long against the cost of a message, short against the wait at the end.
CHUNK_SECONDS = 0.05
#: Chunks that may be finished before an earlier one, per process: memory stays flat however long one item takes.
_AHEAD = 32
#: The number of tries of an item whose process disappears.
_TRIES = 2
#: New objects after which a worker looks for garbage.
_COLLECTED = 50_000
#: Seconds that a process gets to clean up before it is killed.
_GRACE = 2.0


class WorkerLost(RuntimeError):
    """A worker process disappeared while it computed an item, twice."""


def parallel_map(
    function: Callable[[T], R], items: Iterable[T], processes: int, *, lost: Callable[[T], R] | None = None
) -> Iterator[R]:
    """Yield `function(item)` for each item, in order; `function` and the results must pickle.

    Items are read as they are needed, so they may come from a generator. If a worker process is killed, its items are
    computed again in a new one; an item whose worker is killed twice yields `lost(item)`, or raises WorkerLost without `lost`.
    An exception of `function` is raised here. Workers end when this process ends, however it ends.
    """
    if processes <= 1:
        yield from map(function, items)
        return
    with _Pool(function, processes) as pool:
        yield from pool.run(items, lost)


class _Chunk(Generic[T]):
    """Consecutive items; `tries` counts the workers that disappeared with it."""

    __slots__ = ("items", "number", "started", "tries")

    def __init__(self, number: tuple[int, ...], items: list[T], tries: int = 0) -> None:
        self.number = number
        self.items = items
        self.tries = tries
        self.started = 0.0


class _Worker:
    """A process and this side of the pipe to it."""

    def __init__(self, context: BaseContext, function: Callable[[Any], Any], others: list[Connection]) -> None:
        self.connection, theirs = context.Pipe()
        inherited = [self.connection, *others] if context.get_start_method() == "fork" else []
        process = context.Process(target=_work, args=(function, theirs, inherited), daemon=True)  # type: ignore[attr-defined]  # every context has it
        self.process: BaseProcess = process
        self.chunk: _Chunk[Any] | None = None
        process.start()
        theirs.close()

    def send(self, chunk: _Chunk[Any]) -> None:
        self.chunk = chunk
        chunk.started = time.monotonic()
        # If the process is gone, `wait` reports it.
        with contextlib.suppress(OSError):
            self.connection.send(chunk.items)


class _Pool(Generic[T, R]):
    """Worker processes that each compute a chunk at a time. Pipes alone connect them: no shared memory, no semaphores."""

    def __init__(self, function: Callable[[T], R], processes: int) -> None:
        import multiprocessing

        # A forked process has all modules loaded; elsewhere than on Linux, and beside threads, forking is not safe.
        forks = sys.platform == "linux" and threading.active_count() == 1
        self._context = multiprocessing.get_context("fork" if forks else "spawn")
        self._function = function
        self._processes = processes
        self._workers: list[_Worker] = []
        self._size = 1

    def __enter__(self) -> _Pool[T, R]:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.connection.close()
            if worker.chunk is not None:
                worker.process.terminate()
        limit = time.monotonic() + _GRACE
        for worker in self._workers:
            worker.process.join(max(0.0, limit - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def run(self, items: Iterable[T], lost: Callable[[T], R] | None) -> Iterator[R]:
        numbers = itertools.count()
        source = iter(items)
        retry: deque[_Chunk[T]] = deque()
        #: Chunks whose results have not been yielded, in order, and the results of those that are finished.
        order: deque[tuple[int, ...]] = deque()
        finished: dict[tuple[int, ...], list[R]] = {}
        exhausted = False
        while True:
            while (retry or len(order) < _AHEAD * self._processes) and (worker := self._idle()) is not None:
                if retry:
                    worker.send(retry.popleft())
                    continue
                chunk = None if exhausted else list(itertools.islice(source, self._size))
                if not chunk:
                    exhausted = True
                    break
                number = (next(numbers),)
                order.append(number)
                worker.send(_Chunk(number, chunk))
            while order and order[0] in finished:
                yield from finished.pop(order.popleft())
            if not order:
                if exhausted:
                    return
                if not self._workers:
                    # No process can be started: this one does the work.
                    yield from map(self._function, source)
                    return
                continue
            if not self._workers:
                self._alone(retry, finished)
                continue
            for worker in self._ready():
                self._collect(worker, order, finished, retry, lost)

    def _idle(self) -> _Worker | None:
        """A worker that has nothing to do, started if there are fewer than wanted; None if all are busy."""
        for worker in self._workers:
            if worker.chunk is None:
                return worker
        if len(self._workers) >= self._processes:
            return None
        try:
            worker = _Worker(self._context, self._function, [other.connection for other in self._workers])
        except OSError:
            # The system allows no further process.
            self._processes = len(self._workers)
            return None
        self._workers.append(worker)
        return worker

    def _ready(self) -> list[_Worker]:
        """Workers that have sent something or are gone."""
        from multiprocessing.connection import wait

        busy = [worker for worker in self._workers if worker.chunk is not None]
        ready = wait([worker.connection for worker in busy])
        return [worker for worker in busy if worker.connection in ready]

    def _collect(
        self,
        worker: _Worker,
        order: deque[tuple[int, ...]],
        finished: dict[tuple[int, ...], list[R]],
        retry: deque[_Chunk[T]],
        lost: Callable[[T], R] | None,
    ) -> None:
        chunk = worker.chunk
        assert chunk is not None
        try:
            done, value = worker.connection.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            worker.connection.close()
            worker.process.join()
            self._again(chunk, order, finished, retry, lost)
            return
        worker.chunk = None
        if not done:
            raise value
        finished[chunk.number] = value
        each = (time.monotonic() - chunk.started) / len(chunk.items)
        self._size = max(1, min(2 * self._size, int(CHUNK_SECONDS / each) if each > 0 else 2 * self._size))

    def _again(
        self,
        chunk: _Chunk[T],
        order: deque[tuple[int, ...]],
        finished: dict[tuple[int, ...], list[R]],
        retry: deque[_Chunk[T]],
        lost: Callable[[T], R] | None,
    ) -> None:
        """Put the items of a lost worker back, each for itself; give up on one that was lost before."""
        if len(chunk.items) == 1 and chunk.tries + 1 >= _TRIES:
            if lost is None:
                raise WorkerLost("a worker process was killed, perhaps for lack of memory")
            finished[chunk.number] = [lost(chunk.items[0])]
            return
        tries = chunk.tries + 1 if len(chunk.items) == 1 else 0
        parts = [_Chunk((*chunk.number, i), [item], tries) for i, item in enumerate(chunk.items)]
        place = order.index(chunk.number)
        del order[place]
        for i, part in enumerate(parts):
            order.insert(place + i, part.number)
        retry.extend(parts)

    def _alone(self, retry: deque[_Chunk[T]], finished: dict[tuple[int, ...], list[R]]) -> None:
        """Compute here what no worker can be started for."""
        while retry:
            chunk = retry.popleft()
            finished[chunk.number] = [self._function(item) for item in chunk.items]


def _work(function: Callable[[Any], Any], connection: Connection, inherited: list[Connection]) -> None:
    """A worker: receives lists of items, sends lists of results, until the other side goes away."""
    import gc

    # An interrupt is the parent's business; SIGTERM unwinds, so that half-written files are removed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    for other in inherited:
        other.close()
    threading.Thread(target=_follow_parent, daemon=True).start()
    # Everything that exists now stays: the collector need not look through it again and again. It runs once for the garbage
    # of many items, which takes less time than a run after every item.
    gc.freeze()
    gc.set_threshold(_COLLECTED)
    try:
        while True:
            items = connection.recv()
            try:
                answer: tuple[bool, Any] = True, [function(item) for item in items]
            except Exception as error:
                answer = False, error
            connection.send(answer)
    except (EOFError, OSError):
        pass


def _leave(*_: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _follow_parent() -> None:
    """End this process soon after its parent has ended, even if it is busy."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)
