"""A plain grid of cells below a header, for whatever is not a network's own table."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cnncalc.problem import one_line
from cnncalc.report.network.table import GAP, Row, cells_of, shortened


def grid(
    header: Sequence[str],
    table: Sequence[Sequence[str]],
    *,
    right: Collection[str] = (),
    roles: Sequence[str] = (),
    width: int | None = None,
    spare: Sequence[str] = (),
    prose: Collection[str] = (),
) -> list[Row]:
    """Lines with every column as wide as its widest cell; those named in `right` stand on the right.

    `roles` gives a line of the table its role. With `width` the columns on the left are cut, `prose` at the end and the others in
    the middle; where that is not enough the columns in `spare`, which are never cut, are left out, the first one first, and named
    below.
    """
    body = [[one_line(cell) for cell in line] for line in [header, *table]]
    columns = list(range(len(header)))
    hidden: list[str] = []
    widths = [max(map(cells_of, column)) for column in zip(*body, strict=True)]
    if width is not None:
        left = list(spare)
        whole = {*right, *spare}
        while _least(header, widths, columns, whole) > width and left:
            name = left.pop(0)
            if name in header:
                hidden.append(name)
                columns.remove(list(header).index(name))
        _narrow(header, widths, columns, whole, width)
    rows: list[Row] = []
    for number, line in enumerate(body):
        role = "header" if number == 0 else roles[number - 1] if number <= len(roles) else ""
        cells = [_cell(line[i], widths[i], header[i] in right, header[i] in prose) for i in columns]
        rows.append([((" " * GAP).join(cells).rstrip(), role)])
    if hidden:
        rows.append([(f"no room for {', '.join(hidden)}: a wider terminal or a pipe shows more", "note")])
    return rows


#: What a column on the left keeps at least.
_KEPT = 16


def _least(header: Sequence[str], widths: list[int], columns: list[int], whole: Collection[str]) -> int:
    sizes = [widths[i] if header[i] in whole else min(widths[i], _KEPT) for i in columns]
    return sum(sizes) + GAP * (len(columns) - 1)


def _narrow(header: Sequence[str], widths: list[int], columns: list[int], whole: Collection[str], width: int) -> None:
    """Takes cells from the widest column on the left, again and again."""
    loose = [i for i in columns if header[i] not in whole]
    while loose and sum(widths[i] for i in columns) + GAP * (len(columns) - 1) > width:
        widest = max(loose, key=lambda i: widths[i])
        if widths[widest] <= 4:
            break
        widths[widest] -= 1


def _cell(text: str, size: int, right: bool, prose: bool) -> str:
    if prose and cells_of(text) > size:
        while cells_of(text) >= size:
            text = text[:-1]
        text += "…"
    short = shortened(text, size)
    blank = " " * (size - cells_of(short))
    return blank + short if right else short + blank
