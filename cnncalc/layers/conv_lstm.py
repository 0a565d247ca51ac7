"""Recurrent convolutions: sequences of maps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.advice import along
from cnncalc.layers.base import Example, Weight
from cnncalc.layers.conv import Conv
from cnncalc.layers.memory import Grad, Saved
from cnncalc.layers.option import ONE, UNPADDED, Axes, Cells, Choice, Count, Pairs, PerAxis, option
from cnncalc.layers.sliding import Sliding
from cnncalc.layers.view import View
from cnncalc.shape import Flow, LayerError, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run


class ConvLstm(Sliding, kind="conv_lstm"):
    """An LSTM over maps: K filters for each of 4 gates see a map of the sequence and, with padding `same`, the state.

    The first axis is time. 4·K·(F₁·F₂·(C + K) + 1) parameters; weights have the gates in PyTorch's order: input, forget, cell,
    output. Source: Shi et al. 2015, Convolutional LSTM Network, without peepholes, as in Keras.
    """

    unwindowed = 1
    also = ("convlstm", "convolutionallstm", "conv_lstm2d")
    filters: int = option(
        Count(pair=1), "number of filters K: channels of the state", main=True, also=Conv.options["filters"].also
    )
    kernel_size: Axes = option(
        PerAxis(), "cells of the window along each axis of a map, F", also=Conv.options["kernel_size"].also
    )
    stride: Axes = option(PerAxis(), "cells from one window to the next, S", default=ONE, also=("strides", "step", "S"))
    padding: Pairs | str = option(
        Cells("same", "valid"), "zeros around each map, P", default=UNPADDED, also=("pad", "pads", "auto_pad", "P")
    )
    returns: str = option(
        Choice("last", "sequence"), "the state after the last map, or after every map", default="last", name="return",
        also=("return_sequences", "return_state"),
    )  # fmt: skip
    example = Example(
        {"conv_lstm": 3, "kernel_size": "3x2", "padding": "1x0", "stride": "2x1"}, (Shape(4, 5, 7, 2),), Shape(3, 6, 3)
    )

    def windows(self, x: Shape) -> tuple[Window, ...]:
        if x.rank < 2:
            raise LayerError("conv_lstm takes a sequence of maps, time × height × width × channels, and {} flows in", x)
        return (Window(1), *super().windows(Shape(*x[1:])))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        steps, *sizes = self.spatial(x, fit)
        return Shape(*([steps] if self.returns == "sequence" else []), *sizes, self.filters)

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        return super().formulas(x)[1:]

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        kernel = along(Shape(*x[1:]), "kernel_size", self.kernel_size)
        gates = 4 * self.filters
        return (
            Weight("weight_ih", (gates, x.channels, *kernel)),
            Weight("weight_hh", (gates, self.filters, *kernel)),
            Weight("bias", (gates,), "bias"),
        )

    def macs(self, x: Shape, y: Shape) -> int:
        positions = math.prod(y.spatial[-(x.rank - 1) :])
        return x[0] * positions * sum(w.size for w in self.weights(x) if w.role == "weight")

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        first = 1 if self.returns == "sequence" else 0
        found = [View.whole(x[0]) if self.returns == "last" else View(1 - x[0], 0, 1, 0)]
        for axis, w in enumerate(windows[1:]):
            # Each earlier step is seen through one more window over the state.
            wider = (x[0] - 1) * w.stride
            before = (w.kernel_size - 1) // 2
            found.append(
                View(
                    -w.before - wider * before,
                    w.extent - w.before - 1 + wider * (w.kernel_size - 1 - before),
                    w.stride,
                    axis + first,
                )
            )
        return tuple(found)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # At each step the four gates, the cell state, its tanh and the state, in addition to the input.
        x = xs[0]
        assert isinstance(x, Shape)
        state = math.prod(y[-x.rank :])
        return Saved(inputs=(0,), numbers=7 * state * x[0])

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        # At each step the gates of the input and of the state, and the states of every step.
        state = math.prod(y[-xs[0].rank :])
        return 10 * state + state * xs[0][0] + xs[0].size

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        windows = self.windows(Shape(*x.shape[2:], x.shape[1]))[1:]
        told = run.floored() if self.padding == "same" else run
        return kernels.conv_lstm.conv_lstm(x, w, windows, self.returns == "last", told)
