"""The bytes of the scratch buffers that kernels keep during a run, by name, computed from shapes alone."""

from __future__ import annotations

import math

from cnncalc.graph import Node
from cnncalc.kernels import convolve, depthwise, pool, winograd
from cnncalc.kernels.workers import ALONE, balanced_parts
from cnncalc.layers.conv import ConvTranspose
from cnncalc.layers.sliding import Sliding
from cnncalc.shape import Shape
from cnncalc.window import Window


def scratch_of(node: Node, itemsize: int, threads: int, parallel_blas: bool) -> dict[str, int]:
    """Return the scratch of a layer with windows, for all threads together."""
    x, y, windows = node.inputs[0].flow if node.inputs else None, node.shape, node.inferred.windows
    if isinstance(node.layer, ConvTranspose) and isinstance(x, Shape):
        # One cell of the window for all input cells.
        return {"product": itemsize * math.prod(x.spatial) * node.layer.filters // node.layer.groups}
    if not isinstance(x, Shape) or y is None or not windows or not isinstance(node.layer, Sliding):
        return {}
    tasks = 1 if parallel_blas else threads
    filters = next((w.shape for w in node.weights if len(w.shape) > 2), None)
    if filters is None:
        return _pooled(x, y, itemsize, tasks)
    rank = len(filters) - 2
    windows, spatial = windows[-rank:], y.spatial[-rank:]
    count, inner, cells = filters[0], filters[1], math.prod(filters[2:])
    groups = x.channels // inner
    if cells == 1 and not any(w.before or w.after for w in windows):
        return {}
    if inner == 1 and groups > 1:
        return _depthwise(x, filters, windows, spatial, itemsize, tasks)
    if groups == 1 and rank == 2 and winograd.pays(filters, windows, (1, *spatial), itemsize):
        return _winograd(filters, windows, spatial, tasks)
    position = cells * inner * itemsize
    planar = inner < convolve.PLANAR
    # Windows that stay on the input are read in place.
    padded = planar or any(w.before or w.after for w in windows)
    if groups == 1 and not planar and math.prod(spatial) < convolve.FEW and not parallel_blas:
        return {"lowered": math.prod(spatial) * position, "cells": _reach(windows, spatial) * inner * itemsize if padded else 0}
    strip = not planar and not parallel_blas and convolve.strip_pays(windows[-1], spatial[-1], x.spatial[-1], count // groups)
    copied = position // windows[-1].kernel_size * windows[-1].stride if strip else position
    axis, step = convolve.tile(spatial, copied, tasks, parallel_blas)
    part = (*(1,) * axis, step, *spatial[axis + 1 :])
    # Rows of a strip have some cells more than positions.
    lowered = math.prod(part) * copied * (5 if strip else 4) // 4
    product = math.prod(part) * count // groups * itemsize * 5 // 4 if strip or groups > 1 else 0
    return {
        "lowered": tasks * lowered,
        "product": tasks * product,
        "cells": tasks * _reach(windows, part) * inner * itemsize if padded else 0,
    }


def _reach(windows: tuple[Window, ...], positions: tuple[int, ...]) -> int:
    """Return how many input cells the windows at neighbouring positions reach over, padding included."""
    return math.prod((n - 1) * w.stride + w.extent for n, w in zip(positions, windows, strict=True))


def _winograd(filters: tuple[int, ...], windows: tuple[Window, ...], spatial: tuple[int, ...], tasks: int) -> dict[str, int]:
    """Transformed filters, and a tile of transformed cells and products per thread."""
    count, inner = filters[:2]
    kept = -(-count // -(-36 * count * inner // winograd.FILTERS_KEPT))
    down, across = -(-spatial[0] // 4), -(-spatial[1] // 4)
    rows = -(-down // balanced_parts(down, winograd.TILE // (36 * across * max(kept, inner)), tasks))
    tasks = min(tasks, -(-down // rows))
    blocks = 4 * rows * across * tasks
    padded = any(w.before or w.after for w in windows) or spatial[0] % 4 or spatial[1] % 4
    return {
        "cells": 4 * tasks * (4 * rows + 2) * (4 * across + 2) * inner if padded else 0,
        "blocks": blocks * max(36 * inner, 16 * kept),
        "lowered": blocks * 36 * inner,
        "product": blocks * 36 * kept,
        "filters": 4 * 36 * inner * kept,
    }


def _depthwise(
    x: Shape, filters: tuple[int, ...], windows: tuple[Window, ...], spatial: tuple[int, ...], itemsize: int, tasks: int
) -> dict[str, int]:
    """The cells around some rows per thread, and the filters in another order."""
    count, cells = filters[0], math.prod(filters[2:])
    rows = spatial[0]
    if count * math.prod(spatial) * cells < depthwise.ALONE:
        tasks = 1
    else:
        rows = -(-rows // balanced_parts(rows, depthwise.TILE // max(1, count * math.prod(spatial[1:])), tasks))
    seen = _reach(windows, (rows, *spatial[1:])) * x.channels
    return {"cells": itemsize * tasks * seen, "filters": itemsize * 2 * cells * count}


def _pooled(x: Shape, y: Shape, itemsize: int, tasks: int) -> dict[str, int]:
    """Some rows that are pooled along the first axes and not yet along the last, per thread."""
    rows = y.spatial[0]
    if y.size < ALONE:
        tasks = 1
    else:
        rows = -(-rows // balanced_parts(rows, pool.TILE // max(1, y.size // rows), tasks))
    here = (rows, *y.spatial[1:])
    return {
        f"pool{axis}": itemsize * tasks * math.prod((*here[: axis + 1], *x.spatial[axis + 1 :])) * x.channels
        for axis in range(x.rank - 1)
    }
