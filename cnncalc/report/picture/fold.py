"""A network → the items of its picture: layers, folded blocks and frames, with repeats counted, and the edges between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cnncalc.graph import Group, Input, Node, Producer, Twig, tree
from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.network.lines import Lines
from cnncalc.report.picture.family import family_of, is_band
from cnncalc.report.picture.options import CannotDraw
from cnncalc.shape import Flow, Shape
from cnncalc.subject import Subject

_INDEX = re.compile(r"(.*)\.(\d+)$", re.DOTALL)
#: Inputs of a block that is drawn alone, at most, if one layer reads them all.
_INPUTS = 4
#: Boxes of a picture at most.
_MOST = 2000
#: The worst mark first.
_MARKS = ("error", "unread", "changed", "")


@dataclass(eq=False, slots=True)
class Item:
    """One thing that is drawn: an input, a layer, a folded block, or a block's frame around its `children`.

    `count` copies in sequence are drawn as one; `flow` is the result of the last one.
    """

    label: str
    kind: str
    text: str
    family: str
    flow: Flow | None
    source: Producer | None = None
    nodes: list[Node] = field(default_factory=list)
    count: int = 1
    #: Activations and normalisations that are drawn as part of it.
    bands: list[Node] = field(default_factory=list)
    #: Those that follow its last copy alone.
    tail: list[Node] = field(default_factory=list)
    children: list[Item] = field(default_factory=list)
    #: Families of the layers inside a folded block, in order, without those that are drawn as bands.
    strips: tuple[str, ...] = ()
    mark: str = ""
    #: Further results that a block reads, if they are drawn as one input.
    others: list[Producer] = field(default_factory=list)
    #: Results that leave the network here.
    is_output: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether all its weights are another layer's."""
        weighted = [node for node in self.nodes if node.weights]
        return bool(weighted) and all(node.shared is not None for node in weighted)

    @property
    def is_folded(self) -> bool:
        return bool(self.strips)

    def leaves(self) -> Iterator[Item]:
        """Itself, or every item inside its frame."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def few_strips(strips: Sequence[str], most: int) -> list[str]:
    """Families of a folded block, at most `most`: repeated ones are left out if there are more.

    >>> few_strips(["conv", "conv", "join"], 3), few_strips(["conv", "conv", "pool", "conv", "join"], 3)
    (['conv', 'conv', 'join'], ['conv', 'pool', 'join'])
    """
    if len(strips) <= most:
        return list(strips)
    distinct = [strip for i, strip in enumerate(strips) if not i or strip != strips[i - 1]]
    return distinct if len(distinct) <= most else list(dict.fromkeys(strips))[:most]


@dataclass(eq=False, slots=True)
class Edge:
    """A result that one leaf reads from another."""

    start: Item
    end: Item
    flow: Flow | None


class _Facts:
    """Figures for every fold of a network: mark, number of readers and index of a layer by its id; the outputs' ids."""

    def __init__(self, subject: Subject) -> None:
        graph = subject.graph
        self.tree = tree(graph)
        self.marks = {id(node): line.mark for node, line in zip(graph.nodes, Lines(subject).flat(), strict=True)}
        self.places = {id(node): place for place, node in enumerate(graph.nodes)}
        self.readers = {id(source): len(readers) for source, readers in graph.readers().items()}
        self.outputs = {id(source) for source in graph.outputs}


