"""Progress on stderr: a bar and a status line. They write nothing if stderr is not a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_CELLS = 30
_WAIT, _EVERY = 0.3, 0.1


def bar(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield the items and draw a bar of how many are done. It appears after 0.3 s and is erased at the end."""
    stream = sys.stderr
    if stream is None or not stream.isatty():
        yield from items
        return
    full, empty = "█░"
    try:
        "█░".encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        full, empty = "#-"
    begun = shown = time.monotonic()
    drawn = False
    try:
        for done, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if now - begun > _WAIT and now - shown > _EVERY:
                shown = now
                drawn = True
                cells = _CELLS * done // total
                left = (now - begun) / done * (total - done)
                stream.write(f"\r{full * cells}{empty * (_CELLS - cells)} {done:,} of {total:,} {what}, {left:.0f} s left\x1b[K")
                stream.flush()
    finally:
        if drawn:
            stream.write("\r\x1b[K")
            stream.flush()


class StatusLine:
    """A line on stderr with the current step, drawn by a thread of its own so that it also appears during one long step.

    It appears after half a second, and is erased when the block ends.
    """

    def __init__(self) -> None:
        self._text = ""
        self._drawn = ""
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> StatusLine:
        if sys.stderr is not None and sys.stderr.isatty():
            self._thread = threading.Thread(target=self._draw, name="cnncalc status", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is None:
            return
        self._end.set()
        self._thread.join()
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def show(self, text: str) -> None:
        """Set the text of the line."""
        self._text = text

    def _draw(self) -> None:
        import shutil

        from cnncalc.report.network.table import shortened
        from cnncalc.report.plain import encodable

        wait = 0.5
        while not self._end.wait(wait):
            wait = _EVERY
            text = self._text
            if text and text != self._drawn:
                self._drawn = text
                line = shortened(text, shutil.get_terminal_size().columns - 1)
                sys.stderr.write("\r\x1b[K" + encodable(line, sys.stderr.encoding))
                sys.stderr.flush()
