"""The number of threads that BLAS uses in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController


class BlasThreads:
    """Limits on BLAS's threads. The lowest active limit applies; when none is active, BLAS has its original number again.

    Forward passes may run at the same time and end in any order, so none of them may restore the number that it found.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._limits: dict[object, int] = {}
        self._libraries: list[Any] | None = None
        self._original: list[int] = []

    @contextmanager
    def limited(self, threads: int) -> Iterator[None]:
        """Let BLAS use at most `threads` threads inside the block."""
        key = object()
        try:
            with self._lock:
                self._limits[key] = threads
                self._update()
            yield
        finally:
            with self._lock:
                self._limits.pop(key, None)
                self._update()

    def _update(self) -> None:
        if self._libraries is None:
            # Finding BLAS among the process's libraries takes milliseconds.
            self._libraries = list(ThreadpoolController().select(user_api="blas").lib_controllers)
        if not self._limits:
            for library, threads in zip(self._libraries, self._original, strict=False):
                library.set_num_threads(threads)
            self._original = []
            return
        if not self._original:
            self._original = [library.num_threads for library in self._libraries]
        lowest = min(self._limits.values())
        for library in self._libraries:
            if library.num_threads != lowest:
                library.set_num_threads(lowest)


blas_threads = BlasThreads()
