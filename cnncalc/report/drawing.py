"""The positions of a window along an axis, drawn with characters: cells, padding, and cells that no window reads."""

from __future__ import annotations

from cnncalc.window import Window

#: A cell that the window reads, a cell between its weights (dilation), and a cell of the input without its number.
READ, SKIPPED, CELL = "■", "·", "□"
#: Largest number of positions drawn.
MOST = 8
#: Width of the remark after cells that are never read.
_NOTE = 12


def drawing(window: Window, size: int, positions: int, width: int) -> list[str]:
    """A line of cells, and a line for each position of the window; empty if `width` is too small for the axis.

    Cells are numbered from 1 if there is room. `p` is padding; `!` marks a cell that no window reads.
    """
    cells = window.before + size + window.after
    last = (positions - 1) * window.stride + window.extent
    total = max(cells, last)
    label = len(str(positions)) + 2
    note = _NOTE if window.unread(size) else 0
    step = next((s for s in (len(str(size)) + 1, 2, 1) if label + total * s + note <= width), 0)
    if not step:
        return []
    numbered = step > len(str(size))
    heads = [_cell(i - window.before, size, cells, i, numbered) for i in range(total)]
    lines = [" " * label + "".join(head.rjust(step) for head in heads)]
    shown = list(range(positions)) if positions <= MOST else [*range(MOST - 2), -1, positions - 1]
    for position in shown:
        if position < 0:
            lines.append("…".rjust(label))
            continue
        marks = [READ if i % window.dilation == 0 else SKIPPED for i in range(window.extent)]
        before = " " * (position * window.stride * step)
        lines.append(str(position + 1).rjust(label) + before + "".join(mark.rjust(step) for mark in marks))
    unread = range(last, window.before + size)
    if unread:
        lines.append(" " * (label + last * step) + "".join("!".rjust(step) for _ in unread) + "  never read")
    return lines


def _cell(place: int, size: int, cells: int, i: int, numbered: bool) -> str:
    """The head of a column: the cell's number, `p` for padding, `-` beyond the end."""
    if 0 <= place < size:
        return str(place + 1) if numbered else CELL
    return "p" if i < cells else "-"
