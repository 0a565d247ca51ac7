r"""A network as a LaTeX table with the rules of booktabs, to be put into a paper with \input."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.report import words
from cnncalc.report.network import footer
from cnncalc.report.network.columns.base import Column, Whole
from cnncalc.report.network.formats import Request
from cnncalc.report.network.lines import Lines
from cnncalc.report.network.memory import Figures
from cnncalc.report.network.table import MARKS
from cnncalc.report.picture.formats.tikz import escaped
from cnncalc.subject import Subject

FOLDS = True
INCLUDES_PROBLEMS = False

#: Largest number of rows on one page; a longer table is a longtable.
_PAGE = 45


def write(request: Request) -> str:
    return request.joined(text)


def text(subject: Subject, columns: Sequence[Column], *, depth: int | None = None, figures: Figures | None = None) -> str:
    """The table and its totals, below a comment that names the packages it needs."""
    shown = [column for column in columns if column.shown]
    figures = figures or Figures.of(subject)
    whole = Whole(subject, figures.memory)
    rows = []
    for line in Lines(subject, depth).tree():
        cells = [escaped(column.cell(line, whole)) for column in shown]
        mark = f"{escaped(MARKS[line.mark])} " if line.mark else ""
        name = rf"\textbf{{{cells[0]}}}" if line.is_group else cells[0]
        cells[0] = r"\quad " * len(line.stem) + mark + name
        rows.append(_row(cells))
    # Totals span the columns from the first right-aligned one to the last.
    place = next((i for i, column in enumerate(shown) if column.right), len(shown) - 1)
    left, right = rf"\multicolumn{{{place}}}{{l}}", rf"\multicolumn{{{len(shown) - place}}}{{r}}"
    totals = [
        _row([f"{left}{{{escaped(total.label or total.name)}}}", f"{right}{{{escaped(total.text)}}}"])
        for total in footer.totals(subject, figures)
    ]
    head = _row([rf"\textbf{{{escaped(column.title)}}}" for column in shown])
    align = "".join("r" if column.right else "l" for column in shown)
    breaks = len(rows) + len(totals) > _PAGE
    environment = "longtable" if breaks else "tabular"
    packages = "booktabs, longtable and textcomp" if breaks else "booktabs and textcomp"
    return "\n".join(
        [
            f"% {escaped(words.sentence(subject.name))}. Needs the packages {packages}, and fontenc with T1.",
            rf"\begin{{{environment}}}{{{align}}}",
            r"\toprule",
            head,
            r"\midrule",
            *([r"\endhead"] if breaks else []),
            *rows,
            r"\midrule",
            *totals,
            r"\bottomrule",
            rf"\end{{{environment}}}",
            "",
        ]
    )


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
