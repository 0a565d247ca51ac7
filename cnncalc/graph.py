"""The layers of a network, their names, and what flows between them: plain data, in the order in which they can be computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Union

from cnncalc.infer import Inferred
from cnncalc.layers import Layer, Weight
from cnncalc.place import NOWHERE, Place
from cnncalc.problem import Location
from cnncalc.shape import Flow, Shape
from cnncalc.window import Window


class Input:
    """An input of the network; `flow` is None if its shape is not known."""

    __slots__ = ("flow", "location", "name")

    def __init__(self, name: str, flow: Flow | None, location: Location = NOWHERE) -> None:
        self.name = name
        self.flow = flow
        #: Where the file names it.
        self.location = location

    def __repr__(self) -> str:
        return f"Input({self.name!r}, {self.flow!r})"


class Node:
    """A layer of the network. `name` is its full name; `shape` is None if it could not be inferred.

    `shared` is the layer whose weights it uses: then it counts none. `frozen` weights are parameters and not trainable.
    """

    __slots__ = (
        "fit", "flow", "frozen", "group", "inferred", "inputs", "kind", "layer", "merges", "name", "named", "place", "seen",
        "shared",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        kind: str,
        layer: Layer,
        inputs: tuple[Producer, ...],
        inferred: Inferred,
        place: Place,
        group: Group | None,
        fit: str,
        named: bool,
        frozen: bool,
    ) -> None:
        self.name = name
        #: Whether the name is written in the file; otherwise its last part is the kind and a running number.
        self.named = named
        self.kind = kind
        self.layer = layer
        self.inputs = inputs
        self.inferred = inferred
        #: The shape that later layers read: the inferred shape, or the shape that does not depend on an unknown input.
        self.flow: Flow | None = inferred.shape if inferred.shape is not None else inferred.certain
        #: Its place in the file, with the edits of its fields.
        self.place = place
        self.group = group
        self.fit = fit
        self.frozen = frozen
        self.shared: Node | None = None
        #: The branches that it merges, one per input; None for every other layer.
        self.merges: Group | None = None
        #: Its receptive fields, filled in by `analysis.receptive`; empty if they are not known.
        self.seen: Any = None

    @property
    def location(self) -> Location:
        return self.place.location

    @property
    def shape(self) -> Shape | None:
        return self.inferred.shape

    @property
    def line(self) -> int:
        return self.place.location.line

    @property
    def column(self) -> int:
        return self.place.location.column

    @property
    def fields(self) -> dict[str, Any]:
        """Hyper-parameters by name, windows written out per axis."""
        return self.layer.fields(self.inputs[0].flow if self.inputs else None)

    @property
    def summary(self) -> str:
        """Hyper-parameters in a few words."""
        return self.layer.summary(self.inputs[0].flow if self.inputs else None)

    @property
    def weights(self) -> tuple[Weight, ...]:
        """The arrays it uses, its own or shared ones: names, shapes and roles."""
        return self.inferred.weights

    @property
    def parameters(self) -> int:
        """Learned numbers of its own."""
        return 0 if self.shared else self.inferred.parameters

    @property
    def biases(self) -> int:
        """Of the parameters, those that are only added."""
        return 0 if self.shared else self.inferred.biases

    @property
    def trainable(self) -> int:
        return 0 if self.frozen or self.shared else self.inferred.parameters

    @property
    def buffers(self) -> int:
        """Numbers that are stored but not learned: running means and variances."""
        return 0 if self.shared else self.inferred.buffers

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates for one example; None if unknown."""
        return self.inferred.macs

    @property
    def fits(self) -> bool:
        """Whether (N − F + 2P)/S + 1 is whole on every axis, whatever `fit` is."""
        return self.inferred.fits

    @property
    def unread(self) -> tuple[int, ...]:
        """Input cells at the end of each axis that no window reads."""
        if not self.inferred.windows:
            return ()
        return tuple([w.unread(n, self.fit) for w, n in zip(self.inferred.windows, self.inferred.sizes, strict=True)])

    @property
    def slides(self) -> Slides:
        """Axis, window, input size and number of positions, for each axis over which a window slides."""
        flow = self.inputs[0].flow if self.inputs else None
        if self.shape is None or not self.inferred.windows or not isinstance(flow, Shape):
            return []
        skip = self.layer.unwindowed
        positions = self.shape.spatial[skip - flow.rank :]
        return list(zip(flow.axes[skip:], self.inferred.windows[skip:], flow.spatial[skip:], positions, strict=True))

    def __repr__(self) -> str:
        return f"<{self.name}: {self.kind} {self.shape}>"


Producer = Union[Input, Node]
"""What a layer can read."""

