"""Winograd's minimal filtering: 3×3 windows with a stride of 1, four by four results from 36 multiplications in place of 144.

Source: Lavin & Gray 2015, Fast Algorithms for Convolutional Neural Networks, sec. 4.3, F(4×4, 3×3). Rounding errors grow by a
factor of about ten, so it is for float32 alone, whose results stay within 3e-5 of the largest.
"""

from __future__ import annotations

import itertools

import numpy as np

from cnncalc.kernels.arrays import Array
from cnncalc.kernels.run import Epilogue, Run
from cnncalc.kernels.steps import windows_of
from cnncalc.window import Window

_SIDE = 4
_INPUT = 6


def _both_axes(matrix: list[list[float]]) -> Array:
    """Return M ⊗ M: a transform of rows and of columns in one product.

    It multiplies by zeros as well, but makes one pass over the tile, whereas separate sums would make thirty.
    """
    return np.kron(np.array(matrix), np.array(matrix)).astype(np.float32)


#: The filter's transform G, the input's Bᵀ and the output's Aᵀ for the points 0, 1, −1, 2, −2 and infinity.
_FILTER = _both_axes(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
_FROM_INPUT = _both_axes(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_TO_OUTPUT = _both_axes([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])
#: Numbers of a tile's transformed input: large, because each tile reads all transformed filters.
TILE = 1 << 19
#: Numbers of transformed filters that are kept at the same time, 20 MiB: they are four times as many as the filters' own.
FILTERS_KEPT = 5 << 20
#: The number of weights that one task transforms.
_FILTERS = 1 << 14


def pays(weights: tuple[int, ...], windows: tuple[Window, ...], places: tuple[int, ...], itemsize: int) -> bool:
    """Return whether minimal filtering, including its transforms, is faster than a plain product.

    `weights` is (K, C, …), `places` the batch and the sizes of the result.
    """
    if itemsize != 4 or len(windows) != 2:
        return False
    if any((w.kernel_size, w.stride, w.dilation) != (3, 1, 1) for w in windows):
        return False
    filters, channels = weights[:2]
    if min(filters, channels) < 32:
        return False
    batch, height, width = places
    blocks = batch * -(-height // _SIDE) * -(-width // _SIDE)
    plain = 9.0 * batch * height * width * channels * filters * _PRODUCT
    transforms = 16 * blocks * (channels * _IN + filters * _OUT) + filters * channels * _WEIGHT
    return bool(plain > transforms + 36.0 * blocks * channels * filters * _PRODUCT)


#: Costs in picoseconds of one core: of a product, and of a number of the input, the result and the filters.
_PRODUCT, _IN, _OUT, _WEIGHT = 16.0, 3500.0, 2300.0, 30000.0


def convolve(xs: Array, weight: Array, windows: tuple[Window, ...], epilogue: Epilogue, out: Array, run: Run) -> None:
    """Convolve `xs`, (batch, height, width, C), with `weight`, (K, C, 3, 3), into `out`, (batch, height, width, K)."""
    parts = -(-36 * weight.shape[0] * weight.shape[1] // FILTERS_KEPT)
    width = -(-weight.shape[0] // parts)
    for first in range(0, weight.shape[0], width):
        part = slice(first, first + width)
        _convolve(xs, weight[part], windows, epilogue.at(..., part), out[..., part], run)


def _convolve(xs: Array, weight: Array, windows: tuple[Window, ...], epilogue: Epilogue, out: Array, run: Run) -> None:
    """Do the same for filters that are few enough to be kept transformed."""
    filters = _filters(weight, run)
    batch, height, width = out.shape[:3]
    down, across = -(-height // _SIDE), -(-width // _SIDE)
    rows = max(1, TILE // (36 * across * max(weight.shape[:2])))
    rows = -(-down // run.workers.balanced_parts(down, rows))
    blocks_read = tuple(w._replace(kernel_size=_INPUT, stride=_SIDE) for w in windows)
    tasks = list(itertools.product(range(batch), range(0, down, rows)))
    linear, rest = Epilogue(epilogue.scale, epilogue.shift), Epilogue(addend=epilogue.addend, function=epilogue.function)

    def task(i: int) -> None:
        n, first = tasks[i]
        count = min(rows, down - first)
        here = (range(_SIDE * first, _SIDE * (first + count), _SIDE), range(0, _SIDE * across, _SIDE))
        overlapping = windows_of(xs[n], here, blocks_read, run)
        cells = run.workers.scratch("blocks", (_INPUT, _INPUT, count, across, xs.shape[-1]), xs.dtype)
        np.copyto(cells, overlapping.transpose(2, 3, 0, 1, 4))
        seen = run.workers.scratch("lowered", (36, count * across, xs.shape[-1]), xs.dtype)
        np.matmul(_FROM_INPUT, cells.reshape(36, -1), out=seen.reshape(36, -1))
        product = run.workers.scratch("product", (36, count * across, filters.shape[2]), xs.dtype)
        np.matmul(seen, filters, out=product)
        blocks = run.workers.scratch("blocks", (16, count, across, filters.shape[2]), xs.dtype)
        np.matmul(_TO_OUTPUT, product.reshape(36, -1), out=blocks.reshape(16, -1))
        linear.finish(blocks, blocks)
        if height % _SIDE == 0 and width % _SIDE == 0:

            def blocked(x: Array) -> Array:
                split = x[n, _SIDE * first : _SIDE * (first + count)].reshape(count, _SIDE, across, _SIDE, -1)
                return split.transpose(3, 1, 0, 2, 4)

            whole = rest if rest.addend is None else Epilogue(addend=blocked(rest.addend), function=rest.function)
            whole.finish(blocks.reshape(_SIDE, _SIDE, *blocks.shape[1:]), blocked(out))
            return
        for k, (right, below) in enumerate(itertools.product(range(_SIDE), repeat=2)):
            place = (n, slice(_SIDE * first + below, _SIDE * (first + count), _SIDE), slice(right, None, _SIDE))
            target = out[place]
            rest.at(*place, slice(None)).finish(blocks[k, : target.shape[0], : target.shape[1]], target)

    run.workers.parallel_for(task, len(tasks))


def _filters(weight: Array, run: Run) -> Array:
    """G g Gᵀ of each filter: (36, C, K), the width's index outermost."""
    turned = weight.T
    flat = turned.reshape(9, -1)
    out = run.workers.scratch("filters", (36, flat.shape[1]), weight.dtype)

    def task(i: int) -> None:
        part = slice(i * _FILTERS, (i + 1) * _FILTERS)
        np.matmul(_FILTER, flat[:, part], out=out[:, part])

    # For few filters, waking another thread takes longer than the work.
    count = -(-flat.shape[1] // _FILTERS)
    if count > 1:
        run.workers.parallel_for(task, count)
    else:
        task(0)
    return out.reshape(36, *turned.shape[2:])
