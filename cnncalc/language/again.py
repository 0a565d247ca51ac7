"""Uses of blocks that the last reading of a text expanded, so that the next reading can take them as they are."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.build.builder import Builder
from cnncalc.build.cache import Cache
from cnncalc.graph import Graph, Group, Producer
from cnncalc.language.content import Block, Document
from cnncalc.language.expression import Texts
from cnncalc.language.row import Row
from cnncalc.language.scope import Copy, Scope


class BlockUse(NamedTuple):
    """One use of a block: all that its layers depend on, apart from what was expanded before it, and where they are.

    `layers` and `groups` are the numbers of layers and groups up to its end, `rows` the number of rows in it. `sound`: nothing
    was reported inside.
    """

    block: Block
    texts: Texts
    source: Producer | None
    inner: Scope
    layers: int
    groups: int
    rows: int
    sound: bool

    def is_like(self, block: Block, source: Producer | None, inner: Scope) -> bool:
        """Return whether a use of `block` at the same place, after equal layers, has equal layers."""
        return (
            self.sound
            and self.block is block
            and self.source is source
            and self.inner.fit == inner.fit
            and self.inner.frozen == inner.frozen
            and self.texts == inner.texts
        )


class Expansion(NamedTuple):
    """The graph of a reading, the use of a block that each group is, and all that every layer depends on beside inputs and rows.

    The next reading changes the layers and groups that it takes: then the graph is no longer that of its text.
    """

    graph: Graph
    uses: list[BlockUse | None]
    settings: tuple[object, ...]


class Uses:
    """The uses of blocks in one expansion. `graph` is that of the last expansion, None if nothing can be taken from it."""

    def __init__(self, cache: Cache, document: Document, ignored: frozenset[str], *, changed: bool) -> None:
        self._cache = cache
        self._settings = document.layout, ignored, document.vars, document.blocks
        #: Whether the next expansion may take from this one.
        self.kept = cache.takes and not changed
        last: Expansion | None = cache.expansion
        cache.expansion = None
        usable = last is not None and self.kept and last.settings == self._settings
        self._before: list[BlockUse | None] = last.uses if last is not None and usable else []
        self.graph = last.graph if last is not None and usable else None
        #: The use that each group of the graph is; None for branches.
        self._found: list[BlockUse | None] = []

    def opened(self) -> int:
        """Count one more group. Return its number."""
        self._found.append(None)
        return len(self._found) - 1

    def keep(self, group: int, use: BlockUse) -> None:
        """Keep a use of a block for the next expansion."""
        self._found[group] = use

    def keep_copy(
        self, group: int, block: Block, source: Producer, inner: Scope | None, graph: Graph, rows: int, sound: bool
    ) -> None:
        """Count the groups in a use that was copied as a whole, and keep it."""
        self._found += [None] * (len(graph.groups) - len(self._found))
        if self.kept and inner is not None:
            self.keep(group, BlockUse(block, inner.texts, source, inner, len(graph.nodes), len(graph.groups), rows, sound))

    def take(
        self, builder: Builder, row: Row, name: str, block: Block, source: Producer | None, copy: Copy, most: int
    ) -> tuple[Group, int] | None:
        """Take an equal use of a block, of at most so many rows, into the graph; `copy` has the scope of the new use.

        Return its group and its number of rows; None if the last expansion has none at this place.
        """
        at = len(self._found)
        use = self._before[at] if at < len(self._before) else None
        inner = copy.inner
        if use is None or inner is None or use.rows > most or not use.is_like(block, source, inner):
            return None
        group = builder.take(name, row, "name" in row.row_keys, use.layers, use.groups)
        if group is None:
            return None
        self._found += self._before[at : use.groups]
        copy.inner = use.inner
        use.inner.parent = inner.parent
        return group, use.rows

    def finish(self, graph: Graph) -> None:
        """Keep everything for the next expansion."""
        if self.kept:
            self._cache.expansion = Expansion(graph, self._found, self._settings)
