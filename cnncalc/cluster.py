"""One map over many items on a Dask cluster: results in the order of the items, whatever happens to the workers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

#: Seconds of work in one task: long against what a scheduler spends on it, short against the wait at the end.
TASK_SECONDS = 0.5
#: Tasks in flight for each thread of the cluster, so that no worker waits and memory stays flat.
_AHEAD = 4
#: Seconds to wait for a scheduler that does not answer.
_PATIENCE = 20.0
_LOCAL = "local"


class ClusterError(Exception):
    """The cluster cannot be used: dask is missing, no scheduler answers, or the scheduler went away."""


def cluster_map(
    function: Callable[[T], R],
    items: Iterable[T],
    scheduler: str,
    workers: int | None = None,
    *,
    lost: Callable[[T], R] | None = None,
) -> Iterator[R]:
    """Yield `function(item)` for each item, in order. `scheduler` is an address, or `local` for a cluster of `workers` processes.

    Dask gives the tasks of a lost worker to another one; an item that several workers died of yields `lost(item)`.
    Raises ClusterError if the cluster cannot be used.
    """
    try:
        import distributed
    except ModuleNotFoundError:
        raise ClusterError("a scheduler needs dask: pip install 'cnncalc[dask]'") from None
    import logging

    # Dask logs lost workers and closed connections as errors; those that matter are reported here. Its configuration gives some
    # of its loggers a level of their own.
    for name in ("distributed", *(name for name in logging.root.manager.loggerDict if name.startswith("distributed."))):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    cluster = None
    try:
        if scheduler == _LOCAL:
            try:
                cluster = distributed.LocalCluster(
                    n_workers=workers or _cores(), threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL
                )
            except (OSError, RuntimeError) as error:
                raise ClusterError(f"no local cluster can be started: {str(error).splitlines()[0]}") from None
        elif (fault := _address_fault(scheduler)) is not None:
            # Dask would raise as well, and then wait 40 seconds for the client that it could not make.
            raise ClusterError(f"{scheduler} is no address of a scheduler, such as tcp://host:8786: {fault}")
        try:
            client = distributed.Client(cluster or scheduler, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError, ImportError) as error:
            raise ClusterError(f"no scheduler answers at {scheduler}: {str(error).splitlines()[0]}") from None
        with client:
            yield from _Tasks(client, function, lost).run(iter(items))
    finally:
        if cluster is not None:
            cluster.close()


def _address_fault(address: str) -> str | None:
    """Return why an address cannot be one of a scheduler; None if it can."""
    from distributed.comm.addressing import parse_address, parse_host_port

    try:
        parse_host_port(parse_address(address)[1])
    except ValueError as error:
        return str(error).splitlines()[0]
    return None


def _cores() -> int:
    from cnncalc.machine import usable_cores

    return usable_cores()


def _work(function: Callable[[T], R], items: list[T]) -> tuple[float, list[R]]:
    """The results of one task, and the seconds that it took."""
    import gc

    begin = time.perf_counter()
    gc.disable()
    try:
        results = [function(item) for item in items]
    finally:
        gc.enable()
    return time.perf_counter() - begin, results


class _Tasks:
    """Tasks of consecutive items, submitted as long as few are in flight, and collected in order."""

    def __init__(self, client: Client, function: Callable[[Any], Any], lost: Callable[[Any], Any] | None) -> None:
        self._client = client
        self._function = function
        self._lost = lost
        self._size = 1

    def run(self, items: Iterator[Any]) -> Iterator[Any]:
        waiting: deque[tuple[list[Any], Future[Any]]] = deque()
        most = _AHEAD * max(1, sum(self._threads().values()))
        exhausted = False
        while True:
            while not exhausted and len(waiting) < most:
                chunk = list(islice(items, self._size))
                if not chunk:
                    exhausted = True
                    break
                waiting.append((chunk, self._submit(chunk)))
            if not waiting:
                return
            chunk, future = waiting.popleft()
            yield from self._results(chunk, future)

    def _threads(self) -> dict[str, int]:
        begin = time.monotonic()
        while not (found := dict(self._client.nthreads())):
            if time.monotonic() - begin > _PATIENCE:
                raise ClusterError("the scheduler has no workers")
            time.sleep(0.1)
        return found

    def _submit(self, chunk: list[Any]) -> Future[Any]:
        try:
            # Every task counts, also one that is equal to another.
            return self._client.submit(_work, self._function, chunk, pure=False)
        except Exception as error:
            raise self._gone(error) from None

    def _results(self, chunk: list[Any], future: Future[Any], again: bool = True) -> list[Any]:
        """The results of a task; of one that killed its workers, those of its items one by one.

        An item alone gets a second try: it may only have waited on a worker that another item killed.
        """
        from distributed.scheduler import KilledWorker

        self._wait(future)
        try:
            seconds, results = future.result(timeout=_PATIENCE)
        except KilledWorker:
            if len(chunk) > 1:
                return [one for item in chunk for one in self._results([item], self._submit([item]))]
            if again:
                return self._results(chunk, self._submit(chunk), again=False)
            if self._lost is None:
                raise ClusterError("several workers were killed by the same item, perhaps for lack of memory") from None
            return [self._lost(chunk[0])]
        except Exception as error:
            if future.status == "error":
                raise
            raise self._gone(error) from None
        each = seconds / len(chunk)
        self._size = max(1, min(2 * self._size, int(TASK_SECONDS / each) if each > 0 else 2 * self._size))
        return list(results)

    def _wait(self, future: Future[Any]) -> None:
        """Wait for a task as long as the scheduler is there."""
        away = 0.0
        while not future.done():
            if self._client.status == "running":
                away = 0.0
            else:
                away = away or time.monotonic()
                if time.monotonic() - away > _PATIENCE:
                    raise self._gone(None)
            time.sleep(0.005)

    @staticmethod
    def _gone(error: Exception | None) -> ClusterError:
        # The message of a cancelled task names the task alone.
        reason = f": {str(error).splitlines()[0]}" if isinstance(error, OSError) and str(error) else ""
        return ClusterError(f"the scheduler went away{reason}")
