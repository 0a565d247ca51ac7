"""Receptive field: the cells of the input that a cell of a layer's result depends on, computed from the windows on the way.

Sizes in cells of the input, padding included: a window of extent E and stride S over cells that are j input cells apart makes a
field of r cells one of r + (E − 1)·j, and its own cells j·S apart. Where paths join, the largest field is used.
Source: Araujo, Norris & Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Distill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.graph import Graph, Node, Producer
from cnncalc.layers import Join
from cnncalc.layers.base import Pointwise
from cnncalc.layers.view import SAME, View
from cnncalc.shape import Flow, Shape

if TYPE_CHECKING:
    from cnncalc.layers.view import Cells


class Field(NamedTuple):
    """The part of an input axis that cell 0 of a layer's result depends on: the input's cells from `first` to `last`.

    `stride` is the number of input cells by which it moves for the next cell along the result's axis `along`, None if every
    cell sees the same cells. `fixed` is the part that every cell sees as well, by a path through the whole map. `aligned`: all
    paths have the same stride and the same centre.
    """

    first: Cells = 0
    last: Cells = 0
    stride: Cells = 1
    along: int | None = None
    fixed: tuple[Cells, Cells] | None = None
    aligned: bool = True

    @property
    def size(self) -> Cells:
        """The number of input cells from the first to the last one seen, padding included."""
        moving = self.last - self.first + 1
        return moving if self.fixed is None else max(moving, self.fixed[1] - self.fixed[0] + 1)

    @property
    def padding(self) -> Cells:
        """The number of cells of cell 0's field that lie before the input."""
        return -self.first

    @property
    def centre(self) -> Cells:
        """The position of the centre of cell 0's field, in input cells."""
        from fractions import Fraction

        return Fraction(self.first + self.last) / 2

    def through(self, view: View) -> Field:
        """Return the field after a layer with this view of the axis along which the field moves."""
        begin, end, j, _, fixed, aligned = self
        before, after, step, to = view
        first, last = begin + before * j, end + after * j
        if to is None and fixed is not None:
            first, last, fixed = min(first, fixed[0]), max(last, fixed[1]), None
        return Field(first, last, j * step, to, fixed, aligned)


Fields = dict[str, tuple[Field, ...]]
"""The field along each axis of each input, by the input's name."""

#: The fields of layers of unknown shape, and of layers after them.
_UNKNOWN: Fields = {}
#: A join of as many results is remembered.
_MANY = 4


def receptive_fields(graph: Graph) -> dict[str, Fields]:
    """Return the fields of each layer by name; none for layers of unknown shape and for layers after an opaque one.

    Normalisation counts as seeing one cell, though its statistics come from many.
    """
    known: dict[int, Fields] = {}
    for source in graph.inputs:
        rank = _rank(source.flow)
        if rank is not None:
            known[id(source)] = {source.name: tuple(Field(along=axis) for axis in range(rank))}
    found: dict[str, Fields] = {}
    #: The last join of many results: the next one often reads the same results and some more.
    last: Node | None = None
    for node in graph.nodes:
        fields: Fields | None = node.seen
        if fields is None:
            fields = node.seen = _behind(node, known, last)
        if fields is not _UNKNOWN:
            known[id(node)] = found[node.name] = fields
            if len(node.inputs) >= _MANY and not node.inferred.views:
                last = node
    return found


def path_size(producer: Producer) -> tuple[str, list[Cells]] | None:
    """Return an input's name and the size of the field there by one path, through the last input of each join.

    The whole field is at least as large, and takes longer to compute. None if a size on the path is unknown, or if the path
    passes a layer that reads the whole map or changes axes.
    """
    rank = _rank(producer.flow)
    sizes: list[Cells] = [1] * (rank or 0)
    while isinstance(producer, Node):
        views = producer.inferred.views
        if views is None:
            if producer.inferred.shape is None or producer.layer.opaque:
                return None
            views = producer.inferred.views = _views(producer)
        if not producer.inputs:
            return None
        if views and views[-1]:
            if [view.to for view in views[-1]] != [*range(len(sizes))]:
                return None
            sizes = [(size - 1) * step + last - first + 1 for size, (first, last, step, _) in zip(sizes, views[-1], strict=True)]
        producer = producer.inputs[-1]
    return (producer.name, sizes) if rank is not None and _rank(producer.flow) == rank else None


def _rank(flow: Flow | None) -> int | None:
    return flow.rank if flow is not None else None


