"""Fully connected layers."""

from __future__ import annotations

import numpy as np

from cnncalc.kernels.arrays import Array
from cnncalc.kernels.move import flatten
from cnncalc.kernels.run import Run


def fully_connected(x: Array, weight: Array, bias: Array | None, run: Run) -> Array:
    """Every number of an example, stretched channels first, times `weight`, (units, n); threads share the units."""
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
