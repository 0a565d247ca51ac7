"""The content of a file's top level: blocks, vars, inputs, rows, expectations and budget; and what its variants share."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cnncalc.dtype import DEFAULT
from cnncalc.language.row import FAULTY, Argument, Body
from cnncalc.language.source import YamlNode
from cnncalc.problem import Location, Problem
from cnncalc.shape import Flow, Shape
from cnncalc.values import Value

#: Budgets in bytes, which depend on the number type.
IN_BYTES = ("weights", "peak_memory")


class Block:
    """A reusable group of rows; parameters without a default are None."""

    __slots__ = ("at", "body", "name", "parameter_locations", "parameters")

    def __init__(self, name: str, at: Location) -> None:
        self.name = name
        self.at = at
        self.parameters: dict[str, Argument | None] = {}
        self.parameter_locations: dict[str, Location] = {}
        self.body = Body(None, [])

    def is_like(self, other: Block) -> bool:
        """Return whether both have the same rows and parameters, read from the same nodes."""
        if self.at != other.at or self.parameter_locations != other.parameter_locations:
            return False
        if len(self.body.rows) != len(other.body.rows) or self.body.static_names != other.body.static_names:
            return False
        pairs = zip(self.parameters.values(), other.parameters.values(), strict=True)
        return (
            self.body.node is other.body.node
            and all(one is two for one, two in zip(self.body.rows, other.body.rows, strict=True))
            and list(self.parameters) == list(other.parameters)
            and all(_same(one, two) for one, two in pairs)
        )


def _same(one: Argument | None, other: Argument | None) -> bool:
    """Return whether two arguments are read from the same node, both with or both without a fault."""
    if one is None or other is None:
        return one is other
    return one.node is other.node and (one.value is FAULTY) == (other.value is FAULTY)


class Document:
    """The content of a file: expressions of the top level are computed, rows are read but not yet expanded."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.description: str | None = None
        self.source: str | None = None
        self.layout = "channels_last"
        self.fit = "exact"
        self.dtype = DEFAULT
        #: Whether the file names no other type; if it names an unknown one, figures in bytes cannot be judged.
        self.dtype_known = True
        self.vars: dict[str, Value | object] = {}
        self.var_locations: dict[str, Location] = {}
        self.inputs: dict[str, Flow | None] = {}
        self.blocks: dict[str, Block] = {}
        self.layers = Body(None, [])
        self.outputs: list[tuple[str, Location]] = []
        self.expect: dict[str, tuple[int, Location]] = {}
        self.expect_output: list[tuple[str | None, Shape, Location]] = []
        self.budget: dict[str, tuple[int, str, Location]] = {}
        #: The location of each rule in the file's `ignore`.
        self.ignored: list[tuple[str, Location]] = []
        self.ignore_node: YamlNode | None = None
        self.input_locations: dict[str, Location] = {}
        #: The names used by expressions outside of rows.
        self.used_names: set[str] = set()

    @cached_property
    def known_names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The names of vars and of blocks, when all are known."""
        return frozenset(self.vars), frozenset(self.blocks)


class Rows:
    """The blocks and rows of a file, read under one layout.

    They do not depend on the values of vars or on other changes, so a variant of the same text can use them again.
    """

    __slots__ = ("blocks", "layers", "sound", "used")

    def __init__(self, document: Document, *, sound: bool) -> None:
        self.blocks = document.blocks
        self.layers = document.layers
        #: The names that expressions outside of rows use.
        self.used = frozenset(document.used_names)
        #: Whether no row has a problem; otherwise the rows are read again, and reported again, for each variant.
        self.sound = sound


class Parsed:
    """A text parsed as YAML with the problems found in it, and its rows by layout."""

    __slots__ = ("_rows", "early", "replays", "root")

    def __init__(self, root: YamlNode | None, early: list[Problem]) -> None:
        self.root = root
        self.early = early
        self._rows: dict[str, Rows] = {}
        #: Recorded expansions of the rows, kept by `replay`.
        self.replays: Any = None

    def rows(self, layout: str) -> Rows | None:
        """Return the rows of an earlier variant if they are sound; None if they must be read."""
        found = self._rows.get(layout)
        return found if found is not None and found.sound else None

    def keep(self, layout: str, rows: Rows) -> None:
        """Keep rows for the next variant."""
        self._rows[layout] = rows
