"""A plain grid of cells below a header, for tables other than a network's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import zip_longest

from cnncalc.problem import one_line
from cnncalc.report.network.table import GAP, Row, broken, cells_of, cut

#: Preferred least width of a wrapped column, in cells.
_KEPT = 16


def grid(
    header: Sequence[str],
    table: Sequence[Sequence[str]],
    *,
    right: Collection[str] = (),
    roles: Sequence[str] = (),
    width: int | None = None,
    spare: Sequence[str] = (),
    whole: Collection[str] = (),
    prose: Collection[str] = (),
) -> list[Row]:
    """The lines of a table whose columns are as wide as their widest cell; the columns `right` are right-aligned.

    `roles` holds the role of each line. If `width` is too small, columns in `spare` are left out in their order and named below
    the table, then the others are wrapped, except those in `right` and `whole`. Columns in `prose` are cut instead of wrapped.
    """
    body = [[one_line(cell) for cell in line] for line in [header, *table]]
    columns = list(range(len(header)))
    hidden: list[str] = []
    widths = [max(map(cells_of, column)) for column in zip(*body, strict=True)]
    if width is not None:
        fixed = {*right, *spare, *whole}
        for name in spare:
            if _least(header, widths, columns, fixed) <= width:
                break
            if name in header:
                hidden.append(name)
                columns.remove(list(header).index(name))
        _narrow(header, widths, columns, fixed, width)
    rows: list[Row] = []
    for number, line in enumerate(body):
        role = "header" if number == 0 else roles[number - 1] if number <= len(roles) else ""
        cells = [[cut(line[i], widths[i])] if header[i] in prose else broken(line[i], widths[i]) for i in columns]
        for parts in zip_longest(*cells, fillvalue=""):
            texts = [_padded(part, widths[i], header[i] in right) for part, i in zip(parts, columns, strict=True)]
            rows.append([((" " * GAP).join(texts).rstrip(), role)])
    if hidden:
        note = f"no room for {', '.join(hidden)}: a wider terminal or a pipe shows more"
        rows += [[(part, "note")] for part in broken(note, width or len(note))]
    return rows


def _least(header: Sequence[str], widths: list[int], columns: list[int], fixed: Collection[str]) -> int:
    sizes = [widths[i] if header[i] in fixed else min(widths[i], _KEPT) for i in columns]
    return sum(sizes) + GAP * (len(columns) - 1)


def _narrow(header: Sequence[str], widths: list[int], columns: list[int], fixed: Collection[str], width: int) -> None:
    """Narrow the widest column that may be wrapped by one cell until the table fits."""
    loose = [i for i in columns if header[i] not in fixed]
    while loose and sum(widths[i] for i in columns) + GAP * (len(columns) - 1) > width:
        widest = max(loose, key=lambda i: widths[i])
        if widths[widest] <= 4:
            break
        widths[widest] -= 1


def _padded(text: str, size: int, right: bool) -> str:
    blank = " " * (size - cells_of(text))
    return blank + text if right else text + blank
