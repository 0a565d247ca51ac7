"""One layer's window over its input: stride, padding, unread cells; for a transposed window, the cells that each cell writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncalc.graph import Node
from cnncalc.report import words
from cnncalc.report.picture.captions import printed_size
from cnncalc.report.picture.frame import MARGIN, bounds, shifted
from cnncalc.report.picture.measure import clipped, text_width
from cnncalc.report.picture.options import CannotDraw
from cnncalc.report.picture.scene import Part, Path, Rect, Scene, Text, arrow
from cnncalc.report.single import formulas, rounded
from cnncalc.shape import Shape
from cnncalc.subject import Subject
from cnncalc.window import Window

#: Pixels of the longer side of the input's panel, and of a cell at most and at least before its grid is left out.
_SIDE = 400.0
_LARGEST = 26.0
_GRID = 3.5
#: Cells of a window that are drawn one by one at most.
_TAPS = 400
_GAP = 56.0
#: A longer axis is drawn without its middle: the cells beside the windows that are kept, and the pixels of the break.
_ALL, _MARGIN, _BREAK = 48, 2, 20.0
_WIDEST_TITLE = 700.0
#: Positions drawn below a sequence.
_STAIRS = 6
_STYLES = ("win1", "win2", "win3")


class _PanelAxis(NamedTuple):
    """Cells along one side of a panel: before, inside and after the map, how many of the inside are unread at the end.

    Cells from `hidden[0]` on and before `hidden[1]` are left out.
    """

    before: int
    size: int
    after: int = 0
    unread: int = 0
    hidden: tuple[int, int] = (0, 0)

    @property
    def total(self) -> int:
        return self.before + self.size + self.after

    @property
    def shown(self) -> int:
        return self.total - (self.hidden[1] - self.hidden[0])

    def at(self, cell: int, pixels: float) -> float:
        """Where a cell begins that is not left out, if each takes so many pixels."""
        start, stop = self.hidden
        return cell * pixels if cell <= start or not stop else (cell - stop + start) * pixels + _BREAK


class _Slide(NamedTuple):
    """A window along one axis of a panel: where it begins at the first positions and the last, and the cells it covers."""

    starts: tuple[int, ...]
    taps: tuple[int, ...]

    @property
    def extent(self) -> int:
        return self.taps[-1] + 1

    def shortened(self, axis: _PanelAxis) -> _PanelAxis:
        """The axis without the cells between the first windows and the last, if there are many."""
        first = max(self.starts[:-1], default=0) + self.extent
        hidden = max(first, axis.before) + _MARGIN, self.starts[-1] - _MARGIN
        if axis.total <= _ALL or hidden[1] - hidden[0] < axis.total / 3:
            return axis
        return axis._replace(hidden=hidden)


def scene(subject: Subject, node: Node) -> Scene:
    """The picture of a layer. Raises CannotDraw if it slides no window, or its shape is unknown."""
    flow = node.inputs[0].flow if node.inputs else None
    shape = node.shape
    written = getattr(node.layer, "written_windows", None)
    if not isinstance(flow, Shape) or shape is None:
        raise CannotDraw("the layer's shape is unknown: there is nothing to draw")
    windows: Sequence[Window] = written(flow) if written is not None else node.inferred.windows
    if not windows or not shape.rank:
        raise CannotDraw(
            f"{node.kind} slides no window over its input; svg draws layers that do, such as conv, maxpool and avgpool"
        )
    whole = _written(flow, shape, windows) if written is not None else _read(flow, shape, windows)
    panels = [[(slide.shortened(axis), slide) for axis, slide in panel] for panel in whole]
    parts = _drawn(*panels)
    return _framed(
        subject,
        node,
        windows,
        parts,
        is_transposed=written is not None,
        unread=any(axis.unread for axis, _ in panels[0]),
        beyond=any(axis.after for axis, _ in panels[0]),
        has_breaks=any(axis.hidden[1] for panel in panels for axis, _ in panel),
    )


_Panel = list[tuple[_PanelAxis, _Slide]]


def _read(flow: Shape, shape: Shape, windows: Sequence[Window]) -> tuple[_Panel, _Panel]:
    """Axes of the input with the windows on it, and of the output with its cells."""
    source, result = [], []
    # A window may run along an axis that the output has no more, such as time: the last two axes are drawn.
    axes = min(2, shape.rank)
    for window, size, positions in zip(windows[-axes:], flow.spatial[-axes:], shape.spatial[-axes:], strict=True):
        last = (positions - 1) * window.stride
        over = max(window.before + size + window.after, last + window.extent)
        unread = max(0, window.before + size - (last + window.extent))
        axis = _PanelAxis(window.before, size, over - window.before - size, min(size, unread))
        source.append((axis, _Slide(_starts(window.stride, positions, axes), _taps(window))))
        result.append((_PanelAxis(0, positions), _Slide(_starts(1, positions, 2), (0,))))
    return source, result


def _written(flow: Shape, shape: Shape, windows: Sequence[Window]) -> tuple[_Panel, _Panel]:
    """Axes of the input with its cells, and of the output with the windows that they write."""
    source, result = [], []
    for window, size, out in list(zip(windows, flow.spatial, shape.spatial, strict=True))[-2:]:
        after = max(0, (size - 1) * window.stride + window.extent - window.before - out)
        source.append((_PanelAxis(0, size), _Slide(_starts(1, size, 2), (0,))))
        result.append(
            (_PanelAxis(window.before, out, after), _Slide(_starts(window.stride, size, min(2, shape.rank)), _taps(window)))
        )
    return source, result


def _starts(stride: int, positions: int, axes: int) -> tuple[int, ...]:
    """Return the first cells of the first windows, two on a map and more along a sequence, and of the last one."""
    first = range(min(positions, 2 if axes > 1 else _STAIRS - 1))
    return tuple(dict.fromkeys(position * stride for position in (*first, positions - 1)))


def _taps(window: Window) -> tuple[int, ...]:
    return tuple(range(0, window.extent, window.dilation))


def _drawn(source: _Panel, result: _Panel) -> list[Part]:
    total = max(axis.shown for axis, _ in (*source, *result))
    cell = min(_LARGEST, _SIDE / total)
    parts: list[Part] = []
    right = 0.0
    for title, panel in (("input", source), ("output", result)):
        if len(panel) == 1:
            own = _strip(panel[0], cell)
        else:
            own = _map(panel[0], panel[1], cell)
        own.append(Text(0, -8, title, "frame"))
        if len(panel) == 1:
            # Sequences are long and flat: one below the other.
            parts += shifted(own, 0, right)
            right += bounds(own)[3] + 30
        else:
            parts += shifted(own, right, 0)
            right += bounds(own)[2] + _GAP
    if len(source) > 1:
        left = bounds(shifted(_map(source[0], source[1], cell), 0, 0))[2]
        # Both maps begin at the top, and the arrow meets the smaller one.
        middle = min(bounds(_map(rows, columns, cell))[3] for rows, columns in ((one[0], one[1]) for one in (source, result))) / 2
        parts += arrow([(left + 12, middle), (left + _GAP - 14, middle)], "edge")
    return parts


def _map(rows: tuple[_PanelAxis, _Slide], columns: tuple[_PanelAxis, _Slide], cell: float) -> list[Part]:
    """A map with its padding, grid, unread cells, and the first, the next and the last window."""
    (down, downward), (across, sideways) = rows, columns
    parts = _ground(across, down, cell)
    places = [(0, 0)]
    if len(sideways.starts) > 1:
        places.append((0, sideways.starts[1]))
    elif len(downward.starts) > 1:
        places.append((downward.starts[1], 0))
    end = (downward.starts[-1], sideways.starts[-1])
    if end not in places:
        places.append(end)
    for number, (row, column) in reversed(list(enumerate(places))):
        style = _STYLES[2] if (row, column) == end and number else _STYLES[number]
        if len(downward.taps) * len(sideways.taps) <= _TAPS:
            parts += [
                Rect(across.at(column + x, cell), down.at(row + y, cell), cell, cell, style)
                for y in downward.taps
                for x in sideways.taps
            ]
        corner = across.at(column, cell), down.at(row, cell)
        parts.append(Rect(*corner, sideways.extent * cell, downward.extent * cell, f"{style}line"))
    return parts


def _strip(axis: tuple[_PanelAxis, _Slide], cell: float) -> list[Part]:
    """A sequence, and below it the window at its first positions and its last."""
    own, slide = axis
    parts = _ground(own, _PanelAxis(0, 1), cell)
    height = max(cell, 6.0)
    if slide.taps == (0,):
        return [*parts, *(Rect(own.at(x, cell), 0, cell, cell, _STYLES[i]) for i, x in enumerate(slide.starts))]
    for i, start in enumerate(slide.starts):
        y = cell + 4 + i * (height + 3)
        style = _STYLES[0] if not i else _STYLES[2] if i + 1 == len(slide.starts) else _STYLES[1]
        if len(slide.taps) <= _TAPS:
            parts += [Rect(own.at(start + tap, cell), y, cell, height, style) for tap in slide.taps]
        parts.append(Rect(own.at(start, cell), y, slide.extent * cell, height, f"{style}line"))
    return parts


def _ground(across: _PanelAxis, down: _PanelAxis, cell: float) -> list[Part]:
    width, height = across.at(across.total, cell), down.at(down.total, cell)
    parts: list[Part] = []
    if across.total > across.size or down.total > down.size:
        parts.append(Rect(0, 0, width, height, "pad"))
    (left, right), (top, bottom) = (
        (axis.at(axis.before, cell), axis.at(axis.before + axis.size, cell)) for axis in (across, down)
    )
    parts.append(Rect(left, top, right - left, bottom - top, "cell"))
    if across.unread:
        parts.append(Rect(right - across.unread * cell, top, across.unread * cell, bottom - top, "unread"))
    if down.unread:
        parts.append(Rect(left, bottom - down.unread * cell, right - left, down.unread * cell, "unread"))
    if cell >= _GRID:
        parts += [Path((x, 0), [((x, height),)], "grid") for x in _grid(across, cell)]
        parts += [Path((0, y), [((width, y),)], "grid") for y in _grid(down, cell)]
    if across.hidden[1]:
        x = across.at(across.hidden[0], cell)
        parts.append(Rect(x, -3, _BREAK, height + 6, "paper"))
        parts += [Path((edge, 0), [((edge, height),)], "frameline") for edge in (x, x + _BREAK)]
    if down.hidden[1]:
        y = down.at(down.hidden[0], cell)
        parts.append(Rect(-3, y, width + 6, _BREAK, "paper"))
        parts += [Path((0, edge), [((width, edge),)], "frameline") for edge in (y, y + _BREAK)]
    return parts


def _grid(axis: _PanelAxis, cell: float) -> list[float]:
    start, stop = axis.hidden
    return [axis.at(i, cell) for i in range(1, axis.total) if not start <= i <= stop or not stop]


def _framed(
    subject: Subject,
    node: Node,
    windows: Sequence[Window],
    body: list[Part],
    *,
    is_transposed: bool,
    unread: bool,
    beyond: bool,
    has_breaks: bool,
) -> Scene:
    layout = subject.layout
    flow, shape = node.inputs[0].flow, node.shape
    title = f"{node.kind} {words.summary(node, layout)}".rstrip()
    sizes = f"{printed_size(flow, layout)} → {printed_size(shape, layout)}"
    lines = [f"{', '.join(axes)}: {formula}{rounded(node, axes)}" for axes, formula in formulas(node)]
    left, top, right, bottom = bounds(body)
    if isinstance(flow, Shape) and flow.rank > 2:
        sizes += "; the last two axes are drawn"
    if has_breaks:
        sizes += "; cells in the middle are left out"
    texts = [min(_WIDEST_TITLE, text_width(title, 17, bold=True)), *(text_width(line, 12) for line in (*lines, sizes))]
    width = max(right - left, 420.0, *texts)
    head: list[Part] = [Text(0, 16, clipped(title, 17, width, bold=True), "title"), Text(0, 35, sizes, "sub")]
    head += [Text(0, 35 + 17 * (i + 1), line, "sub") for i, line in enumerate(lines)]
    start = 35 + 17 * len(lines) + 22
    parts = head + shifted(body, -left, start - top)
    y, legend = _legend(windows, width, is_transposed=is_transposed, unread=unread, beyond=beyond)
    parts += shifted(legend, 0, start + bottom - top + 16)
    height = start + bottom - top + 16 + y
    paper = Rect(0, 0, width + 2 * MARGIN, height + 2 * MARGIN, "paper", 6)
    about = f"{title}: {sizes}. {'. '.join(lines)}"
    return Scene(paper.width, paper.height, title, about, [paper, *shifted(parts, MARGIN, MARGIN)])


def _legend(
    windows: Sequence[Window], width: float, *, is_transposed: bool, unread: bool, beyond: bool
) -> tuple[float, list[Part]]:
    step = windows[-1].stride
    cells = "1 cell" if step == 1 else f"{step} cells"
    thing = "what the first cell writes" if is_transposed else "first window and its cell"
    entries = [("win1", thing), ("win2", f"the next, {cells} on"), ("win3", "the last")]
    if any(window.before or window.after for window in windows):
        entries.append(("pad", "cut off" if is_transposed else "padding"))
    elif beyond:
        entries.append(("pad", "beyond the input"))
    if unread:
        entries.append(("unread", "never read"))
    parts: list[Part] = []
    x = y = 0.0
    for style, text in entries:
        room = 17 + text_width(text, 11) + 16
        if x and x + room > width:
            x, y = 0.0, y + 18
        parts.append(Rect(x, y + 1, 11, 11, style))
        parts.append(Text(x + 17, y + 11, text, "note"))
        x += room
    return y + 16, parts
