"""A rule of `check`, and the network as rules see it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from importlib import import_module
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from cnncalc.analysis.receptive import Fields, receptive_fields
from cnncalc.build.reading import Reading
from cnncalc.graph import Graph, Group, Node, Producer, Slides
from cnncalc.layers import Layer
from cnncalc.problem import Fix, Location

#: Errors that leave the graph as intended.
_HARMLESS = frozenset(("stride-fit", "expect", "budget"))


class Finding(NamedTuple):
    """A problem that a rule has found, without rule, level and file."""

    location: Location
    message: str
    layer: str | None = None
    fixes: tuple[Fix, ...] = ()


class Readers:
    """The layers that read each result. They are collected from the last layer backwards, as far as results are asked for."""

    def __init__(self, graph: Graph) -> None:
        self._left = list(graph.nodes)
        self._passed: set[Producer] = set()
        self._found: defaultdict[Producer, deque[Node]] = defaultdict(deque)

    def __call__(self, source: Producer) -> Collection[Node]:
        """Return the layers that read a result, in order."""
        while self._left and source not in self._passed:
            node = self._left.pop()
            self._passed.add(node)
            for one in node.inputs:
                self._found[one].appendleft(node)
        return self._found.get(source, ())


class CheckedNetwork:
    """A network with what several rules need. Rules do not depend on the file's format: they see the graph and locations."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.graph: Graph = reading.graph
        #: The rules that have been run, and those of the file's ignored rules that would have reported something.
        self.tried: set[str] = set()
        self.hidden: set[str] = set()
        #: Whether all rows could be read: only then is an unused definition really unused.
        self.whole = all(p.level != "error" or p.rule in _HARMLESS for p in reading.problems)

    @cached_property
    def copies(self) -> dict[Location, list[Node]]:
        """The layers made from each row, by the row's location."""
        found: dict[Location, list[Node]] = {}
        for node in self.graph.nodes:
            found.setdefault(node.location, []).append(node)
        return found

    @cached_property
    def _by_class(self) -> dict[type[Layer], list[tuple[int, Node]]]:
        found: dict[type[Layer], list[tuple[int, Node]]] = {}
        for numbered in enumerate(self.graph.nodes):
            found.setdefault(type(numbered[1].layer), []).append(numbered)
        return found

    def of(self, *classes: type[Layer]) -> list[Node]:
        """Return the nodes whose layer is an instance of one of `classes`, in order."""
        parts = [nodes for cls, nodes in self._by_class.items() if issubclass(cls, classes)]
        return [node for _, node in (parts[0] if len(parts) == 1 else sorted(chain(*parts), key=itemgetter(0)))]

    @cached_property
    def readers(self) -> Readers:
        """The layers that read a result."""
        return Readers(self.graph)

    @cached_property
    def outputs(self) -> frozenset[int]:
        """The ids of the network's outputs."""
        return frozenset(map(id, self.graph.outputs))

    @cached_property
    def sharing(self) -> frozenset[int]:
        """The ids of layers that share weights, owners included."""
        pairs = [(node, node.shared) for node in self.graph.nodes if node.shared is not None]
        return frozenset(id(node) for pair in pairs for node in pair)

    @cached_property
    def sliding(self) -> list[tuple[Node, Slides]]:
        """The layers over whose input a window slides, with their `Node.slides`."""
        known: dict[int, Slides] = {}
        found = []
        for node in self.graph.nodes:
            if node.inferred.windows:
                slides = known.get(id(node.inferred))
                if slides is None:
                    # An inference is made for one layer on one input shape.
                    slides = known[id(node.inferred)] = node.slides
                if slides:
                    found.append((node, slides))
        return found

    @cached_property
    def fields(self) -> dict[str, Fields]:
        """Receptive fields by layer."""
        return receptive_fields(self.graph)

    @cached_property
    def groups(self) -> dict[int, list[Group]]:
        """The blocks and branches rows that have a result, outermost first, by the result's id."""
        found: dict[int, list[Group]] = {}
        for group in self.graph.groups:
            if group.result is not None:
                found.setdefault(id(group.result), []).append(group)
        return found

    def place(self, node: Node, *fields: str) -> Location:
        """Return the location of the first of `fields` that the layer's row sets, else of its kind."""
        return node.place.of(*fields)


class Rule(NamedTuple):
    """A rule of `check`: its name, its level, and the function that finds its problems."""

    name: str
    level: str
    find: Callable[[CheckedNetwork], Iterator[Finding]]

    @classmethod
    def of(cls, name: str) -> Rule:
        """Return the rule in the file of the same name in this folder."""
        module = import_module(f"cnncalc.rules.{name.replace('-', '_')}")
        return cls(name, module.LEVEL, module.find)
