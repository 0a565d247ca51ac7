"""A network as a Markdown table, as GitHub renders it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.network import footer
from cnncalc.report.network.columns.base import Column, Whole
from cnncalc.report.network.formats import Request
from cnncalc.report.network.lines import Lines
from cnncalc.report.network.memory import Figures, short
from cnncalc.report.network.table import MARKS
from cnncalc.subject import Subject

FOLDS = True
INCLUDES_PROBLEMS = True

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_MENTION = re.compile(r"@(?=\w)|#(?=\d)")
_INDENT = "\u00a0\u00a0"


def write(request: Request) -> str:
    return request.joined(text)


def text(subject: Subject, columns: Sequence[Column], *, depth: int | None = None, figures: Figures | None = None) -> str:
    """Title, table, totals and problems. Non-breaking spaces show the nesting."""
    shown = [column for column in columns if column.shown]
    figures = figures or Figures.of(subject)
    whole = Whole(subject, figures.memory)
    rows = [[column.title for column in shown], ["---:" if column.right else "---" for column in shown]]
    for line in Lines(subject, depth).tree():
        cells = [escaped(column.cell(line, whole)) for column in shown]
        mark = f"{escaped(MARKS[line.mark])} " if line.mark else ""
        cells[0] = _INDENT * len(line.stem) + mark + (f"**{cells[0]}**" if line.is_group else cells[0])
        rows.append(cells)
    parts = [f"### {escaped(subject.name)}", *([escaped(words.sentence(subject.description))] if subject.description else [])]
    parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in rows))
    parts.append(
        "\n".join(f"- {t.name}: **{t.text}** ({escaped(t.note)})" for t in footer.totals(subject, figures))
        + f"\n- {escaped(short(subject, figures.memory.dtype))}"
    )
    notes = footer.notes(subject, whole.notes(columns))
    notes += map(str, subject.problems)
    if notes:
        parts.append("\n".join(f"- {escaped(note)}" for note in notes))
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""`text` on one line, escaped for Markdown, so that GitHub reads no mention and no issue number in it.

    >>> escaped("*x*"), escaped("@everyone, see #12")
    ('\\*x\\*', '@&#8203;everyone, see \\#&#8203;12')
    """
    # A backslash does not stop GitHub from reading a mention; a zero-width space does.
    return _MENTION.sub(r"\g<0>&#8203;", _SPECIAL.sub(r"\\\1", one_line(text)))
