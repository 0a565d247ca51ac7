"""The style `volumes`, as published figures draw networks: a box for each result, left to right, in slight perspective.

Heights are proportional to the resolution, widths to the logarithm of the channels. Activations and normalisations are bands on
the layer before them; a folded block shows the layers in it as strips, and its copies as further slabs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from cnncalc.report.picture import frame, strips, ushape
from cnncalc.report.picture.brackets import brackets
from cnncalc.report.picture.captions import Captions
from cnncalc.report.picture.family import family_of
from cnncalc.report.picture.fold import Edge, Fold, Item, few_strips
from cnncalc.report.picture.layout import Arrangement, Arranger, Spacing
from cnncalc.report.picture.measure import clipped
from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.scene import Part, Path, Polygon, Rect, Scene, ShapeGroup, Text, arrow
from cnncalc.report.picture.skips import Point, arc
from cnncalc.report.picture.tooltip import tooltip
from cnncalc.report.picture.units import fold_chains, fold_runs, fold_units
from cnncalc.report.picture.volume import BAND, LINE, Volume
from cnncalc.shape import Flow, Tokens
from cnncalc.subject import Subject

_TALLEST = 190
_LEAST = 8
_STRIP = 4.5
#: Strips of a folded block at most.
_STRIPS = 12
_SLABS = 3
#: Items drawn at most if `depth` does not say how far to unfold.
_MOST = 22
#: Items beyond which those of one resolution that follow each other are one.
_FAR_TOO_MANY = 150
#: Gaps between two volumes; the first one with which all fit in one row is used.
_GAPS = (22, 17, 13)
#: The widest row, as a multiple of `--width`; a wider picture is cut into strips if nothing else makes it narrower.
_ALMOST = 1.06
#: A picture of fewer items is unfolded further.
_FEW = 8
#: Of these the longest way is at most so long, if there are lanes.
_LONGEST_LANE = 13


class _PictureBody(NamedTuple):
    """The volumes and edges of a picture, and the level of each item that may be folded with others of it, by its id."""

    parts: list[Part]
    volumes: list[Volume]
    foldable: dict[int, int]


def scene(subject: Subject, options: Drawing) -> Scene:
    """The picture of a whole network."""
    fold = _fold(subject, options)
    fold.check_size()
    longest = options.width - 2 * frame.MARGIN
    body = _body(fold, subject, options, longest)
    for narrower in (fold_chains, fold_runs) if options.depth is None else ():
        if _width(body.parts) > _ALMOST * longest and body.foldable:
            narrower(fold, body.foldable)
            body = _body(fold, subject, options, longest)
    parts = body.parts
    if _width(parts) > _ALMOST * longest:
        # One row, because a cut through several would mix them.
        body = _body(fold, subject, options, None)
        parts = strips.wrapped(body.parts, longest)
    families = [name for volume in body.volumes for name in (*volume.strips, *volume.bands, *volume.tail)]
    note = "height: resolution, width: channels (logarithmic)"
    return frame.framed(subject, options, parts, families, note)


def _width(parts: Sequence[Part]) -> float:
    left, _, right, _ = frame.bounds(parts)
    return right - left


def _body(fold: Fold, subject: Subject, options: Drawing, longest: float | None) -> _PictureBody:
    """The volumes at their places; rows longer than `longest` are broken if it is given."""
    levels = ushape.levels(fold)
    found_brackets = brackets(fold.items, fold.edges)
    body = _volumes(fold.items, subject, options)
    if levels is not None:
        parts = ushape.place(body, fold, levels)
        foldable = ushape.resolutions(fold) or levels
    else:
        place = {id(item): i for i, item in enumerate(fold.items)}
        edges = [(place[id(edge.start)], place[id(edge.end)]) for edge in fold.edges]
        for bracket in found_brackets:
            for index in bracket.places:
                body[index].has_bracket = True
        found = _arranged(body, edges, [bracket.places for bracket in found_brackets], longest)
        for volume, (along, across) in zip(body, found.places, strict=True):
            volume.stand(along, across)
        parts = _edges(fold.edges, body, found)
        for bracket in found_brackets:
            parts += _bracket(bracket.name, [body[index] for index in bracket.places])
        foldable = _sizes([item for i, item in enumerate(fold.items) if i in found.long])
    return _PictureBody(parts + [_drawn(volume, subject) for volume in body], body, foldable)


def _arranged(
    body: Sequence[Volume], edges: Sequence[tuple[int, int]], together: Sequence[Sequence[int]], longest: float | None
) -> Arrangement:
    """The places of the volumes: in one row, with smaller gaps if need be, else in several."""
    cells = [volume.cell for volume in body]

    arrangers: dict[float, Arranger] = {}

    def at(gap: float, longest: float | None) -> Arrangement:
        if gap not in arrangers:
            arrangers[gap] = Arranger(cells, edges, Spacing(gap=gap, fan=6, spread=22, lane=14, bypass=6, turn=26), together)
        return arrangers[gap].within(longest)

    if longest is None:
        return at(_GAPS[0], None)
    for gap in _GAPS:
        found = at(gap, _ALMOST * longest)
        if found.along <= _ALMOST * longest and not found.turns and not found.breaks:
            return found
        if found.along > 2 * longest:
            # No gap is so large that smaller ones would help.
            break
    found = at(_GAPS[0], longest)
    return found if found.along <= longest else at(_GAPS[-1], longest)


def _fold(subject: Subject, options: Drawing) -> Fold:
    """Unfolded as far as asked for, else as far as it can be read."""
    if options.depth is not None:
        return Fold(subject, options.depth, unroll=True)
    best = Fold(subject, 1)
    for depth in range(2, 7):
        if not _folded(best):
            break
        more = Fold(subject, depth, like=best)
        if len(more.items) > 2 * _MOST:
            # Deeper folds have more items still.
            break
        # Deeper is better if it shows layers in the place of blocks, not if it shows more blocks; but a few blocks say little.
        is_better = _folded(more) < _folded(best) or len(best.items) < _FEW
        if len(more.items) <= _MOST and is_better and not _is_wide(more):
            best = more
    if len(best.items) > _MOST:
        fold_units(best, 2 * _MOST)
    if len(best.items) > _FAR_TOO_MANY:
        fold_chains(best, _sizes(best.items))
    return best


def _sizes(items: Iterable[Item]) -> dict[int, int]:
    """A number for each resolution, by the id of the item that has it."""
    sizes: dict[object, int] = {}
    return {id(item): sizes.setdefault(_resolution(item.flow), len(sizes)) for item in items}


def _folded(fold: Fold) -> int:
    return sum(item.is_folded for item in fold.items)


def _is_wide(fold: Fold) -> bool:
    """Whether a picture has more lanes than volumes can show, or lanes that are too long: they cannot go on below."""
    sources = sum(item.source is not None for item in fold.items)
    read: dict[int, int] = {}
    length = {id(item): 1 for item in fold.items}
    for edge in fold.edges:
        read[id(edge.end)] = read.get(id(edge.end), 0) + 1
        length[id(edge.end)] = max(length[id(edge.end)], length[id(edge.start)] + 1)
    joins = sum(number - 1 for number in read.values())
    return joins > 0 and (max(length.values()) > _LONGEST_LANE or (len(fold.items) > _LONGEST_LANE and joins > 2 + sources))


def _volumes(items: Sequence[Item], subject: Subject, options: Drawing) -> list[Volume]:
    largest: dict[int, float] = {}
    for item in items:
        rank, size = _resolution(item.flow)
        largest[rank] = max(largest.get(rank, 1), size)
    found = []
    captions = Captions(subject, options)
    for item in items:
        width, height, dx, dy = _size(item.flow, largest)
        volume = Volume(item, width, height, dx, dy, captions.lines(item))
        volume.strips = few_strips(item.strips, _STRIPS) or [item.family]
        volume.bands = [family_of(node.layer) for node in item.bands]
        volume.tail = [family_of(node.layer) for node in item.tail]
        volume.slabs = min(item.count, _SLABS)
        volume.width = max(width, _STRIP * len(volume.strips)) + BAND * len(volume.bands)
        found.append(volume)
    return found


def _resolution(flow: Flow | None) -> tuple[int, float]:
    """Return the number of spatial axes, and the size that is drawn as height: the mean of the last two axes."""
    if isinstance(flow, Tokens):
        return 1, flow.length
    if flow is None or not flow.rank:
        return 0, 1
    return flow.rank, math.sqrt(flow.spatial[-1] * flow.spatial[-2]) if flow.rank > 1 else flow.spatial[0]


def _size(flow: Flow | None, largest: dict[int, float]) -> tuple[float, float, float, float]:
    """Width, height and depth of one slab."""
    if flow is None:
        return 22, 22, 0, 0
    rank, size = _resolution(flow)
    if isinstance(flow, Tokens):
        return 8, max(_LEAST, 0.8 * _TALLEST * size / largest[1]), 3, 3
    if rank == 0:
        return 9, min(_TALLEST, 8 + 8 * math.log2(1 + flow.channels)), 3, 3
    width = 3 + 4 * math.log2(1 + flow.channels)
    if rank == 1:
        return width, max(_LEAST, 0.8 * _TALLEST * size / largest[1]), 4, 3
    scale = _TALLEST / largest[rank]
    ratio = math.sqrt(flow.spatial[-2] / flow.spatial[-1])
    height = min(1.6 * _TALLEST, max(_LEAST, size * ratio * scale))
    depth = min(60.0, 0.33 * size / ratio * scale)
    return width, height, max(2.0, depth * 0.9), max(1.5, depth * 0.6)


def _edges(edges: Sequence[Edge], order: Sequence[Volume], found: Arrangement) -> list[Part]:
    volumes = {id(volume.item): volume for volume in order}
    parts: list[Part] = []
    for index, edge in enumerate(edges):
        start, end = volumes[id(edge.start)], volumes[id(edge.end)]
        route = found.routes.get(index, [])
        if index in found.turns:
            across = route[0][1]
            out = start.middle + start.cell.along / 2 + 9
            into = end.middle - end.cell.along / 2 - 9
            points = [(start.right, start.y), (out, start.y), (out, across), (into, across), (into, end.y), (end.x - 2, end.y)]
            parts += arrow(points, "edge", curved=False)
            continue
        height = found.passing.get(index)
        resumed = found.resumes.get(index)
        origin = (start.right, start.y) if resumed is None else resumed
        if height is not None:
            height = min(height, end.top - 7, start.top - 7 if resumed is None else height)
        if height is not None and height < end.y:
            parts += arc(start if resumed is None else Point(*resumed), end, height)
        else:
            # Straight past the labels, which may be wider than the volumes.
            leave = [(start.middle + start.cell.along / 2, start.y)] if resumed is None else []
            arrive = (min(end.middle - end.cell.along / 2, end.x - 10), end.y)
            parts += arrow([origin, *leave, *route, arrive, (end.x - 2, end.y)], "edge")
    return parts + _breaks(order, found)


def _breaks(order: Sequence[Volume], found: Arrangement) -> list[Part]:
    """The lines from the end of a row to the beginning of the next, if that has several lanes."""
    parts: list[Part] = []
    for place, across, (x, y) in found.breaks:
        start = order[place]
        out = start.middle + start.cell.along / 2 + 9
        points = [(start.right, start.y), (out, start.y), (out, across), (x - 10, across), (x - 10, y), (x, y)]
        parts += arrow(points, "edge", head=0, curved=False)
    return parts


def _bracket(name: str, volumes: Sequence[Volume]) -> Iterator[Part]:
    """A line below the labels of a block's items, with the block's name, once in each row of the picture.

    There is no line if the items are in several lanes.
    """
    if any(after.y != before.y and after.x > before.x for before, after in pairwise(volumes)):
        return
    for _, row in groupby(volumes, key=lambda volume: volume.y):
        own = list(row)
        left = min(volume.middle - volume.cell.along / 2 for volume in own)
        right = max(volume.middle + volume.cell.along / 2 for volume in own)
        y = max(volume.y + volume.below for volume in own) + 8
        yield Path((left, y - 4), [((left, y),), ((right, y),), ((right, y - 4),)], "bracket")
        yield Text((left + right) / 2, y + 14, clipped(name, 11, right - left, bold=True), "frame", "middle")


def _drawn(volume: Volume, subject: Subject) -> Part:
    group = ShapeGroup(tooltip(volume.item, subject))
    step = volume.width + 3
    for slab in range(volume.slabs):
        bands = [*volume.bands, *(volume.tail if slab + 1 == volume.slabs else ())]
        group.parts += _slab(volume, volume.x + slab * step, bands)
    if volume.item.mark == "error":
        top = volume.top - 3
        bottom = volume.y + volume.height / 2 + 3
        group.parts.append(Rect(volume.x - 3, top, volume.drawn + 6, bottom - top, "badline", 3))
    y = volume.y + volume.height / 2 + 1
    for caption in volume.lines:
        y += LINE
        group.parts.append(Text(volume.middle, y, caption.text, caption.style, "middle"))
    return group


def _slab(volume: Volume, x: float, bands: Sequence[str]) -> list[Part]:
    """Front and top face by strip and band, then the side face."""
    parts: list[Part] = []
    top, bottom = volume.y - volume.height / 2, volume.y + volume.height / 2
    dx, dy = volume.dx, volume.dy
    each = (volume.width - len(volume.bands) * BAND) / len(volume.strips)
    left = x
    for family, width in [*((name, each) for name in volume.strips), *((name, BAND) for name in bands)]:
        right = left + width
        parts.append(Polygon([(left, top), (right, top), (right, bottom), (left, bottom)], f"f-{family}"))
        if dx:
            parts.append(Polygon([(left, top), (left + dx, top - dy), (right + dx, top - dy), (right, top)], f"f-{family}t"))
        left = right
    if dx:
        # The side is the largest face: its colour is that of the layer, not of a band on it.
        side = [(left, top), (left + dx, top - dy), (left + dx, bottom - dy), (left, bottom)]
        parts.append(Polygon(side, f"f-{volume.strips[-1]}s"))
    return parts
