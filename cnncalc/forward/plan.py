"""Plans a run: the order of layers, the layers that are fused, and the results that each step frees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cnncalc.analysis import liveness
from cnncalc.analysis.liveness import last_readings
from cnncalc.graph import Graph, Node, Producer
from cnncalc.layers import Join, Layer
from cnncalc.layers.base import Pointwise

#: Multiply-accumulates of a large layer, for which the time to wake threads does not matter.
_LARGE = 250_000_000


class CannotRun(ValueError):
    """The network cannot be run, or not on these inputs; the message says why."""


@dataclass
class Step:
    """A layer to run, and the layers fused into its epilogue: they are applied while its result is in the cache."""

    node: Node
    fused: list[Node] = field(default_factory=list)
    #: The other input of the addition, if one of `fused` is a sum.
    added: Producer | None = None
    #: Results that no later step reads, including the step's own result if nothing reads it.
    frees: tuple[Producer, ...] = ()

    @property
    def result(self) -> Node:
        return self.fused[-1] if self.fused else self.node

    @property
    def reads(self) -> tuple[Producer, ...]:
        return self.node.inputs if self.added is None else (*self.node.inputs, self.added)

    def takes(self, node: Node) -> bool:
        """Return whether `node` can be fused into the epilogue: factors and offsets, then a sum, then one function."""
        if not self.node.layer.fuses_epilogue or (self.fused and self.fused[-1].layer.function() is not None):
            return False
        if isinstance(node.layer, Join):
            return self.node.layer.fuses_add and node.layer.sums and self.added is None and _alike(node)
        scales = type(node.layer).per_channel is not Layer.per_channel
        return (scales and self.added is None) or node.layer.function() is not None


def _alike(node: Node) -> bool:
    """Return whether the layer joins two different results of one shape."""
    return len(node.inputs) == 2 and node.inputs[0] is not node.inputs[1] and node.inputs[0].flow == node.inputs[1].flow


class Plan:
    """The steps of a run that computes the results in `kept`; with `every`, each layer is its own step. Raises CannotRun."""

    def __init__(self, graph: Graph, kept: Iterable[Producer], every: bool = False) -> None:
        _runnable(graph)
        self.graph = graph
        self.kept: set[Producer] = set(kept)
        #: Layers that cannot be computed, and all layers that depend on their results.
        self.uncomputable = _uncomputable(graph)
        if every:
            self.kept -= self.uncomputable
        elif self.kept & self.uncomputable:
            raise CannotRun(_stopped(graph, self.kept & self.uncomputable))
        wanted = set(graph.nodes) - self.uncomputable if every else self._needed()
        nodes = [node for node in graph.nodes if node in wanted]
        readers: Counter[Producer] = Counter(self.kept)
        for node in nodes:
            readers.update(node.inputs)
        self.steps = [Step(node) for node in nodes] if every else self._fuse(nodes, readers)
        self._free()
        self._macs = [node.macs or 0 for node in nodes]

    def _needed(self) -> set[Producer]:
        needed: set[Producer] = set()
        open_ = list(self.kept)
        while open_:
            source = open_.pop()
            if source not in needed:
                needed.add(source)
                open_ += source.inputs if isinstance(source, Node) else ()
        return needed

    def _fuse(self, nodes: list[Node], readers: Counter[Producer]) -> list[Step]:
        """Fuse sums and layers that change each number or channel into the layer before them if it has no other reader."""
        steps: list[Step] = []
        giving: dict[Producer, int] = {}
        for node in nodes:
            # A sum is fused into the later of its two inputs.
            before = max(node.inputs, key=lambda source: giving.get(source, -1), default=node)
            place = giving.get(before)
            if (
                place is not None
                and readers[before] == 1
                and before not in self.kept
                and (len(node.inputs) == 1 or isinstance(node.layer, Join))
                and steps[place].takes(node)
            ):
                steps[place].fused.append(node)
                if isinstance(node.layer, Join):
                    steps[place].added = next(source for source in node.inputs if source is not before)
            else:
                place = len(steps)
                steps.append(Step(node))
            giving[node] = place
        return steps

    def _free(self) -> None:
        """Let each step free what no later step reads."""
        frees = last_readings([liveness.ScheduleStep(step.reads, step.result) for step in self.steps], list(self.kept))
        for step, freed in zip(self.steps, frees, strict=True):
            step.frees = freed

    def parallel_blas(self, batch: int) -> bool:
        """Return whether BLAS should divide single matrix products among threads: if most of the work is in small layers."""
        return 2 * sum(macs for macs in self._macs if macs * batch >= _LARGE) <= sum(self._macs)


def _runnable(graph: Graph) -> None:
    """Raise CannotRun if a layer has no forward pass or a shape is not known."""
    for node in graph.nodes:
        if node.shape is None:
            raise CannotRun(f"{node.name} has no shape; a network with errors cannot run")
        if not node.layer.opaque and not _has_forward(node.layer):
            raise CannotRun(f"{node.name}: the kind {node.layer.kind} has no forward pass yet; it can be checked and not run")
    if not graph.outputs:
        raise CannotRun("the network has no output")


def _uncomputable(graph: Graph) -> set[Producer]:
    found: set[Producer] = set()
    for node in graph.nodes:
        if node.layer.opaque or any(source in found for source in node.inputs):
            found.add(node)
    return found


def _stopped(graph: Graph, kept: set[Producer]) -> str:
    """Return the message for results in `kept` that cannot be computed."""
    name = (
        next(source.name for source in graph.outputs if source in kept)
        if kept & set(graph.outputs)
        else min(source.name for source in kept)
    )
    opaque = [node for node in graph.nodes if node.layer.opaque]
    names = ", ".join(node.name for node in opaque[:5]) + (f" and {len(opaque) - 5} more" if len(opaque) > 5 else "")
    return f"{name} depends on a layer that has no forward pass: {names} of kind {opaque[0].kind}"


def _has_forward(layer: Layer) -> bool:
    if isinstance(layer, Join):
        return type(layer).forward_join is not Join.forward_join
    kind = type(layer)
    if kind.forward is Pointwise.forward:
        return kind.per_channel is not Layer.per_channel or kind.function is not Layer.function
    return kind.forward is not Layer.forward
