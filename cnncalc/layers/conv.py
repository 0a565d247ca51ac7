"""Convolutions: filters that slide over a volume and give a volume."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.advice import along, check_mode
from cnncalc.layers.base import Example, Layer, Weight
from cnncalc.layers.memory import INPUT_SAVED, NOTHING_SAVED, Grad, Saved
from cnncalc.layers.option import ONE, UNPADDED, ZERO, Axes, Cells, Choice, Count, Flag, Pairs, PerAxis, option
from cnncalc.layers.sliding import Sliding
from cnncalc.layers.view import View
from cnncalc.shape import Flow, LayerError, Shape
from cnncalc.window import Window, transposed_same_padding

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run

_BIAS_NAMES = ("use_bias", "bias_term")
#: Names of padding modes in NumPy, ONNX, Keras and PyTorch's classes.
_MODES = {
    "constant": "zeros", "zero": "zeros", "edge": "replicate", "border": "replicate", "replication": "replicate",
    "mirror": "reflect", "reflection": "reflect", "wrap": "circular",
}  # fmt: skip
PADDING_MODE = Choice("zeros", "reflect", "replicate", "circular", also=_MODES)
DISTINCT: int | None = option(
    Count(0),
    "learned numbers of the weights that count here, 0 if they are fixed or another layer's; all if left out",
    default=None,
    rare=True,
)
_PADDING_MODE = "which numbers the padding holds"


class _Convolution(Sliding):
    """The common part of `conv` and `depthwise_conv`: weights of K filters over C/groups channels."""

    padding_mode: str
    distinct: int | None

    def _filters(self, x: Shape) -> int:
        raise NotImplementedError

    def _groups(self, x: Shape) -> int:
        raise NotImplementedError

    def output_shape(self, x: Shape, fit: str) -> Shape:
        check_groups(x.channels, self._filters(x), self._groups(x))
        sizes = self.spatial(x, fit)
        if self.padding_mode != "zeros":
            check_mode(x, tuple((w.before, w.after) for w in self.windows(x)), self.padding_mode, "padding_mode")
        return Shape(*sizes, self._filters(x))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        kernel = along(x, "kernel_size", self.kernel_size)
        weight = Weight("weight", (self._filters(x), x.channels // self._groups(x), *kernel), counted=self.distinct)
        return with_bias(weight, self._filters(x), getattr(self, "bias", True))

    def macs(self, x: Shape, y: Shape) -> int:
        kernel = along(x, "kernel_size", self.kernel_size)
        return self._filters(x) * (x.channels // self._groups(x)) * math.prod(kernel) * math.prod(y.spatial)

    fuses_epilogue = True
    fuses_add = True

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        x = xs[0]
        assert isinstance(x, Shape)
        windows = self.windows(x)
        if self.padding_mode == "zeros":
            if not grad.weights or all(w.before == w.after for w in windows):
                return INPUT_SAVED if grad.weights else NOTHING_SAVED
            # The convolution itself pads both sides alike, so that the map is padded first: for `same` where the sides differ.
            alike = self.padding == "same" and all(w.stride == 1 for w in windows)
            cells = (
                n + (abs(w.after - w.before) if alike else w.before + w.after) for n, w in zip(x.spatial, windows, strict=True)
            )
            return Saved(numbers=x.channels * math.prod(cells))
        # The map is padded first; the gradient of the padding needs the unpadded map unless the mode is circular.
        padded = x.channels * math.prod(n + w.before + w.after for n, w in zip(x.spatial, windows, strict=True))
        unpadded = (0,) if self.padding_mode != "circular" and grad.inputs[0] else ()
        return Saved(inputs=unpadded, numbers=padded if grad.weights else 0)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        seen = Shape(*x.shape[2:], x.shape[1])
        # SAME padding is computed for rounding down.
        told = run.floored() if self.padding == "same" else run
        windows = self.windows(seen)
        if self.padding_mode != "zeros":
            from cnncalc.kernels.steps import padded

            x, windows = padded(x, windows, self.padding_mode, told.fit)
            told = told.floored()
        return kernels.convolve.convolve(x, w["weight"], w.get("bias"), windows, self._groups(seen), told)


class Conv(_Convolution, kind="conv"):
    """K filters of kernel_size cells slide over the input; each gives one channel of the output volume.

    Output (N − F + 2P)/S + 1 along each axis, parameters K·(F₁·F₂·C/groups + 1): the same weights at every position.
    Source: Dumoulin & Visin 2016; Krizhevsky et al. 2012 for groups.
    """

    rises_with = ("filters",)
    also = ("convolution", "convolutional", "conv2dlayer")
    torch_order = ("", "filters", "kernel_size", "stride", "padding", "dilation", "groups", "bias")
    keras_order = ("filters", "kernel_size", "stride", "padding")
    filters: int = option(
        Count(pair=1),
        "number of filters K: channels that come out",
        main=True,
        also=("out_channels", "num_filters", "num_filter", "num_output", "features", "units", "K"),
    )
    kernel_size: Axes = option(
        PerAxis(), "cells of the window along each axis, F", also=("kernel", "kernel_shape", "filter_size", "ksize", "size", "F")
    )
    stride: Axes = option(PerAxis(), "cells from one window to the next, S", default=ONE, also=("strides", "step", "S"))
    padding: Pairs | str = option(
        Cells("same", "valid", "causal"), "zeros around the input, P", default=UNPADDED, also=("pad", "pads", "auto_pad", "P")
    )
    padding_mode: str = option(PADDING_MODE, _PADDING_MODE, default="zeros", rare=True)
    dilation: Axes = option(
        PerAxis(), "cells from one weight of the window to the next, D", default=ONE, also=("dilations", "dilation_rate", "D")
    )
    groups: int = option(
        Count(), "parts that channels and filters are divided into, each seeing its own", default=1, also=("group", "num_groups")
    )
    bias: bool = option(Flag(), "one learned number added per filter", default=True, also=_BIAS_NAMES)
    distinct: int | None = DISTINCT
    example = Example(
        {"conv": 6, "kernel_size": "3x5", "stride": [2, 1], "padding": [[0, 2], [1, 1]], "groups": 2},
        (Shape(7, 11, 4),),
        Shape(4, 9, 6),
    )

    def _filters(self, x: Shape) -> int:
        return self.filters

    def _groups(self, x: Shape) -> int:
        return self.groups


class DepthwiseConv(_Convolution, kind="depthwise_conv"):
    """Filters each input channel separately, with M filters: a convolution with as many groups as channels.

    Source: Chollet 2017, Xception; Howard et al. 2017, MobileNets.
    """

    rises_with = ("multiplier",)
    also = ("depthwiseconv", "depthwise", "dwconv", "depthwiseconvolution")
    keras_order = ("kernel_size", "stride", "padding")
    multiplier: int = option(
        Count(), "filters per input channel, M", default=1, main=True, also=("depth_multiplier", "channel_multiplier")
    )
    kernel_size: Axes = Conv.kernel_size
    stride: Axes = Conv.stride
    padding: Pairs | str = Conv.padding
    padding_mode: str = Conv.padding_mode
    dilation: Axes = Conv.dilation
    bias: bool = Conv.bias
    distinct: int | None = DISTINCT
    example = Example({"depthwise_conv": 2, "kernel_size": 3, "padding": "1x0"}, (Shape(5, 7, 3),), Shape(5, 5, 6))

    def _filters(self, x: Shape) -> int:
        return x.channels * self.multiplier

    def _groups(self, x: Shape) -> int:
        return x.channels


class ConvTranspose(Layer, kind="conv_transpose"):
    """A convolution run backwards: each input cell writes a window, so that the map grows. Its stride always fits.

    Output (N − 1)·S − P_before − P_after + E + output_padding along each axis; with padding `same`, N·S, as in Keras and
    TensorFlow. MACs: weights times input positions. Source: Dumoulin & Visin 2016, relationship 14.
    """

    accepts = "map"
    rises_with = ("filters",)
    also = (
        "convtranspose", "convtransposed", "transposedconv", "deconv", "deconvolution", "upconv", "conv2dtranspose",
        "transposeconv",
    )  # fmt: skip
    torch_order = ("", "filters", "kernel_size", "stride", "padding", "output_padding", "groups", "bias", "dilation")
    keras_order = Conv.keras_order
    filters: int = Conv.filters
    kernel_size: Axes = option(
        PerAxis(), "cells that each input cell writes along each axis, F", also=Conv.options["kernel_size"].also
    )
    stride: Axes = option(PerAxis(), "cells between what neighbours write, S", default=ONE, also=("strides", "step", "S"))
    padding: Pairs | str = option(
        Cells("same"), "cells cut off around the output, P", default=UNPADDED, also=("pad", "pads", "P", "auto_pad")
    )
    dilation: Axes = Conv.dilation
    output_padding: Axes = option(PerAxis(0), "cells added at the end of the output, less than stride or dilation", default=ZERO)
    groups: int = Conv.groups
    bias: bool = Conv.bias
    distinct: int | None = DISTINCT
    example = Example(
        {"conv_transpose": 6, "kernel_size": "3x2", "stride": "2x3", "padding": "1x0", "output_padding": "1x0", "groups": 2},
        (Shape(3, 5, 4),),
        Shape(6, 14, 6),
    )

    def written_windows(self, x: Shape) -> tuple[Window, ...]:
        """Return the windows that each input cell writes, one per axis."""
        kernel, stride = along(x, "kernel_size", self.kernel_size), along(x, "stride", self.stride)
        dilation = along(x, "dilation", self.dilation)
        if isinstance(self.padding, str):
            padding: Pairs = tuple(map(transposed_same_padding, kernel, stride, dilation))
        else:
            padding = along(x, "padding", self.padding)
        return tuple(Window(f, s, *sides, d) for f, s, sides, d in zip(kernel, stride, padding, dilation, strict=True))

    def added_cells(self, x: Shape) -> tuple[int, ...]:
        """Return the cells added at the end of the output along each axis: `output_padding`, or as many as `same` needs."""
        if self.padding == "same":
            return tuple(max(0, w.stride - w.extent) for w in self.written_windows(x))
        return along(x, "output_padding", self.output_padding)

    def check(self) -> None:
        if self.padding == "same" and max(self.output_padding) > 0:
            raise LayerError("output_padding belongs to padding in numbers; same gives N·S", field="output_padding", rule="value")

    def output_shape(self, x: Shape, fit: str) -> Shape:
        check_groups(x.channels, self.filters, self.groups)
        sizes = []
        for axis, window, size, more in zip(x.axes, self.written_windows(x), x.spatial, self.added_cells(x), strict=True):
            if self.padding != "same" and more >= max(window.stride, window.dilation):
                most = max(window.stride, window.dilation) - 1
                raise LayerError(
                    f"output_padding must be less than the stride or the dilation: at most {most} on {axis}, got {more}",
                    field="output_padding",
                    rule="value",
                )
            out = window.transposed_size(size, more)
            if out < 1:
                cut = (
                    f"({size} − 1)·{window.stride} − {window.before} − {window.after} + {window.extent} + {more} = {out}".replace(
                        "= -", "= −"
                    )
                )
                raise LayerError(
                    f"padding cuts off everything on {axis}: {cut}; write less of it", rule="window", field="padding"
                )
            sizes.append(out)
        return Shape(*sizes, self.filters)

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        parts = zip(x.axes, self.written_windows(x), x.spatial, self.added_cells(x), strict=True)
        if self.padding == "same":
            return [(axis, f"{size}·{window.stride} = {size * window.stride}") for axis, window, size, _ in parts]
        return [(axis, window.transposed_formula(size, more)) for axis, window, size, more in parts]

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        kernel = along(x, "kernel_size", self.kernel_size)
        weight = Weight("weight", (x.channels, self.filters // self.groups, *kernel), counted=self.distinct)
        return with_bias(weight, self.filters, self.bias)

    def macs(self, x: Shape, y: Shape) -> int:
        return self.weights(x)[0].size * math.prod(x.spatial)

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return tuple(View.grown(w.extent, w.stride, w.before, axis) for axis, w in enumerate(self.written_windows(x)))

    fuses_epilogue = True

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return INPUT_SAVED if grad.weights else NOTHING_SAVED

    def fan_in(self, weight: Weight) -> float:
        strides = self.stride if len(self.stride) > 1 else self.stride * (len(weight.shape) - 2)
        return weight.shape[0] * math.prod(weight.shape[2:]) / self.groups / math.prod(strides)

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        # The output before the padding is cut off.
        sizes = zip(self.written_windows(xs[0]), xs[0].spatial, strict=True)
        whole = self.filters * math.prod((n - 1) * w.stride + w.extent for w, n in sizes)
        return whole if whole > y.size else 0

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        seen = Shape(*x.shape[2:], x.shape[1])
        windows, more = self.written_windows(seen), self.added_cells(seen)
        return kernels.transposed.convolve_transposed(x, w["weight"], w.get("bias"), windows, more, self.groups, run)

    summary = Sliding.summary


def with_bias(weight: Weight, units: int, bias: bool) -> tuple[Weight, ...]:
    """Return `weight` and, if the layer has one, the bias of `units` numbers."""
    return (weight, Weight("bias", (units,), "bias")) if bias else (weight,)


def check_groups(channels: int, filters: int, groups: int) -> None:
    """Raise LayerError if `groups` does not divide the input channels or the filters."""
    if channels % groups == filters % groups == 0:
        return
    for count, what, rule in ((channels, "the input's {} channels", "shape"), (filters, "the {} filters", "value")):
        if count % groups:
            near = [g for g in range(groups, 0, -1) if channels % g == 0 and filters % g == 0][:1]
            more = next(
                (
                    g
                    for g in range(groups + 1, min(channels, filters, groups + 4096) + 1)
                    if channels % g == 0 and filters % g == 0
                ),
                None,
            )
            choices = " or ".join(str(g) for g in [*near, *([more] if more else [])])
            raise LayerError(f"groups {groups} does not divide {what.format(count)}; try {choices}", field="groups", rule=rule)
