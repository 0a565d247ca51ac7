"""A network as an HTML table, for notebooks."""

from __future__ import annotations

from cnncalc.problem import one_line
from cnncalc.report.network import footer
from cnncalc.report.network.columns import Whole, choose
from cnncalc.report.network.lines import Line, Lines
from cnncalc.report.network.memory import Figures, short
from cnncalc.report.network.table import MARKS
from cnncalc.subject import Subject

_RIGHT = "text-align:right;font-variant-numeric:tabular-nums"
_LEFT = "text-align:left"


def table(network: Subject) -> str:
    """The table with totals and problems. It stands alone: no style sheet, no script, nothing fetched."""
    columns = [column for column in choose(("macs",)) if column.shown]
    figures = Figures.of(network)
    whole = Whole.of(network, columns, figures.memory)
    head = "".join(f'<th style="{_RIGHT if c.right else _LEFT}">{escaped(c.title)}</th>' for c in columns)
    rows = []
    for line in Lines(network).tree():
        cells = [_name(line)]
        for column in columns[1:]:
            cells.append(f'<td style="{_RIGHT if column.right else _LEFT}">{escaped(column.cell(line, whole))}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    notes = [f"{total.text} {total.name}: {total.note}" for total in footer.totals(network, figures)]
    notes.append(short(network, figures.memory.dtype))
    notes += footer.notes(network, whole.receptive)
    notes += map(str, network.problems)
    return (
        f"<table><caption>{escaped(network.name)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
        f"<ul>{''.join(f'<li>{escaped(note)}</li>' for note in notes)}</ul>"
    )


def _name(line: Line) -> str:
    mark = f"{MARKS[line.mark]} " if line.mark else ""
    name = escaped(mark + line.label)
    said = f"<b>{name}</b>" if line.is_group else name
    return f'<td style="{_LEFT};padding-left:{0.5 + len(line.stem):g}em" title="{escaped(line.name)}">{said}</td>'


def escaped(said: str) -> str:
    """Text as HTML shows it, in an attribute too."""
    said = one_line(said)
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        said = said.replace(sign, name)
    return said
