"""Learned arrays that enter the network by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.base import Example, Layer, Weight
from cnncalc.layers.memory import NOTHING_SAVED, Grad, Reuse, Saved
from cnncalc.layers.option import Count, ShapeText, option
from cnncalc.shape import Flow, Shape

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run


class Parameter(Layer, kind="parameter"):
    """A learned array that reads nothing: a class token or a position embedding, which another row adds or concatenates.

    Every example of a batch gets the same numbers. Source: Dosovitskiy et al. 2020, ViT, eq. 1.
    With `distinct` it is an array of fewer learned numbers, as a table of relative positions spread over pairs of places
    (Source: Liu et al. 2021, Swin Transformer, eq. 4), or of none: a mask, or sinusoidal positions.
    """

    accepts = "nothing"
    also = ("learnedarray", "classtoken", "positionembedding", "positionalembedding")
    shape: Shape = option(ShapeText(), "shape of the array", main=True, also=("size",))
    distinct: int | None = option(
        Count(0), "learned numbers that the array is made of, 0 for a constant; as many as it has if left out", default=None
    )
    example = Example({"parameter": "3x5x2"}, (), Shape(3, 5, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return self.shape

    def certain_shape(self) -> Shape:
        return self.shape

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (self.shape.channels, *self.shape.spatial), counted=self.distinct),)

    def spread(self, weight: Weight, gain: float) -> tuple[float, float]:
        return 0, 1

    def reuse(self, training: bool) -> Reuse:
        return "weights"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        return kernels.move.repeat_examples(w["weight"], len(x))
