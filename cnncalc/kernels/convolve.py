"""Convolution by matrix products over tiles that stay in the cache; the whole lowered input never exists."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnncalc.kernels import winograd
from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed
from cnncalc.kernels.depthwise import convolve_depthwise
from cnncalc.kernels.run import Epilogue, Run
from cnncalc.kernels.steps import gather, starts, windows_of
from cnncalc.kernels.workers import Workers, balanced_parts
from cnncalc.window import Window

#: Bytes of lowered input in a tile. A thread's own tile, its filters and its result together stay in its core's second-level
#: cache; a product that threads divide is more efficient if it is longer.
_TILE, _DIVIDED_TILE = 1 << 20, 8 << 20
#: Bytes of the result of a divided product; the epilogue is applied while the result is in the cache.
_PART = 2 << 20
#: Positions in a tile below which a matrix product is slow.
_LEAST = 96
#: Up to this many positions, threads divide the filters instead of the positions.
FEW = 512
#: Products below which waking another thread takes longer than the work.
_ALONE = 1 << 24
#: Channels below which a copy of one cell's channels costs more than the copy of a row of cells.
PLANAR = 16
#: Largest share of discarded products, times filters, for which a strip is cheaper than copying each cell of a window.
_WASTED = 20


def convolve(x: Array, weight: Array, bias: Array | None, windows: tuple[Window, ...], groups: int, run: Run) -> Array:
    """`x`, (batch, channels, *spatial), under filters `weight`, (K, channels/groups, *kernel). The kernel is not flipped.

    Weights in Fortran order are read in place; others are copied first.
    """
    epilogue = run.epilogue.after_affine(None, bias)
    xs = channels_last(x)
    at = tuple(starts(w, n, run.fit) for w, n in zip(windows, xs.shape[1:-1], strict=True))
    out = run.empty((xs.shape[0], *map(len, at), weight.shape[0]), x.dtype)
    if weight.size <= out.size:
        weight, epilogue = run.scaled(weight, epilogue)
    if weight.shape[1] == 1 and groups > 1:
        convolve_depthwise(xs, weight, windows, at, epilogue, out, run)
    elif all(w.kernel_size == 1 and not w.before and not w.after for w in windows):
        _pointwise(xs, weight, at, groups, epilogue, out, run)
    elif groups == 1 and winograd.pays(weight.shape, windows, out.shape[:-1], out.itemsize):
        winograd.convolve(packed(xs), weight, windows, epilogue, out, run)
    else:
        _lowered(xs, weight, windows, at, groups, epilogue, out, run)
    return channels_first(out)


def _matrix(weight: Array, groups: int) -> Array:
    """Filters as (groups, kernel cells · channels, K/groups), the last spatial axis outermost: no copy from Fortran order."""
    turned = weight.T
    filters = weight.shape[0]
    rows = turned.reshape(-1, filters)
    return rows.reshape(rows.shape[0], groups, filters // groups).transpose(1, 0, 2)


def _pointwise(xs: Array, weight: Array, at: tuple[range, ...], groups: int, epilogue: Epilogue, out: Array, run: Run) -> None:
    """Convolve with a window of one cell: a matrix product over the channels at each position."""
    read = xs[(slice(None), *(slice(p.start, p.stop, p.step) for p in at))]
    if any(positions.step > 1 for positions in at):
        seen = run.workers.scratch("read", read.shape, xs.dtype)
        np.copyto(seen, read)
    else:
        seen = packed(read)
    flat = seen.reshape(-1, xs.shape[-1])
    product(flat, _matrix(weight, groups), epilogue.flat(), out.reshape(-1, out.shape[-1]), run)


def product(x: Array, matrices: Array, epilogue: Epilogue, out: Array, run: Run) -> None:
    """Multiply rows of `x` by each group's matrix into `out`, (rows, K), by tiles of rows, or of filters if rows are few."""
    groups, inner, filters = matrices.shape
    rows = x.shape[0]
    workers = run.workers
    height, width = product_tile(rows, matrices.shape, x.itemsize, workers.task_threads, workers.parallel_blas)
    tasks = [
        (slice(r, r + height), g, k) for r in range(0, rows, height) for g in range(groups) for k in range(0, filters, width)
    ]

    def task(i: int) -> None:
        r, g, k = tasks[i]
        columns = slice(g * filters + k, g * filters + min(k + width, filters))
        y = out[r, columns]
        workers.matmul(x[r, g * inner : (g + 1) * inner], matrices[g][:, k : k + width], y)
        epilogue.at(r, columns).finish(y, y)

    run.workers.parallel_for(task, len(tasks))