def _behind(node: Node, known: dict[int, Fields], last: Node | None) -> Fields:
    """Return the fields after a layer, `_UNKNOWN` if its shape or the fields of an input are unknown."""
    views = node.inferred.views
    if views is None:
        if node.inferred.shape is None or node.layer.opaque:
            return _UNKNOWN
        views = node.inferred.views = _views(node)
    inputs: tuple[Producer, ...] = node.inputs
    read: list[Fields | None] = []
    if not views and last is not None and len(inputs) > (many := len(last.inputs)) and inputs[:many] == last.inputs:
        read.append(last.seen)
        inputs = inputs[many:]
    read += [known.get(id(source)) for source in inputs]
    if views:
        read = [_through(before, view) if before and view else before for before, view in zip(read, views, strict=True)]
    if len(read) == 1 and read[0] is not None:
        return read[0]
    paths = [before for before in read if before is not None]
    return _UNKNOWN if len(paths) < len(read) else _joined(paths) if paths else {}


def _views(node: Node) -> tuple[tuple[View, ...], ...]:
    """Return the views of the axes of each input of a layer; nothing if all are `SAME`."""
    found: tuple[tuple[View, ...], ...]
    if isinstance(node.layer, Join):
        if type(node.layer).joined_views is Join.joined_views:
            return ()
        found = node.layer.joined_views(tuple(source.flow for source in node.inputs if isinstance(source.flow, Shape)))
    elif type(node.layer).views is Pointwise.views:
        return ()
    else:
        layer, windows = node.layer, node.inferred.windows
        flows = [source.flow for source in node.inputs]
        shapes = [flow if isinstance(flow, Shape) else Shape(*flow) for flow in flows if flow is not None]
        found = tuple([layer.views(shape, windows) for shape in shapes])
    found = tuple([SAME if _is_same(views) else views for views in found])
    return found if any(found) else ()


def _is_same(views: tuple[View, ...]) -> bool:
    """Return whether each output cell sees the input cell at its own position alone."""
    return all(view == (0, 0, 1, axis) for axis, view in enumerate(views))


def _through(before: Fields, views: tuple[View, ...]) -> Fields:
    """Return the fields after a layer with these views of the axes of its input."""
    return {
        name: tuple([field if field.along is None else field.through(views[field.along]) for field in fields])
        for name, fields in before.items()
    }


def _joined(paths: list[Fields]) -> Fields:
    if all(path is paths[0] for path in paths):
        return paths[0]
    names = dict.fromkeys(name for path in paths for name in path)
    return {name: tuple(map(_largest, zip(*(path[name] for path in paths if name in path), strict=True))) for name in names}


def _largest(fields: tuple[Field, ...]) -> Field:
    """Return the largest of the moving fields, with the parts that the fixed fields see."""
    best: Field | None = None
    hull: tuple[Cells, Cells] | None = None
    for field in fields:
        fixed = (field.first, field.last) if field.along is None else field.fixed
        if fixed is not None:
            hull = fixed if hull is None else (min(hull[0], fixed[0]), max(hull[1], fixed[1]))
        if field.along is not None and (best is None or field.last - field.first > best.last - best.first):
            best = field
    if best is None:
        assert hull is not None
        return Field(*hull, 0, None, None, all(f.aligned for f in fields))
    aligned, twice = True, best.first + best.last
    for field in fields:
        if field.along is not None and not (
            field.aligned and field.stride == best.stride and field.along == best.along and field.first + field.last == twice
        ):
            aligned = False
    if hull == best.fixed and aligned == best.aligned:
        return best
    return Field(best.first, best.last, best.stride, best.along, hull, aligned)


def text(fields: Fields) -> str:
    """Return a layer's fields as tables show them: size and effective stride, `195×195 /32`; `≠` if paths are not aligned.

    With the input's name if the network has several inputs.

    >>> text({"input": (Field(-3, 3, 2, 0), Field(-3, 3, 2, 1))})
    '7×7 /2'
    """
    parts = []
    for name, axes in fields.items():
        if not axes:
            continue
        sizes = extent(axes) + _step(axes)
        if not all(field.aligned for field in axes):
            sizes += " ≠"
        parts.append(f"{name} {sizes}" if len(fields) > 1 else sizes)
    return ", ".join(parts)


def extent(axes: tuple[Field, ...]) -> str:
    """Return the size alone, `195×195`."""
    return "×".join(_number(field.size) for field in axes)


def _step(axes: tuple[Field, ...]) -> str:
    """Return ` /32` if the field moves by more than one cell, else an empty text."""
    steps = [str(field.stride) for field in axes if field.along is not None]
    return f" /{steps[0] if len(set(steps)) == 1 else '×'.join(steps)}" if set(steps) - {"1"} else ""


def _number(cells: Cells) -> str:
    """Return a number of cells as text; a fraction, after upsampling, is rounded up to whole cells."""
    return str(-(-cells // 1))
