"""Rows of a network's table that the shell prints after a change."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cnncalc.report.network.columns import choose
from cnncalc.report.network.columns.base import Whole
from cnncalc.report.network.lines import Line, Lines
from cnncalc.report.network.table import LEAST, MARKS, Row, branch, broken, cells_of
from cnncalc.subject import Subject

#: Widths of name, kind, output and parameters in cells, fixed so that consecutive answers align.
_WIDTHS = (18, 34, 14, 12)


def rows(subject: Subject, names: Collection[str], width: int | None) -> list[Row]:
    """The lines of the top-level rows `names`, with the layers inside them."""
    whole = Whole(subject)
    lines = [line for line in Lines(subject).tree() if not line.is_input and _top(line, names)]
    loose = _WIDTHS[1]
    if width is not None:
        loose = max(12, min(loose, width - sum(_WIDTHS) + _WIDTHS[1] - 8))
    return [row for line in lines for row in _rows(line, whole, (_WIDTHS[0], loose, *_WIDTHS[2:]))]


def _top(line: Line, names: Collection[str]) -> bool:
    return line.name in names or any(line.name.startswith(f"{name}.") for name in names)


def _rows(line: Line, whole: Whole, widths: tuple[int, ...]) -> Iterator[Row]:
    """The line of a layer, and more lines if its name or its hyper-parameters are longer than their columns."""
    name, kind, gives, number = [column.cell(line, whole) for column in choose() if column.shown]
    stem = branch(line.stem)
    # A shape wider than its column moves the number behind it: neither is ever cut.
    columns = [broken(name, max(LEAST, widths[0] - len(stem))), broken(kind, widths[1]), [gives], [number.rjust(widths[3])]]
    columns[0] = [(stem if i == 0 else " " * len(stem)) + part for i, part in enumerate(columns[0])]
    for i in range(max(map(len, columns))):
        parts = [parts[i] if i < len(parts) else "" for parts in columns]
        shown = [text + " " * max(0, size - cells_of(text)) for text, size in zip(parts, widths, strict=True)]
        yield [(f"{MARKS.get(line.mark, ' ') if i == 0 else ' '} ", line.mark), ("  ".join(shown).rstrip(), "")]
