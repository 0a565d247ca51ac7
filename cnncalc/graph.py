"""The layers of a network, their names, and what flows between them: plain data, in the order in which they can be computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Union

from cnncalc.infer import Inferred
from cnncalc.layers import Layer, Weight
from cnncalc.problem import Location
from cnncalc.shape import Flow, Shape


class Input:
    """Where a tensor comes into the network; `flow` is None where the text does not say it rightly."""

    __slots__ = ("flow", "name")

    def __init__(self, name: str, flow: Flow | None) -> None:
        self.name = name
        self.flow = flow

    def __repr__(self) -> str:
        return f"Input({self.name!r}, {self.flow!r})"


class Node:
    """A layer in its place. `name` is its full name; `shape` is None where it could not be worked out.

    `shared` is the layer whose weights it uses: then it counts none. `frozen` weights are parameters and not trainable.
    """

    __slots__ = ("fit", "frozen", "group", "inferred", "inputs", "kind", "labels", "layer", "location", "name", "named", "shared")

    def __init__(
        self,
        name: str,
        kind: str,
        layer: Layer,
        inputs: tuple[Producer, ...],
        inferred: Inferred,
        location: Location,
        group: Group | None,
        fit: str,
        named: bool,
    ) -> None:
        self.name = name
        #: Whether its row says a name; else the last part of its own is the kind and a running number.
        self.named = named
        self.kind = kind
        self.layer = layer
        self.inputs = inputs
        self.inferred = inferred
        self.location = location
        self.group = group
        self.fit = fit
        self.frozen = False
        self.shared: Node | None = None
        #: For a branches row: the branches' names, in the order of `inputs`.
        self.labels: tuple[str, ...] = ()

    @property
    def flow(self) -> Flow | None:
        """What is read behind it: its shape, or what is certain of it where what flows in is unknown."""
        inferred = self.inferred
        return inferred.shape if inferred.shape is not None else inferred.certain

    @property
    def shape(self) -> Shape | None:
        return self.inferred.shape

    @property
    def line(self) -> int:
        return self.location.line

    @property
    def column(self) -> int:
        return self.location.column

    @property
    def fields(self) -> dict[str, Any]:
        """Hyper-parameters by name, windows written out per axis; a branches row has its `merge` and its branches' names."""
        if self.kind == "branches":
            return {"merge": self.layer.kind, "branches": list(self.labels)}
        found = self.layer.fields(self.inputs[0].flow if self.inputs else None)
        if "names" in found:
            found["names"] = [source.name for source in self.inputs]
        return found

    @property
    def summary(self) -> str:
        """Hyper-parameters in a few words."""
        if self.kind == "branches":
            return f"{self.layer.kind} of {', '.join(self.labels)}"
        if "names" in self.layer.options:
            return ", ".join(source.name for source in self.inputs)
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
        """Numbers that are kept and not learned: running means and variances."""
        return 0 if self.shared else self.inferred.buffers

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates for one example; None if unknown."""
        return self.inferred.macs

    @property
    def fits(self) -> bool:
        """Whether (N − F + 2P)/S + 1 is whole on every axis, whatever `fit` makes of it."""
        return self.inferred.fits

    @property
    def unread(self) -> tuple[int, ...]:
        """Input cells at the end of each axis that no window reads."""
        return tuple(w.unread(n, self.fit) for w, n in zip(self.inferred.windows, self.inferred.sizes, strict=True))

    def __repr__(self) -> str:
        return f"<{self.name}: {self.kind} {self.shape}>"


Producer = Union[Input, Node]
"""What a layer can read."""


class Group:
    """A block, a branches row or a branch in its place: the layers whose full names begin with its own."""

    __slots__ = ("kind", "location", "name", "named", "parent", "reads", "result", "start", "title")

    def __init__(
        self,
        name: str,
        kind: str,
        title: str,
        location: Location,
        parent: Group | None,
        start: int,
        reads: Producer | None,
        named: bool,
    ) -> None:
        self.name = name
        #: Whether the file says its name, as it does for every branch.
        self.named = named
        #: `block`, `branches` or `branch`.
        self.kind = kind
        #: The block's name, the merge or the branch's name.
        self.title = title
        self.location = location
        self.parent = parent
        #: How many layers stand before it.
        self.start = start
        #: What its first row reads, unless that says otherwise; None where that is not known.
        self.reads = reads
        #: What it gives: the last layer's result; where it has no layers, what it reads.
        self.result: Producer | None = None

    def __repr__(self) -> str:
        return f"<{self.name}: {self.kind} {self.title}>"


class Graph:
    """Inputs, layers in an order in which each comes after what it reads, groups in order, and the outputs."""

    __slots__ = ("groups", "inputs", "nodes", "outputs")

    def __init__(self, inputs: list[Input]) -> None:
        self.inputs = inputs
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
            if inferred.parameters or inferred.buffers:
                parameters += node.parameters
                trainable += node.trainable
                buffers += node.buffers
        return {"parameters": parameters, "trainable": trainable, "buffers": buffers, "macs": macs}

    @property
    def uncounted(self) -> list[Node]:
        """Layers whose multiply-accumulates are unknown: the total leaves them out."""
        return [node for node in self.nodes if node.inferred.macs is None]

    @property
    def complete(self) -> bool:
        """Whether every shape is known and every layer is of a kind that can be computed."""
        return all(node.shape is not None and not node.layer.opaque for node in self.nodes)


@dataclass(slots=True, eq=False)
class Twig:
    """A layer or a group in the tree; a branches row is both: its group, and the layer that merges."""

    node: Node | None
    group: Group | None
    children: list[Twig] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.group.name if self.group is not None else self.node.name if self.node is not None else ""

    def nodes(self) -> Iterator[Node]:
        """Every layer in it."""
        todo = [self]
        while todo:
            twig = todo.pop()
            if twig.node is not None:
                yield twig.node
            todo.extend(reversed(twig.children))


def tree(graph: Graph) -> list[Twig]:
    """Layers and groups as they stand in one another, in order."""
    top: list[Twig] = []
    known: dict[Group | None, Twig] = {}
    merges: dict[str, Twig] = {}
    groups = graph.groups
    opened = 0

    def siblings(parent: Group | None) -> list[Twig]:
        return known[parent].children if parent is not None else top

    def open_until(index: int) -> None:
        nonlocal opened
        while opened < len(groups) and groups[opened].start <= index:
            group = groups[opened]
            twig = known[group] = Twig(None, group)
            siblings(group.parent).append(twig)
            if group.kind == "branches":
                merges[group.name] = twig
            opened += 1

    for index, node in enumerate(graph.nodes):
        open_until(index)
        merge = merges.get(node.name) if node.kind == "branches" else None
        if merge is not None:
            merge.node = node
        else:
            siblings(node.group).append(Twig(node, None))
    open_until(len(graph.nodes))
    return top
