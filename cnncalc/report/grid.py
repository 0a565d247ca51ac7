"""A plain grid of cells below a header, for whatever is not a network's own table."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cnncalc.problem import one_line
from cnncalc.report.table import GAP, Row, cells_of, shortened


def grid(
    header: Sequence[str],
    table: Sequence[Sequence[str]],
    *,
    right: Collection[str] = (),
    roles: Sequence[str] = (),
    width: int | None = None,
) -> list[Row]:
    """Lines with every column as wide as its widest cell; those named in `right` stand on the right.

    `roles` gives a line of the table its role. With `width` the widest column on the left is cut in the middle.
    """
    body = [[one_line(cell) for cell in line] for line in table]
    widths = [max(map(cells_of, column)) for column in zip(header, *body, strict=True)]
    if width is not None:
        lacking = sum(widths) + GAP * (len(widths) - 1) - width
        loose = [i for i, name in enumerate(header) if name not in right]
        if lacking > 0 and loose:
            widest = max(loose, key=lambda i: widths[i])
            widths[widest] = max(widths[widest] - lacking, 8)
    rows: list[Row] = []
    for number, line in enumerate([list(header), *body]):
        role = "header" if number == 0 else roles[number - 1] if number <= len(roles) else ""
        cells = []
        for name, cell, size in zip(header, line, widths, strict=True):
            short = shortened(cell, size)
            blank = " " * (size - cells_of(short))
            cells.append(blank + short if name in right else short + blank)
        rows.append([((" " * GAP).join(cells).rstrip(), role)])
    return rows
