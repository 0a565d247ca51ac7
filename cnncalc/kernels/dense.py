"""Fully connected layers."""

from __future__ import annotations

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last
from cnncalc.kernels.convolve import convolve
from cnncalc.kernels.move import flatten
from cnncalc.kernels.run import Run
from cnncalc.window import Window


def fully_connected(x: Array, weight: Array, bias: Array | None, run: Run) -> Array:
    """Multiply every number of an example, flattened channels first, by `weight`, (units, n); threads divide the units."""
    epilogue = run.epilogue.after_affine(None, bias)
    rows = flatten(x)
    out = np.empty((rows.shape[0], weight.shape[0]), x.dtype)
    step = -(-weight.shape[0] // run.workers.task_threads) if weight.size > 1 << 16 else weight.shape[0]

    def task(i: int) -> None:
        units = slice(i * step, (i + 1) * step)
        y = out[:, units]
        run.workers.matmul(rows, weight[units].T, y)
        epilogue.at(..., units).finish(y, y)

    run.workers.parallel_for(task, -(-weight.shape[0] // step))
    return out


def linear(x: Array, weight: Array, bias: Array | None, run: Run) -> Array:
    """Multiply the channels at each position by `weight`, (units, channels): a convolution with a window of one cell."""
    rank = x.ndim - 2
    if not rank:
        return fully_connected(x, weight, bias, run)
    return convolve(x, weight.reshape(*weight.shape, *(1,) * rank), bias, (Window(1),) * rank, 1, run)


def matrix_product(a: Array, b: Array, transpose: str, factor: float) -> Array:
    """Return the product of the matrices (last spatial axis × channels) of two results, (batch, channels, *spatial)."""
    left, right = channels_last(a), channels_last(b)
    if transpose == "first":
        left = left.swapaxes(-1, -2)
    elif transpose == "second":
        right = right.swapaxes(-1, -2)
    product = np.matmul(left, right)
    if factor != 1:
        product *= product.dtype.type(factor)
    return channels_first(product)
