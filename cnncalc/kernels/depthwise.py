"""Depthwise convolution: rows of channels times a weight per channel, added up without lowering."""

from __future__ import annotations

import itertools
import math

import numpy as np

from cnncalc.kernels.arrays import Array, packed
from cnncalc.kernels.run import Epilogue, Run
from cnncalc.kernels.steps import windows_of
from cnncalc.window import Window

#: Numbers of a tile's result: with the input's rows it stays in the second-level cache.
TILE = 1 << 17
#: Products below which one thread does all the work: waking another thread would take longer.
ALONE = 1 << 21
#: The smallest length of a row, in numbers, for which a NumPy loop is efficient.
_ROW = 768


def convolve_depthwise(
    xs: Array, weight: Array, windows: tuple[Window, ...], at: tuple[range, ...], epilogue: Epilogue, out: Array, run: Run
) -> None:
    """`xs`, (batch, *spatial, C), under `weight`, (C·M, 1, *kernel), into `out`, (batch, *positions, C·M)."""
    xs = packed(xs)
    channels = xs.shape[-1]
    multiplier = weight.shape[0] // channels
    rank = len(windows)
    # Cells of the window from the last axis to the first, then channels: the weights of one cell are a row, like the channels.
    taps = np.ascontiguousarray(weight.T.reshape(-1, channels, multiplier))
    few = out[0].size * taps.shape[0] < ALONE
    rows = len(at[0]) if few else -(-len(at[0]) // run.workers.balanced_parts(len(at[0]), max(1, TILE // max(1, out[0, 0].size))))
    tasks = list(itertools.product(range(out.shape[0]), range(0, len(at[0]), rows)))
    together = _together(len(at[-1]), channels) if windows[-1].stride == 1 and multiplier == 1 and rank > 1 else 1
    kernel = tuple(w.kernel_size for w in reversed(windows))
    places, inside = "xyz"[:rank], "abc"[:rank]
    if multiplier == 1:
        factors, sums = np.tile(taps[..., 0], together).reshape(*kernel, -1), f"{places}{inside}k,{inside}k->{places}k"
        ending = (len(at[-1]) // together, channels * together) if rank > 1 else (channels,)
    else:
        factors, sums = taps.reshape(*kernel, channels, multiplier), f"{places}{inside}k,{inside}km->{places}km"
        ending = (*(len(at[-1]),)[: rank - 1], channels, multiplier)

    def task(i: int) -> None:
        n, start = tasks[i]
        y = out[n, start : start + rows]
        seen = windows_of(xs[n], (at[0][start : start + rows], *at[1:]), windows, run, together)
        np.einsum(sums, seen, factors, out=y.reshape(*y.shape[: max(1, rank - 1)], *ending))
        epilogue.at(n, slice(start, start + rows), ..., slice(None)).finish(y, y)

    run.workers.parallel_for(task, len(tasks))


def _together(positions: int, channels: int) -> int:
    """Return how many neighbouring positions form one row: a divisor of their number that makes the row long enough."""
    wanted = math.ceil(_ROW / channels)
    return next((m for m in range(wanted, 0, -1) if positions % m == 0), 1)