class Fold:
    """The items and edges of a network, unfolded down to `depth` levels, or wholly if that is None.

    `bands` draws activations and normalisations as part of the layer before them, and blocks that hold nothing else as that
    layer. `frames` puts a frame around each unfolded block. Without frames a repeated block stays folded; `unroll` draws each of
    its copies.
    """

    def __init__(
        self,
        subject: Subject,
        depth: int | None = None,
        *,
        frames: bool = False,
        bands: bool = True,
        unroll: bool = False,
        block: Twig | None = None,
        like: Fold | None = None,
    ) -> None:
        """`block` is one block to show alone, with its inputs; `like` is another fold of the same network."""
        self._layout = subject.layout
        self._depth = depth
        self._frames = frames
        self._bands = bands
        self._unroll = unroll
        self._facts: _Facts = like._facts if like is not None else _Facts(subject)
        #: Which copy of which repeated row a layer belongs to.
        self._copies: dict[int, dict[int, int]] = {}
        self._runs = 0
        if block is not None and block.group is not None:
            self.items = self._siblings(block.children, 1, f"{block.group.name}.")
            self._add_outside(block, block.group)
        else:
            self.items = [self._input(source) for source in subject.graph.inputs]
            self.items += self._siblings(self._facts.tree, 1, "")
        self.edges = self._edges(self.items)

    def _add_outside(self, block: Twig, group: Group) -> None:
        """Put the inputs of a block before its items."""
        inside = {id(node) for node in block.nodes()}
        outside: dict[int, Producer] = {}
        for item in self.items:
            for node in item.nodes:
                outside.update((id(source), source) for source in node.inputs if id(source) not in inside)
        for source in reversed(outside.values()):
            label = "input" if source is group.reads else one_line(source.name)
            self.items.insert(0, Item(label, "input", "", "input", source.flow, source))
        self._join_inputs(len(outside))

    def _join_inputs(self, number: int) -> None:
        """Draws the first `number` items, which a block reads, as one if there are many and one layer reads them all."""
        sources = {id(item.source) for item in self.items[:number]}
        readers = [node for item in self.items for leaf in item.leaves() for node in leaf.nodes
                   if sources.intersection(map(id, node.inputs))]  # fmt: skip
        if number <= _INPUTS or len(readers) > 1:
            return
        first, *others = self.items[:number]
        sizes = {item.flow.spatial for item in (first, *others) if isinstance(item.flow, Shape)}
        first.label = f"{number} inputs"
        first.others = [item.source for item in others if item.source is not None]
        if len(sizes) > 1 or len({item.flow for item in (first, *others)}) > 1:
            first.flow = None
        del self.items[1:number]

    def check_size(self) -> None:
        """Raise CannotDraw if there is more to draw than anybody can read."""
        number = sum(1 for item in self.items for _ in item.leaves())
        if number > _MOST:
            hint = "fold it by --depth" if self._depth != 1 else "put repeated layers into blocks, or use repeat"
            raise CannotDraw(f"the picture would have {number:,} boxes, and {_MOST:,} is the most that is drawn; {hint}")

    def _input(self, source: Input) -> Item:
        vocabulary = getattr(source.flow, "vocabulary", None)
        text = f"vocabulary {vocabulary:,}" if vocabulary else ""
        item = Item(one_line(source.name), "input", text, "input", source.flow, source)
        item.is_output = id(source) in self._facts.outputs
        return item

    def _siblings(self, twigs: list[Twig], level: int, prefix: str) -> list[Item]:
        found: list[Item] = []
        #: Items by their last layer.
        hosts: dict[int, Item] = {}
        for run in _repeats(twigs):
            made = self._twig(run[0], level, prefix) if len(run) == 1 else self._run(run, level, prefix)
            for item in made:
                host = self._host(hosts, item) if self._bands else None
                if host is None:
                    found.append(item)
                else:
                    self._add_band(host, item)
                last = host or item
                if last.nodes:
                    hosts[id(last.nodes[-1])] = last
        return found

    def _host(self, hosts: dict[int, Item], item: Item) -> Item | None:
        """The item on which a layer is drawn as a band: the layer reads its result alone, and nothing else reads that."""
        if item.children or item.is_folded or not item.nodes or len(item.nodes) != item.count or not is_band(item.nodes[0]):
            return None
        source = item.nodes[0].inputs[0]
        host = hosts.get(id(source))
        if host is None or host.children or host.count < item.count:
            return None
        return host if self._facts.readers.get(id(source)) == 1 and id(source) not in self._facts.outputs else None

    @staticmethod
    def _add_band(host: Item, item: Item) -> None:
        (host.bands if host.count == item.count else host.tail).extend([*item.nodes[:1], *item.bands])
        host.nodes += item.nodes
        host.flow, host.is_output = item.flow, item.is_output
        host.mark = _worst(host.mark, item.mark)

    def _twig(self, twig: Twig, level: int, prefix: str) -> list[Item]:
        group = twig.group
        if group is None:
            assert twig.node is not None
            return [self._leaf(twig.node, label_of(twig.node.name, prefix))]
        if not twig.children:
            return []
        if self._depth is not None and level >= self._depth and not (self._frames and group.kind != "block" and prefix):
            if not (self._bands and _is_one_layer(twig)):
                return [self._folded(twig, group, prefix)]
            inside = self._inside(twig, level)
            if len(inside) == 1:
                inside[0].label = label_of(group.name, prefix)
            return inside
        inside = self._inside(twig, level)
        if not self._frames or group.kind != "block" or len(inside) < 2:
            if len(inside) == 1 and group.kind == "block":
                inside[0].label = label_of(group.name, prefix)
                if inside[0].is_folded:
                    inside[0].kind = one_line(group.title)
            return inside
        frame = Item(label_of(group.name, prefix), one_line(group.title), "", "block", _result(group))
        frame.children = inside
        frame.nodes = sorted(twig.nodes(), key=lambda node: self._facts.places[id(node)])
        return [frame]

    def _inside(self, twig: Twig, level: int) -> list[Item]:
        assert twig.group is not None
        # Inside a block that is drawn alone, branches cost no depth: the picture is of them.
        own = level if self._frames and twig.group.kind != "block" and self._depth == 1 else level + 1
        found = self._siblings(twig.children, own, f"{twig.group.name}.")
        if twig.node is not None:
            found.append(self._leaf(twig.node, label_of(twig.node.name, "")))
        return found

    def _leaf(self, node: Node, label: str) -> Item:
        kind = getattr(node.layer, "kind", node.kind)
        text = words.summary(node, self._layout) if len(node.inputs) < 2 else ""
        item = Item(label, one_line(kind), text, family_of(node.layer), node.flow, None, [node])
        item.mark = self._facts.marks[id(node)]
        item.is_output = id(node) in self._facts.outputs
        return item

    def _folded(self, twig: Twig, group: Group, prefix: str) -> Item:
        nodes = sorted(twig.nodes(), key=lambda node: self._facts.places[id(node)])
        main = [family_of(node.layer) for node in nodes if not is_band(node)] or ["passing"]
        title = group.title
        if group.kind == "branches":
            title += f" of {len(twig.children)} branches"
        real = [node for node in nodes if not is_band(node)]
        text = words.plural(len(nodes), "layer")
        if len(real) == 1:
            text = f"{real[0].kind} {words.summary(real[0], self._layout)}".rstrip()
        item = Item(label_of(group.name, prefix), one_line(title), text, "block",
                    _result(group), None, nodes, strips=tuple(main))  # fmt: skip
        item.mark = next(mark for mark in _MARKS if not mark or any(self._facts.marks[id(node)] == mark for node in nodes))
        item.is_output = any(id(node) in self._facts.outputs for node in nodes)
        return item

    def _run(self, run: list[Twig], level: int, prefix: str) -> list[Item]:
        """The copies of a repeated row, those that are alike drawn once."""
        copies = [self._twig(twig, level, prefix) for twig in run]
        if not self._frames and not self._unroll and any(len(copy) > 1 for copy in copies):
            copies = [[self._folded(twig, twig.group, prefix)] if twig.group is not None else [] for twig in run]
        found: list[Item] = []
        first: list[Item] = []
        alike: object = None
        number = 0
        for copy in copies:
            # Copies of a folded block are equal if their maps have one size, because their inside is not drawn.
            signature = [_signature(item) for item in copy]
            if first and signature == alike:
                number += 1
                for item, other in zip(first, copy, strict=True):
                    self._absorb(item, other, number)
                    item.count += other.count
                continue
            self._runs += 1
            found += copy
            first, alike, number = (copy if len(copy) == 1 else []), signature, 0
            for item in copy:
                self._number(item, 0)
        for item in found:
            if item.count > 1:
                item.label = _INDEX.sub(r"\1", item.label)
        return found

    def _number(self, item: Item, number: int) -> None:
        for node in item.nodes:
            self._copies.setdefault(id(node), {})[self._runs] = number

    def _absorb(self, item: Item, other: Item, number: int) -> None:
        self._number(other, number)
        item.nodes += other.nodes
        item.flow = other.flow
        item.mark = _worst(item.mark, other.mark)
        item.is_output = item.is_output or other.is_output
        for mine, its in zip(item.children, other.children, strict=True):
            self._absorb(mine, its, number)

    def _edges(self, items: Iterable[Item]) -> list[Edge]:
        """Return the edges between leaves, each pair once, without edges between copies that are drawn as one."""
        leaves = [leaf for item in items for leaf in item.leaves()]
        home: dict[int, Item] = {id(node): leaf for leaf in leaves for node in leaf.nodes}
        home.update((id(source), leaf) for leaf in leaves for source in (leaf.source, *leaf.others) if source is not None)
        found: dict[tuple[int, int], Edge] = {}
        for leaf in leaves:
            for node in leaf.nodes:
                for source in node.inputs:
                    start = home.get(id(source))
                    if start is None or start is leaf or (id(start), id(leaf)) in found or self._between_copies(source, node):
                        continue
                    found[id(start), id(leaf)] = Edge(start, leaf, source.flow)
        return list(found.values())

    def _between_copies(self, source: Producer, node: Node) -> bool:
        copies = self._copies.get(id(node))
        other = self._copies.get(id(source))
        return bool(copies and other) and any(other.get(run, n) != n for run, n in (copies or {}).items() if other)


