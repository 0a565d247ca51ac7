"""Layers that move numbers about: resizing, padding, cutting and reordering, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers.base import Example, Layer, Pointwise, along, image_hint, near_divisors
from cnncalc.layers.memory import NOTHING_SAVED, Grad, Reuse, Saved
from cnncalc.layers.option import Axes, AxisNames, Cells, ChannelRange, Choice, Count, Pairs, PerAxis, ShapeText, option
from cnncalc.layers.view import SAME, View
from cnncalc.shape import Flow, LayerError, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run


def _seen(x: Array) -> Shape:
    """The shape of one example of an array."""
    return Shape(*x.shape[2:], x.shape[1])


class Upsample(Layer, kind="upsample"):
    """Makes a map larger by a whole factor: each cell repeated, or values in between (bilinear, corners not aligned)."""

    accepts = "map"
    also = ("upsampling", "resize", "interpolate", "unpool")
    factor: Axes = option(
        PerAxis(), "cells out for each cell in, along each axis", main=True, also=("scale_factor", "size", "scale")
    )
    mode: str = option(
        Choice("nearest", "bilinear"), "how the values in between come about", default="nearest", also=("interpolation",)
    )
    example = Example({"upsample": "2x3"}, (Shape(3, 5, 2),), Shape(6, 15, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        if self.mode == "bilinear" and x.rank != 2:
            raise LayerError(f"bilinear is for two spatial axes, and {{}} has {x.rank}{image_hint(x)}", x, field="mode")
        return Shape(*(n * f for n, f in zip(x.spatial, along(x, "factor", self.factor), strict=True)), x.channels)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        # Between two cells a value is made of both.
        used = 2 if self.mode == "bilinear" else 1
        factors = along(x, "factor", self.factor)
        return tuple(View.grown(f, f, 0, axis, used=used if f > 1 else 1) for axis, f in enumerate(factors))

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        parts = zip(x.axes, x.spatial, along(x, "factor", self.factor), strict=True)
        return [(axis, f"{n}·{f} = {n * f}") for axis, n, f in parts]

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import move

        grow = move.bilinear if self.mode == "bilinear" else move.nearest
        return grow(x, along(_seen(x), "factor", self.factor), run)


class Pad(Layer, kind="pad"):
    """Puts zeros around a map."""

    accepts = "map"
    also = ("zeropadding", "zeropad", "padding", "constantpad")
    cells: Pairs = option(Cells(), "zeros on every side, or per axis as padding", main=True, also=("padding", "pads"))
    example = Example({"pad": [[0, 1], [2, 3]]}, (Shape(3, 5, 2),), Shape(4, 10, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return Shape(*(n + a + b for n, (a, b) in zip(x.spatial, along(x, "pad", self.cells), strict=True)), x.channels)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return tuple(View(-before, -before, 1, axis) for axis, (before, _) in enumerate(along(x, "pad", self.cells)))

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        parts = zip(x.axes, x.spatial, along(x, "pad", self.cells), strict=True)
        return [(axis, f"{n} + {a} + {b} = {n + a + b}") for axis, n, (a, b) in parts]

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import move

        return move.pad(x, along(_seen(x), "pad", self.cells))


class Crop(Layer, kind="crop"):
    """Cuts cells off around a map: U-Net's way to make a shortcut match."""

    accepts = "map"
    also = ("cropping", "centercrop")
    cells: Pairs = option(Cells(), "cells off every side, or per axis as padding", main=True, also=("cropping",))
    example = Example({"crop": [[0, 1], [2, 1]]}, (Shape(3, 5, 2),), Shape(2, 2, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        sizes = []
        for axis, n, (before, after) in zip(x.axes, x.spatial, along(x, "crop", self.cells), strict=True):
            if n - before - after < 1:
                raise LayerError(
                    f"crop takes {before} + {after} cells off {axis} {n} of {{}} and leaves none; at most {n - 1} in all",
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
        from cnncalc.kernels import move

        return move.crop(x, along(_seen(x), "crop", self.cells))


class Slice(Layer, kind="slice"):
    """Keeps a range of the channels."""

    also = ("narrow", "split", "slicechannel")
    channels: tuple[int, int | None] = option(ChannelRange(), '"a:b", ends within 0 … C', main=True)
    example = Example({"slice": "1:4"}, (Shape(3, 2, 5),), Shape(3, 2, 3))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        start, end = self._ends(x)
        if end > x.channels or start >= end:
            raise LayerError(
                f"slice {start}:{end} goes beyond the {x.channels} channels of {{}}; ends are within 0 and {x.channels}",
                x,
                field="channels",
            )
        return Shape(*x.spatial, end - start)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return SAME

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        start, end = self._ends(x)
        return [("channels", f"{end} − {start} = {end - start}")]

    def _ends(self, x: Shape) -> tuple[int, int]:
        start, end = self.channels
        return start, x.channels if end is None else end

    def summary(self, x: object) -> str:
        start, end = self.channels
        return f"{start}:{'' if end is None else end}"

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        start, end = self.channels
        return x[:, start:end]


class Reshape(Layer, kind="reshape"):
    """Puts the same numbers into another shape, in (channels, *spatial) order."""

    also = ("view", "unflatten")
    shape: Shape = option(ShapeText(), "the shape that comes out, with as many numbers", main=True)
    example = Example({"reshape": "2x3x5"}, (Shape(30),), Shape(2, 3, 5))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        if self.shape.size != x.size:
            raise LayerError(
                f"{{}} holds {x.size:,} numbers and {{}} would hold {self.shape.size:,}", x, self.shape, field="shape"
            )
        return self.shape

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import move

        return move.reshape(x, self.shape.channels, *self.shape.spatial)


class Permute(Layer, kind="permute"):
    """Puts the axes into another order, channels included."""

    also = ("transpose", "swapaxes", "movedim")
    accepts = "map"
    axes: tuple[str, ...] = option(AxisNames(), "the input's axes in the order wanted", main=True, also=("dims", "order"))
    example = Example({"permute": ["width", "channels", "height"]}, (Shape(3, 5, 2),), Shape(5, 2, 3))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        names = (*x.axes, "channels")
        if sorted(names) != sorted(self.axes):
            raise LayerError(
                f"permute names {', '.join(self.axes)}, and {{}} has the axes {', '.join(names)}; name each once{image_hint(x)}",
                x,
                field="axes",
            )
        return Shape(*(x[names.index(name)] for name in self.axes))

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        places = [self.axes.index(name) for name in x.axes]
        # What becomes channels is seen whole by every cell.
        return tuple(View(0, 0, 1, to) if to < x.rank else View.whole(n) for to, n in zip(places, x.spatial, strict=True))

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import move

        names = (*_seen(x).axes, "channels")
        *spatial, channels = (names.index(name) for name in self.axes)
        # In an array the channels stand first.
        return move.permute(x, tuple((axis + 1) % len(names) for axis in (channels, *spatial)))


class PixelShuffle(Layer, kind="pixel_shuffle"):
    """Trades channels for cells: C·r² channels become r×r cells of C channels.

    Source: Shi et al. 2016, sub-pixel convolution.
    """

    accepts = "map"
    also = ("pixelshuffle", "depthtospace", "subpixel")
    factor: int = option(
        Count(), "r, cells out for each cell in, along each axis", main=True, also=("upscale_factor", "block_size")
    )
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

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import move

        return move.pixel_shuffle(x, self.factor)


class ChannelShuffle(Pointwise, kind="channel_shuffle"):
    """Takes the channels in turn from each group, so that the next grouped convolution sees all of them.

    Source: Zhang et al. 2017, ShuffleNet.
    """

    also = ("channelshuffle", "shuffle")
    groups: int = option(Count(), "groups that the channels are taken from in turn", main=True)
    example = Example({"channel_shuffle": 2}, (Shape(3, 5, 6),), Shape(3, 5, 6))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        if x.channels % self.groups:
            near = near_divisors(x.channels, self.groups)
            raise LayerError(
                f"{self.groups} groups do not divide the {x.channels} channels of {{}}; try {near}", x, field="groups"
            )
        return x

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import move

        return move.channel_shuffle(x, self.groups)
