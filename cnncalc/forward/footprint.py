"""The largest amount of memory that a run needs, for the check before it starts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from cnncalc.analysis import liveness
from cnncalc.analysis.liveness import Storages, last_readings
from cnncalc.graph import Node, Producer
from cnncalc.layers import Join, Layer
from cnncalc.layers.memory import Reuse
from cnncalc.shape import Flow, Shape, Tokens

if TYPE_CHECKING:
    from cnncalc.forward.plan import Plan, Step

Held = Literal["none", "one layer's", "all"]
"""The weights that a run allocates memory for: none if they are in memory already."""

#: Bytes of free buffers that are kept for reuse (`BufferPool`), of a tile of lowered input per thread, and if BLAS divides it.
_KEPT, _TILE, _DIVIDED_TILE = 32 << 20, 1 << 20, 8 << 20
#: Bytes of each of three tiles of Winograd's filtering per thread, and of its transformed filters.
_WINOGRAD_TILE, _WINOGRAD_FILTERS = 2 << 20, 20 << 20
#: Positions up to which the lowered input of a convolution is one tile, and positions of the smallest tile.
_FEW, _LEAST = 512, 96
#: Bytes of a chunk of element-wise work per thread, and of the smallest result whose buffer is kept.
_CHUNK, _POOLED = 1 << 20, 1 << 16
#: Factor for memory that is not computed: memory comes in pages, and scratch of several sizes exists at once.
_MARGIN = 1.07
#: Bytes that the interpreter, NumPy and threads need for a run of any size.
_BASE = 1 << 20


def footprint(plan: Plan, batch: int, itemsize: int, held: Held, threads: int, *, parallel_blas: bool = False) -> int:
    """Return the most bytes that a run needs: inputs, live results, weights, scratch, and buffers kept for reuse.

    A layer's weights are drawn in float32; in another type both copies exist for a moment.
    """
    each = itemsize if itemsize == 4 else itemsize + 4
    graph = plan.graph

    def size(source: Producer) -> int:
        return flow_bytes(source.flow, batch, itemsize)

    steps = [liveness.Step(step.reads, step.result) for step in plan.steps]
    computed = {step.result: step.node for step in plan.steps}
    # The caller's inputs stay in memory after their last reader.
    frees = last_readings(steps, [*plan.kept, *graph.inputs])
    storages = Storages(steps, graph.inputs, frees, size, lambda result: _reuse(computed[result]))
    task_threads = 1 if parallel_blas else threads
    most = inputs = sum(map(size, graph.inputs))
    results = freed = all_weights = 0
    tiles = [0, 0, 0]
    for step, live, dead in zip(plan.steps, storages.walk(), frees, strict=True):
        node = step.node
        own = each * sum(w.size for one in (node, *step.fused) for w in one.weights)
        all_weights += own if node.shared is None else 0
        # Scratch grows with the layers and is kept, for both algorithms.
        tiles = [max(pair) for pair in zip(tiles, _tiles(node, itemsize, parallel_blas), strict=True)]
        moment = own if held == "one layer's" else 0
        moment += batch * itemsize * node.layer.scratch(tuple(map(_shape, node.inputs)), _shape(step.result))
        moment += _copied(step, batch, itemsize)
        chunk = min(_CHUNK * itemsize // 4, size(step.result))
        results = max(results, live - inputs)
        kept = min(_KEPT, freed, results)
        most = max(most, live + moment + kept + task_threads * (tiles[0] + tiles[1] + chunk) + tiles[2])
        freed += sum(size(source) for source in dead if size(source) >= _POOLED)
    return int((most + (all_weights if held == "all" else 0)) * _MARGIN) + _BASE


def _reuse(node: Node) -> Reuse:
    """Return how the kernel of a layer uses its input's memory."""
    how = node.layer.reuse(training=False)
    x, y = node.inputs[0].flow if node.inputs else None, node.shape
    if how == "view" and isinstance(x, Shape) and y is not None and x.rank and x.size == y.size:
        # A new order of numbers needs a copy: maps are stored channels last.
        same = sorted(n for n in x if n > 1) == sorted(n for n in y if n > 1)
        return "view" if same else "none"
    if how == "view":
        return how
    overwrites = node.layer.function() is not None or type(node.layer).per_channel is not Layer.per_channel
    return "overwrite" if overwrites or (isinstance(node.layer, Join) and node.layer.fuses_epilogue) else "none"


