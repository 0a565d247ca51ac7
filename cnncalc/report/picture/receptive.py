"""The receptive field of one cell, drawn through the network: on each map on the way, the part that the cell depends on."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from cnncalc.graph import Node, Producer
from cnncalc.layers import Join
from cnncalc.report.picture.captions import printed_size
from cnncalc.report.picture.frame import MARGIN, bounds, shifted
from cnncalc.report.picture.measure import clipped, text_width
from cnncalc.report.picture.options import CannotDraw
from cnncalc.report.picture.scene import FONTS, Part, Path, Polygon, Rect, Scene, Text
from cnncalc.shape import Flow, Shape, Tokens
from cnncalc.subject import Subject

_SIDE = 170.0
_LEAST = 40.0
_GAP = 34.0
#: Maps drawn at most, and pixels that they take.
_MOST = 9
_WIDEST = 1000.0

_HALF = Fraction(1, 2)

Range = tuple[int, int]


class _Map(NamedTuple):
    """A map on the way, and the part that the cell sees along its last two axes, in cells; it may reach into the padding."""

    source: Producer
    sizes: tuple[int, ...]
    seen: tuple[Range, ...]


def scene(subject: Subject, node: Node) -> Scene:
    """The picture for the middle cell of a layer's result. Raises CannotDraw if it has no cells or its shape is unknown."""
    maps = _way(subject, node)
    if len(maps) < 2:
        raise CannotDraw(f"{node.name} has no spatial axis, or none is known: there is no receptive field to draw")
    for most in range(min(len(maps), _MOST), 1, -1):
        shown = [maps[round(i * (len(maps) - 1) / (most - 1))] for i in range(most)]
        body = _drawn(shown, subject)
        left, top, right, bottom = bounds(body)
        if right - left <= _WIDEST:
            break
    first = maps[0]
    extent = "×".join(str(hi - lo + 1) for lo, hi in first.seen)
    title = f"Receptive field of a cell of {clipped(node.name, 17, 380, bold=True)}"
    cells = f"{extent} cells of {clipped(first.source.name, 12, 200)} {printed_size(first.source.flow, subject.layout)}"
    if any(lo < 0 or hi >= n for (lo, hi), n in zip(first.seen, first.sizes, strict=True)):
        cells += ", some of them padding"
    if len(shown) < len(maps):
        cells += f"; {len(shown)} of {len(maps)} maps are drawn"
    width = max(right - left, text_width(title, 17, bold=True), text_width(cells, 12))
    parts: list[Part] = [Text(0, 16, title, "title"), Text(0, 35, cells, "sub"), *shifted(body, -left, 52 - top)]
    paper = Rect(0, 0, width + 2 * MARGIN, 52 + bottom - top + 2 * MARGIN, "paper", 6)
    return Scene(paper.width, paper.height, title, cells, [paper, *shifted(parts, MARGIN, MARGIN)])


