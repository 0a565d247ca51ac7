"""Layers that keep, drop, reorder or reduce axes, without weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.advice import axis_of, divided, image_hint
from cnncalc.layers.base import Example, Layer, Pointwise
from cnncalc.layers.memory import NOTHING_SAVED, Grad, Reuse, Saved
from cnncalc.layers.option import AxisName, AxisNames, AxisSet, ChannelRange, Choice, Count, Flag, OpenShapeText, option
from cnncalc.layers.spatial import seen
from cnncalc.layers.view import SAME, View
from cnncalc.shape import Flow, LayerError, OpenShape, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run


class Slice(Layer, kind="slice"):
    """Keeps a range of the channels, or of another `axis`; with `step: 2` every second place of it."""

    also = ("narrow", "split", "slicechannel", "chunk")
    strided = True
    channels: tuple[int, int | None] = option(ChannelRange(), '"a:b", ends within 0 and the axis\'s size', main=True)
    axis: str = option(AxisName(), "axis that the range is of", default="channels", also=("dim",), rare=True)
    step: int = option(Count(), "distance between the places that are kept", default=1, also=("stride", "strides"), rare=True)
    example = Example({"slice": "1:4"}, (Shape(3, 2, 5),), Shape(3, 2, 3))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        place = axis_of(x, self.axis)
        start, end = self._ends(x[place])
        if end > x[place] or start >= end:
            what = f"{x[place]} channels of {{}}" if self.axis == "channels" else f"{self.axis} {x[place]} of {{}}"
            raise LayerError(f"slice {start}:{end} goes beyond the {what}; ends are within 0 and {x[place]}", x, field="channels")
        return Shape(*x[:place], len(range(start, end, self.step)), *x[place + 1 :])

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        if self.axis == "channels":
            return SAME
        start = self.channels[0]
        return tuple(View(start, start, self.step, i) if name == self.axis else View(0, 0, 1, i) for i, name in enumerate(x.axes))

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        start, end = self._ends(x[axis_of(x, self.axis)])
        if self.step > 1:
            return [(self.axis, f"⌈({end} − {start})/{self.step}⌉ = {len(range(start, end, self.step))}")]
        return [(self.axis, f"{end} − {start} = {end - start}")]

    def _ends(self, size: int) -> tuple[int, int]:
        start, end = self.channels
        return start, size if end is None else end

    def summary(self, x: Flow | None, layout: str = "channels_last") -> str:
        start, end = self.channels
        kept = f"{start}:{'' if end is None else end}" + ("" if self.axis == "channels" else f" of {self.axis}")
        return kept if self.step == 1 else f"{kept}, step {self.step}"

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.cut(x, axis_of(seen(x), self.axis), *self.channels, self.step)


class Reshape(Layer, kind="reshape"):
    """Puts the same numbers into another shape, in (channels, *spatial) order; a size `_` is computed from the others."""

    also = ("view", "unflatten")
    shape: Shape = option(OpenShapeText(), "the shape that comes out, with as many numbers", main=True, also=("target_shape",))
    example = Example({"reshape": "_x3x5"}, (Shape(30),), Shape(2, 3, 5))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        known = math.prod(n for n in self.shape if n)
        if 0 in self.shape:
            if x.size % known:
                raise LayerError(
                    f"{{}} holds {x.size:,} numbers, no multiple of {known:,} as {{}} needs", x, self.shape, field="shape"
                )
            return Shape(*(n or x.size // known for n in self.shape))
        if known != x.size:
            raise LayerError(
                f"{{}} holds {x.size:,} numbers and {{}} would hold {known:,}{self._nearest(x)}", x, self.shape, field="shape"
            )
        return Shape(*self.shape)

    def _nearest(self, x: Shape) -> str:
        """Return the hint for a shape that holds another number of numbers than `x`."""
        if not self.shape.rank:
            return f"; write flatten for a vector of {x.size:,}"
        # The language computes one size from the others.
        for open_axis in range(len(self.shape)):
            if x.size % math.prod(n for axis, n in enumerate(self.shape) if axis != open_axis) == 0:
                sizes = (0 if axis == open_axis else n for axis, n in enumerate(self.shape))
                return f"; write {OpenShape(*sizes)} for the size that is left"
        return ""

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.reshape(x, *(n or -1 for n in (self.shape.channels, *self.shape.spatial)))


class Squeeze(Layer, kind="squeeze"):
    """Leaves out axes of size 1: 1×26×512 without height is 26×512, a sequence.

    If the channels are left out, the last spatial axis becomes the channels.
    """

    accepts = "map"
    also = ("squeezedim",)
    axes: tuple[str, ...] = option(AxisSet(), "axes of size 1", main=True, also=("dim", "axis"))
    example = Example({"squeeze": "height"}, (Shape(1, 5, 2),), Shape(5, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        places = [axis_of(x, name, "axes") for name in self.axes]
        for name, place in zip(self.axes, places, strict=True):
            if x[place] != 1:
                raise LayerError(f"squeeze leaves out axes of size 1, and {name} of {{}} is {x[place]}", x, field="axes")
        return without(x, places)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return views_without(x, [axis_of(x, name, "axes") for name in self.axes])

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.squeeze(x, tuple(axis_of(seen(x), name) for name in self.axes))


class Permute(Layer, kind="permute"):
    """Puts the axes into another order, channels included."""

    also = ("transpose", "swapaxes", "movedim")
    strided = True
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
        # Every cell sees the whole of the axis that becomes the channels.
        return tuple(View(0, 0, 1, to) if to < x.rank else View.whole(n) for to, n in zip(places, x.spatial, strict=True))

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        names = (*seen(x).axes, "channels")
        *spatial, channels = (names.index(name) for name in self.axes)
        # In an array the channels come first.
        return kernels.move.permute(x, tuple((axis + 1) % len(names) for axis in (channels, *spatial)))


class Reduce(Layer, kind="reduce"):
    """The mean, largest number, sum or Euclidean norm along axes, which go or, with `keep`, have size 1.

    If the channels go, the last spatial axis becomes the channels; if every axis goes, one number is left.
    """

    also = ("reducemean", "reducemax", "reducesum", "reducel2", "globalreduce")
    operation: str = option(
        Choice(
            "mean", "max", "sum", "norm", also={"avg": "mean", "average": "mean", "l2": "norm", "amax": "max", "maximum": "max"}
        ),
        "what becomes of the numbers",
        main=True,
    )
    axes: tuple[str, ...] = option(AxisSet(), "axes along which the numbers are reduced", also=("dim", "axis"))
    keep: bool = option(Flag(), "whether the axes stay, with size 1", default=False, also=("keepdim", "keepdims"))
    example = Example({"reduce": "mean", "axes": ["height", "channels"], "keep": True}, (Shape(3, 5, 2),), Shape(1, 5, 1))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        places = [axis_of(x, name, "axes") for name in self.axes]
        if self.keep:
            return Shape(*(1 if i in places else n for i, n in enumerate(x)))
        return without(x, places)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        places = [axis_of(x, name, "axes") for name in self.axes]
        if self.keep:
            return tuple(View.whole(n) if i in places else View(0, 0, 1, i) for i, n in enumerate(x.spatial))
        return views_without(x, places)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # Gradients of a mean and a sum need no numbers; those of the others compare the input with the result.
        return NOTHING_SAVED if self.operation in ("mean", "sum") else Saved(inputs=(0,), output=True)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.reduce(x, self.operation, tuple(axis_of(seen(x), name) for name in self.axes), self.keep)


def without(x: Shape, places: list[int]) -> Shape:
    """Return `x` without the axes at `places`; one number if none is left."""
    left = tuple(n for i, n in enumerate(x) if i not in places)
    return Shape(*left or (1,))


def views_without(x: Shape, places: list[int]) -> tuple[View, ...]:
    """Return the view of each spatial axis after the axes at `places` are removed."""
    left = [i for i in range(len(x)) if i not in places]
    # The last remaining axis becomes the channels, and every cell sees the whole of it.
    return tuple(View(0, 0, 1, left.index(i)) if i in left[:-1] else View.whole(n) for i, n in enumerate(x.spatial))


class ChannelShuffle(Pointwise, kind="channel_shuffle"):
    """Takes the channels in turn from each group, so that the next grouped convolution sees all of them.

    Source: Zhang et al. 2017, ShuffleNet.
    """

    also = ("channelshuffle", "shuffle")
    groups: int = option(Count(), "groups that the channels are taken from in turn", main=True)
    example = Example({"channel_shuffle": 2}, (Shape(3, 5, 6),), Shape(3, 5, 6))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return divided(x, "groups", self.groups)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.channel_shuffle(x, self.groups)
