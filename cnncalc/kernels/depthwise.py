"""Convolution of each channel on its own: rows of channels times a weight per channel, added up where they stand."""

from __future__ import annotations

import itertools
import math

import numpy as np

from cnncalc.kernels.arrays import Array, packed
from cnncalc.kernels.run import After, Run
from cnncalc.kernels.steps import windows_of
from cnncalc.window import Window

#: Numbers of a tile's result: with the input's rows it stays in the second-level cache.
_TILE = 1 << 17
#: Products below which one thread does it all: waking another would take longer.
_ALONE = 1 << 21
#: Numbers that a row should have at least for a loop over it to be worth starting.
_ROW = 256


def convolve_depthwise(
    xs: Array, weight: Array, windows: tuple[Window, ...], at: tuple[range, ...], after: After, out: Array, run: Run
) -> None:
    """`xs`, (batch, *spatial, C), under `weight`, (C·M, 1, *kernel), into `out`, (batch, *positions, C·M)."""
    xs = packed(xs)
    channels = xs.shape[-1]
    multiplier = weight.shape[0] // channels
    rank = len(windows)
    # The window's cells from the last axis to the first, then channels: the weights of one cell are a row, as the channels are.
    taps = np.ascontiguousarray(weight.T.reshape(-1, channels, multiplier))
    few = out[0].size * taps.shape[0] < _ALONE
    rows = len(at[0]) if few else -(-len(at[0]) // run.team.parts(len(at[0]), max(1, _TILE // max(1, out[0, 0].size))))
    tasks = list(itertools.product(range(out.shape[0]), range(0, len(at[0]), rows)))
    together = _together(len(at[-1]), channels) if windows[-1].stride == 1 and multiplier == 1 and rank > 1 else 1
    wide = np.tile(taps[..., 0], together) if multiplier == 1 else taps

    def task(i: int) -> None:
        n, start = tasks[i]
        here = (at[0][start : start + rows], *at[1:])
        y = out[n, start : start + rows]
        # (*positions, *kernel, C); neighbours along the last axis lie side by side, and are taken together as one row.
        seen = windows_of(xs[n], here, windows, run)
        positions = (*seen.shape[: rank - 1], len(at[-1]) // together)
        steps = (*seen.strides[: rank - 1], seen.strides[rank - 1] * together)
        cells = np.lib.stride_tricks.as_strided(
            seen, (*positions, *seen.shape[rank:-1], channels * together), (*steps, *seen.strides[rank:]), writeable=False
        )
        places, inside = "xyz"[:rank], "abc"[:rank]
        kernel = seen.shape[rank:-1]
        if multiplier == 1:
            target = y.reshape(*positions, channels * together)
            np.einsum(f"{places}{inside}k,{inside}k->{places}k", cells, wide.reshape(*kernel, -1), out=target)
        else:
            target = y.reshape(*positions, channels, multiplier)
            np.einsum(f"{places}{inside}k,{inside}km->{places}km", cells, wide.reshape(*kernel, channels, multiplier), out=target)
        after.finish(y, y)

    run.team.share(task, len(tasks))


def _together(positions: int, channels: int) -> int:
    """How many neighbouring positions are taken as one row: a divisor of their number that makes the row long enough."""
    wanted = math.ceil(_ROW / channels)
    return next((m for m in range(wanted, 0, -1) if positions % m == 0), 1)
