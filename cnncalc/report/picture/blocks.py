"""The style `blocks`: the network with its blocks folded, and beside it each block of the file drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnncalc.graph import Twig, tree
from cnncalc.report import words
from cnncalc.report.picture import frame
from cnncalc.report.picture.fold import Edge, Fold, Item, label_of
from cnncalc.report.picture.measure import clipped
from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.rows import ItemRows
from cnncalc.report.picture.scene import Part, Rect, Scene, Text
from cnncalc.report.picture.units import fold_flat
from cnncalc.shape import Shape
from cnncalc.subject import Subject

_PAD = 14
_GAP = 16
_HEAD = 26
#: Items of a network without blocks beyond which its parts are folded, and drawn once as blocks are.
_MOST = 30
#: ItemRows of a picture: parts that are used less are left out beyond them.
_ROWS = 115
#: Least room for the texts of boxes that are narrow so that their block fits beside the network.
_NARROW = 110
#: Boxes that are narrow make a block narrower by this factor at most.
_SQUEEZE = 1.6
#: Blocks are made narrower if the picture is then lower than this part of its height.
_LOWER = 0.9
#: ItemRows of a block beyond which activations and normalisations are part of the layer before them.
_LONG = 16
#: Room beside the network in which no block is tried.
_LEAST = 150
#: Height of a block from which it may continue in a second column.
_TALL = 1100
#: Part of the picture that the network takes at most, if a block needs the rest.
_SLIM = 0.36
#: Layers that an operator of an imported file is read as, at most.
_OPERATOR = 4


@dataclass(eq=False, slots=True)
class _Part:
    """The contents of a panel beside the network: a block, or a unit of a network without blocks."""

    name: str
    items: Sequence[Item]
    edges: Sequence[Edge]
    uses: int


@dataclass(slots=True)
class _Panel:
    """A picture of its own with a title, from the point (0, 0)."""

    title: str
    parts: list[Part]
    width: float
    height: float


def scene(subject: Subject, options: Drawing) -> Scene:
    """The picture of a whole network."""
    writer = ItemRows(subject, options)
    whole = Fold(subject, options.depth or 1, frames=True, bands=False)
    whole, units = fold_flat(whole, subject, _MOST)
    whole.check_size()
    room = options.width - 2 * frame.MARGIN
    parts = _block_parts(subject, whole)
    drawn = _most_used(parts, _ROWS - _rows(whole.items))
    unit_parts = [_Part(unit.item.label, unit.inside, unit.edges, unit.uses) for unit in units]
    drawn += _most_used(unit_parts, _ROWS - _rows(whole.items) - sum(_rows(part.items) for part in drawn))
    panels = _panels(writer, whole, drawn, room)
    left_out = len(parts) + len(unit_parts) - len(drawn)
    return frame.framed(subject, options, _packed(panels, room), writer.families, _note(panels, left_out))


def _panels(writer: ItemRows, whole: Fold, parts: Sequence[_Part], room: float) -> list[_Panel]:
    """The panel of the network, and beside it those of its parts, with narrower boxes if they fit there only with them."""
    network = _panel(writer, whole.items, whole.edges, "network", room - 2 * _PAD)
    drawn = [_part_panel(writer, part, room, 0) for part in parts]
    widest = max((panel.width for panel in drawn), default=0)
    best = _lowest(writer, network, drawn, parts, room)
    if network.width + _GAP + widest > room and network.width > _SLIM * room:
        slim = _panel(writer, whole.items, whole.edges, "network", _SLIM * room - 2 * _PAD, in_columns=False, least=_NARROW)
        if slim.width <= _SLIM * room:
            other = _lowest(writer, slim, drawn, parts, room)
            best = other if _height(other, room) < _LOWER * _height(best, room) else best
    return best


def _lowest(writer: ItemRows, network: _Panel, drawn: Sequence[_Panel], parts: Sequence[_Part], room: float) -> list[_Panel]:
    """The panels, with narrower boxes beside the network, two wide ones side by side, and tall ones in columns.

    The last two are done only if the picture is much lower then.
    """
    drawn = list(drawn)
    beside = room - network.width - _GAP
    for i, part in enumerate(parts):
        if drawn[i].width > beside > _LEAST:
            narrower = _part_panel(writer, part, beside, _NARROW)
            drawn[i] = narrower if narrower.width <= beside else drawn[i]
    half = (room - _GAP) / 2
    best = [network, *drawn]
    height = _height(best, room)
    wide = [i for i, panel in enumerate(drawn) if half < panel.width <= _SQUEEZE * half]
    if len(wide) > 1:
        squeezed = list(drawn)
        for i in wide:
            narrower = _part_panel(writer, parts[i], half, _NARROW)
            squeezed[i] = narrower if narrower.width <= half else drawn[i]
        best, height = _lower(best, height, [network, *squeezed], room)
    for i, part in enumerate(parts):
        if best[1 + i].height > _TALL:
            other = list(best)
            other[1 + i] = _part_panel(writer, part, room, 0, in_columns=True)
            best, height = _lower(best, height, other, room)
    return best


def _lower(best: list[_Panel], height: float, other: list[_Panel], room: float) -> tuple[list[_Panel], float]:
    """The other panels if the picture is much lower with them, and its height."""
    lower = _height(other, room)
    return (other, lower) if lower < _LOWER * height else (best, height)


def _height(panels: Sequence[_Panel], room: float) -> float:
    return frame.bounds(_packed(panels, room))[3]


def _part_panel(writer: ItemRows, part: _Part, room: float, least: float, *, in_columns: bool = False) -> _Panel:
    title = f"{clipped(part.name, 11, 300, bold=True)} · {words.plural(part.uses, 'use')}"
    return _panel(writer, part.items, part.edges, title, room - 2 * _PAD, in_columns=in_columns, least=least)


def _block_parts(subject: Subject, whole: Fold) -> list[_Part]:
    """The blocks of the file. Those that differ in their names alone, such as layer_0 to layer_11, are one.

    So are those of one title that differ in what follows a comma, as an imported module's arguments do, and modules that have
    a number instead of a title and differ in their sizes alone.
    """
    found: dict[object, _Part] = {}
    for twig, uses in _blocks(tree(subject.graph)):
        assert twig.group is not None
        block = Fold(subject, 1, frames=True, bands=False, block=twig, like=whole)
        if _rows(block.items) > _LONG:
            block = Fold(subject, 1, frames=True, block=twig, like=whole)
        # PyTorch numbers modules: "blocks.0" says more than "0".
        is_numbered = twig.group.title.isdigit()
        title, comma, _ = (label_of(twig.group.name) if is_numbered else twig.group.title).partition(", ")
        # Blocks that read ever more results, as those of DenseNet do, are one too.
        has_sizes = not comma and not is_numbered and not any(item.others for item in block.items)
        form = title if comma else None, *(_form(item, has_sizes=has_sizes) for item in block.items)
        found.setdefault(form, _Part(title, block.items, block.edges, 0)).uses += uses
    return list(found.values())


def _form(item: Item, *, has_sizes: bool) -> object:
    """Return what items of blocks of the same form share: everything but the name, and the sizes if asked for."""
    children = tuple(_form(child, has_sizes=has_sizes) for child in item.children)
    if has_sizes:
        return item.kind, item.text, item.strips, item.count, item.flow if isinstance(item.flow, Shape) else None, children
    windows = [] if item.is_folded else [window for node in item.nodes for window in node.inferred.windows]
    bands = tuple(node.kind for node in item.bands)
    return item.kind.partition(", ")[0], tuple(window.kernel_size for window in windows), bands, children


def _note(panels: list[_Panel], left_out: int) -> str:
    if len(panels) == 1:
        return "the file has no blocks"
    more = f"; {words.plural(left_out, 'more part')} left out" if left_out else ""
    return f"sizes are those of each block's first use{more}"


def _rows(items: Sequence[Item]) -> int:
    return sum(1 for item in items for _ in item.leaves())


def _most_used(parts: Sequence[_Part], room: int) -> list[_Part]:
    """The parts that are used most, as many as fit into `room` rows, in the order of the network."""
    chosen: list[_Part] = []
    for part in sorted(parts, key=lambda part: -part.uses):
        # If each item reads all items before it, the edges need more room than the rows.
        room -= max(_rows(part.items), len(part.edges))
        if room < 0:
            break
        chosen.append(part)
    return [part for part in parts if part in chosen]


def _blocks(twigs: list[Twig]) -> list[tuple[Twig, int]]:
    """The first use of each block, those with most in them first, and how often it is used."""
    found: dict[str, Twig] = {}
    uses: dict[str, int] = {}
    todo = list(reversed(twigs))
    while todo:
        twig = todo.pop()
        if twig.group is not None and twig.group.kind == "block" and twig.children:
            # Modules that have a number instead of a title need have nothing in common.
            title = twig.group.name if twig.group.title.isdigit() else twig.group.title
            found.setdefault(title, twig)
            uses[title] = uses.get(title, 0) + 1
        todo.extend(reversed(twig.children))
    return [(twig, uses[title]) for title, twig in found.items() if uses[title] > 1 or not _is_one_operator(twig)]


def _is_one_operator(twig: Twig) -> bool:
    """Whether a block was made from one operator of an imported file: it has a few layers that are named after it."""
    assert twig.group is not None
    title = twig.group.title
    return title == twig.group.name.rpartition(".")[2] and not title.isdigit() and sum(1 for _ in twig.nodes()) <= _OPERATOR


def _panel(
    writer: ItemRows,
    items: Sequence[Item],
    edges: Sequence[Edge],
    title: str,
    room: float,
    *,
    in_columns: bool = True,
    least: float = 0,
) -> _Panel:
    parts = writer.drawn(items, edges, room, columns=in_columns, least=least)
    left, top, right, bottom = frame.bounds(parts)
    text = Text(_PAD, 17, title, "frame")
    width = max(right - left + 2 * _PAD, frame.bounds([text])[2] + _PAD)
    height = bottom - top + _HEAD + _PAD
    inside = frame.shifted(parts, (width - (right - left)) / 2 - left, _HEAD - top)
    return _Panel(title, [Rect(0, 0, width, height, "panel", 8), text, *inside], width, height)


def _packed(panels: Sequence[_Panel], room: float) -> list[Part]:
    """Place the panels in the order of the network, each as high as possible in a picture at most `room` wide.

    Source: Burke, Kendall & Whitwell 2004, A New Placement Heuristic for the Orthogonal Stock-Cutting Problem (the skyline).
    """
    parts: list[Part] = []
    #: Left, right and bottom of the panels so far.
    placed: list[tuple[float, float, float]] = []
    for panel in panels:
        places = []
        for x in (0.0, *(right + _GAP for _, right, _ in placed)):
            y = max((bottom + _GAP for left, right, bottom in placed if left < x + panel.width and x < right), default=0.0)
            places.append((max(0.0, x + panel.width - room), y, x))
        _, y, x = min(places)
        parts += frame.shifted(panel.parts, x, y)
        placed.append((x, x + panel.width, y + panel.height))
    return parts
