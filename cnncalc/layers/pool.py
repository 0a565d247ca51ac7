"""Pooling: a window that slides over each channel and keeps its largest number, its mean or its sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.advice import along
from cnncalc.layers.base import Example, Layer
from cnncalc.layers.memory import INPUT_SAVED, NOTHING_SAVED, Grad, Saved
from cnncalc.layers.option import ONE, UNPADDED, Axes, Cells, Every, Flag, Pairs, PerAxis, option
from cnncalc.layers.sliding import Sliding
from cnncalc.layers.view import View
from cnncalc.shape import Flow, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run

_WINDOW = "cells of the window along each axis, F"
_WINDOW_NAMES = ("pool_size", "window_shape", "window_size", "kernel", "kernel_shape", "size", "F")
_STRIDE = "cells from one window to the next, S; by default the kernel size"
_STRIDE_NAMES = ("strides", "step", "S")
_PADDING_NAMES = ("pad", "pads", "auto_pad", "P")


class Pool(Sliding):
    """A window over each channel separately."""

    ceils = True
    rises_with = ()
    keras_order = ("kernel_size", "stride", "padding")

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return Shape(*self.spatial(x, fit), x.channels)

    def _told(self, x: Array, run: Run) -> tuple[tuple[Window, ...], Run]:
        """Return the windows over an array, and a run that rounds strides down for SAME, whose padding is computed for that."""
        windows = self.windows(Shape(*x.shape[2:], x.shape[1]))
        return windows, run.floored() if self.padding == "same" else run


class MaxPool(Pool, kind="maxpool"):
    """Keeps the largest number of each window, channel by channel; it has no parameters."""

    also = ("maxpooling", "max_pool", "pool")
    torch_order = ("kernel_size", "stride", "padding", "dilation")
    kernel_size: Axes = option(PerAxis(), _WINDOW, main=True, also=_WINDOW_NAMES)
    stride: Axes | None = option(PerAxis(), _STRIDE, default=None, also=_STRIDE_NAMES)
    padding: Pairs | str = option(
        Cells("same", "valid", "causal"), "cells around the input that never win, P", default=UNPADDED, also=_PADDING_NAMES
    )
    dilation: Axes = option(PerAxis(), "cells from one place of the window to the next, D", default=ONE, also=("dilations", "D"))
    example = Example({"maxpool": "3x2", "stride": 2, "padding": "1x0"}, (Shape(5, 8, 3),), Shape(3, 4, 3))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The index of each largest number.
        return Saved(inputs=(0,), indices=y.size)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        windows, told = self._told(x, run)
        return kernels.pool.max_pool(x, windows, told)


class AvgPool(Pool, kind="avgpool"):
    """Keeps the mean of each window, channel by channel; it has no parameters."""

    also = ("averagepool", "averagepooling", "avgpooling", "meanpool")
    torch_order = ("kernel_size", "stride", "padding", "", "count_include_pad")
    kernel_size: Axes = MaxPool.kernel_size
    stride: Axes | None = MaxPool.stride
    padding: Pairs | str = option(
        Cells("same", "valid", "causal"), "zeros around the input, P", default=UNPADDED, also=_PADDING_NAMES
    )
    count_include_pad: bool = option(Flag(), "whether zeros of the padding count in the mean", default=True)
    example = Example({"avgpool": 2, "stride": "2x3", "count_include_pad": False}, (Shape(6, 5, 3),), Shape(3, 2, 3))

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        windows, told = self._told(x, run)
        return kernels.pool.avg_pool(x, windows, self.count_include_pad, told)


class SumPool(Pool, kind="sumpool"):
    """Keeps the sum of each window, channel by channel; it has no parameters."""

    also = ("sumpooling",)
    kernel_size: Axes = MaxPool.kernel_size
    stride: Axes | None = MaxPool.stride
    padding: Pairs | str = AvgPool.padding
    example = Example({"sumpool": "2x5"}, (Shape(6, 5, 3),), Shape(3, 1, 3))

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        windows, told = self._told(x, run)
        return kernels.pool.sum_pool(x, windows, told)


class _GlobalPool(Layer):
    """One number per channel, from the whole map."""

    accepts = "map"
    rises_with = ()

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return Shape(x.channels)

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        return [("channels", f"{'×'.join(map(str, x.spatial))} → 1 per channel")]


class GlobalAvgPool(_GlobalPool, kind="global_avgpool"):
    """The mean of each channel over the whole map: a vector of C numbers.

    Source: Lin et al. 2013, Network in Network, sec. 3.2.
    """

    also = ("globalaveragepool", "globalaveragepooling", "gap", "globalavgpooling")
    example = Example({"global_avgpool": None}, (Shape(5, 7, 3),), Shape(3))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.pool.global_mean(x)


class GlobalMaxPool(_GlobalPool, kind="global_maxpool"):
    """The largest number of each channel over the whole map (max-over-time in text): a vector of C numbers."""

    also = ("globalmaxpooling", "maxovertime", "gmp")
    example = Example({"global_maxpool": None}, (Shape(11, 3),), Shape(3))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The index of each largest number.
        return Saved(inputs=(0,), indices=y.size)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.pool.global_max(x)


class GlobalSumPool(_GlobalPool, kind="global_sumpool"):
    """The sum of each channel over the whole map: a vector of C numbers."""

    also = ("globalsumpooling",)
    example = Example({"global_sumpool": None}, (Shape(5, 7, 2, 3),), Shape(3))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.pool.global_sum(x)


class _AdaptivePool(Layer):
    """Windows chosen so that the output has the given sizes: window i of n covers cells ⌊i·N/n⌋ up to ⌈(i + 1)·N/n⌉."""

    accepts = "map"
    rises_with = ()
    output_size: Axes

    packs = False

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        # The map after its first axis is pooled, in parts and put together.
        return 2 * (xs[0].size // xs[0][0] * y[0])

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return Shape(*along(x, "output_size", self.output_size), x.channels)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return tuple(map(_adaptive_view, range(x.rank), x.spatial, along(x, "output_size", self.output_size)))

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        return list(zip(x.axes, map(_adaptive_formula, x.spatial, along(x, "output_size", self.output_size)), strict=True))

    def _sizes(self, x: Array) -> Axes:
        return along(Shape(*x.shape[2:], x.shape[1]), "output_size", self.output_size)

    def summary(self, x: Flow | None, layout: str = "channels_last") -> str:
        rank = x.rank if isinstance(x, Shape) else 2
        sizes = tuple(self.output_size) * rank if isinstance(self.output_size, Every) else self.output_size
        return "to " + "×".join(map(str, sizes))


def _adaptive_cells(i: int, size: int, count: int) -> tuple[int, int]:
    """Return the first and the last cell that window `i` of `count` covers."""
    return i * size // count, -(-(i + 1) * size // count) - 1


def _adaptive_formula(size: int, count: int) -> str:
    """Return how `count` windows cover an axis: the formula if they are all equal, else their cells.

    >>> _adaptive_formula(8, 2), _adaptive_formula(7, 3)
    ('window and stride 8/2 = 4: (8 − 4 + 2·0)/4 + 1 = 2', 'window i over ⌊i·7/3⌋ … ⌈(i + 1)·7/3⌉ − 1: 0…2, 2…4, 4…6')
    """
    if size % count == 0:
        each = size // count
        return f"window and stride {size}/{count} = {each}: {Window(each, each).formula(size)}"
    # Two windows show the overlap; a line has no room for many.
    shown = [_adaptive_cells(i, size, count) for i in range(count if count <= 3 else 2)]
    cells = [str(first) if first == last else f"{first}…{last}" for first, last in shown]
    more = ["…"] if len(shown) < count else []
    return f"window i over ⌊i·{size}/{count}⌋ … ⌈(i + 1)·{size}/{count}⌉ − 1: {', '.join(cells + more)}"


def _adaptive_view(axis: int, size: int, count: int) -> View:
    """Return the largest of the windows over one axis; they have two sizes if `count` does not divide `size`."""
    if count == 1:
        return View.whole(size)
    if size % count == 0:
        return View(0, size // count - 1, size // count, axis)
    from fractions import Fraction

    largest = max(last - first + 1 for first, last in (_adaptive_cells(i, size, count) for i in range(count)))
    centre, half = Fraction(size - count, 2 * count), Fraction(largest - 1, 2)
    return View(centre - half, centre + half, Fraction(size, count), axis)


class AdaptiveAvgPool(_AdaptivePool, kind="adaptive_avgpool"):
    """The mean of windows chosen so that the output has the given sizes, as PyTorch divides them."""

    also = ("adaptiveaveragepool", "adaptiveavgpooling", "adaptiveaveragepooling")
    output_size: Axes = option(PerAxis(), "cells that come out along each axis", main=True)
    example = Example({"adaptive_avgpool": "3x2"}, (Shape(7, 5, 4),), Shape(3, 2, 4))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # PyTorch computes an output of one cell as a mean, whose gradient needs no input.
        return INPUT_SAVED if y.size > y.channels else NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.pool.adaptive_mean(x, self._sizes(x))


class AdaptiveMaxPool(_AdaptivePool, kind="adaptive_maxpool"):
    """The largest number of windows chosen so that the output has the given sizes, as PyTorch divides them."""

    also = ("adaptivemaxpooling",)
    output_size: Axes = option(PerAxis(), "cells that come out along each axis", main=True)
    example = Example({"adaptive_maxpool": 3}, (Shape(7, 2),), Shape(3, 2))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The index of each largest number.
        return Saved(inputs=(0,), indices=y.size)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.pool.adaptive_max(x, self._sizes(x))
