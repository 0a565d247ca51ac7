"""The scratch buffers that kernels keep during a run, computed from shapes alone.

Each function returns by name the bytes of one thread's buffer, and how many threads have one: at most one for each task, and a
layer has at least a task for each example.
"""

from __future__ import annotations

import math

from cnncalc.graph import Node
from cnncalc.kernels import convolve, depthwise, pool, winograd
from cnncalc.kernels.workers import ALONE, balanced_parts
from cnncalc.layers.conv import ConvTranspose
from cnncalc.layers.sliding import Sliding
from cnncalc.shape import Shape
from cnncalc.window import Window

Scratch = dict[str, tuple[int, int]]
"""Bytes of one thread's buffer and the number of threads, by the buffer's name."""


def scratch_of(node: Node, batch: int, itemsize: int, threads: int, parallel_blas: bool) -> Scratch:
    """Return the scratch of a layer with windows."""
    x, y, windows = node.inputs[0].flow if node.inputs else None, node.shape, node.inferred.windows
    tasks = 1 if parallel_blas else threads
    if isinstance(node.layer, ConvTranspose) and isinstance(x, Shape):
        # One cell of the window for all input cells, and a part of the filters.
        filters = node.layer.filters // node.layer.groups
        width = -(-filters // min(tasks, max(1, filters // 16)))
        return {"product": (itemsize * math.prod(x.spatial) * width, tasks)}
    if not isinstance(x, Shape) or y is None or not windows or not isinstance(node.layer, Sliding):
        return {}
    weight = next((w.shape for w in node.weights if len(w.shape) > 2), None)
    if weight is None:
        return _pooled(x, y, windows, batch, itemsize, tasks)
    rank = len(weight) - 2
    windows, spatial = windows[-rank:], y.spatial[-rank:]
    count, inner, cells = weight[0], weight[1], math.prod(weight[2:])
    groups = x.channels // inner
    if cells == 1 and not any(w.before or w.after for w in windows):
        # The cells that a stride leaves.
        skips = any(w.stride > 1 for w in windows)
        return {"read": (batch * math.prod(spatial) * x.channels * itemsize, 1)} if skips else {}
    if inner == 1 and groups > 1:
        return _depthwise(x, weight, windows, spatial, batch, itemsize, tasks)
    if groups == 1 and rank == 2 and winograd.pays(weight, windows, (batch, *spatial), itemsize):
        return _winograd(weight, windows, spatial, batch, tasks)
    position = cells * inner * itemsize
    planar = inner < convolve.PLANAR
    # Windows that stay on the input are read in place.
    padded = planar or any(w.before or w.after for w in windows)
    if groups == 1 and not planar and math.prod(spatial) < convolve.FEW and not parallel_blas:
        reach = _reach(windows, spatial) * inner * itemsize if padded else 0
        return {"lowered": (math.prod(spatial) * position, 1), "cells": (reach, 1)}
    strip = not planar and not parallel_blas and convolve.strip_pays(windows[-1], spatial[-1], x.spatial[-1], count // groups)
    copied = position // windows[-1].kernel_size * windows[-1].stride if strip else position
    axis, step = convolve.tile(spatial, copied, tasks, parallel_blas)
    part = (*(1,) * axis, step, *spatial[axis + 1 :])
    tasks = min(tasks, batch * math.prod(spatial[:axis]) * -(-spatial[axis] // step))
    # Rows of a strip have some cells more than positions.
    lowered = math.prod(part) * copied * (5 if strip else 4) // 4
    product = math.prod(part) * count // groups * itemsize * 5 // 4 if strip or groups > 1 else 0
    return {
        "lowered": (lowered, tasks),
        "product": (product, tasks),
        "cells": (_reach(windows, part) * inner * itemsize if padded else 0, tasks),
    }


def _reach(windows: tuple[Window, ...], positions: tuple[int, ...]) -> int:
    """Return how many input cells the windows at neighbouring positions reach over, padding included."""
    return math.prod((n - 1) * w.stride + w.extent for n, w in zip(positions, windows, strict=True))


def _winograd(filters: tuple[int, ...], windows: tuple[Window, ...], spatial: tuple[int, ...], batch: int, tasks: int) -> Scratch:
    """Transformed filters, and a tile of transformed cells and products per thread."""
    count, inner = filters[:2]
    kept = -(-count // -(-36 * count * inner // winograd.FILTERS_KEPT))
    down, across = -(-spatial[0] // 4), -(-spatial[1] // 4)
    rows = -(-down // balanced_parts(down, winograd.TILE // (36 * across * max(kept, inner)), tasks))
    tasks = min(tasks, batch * -(-down // rows))
    blocks = 4 * rows * across
    padded = any(w.before or w.after for w in windows) or spatial[0] % 4 or spatial[1] % 4
    return {
        "cells": (4 * (4 * rows + 2) * (4 * across + 2) * inner if padded else 0, tasks),
        "blocks": (blocks * max(36 * inner, 16 * kept), tasks),
        "lowered": (blocks * 36 * inner, tasks),
        "product": (blocks * 36 * kept, tasks),
        "filters": (4 * 36 * inner * kept, 1),
    }


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
