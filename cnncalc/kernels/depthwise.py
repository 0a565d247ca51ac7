"""Convolution of each channel on its own: shifted rows of channels times a weight per channel, added up in the cache."""

from __future__ import annotations

import itertools
import math

import numpy as np

from cnncalc.kernels.arrays import Array, Index, packed
from cnncalc.kernels.run import After, Run
from cnncalc.kernels.steps import Meeting, meeting
from cnncalc.window import Window

#: Numbers of a tile's result: with its products and the input's rows it stays in the second-level cache.
_TILE = 1 << 17


def convolve_depthwise(
    xs: Array, weight: Array, windows: tuple[Window, ...], at: tuple[range, ...], after: After, out: Array, run: Run
) -> None:
    """`xs`, (batch, *spatial, C), under `weight`, (C·M, 1, *kernel), into `out`, (batch, *positions, C·M)."""
    xs = packed(xs)
    channels = xs.shape[-1]
    multiplier = weight.shape[0] // channels
    # (*kernel, C, M): the weights of one cell are a row, as the channels are.
    taps = np.ascontiguousarray(np.moveaxis(weight[:, 0], 0, -1)).reshape(*weight.shape[2:], channels, multiplier)
    cells = list(itertools.product(*(range(w.kernel_size) for w in windows)))
    row = out[0, 0].size
    step = max(1, min(_TILE // max(1, row), -(-len(at[0]) // run.team.size)))
    tasks = list(itertools.product(range(out.shape[0]), range(0, len(at[0]), step)))

    def task(i: int) -> None:
        n, start = tasks[i]
        here = (at[0][start : start + step], *at[1:])
        y = out[n, start : start + step]
        total = y.reshape(*y.shape[:-1], channels, multiplier)
        products = run.team.scratch("product", total.shape, total.dtype)
        begun = False
        for cell, met in _met(cells, windows, here, xs.shape[1:-1]):
            inside = tuple(slice(m.first, m.last) for m in met)
            whole = all(m.last - m.first == len(p) for m, p in zip(met, here, strict=True))
            if not begun and not whole:
                total[...] = 0
            part = total[inside] if not begun and whole else products[inside]
            place: Index = (n, *(m.cells for m in met))
            if multiplier == 1:
                np.multiply(xs[place], taps[cell][:, 0], out=part[..., 0])
            else:
                np.multiply(xs[place][..., None], taps[cell], out=part)
            if begun or not whole:
                total[inside] += part
            begun = True
        if not begun:
            total[...] = 0
        after.finish(y, y)

    run.team.share(task, len(tasks))


def _met(
    cells: list[tuple[int, ...]], windows: tuple[Window, ...], at: tuple[range, ...], sizes: tuple[int, ...]
) -> list[tuple[tuple[int, ...], list[Meeting]]]:
    """The window's cells that meet the input, with where; one that does so at every position comes first and fills the sum."""
    found = []
    for cell in cells:
        met = [meeting(p, k * w.dilation - w.before, n) for p, k, w, n in zip(at, cell, windows, sizes, strict=True)]
        if all(m.last > m.first for m in met):
            found.append((cell, met))
    return sorted(found, key=lambda one: -math.prod(m.last - m.first for m in one[1]))
