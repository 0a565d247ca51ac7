"""The page about the difference between two networks."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.analysis.comparison import Difference
from cnncalc.problem import one_line
from cnncalc.report import differences
from cnncalc.report.page.page import document, picture, scrolled, section
from cnncalc.report.picture.svg import escaped
from cnncalc.subject import Subject

#: Columns of names and changes, which may be long.
_LONG = ("layer", "change")
#: Styles of the signs of changes.
_SIGNS = {"+": "good", "-": "bad", "~": "warn"}
_RIGHT = ("before", "after", "difference", "parameters", "MACs")


def page(found: Difference, subjects: tuple[Subject, Subject], names: tuple[str, str], layout: str) -> str:
    """The file: totals, layers that differ, and both pictures."""
    title = f"{one_line(names[0])[:200]} → {one_line(names[1])[:200]}"
    notes = "".join(f"<li>{escaped(note[:500])}</li>" for note in differences.notes(found, layout))
    body = [
        f"<h1>{escaped(title)}</h1>",
        f'<p class="about">{escaped(differences.summary(found))}.</p>',
        section("Totals", _table("totals", ["total", "before", "after", "difference"], differences.totals_table(found))),
    ]
    if notes:
        body.append(section("Inputs, outputs and names", f"<ul>{notes}</ul>"))
    if found.changes:
        rows = [[differences.SIGNS[change.status], *differences.cells(change, layout)] for change in found.changes]
        body.append(section("Layers that differ", _table("layers that differ", ["", *differences.HEAD], rows)))
    for word, subject in zip(("Before", "After"), subjects, strict=True):
        body.append(section(word, picture(subject, "volumes", f"picture: {word.lower()}")))
    return document(title, body)


def _table(label: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    right = [' class="num"' if title in _RIGHT else ' class="wrap"' if title in _LONG else "" for title in head]
    # The column of signs has no title.
    cells = "".join(
        f'<th scope="col"{style}>{escaped(title)}</th>' if title else "<td></td>"
        for title, style in zip(head, right, strict=True)
    )
    lines = []
    for row in rows:
        # Long names break after their dots.
        first = f' class="sign {_SIGNS[row[0]]}"' if row[0] in _SIGNS else right[0]
        texts = [escaped(cell[:300]).replace(".", ".<wbr>") if title == "layer" else escaped(cell[:300])
                 for cell, title in zip(row, head, strict=True)]  # fmt: skip
        lines.append(
            "<tr>" + "".join(f"<td{style}>{text}</td>" for text, style in zip(texts, [first, *right[1:]], strict=True)) + "</tr>"
        )
    return scrolled(label, tall=True, inside=f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(lines)}</tbody></table>")
