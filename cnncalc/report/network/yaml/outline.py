"""Turn a graph into nested rows of cnncalc's language: layers, uses of blocks and branches, with valid names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnncalc.graph import Graph, Input, Node, Producer
from cnncalc.language.names import name_fault
from cnncalc.report.network.yaml.modules import PendingItem, modules_of


class Hidden(Exception):
    """A row cannot name its input, because a row in a scope deeper than `depth` bears the input's name and hides it."""

    def __init__(self, name: str, depth: int) -> None:
        super().__init__(name)
        self.name = name
        self.depth = depth


@dataclass(slots=True, eq=False)
class RowList:
    """Rows in sequence: the network's, those of a block's use, or those of a branch."""

    owner: OutlineRow | None
    label: str | None
    #: The result that its first row reads.
    input: Producer | None
    rows: list[OutlineRow] = field(default_factory=list)

    @property
    def outer(self) -> RowList | None:
        return self.owner.scope if self.owner is not None else None


@dataclass(slots=True, eq=False)
class OutlineRow:
    """A row: a layer, a use of a block (`inner`), or branches. A repeated row has an `index` and stands for one copy."""

    name: str
    scope: RowList
    node: Node | None
    title: str
    index: int | None = None
    #: Whether the source file names it.
    named: bool = True
    inner: RowList | None = None
    branches: dict[str, RowList] = field(default_factory=dict)
    #: All copies of a repeated row, in order; only the first one is written.
    copies: list[OutlineRow] = field(default_factory=list)

    @property
    def result(self) -> Producer | None:
        """The output of the row in the language: that of a block's last row."""
        row: OutlineRow | None = self
        while row is not None and row.inner is not None:
            scope = row.inner
            row = scope.rows[-1] if scope.rows else None
            if row is None:
                return scope.input
        return row.node if row is not None else None


class GraphOutline:
    """The rows of a graph, and the row of each layer. With `flat`, every layer is a top-level row.

    `reserved` are names that no row in a scope deeper than the given number may bear; 0 is the top.
    """

    def __init__(self, graph: Graph, *, flat: bool = False, reserved: Mapping[str, int] | None = None) -> None:
        self._reserved = reserved or {}
        self.graph = graph
        self.top = RowList(None, None, graph.inputs[0] if len(graph.inputs) == 1 else None)
        #: The row of each layer.
        self.rows: dict[Node, OutlineRow] = {}
        self._places = {node: i for i, node in enumerate(graph.nodes)}
        if flat:
            items = [PendingItem(node.name, node, None, "") for node in graph.nodes]
        else:
            items = modules_of(graph)
        self._fill(self.top, items)

    def _fill(self, scope: RowList, items: list[PendingItem]) -> None:
        """Make the rows of a scope."""
        depth = len(self.path(scope)) - 1
        names = _names(items, {name for name, most in self._reserved.items() if depth > most})
        #: The first copies of repeated rows, by name.
        firsts: dict[str, OutlineRow] = {}
        for item, (name, index) in zip(items, names, strict=True):
            row = self._row(scope, item, name, index)
            if index:
                firsts[name].copies.append(row)
            elif index == 0:
                firsts[name] = row
                row.copies.append(row)
            scope.rows.append(row)

    def _row(self, scope: RowList, item: PendingItem, name: str, index: int | None) -> OutlineRow:
        named = item.node.named if item.node is not None else item.group.named if item.group is not None else True
        row = OutlineRow(name, scope, item.node, item.title, index, named)
        if item.group is not None and item.group.kind == "branches":
            for child in item.children:
                inner = RowList(row, child.part, item.group.reads)
                row.branches[child.part] = inner
                self._fill(inner, child.children)
        elif item.node is None:
            row.inner = RowList(row, None, self._input(item))
            self._fill(row.inner, item.children)
        if item.node is not None:
            self.rows[item.node] = row
        return row

    def _input(self, item: PendingItem) -> Producer | None:
        """The input of a block: that of its group, else the first producer outside the block that its layers read."""
        if item.group is not None and item.group.reads is not None:
            return item.group.reads
        inside = set(item.nodes())
        for node in item.nodes():
            for source in node.inputs:
                if source not in inside:
                    return source
        return None

    def path(self, scope: RowList) -> list[RowList]:
        """A scope and the scopes around it, outermost first."""
        found: list[RowList] = []
        current: RowList | None = scope
        while current is not None:
            found.append(current)
            current = current.outer
        return found[::-1]

    def reference(self, producer: Producer, scope: RowList, *, exact: bool = False) -> str:
        """The name of an earlier output as seen from a row of `scope`. Raises Hidden.

        The name of a block stands for its last layer, unless that layer itself is meant: `exact`.
        """
        if producer is scope.input and not (isinstance(producer, Input) and scope is self.top and producer.name != "input"):
            return "input"
        around = self.path(scope)
        if isinstance(producer, Input):
            if producer.name == "input":
                raise Hidden("input", 0)
            return _visible([producer.name], around, -1)
        row = self.rows[producer]
        # The outermost block with this output that does not contain the reading row gives the shortest name.
        while not exact and row.scope not in around and row.scope.owner is not None and row.scope.owner.result is producer:
            row = row.scope.owner
        return self.name_of(row, scope)

    def name_of(self, row: OutlineRow, scope: RowList) -> str:
        """The path of a row as seen from `scope`. Raises Hidden."""
        around = self.path(scope)
        parts: list[str] = []
        current = asked = row
        while True:
            index = f".{current.index}" if current.index is not None and not _is_last(current, asked is current) else ""
            parts.insert(0, f"{current.name}{index}")
            home = current.scope
            if home in around:
                return _visible(parts, around, around.index(home))
            if home.label is not None:
                parts.insert(0, home.label)
            assert home.owner is not None  # the top is around every row
            current = home.owner


