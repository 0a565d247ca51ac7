"""A network as an HTML table, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnncalc.problem import one_line
from cnncalc.report.network import footer
from cnncalc.report.network.columns import NAMES, choose
from cnncalc.report.network.columns.base import Column, Whole
from cnncalc.report.network.lines import Line, Lines
from cnncalc.report.network.memory import Figures, short
from cnncalc.report.network.table import MARKS
from cnncalc.subject import Subject

_RIGHT = "text-align:right;font-variant-numeric:tabular-nums"
_LEFT = "text-align:left"


#: Colours that are legible on light and dark pages. Colour never carries information alone.
_COLOURS = {"error": "#d9534f", "warning": "#b8860b", "unread": "#b8860b", "changed": "#2e86c1", "note": "#808080"}


def table(network: Subject, columns: Iterable[str] = ("macs",), depth: int | None = None) -> str:
    """The table with totals and problems as self-contained HTML, without style sheets or scripts.

    `columns` names more columns. Without `depth`, each block is folded to one row, and the unfolded table follows in a <details>
    element. Raises KeyError for an unknown column, ValueError for a depth that is no whole number.
    """
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    unknown = [name for name in names if name not in (*NAMES, "all")]
    if unknown:
        raise KeyError(f"there is no column {unknown[0]!r:.200}; there are {', '.join(NAMES)}")
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise ValueError(f"depth is a whole number, got {depth!r:.200}")
    chosen = [column for column in choose(names) if column.shown]
    figures = Figures.of(network)
    whole = Whole(network, figures.memory)
    shown = _table(Lines(network, depth or 1).tree(), chosen, whole, escaped(network.name))
    every = Lines(network).tree()
    if depth is None and any(line.stem for line in every):
        inside = _table(every, chosen, whole, "")
        shown += f"<details><summary>all {len(network.layers):,} layers</summary>{inside}</details>"
    notes = [(f"{total.text} {total.name}: {total.note}", "") for total in footer.totals(network, figures)]
    notes.append((short(network, figures.memory.dtype), ""))
    notes += [(note, "note") for note in footer.notes(network, whole.notes(chosen))]
    notes += [(str(problem), problem.level) for problem in network.problems]
    return f"{shown}<ul>{''.join(f'<li{_colour(role)}>{escaped(note)}</li>' for note, role in notes)}</ul>"


def _table(lines: Sequence[Line], columns: Sequence[Column], whole: Whole, title: str) -> str:
    head = "".join(f'<th style="{_RIGHT if c.right else _LEFT}">{escaped(c.title)}</th>' for c in columns)
    rows = []
    for line in lines:
        cells = [_name(line)]
        for column in columns[1:]:
            cells.append(f'<td style="{_RIGHT if column.right else _LEFT}">{escaped(column.cell(line, whole))}</td>')
        rows.append(f"<tr{_colour(line.mark)}>{''.join(cells)}</tr>")
    caption = f"<caption>{title}</caption>" if title else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _colour(role: str) -> str:
    return f' style="color:{_COLOURS[role]}"' if role in _COLOURS else ""


def _name(line: Line) -> str:
    mark = f"{MARKS[line.mark]} " if line.mark else ""
    name = escaped(mark + line.label)
    shown = f"<b>{name}</b>" if line.is_group else name
    return f'<td style="{_LEFT};padding-left:{0.5 + len(line.stem):g}em" title="{escaped(line.name)}">{shown}</td>'


def escaped(text: str) -> str:
    """Escape text for HTML content and attributes."""
    text = one_line(text)
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(sign, name)
    return text
