"""The style `graph`: a row for each layer from top to bottom, sizes on the edges, blocks as frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cnncalc.problem import one_line
from cnncalc.report.picture import frame
from cnncalc.report.picture.captions import Captions, is_called_by_kind, is_called_by_title, named, printed_size
from cnncalc.report.picture.family import family_of
from cnncalc.report.picture.fold import Edge, Item, few_strips
from cnncalc.report.picture.layout import LOWER, Arrangement, Spacing, arrange, in_columns
from cnncalc.report.picture.measure import clipped, text_width
from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.scene import REST_GAP, Part, Path, Rect, Scene, ShapeGroup, Text, arrow
from cnncalc.report.picture.straight import Cell
from cnncalc.report.picture.tooltip import tooltip
from cnncalc.report.picture.units import folded
from cnncalc.shape import Flow
from cnncalc.subject import Subject

_HEIGHT = 24
#: Below a layer's box: the size of its result, beside the edge that leaves it.
_SIZE = 15
_PAD = 10
_STRIPE = 6
#: Colours of a folded block at most.
_STRIPES = 8
_TWO_LINES = 39
_WIDEST, _WIDEST_NAME = 300, 200
_TITLE = 18
#: Pixels for the texts of a box: if a picture is too wide, the next one is tried. None puts name and kind on one line.
_ROOMS = (None, 210, 170, 140, 110, 85, 64, 48)
_SPACING = Spacing(gap=9, fan=12, lane=22, bypass=10)
#: Between lanes if the boxes are narrow, and if their texts have at most _NARROWEST pixels.
_NARROW_LANE, _LEAST_LANE, _NARROWEST = 13, 6, 64
#: Height from which a picture continues in a second column, and the room between two columns.
_TALLEST = 1100
_TURN = 40
#: Texts are not made narrower than this so that another column fits.
_READABLE = 140
#: ItemRows drawn at most if `depth` does not say how far to unfold.
_MOST = 48


@dataclass(eq=False, slots=True)
class FramePort:
    """The point at which a result enters or leaves a frame; `key` is the leaf that computes it."""

    key: Item
    flow: Flow | None


@dataclass(eq=False, slots=True)
class Tree:
    """The inside of a frame, or of the whole network, with the places of its parts."""

    item: Item | None
    entries: list[FramePort]
    children: list[Tree | Item]
    exits: list[FramePort]
    cells: list[Cell]
    #: Start, end and result of each edge, by place among entries, children and exits.
    edges: list[tuple[int, int, Edge]]
    found: Arrangement
    #: The distance in pixels from a part's axis at which an edge meets it, by the part's place and the edge's leaf.
    offsets: dict[tuple[int, Item, bool], float] = field(default_factory=dict)


def scene(subject: Subject, options: Drawing) -> Scene:
    """The picture of a whole network."""
    fold = folded(subject, options.depth, _MOST)
    fold.check_size()
    writer = ItemRows(subject, options)
    parts = writer.drawn(fold.items, fold.edges, options.width - 2 * frame.MARGIN)
    return frame.framed(subject, options, parts, writer.families, "")


class ItemRows:
    """Lays out and draws items with their frames."""

    def __init__(self, subject: Subject, options: Drawing) -> None:
        self._subject = subject
        self._captions = Captions(subject, options)
        self.families: list[str] = []
        self._room: float | None = None
        self._texts: dict[int, tuple[str, str]] = {}
        #: The place of each leaf in the order of the network.
        self._order: dict[int, int] = {}

    def drawn(
        self, items: Sequence[Item], edges: Iterable[Edge], width: float, *, columns: bool = True, least: float = 0
    ) -> list[Part]:
        """Shapes around the axis x = 0, from y = 0 down, at most `width` pixels wide if narrow boxes can achieve it.

        A long chain continues in further columns if they fit, unless `columns` is off. Texts of boxes have `least` pixels.
        """
        self._order = {id(leaf): i for i, leaf in enumerate(leaf for item in items for leaf in item.leaves())}
        edges = list(edges)
        rooms = [room for room in _ROOMS if room is None or room >= least]
        tree = self._fitted(items, edges, width, rooms)
        if columns and tree.found.along > _TALLEST and not self._continue(tree, width):
            tree = self._narrower(tree, items, edges, width, rooms)
        parts: list[Part] = []
        self._draw(tree, 0, 0, parts)
        return parts

    # -- layout

    def _continue(self, tree: Tree, width: float) -> bool:
        """Continue a picture in further columns, if they fit and make it lower."""
        pairs = [(a, b) for a, b, _ in tree.edges]
        found = in_columns(tree.cells, pairs, self._spacing()._replace(turn=_TURN), tree.found.along, _TALLEST, width)
        if found is not None:
            tree.found = found
        return found is not None

    def _narrower(
        self, tree: Tree, items: Sequence[Item], edges: list[Edge], width: float, rooms: Sequence[float | None]
    ) -> Tree:
        """The layout with boxes just so narrow that it can continue in further columns, else `tree`."""
        before = self._room
        for room in rooms:
            if room is not None and room >= _READABLE and (before is None or room < before):
                self._set_room(room)
                other = self._tree(None, items, edges, [], [])
                if self._continue(other, width) and other.found.along < LOWER * tree.found.along:
                    return other
        self._set_room(before)
        return tree

    def _set_room(self, room: float | None) -> None:
        self._room = room
        self._texts.clear()

    def _fitted(self, items: Sequence[Item], edges: list[Edge], width: float, rooms: Sequence[float | None]) -> Tree:
        """The layout with the most room for texts that is at most `width` pixels wide, else with the least room."""

        def at(place: int) -> Tree:
            self._set_room(rooms[place])
            return self._tree(None, items, edges, [], [])

        tree = at(0)
        if tree.found.before + tree.found.after <= width:
            return tree
        trees = {0: tree}
        low, high = min(1, len(rooms) - 1), len(rooms) - 1
        while low < high:
            middle = (low + high) // 2
            trees[middle] = at(middle)
            if trees[middle].found.before + trees[middle].found.after <= width:
                high = middle
            else:
                low = middle + 1
        if self._room != rooms[low]:
            trees[low] = at(low)
        return trees[low]

    def _spacing(self) -> Spacing:
        if self._room is None:
            return _SPACING
        return _SPACING._replace(lane=_NARROW_LANE if self._room > _NARROWEST else _LEAST_LANE)

    def _tree(
        self, item: Item | None, items: Sequence[Item], edges: list[Edge], entries: list[FramePort], exits: list[FramePort]
    ) -> Tree:
        """Lays out `items` inside their frame; `edges` are those with an end in it."""
        home = {id(leaf): i for i, child in enumerate(items) for leaf in child.leaves()}
        children: list[Tree | Item] = []
        by_child: dict[int, list[Edge]] = {}
        for edge in edges:
            for place in {home.get(id(edge.start)), home.get(id(edge.end))} - {None}:
                by_child.setdefault(place or 0, []).append(edge)
        for i, child in enumerate(items):
            if not child.children:
                children.append(child)
                continue
            own = by_child.get(i, [])
            inner = [e for e in own if home.get(id(e.end)) == i and home.get(id(e.start)) != i]
            outer = [e for e in own if home.get(id(e.start)) == i and home.get(id(e.end)) != i]
            children.append(self._tree(child, child.children, own, self._ports(inner), self._ports(outer)))
        first = len(entries)
        last = first + len(children)
        entry = {id(port.key): i for i, port in enumerate(entries)}
        leave = {id(port.key): last + i for i, port in enumerate(exits)}
        pairs: dict[tuple[int, int, int], Edge] = {}
        for edge in edges:
            start, end = home.get(id(edge.start)), home.get(id(edge.end))
            if start is not None and start == end:
                continue
            a = entry.get(id(edge.start)) if start is None else first + start
            b = leave.get(id(edge.start)) if end is None else first + end
            if a is not None and b is not None:
                pairs.setdefault((a, b, id(edge.start)), edge)
        cells = [Cell(0, 5, 5)] * len(entries) + [self._cell(child) for child in children] + [Cell(0, 5, 5)] * len(exits)
        found_edges = [(a, b, edge) for (a, b, _), edge in pairs.items()]
        found = arrange(cells, [(a, b) for a, b, _ in found_edges], self._spacing())
        tree = Tree(item, entries, children, exits, cells, found_edges, found)
        for i, part in enumerate(children):
            if isinstance(part, Tree):
                count = len(part.entries) + len(part.children)
                for j, port in enumerate(part.entries):
                    tree.offsets[first + i, port.key, True] = part.found.places[j][1]
                for j, port in enumerate(part.exits):
                    tree.offsets[first + i, port.key, False] = part.found.places[count + j][1]
        return tree

    def _cell(self, child: Tree | Item) -> Cell:
        if isinstance(child, Item):
            half = self._width(child) / 2
            return Cell(self._height(child) + _SIZE, half, max(half, 8 + text_width(self._size(child), 11)))
        assert child.item is not None
        title = text_width(self._frame_title(child.item), 11, bold=True) + 2 * _PAD
        before, after = child.found.before + _PAD, child.found.after + _PAD
        # The title is beside the first incoming edge.
        first = min((child.found.places[i][1] for i in range(len(child.entries))), default=after)
        return Cell(child.found.along + _TITLE + 2 * _PAD, max(before, title - first), max(after, title - before))

    def _frame_title(self, item: Item) -> str:
        title = item.kind if item.label == item.kind else f"{item.label} {item.kind}"
        times = f" ×{item.count}" if item.count > 1 else ""
        if item.is_shared:
            times += ", shared weights"
        mark = {"error": "✗ ", "unread": "~ "}.get(item.mark, "")
        return clipped(mark + title, 11, self._room or _WIDEST, bold=True) + times

    def _written(self, item: Item) -> tuple[str, str]:
        """The name, and the kind with its bands as far as there is room for them."""
        if id(item) not in self._texts:
            self._texts[id(item)] = self._name(item), self._about(item)
        return self._texts[id(item)]

    def _name(self, item: Item) -> str:
        return named(item, min(_WIDEST_NAME, self._room or _WIDEST_NAME)) if self._captions.has("name") else ""

    def _about(self, item: Item) -> str:
        kind = self._kind(item)
        bands = "".join(f" + {one_line(node.kind)}" for node in (*item.bands, *item.tail)) if self._captions.has("kind") else ""
        room = self._room or _WIDEST
        if text_width(kind + bands, 11) <= room:
            return kind + bands
        # The colours of the box say which bands there are, if their names do not fit; then the last fields are left out.
        fields = kind.split(", ")
        shorter = [kind, *(", ".join([*fields[:count], "…"]) for count in range(len(fields) - 1, 0, -1)), fields[0]]
        word = fields[0].partition(" ")[0]
        if self._room is not None and word.isidentifier():
            shorter.append(word)
        return next((text for text in shorter if text_width(text, 11) <= room), "") or clipped(fields[0], 11, room)

    def _kind(self, item: Item) -> str:
        parts = []
        if self._captions.has("kind"):
            # An item that is named after its kind or its block's title does not need it printed twice.
            says_kind = is_called_by_kind(item) or (
                item.is_folded and (item.label.startswith(item.kind) or is_called_by_title(item))
            )
            kind = "" if says_kind and self._captions.has("name") else item.kind
            parts.append(" ".join(filter(None, (kind, item.text))))
            if item.is_shared:
                parts.append("shared weights")
        return ", ".join(filter(None, (*parts, *self._captions.amounts(item))))

    def _size(self, item: Item) -> str:
        is_unknown = item.flow is None and item.others
        return printed_size(item.flow, self._subject.layout) if self._captions.has("output") and not is_unknown else ""

    def _lengths(self, item: Item) -> tuple[float, float, bool]:
        """Return the widths of name and kind in pixels, and whether the kind is below the name."""
        name, about = self._written(item)
        lengths = text_width(name, 12, bold=True), text_width(about, 11)
        return *lengths, bool(name and about) and self._room is not None and sum(lengths) + REST_GAP > self._room

    def _width(self, item: Item) -> float:
        name, about, is_below = self._lengths(item)
        return _STRIPE + 16 + (max(name, about) if is_below else name + (REST_GAP + about if name and about else about))

    def _height(self, item: Item) -> float:
        return _TWO_LINES if self._lengths(item)[2] else _HEIGHT

    def _ports(self, edges: Iterable[Edge]) -> list[FramePort]:
        """A port for each leaf that edges come from; those from far away first, as they pass on that side."""
        found = {id(edge.start): FramePort(edge.start, edge.flow) for edge in edges}
        return [found[key] for key in sorted(found, key=lambda key: self._order[key])]

    # -- drawing; the axis of the flow is x = `across`

    def _draw(self, tree: Tree, along: float, across: float, parts: list[Part]) -> None:
        first = len(tree.entries)
        places = [(along + a, across + b) for a, b in tree.found.places]
        for i, child in enumerate(tree.children):
            if isinstance(child, Tree):
                self._frame(child, *places[first + i], tree.cells[first + i], parts)
        for index, (a, b, edge) in enumerate(tree.edges):
            parts += self._edge(tree, index, a, b, edge, places, (along, across))
        for place, between, (x, y) in tree.found.breaks:
            # The line to the next column, which begins with lanes.
            start = self._leaves(tree, place, first, first + len(tree.children), None, places)
            corner = start[1] + _SIZE + 6
            points = [start, (start[0], corner), (across + between, corner), (across + between, along + x - 10)]
            points += [(across + y, along + x - 10), (across + y, along + x)]
            parts += arrow(points, "edge", head=0, vertical=True, curved=False)
        for i, child in enumerate(tree.children):
            top, axis = places[first + i]
            if isinstance(child, Tree):
                self._draw(child, top + _TITLE + _PAD, axis, parts)
            else:
                parts.append(self._box(child, top, axis))

    def _edge(
        self,
        tree: Tree,
        index: int,
        a: int,
        b: int,
        edge: Edge,
        places: Sequence[tuple[float, float]],
        origin: tuple[float, float],
    ) -> list[Part]:
        first, last = len(tree.entries), len(tree.entries) + len(tree.children)
        along, across = origin
        start = self._leaves(tree, a, first, last, edge.start, places)
        end = self._arrives(tree, b, edge.start, places)
        route = [(across + y, along + x) for x, y in tree.found.routes.get(index, ())]
        is_leaf = first <= b < last and isinstance(tree.children[b - first], Item)
        if index in tree.found.turns:
            between, corner = route[0][0], start[1] + _SIZE + 6
            points = [start, (start[0], corner), (between, corner), (between, along - 10), (end[0], along - 10), end]
            return arrow(points, "edge", head=5 if is_leaf else 0, vertical=True, curved=False)
        if index in tree.found.resumes:
            x, y = tree.found.resumes[index]
            return arrow([(across + y, along + x), *route, end], "edge", head=5 if is_leaf else 0, vertical=True)
        points = [start, *route, end]
        if first <= a < last and isinstance(tree.children[a - first], Item):
            # The size is beside the first, straight part.
            points.insert(1, (start[0], start[1] + _SIZE))
        style = "skip" if index in tree.found.passing else "edge"
        return arrow(points, style, head=5 if is_leaf else 0, vertical=True)

    def _leaves(
        self, tree: Tree, place: int, first: int, last: int, key: Item | None, places: Sequence[tuple[float, float]]
    ) -> tuple[float, float]:
        top, axis = places[place]
        if not first <= place < last:
            return axis, top
        child = tree.children[place - first]
        if isinstance(child, Item):
            return axis, top + self._height(child)
        offset = tree.offsets.get((place, key, False), 0) if key is not None else 0
        return axis + offset, top + tree.cells[place].along

    def _arrives(self, tree: Tree, place: int, key: Item, places: Sequence[tuple[float, float]]) -> tuple[float, float]:
        top, axis = places[place]
        return axis + tree.offsets.get((place, key, True), 0), top

    def _frame(self, child: Tree, top: float, axis: float, cell: Cell, parts: list[Part]) -> None:
        item = child.item
        assert item is not None
        style = "badline" if item.mark == "error" else "frameline"
        parts.append(Rect(axis - cell.before, top, cell.before + cell.after, cell.along, style, 8))
        parts.append(Text(axis - cell.before + _PAD, top + 15, self._frame_title(item), "frame"))
        # The frame's edges, on its border and inside: from the border to the first port, and from the last one to the border.
        for j in range(len(child.entries)):
            start, x = child.found.places[j]
            parts.append(Path((axis + x, top), [((axis + x, top + _TITLE + _PAD + start),)], "edge"))
        count = len(child.entries) + len(child.children)
        for j in range(len(child.exits)):
            start, x = child.found.places[count + j]
            parts.append(Path((axis + x, top + _TITLE + _PAD + start), [((axis + x, top + cell.along),)], "edge"))

    def _box(self, item: Item, top: float, axis: float) -> Part:
        width, height = self._width(item), self._height(item)
        left = axis - width / 2
        group = ShapeGroup(tooltip(item, self._subject))
        if item.count > 1:
            group.parts.append(Rect(left + 3, top + 3, width, height, "card", 4))
        group.parts.append(Rect(left, top, width, height, "badline" if item.mark == "error" else "card", 4))
        bands = [family_of(node.layer) for node in (*item.bands, *item.tail)]
        strips = few_strips([*(item.strips or (item.family,)), *bands], _STRIPES)
        self.families += strips
        each = (height - 4) / len(strips)
        group.parts += [Rect(left + 2, top + 2 + i * each, _STRIPE, each, f"f-{name}") for i, name in enumerate(strips)]
        name, about = self._written(item)
        # Centred, because the reader's font may be narrower than the one that the box was measured for.
        middle = left + (_STRIPE + 2 + width) / 2
        if self._lengths(item)[2]:
            group.parts += [Text(middle, top + 16, name, "name", "middle"), Text(middle, top + 31, about, "kind", "middle")]
        elif name:
            group.parts.append(Text(middle, top + 16, name, "name", "middle", about))
        else:
            group.parts.append(Text(middle, top + 16, about, "kind", "middle"))
        output = self._size(item)
        if output:
            group.parts.append(Text(axis + 7, top + height + 13, output, "size"))
        return group