def nodes_below(row: OutlineRow) -> list[Node]:
    """Every layer of a row, in order."""
    found: list[Node] = []
    todo = [row]
    while todo:
        one = todo.pop()
        if one.inner is not None:
            todo.extend(reversed(one.inner.rows))
        for scope in reversed(one.branches.values()):
            todo.extend(reversed(scope.rows))
        if one.node is not None:
            found.append(one.node)
    return found


def _is_last(row: OutlineRow, asked: bool) -> bool:
    """Whether a repeated row's name without a number means this copy."""
    first = next((other for other in row.scope.rows if other.name == row.name and other.index == 0), row)
    return first.copies[-1] is row


def _visible(parts: list[str], around: list[RowList], depth: int) -> str:
    """The joined path of a row in the scope at `depth`, -1 for an input. Raises Hidden if a deeper row has its first name."""
    first = parts[0].partition(".")[0]
    if any(first == other.name for scope in around[depth + 1 :] for other in scope.rows):
        raise Hidden(first, depth)
    return ".".join(parts)


def _names(items: list[PendingItem], reserved: set[str]) -> list[tuple[str, int | None]]:
    """For each item, a valid name, and its index if it is one of several copies of a row."""
    found: list[tuple[str, int | None]] = []
    taken = set(reserved)
    runs = _runs(items)
    for i, item in enumerate(items):
        base, _, number = item.part.rpartition(".")
        if i in runs and runs[i] == int(number):
            name = _allowed(base)
            if runs[i] == 0:
                while name in taken:
                    name += "_"
                taken.add(name)
            else:
                name = found[-1][0]
            found.append((name, runs[i]))
            continue
        name = _allowed(item.part)
        number_behind = 2
        while name in taken:
            name, number_behind = f"{_allowed(item.part)}_{number_behind}", number_behind + 1
        taken.add(name)
        found.append((name, None))
    return found


def _runs(items: list[PendingItem]) -> dict[int, int]:
    """The positions and indexes of equal items that are numbered from 0 without a gap under one name."""
    found: dict[int, int] = {}
    i = 0
    while i < len(items):
        base, dot, number = items[i].part.rpartition(".")
        run = [items[i]]
        if dot and number == "0":
            while i + len(run) < len(items) and items[i + len(run)].part == f"{base}.{len(run)}":
                run.append(items[i + len(run)])
            others = [item.part for item in items if item.part.startswith(f"{base}.")]
            if len(others) == len(run) and _chained(run):
                found.update({i + k: k for k in range(len(run))})
        i += len(run)
    return found


def _chained(run: list[PendingItem]) -> bool:
    """Whether copies are equal, and each reads the one before."""
    first = _shape_of(run[0], None)
    return all(first is not None and _shape_of(item, run[k]) == first for k, item in enumerate(run[1:]))


def _shape_of(item: PendingItem, before: PendingItem | None) -> object:
    """The properties that copies must share: kinds, fields, names, and inputs inside the item or from the copy before."""
    nodes = list(item.nodes())
    if not nodes:
        return None
    places = {node: i for i, node in enumerate(nodes)}
    entry = _entry(item, nodes)
    if before is not None and _result(before) is not entry:
        return False
    parts = []
    for node in nodes:
        reads = tuple(
            places[s] if isinstance(s, Node) and s in places else "entry" if s is entry else s.name for s in node.inputs
        )
        fields = tuple((name, node.layer.value(name)) for name in node.layer.stored)
        shared = node.shared.name if node.shared is not None else None
        parts.append((node.kind, fields, reads, node.fit, node.frozen, shared))
    return _skeleton(item), tuple(parts)


def _skeleton(item: PendingItem) -> object:
    """Names and nesting below an item."""
    kind = item.group.kind if item.group is not None else ""
    return kind, tuple((child.part, _skeleton(child)) for child in item.children)


def _entry(item: PendingItem, nodes: list[Node]) -> Producer | None:
    inside = set(nodes)
    if item.group is not None and item.group.reads is not None:
        return item.group.reads
    return next((source for node in nodes for source in node.inputs if source not in inside), None)


def _result(item: PendingItem) -> Producer | None:
    last = item
    while last.children and last.node is None:
        last = last.children[-1]
    return last.node


def _allowed(part: str) -> str:
    """A part of a name with invalid characters replaced by underscores."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in part) or "layer"
    if name == "input" or name.isdigit():
        name = f"layer{name}" if name.isdigit() else "input_"
    assert name_fault(name) is None
    return name
