"""The style `blocks`: the network with its blocks folded, and beside it each block of the file drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnncalc.graph import Twig, tree
from cnncalc.report import words
from cnncalc.report.picture import frame
from cnncalc.report.picture.fold import Edge, Fold, Item
from cnncalc.report.picture.measure import clipped
from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.rows import Rows
from cnncalc.report.picture.scene import Part, Rect, Scene, Text
from cnncalc.report.picture.units import Unit, fold_units
from cnncalc.subject import Subject

_PAD = 14
_GAP = 16
_HEAD = 26
#: Items of a network without blocks beyond which its parts are folded, and drawn once as blocks are.
_MOST = 30
#: Rows of all parts together.
_ROWS = 130
#: Layers that an operator of an imported file is read as, at most.
_OPERATOR = 4


@dataclass(slots=True)
class _Panel:
    """A picture of its own with a title, from the point (0, 0)."""

    title: str
    parts: list[Part]
    width: float
    height: float


def scene(subject: Subject, options: Drawing) -> Scene:
    """The picture of a whole network."""
    writer = Rows(subject, options)
    whole = Fold(subject, options.depth or 1, frames=True, bands=False)
    units = fold_units(whole) if len(whole.items) > _MOST and not any(item.children for item in whole.items) else []
    whole.check_size()
    panels = [_panel(writer, whole.items, whole.edges, "network")]
    for twig, uses in _blocks(tree(subject.graph)):
        assert twig.group is not None
        title = f"{clipped(twig.group.title, 11, 300, bold=True)} · {words.plural(uses, 'use')}"
        block = Fold(subject, 1, frames=True, bands=False, block=twig, like=whole)
        panels.append(_panel(writer, block.items, block.edges, title))
    drawn = _most_used(units)
    for unit in drawn:
        title = f"{clipped(unit.item.label, 11, 300, bold=True)} · {words.plural(unit.uses, 'use')}"
        panels.append(_panel(writer, unit.inside, unit.edges, title))
    return frame.framed(
        subject, options, _shelves(panels, options.width), writer.families, _note(panels, len(units) - len(drawn))
    )


def _note(panels: list[_Panel], left_out: int) -> str:
    if len(panels) == 1:
        return "the file has no blocks"
    more = f"; {words.plural(left_out, 'more part')} left out" if left_out else ""
    return f"sizes are those of each block's first use{more}"


def _most_used(units: Sequence[Unit]) -> list[Unit]:
    """The parts that are used most, as many as fit into a picture, in the order of the network."""
    room = _ROWS
    chosen: list[Unit] = []
    for unit in sorted(units, key=lambda unit: -unit.uses):
        room -= len(unit.inside)
        if chosen and room < 0:
            break
        chosen.append(unit)
    return [unit for unit in units if unit in chosen]


def _blocks(twigs: list[Twig]) -> list[tuple[Twig, int]]:
    """The first use of each block, those with most in them first, and how often it is used."""
    found: dict[str, Twig] = {}
    uses: dict[str, int] = {}
    todo = list(reversed(twigs))
    while todo:
        twig = todo.pop()
        if twig.group is not None and twig.group.kind == "block" and twig.children:
            found.setdefault(twig.group.title, twig)
            uses[twig.group.title] = uses.get(twig.group.title, 0) + 1
        todo.extend(reversed(twig.children))
    return [(twig, uses[title]) for title, twig in found.items() if uses[title] > 1 or not _is_one_operator(twig)]


def _is_one_operator(twig: Twig) -> bool:
    """Whether a block is what one operator of an imported file was read as: a few layers that bear its name."""
    assert twig.group is not None
    return twig.group.title == twig.group.name.rpartition(".")[2] and sum(1 for _ in twig.nodes()) <= _OPERATOR


def _panel(writer: Rows, items: Sequence[Item], edges: Sequence[Edge], title: str) -> _Panel:
    parts = writer.drawn(items, edges)
    left, top, right, bottom = frame.bounds(parts)
    text = Text(_PAD, 17, title, "frame")
    width = max(right - left + 2 * _PAD, frame.bounds([text])[2] + _PAD)
    height = bottom - top + _HEAD + _PAD
    inside = frame.shifted(parts, (width - (right - left)) / 2 - left, _HEAD - top)
    return _Panel(title, [Rect(0, 0, width, height, "panel", 8), text, *inside], width, height)


def _shelves(panels: list[_Panel], width: float) -> list[Part]:
    """Panels in columns: each under the last one, unless that makes the picture too tall, or leaves much of the column empty."""
    tallest = max([_squarish(panels, width), *(panel.height for panel in panels)])
    parts: list[Part] = []
    x = y = column = 0.0
    for panel in panels:
        if y and (y + panel.height > tallest or panel.width > 1.5 * column):
            x += column + _GAP
            y = column = 0.0
        parts += frame.shifted(panel.parts, x, y)
        y += panel.height + _GAP
        column = max(column, panel.width)
    return parts


def _squarish(panels: list[_Panel], width: float) -> float:
    """The height that all panels take in columns as wide as the picture."""
    return sum((panel.width + _GAP) * (panel.height + _GAP) for panel in panels) / width