def product_tile(rows: int, matrices: tuple[int, ...], itemsize: int, threads: int, parallel_blas: bool) -> tuple[int, int]:
    """Return the rows and the columns of one task of a product with `matrices`, (groups, inner, filters)."""
    groups, inner, filters = matrices
    if parallel_blas:
        return -(-rows // max(1, rows * filters * itemsize // _PART)), filters
    # BLAS copies both factors first: the larger factor is divided, so that no thread copies all of it.
    if rows * inner * filters * groups < _ALONE:
        return rows, filters
    if rows < filters:
        return rows, -(-filters // (threads if filters >= 16 * threads else 1))
    most = max(_LEAST, _TILE // (itemsize * max(1, max(inner, filters) * groups)))
    return -(-rows // balanced_parts(rows, most, threads)), filters


def _lowered(
    xs: Array,
    weight: Array,
    windows: tuple[Window, ...],
    at: tuple[range, ...],
    groups: int,
    epilogue: Epilogue,
    out: Array,
    run: Run,
) -> None:
    """Convolve by tiles: lower the windows of some positions to rows of a matrix, and multiply it by the filters (im2col)."""
    matrices = _matrix(weight, groups)
    inner, filters = xs.shape[-1] // groups, matrices.shape[2]
    cells = math.prod(w.kernel_size for w in windows)
    # A row of few channels is too short to copy: then rows of the map are copied, with the channels first.
    planar = inner < PLANAR
    source = xs if planar else packed(xs)
    count = math.prod(map(len, at))
    if groups == 1 and not planar and count < FEW and not run.workers.parallel_blas:
        _few(source, windows, at, matrices, epilogue, out, run)
        return
    strip = not planar and not run.workers.parallel_blas and strip_pays(windows[-1], len(at[-1]), xs.shape[-2], filters)
    copied = cells // windows[-1].kernel_size * windows[-1].stride if strip else cells
    tiles = _tiles(at, copied * inner * xs.itemsize, run.workers)
    tasks = list(itertools.product(range(xs.shape[0]), tiles))

    def task(i: int) -> None:
        n, part = tasks[i]
        here = tuple(positions[p] for positions, p in zip(at, part, strict=True))
        y = out[(n, *part)]
        for g in range(groups):
            seen = source[n, ..., g * inner : (g + 1) * inner]
            columns = slice(g * filters, (g + 1) * filters)
            multiply = _strip if strip else _planar if planar else _full
            result = multiply(seen, windows, here, matrices[g], y[..., columns], run)
            epilogue.at(n, *part, columns).finish(result, y[..., columns])

    run.workers.parallel_for(task, len(tasks))


def _tiles(at: tuple[range, ...], position_bytes: int, workers: Workers) -> list[tuple[slice, ...]]:
    """Divide the positions into tiles: all along the last axes, some along one axis, one along the axes before."""
    sizes = tuple(map(len, at))
    if not all(sizes):
        return []
    axis, step = tile(sizes, position_bytes, workers.task_threads, workers.parallel_blas)
    runs = [slice(k, min(k + step, sizes[axis])) for k in range(0, sizes[axis], step)]
    before = [[slice(k, k + 1) for k in range(size)] for size in sizes[:axis]]
    after = [[slice(0, size)] for size in sizes[axis + 1 :]]
    return list(itertools.product(*before, runs, *after))


def tile(sizes: tuple[int, ...], position_bytes: int, threads: int, parallel_blas: bool) -> tuple[int, int]:
    """Return the axis along which a tile has some of the positions, and how many; it has all along the later axes."""
    rows, most_bytes = 1, _DIVIDED_TILE if parallel_blas else _TILE
    for axis in reversed(range(len(sizes))):
        most = max(most_bytes // max(1, rows * position_bytes), -(-_LEAST // rows), 1)
        if most < sizes[axis] or axis == 0:
            break
        rows *= sizes[axis]
    return axis, -(-sizes[axis] // balanced_parts(sizes[axis], most, threads))


def _offsets(windows: tuple[Window, ...]) -> list[tuple[int, ...]]:
    """Return the window's cells as offsets along each axis, less the padding; the last axis outermost, as in `_matrix`."""
    turned = itertools.product(*(range(w.kernel_size) for w in reversed(windows)))
    return [tuple(k * w.dilation - w.before for k, w in zip(reversed(cell), windows, strict=True)) for cell in turned]


def _full(x: Array, windows: tuple[Window, ...], at: tuple[range, ...], matrix: Array, out: Array, run: Run) -> Array:
    """Compute a tile by copying every cell of every window, a row of channels at a time."""
    seen = windows_of(x, at, windows, run)
    lowered = run.workers.scratch("lowered", seen.shape, x.dtype)
    np.copyto(lowered, seen)
    return _multiply(lowered.reshape(-1, matrix.shape[0]), matrix, out, run)


def _planar(x: Array, windows: tuple[Window, ...], at: tuple[range, ...], matrix: Array, out: Array, run: Run) -> Array:
    """Do the same as `_full` for few channels: copy a row of the map at a time.

    The input's cells are first grouped by their position modulo the stride of the last axis, padding included, so that the
    cells under one cell of the window at successive positions are contiguous.
    """
    positions = tuple(map(len, at))
    channels, stride = x.shape[-1], windows[-1].stride
    *reach, width = (range(p[0], p[-1] + w.extent) for p, w in zip(at, windows, strict=True))
    places = -(-len(width) // stride)
    cells = run.workers.scratch("cells", (channels, *map(len, reach), stride, places), x.dtype)
    begin = tuple(-w.before for w in windows)
    for place in range(stride):
        columns = range(width.start + place, width.start + place + stride * (places - 1) + 1, stride)
        gather(np.moveaxis(cells[..., place, :], 0, -1), x, (*reach, columns), begin)
    lowered = run.workers.scratch("lowered", (math.prod(w.kernel_size for w in windows), channels, *positions), x.dtype)
    *rest, window = windows
    other = tuple(w.kernel_size for w in reversed(rest))
    split = lowered.reshape(window.kernel_size, *other, channels, *positions)
    steps = tuple(w.stride * size for w, size in zip(rest, cells.strides[1:], strict=False))
    taps = tuple(w.dilation * size for w, size in zip(rest, cells.strides[1:], strict=False))
    for k in range(window.kernel_size):
        shift, place = divmod(k * window.dilation, stride)
        seen = as_strided(
            cells[..., place, shift:],
            (*other, channels, *positions),
            (*reversed(taps), cells.strides[0], *steps, x.itemsize),
            writeable=False,
        )
        np.copyto(split[k], seen)
    return _multiply(lowered.reshape(matrix.shape[0], -1).T, matrix, out, run)


def _multiply(rows: Array, matrix: Array, out: Array, run: Run) -> Array:
    """Return the product in the shape of `out`: in its memory if `out` is contiguous, else in scratch."""
    result = out if out.flags.c_contiguous else run.workers.scratch("product", out.shape, out.dtype)
    run.workers.matmul(rows, matrix, result.reshape(-1, matrix.shape[1]))
    return result


def _few(
    xs: Array, windows: tuple[Window, ...], at: tuple[range, ...], matrices: Array, epilogue: Epilogue, out: Array, run: Run
) -> None:
    """Convolve few positions: one lowered tile for all threads, which divide the filters."""
    kernel = tuple(w.kernel_size for w in reversed(windows))
    lowered = run.workers.scratch("lowered", (*map(len, at), *kernel, xs.shape[-1]), xs.dtype)
    for n, (x, y) in enumerate(zip(xs, out, strict=True)):
        np.copyto(lowered, windows_of(x, at, windows, run))
        rest = epilogue.at(n, ..., slice(None)).flat()
        product(lowered.reshape(-1, matrices.shape[1]), matrices, rest, y.reshape(-1, y.shape[-1]), run)


def pitch_of(window: Window, first: int, count: int, size: int) -> int:
    """Return the cells of a row in a strip, a multiple of the stride: the reach of the windows, less zeros shared by two rows.

    `first` is where the first of `count` windows begins, padding included, `size` the row's cells in the input.
    """
    reach = (count - 1) * window.stride + window.kernel_size
    before = max(0, window.before - first)
    behind = max(0, first + reach - window.before - size)
    # At most a window's overlap, or the next row would begin before this row's last window.
    shared = min(before, behind, window.kernel_size - window.stride)
    return -(-(reach - shared) // window.stride) * window.stride


def strip_pays(window: Window, count: int, size: int, filters: int) -> bool:
    """Return whether a strip pays: windows overlap and few products are discarded at the ends of rows, fewer for more filters.

    `count` is the number of positions in a row, `size` its cells in the input.
    """
    if window.dilation != 1 or window.kernel_size <= window.stride or not count:
        return False
    wasted = pitch_of(window, 0, count, size) // window.stride / count - 1
    return wasted * filters < _WASTED


def _strip(x: Array, windows: tuple[Window, ...], at: tuple[range, ...], matrix: Array, out: Array, run: Run) -> Array:
    """Compute a tile by copying the rows of the windows, but not each position along the last axis.

    In memory (rows, cells along the last axis, other cells of the window, channels) a window is one stretch, which begins at
    its cell. Stretches that begin m positions apart, m·stride ≥ kernel_size, do not overlap: each of these m classes is a matrix
    for BLAS. Windows that reach over the end of a row are computed with the others and left out of the result.
    """
    *others, last = at
    window = windows[-1]
    rows = tuple(map(len, others))
    channels, filters = x.shape[-1], matrix.shape[1]
    pitch = pitch_of(window, last[0], len(last), x.shape[-2])
    cells = _offsets(windows[:-1])
    count = math.prod(rows)
    memory = run.workers.scratch("lowered", (count * pitch + window.kernel_size, len(cells), channels), x.dtype)
    memory[count * pitch :] = 0
    strip = memory[: count * pitch].reshape(*rows, pitch, len(cells), channels)
    first = max(0, last[0] - window.before)
    left = max(0, window.before - last[0])
    right = max(left, min(pitch, left + x.shape[-2] - first))
    strip[..., :left, :, :] = 0
    strip[..., right:, :, :] = 0
    columns = range(first, first + right - left)
    for k, offset in enumerate(cells):
        gather(strip[..., left:right, k, :], x, (*others, columns), (*offset, 0))
    per_row = pitch // window.stride
    result = run.workers.scratch("product", (*rows, per_row, filters), x.dtype)
    flat = result.reshape(-1, filters)
    classes = -(-window.kernel_size // window.stride)
    place = memory.strides[0] * window.stride
    for c in range(min(classes, len(flat))):
        target = flat[c::classes]
        stretches = as_strided(
            memory[c * window.stride :], (len(target), matrix.shape[0]), (place * classes, x.itemsize), writeable=False
        )
        np.matmul(stretches, matrix, out=target)
    return result[..., : len(last), :]
