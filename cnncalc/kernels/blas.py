"""The number of threads that BLAS uses in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import ThreadpoolController

#: The largest block of columns and of the inner dimension that OpenBLAS copies at a time, by bytes per number (Haswell, Zen).
_BLOCK = {4: (320, 320), 8: (512, 256)}
#: Bytes of OpenBLAS's buffer of one thread.
_BUFFER = 32 << 20


def packed_bytes(rows: int, inner: int, columns: int, itemsize: int, divided: bool) -> tuple[int, int]:
    """Return the bytes of each factor that OpenBLAS copies to a thread's buffer for a product rows × inner by inner × columns.

    The buffer stays in memory. The rows are copied only if the columns are more than one block, or if BLAS divides the product
    among threads (`divided`). Source: OpenBLAS, driver/level3/level3.c.
    """
    if min(rows, columns) < 2:
        return 0, 0
    most_columns, most_inner = _BLOCK[itemsize]
    depth = itemsize * _block(inner, most_inner)
    copied = rows if divided or columns > most_columns else 0
    return min(depth * copied, _BUFFER), depth * _block(columns, most_columns)


def _block(size: int, most: int) -> int:
    """Return the size of the first of the blocks into which OpenBLAS divides a dimension."""
    return most if size >= 2 * most else -(-size // 2) if size > most else size


class BlasThreads:
    """Limits on BLAS's threads. The lowest active limit applies; when none is active, BLAS has its original number again.

    Forward passes may run at the same time and end in any order, so none of them may restore the number that it found.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._limits: dict[object, int] = {}
        self._libraries: list[Any] | None = None
        self._original: list[int] = []

    @property
    def used(self) -> bool:
        """Return whether a limit has been set in this process, that is, whether a forward pass has run."""
        return self._libraries is not None

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
