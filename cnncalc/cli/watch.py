"""Something drawn anew whenever a file changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import typer

from cnncalc.bundled import resolve
from cnncalc.cli import UNUSABLE, output

#: Seconds between looks at the files: soon enough for an eye, and nothing for a machine.
_EVERY = 0.2
_CLEAR = "\x1b[H\x1b[2J"


def follow(specs: Sequence[str], draw: Callable[[], int]) -> NoReturn:
    """Draws now and after every change of the files, until it is interrupted. A file that is away for a moment is waited for."""
    from cnncalc.problem import SpecError, one_line

    if "-" in specs:
        raise typer.BadParameter("standard input is read once; --watch wants files", param_hint="'--watch'")
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
    """What changes when a file is saved; None while there is none, as between an editor's delete and rename."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
