"""Winograd's minimal filtering: 3×3 windows with a stride of 1 at a quarter of the multiplications."""

from __future__ import annotations

from cnncalc.kernels.arrays import Array
from cnncalc.kernels.run import After, Run
from cnncalc.window import Window


def pays(weight: Array, windows: tuple[Window, ...], out: Array) -> bool:
    return False


def convolve(xs: Array, weight: Array, windows: tuple[Window, ...], after: After, out: Array, run: Run) -> None:
    raise NotImplementedError