def seen(node: Node) -> dict[int, tuple[Range, ...]]:
    """By the id of each producer that the middle cell of a layer's result depends on, the cells that it sees along each axis.

    The cells from the first to the last one, in the producer's own map, padding included.
    """
    if not isinstance(node.flow, Shape):
        return {}
    found = {id(node): tuple((n // 2, n // 2) for n in node.flow.spatial)}
    for current in _before(node):
        region = found.get(id(current))
        if region is None:
            continue
        for source in current.inputs:
            flow = source.flow
            if flow is None:
                continue
            own = _through(current, flow, region)
            other = found.get(id(source))
            if other is not None:
                own = tuple((min(a, c), max(b, d)) for (a, b), (c, d) in zip(own, other, strict=True))
            found[id(source)] = own
    return found


def _before(node: Node) -> list[Node]:
    """The layers that a layer depends on, itself first, each after all that read it."""
    order: list[Node] = []
    state: dict[int, bool] = {}
    todo: list[tuple[Node, bool]] = [(node, False)]
    while todo:
        current, done = todo.pop()
        if done:
            order.append(current)
        elif id(current) not in state:
            state[id(current)] = True
            todo.append((current, True))
            todo.extend((source, False) for source in current.inputs if isinstance(source, Node))
    return order[::-1]


def _through(node: Node, flow: Flow, region: tuple[Range, ...]) -> tuple[Range, ...]:
    """The cells of an input that a part of a layer's result depends on."""
    shape = Shape(*flow) if isinstance(flow, Tokens) else flow
    whole = tuple((0, n - 1) for n in shape.spatial)
    if isinstance(node.layer, Join):
        return region if node.shape is not None and node.shape.spatial == shape.spatial else whole
    views = node.layer.views(shape, node.inferred.windows)
    if not views:
        return region if len(region) == len(whole) else whole
    found = []
    for view, everything in zip(views, whole, strict=True):
        if view.to is None or view.to >= len(region):
            found.append(everything)
        else:
            low, high = region[view.to]
            # If a map grows, a position can be between cells; then the nearest cell is read.
            first, last = view.first + low * view.step, view.last + high * view.step
            found.append((math.floor(first + _HALF), math.ceil(last - _HALF)))
    return tuple(found)


def _way(subject: Subject, node: Node) -> list[_Map]:
    """The maps from an input to the layer along the way that sees most, without those that show the same as the one before."""
    regions = seen(node)
    depth: dict[int, int] = {}
    for other in subject.layers:
        depth[id(other)] = 1 + max((depth.get(id(source), 0) for source in other.inputs), default=0)

    def key(source: Producer) -> tuple[int, int]:
        # Of inputs with equal fields, the input with more layers on the way is drawn.
        return math.prod(high - low + 1 for low, high in regions.get(id(source), ())), depth.get(id(source), 0)

    way: list[_Map] = []
    current: Producer = node
    while True:
        region, flow = regions.get(id(current)), current.flow
        sizes = tuple(flow.spatial) if isinstance(flow, Shape) else (flow.length,) if flow is not None else ()
        if region and sizes:
            found = _Map(current, sizes[-2:], region[-2:])
            if way and way[-1][1:] == found[1:]:
                way.pop()
            way.append(found)
        if not isinstance(current, Node) or not current.inputs:
            return way[::-1]
        current = max(current.inputs, key=key)


def _drawn(maps: list[_Map], subject: Subject) -> list[Part]:
    largest = max(max(one.sizes) for one in maps)
    parts: list[Part] = []
    cones: list[Part] = []
    x = 0.0
    before: tuple[float, float, float] | None = None
    for one in maps:
        # The square root keeps small maps visible beside a large one.
        scale = max(_LEAST, _SIDE * math.sqrt(max(one.sizes) / largest)) / max(one.sizes)
        height = one.sizes[-2 if len(one.sizes) > 1 else -1] * scale
        width = one.sizes[-1] * scale if len(one.sizes) > 1 else 16.0
        captions = _captions(one, subject)
        room = max(width, *(text_width(text, FONTS[style][0], bold=FONTS[style][1]) for text, style in captions))
        left = x + (room - width) / 2
        parts.append(Rect(left, -height / 2, width, height, "cell"))
        (top, bottom), (start, end) = _clipped(one, scale, width)
        field = Rect(left + start, top - height / 2, max(end - start, 2.0), max(bottom - top, 2.0), "win1")
        parts += [field, Rect(field.x, field.y, field.width, field.height, "win1line")]
        if before is not None:
            corner, high, low = before
            cones.append(Polygon([(corner, high), (field.x, field.y), (field.x, field.y + field.height), (corner, low)], "cone"))
            cones += [
                Path((corner, high), [((field.x, field.y),)], "skip"),
                Path((corner, low), [((field.x, field.y + field.height),)], "skip"),
            ]
        before = (field.x + field.width, field.y, field.y + field.height)
        for i, (text, style) in enumerate(captions):
            parts.append(Text(x + room / 2, _SIDE / 2 + 18 + 14 * i, text, style, "middle"))
        x += room + _GAP
    return [*parts, *cones]


def _clipped(one: _Map, scale: float, width: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Top and bottom, left and right of the part that is seen, inside the map, in pixels."""
    sides = []
    for (low, high), size in zip(one.seen, one.sizes, strict=True):
        sides.append((max(low, 0) * scale, min(high + 1, size) * scale))
    return (sides[0], sides[1]) if len(sides) > 1 else (sides[0], (0, width))


def _captions(one: _Map, subject: Subject) -> list[tuple[str, str]]:
    block, _, name = one.source.name.rpartition(".")
    extent = "×".join(str(hi - lo + 1) for lo, hi in one.seen)
    found = [
        (clipped(name, 12, 130, bold=True), "name"),
        (printed_size(one.source.flow, subject.layout), "size"),
        (f"sees {extent}", "kind"),
    ]
    return [*found, (clipped(f"in {block}", 11, 130), "kind")] if block else found
