"""Rows of a network's table that the shell prints after a change."""

from __future__ import annotations

from collections.abc import Collection

from cnncalc.report.network.columns import choose
from cnncalc.report.network.columns.base import Whole
from cnncalc.report.network.lines import Line, Lines
from cnncalc.report.network.table import MARKS, Row, branch, cells_of, shortened
from cnncalc.subject import Subject

#: Widths of name, kind, output and parameters in cells, fixed so that consecutive answers align.
_WIDTHS = (18, 34, 14, 12)


def rows(subject: Subject, names: Collection[str], width: int | None) -> list[Row]:
    """The lines of the top-level rows `names`, with the layers inside them."""
    lines = [line for line in Lines(subject).tree() if not line.is_input and _top(line, names)]
    loose = _WIDTHS[1]
    if width is not None:
        loose = max(12, min(loose, width - sum(_WIDTHS) + _WIDTHS[1] - 8))
    return [_row(line, Whole(subject), (_WIDTHS[0], loose, *_WIDTHS[2:])) for line in lines]


def _top(line: Line, names: Collection[str]) -> bool:
    return line.name in names or any(line.name.startswith(f"{name}.") for name in names)


def _row(line: Line, whole: Whole, widths: tuple[int, ...]) -> Row:
    cells = [column.cell(line, whole) for column in choose() if column.shown]
    name = branch(line.stem) + cells[0]
    shown = [shortened(text, size).ljust(size) for text, size in zip((name, *cells[1:3]), widths, strict=False)]
    number = cells[3].rjust(widths[3])
    # A cell wider than its column moves the cells after it: numbers are never cut.
    shown = [text + " " * max(0, size - cells_of(text)) for text, size in zip(shown, widths, strict=False)]
    return [(f"{MARKS.get(line.mark, ' ')} ", line.mark), (f"{'  '.join(shown)}  {number}".rstrip(), "")]
