"""Activations: a function of each number, and softmax over the channels. They change no sizes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cnncalc.layers.base import Example, Pointwise, Weight
from cnncalc.layers.option import Number, option
from cnncalc.shape import Shape

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.pointwise import Apply
    from cnncalc.kernels.run import Arrays, Run


class ReLU(Pointwise, kind="relu"):
    """max(0, x).

    Source: Nair & Hinton 2010.
    """

    also = ("rectifier",)
    gain = math.sqrt(2)
    example = Example({"relu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.relu


class ReLU6(Pointwise, kind="relu6"):
    """min(max(0, x), 6).

    Source: Howard et al. 2017, MobileNets.
    """

    gain = math.sqrt(2)
    example = Example({"relu6": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.relu6


class ELU(Pointwise, kind="elu"):
    """x where positive, exp(x) − 1 elsewhere (alpha 1).

    Source: Clevert et al. 2015.
    """

    gain = 1.25
    example = Example({"elu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.elu


class SELU(Pointwise, kind="selu"):
    """1.0507·x where positive, 1.7581·(exp(x) − 1) elsewhere.

    Source: Klambauer et al. 2017.
    """

    gain = 1.0
    example = Example({"selu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.selu


class GELU(Pointwise, kind="gelu"):
    """x·Φ(x), with the exact normal distribution function Φ.

    Source: Hendrycks & Gimpel 2016.
    """

    gain = 1.53
    example = Example({"gelu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.gelu


class SiLU(Pointwise, kind="silu"):
    """x·sigmoid(x), also called swish.

    Source: Ramachandran et al. 2017.
    """

    also = ("swish",)
    gain = 1.68
    example = Example({"silu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.silu


class Mish(Pointwise, kind="mish"):
    """x·tanh(softplus(x)).

    Source: Misra 2019.
    """

    gain = 1.5
    example = Example({"mish": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.mish


class Softplus(Pointwise, kind="softplus"):
    """log(1 + exp(x))."""

    gain = 1.0
    example = Example({"softplus": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.softplus


class Sigmoid(Pointwise, kind="sigmoid"):
    """1/(1 + exp(−x)): squashes to 0 … 1; saturated units let no gradient through."""

    also = ("logistic",)
    gain = 1.0
    example = Example({"sigmoid": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.sigmoid


class HardSigmoid(Pointwise, kind="hard_sigmoid"):
    """min(max(0, x + 3), 6)/6.

    Source: Howard et al. 2019, MobileNetV3.
    """

    also = ("hardsigmoid", "hsigmoid")
    gain = 1.0
    example = Example({"hard_sigmoid": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.hard_sigmoid


class HardSwish(Pointwise, kind="hard_swish"):
    """x·min(max(0, x + 3), 6)/6.

    Source: Howard et al. 2019, MobileNetV3.
    """

    also = ("hardswish", "hswish")
    gain = 1.6
    example = Example({"hard_swish": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.hard_swish


class Tanh(Pointwise, kind="tanh"):
    """tanh(x): squashes to −1 … 1, centred on zero."""

    also = ("hyperbolictangent",)
    gain = 5 / 3
    example = Example({"tanh": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.tanh


class Softmax(Pointwise, kind="softmax"):
    """exp(x) divided by its sum over the channels, at each position: shares that add up to 1."""

    gain = 1.0
    example = Example({"softmax": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import pointwise

        return pointwise.softmax(x, run)


class LeakyReLU(Pointwise, kind="leaky_relu"):
    """x where positive, slope·x elsewhere.

    Source: Maas et al. 2013.
    """

    also = ("leakyrelu", "lrelu")
    slope: float = option(Number(), "factor of negative numbers", default=0.01, main=True, also=("negative_slope", "alpha"))
    gain = math.sqrt(2)
    example = Example({"leaky_relu": 0.2}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        from cnncalc.kernels import pointwise

        return pointwise.leaky_relu(self.slope)


class PReLU(Pointwise, kind="prelu"):
    """x where positive, elsewhere x times a slope that is learned for each channel: C parameters.

    Source: He et al. 2015, Delving Deep into Rectifiers.
    """

    also = ("parametricrelu",)
    gain = math.sqrt(2)
    example = Example({"prelu": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (x.channels,)),)

    def spread(self, weight: Weight, gain: float) -> tuple[float, float]:
        return 0.25, 0.05

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import pointwise

        return pointwise.prelu(x, w["weight"], run)
