"""The scratch buffers that kernels keep during a run, computed from shapes alone.

Each function returns by name the bytes of one thread's buffer, and how many threads have one: at most one for each task, and a
layer has at least a task for each example.
"""

from __future__ import annotations

import math

from cnncalc.graph import Node
from cnncalc.kernels import convolve, depthwise, pool, winograd
from cnncalc.kernels.blas import packed_bytes
from cnncalc.kernels.workers import ALONE, balanced_parts
from cnncalc.layers.conv import ConvTranspose
from cnncalc.layers.dense import Linear
from cnncalc.layers.memory import MatrixProduct
from cnncalc.layers.sliding import Sliding
from cnncalc.shape import Shape
from cnncalc.window import Window, same_padding

Scratch = dict[str, tuple[int, int]]
"""Bytes of one thread's buffer and the number of threads, by the buffer's name."""


def scratch_of(
    node: Node, xs: tuple[Shape, ...], batch: int, itemsize: int, threads: int, parallel_blas: bool
) -> tuple[Scratch, int]:
    """Return the scratch of a layer that reads `xs`, with the factors that BLAS copies, and the numbers of one task's result.

    The numbers are 0 if the layer has no matrix product.
    """
    tasks = 1 if parallel_blas else threads
    found, product = _buffers(node, batch, itemsize, threads, parallel_blas)
    if node.shape is not None and product is None:
        product = node.layer.product(xs, node.shape, batch, tasks)
    if product is None:
        return found, 0
    users = threads if parallel_blas else product.threads
    rows = -(-product.rows // users) if parallel_blas else product.rows
    packed = packed_bytes(rows, product.inner, product.columns, itemsize, parallel_blas)
    found["packed rows"], found["packed columns"] = ((size, users) for size in packed)
    return found, product.rows * product.columns


def _buffers(node: Node, batch: int, itemsize: int, threads: int, parallel_blas: bool) -> tuple[Scratch, MatrixProduct | None]:
    """Return the scratch of a layer with windows, and its largest matrix product."""
    x, y, windows = node.inputs[0].flow if node.inputs else None, node.shape, node.inferred.windows
    tasks = 1 if parallel_blas else threads
    if not isinstance(x, Shape) or y is None:
        return {}, None
    if isinstance(node.layer, ConvTranspose):
        # One cell of the window for all input cells, and a part of the filters.
        filters, positions = node.layer.filters // node.layer.groups, math.prod(x.spatial)
        width = -(-filters // min(tasks, max(1, filters // 16)))
        product = MatrixProduct(positions, x.channels // node.layer.groups, width, tasks)
        return {"product": (itemsize * positions * width, tasks)}, product
    if isinstance(node.layer, Linear) and x.rank:
        return {}, _divided(batch * math.prod(x.spatial), (1, x.channels, y.channels), itemsize, tasks, parallel_blas)
    if not windows or not isinstance(node.layer, Sliding):
        return {}, None
    filters_of = [w.shape for w in node.weights if len(w.shape) > 2]
    if not filters_of:
        return _pooled(x, y, windows, batch, itemsize, tasks), None
    rank = len(filters_of[0]) - 2
    windows, spatial = windows[-rank:], y.spatial[-rank:]
    found, largest = _convolved(x, filters_of[0], windows, spatial, batch, itemsize, tasks, parallel_blas)
    for shape in filters_of[1:]:
        # The state of a recurrent convolution has the size of the result.
        state = Shape(*spatial, shape[1])
        inner = tuple(Window(k, 1, *same_padding(n, k, 1, 1)) for n, k in zip(spatial, shape[2:], strict=True))
        more, _ = _convolved(state, shape, inner, spatial, batch, itemsize, tasks, parallel_blas)
        found = {name: max(found.get(name, (0, 0)), more.get(name, (0, 0))) for name in found | more}
    return found, largest


def _convolved(
    x: Shape,
    weight: tuple[int, ...],
    windows: tuple[Window, ...],
    spatial: tuple[int, ...],
    batch: int,
    itemsize: int,
    tasks: int,
    parallel_blas: bool,
) -> tuple[Scratch, MatrixProduct | None]:
    """Return the scratch of a convolution of `x` with filters of the shape `weight`, and its largest matrix product."""
    count, inner, cells = weight[0], weight[1], math.prod(weight[2:])
    groups = x.channels // inner
    if cells == 1 and not any(w.before or w.after for w in windows):
        # The cells that a stride leaves.
        skips = any(w.stride > 1 for w in windows)
        read = batch * math.prod(spatial) * x.channels * itemsize if skips else 0
        product = _divided(batch * math.prod(spatial), (groups, inner, count // groups), itemsize, tasks, parallel_blas)
        return {"read": (read, 1)}, product
    if inner == 1 and groups > 1:
        return _depthwise(x, weight, windows, spatial, batch, itemsize, tasks), None
    if groups == 1 and len(spatial) == 2 and winograd.pays(weight, windows, (batch, *spatial), itemsize):
        return _winograd(weight, windows, spatial, batch, tasks)
    planar = inner < convolve.PLANAR
    # Windows that stay on the input are read in place.
    padded = planar or any(w.before or w.after for w in windows)
    if groups == 1 and not planar and math.prod(spatial) < convolve.FEW and not parallel_blas:
        reach = _reach(windows, spatial) * inner * itemsize if padded else 0
        product = _divided(math.prod(spatial), (1, cells * inner, count), itemsize, tasks, parallel_blas)
        return {"lowered": (math.prod(spatial) * cells * inner * itemsize, 1), "cells": (reach, 1)}, product
    window = windows[-1]
    strip = not planar and not parallel_blas and convolve.strip_pays(window, spatial[-1], x.spatial[-1], count // groups)
    # Cells that are copied for a position: along the last axis, those of neighbouring windows are copied once in a strip.
    copied = cells // window.kernel_size * window.stride if strip else cells
    axis, step = convolve.tile(spatial, copied * inner * itemsize, tasks, parallel_blas)
    part = (*(1,) * axis, step, *spatial[axis + 1 :])
    tasks = min(tasks, batch * math.prod(spatial[:axis]) * -(-spatial[axis] // step))
    positions, ends = math.prod(part), 0
    if strip:
        places = convolve.pitch_of(window, 0, part[-1], x.spatial[-1]) // window.stride
        positions, ends = positions // part[-1] * places, window.kernel_size * (cells // window.kernel_size)
    lowered = (positions * copied + ends) * inner * itemsize
    result = positions * (count // groups) * itemsize if strip or groups > 1 else 0
    reach = _reach(windows, part) * inner * itemsize if padded and not strip else 0
    product = MatrixProduct(positions, cells * inner, count // groups, tasks)
    return {"lowered": (lowered, tasks), "product": (result, tasks), "cells": (reach, tasks)}, product


def _divided(rows: int, matrices: tuple[int, int, int], itemsize: int, tasks: int, parallel_blas: bool) -> MatrixProduct:
    """Return one thread's part of a product of `rows` with `matrices`, (groups, inner, filters)."""
    height, width = convolve.product_tile(rows, matrices, itemsize, tasks, parallel_blas)
    return MatrixProduct(height, matrices[1], width, min(tasks, -(-rows // height) * -(-matrices[2] // width)))


def _reach(windows: tuple[Window, ...], positions: tuple[int, ...]) -> int:
    """Return how many input cells the windows at neighbouring positions reach over, padding included."""
    return math.prod((n - 1) * w.stride + w.extent for n, w in zip(positions, windows, strict=True))


def _winograd(
    filters: tuple[int, ...], windows: tuple[Window, ...], spatial: tuple[int, ...], batch: int, tasks: int
) -> tuple[Scratch, MatrixProduct]:
    """Transformed filters, and a tile of transformed cells and products per thread."""
    count, inner = filters[:2]
    kept = -(-count // -(-36 * count * inner // winograd.FILTERS_KEPT))
    down, across = -(-spatial[0] // 4), -(-spatial[1] // 4)
    rows = -(-down // balanced_parts(down, winograd.TILE // (36 * across * max(kept, inner)), tasks))
    tasks = min(tasks, batch * -(-down // rows))
    blocks = 4 * rows * across
    padded = any(w.before or w.after for w in windows) or spatial[0] % 4 or spatial[1] % 4
    buffers = {
        "cells": (4 * (4 * rows + 2) * (4 * across + 2) * inner if padded else 0, tasks),
        "blocks": (blocks * max(36 * inner, 16 * kept), tasks),
        "lowered": (blocks * 36 * inner, tasks),
        "product": (blocks * 36 * kept, tasks),
        "filters": (4 * 36 * inner * kept, 1),
    }
    return buffers, MatrixProduct(rows * across, inner, kept, tasks)


def _depthwise(
    x: Shape,
    filters: tuple[int, ...],
    windows: tuple[Window, ...],
    spatial: tuple[int, ...],
    batch: int,
    itemsize: int,
    tasks: int,
) -> Scratch:
    """The cells around some rows per thread, and the filters in another order."""
    count, cells = filters[0], math.prod(filters[2:])
    rows = spatial[0]
    if count * math.prod(spatial) * cells >= depthwise.ALONE:
        rows = -(-rows // balanced_parts(rows, depthwise.TILE // max(1, count * math.prod(spatial[1:])), tasks))
    tasks = min(tasks, batch * -(-spatial[0] // rows))
    seen = _reach(windows, (rows, *spatial[1:])) * x.channels
    return {"cells": (itemsize * seen, tasks), "filters": (itemsize * 2 * cells * count, 1)}


def _pooled(x: Shape, y: Shape, windows: tuple[Window, ...], batch: int, itemsize: int, tasks: int) -> Scratch:
    """Some rows that are pooled along the first axes and not yet along the last, per thread."""
    rows = y.spatial[0]
    if y.size >= ALONE:
        rows = -(-rows // balanced_parts(rows, pool.TILE // max(1, y.size // rows), tasks))
    tasks = min(tasks, batch * -(-y.spatial[0] // rows))
    here = (rows, *y.spatial[1:])
    return {
        f"pool{axis}": (itemsize * math.prod((*here[: axis + 1], *x.spatial[axis + 1 :])) * x.channels, tasks)
        for axis in range(x.rank - 1)
    }