Slides = list[tuple[str, Window, int, int]]
"""Axis, window, input size and number of positions, for each axis over which a window slides."""


class Group:
    """A block, branches or one branch: the layers whose full names begin with its own name."""

    __slots__ = ("end", "kind", "labels", "merge", "name", "named", "parent", "place", "reads", "result", "start", "title")

    def __init__(
        self,
        name: str,
        kind: str,
        title: str,
        place: Place,
        parent: Group | None,
        start: int,
        reads: Producer | None,
        named: bool,
    ) -> None:
        self.name = name
        #: Whether the name is written in the file, as always for a branch.
        self.named = named
        #: `block`, `branches` or `branch`.
        self.kind = kind
        #: The block's name, the kind of the merge, or the branch's name.
        self.title = title
        #: Its location in the file.
        self.place = place
        self.parent = parent
        #: The number of layers before it, and the number up to its end.
        self.start = self.end = start
        #: The input of its first row by default; None if that is not known.
        self.reads = reads
        #: The last layer, or `reads` if it has no layers.
        self.result: Producer | None = None
        #: For branches: their names in the order of the merge's inputs.
        self.labels: tuple[str, ...] = ()
        #: For branches: the layer that joins their results.
        self.merge: Node | None = None

    @property
    def location(self) -> Location:
        return self.place.location

    def __repr__(self) -> str:
        return f"<{self.name}: {self.kind} {self.title}>"


class Graph:
    """Inputs, layers in an order in which each comes after its inputs, groups in order, and the outputs."""

    __slots__ = ("fixed_weights", "groups", "inputs", "nodes", "outputs")

    def __init__(self, inputs: list[Input]) -> None:
        self.inputs = inputs
        #: Whether weights keep their sizes on every input, because the file or the model has made them.
        self.fixed_weights = False
        self.nodes: list[Node] = []
        self.groups: list[Group] = []
        self.outputs: list[Producer] = []

    @property
    def totals(self) -> dict[str, int]:
        """Parameters, trainable parameters, buffers and known multiply-accumulates of the whole network."""
        parameters = trainable = buffers = macs = 0
        for node in self.nodes:
            inferred = node.inferred
            macs += inferred.macs or 0
            if (inferred.parameters or inferred.buffers) and node.shared is None:
                parameters += inferred.parameters
                buffers += inferred.buffers
                if not node.frozen:
                    trainable += inferred.parameters
        return {"parameters": parameters, "trainable": trainable, "buffers": buffers, "macs": macs}

    @property
    def uncounted(self) -> list[Node]:
        """Layers whose multiply-accumulates are unknown: the total leaves them out."""
        return [node for node in self.nodes if node.inferred.macs is None]

    def leaves_out(self, total: str) -> bool:
        """Whether the total `total` leaves out a layer that could not be computed, or whose multiply-accumulates are unknown."""
        return any(node.shape is None for node in self.nodes) or (total == "macs" and bool(self.uncounted))

    def readers(self) -> dict[Producer, list[Node]]:
        """Return the layers that read each result, in order; results that no layer reads are left out."""
        found: defaultdict[Producer, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for source in node.inputs:
                found[source].append(node)
        found.default_factory = None
        return found

    @property
    def complete(self) -> bool:
        """Whether every shape is known and every layer can be computed."""
        return all(node.shape is not None and not node.layer.opaque for node in self.nodes)


class Twig:
    """A layer or a group in the tree. A twig of branches has both: the group, and the layer that merges."""

    __slots__ = ("children", "group", "node")

    def __init__(self, node: Node | None, group: Group | None) -> None:
        self.node = node
        self.group = group
        self.children: list[Twig] = []

    @property
    def name(self) -> str:
        return self.group.name if self.group is not None else self.node.name if self.node is not None else ""

    def nodes(self) -> Iterator[Node]:
        """Yield every layer in it."""
        todo = [self]
        while todo:
            twig = todo.pop()
            if twig.node is not None:
                yield twig.node
            todo.extend(reversed(twig.children))


def tree(graph: Graph) -> list[Twig]:
    """Return the tree of layers and groups, in order."""
    top: list[Twig] = []
    known: dict[Group, Twig] = {}
    opened = 0

    def siblings(parent: Group | None) -> list[Twig]:
        return known[parent].children if parent is not None else top

    def open_until(index: int) -> None:
        nonlocal opened
        while opened < len(graph.groups) and graph.groups[opened].start <= index:
            group = graph.groups[opened]
            twig = known[group] = Twig(group.merge, group)
            siblings(group.parent).append(twig)
            opened += 1

    for index, node in enumerate(graph.nodes):
        open_until(index)
        if node.merges is None:
            siblings(node.group).append(Twig(node, None))
    open_until(len(graph.nodes))
    return top
