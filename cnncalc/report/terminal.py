"""Coloured output on a terminal. Only this module imports rich."""

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
"""The style of each role. Colour never carries information alone."""


def segments(rows: Iterable[Row], encoding: str | None = "utf-8") -> Segments:
    """Convert lines to rich's text, which is not parsed as markup, cut or wrapped."""
    found = []
    for row in rows:
        found += [Segment(encodable(inert(part), encoding), STYLES.get(role)) for part, role in row]
        found.append(Segment.line())
    return Segments(found)


def write(rows: Iterable[Row], stream: TextIO) -> None:
    """Print lines with the colours of the terminal, also if the stream is a pipe."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False, force_terminal=True)
    # A problem can be longer than the terminal is wide; rich would cut it at the edge.
    console.print(segments(rows, stream.encoding), end="", crop=False)
    stream.flush()
