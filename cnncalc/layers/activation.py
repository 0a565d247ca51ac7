"""Activations: a function of each number, and softmax over the channels. They change no sizes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from cnncalc import kernels
from cnncalc.layers.advice import axis_of
from cnncalc.layers.base import Example, Pointwise, Weight
from cnncalc.layers.memory import INPUT_SAVED, OUTPUT_SAVED, Grad, Reuse, Saved
from cnncalc.layers.option import AxisName, Choice, Number, option
from cnncalc.layers.view import SAME, View
from cnncalc.shape import Flow, Shape
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.pointwise import Apply
    from cnncalc.kernels.run import Arrays, Run


class Activation(Pointwise):
    """A function of each number, or of the channels at each position, that may be computed in place."""

    #: Whether the backward pass needs the result; otherwise it needs the input.
    saves_output: ClassVar[bool] = False

    def reuse(self, training: bool) -> Reuse:
        return "overwrite"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return OUTPUT_SAVED if self.saves_output else INPUT_SAVED


class ReLU(Activation, kind="relu"):
    """max(0, x).

    Source: Nair & Hinton 2010.
    """

    saves_output = True
    also = ("rectifier",)
    gain = math.sqrt(2)
    example = Example({"relu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.relu


class ReLU6(Activation, kind="relu6"):
    """min(max(0, x), 6).

    Source: Howard et al. 2017, MobileNets.
    """

    gain = math.sqrt(2)
    example = Example({"relu6": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.relu6


class ELU(Activation, kind="elu"):
    """x if x is positive, else alpha·(exp(x) − 1).

    Source: Clevert et al. 2015.
    """

    alpha: float = option(Number(), "the limit for negative numbers is −alpha", default=1.0, rare=True)
    gain = 1.25
    temporaries = 2
    example = Example({"elu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The result tells which numbers were negative unless alpha changes their sign.
        return OUTPUT_SAVED if self.alpha >= 0 else INPUT_SAVED

    def function(self) -> Apply:
        return kernels.pointwise.elu(self.alpha)


class SELU(Activation, kind="selu"):
    """1.0507·x if x is positive, else 1.7581·(exp(x) − 1).

    Source: Klambauer et al. 2017.
    """

    saves_output = True
    gain = 1.0
    temporaries = 2
    example = Example({"selu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.selu


class GELU(Activation, kind="gelu"):
    """x·Φ(x), with the normal distribution function Φ, exact or approximated by tanh.

    Source: Hendrycks & Gimpel 2016.
    """

    approximate: str = option(
        Choice("none", "tanh", also={"true": "tanh", "false": "none"}), "how Φ is computed", default="none", rare=True
    )

    gain = 1.53
    temporaries = 4
    example = Example({"gelu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        if self.approximate == "tanh":
            from cnncalc.kernels import functions

            return functions.gelu_tanh
        return kernels.pointwise.gelu


class SiLU(Activation, kind="silu"):
    """x·sigmoid(x), also called swish.

    Source: Ramachandran et al. 2017.
    """

    also = ("swish",)
    gain = 1.68
    temporaries = 1
    example = Example({"silu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.silu


class Mish(Activation, kind="mish"):
    """x·tanh(softplus(x)).

    Source: Misra 2019.
    """

    gain = 1.5
    temporaries = 2
    example = Example({"mish": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.mish


class Softplus(Activation, kind="softplus"):
    """log(1 + exp(x))."""

    gain = 1.0
    example = Example({"softplus": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.softplus


class Sigmoid(Activation, kind="sigmoid"):
    """1/(1 + exp(−x)): squashes to 0 … 1; saturated units let no gradient through."""

    saves_output = True
    also = ("logistic",)
    gain = 1.0
    example = Example({"sigmoid": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.sigmoid


class HardSigmoid(Activation, kind="hard_sigmoid"):
    """min(max(0, slope·x + offset), 1); by default min(max(0, x + 3), 6)/6 as in PyTorch and Keras 3.

    Keras 2 and ONNX have slope 0.2. Source: Howard et al. 2019, MobileNetV3.
    """

    slope: float = option(Number(), "factor of x", default=1 / 6, also=("alpha",), rare=True)
    offset: float = option(Number(), "added before the limits", default=0.5, also=("beta",), rare=True)
    also = ("hardsigmoid", "hsigmoid")
    gain = 1.0
    example = Example({"hard_sigmoid": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        if (self.slope, self.offset) == (1 / 6, 0.5):
            return kernels.pointwise.hard_sigmoid
        return kernels.functions.hard_sigmoid(self.slope, self.offset)


class HardSwish(Activation, kind="hard_swish"):
    """x·min(max(0, x + 3), 6)/6.

    Source: Howard et al. 2019, MobileNetV3.
    """

    also = ("hardswish", "hswish")
    gain = 1.6
    temporaries = 2
    example = Example({"hard_swish": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.hard_swish


class Tanh(Activation, kind="tanh"):
    """tanh(x): squashes to −1 … 1, centred on zero."""

    saves_output = True
    also = ("hyperbolictangent",)
    gain = 5 / 3
    example = Example({"tanh": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.pointwise.tanh


class Softmax(Activation, kind="softmax"):
    """exp(x) divided by its sum over the channels, or along another `axis`: shares that add up to 1."""

    saves_output = True
    axis: str = option(AxisName(), "axis of the sum", default="channels", also=("dim",), rare=True)
    gain = 1.0
    example = Example({"softmax": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        axis_of(x, self.axis)
        return x

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        if self.axis == "channels":
            return SAME
        return tuple(
            View.whole(n) if name == self.axis else View(0, 0, 1, i)
            for i, (name, n) in enumerate(zip(x.axes, x.spatial, strict=True))
        )

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.pointwise.softmax(x, run, axis_of(Shape(*x.shape[2:], x.shape[1]), self.axis) - (x.ndim - 1))


class LeakyReLU(Activation, kind="leaky_relu"):
    """x if x is positive, else slope·x.

    Source: Maas et al. 2013.
    """

    also = ("leakyrelu", "lrelu", "leaky")
    slope: float = option(Number(), "factor of negative numbers", default=0.01, main=True, also=("negative_slope", "alpha"))
    gain = math.sqrt(2)
    temporaries = 1
    example = Example({"leaky_relu": 0.2}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # The result tells which numbers were negative unless the slope changes their sign.
        return OUTPUT_SAVED if self.slope >= 0 else INPUT_SAVED

    def function(self) -> Apply:
        return kernels.pointwise.leaky_relu(self.slope)


class PReLU(Activation, kind="prelu"):
    """x if x is positive, else x times a learned slope of its channel: C parameters.

    Source: He et al. 2015, Delving Deep into Rectifiers.
    """

    also = ("parametricrelu",)
    gain = math.sqrt(2)
    temporaries = 1
    example = Example({"prelu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (x.channels,)),)

    def spread(self, weight: Weight, gain: float) -> tuple[float, float]:
        return 0.25, 0.05

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.pointwise.prelu(x, w["weight"], run)
