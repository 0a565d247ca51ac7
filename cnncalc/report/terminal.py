"""A table in colour on a terminal; the only file that imports rich."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from cnncalc.report.network.table import Row
from cnncalc.report.plain import encodable, inert

STYLES = {
    "title": Style(bold=True),
    "header": Style(dim=True),
    "tree": Style(dim=True),
    "group": Style(bold=True),
    "kind": Style(),
    "output": Style(color="cyan"),
    "zero": Style(dim=True),
    "error": Style(color="red", bold=True),
    "warning": Style(color="yellow"),
    "unread": Style(color="yellow"),
    "changed": Style(color="cyan"),
    "total": Style(),
    "number": Style(bold=True),
    "note": Style(dim=True),
}
"""How a role looks. Nothing is said by colour alone."""


def segments(rows: Iterable[Row], encoding: str | None = "utf-8") -> Segments:
    """Lines as rich prints them: text is never read as markup, cut or wrapped."""
    found = []
    for row in rows:
        found += [Segment(encodable(inert(part), encoding), STYLES.get(role)) for part, role in row]
        found.append(Segment.line())
    return Segments(found)


def write(rows: Iterable[Row], stream: TextIO) -> None:
    """Print lines with the colours that the terminal has; in a pipe too, for callers that want that."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False, force_terminal=True)
    # Problems are longer than the terminal is wide; rich would cut them at its edge.
    console.print(segments(rows, stream.encoding), end="", crop=False)
    stream.flush()
