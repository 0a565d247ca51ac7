"""Layers that pad, crop or roll a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.advice import along, check_mode
from cnncalc.layers.base import Example, Layer, Pointwise
from cnncalc.layers.conv import PADDING_MODE
from cnncalc.layers.memory import INPUT_SAVED, NOTHING_SAVED, Grad, Reuse, Saved
from cnncalc.layers.option import SIGNED, Axes, Cells, Ends, Number, Pairs, option
from cnncalc.layers.view import View
from cnncalc.shape import Flow, LayerError, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run


def seen(x: Array) -> Shape:
    """Return the shape of one example of an array."""
    return Shape(*x.shape[2:], x.shape[1])


class Pad(Layer, kind="pad"):
    """Puts cells around a map: zeros, another number, or cells of the map itself; and channels of zeros.

    `reflect` mirrors the map without repeating its edge, `replicate` repeats the edge, `circular` continues at the other side.
    Source: He et al. 2015, Deep Residual Learning, option A, for channels.
    """

    accepts = "map"
    also = ("zeropadding", "zeropad", "padding", "constantpad", "reflectionpad", "replicationpad", "circularpad", "mirrorpad")
    cells: Pairs = option(Cells(), "cells on every side, or per axis as padding", main=True, also=("padding", "pads"))
    mode: str = option(PADDING_MODE, "which numbers the cells hold", default="zeros", rare=True)
    fill: float = option(
        Number(), "number in place of the zeros", default=0.0, name="value", also=("constant_values", "constant_value"), rare=True
    )
    channels: tuple[int, int] = option(Ends(), "channels added before and after", default=(0, 0), rare=True)
    example = Example({"pad": [[0, 1], [2, 3]], "channels": [1, 2]}, (Shape(3, 5, 2),), Shape(4, 10, 5))

    def check(self) -> None:
        if self.mode != "zeros" and self.fill:
            raise LayerError(f"value belongs to mode zeros; leave it out with mode {self.mode}", field="value", rule="value")
        if self.mode != "zeros" and self.channels != (0, 0):
            raise LayerError("channels belong to mode zeros; put them into a row of their own", field="channels", rule="value")

    def output_shape(self, x: Shape, fit: str) -> Shape:
        cells = along(x, "pad", self.cells)
        check_mode(x, cells, self.mode, "cells")
        return Shape(*(n + a + b for n, (a, b) in zip(x.spatial, cells, strict=True)), x.channels + sum(self.channels))

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return tuple(View(-before, -before, 1, axis) for axis, (before, _) in enumerate(along(x, "pad", self.cells)))

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        sides = [*along(x, "pad", self.cells), self.channels]
        parts = zip((*x.axes, "channels"), x, sides, strict=True)
        return [(axis, f"{n} + {a} + {b} = {n + a + b}") for axis, n, (a, b) in parts if axis != "channels" or a or b]

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return INPUT_SAVED if self.mode in ("reflect", "replicate") else NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.pad(x, along(seen(x), "pad", self.cells), self.mode, self.fill, self.channels)


class Crop(Layer, kind="crop"):
    """Cuts cells off around a map: U-Net's way to make a shortcut match."""

    accepts = "map"
    also = ("cropping", "centercrop")
    strided = True
    cells: Pairs = option(Cells(), "cells off every side, or per axis as padding", main=True, also=("cropping",))
    example = Example({"crop": [[0, 1], [2, 1]]}, (Shape(3, 5, 2),), Shape(2, 2, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        sizes = []
        for axis, n, (before, after) in zip(x.axes, x.spatial, along(x, "crop", self.cells), strict=True):
            if n - before - after < 1:
                spare = n - before
                half = f"{spare // 2}" if spare % 2 == 0 else f"[{spare // 2}, {spare // 2 + 1}] along {axis}"
                keep = f"; to keep {before}, write crop: {half}" if before == after and spare > 0 else ""
                raise LayerError(
                    f"crop takes {before} + {after} cells off {axis} {n} of {{}} and leaves none; at most {n - 1} in all{keep}",
                    x,
                    field="cells",
                )
            sizes.append(n - before - after)
        return Shape(*sizes, x.channels)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return tuple(View(before, before, 1, axis) for axis, (before, _) in enumerate(along(x, "crop", self.cells)))

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        parts = zip(x.axes, x.spatial, along(x, "crop", self.cells), strict=True)
        return [(axis, f"{n} − {a} − {b} = {n - a - b}") for axis, n, (a, b) in parts]

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.crop(x, along(seen(x), "crop", self.cells))


class Roll(Pointwise, kind="roll"):
    """Moves a map by a number of cells along each axis; cells that leave at one end enter at the other.

    Source: Liu et al. 2021, Swin Transformer, sec. 3.2.
    """

    accepts = "map"
    also = ("cyclicshift", "circularshift")
    cells: Axes = option(SIGNED, "cells towards the end; negative towards the start", main=True, also=("shifts", "shift"))
    example = Example({"roll": [-1, 2]}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        along(x, "roll", self.cells)
        return x

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return tuple(View(-cells, -cells, 1, axis) for axis, cells in enumerate(along(x, "roll", self.cells)))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.roll(x, along(seen(x), "roll", self.cells))
