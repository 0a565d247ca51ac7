"""Layers that change the resolution of a map without weights: interpolation, and cells traded for channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.advice import along, image_hint
from cnncalc.layers.base import Example, Layer
from cnncalc.layers.memory import NOTHING_SAVED, Grad, Saved
from cnncalc.layers.option import Axes, Choice, Count, Flag, PerAxis, option
from cnncalc.layers.spatial import seen
from cnncalc.layers.view import View
from cnncalc.shape import Flow, LayerError, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run


_ORDER = "where each cell's channels go"


#: The advice for other tools' names of modes.
_LINEAR = "bilinear, which is linear along every axis"
_NEAREST = "nearest, which gives the same size"


class Upsample(Layer, kind="upsample"):
    """Makes a map larger by a whole factor, or resizes it to `size`: the nearest cell, or values in between.

    As PyTorch's `interpolate`: corners are not aligned by default. Mode bilinear is linear along every axis, of sequences and
    volumes too. Bicubic has a = −0.75.
    Source: Keys 1981, Cubic Convolution Interpolation, for bicubic.
    """

    accepts = "map"
    rises_with = ()
    also = ("upsampling", "resize", "interpolate", "resizing")
    torch_order = ("size", "factor", "mode")
    keras_order = ("factor",)
    factor: Axes | None = option(
        PerAxis(), "cells out for each cell in, along each axis", default=None, main=True, also=("scale_factor", "scale")
    )
    size: Axes | None = option(
        PerAxis(), "cells that come out along each axis, in place of a factor", default=None, also=("output_size",), rare=True
    )
    mode: str = option(
        Choice(
            "nearest",
            "bilinear",
            "bicubic",
            also={"linear": _LINEAR, "trilinear": _LINEAR, "cubic": "bicubic", "nearest-exact": "nearest", "area": _NEAREST},
        ),
        "how the values in between come about",
        default="nearest",
        also=("interpolation",),
    )
    align_corners: bool = option(Flag(), "whether the outermost cells keep their places", default=False, rare=True)
    example = Example({"upsample": "2x3"}, (Shape(3, 5, 2),), Shape(6, 15, 2))

    def check(self) -> None:
        if self.factor is None and self.size is None:
            raise LayerError(
                "upsample needs a factor or size, as in {upsample: 2} or {upsample: null, size: 64}", field="size", rule="missing"
            )
        if self.factor is not None and self.size is not None:
            factor, size = ("x".join(map(str, numbers)) for numbers in (self.factor, self.size))
            raise LayerError(
                f"upsample takes a factor or size, not both; write {{upsample: {factor}}} for a factor, "
                f"or {{upsample: null, size: {size}}} for a size",
                field="size",
                rule="value",
            )
        if self.align_corners and self.mode == "nearest":
            raise LayerError("align_corners belongs to mode bilinear or bicubic", field="align_corners", rule="value")

    def _sizes(self, x: Shape) -> tuple[int, ...]:
        if self.size is not None:
            return along(x, "size", self.size)
        assert self.factor is not None
        return tuple(n * f for n, f in zip(x.spatial, along(x, "factor", self.factor), strict=True))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        if self.mode == "bicubic" and x.rank != 2:
            hint = image_hint(x) or "; write mode: nearest or bilinear, which gives the same size"
            raise LayerError(f"{self.mode} is for two spatial axes, and {{}} has {x.rank}{hint}", x, field="mode")
        return Shape(*self._sizes(x), x.channels)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        from fractions import Fraction

        # Values in between are made of several cells.
        cells = {"nearest": 1, "bilinear": 2, "bicubic": 4}[self.mode]
        found = []
        for axis, (n, out) in enumerate(zip(x.spatial, self._sizes(x), strict=True)):
            used = cells if out != n else 1
            if self.align_corners and out > 1:
                found.append(View.between(0, Fraction(n - 1, out - 1), axis, used))
            else:
                found.append(View.between(Fraction(n, 2 * out) - Fraction(1, 2), Fraction(n, out), axis, used))
        return tuple(found)

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        if self.factor is None:
            return []
        parts = zip(x.axes, x.spatial, along(x, "factor", self.factor), strict=True)
        return [(axis, f"{n}·{f} = {n * f}") for axis, n, f in parts]

    def summary(self, x: Flow | None, layout: str = "channels_last") -> str:
        text = super().summary(x, layout)
        return text.replace("size ", "to ", 1) if self.size is not None else text

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        if self.size is None and self.mode == "nearest":
            return 0
        # The map before the last axis is resized, and the parts that are added up.
        before = y.size // y.spatial[-1] * xs[0].spatial[-1]
        return before + (0 if self.mode == "nearest" else y.size)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        if self.factor is not None and self.mode == "nearest":
            return kernels.resize.repeated(x, along(seen(x), "factor", self.factor), run)
        return kernels.resize.resize(x, self._sizes(seen(x)), self.mode, self.align_corners)


class PixelShuffle(Layer, kind="pixel_shuffle"):
    """Trades channels for cells: C·r² channels become r×r cells of C channels.

    In the `order` of PyTorch a channel's r² cells stand together; in TensorFlow's and ONNX's default, a cell's channels do.
    Source: Shi et al. 2016, sub-pixel convolution.
    """

    accepts = "map"
    also = ("pixelshuffle", "depthtospace", "subpixel")
    factor: int = option(
        Count(), "r, cells out for each cell in, along each axis", main=True, also=("upscale_factor", "block_size")
    )
    order: str = option(Choice("pytorch", "tensorflow"), _ORDER, default="pytorch", rare=True)
    example = Example({"pixel_shuffle": 2}, (Shape(3, 5, 12),), Shape(6, 10, 3))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        if x.rank != 2:
            raise LayerError(f"pixel_shuffle is for two spatial axes, and {{}} has {x.rank}{image_hint(x)}", x)
        square = self.factor**2
        if x.channels % square:
            near = [c for c in (x.channels // square * square, -(-x.channels // square) * square) if c]
            raise LayerError(
                f"{x.channels} channels of {{}} are no multiple of {self.factor}² = {square}; try {' or '.join(map(str, near))}",
                x,
                field="factor",
            )
        return Shape(*(n * self.factor for n in x.spatial), x.channels // square)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return tuple(View.grown(self.factor, self.factor, 0, axis) for axis in range(x.rank))

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        sizes = [(axis, f"{n}·{self.factor} = {n * self.factor}") for axis, n in zip(x.axes, x.spatial, strict=True)]
        return [*sizes, ("channels", f"{x.channels}/{self.factor}² = {x.channels // self.factor**2}")]

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    packs = False

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.resize.pixel_shuffle(x, self.factor, self.order)


class SpaceToDepth(Layer, kind="space_to_depth"):
    """Trades cells for channels: r×r cells of C channels become one of C·r² channels; the inverse of `pixel_shuffle`.

    In the `order` of PyTorch's `PixelUnshuffle` a channel's r² cells stand together; in TensorFlow's and ONNX's, a cell's
    channels do; Darknet's `reorg` has an order of its own. Source: Redmon & Farhadi 2016, YOLO9000, sec. 2 (passthrough layer).
    """

    accepts = "map"
    also = ("spacetodepth", "pixelunshuffle", "reorg", "focus", "pixelunshuffling", "depthtospaceinverse")
    factor: int = option(
        Count(),
        "r, cells that become one, along each axis",
        main=True,
        also=("downscale_factor", "block_size", "blocksize", "stride"),
    )
    order: str = option(Choice("pytorch", "tensorflow", "darknet"), _ORDER, default="pytorch", rare=True)
    example = Example({"space_to_depth": 2}, (Shape(6, 10, 3),), Shape(3, 5, 12))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        if x.rank != 2:
            raise LayerError(f"space_to_depth is for two spatial axes, and {{}} has {x.rank}{image_hint(x)}", x)
        for axis, n in zip(x.axes, x.spatial, strict=True):
            if n % self.factor:
                near = [m for m in (n // self.factor * self.factor, -(-n // self.factor) * self.factor) if m]
                raise LayerError(
                    f"{axis} {n} of {{}} is no multiple of {self.factor}, as {' or '.join(map(str, near))} would be",
                    x,
                    field="factor",
                )
        square = self.factor**2
        if self.order == "darknet" and x.channels % square:
            raise LayerError(
                f"order darknet needs a multiple of {self.factor}² = {square} channels, and {{}} has {x.channels}",
                x,
                field="order",
            )
        return Shape(*(n // self.factor for n in x.spatial), x.channels * square)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return tuple(View(0, self.factor - 1, self.factor, axis) for axis in range(x.rank))

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        sizes = [(axis, f"{n}/{self.factor} = {n // self.factor}") for axis, n in zip(x.axes, x.spatial, strict=True)]
        return [*sizes, ("channels", f"{x.channels}·{self.factor}² = {x.channels * self.factor**2}")]

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    packs = False

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        return 2 * y.size if self.order == "darknet" else 0

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.resize.space_to_depth(x, self.factor, self.order)
