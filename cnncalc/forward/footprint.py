"""The largest amount of memory that a run needs, for the check before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cnncalc.analysis import liveness
from cnncalc.analysis.liveness import Piece, Storages, last_readings
from cnncalc.graph import Graph, Node, Producer
from cnncalc.layers import Join, Layer
from cnncalc.layers.memory import Reuse
from cnncalc.shape import Flow, Shape, Tokens

if TYPE_CHECKING:
    from cnncalc.forward.plan import Plan, Step
    from cnncalc.kernels.buffers import Reused

Held = Literal["none", "one layer's", "all"]
"""The weights that a run allocates memory for: none if they are in memory already."""

#: Factor for memory that is not computed, such as arrays of a few KiB, and share of the first MiB for gaps: the allocator
#: leaves them between arrays that are too small to be mapped by themselves.
_MARGIN, _GAPS = 1.1, 0.2
#: Bytes of Python's objects in a run.
_OBJECTS = 128 << 10
#: Bytes of NumPy's and BLAS's code that the first run of a process reads from their files, and of each further thread.
_CODE, _THREAD = 312 << 10, 112 << 10


def footprint(
    plan: Plan, batch: int, itemsize: int, held: Held, threads: int, *, parallel_blas: bool = False, observed: bool = False
) -> int:
    """Return the most bytes by which a run makes the process grow: inputs, live results, weights, scratch, and buffers for reuse.

    A layer's weights are drawn in float32; in another type both copies exist for a moment. `observed`: the run begins with the
    free buffers that an earlier one has left, and figures of every result are computed.
    """
    from cnncalc.forward.scratch import scratch_of
    from cnncalc.forward.spread import PIECE
    from cnncalc.kernels.blas import blas_threads
    from cnncalc.kernels.workers import CHUNK

    each = itemsize if itemsize == 4 else itemsize + 4
    graph = plan.graph

    def size(source: Producer) -> int:
        return flow_bytes(source.flow, batch, itemsize)

    steps = [liveness.ScheduleStep(step.reads, step.result) for step in plan.steps]
    computed = {step.result: step.node for step in plan.steps}
    # The caller's inputs stay in memory after their last reader.
    frees = last_readings(steps, [*plan.kept, *graph.inputs])
    scattered = _scattered(graph)
    storages = _Pooled(steps, graph.inputs, frees, size, lambda result: _reuse(computed[result], scattered))
    task_threads = 1 if parallel_blas else threads
    most = sum(map(size, graph.inputs))
    all_weights = drawn = 0
    if observed:
        for _ in storages.walk():
            pass
        storages.leave()
    # By buffer and thread.
    kept: dict[tuple[str, int], int] = {}
    for step, live in zip(plan.steps, storages.walk(), strict=True):
        node = step.node
        own = each * sum(w.size for one in (node, *step.fused) for w in one.weights)
        all_weights += own if node.shared is None else 0
        # The memory of the layer with the most weights so far is kept.
        drawn = max(drawn, own) if held == "one layer's" else 0
        # Scratch grows with the layers and is kept.
        scratch, tile = scratch_of(node, tuple(map(_shape, node.inputs)), batch, itemsize, threads, parallel_blas)
        filters = max((w.size for w in node.weights), default=0)
        if any(_scales(one) for one in step.fused) and filters <= batch * _shape(node).size:
            # The filters times the factors of the fused layers.
            scratch["scaled"] = itemsize * filters, 1
        if observed:
            scratch["spread"] = min(itemsize * PIECE, size(step.result)), threads
        temporaries = max(one.layer.temporaries for one in (node, *step.fused))
        # A fused function is computed on the result of one task.
        chunk = min(itemsize * max(CHUNK, tile if step.fused else 0), size(step.result) // task_threads)
        # The allocator keeps the memory of about one of the temporary arrays.
        scratch["temporary"] = min(temporaries, 1) * chunk, task_threads
        for name, (count, tasks) in scratch.items():
            for thread in range(tasks):
                kept[name, thread] = max(kept.get((name, thread), 0), count)
        moment = itemsize * max(_scratch(one, batch, task_threads) for one in (node, *step.fused))
        if observed and node.layer.reuse(training=False) == "view" and size(node) < size(node.inputs[0]):
            # A part of a map is copied before its figures are computed.
            moment += size(node)
        moment += _copied(step, scattered, batch, itemsize)
        moment += max(0, temporaries - 1) * chunk * task_threads
        most = max(most, live + storages.unused + drawn + moment + sum(kept.values()))
    most += all_weights if held == "all" else 0
    first = 0 if blas_threads.used else _CODE + _THREAD * (threads - 1)
    return int(most * _MARGIN + min(most, 1 << 20) * _GAPS) + _OBJECTS + first


class _Pooled(Storages):
    """Results in buffers of a pool, as in a run: a buffer may be larger than its result, and free ones are kept."""

    def __init__(self, *arguments: Any) -> None:
        from cnncalc.kernels.buffers import Reused

        super().__init__(*arguments)
        self._pool: Reused[_Buffer] = Reused(_Buffer)
        self._buffers: dict[int, _Buffer] = {}
        self._held = 0

    @property
    def unused(self) -> int:
        """Bytes of the pool's buffers that hold no live result."""
        return self._pool.bytes - self._held

    def leave(self) -> None:
        """End a run: the buffers in use belong to the holders of the results."""
        self._pool.forget()
        self._buffers.clear()
        self._held = 0

    def allocated(self, piece: Piece) -> None:
        buffer = self._pool.take(piece.size)
        if buffer is not None:
            self._buffers[id(piece)] = buffer
            self._held += piece.size

    def freed(self, piece: Piece) -> None:
        buffer = self._buffers.pop(id(piece), None)
        if buffer is not None:
            self._held -= piece.size
            self._pool.give_back(buffer)


