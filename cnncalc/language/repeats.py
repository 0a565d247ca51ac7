"""Repeated uses of a block: finds out whether every copy has the layers of the copy before it, apart from their inputs."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.build.builder import Builder, LookUp
from cnncalc.build.pattern import GroupPattern
from cnncalc.graph import Graph, Node, Producer
from cnncalc.language.content import Block
from cnncalc.language.names import are_names
from cnncalc.language.row import Argument, Body, Row
from cnncalc.language.scope import Copy, Scope
from cnncalc.language.template import names_in

#: A block with more rows, or with blocks in it that are nested deeper, is not examined.
_MOST_ROWS = 1000
_LEVELS = 20


class ModelCopy(NamedTuple):
    """A copy of a repeated use of a block, from which later copies are made; `rows` are those in it."""

    pattern: GroupPattern
    inner: Scope
    title: str
    nodes: list[Node]
    rows: int

    def apply(self, builder: Builder, name: str, scope: Scope, source: Producer, copy: Copy, look_up: LookUp) -> None:
        """Make `copy` in `scope`, which reads `source`; joins of rows outside of the block are looked up."""
        group, nodes = builder.repeat(self.pattern, name, source, look_up)
        inner = copy.inner = Scope(scope.body, source, scope, scope.texts)
        inner.prefix = f"{name}."
        inner.mirror(self.inner, self.nodes, nodes)
        copy.title, copy.source = self.title, group.result


class Repeater:
    """Chooses the model for the copies of a row."""

    def __init__(self, row: Row, blocks: dict[str, Block], graph: Graph) -> None:
        self._row = row
        self._blocks = blocks
        self._graph = graph
        self._found: ModelCopy | None = None
        #: The last copy that was expanded, with its number of rows, if it can be a model.
        self._last: tuple[Copy, int] | None = None

    def expanded(self, copy: Copy, rows: int, *, sound: bool) -> None:
        """Remember a copy that was expanded row by row; it is `sound` if nothing was reported in it."""
        self._last = (copy, rows) if sound and self._row.kind == "block" else None

    @property
    def model(self) -> ModelCopy | None:
        """The model for the next copy; None if copies differ in more than their inputs."""
        if self._found is None and self._last is not None:
            copy, rows = self._last
            self._last = None
            block, inner = self._blocks.get(copy.title), copy.inner
            opened = open_joins(self._row, block, self._blocks) if block is not None else None
            if opened is not None and inner is not None and inner.input is not None:
                first = next(
                    i for i in reversed(range(len(self._graph.groups))) if self._graph.groups[i].name == inner.prefix[:-1]
                )
                groups = self._graph.groups[first:]
                nodes = self._graph.nodes[groups[0].start :]
                self._found = ModelCopy(GroupPattern(nodes, groups, opened), inner, copy.title, nodes, rows)
        return self._found


def open_joins(row: Row, block: Block, blocks: dict[str, Block]) -> set[int] | None:
    """Return the ids of rows in a repeated block that join rows outside of it, which each copy looks up.

    None if copies may differ in more than that: by the number of the copy, by the size of their input, or by names.
    """
    keys = row.row_keys
    if "share" in keys or any(keys[key].dynamic for key in ("fit", "trainable") if key in keys):
        return None
    if any(_uses(argument, "i", "in_channels") for argument in row.fields.values()):
        return None
    examination = _Examination(blocks)
    return examination.open if examination.block(block, frozenset(("input",)), _LEVELS) else None


def _uses(argument: Argument | None, *names: str) -> bool:
    """Return whether an expression of a value uses one of `names`."""
    return argument is not None and argument.dynamic and not names_in(argument.value).isdisjoint(names)


class _Examination:
    """Walks the rows of a block. `open` are the ids of joins of rows outside of it."""

    def __init__(self, blocks: dict[str, Block]) -> None:
        self.open: set[int] = set()
        self._blocks = blocks
        self._left = _MOST_ROWS

    def block(self, block: Block, names: frozenset[str], levels: int) -> bool:
        """Return whether all copies of a block have equal rows; `names` are those of the rows before it inside."""
        if not levels or any(_uses(one, "in_channels") for one in block.parameters.values()):
            return False
        return self._body(block.body, names, levels - 1)

    def _body(self, body: Body, around: frozenset[str], levels: int) -> bool:
        names = set(around)
        self._left -= len(body.rows)
        if body.static_names is None or self._left < 0:
            return False
        for row, name in zip(body.rows, body.static_names, strict=True):
            if not self._row(row, names):
                return False
            names.add(name)
            inner = frozenset((*names, *row.branches))
            if not all(self._body(branch, inner, levels) for branch in row.branches.values()):
                return False
            if row.kind == "block":
                block = self._blocks.get(str(row.fields["block"].value)) if "block" in row.fields else None
                if block is None or not self.block(block, inner, levels):
                    return False
        return True

    def _row(self, row: Row, names: set[str]) -> bool:
        if "share" in row.row_keys or "expect" in row.row_keys:
            return False
        if any(_uses(argument, "in_channels") for argument in (*row.fields.values(), *row.row_keys.values())):
            return False
        source = row.row_keys.get("from")
        if source is not None and _count_inside(source, names) is not True:
            return False
        if row.layer is not None and row.layer.main is not None and row.layer.main.wires:
            inside = _count_inside(row.fields.get(row.kind), names)
            if inside is None or (row.dynamic and not inside):
                return False
            if not inside:
                self.open.add(id(row))
        return True


def _count_inside(argument: Argument | None, names: set[str]) -> bool | None:
    """Return whether all rows that a value names are among `names`; None if only some are, or if they are not known."""
    if argument is None or argument.dynamic:
        return None
    value = (argument.value,) if isinstance(argument.value, str) else argument.value
    if not are_names(value):  # type: ignore[arg-type]  # not dynamic
        return None
    inside = {name.partition(".")[0] in names for name in value}
    return inside.pop() if len(inside) == 1 else None
