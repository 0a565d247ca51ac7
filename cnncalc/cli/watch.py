"""Redraw output each time a file changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import typer

from cnncalc.bundled import resolve
from cnncalc.cli import UNUSABLE, output

#: Seconds between checks of the files: quick for the reader, and cheap.
_EVERY = 0.2
_CLEAR = "\x1b[H\x1b[2J"


def follow(specs: Sequence[str], draw: Callable[[], int]) -> NoReturn:
    """Call `draw` now and after each change of the files, until interrupted. A missing file counts as a change."""
    from cnncalc.problem import SpecError, one_line

    if "-" in specs:
        raise typer.BadParameter("standard input can be read only once; --watch needs files", param_hint="'--watch'")
    try:
        files = [resolve(spec) for spec in specs]
    except SpecError as error:
        output.complain(error.problems)
        raise typer.Exit(UNUSABLE) from None
    seen = None
    while True:
        now = [_state(file) for file in files]
        if now != seen:
            if output.width() is not None:
                output.say(_CLEAR)
            elif seen is not None:
                output.say("\n")
            draw()
            if output.width() is not None:
                output.say(f"\nwatching {one_line(', '.join(files))}; Ctrl-C ends\n")
            seen = now
        time.sleep(_EVERY)


def _state(file: str) -> tuple[int, ...] | None:
    """Modification time, size and inode of a file; None while it does not exist, as between an editor's delete and rename."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
