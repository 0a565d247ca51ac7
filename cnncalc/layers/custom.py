"""A layer without a kind: its shape and counts are declared."""

from __future__ import annotations

from cnncalc.layers.base import Example, Layer, Weight
from cnncalc.layers.memory import Grad, Reuse, Saved
from cnncalc.layers.option import Count, ShapeOrSame, Word, option
from cnncalc.shape import Flow, LayerError, Shape

#: Totals of a layer can be larger than any of its sizes.
_MOST = 2**63 - 1


class Custom(Layer, kind="custom"):
    """A layer of another framework that has no kind here; its output shape and its counts are declared.

    Totals count the declared parameters, buffers and MACs; without `macs` the MACs are unknown, and totals print as "at least".
    `cnncalc run` computes every layer that does not depend on it.
    """

    accepts = "everything"
    opaque = True
    also = ("unknownlayer", "unsupported", "plugin")
    operator: str = option(Word(), "name of the operation in its own framework", main=True, also=("op", "op_type", "operation"))
    output: Shape | str = option(ShapeOrSame(), "output shape, or same for the input's shape", also=("output_shape",))
    parameters: int = option(Count(0, _MOST), "learned numbers", default=0, also=("params",))
    buffers: int = option(Count(0, _MOST), "stored numbers that are not learned", default=0)
    known_macs: int | None = option(
        Count(0, _MOST), "multiply-accumulates of one example; unknown if left out", default=None, name="macs"
    )
    example = Example(
        {"custom": "grid_sample", "output": "4x7x6", "parameters": 30, "macs": 1200}, (Shape(3, 5, 2),), Shape(4, 7, 6)
    )

    def reuse(self, training: bool) -> Reuse:
        return "overwrite" if self.output == "same" else "none"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # Unknown: assume the inputs, which most layers keep.
        return Saved(inputs=tuple(range(len(xs))))

    def output_shape(self, x: Shape, fit: str) -> Shape:
        if isinstance(self.output, Shape):
            return self.output
        if not x:
            raise LayerError("output same needs an input; write the shape", field="output")
        return x

    def certain_shape(self) -> Shape | None:
        return self.output if isinstance(self.output, Shape) else None

    def macs(self, x: Shape, y: Shape) -> int | None:
        return self.known_macs

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        learned = (Weight("parameters", (self.parameters,)),) if self.parameters else ()
        return (*learned, Weight("buffers", (self.buffers,), "buffer")) if self.buffers else learned
