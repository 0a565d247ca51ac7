"""Arithmetic on each number: powers, exponentials, limits, constant and learned factors and offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.activation import Activation
from cnncalc.layers.base import Example, Weight
from cnncalc.layers.memory import INPUT_SAVED, NOTHING_SAVED, Grad, Saved
from cnncalc.layers.option import Flag, Number, option
from cnncalc.shape import Flow, LayerError, Shape

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.pointwise import Apply
    from cnncalc.kernels.run import Arrays, Run


class Square(Activation, kind="square"):
    """x² of each number."""

    also = ("sqr", "squared")
    example = Example({"square": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.square


class Sqrt(Activation, kind="sqrt"):
    """√x of each number; NaN for negative ones."""

    saves_output = True
    also = ("squareroot",)
    example = Example({"sqrt": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.sqrt


class Exp(Activation, kind="exp"):
    """eˣ of each number."""

    saves_output = True
    also = ("exponential",)
    example = Example({"exp": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.exp


class Sin(Activation, kind="sin"):
    """The sine of each number, in radians. Source: Vaswani et al. 2017, sec. 3.5, for positions and time steps."""

    also = ("sine", "siren")
    example = Example({"sin": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.sin


class Cos(Activation, kind="cos"):
    """The cosine of each number, in radians. Source: Vaswani et al. 2017, sec. 3.5, for positions and time steps."""

    also = ("cosine",)
    example = Example({"cos": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.cos


class Abs(Activation, kind="abs"):
    """|x| of each number."""

    also = ("absolute", "absval")
    example = Example({"abs": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.absolute


class Reciprocal(Activation, kind="reciprocal"):
    """1/x of each number; infinity for 0."""

    saves_output = True
    also = ("inverse",)
    example = Example({"reciprocal": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.reciprocal


class Log(Activation, kind="log"):
    """The natural logarithm of each number; NaN for negative ones."""

    also = ("logarithm",)
    example = Example({"log": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.log


class Power(Activation, kind="power"):
    """x to the power of a constant; NaN for a negative number and a fractional exponent."""

    also = ("pow",)
    exponent: float = option(Number(), "power to which each number is raised", main=True, also=("p",))
    example = Example({"power": 3}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def function(self) -> Apply:
        return kernels.functions.power(self.exponent)


class Clip(Activation, kind="clip"):
    """Limits each number to the range `min` … `max`; one of the two may be left out."""

    also = ("clamp", "clipbyvalue")
    least: float | None = option(Number(), "lower limit", default=None, name="min", also=("min_val", "min_value"))
    most: float | None = option(Number(), "upper limit", default=None, name="max", also=("max_val", "max_value"))
    example = Example({"clip": None, "min": -0.5, "max": 0.25}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def check(self) -> None:
        if self.least is None and self.most is None:
            raise LayerError("clip needs min, max or both, as in {clip: null, min: 0, max: 6}", field="min", rule="missing")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise LayerError(f"min must be at most max, got {self.least:g} and {self.most:g}", field="min", rule="value")

    def function(self) -> Apply:
        return kernels.functions.clip(self.least, self.most)


class Rescale(Activation, kind="rescale"):
    """factor·x + offset, with one constant factor and offset for the whole map.

    With `learned` both are parameters, 2 in all, that begin at `factor` and `offset`.
    Source: Yu et al. 2022, MetaFormer Baselines, sec. 3.3, for the learned form (StarReLU).
    """

    also = ("rescaling", "linearscale")
    factor: float = option(Number(), "factor of each number", default=1.0, also=("scale",))
    offset: float = option(Number(), "added to each number", default=0.0, also=("shift",))
    learned: bool = option(Flag(), "whether factor and offset are parameters", default=False, also=("trainable_scale",))
    example = Example({"rescale": None, "factor": 2, "offset": -0.5, "learned": True}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (1,)), Weight("bias", (1,), "bias")) if self.learned else ()

    def spread(self, weight: Weight, gain: float) -> tuple[float, float]:
        return (self.offset if weight.role == "bias" else self.factor), 0.1

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return INPUT_SAVED if self.learned and grad.weights else NOTHING_SAVED

    def function(self) -> Apply | None:
        return None if self.learned else kernels.functions.affine(self.factor, self.offset)

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        factor, offset = (float(w["weight"][0]), float(w["bias"][0])) if self.learned else (self.factor, self.offset)
        return kernels.pointwise.apply(kernels.functions.affine(factor, offset), x, run)


class AddBias(Activation, kind="add_bias"):
    """Adds a learned number to each channel: C parameters."""

    fuses_epilogue = True
    also = ("biasadd", "channelbias")
    example = Example({"add_bias": None}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return (Weight("bias", (x.channels,), "bias"),)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def per_channel(self, w: Arrays) -> tuple[Array | None, Array | None]:
        return None, w["bias"]
