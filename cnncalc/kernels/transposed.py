"""Transposed convolution: each input cell writes a window, tap by tap."""

from __future__ import annotations

import itertools

import numpy as np

from cnncalc.kernels.arrays import Array, Index, channels_first, channels_last, owner, packed
from cnncalc.kernels.run import Run
from cnncalc.window import Window


def convolve_transposed(
    x: Array, weight: Array, bias: Array | None, windows: tuple[Window, ...], more: tuple[int, ...], groups: int, run: Run
) -> Array:
    """Convolve `x`, (batch, C, *spatial), with `weight`, (C, K/groups, *kernel), transposed; add `more` cells at the ends."""
    epilogue = run.epilogue.after_affine(None, bias)
    xs = packed(channels_last(x))
    batch, sizes, channels = xs.shape[0], xs.shape[1:-1], xs.shape[-1]
    filters = weight.shape[1]
    # All cells that are written; the padding is cut off at the end, because output_padding may keep some of it.
    whole = [(n - 1) * w.stride + w.extent + m for n, w, m in zip(sizes, windows, more, strict=True)]
    out = run.empty((batch, *whole, groups * filters), x.dtype)
    out.fill(0)
    cells = list(itertools.product(*(range(w.kernel_size) for w in windows)))
    # Cells of the window that differ by a multiple of the stride write to the same cells: one thread computes all of them.
    phases: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for cell in cells:
        phase = tuple(k * w.dilation % w.stride for k, w in zip(cell, windows, strict=True))
        phases.setdefault(phase, []).append(cell)
    parts = min(run.workers.task_threads, max(1, filters // 16))
    width = -(-filters // parts)
    tasks = list(itertools.product(range(batch), phases.values(), range(groups), range(0, filters, width)))
    inner = channels // groups
    rows = xs.reshape(batch, -1, channels)

    def task(i: int) -> None:
        n, together, g, k = tasks[i]
        last = min(k + width, filters)
        seen = rows[n, :, g * inner : (g + 1) * inner]
        product = run.workers.scratch("product", (*sizes, last - k), x.dtype)
        for cell in together:
            chosen: Index = (slice(g * inner, (g + 1) * inner), slice(k, last), *cell)
            matrix = weight[chosen]
            if x.itemsize not in matrix.strides:
                # In C order one cell of the filters is not contiguous, as BLAS needs it; in Fortran order it is a matrix.
                matrix = np.ascontiguousarray(matrix)
            run.workers.matmul(seen, matrix, product.reshape(-1, last - k))
            cells_written = (
                slice(c * w.dilation, c * w.dilation + (size - 1) * w.stride + 1, w.stride)
                for c, w, size in zip(cell, windows, sizes, strict=True)
            )
            places: Index = (n, *cells_written, slice(g * filters + k, g * filters + last))
            out[places] += product

    run.workers.parallel_for(task, len(tasks))
    inside = tuple(slice(w.before, size - w.after) for w, size in zip(windows, whole, strict=True))
    result = out[(slice(None), *inside)]
    if result.shape != out.shape:
        result = run.empty(result.shape, x.dtype)
        np.copyto(result, out[(slice(None), *inside)])
        run.workers.buffers.give_back(owner(out))
    for example in result:
        run.workers.parallel_chunks(epilogue.finish, example, example)
    return channels_first(result)
