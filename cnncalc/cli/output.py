"""Output of commands: coloured on a terminal, plain text in a pipe, problems on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.problem import Problem
    from cnncalc.report.network.table import Row

#: Lines that are written at a time: a table can have 200,000.
_PIECE = 1000


class PipeClosed(Exception):
    """The reader of the pipe has closed it. Typer would turn a BrokenPipeError into an exit status of its own."""


def width() -> int | None:
    """Columns of the terminal; None in a pipe, where nothing is cut or wrapped."""
    if not _on_terminal():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def coloured() -> bool:
    """Whether output is coloured: on a terminal, and in a pipe if FORCE_COLOR asks for it; never with NO_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0", "false"):
        return sys.stdout is not None
    return _on_terminal() and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """Write text to stdout unchanged."""
    from cnncalc.report.plain import write

    write(text, sys.stdout)


def say_rows(rows: Iterable[Row]) -> None:
    """Write lines of spans to stdout, with colours if `coloured()`."""
    say_pieces(iter(rows))


def say_pieces(pieces: Iterator[str | Row]) -> None:
    """Write a long output in parts: pieces of text unchanged, lines of spans with colours if `coloured()`."""
    while many := list(islice(pieces, _PIECE)):
        texts: list[str] = []
        rows: list[Row] = []
        for piece in many:
            if isinstance(piece, str):
                texts.append(piece)
            else:
                rows.append(piece)
        if texts:
            say("".join(texts))
        elif coloured():
            from cnncalc.report.terminal import write

            write(rows, sys.stdout)
        else:
            from cnncalc.report.plain import inert, text

            say(inert(text(rows)))


def complain(problems: Iterable[Problem]) -> None:
    """Write problems to stderr in the text format."""
    from cnncalc.report import plain
    from cnncalc.report.problems.listing import rows

    plain.write(plain.inert(plain.text(rows(problems))), sys.stderr)


def warn(text: str) -> None:
    """Write a line to stderr."""
    from cnncalc.report import plain

    plain.write(text + "\n", sys.stderr)


def deliver(text: str, path: str | None) -> None:
    """Write text to a file, completely or not at all; to stdout if `path` is None or `-`."""
    if path is None or path == "-":
        say(text)
        return
    from cnncalc.files import write_atomically

    with write_atomically(path) as stream:
        stream.write(text.encode("utf-8"))


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