def flow_bytes(flow: Flow | None, batch: int, itemsize: int) -> int:
    """Return the bytes of an array in a run; token ids are int64."""
    if isinstance(flow, Tokens):
        return batch * flow.length * 8
    return batch * flow.size * itemsize if flow is not None else 0


def _shape(source: Producer) -> Shape:
    flow = source.flow
    return Shape(flow.length, 1) if isinstance(flow, Tokens) else flow if flow is not None else Shape(0)


def _copied(step: Step, batch: int, itemsize: int) -> int:
    """Return the bytes of inputs that do not lie channels last, which kernels copy first."""
    if step.node.layer.reuse(training=False) == "view" or isinstance(step.node.layer, Join):
        return 0
    found = 0
    for source in dict.fromkeys(step.reads):
        flow = source.flow
        if _scattered(source) and isinstance(flow, Shape) and flow.rank and flow.channels > 1:
            found += flow_bytes(flow, batch, itemsize)
    return found


def _scattered(source: Producer) -> bool:
    """Return whether a result does not lie channels last: inputs and views do not; functions of each number keep the order."""
    while isinstance(source, Node):
        if source.layer.reuse(training=False) == "view":
            return True
        if source.layer.function() is None or not source.inputs:
            return False
        source = source.inputs[0]
    return True


def _tiles(node: Node, itemsize: int, parallel_blas: bool) -> tuple[int, int, int]:
    """Return the bytes of a convolution's scratch: for each thread if it is lowered or filtered minimally, and once."""
    filters = next((w.shape for w in node.weights if len(w.shape) > 2), None)
    y, windows = node.shape, node.inferred.windows
    if filters is None or y is None or not windows or not node.inputs:
        return 0, 0, 0
    x = _shape(node.inputs[0])
    cells, inner, count = math.prod(filters[2:]), filters[1], filters[0]
    positions = math.prod(y.spatial)
    if cells == 1:
        return 0, 0, 0
    if inner == 1 and count > 1 and x.channels > 1:
        # Depthwise: some rows and the rows around them.
        row = math.prod(n + w.extent - 1 for n, w in zip(x.spatial[1:], windows[1:], strict=True)) * x.channels
        rows = max(1, (1 << 17) // max(1, y.size // y.spatial[0])) * windows[0].stride + windows[0].extent - 1
        return itemsize * row * min(rows, x.spatial[0] + windows[0].extent - 1), 0, itemsize * cells * count
    position = cells * inner * itemsize
    tile = _DIVIDED_TILE if parallel_blas else _TILE
    lowered = min(positions, max(tile // position, _LEAST)) * position
    if positions < _FEW and x.channels == inner and not parallel_blas:
        return 0, 0, positions * position
    product = lowered // position * count * itemsize
    reached = 2 * lowered // cells
    plain = lowered + product + reached
    square = itemsize == 4 and len(windows) == 2 and all((w.kernel_size, w.stride, w.dilation) == (3, 1, 1) for w in windows)
    if not square or min(count, inner) < 32 or x.channels != inner:
        return plain, 0, 0
    blocks = math.prod(-(-n // 4) for n in y.spatial)
    tiles = 3 * min(_WINOGRAD_TILE, 36 * itemsize * blocks * max(count, inner)) + itemsize * 36 * 64
    return 0, tiles, min(_WINOGRAD_FILTERS, 36 * itemsize * count * inner)
