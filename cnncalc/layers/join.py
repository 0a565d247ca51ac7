"""Joins: layers that read several results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.layers.base import Example, Join, Mismatch
from cnncalc.layers.memory import Grad, Saved
from cnncalc.layers.option import RowNames, option
from cnncalc.shape import Flow, LayerError, Shape

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Run

_NAMES = "rows to join: one name beside the row above, or a list of names"


class Add(Join, kind="add"):
    """Adds results of the same shape, number by number: the shortcut of a residual network.

    Source: He et al. 2015, Deep Residual Learning.
    """

    also = ("sum", "eltwise", "residual", "shortcut", "plus")
    sums = True
    fuses_epilogue = True
    names: tuple[str, ...] | str = option(RowNames(), _NAMES, main=True)
    example = Example({"add": ["a", "b"]}, (Shape(3, 5, 2), Shape(3, 5, 2)), Shape(3, 5, 2))

    def join(self, shapes: tuple[Shape, ...]) -> Shape:
        for i, shape in enumerate(shapes):
            if shape != shapes[0]:
                raise Mismatch(0, i, "add wants the same shape from each")
        return shapes[0]

    def forward_join(self, xs: tuple[Array, ...], run: Run) -> Array:
        from cnncalc.kernels import pointwise

        return pointwise.add(xs, run)


class Multiply(Join, kind="multiply"):
    """Multiplies results number by number; a vector, or a map of one cell, scales the channels of a map: a gate.

    Source: Hu et al. 2017, Squeeze-and-Excitation; Antol et al. 2015, VQA.
    """

    also = ("mul", "product", "times", "gate")
    fuses_epilogue = True
    names: tuple[str, ...] | str = option(RowNames(), _NAMES, main=True)
    example = Example({"multiply": ["a", "b"]}, (Shape(3, 5, 2), Shape(2)), Shape(3, 5, 2))

    def join(self, shapes: tuple[Shape, ...]) -> Shape:
        largest = max(range(len(shapes)), key=lambda i: (shapes[i].size, shapes[i].rank))
        whole = shapes[largest]
        for i, shape in enumerate(shapes):
            if shape == whole or (
                shape.channels == whole.channels and set(shape.spatial) <= {1} and shape.rank in (0, whole.rank)
            ):
                continue
            first, second = sorted((i, largest))
            raise Mismatch(first, second, "multiply wants the same shape, or a vector or one cell with as many channels")
        return whole

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # Products are formed from left to right; each factor is kept for the gradient of the other.
        inputs: set[int] = set()
        numbers = 0
        product_grad = grad.inputs[0]
        for k in range(1, len(xs)):
            if grad.inputs[k]:
                inputs |= {0} if k == 1 else set()
                numbers += 0 if k == 1 else max(x.size for x in xs[:k] if isinstance(x, Shape))
            if product_grad:
                inputs.add(k)
            product_grad = product_grad or grad.inputs[k]
        return Saved(inputs=tuple(sorted(inputs)), numbers=numbers)

    def forward_join(self, xs: tuple[Array, ...], run: Run) -> Array:
        from cnncalc.kernels import pointwise

        return pointwise.multiply(xs, run)


class Concat(Join, kind="concat"):
    """Puts results behind one another along the channels; their spatial sizes must be the same.

    Source: Szegedy et al. 2014, Going Deeper with Convolutions.
    """

    also = ("concatenate", "cat", "merge", "depthconcat", "route")
    names: tuple[str, ...] | str = option(RowNames(), _NAMES, main=True)
    example = Example({"concat": ["a", "b"]}, (Shape(3, 5, 2), Shape(3, 5, 4)), Shape(3, 5, 6))

    def join(self, shapes: tuple[Shape, ...]) -> Shape:
        for i, shape in enumerate(shapes):
            if shape.spatial != shapes[0].spatial:
                raise Mismatch(0, i, "concat wants the same spatial sizes from each")
        if not shapes:
            raise LayerError("concat joins nothing")
        return Shape(*shapes[0].spatial, sum(s.channels for s in shapes))

    def forward_join(self, xs: tuple[Array, ...], run: Run) -> Array:
        from cnncalc.kernels import pointwise

        return pointwise.concat(xs, run)
