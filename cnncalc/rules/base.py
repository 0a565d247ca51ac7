"""What a rule is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from types import ModuleType
from typing import NamedTuple

from cnncalc.analysis.receptive import Fields, receptive_fields
from cnncalc.graph import Graph, Group, Node, Producer
from cnncalc.language.comments import Ignores
from cnncalc.language.document import Document
from cnncalc.language.rows import Argument, Body, Row
from cnncalc.language.source import LINE_BREAK, Mapping, location
from cnncalc.problem import RULES, Fix, Location, Problem

#: Errors beside which the graph is still the one that was meant.
_HARMLESS = frozenset(("stride-fit", "expect", "budget"))


class Finding(NamedTuple):
    """A problem that a rule has found; rule, level and file are added by whoever ran it."""

    location: Location
    message: str
    layer: str | None = None
    fixes: tuple[Fix, ...] = ()


class Subject:
    """A network as its text says it, with what several rules ask for."""

    def __init__(self, graph: Graph, document: Document, ignores: Ignores, problems: list[Problem], text: str) -> None:
        self._text = text
        self.graph = graph
        self.document = document
        #: The comments that hide problems.
        self.ignores = ignores
        #: The rules that have been run, and of those that the file ignores the ones that it has hidden something of.
        self.tried: set[str] = set()
        self.hidden: set[str] = set()
        #: Whether all rows could be read, so that what nothing uses is truly unused.
        self.whole = all(p.level != "error" or p.rule in _HARMLESS for p in problems)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the file."""
        return LINE_BREAK.split(self._text)

    @cached_property
    def rows(self) -> dict[Location, Row]:
        """The rows of the file by their place; a row that is anchored and used again is there once."""
        found: dict[Location, Row] = {}
        todo = [self.document.layers, *(block.body for block in self.document.blocks.values())]
        while todo:
            for row in todo.pop().rows:
                found[row.at] = row
                todo += row.branches.values()
        return found

    @cached_property
    def copies(self) -> dict[Location, list[Node]]:
        """The layers that each row became."""
        found: dict[Location, list[Node]] = {}
        for node in self.graph.nodes:
            found.setdefault(node.location, []).append(node)
        return found

    @cached_property
    def _readers(self) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = {}
        for node in self.graph.nodes:
            for source in node.inputs:
                found.setdefault(id(source), []).append(node)
        return found

    def readers(self, source: Producer) -> list[Node]:
        """The layers that read a result."""
        return self._readers.get(id(source), [])

    @cached_property
    def outputs(self) -> frozenset[int]:
        """The ids of what leaves the network."""
        return frozenset(map(id, self.graph.outputs))

    @cached_property
    def sharing(self) -> frozenset[int]:
        """The ids of layers whose weights several layers use, and of those that use them."""
        pairs = [(node, node.shared) for node in self.graph.nodes if node.shared is not None]
        return frozenset(id(node) for pair in pairs for node in pair)

    @cached_property
    def fields(self) -> dict[str, Fields]:
        """Receptive fields by layer."""
        return receptive_fields(self.graph)

    @cached_property
    def groups(self) -> dict[int, list[Group]]:
        """By the id of a result, the blocks and branches rows that give it, outermost first."""
        found: dict[int, list[Group]] = {}
        for group in self.graph.groups:
            if group.result is not None:
                found.setdefault(id(group.result), []).append(group)
        return found

    def bodies(self) -> Iterator[tuple[str | None, Body]]:
        """Every list of rows, branches included, with the block it stands in."""
        todo: list[tuple[str | None, Body]] = [(None, self.document.layers)]
        todo += [(block.name, block.body) for block in self.document.blocks.values()]
        while todo:
            block, body = todo.pop()
            yield block, body
            todo += [(block, branch) for row in body.rows for branch in row.branches.values()]

    def argument(self, node: Node, field: str) -> Argument | None:
        """What the layer's row says of a field, None where it says nothing."""
        row = self.rows.get(node.location)
        if row is None:
            return None
        main = row.layer.main if row.layer is not None else None
        return row.fields.get(row.kind if main is not None and main.name == field else field)

    def place(self, node: Node, *fields: str) -> Location:
        """Where the first of `fields` that the row says stands, else the kind's key."""
        for field in fields:
            argument = self.argument(node, field)
            if argument is not None and _inside(argument.location, node.location):
                return argument.location
        row = self.rows.get(node.location)
        return row.kind_at if row is not None else node.location

    def field_added(self, node: Node, pair: str, title: str, *, safe: bool) -> tuple[Fix, ...]:
        """The edit that writes a field behind the kind's value, in the row's own style; none where there is no way."""
        row = self.rows.get(node.location)
        if row is None:
            return ()
        if not isinstance(row.node, Mapping):
            at = Location(row.at.line, row.at.column, row.at.end_line, row.at.end_column)
            return (Fix(at, f"{{{row.kind}: , {pair}}}", False, title),)
        key, value = row.node.pairs[row.kind]
        if location(value) < location(key) or not _inside(location(value), node.location):
            # The kind is merged in from elsewhere.
            return ()
        at = Location(value.end_line, value.end_column, value.end_line, value.end_column)
        if row.node.flow:
            return (Fix(at, ", " + pair, safe, title),)
        # In a line of its own, behind the comment that may stand beside the value.
        line = self.lines[value.end_line - 1] if value.end_line <= len(self.lines) else ""
        at = Location(value.end_line, len(line) + 1, value.end_line, len(line) + 1)
        line_end = "\r\n" if "\r\n" in self._text else "\n"
        return (Fix(at, line_end + " " * (row.node.column - 1) + pair, safe, title),)


def _inside(inner: Location, outer: Location) -> bool:
    return inner[:2] >= outer[:2] and inner[2:] <= outer[2:]


class Rule(NamedTuple):
    """A rule of `check`: its name, level, manual, and what finds its problems."""

    name: str
    level: str
    manual: str
    find: Callable[[Subject], Iterator[Finding]]

    @classmethod
    def of(cls, module: ModuleType) -> Rule:
        """The rule that a file of this folder is: named like it, with the docstring as its manual."""
        name = module.__name__.rpartition(".")[2].replace("_", "-")
        return cls(name, RULES[name], module.__doc__ or "", module.find)