class _Buffer(NamedTuple):
    size: int


def _reuse(node: Node, scattered: set[Producer]) -> Reuse:
    """Return how the kernel of a layer uses its input's memory."""
    how = node.layer.reuse(training=False)
    x, y = node.inputs[0].flow if node.inputs else None, node.shape
    if (
        how == "view"
        and isinstance(x, Shape)
        and y is not None
        and x.rank
        and x.size == y.size
        and node.inputs[0] not in scattered
    ):
        # A new order of numbers needs a copy of a map that is stored channels last.
        same = sorted(n for n in x if n > 1) == sorted(n for n in y if n > 1)
        return "view" if same else "none"
    if how == "view":
        return how
    overwrites = node.layer.function() is not None or _scales(node)
    return "overwrite" if overwrites or (isinstance(node.layer, Join) and node.layer.fuses_epilogue) else "none"


def _scales(node: Node) -> bool:
    """Return whether the layer multiplies each channel by a factor or adds an offset."""
    return type(node.layer).per_channel is not Layer.per_channel


def _scratch(node: Node, batch: int, threads: int) -> int:
    """Return the numbers that a layer's kernel holds in addition to its inputs, result and weights."""
    xs, y, layer = tuple(map(_shape, node.inputs)), _shape(node), node.layer
    return batch * layer.scratch(xs, y) + layer.shared_scratch(xs, y, batch, threads)


def flow_bytes(flow: Flow | None, batch: int, itemsize: int) -> int:
    """Return the bytes of an array in a run; token ids are int64."""
    if isinstance(flow, Tokens):
        return batch * flow.length * 8
    return batch * flow.size * itemsize if flow is not None else 0


def _shape(source: Producer) -> Shape:
    flow = source.flow
    return Shape(flow.length, 1) if isinstance(flow, Tokens) else flow if flow is not None else Shape(0)


def _copied(step: Step, scattered: set[Producer], batch: int, itemsize: int) -> int:
    """Return the bytes of inputs that do not lie channels last, which kernels copy first."""
    layer = step.node.layer
    if layer.reuse(training=False) == "view" or isinstance(layer, Join):
        return 0
    if not layer.packs or layer.function() is not None or _scales(step.node):
        return 0
    found = 0
    for source in dict.fromkeys(step.reads):
        flow = source.flow
        if source in scattered and isinstance(flow, Shape) and flow.rank and flow.channels > 1:
            found += flow_bytes(flow, batch, itemsize)
    return found


def _scattered(graph: Graph) -> set[Producer]:
    """Return the results that do not lie channels last: inputs, views in another order, and functions of each number of these."""
    found: set[Producer] = set(graph.inputs)
    for node in graph.nodes:
        first = node.inputs[0] if node.inputs else None
        view = node.layer.reuse(training=False) == "view"
        same = first is not None and first.flow == node.shape and not node.layer.strided
        if (first in found and (view or node.layer.function() is not None)) or (view and not same):
            found.add(node)
    return found