def label_of(name: str, prefix: str = "") -> str:
    """Return the name to draw: the name without its frame's name, else its last part with the number of its copy.

    A last part that is a number alone, as PyTorch numbers modules, is printed with the part before it.
    """
    if prefix and name.startswith(prefix) and not name.removeprefix(prefix).isdigit():
        return one_line(name.removeprefix(prefix))
    copy = _INDEX.match(name)
    path = (copy[1] if copy else name).split(".")
    last = ".".join(path[-2:]) if path[-1].isdigit() else path[-1]
    return one_line(f"{last}.{copy[2]}" if copy else last)


def _repeats(twigs: list[Twig]) -> Iterator[list[Twig]]:
    """Siblings, those that are copies of one row together: their names differ in a running number at the end."""
    run: list[Twig] = []
    for twig in twigs:
        if run and not _follows(run[-1], twig):
            yield run
            run = []
        run.append(twig)
    if run:
        yield run


def _follows(before: Twig, twig: Twig) -> bool:
    a, b = _INDEX.match(before.name), _INDEX.match(twig.name)
    if a is None or b is None or a[1] != b[1] or int(b[2]) != int(a[2]) + 1:
        return False
    if before.group is None or twig.group is None:
        return before.group is twig.group
    return before.group.title == twig.group.title and before.group.kind == twig.group.kind == "block"


def _signature(item: Item) -> object:
    """The properties that two copies must share to be drawn as one."""
    if item.is_folded:
        return item.kind, item.flow.spatial if isinstance(item.flow, Shape) else item.flow
    bands = tuple((node.kind, node.summary) for node in item.bands)
    if item.children:
        return item.kind, item.count, tuple(map(_signature, item.children))
    spatial = item.flow.spatial if isinstance(item.flow, Shape) else item.flow
    return item.kind, item.text, item.count, bands, spatial


def _is_one_layer(twig: Twig) -> bool:
    """Whether a block is a single layer with activations and normalisations around it."""
    return sum(not is_band(node) for node in twig.nodes()) <= 1


def _result(group: Group) -> Flow | None:
    return group.result.flow if group.result is not None else None


def _worst(a: str, b: str) -> str:
    return min(a, b, key=_MARKS.index)
