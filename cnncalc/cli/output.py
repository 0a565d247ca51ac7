"""What a command says: on a terminal in colour, into a pipe as plain text, problems on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.problem import Problem
    from cnncalc.report.network.table import Row


def width() -> int | None:
    """Cells of the terminal; None into a pipe, where nothing is cut or wrapped."""
    if not _on_terminal():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def say(text: str) -> None:
    """Text on stdout, as it is."""
    from cnncalc.report.plain import write

    write(text, sys.stdout)


def say_rows(rows: Iterable[Row]) -> None:
    """Lines of spans on stdout, coloured where that is a terminal."""
    if _on_terminal():
        from cnncalc.report.terminal import write

        write(rows, sys.stdout)
    else:
        from cnncalc.report.plain import text

        say(text(rows))


def complain(problems: Iterable[Problem]) -> None:
    """Problems on stderr, in their text form."""
    from cnncalc.report import plain
    from cnncalc.report.problems.listing import rows

    plain.write(plain.text(rows(problems)), sys.stderr)


def warn(text: str) -> None:
    """A line on stderr."""
    from cnncalc.report import plain

    plain.write(text + "\n", sys.stderr)


def deliver(text: str, path: str | None) -> None:
    """Text into a file, as a whole or not at all; on stdout without one, or if its name is `-`."""
    if path is None or path == "-":
        say(text)
        return
    from cnncalc.files import write_atomically

    with write_atomically(path) as stream:
        stream.write(text.encode("utf-8"))


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
