"""Weights that the forward pass leaves out."""

from __future__ import annotations

from cnncalc.layers.base import Example, Weight
from cnncalc.layers.dense import Identity
from cnncalc.layers.option import Count, option
from cnncalc.shape import Shape


class Unused(Identity, kind="unused"):
    """Weights that inference does not use, such as those of a branch for training alone: they count, and the input passes.

    MACs: none. `buffers` are stored numbers that are not learned.
    """

    ends_branch = True
    also = ("trainingonly", "auxiliaryhead")
    parameters: int = option(Count(0), "learned numbers", main=True, also=("params",))
    buffers: int = option(Count(0), "stored numbers that are not learned", default=0)
    example = Example({"unused": 30, "buffers": 4}, (Shape(3, 5, 2),), Shape(3, 5, 2))

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        learned = (Weight("weight", (self.parameters,)),) if self.parameters else ()
        return (*learned, Weight("buffer", (self.buffers,), "buffer")) if self.buffers else learned
