"""Fully connected and linear layers, flatten, dropout and identity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.base import Example, Layer, Pointwise, Weight
from cnncalc.layers.conv import DISTINCT, with_bias
from cnncalc.layers.memory import INPUT_SAVED, NOTHING_SAVED, Grad, MatrixProduct, Reuse, Saved
from cnncalc.layers.option import Count, Flag, Number, option
from cnncalc.layers.view import SAME, View
from cnncalc.shape import Flow, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run


class FullyConnected(Layer, kind="fc"):
    """Every unit reads every number: n in, units out, (n + 1)·units parameters.

    The input is flattened first, channels and then space, as PyTorch's flatten does: 32×32×3 becomes 3072 numbers.
    """

    rises_with = ("units",)
    also = ("dense", "fullyconnected", "innerproduct", "gemm", "mlp")
    units: int = option(
        Count(pair=1),
        "numbers that come out",
        main=True,
        also=("out_features", "num_output", "num_hidden", "features", "out_channels", "filters"),
    )
    bias: bool = option(Flag(), "one learned number added per unit", default=True, also=("use_bias", "bias_term"))
    distinct: int | None = DISTINCT
    example = Example({"fc": 10}, (Shape(3, 5, 2),), Shape(10))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return self.certain_shape()

    def certain_shape(self) -> Shape:
        return Shape(self.units)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return with_bias(Weight("weight", (self.units, x.size), counted=self.distinct), self.units, self.bias)

    def macs(self, x: Shape, y: Shape) -> int:
        return x.size * self.units

    fuses_epilogue = True

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return INPUT_SAVED if grad.weights else NOTHING_SAVED

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        return xs[0].size if xs[0].rank else 0

    def product(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> MatrixProduct:
        return MatrixProduct(batch, xs[0].size, -(-self.units // threads), threads)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.dense.fully_connected(x, w["weight"], w.get("bias"), run)


class Linear(Layer, kind="linear"):
    """Every unit sees every channel, at each position with the same weights: C in, units out, (C + 1)·units parameters.

    Sizes stay: PyTorch's `Linear` and Keras's `Dense` act on the last axis in this way. MACs are the positions times C·units.
    A convolution with a window of one cell computes the same.
    """

    rises_with = ("units",)
    per_position = True
    also = ("timedistributeddense", "lineardense", "pointwisedense")
    torch_order = ("", "units", "bias")
    keras_order = ("units",)
    units: int = option(
        Count(pair=1),
        "channels that come out",
        main=True,
        also=("out_features", "num_output", "num_hidden", "features", "out_channels", "filters"),
    )
    bias: bool = option(Flag(), "one learned number added per unit", default=True, also=("use_bias", "bias_term"))
    distinct: int | None = DISTINCT
    example = Example({"linear": 7}, (Shape(3, 5, 2),), Shape(3, 5, 7))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return Shape(*x.spatial, self.units)

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return with_bias(Weight("weight", (self.units, x.channels), counted=self.distinct), self.units, self.bias)

    def macs(self, x: Shape, y: Shape) -> int:
        return math.prod(x) * self.units

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return INPUT_SAVED if grad.weights else NOTHING_SAVED

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return SAME

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        return [("channels", f"{x.channels} → {self.units} at each position")] if x.rank else []

    fuses_epilogue = True
    fuses_add = True

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.dense.linear(x, w["weight"], w.get("bias"), run)


class Flatten(Layer, kind="flatten"):
    """Stretches a volume to a vector of H·W·C numbers, channels first and then space."""

    rises_with = ()
    also = ("ravel", "stretch")
    example = Example({"flatten": None}, (Shape(3, 5, 2),), Shape(30))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return Shape(x.size)

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        return [("channels", f"{'·'.join(map(str, x))} = {x.size:,}")]

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.flatten(x)


class Dropout(Pointwise, kind="dropout"):
    """While training sets each number to zero at this rate; in the forward pass it changes nothing.

    Source: Srivastava et al. 2014.
    """

    also = ("spatialdropout", "alphadropout", "featurealphadropout")
    rate: float = option(
        Number(least=0, below=1),
        "share of the numbers that is dropped",
        default=0.5,
        main=True,
        also=("p", "ratio", "dropout_ratio"),
    )
    example = Example({"dropout": 0.4}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def reuse(self, training: bool) -> Reuse:
        return "none" if training and self.rate else "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The mask holds 0 or 1/(1 − rate) in the network's type, as on PyTorch's CPU.
        return Saved(numbers=y.size) if self.rate else NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return x


class Identity(Pointwise, kind="identity"):
    """Returns its input unchanged."""

    also = ("noop", "passthrough")
    example = Example({"identity": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def reuse(self, training: bool) -> Reuse:
        return "view"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return x
