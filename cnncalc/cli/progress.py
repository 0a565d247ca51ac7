"""A bar on stderr while something long goes on; nothing where that is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_CELLS = 30
_WAIT, _EVERY = 0.3, 0.1


def bar(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Passes the items on and counts them; it shows itself only when it takes longer than a moment, and cleans up behind it."""
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
