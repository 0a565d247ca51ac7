"""Memory that a network needs to run and to train, in bytes of tensors, not of an allocator. Defined in `explain memory`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from cnncalc.analysis.liveness import ScheduleStep, Storages, last_readings
from cnncalc.dtype import bytes_of
from cnncalc.graph import Graph, Node, Producer
from cnncalc.layers.memory import Grad, Reuse, Saved
from cnncalc.shape import Flow, Tokens

#: Numbers that an optimizer stores for each trainable parameter.
OPTIMIZERS = {"sgd": 0, "momentum": 1, "adam": 2}
#: Bytes of a token id and of an index of a max pool.
_INT64 = 8


class Training(NamedTuple):
    """Terms of the memory of one training step, in bytes: of all layers' weights, and of a batch of examples."""

    weights: int
    gradients: int
    optimizer: int
    kept: int
    inputs: int

    @property
    def total(self) -> int:
        return sum(self)


class Memory:
    """Figures of a network with `batch` examples of numbers of type `dtype`. A layer without a known shape counts nothing."""

    def __init__(self, graph: Graph, dtype: str = "float32", batch: int = 1) -> None:
        self.graph = graph
        self.dtype = dtype
        self.batch = batch

    def size(self, source: Producer) -> int:
        """Return the bytes of an input or of a layer's result."""
        return flow_bytes(source.flow, self.dtype, self.batch)

    @property
    def weights(self) -> int:
        """Bytes of the parameters; shared ones once."""
        return bytes_of(self.graph.totals["parameters"], self.dtype)

    @property
    def complete(self) -> bool:
        """Whether every layer's shape is known."""
        return all(node.inferred.shape is not None for node in self.graph.nodes)

    @cached_property
    def _storages(self) -> Storages:
        graph = self.graph
        steps = [ScheduleStep(node.inputs, node) for node in graph.nodes]
        return Storages(steps, graph.inputs, last_readings(steps, graph.outputs), self._sizes(), _in_inference)

    def _sizes(self) -> Callable[[Producer], int]:
        """Return `size`, computed once for each shape."""
        known: dict[object, int] = {}

        def size(source: Producer) -> int:
            flow = source.flow
            found = known.get(flow)
            if found is None:
                found = known[flow] = self.size(source)
            return found

        return size

    @cached_property
    def live(self) -> list[int]:
        """Bytes that are live while each layer is computed, in the order of the graph's nodes."""
        return list(self._storages.walk())

    @property
    def peak(self) -> int:
        """Return the largest number of live bytes during inference, the network's inputs included."""
        return max(self.live, default=sum(map(self.size, self.graph.inputs)))

    @property
    def peak_at(self) -> Node | None:
        """Return the first layer at which the peak is reached; None in a network without layers."""
        return self.graph.nodes[self.live.index(self.peak)] if self.live else None

    @property
    def live_at_peak(self) -> list[Producer]:
        """Return the results in memory at the peak, in the order in which they were computed."""
        return self._storages.live_at(self.live.index(self.peak)) if self.live else list(self.graph.inputs)

    @cached_property
    def kept(self) -> list[int]:
        """Bytes that each layer keeps for the backward pass and no layer before it keeps already.

        The network's inputs and the weights are left out. A layer keeps nothing if no gradient passes through it.
        """
        graph = self.graph
        kept = _Kept(graph.inputs, self._sizes(), self.batch)
        needs_grad: set[Producer] = set()
        found = []
        for node in graph.nodes:
            kept.place(node)
            shape = node.inferred.shape
            grad = Grad(_trains(node), tuple(source in needs_grad for source in node.inputs))
            if shape is None or not (grad.weights or any(grad.inputs)):
                found.append(0)
                continue
            needs_grad.add(node)
            flows = tuple(flow for source in node.inputs if (flow := source.flow) is not None)
            saved = node.layer.saved(flows, shape, grad)
            numbers = bytes_of(self.batch * saved.numbers + saved.statistics, self.dtype)
            found.append(kept.by(node, saved) + numbers + self.batch * saved.indices * _INT64)
        return found

    def training(self, optimizer: str = "sgd") -> Training:
        """Return the terms of the memory of training with one of OPTIMIZERS."""
        trainable = bytes_of(self.graph.totals["trainable"], self.dtype)
        inputs = sum(map(self.size, self.graph.inputs))
        return Training(self.weights, trainable, OPTIMIZERS[optimizer] * trainable, sum(self.kept), inputs)

    def largest_batch(self, limit: int, optimizer: str) -> int:
        """Return the largest batch whose training needs at most `limit` bytes of tensors, 0 if one example needs more."""

        def fits(batch: int) -> bool:
            return Memory(self.graph, self.dtype, batch).training(optimizer).total <= limit

        if not fits(1):
            return 0
        low, high = 1, 2
        # A batch of as many examples as bytes cannot fit, unless examples take none.
        while high <= limit and fits(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        return low


class _Kept:
    """The results that layers have kept so far, each piece of memory once; results that are views of one another share it."""

    def __init__(self, inputs: Iterable[Producer], size: Callable[[Producer], int], batch: int) -> None:
        self._size = size
        self._batch = batch
        #: Per result the one whose memory it is in.
        self._root: dict[Producer, Producer] = {source: source for source in inputs}
        #: Views of a part or of another order of a result.
        self._strided: set[Producer] = set()
        #: Results that are kept already, or in memory anyway.
        self._seen: set[Producer] = set(self._root)

    def place(self, node: Node) -> None:
        """Record the memory that a layer's result is in during training."""
        reuse = node.layer.reuse(training=True)
        self._root[node] = node
        if reuse == "weights":
            self._seen.add(node)
        elif reuse == "view" and node.inputs:
            source = node.inputs[0]
            self._root[node] = self._root.get(source, source)
            if node.layer.strided or source in self._strided:
                self._strided.add(node)

    def by(self, node: Node, saved: Saved) -> int:
        """Keep the results that a layer saves, and return the bytes of those that were not kept yet."""
        sources = [node.inputs[k] for k in saved.inputs]
        copies = []
        if saved.packed:
            copies = [source for source in sources if source in self._strided]
        elif saved.copies:
            copies = [node.inputs[0]] * (saved.copies if self._batch > 1 else 0)
            sources += [] if copies else [node.inputs[0]]
        found = sum(map(self._size, copies))
        for source in (*sources, *((node,) if saved.output else ())):
            storage = self._root.get(source, source)
            if source not in copies and storage not in self._seen:
                self._seen.add(storage)
                found += self._size(storage)
        return found


def flow_bytes(flow: Flow | None, dtype: str, batch: int = 1) -> int:
    """Return the bytes of a batch of one shape; token ids are int64, and an unknown shape has none."""
    if flow is None:
        return 0
    if isinstance(flow, Tokens):
        return batch * flow.length * _INT64
    return bytes_of(batch * flow.size, dtype)


def peak_of(graph: Graph, flows: Mapping[Producer, Flow | None], dtype: str) -> int:
    """Return the peak of inference of one example if other shapes flow through the graph."""
    steps = [ScheduleStep(node.inputs, node) for node in graph.nodes]
    frees = last_readings(steps, graph.outputs)
    live = Storages(steps, graph.inputs, frees, lambda source: flow_bytes(flows.get(source), dtype), _in_inference).walk()
    return max(live, default=0)


def _in_inference(node: Node) -> Reuse:
    return node.layer.reuse(training=False)


def _trains(node: Node) -> bool:
    """Whether the layer's weights get a gradient; shared weights are trained if their owner's are."""
    return bool(node.inferred.parameters) and not (node.shared or node).frozen
