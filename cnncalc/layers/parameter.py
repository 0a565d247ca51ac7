"""Learned arrays that enter the network by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers.base import Example, Layer, Weight
from cnncalc.layers.memory import NOTHING_SAVED, Grad, Reuse, Saved
from cnncalc.layers.option import ShapeText, option
from cnncalc.shape import Flow, Shape

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run


class Parameter(Layer, kind="parameter"):
    """A learned array that reads nothing: a class token or a position embedding, which another row adds or concatenates.

    Every example of a batch gets the same numbers. Source: Dosovitskiy et al. 2020, ViT, eq. 1.
    """

    accepts = "nothing"
    also = ("learnedarray", "classtoken", "positionembedding", "positionalembedding")
    shape: Shape = option(ShapeText(), "shape of the array", main=True, also=("size",))
    example = Example({"parameter": "3x5x2"}, (), Shape(3, 5, 2))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return self.shape

    def certain_shape(self) -> Shape:
        return self.shape

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        return (Weight("weight", (self.shape.channels, *self.shape.spatial)),)

    def spread(self, weight: Weight, gain: float) -> tuple[float, float]:
        return 0, 1

    def reuse(self, training: bool) -> Reuse:
        return "weights"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        from cnncalc.kernels import move

        return move.repeat_examples(w["weight"], len(x))
