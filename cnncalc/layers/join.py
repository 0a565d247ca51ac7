"""Joins: layers that read several results."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import TYPE_CHECKING

from cnncalc import kernels
from cnncalc.layers.advice import axis_of
from cnncalc.layers.base import Example, Join
from cnncalc.layers.memory import Grad, MatrixProduct, Saved
from cnncalc.layers.option import AxisName, Choice, Number, option
from cnncalc.layers.view import View
from cnncalc.shape import Flow, LayerError, Shape

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Arrays, Run

_SPATIAL, _CHANNELS = itemgetter(slice(-1)), itemgetter(-1)


class Mismatch(LayerError):
    """Two inputs, by index, that cannot be joined; the message says what would be needed."""

    def __init__(self, first: int, second: int, why: str) -> None:
        super().__init__(why, rule="join")
        self.first = first
        self.second = second


class _Elementwise(Join):
    """Combines results number by number: maps of one shape, and results that are broadcast over a map's cells or channels."""

    rises_with = ()

    def join(self, shapes: tuple[Shape, ...]) -> Shape:
        if not shapes:
            raise LayerError(f"{self.kind} joins nothing")
        largest = max(range(len(shapes)), key=lambda i: (shapes[i].size, shapes[i].rank))
        whole = shapes[largest]
        for i, shape in enumerate(shapes):
            if shape != whole and not broadcasts(shape, whole):
                first, second = sorted((i, largest))
                needed = "the same shape from each, or beside a map one number per channel or a map of one channel"
                raise Mismatch(first, second, f"{self.kind} needs {needed}")
        return whole


def broadcasts(shape: Shape, whole: Shape) -> bool:
    """Return whether `shape` is broadcast over the cells of the map `whole` (a vector or one cell) or over its channels."""
    if not whole.rank:
        return False
    per_channel = shape.channels == whole.channels and set(shape.spatial) <= {1} and shape.rank in (0, whole.rank)
    return per_channel or (shape.channels == 1 and shape.spatial == whole.spatial)


class Add(_Elementwise, kind="add"):
    """Adds results number by number: the shortcut of a residual network.

    With a map it also takes a vector or a map of one cell with as many channels, and a map of one channel with the same sizes.
    Source: He et al. 2015, Deep Residual Learning.
    """

    also = ("sum", "eltwise", "residual", "shortcut", "plus")
    sums = True
    fuses_epilogue = True
    example = Example({"add": ["a", "b"]}, (Shape(3, 5, 2), Shape(3, 5, 2)), Shape(3, 5, 2))

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        return kernels.join.add(xs, run)


class Multiply(_Elementwise, kind="multiply"):
    """Multiplies results number by number: a gate.

    With a map it also takes a vector or a map of one cell with as many channels (a channel gate), and a map of one channel with
    the same sizes (a spatial gate). Source: Hu et al. 2017, Squeeze-and-Excitation; Woo et al. 2018, CBAM.
    """

    also = ("mul", "product", "times", "gate")
    fuses_epilogue = True
    example = Example({"multiply": ["a", "b"]}, (Shape(3, 5, 2), Shape(3, 5, 1)), Shape(3, 5, 2))

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

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        return kernels.join.multiply(xs, run)


class Maximum(_Elementwise, kind="maximum"):
    """Keeps the largest number at each place: maxout over results. Shapes as for `add`.

    Source: Goodfellow et al. 2013, Maxout Networks.
    """

    also = ("max", "elementwisemax")
    fuses_epilogue = True
    example = Example({"maximum": ["a", "b"]}, (Shape(3, 5, 2), Shape(2)), Shape(3, 5, 2))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return Saved(inputs=tuple(range(len(xs))))

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        return kernels.join.maximum(xs, run)


class Average(_Elementwise, kind="average"):
    """The mean of results, number by number. Shapes as for `add`."""

    also = ("mean", "elementwisemean")
    example = Example({"average": ["a", "b"]}, (Shape(3, 5, 2), Shape(3, 5, 2)), Shape(3, 5, 2))

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        return kernels.join.average(xs, run)


class _OfTwo(_Elementwise):
    """A join of exactly two results in a given order."""

    def join(self, shapes: tuple[Shape, ...]) -> Shape:
        if len(shapes) != 2:
            hint = f"; write a {self.kind} row for each pair" if len(shapes) > 2 else ""
            raise LayerError(f"{self.kind} joins exactly two results, got {len(shapes)}{hint}", field="names", rule="value")
        return super().join(shapes)


class Subtract(_OfTwo, kind="subtract"):
    """The first result minus the second, number by number: `subtract: b` is the row above minus b. Shapes as for `add`."""

    also = ("sub", "minus", "difference")
    fuses_epilogue = True
    example = Example({"subtract": ["a", "b"]}, (Shape(3, 5, 2), Shape(3, 5, 1)), Shape(3, 5, 2))

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        return kernels.join.subtract(xs, run)


class Divide(_OfTwo, kind="divide"):
    """The first result over the second, number by number: `divide: b` is the row above over b. Shapes as for `add`."""

    also = ("div", "quotient", "truediv")
    fuses_epilogue = True
    example = Example({"divide": ["a", "b"]}, (Shape(3, 5, 2), Shape(2)), Shape(3, 5, 2))

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return Saved(inputs=(0, 1) if grad.inputs[1] else (1,))

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        return kernels.join.divide(xs, run)


class MatMul(Join, kind="matmul"):
    """The matrix product of two sequences, L×C times C×M, as in attention written out: L×M.

    `transpose` swaps rows and columns of one of them first, `factor` multiplies the result. In maps, each matrix is the last
    spatial axis by the channels, and the axes before must be the same. MACs: L·C·M. Source: Vaswani et al. 2017, eq. 1.
    """

    also = ("batchmatmul", "bmm", "matrixproduct", "dotproduct")
    transpose: str = option(Choice("none", "first", "second"), "which of the two is transposed first", default="none")
    factor: float = option(Number(), "constant factor of the result", default=1.0, also=("scale",))
    example = Example({"matmul": ["a", "b"], "transpose": "second"}, (Shape(3, 5), Shape(7, 5)), Shape(3, 7))

    def join(self, shapes: tuple[Shape, ...]) -> Shape:
        if len(shapes) != 2:
            raise LayerError(f"matmul joins exactly two results, got {len(shapes)}", field="names", rule="value")
        for shape in shapes:
            if not shape.rank:
                raise LayerError("matmul needs sequences, length × channels, and {} is a vector", shape)
        a, b = shapes
        rows, inner = a[-2:] if self.transpose != "first" else a[:-3:-1]
        inner_too, columns = b[-2:] if self.transpose != "second" else b[:-3:-1]
        if a[:-2] != b[:-2]:
            raise Mismatch(0, 1, "matmul needs the same axes before the last two")
        if inner != inner_too:
            sides = {
                "none": "as many channels in the first as the second is long",
                "first": "two of the same length",
                "second": "as many channels in both",
            }
            raise Mismatch(0, 1, f"matmul needs {sides[self.transpose]}; {inner} ≠ {inner_too}")
        return Shape(*a[:-2], rows, columns)

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        # Each factor is kept for the gradient of the other. PyTorch reshapes many matrices to one batch of them first.
        many = isinstance(xs[0], Shape) and xs[0].rank > 1
        return Saved(inputs=tuple(i for i in (0, 1) if grad.inputs[1 - i]), packed=many)

    def joined_views(self, shapes: tuple[Shape, ...]) -> tuple[tuple[View, ...], ...]:
        a, b = shapes
        before = tuple(View(0, 0, 1, axis) for axis in range(a.rank - 1))
        rows = View.whole(a[-2]) if self.transpose == "first" else View(0, 0, 1, a.rank - 1)
        return (*before, rows), (*before, View.whole(b[-2]))

    def joined_macs(self, shapes: tuple[Shape, ...], y: Shape) -> int:
        return math.prod(y) * shapes[0][-2 if self.transpose == "first" else -1]

    def product(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> MatrixProduct:
        rows, columns = y[-2:]
        return MatrixProduct(rows, self.joined_macs(xs, y) // max(1, math.prod(y)), columns, 1)

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        first, second = xs
        return kernels.dense.matrix_product(first, second, self.transpose, self.factor)


class Concat(Join, kind="concat"):
    """Concatenates results along the channels, or along another `axis`; the other sizes must be the same.

    `concat: [stem, stage.*]` takes every copy of the repeated row stage. Inside a copy of stage, it takes the copies before that
    one, as the layers of a dense block do.
    Source: Szegedy et al. 2014, Going Deeper with Convolutions.
    """

    rises_with = ()
    also = ("concatenate", "cat", "merge", "depthconcat", "route")
    axis: str = option(AxisName(), "axis of the concatenation", default="channels", also=("dim",), rare=True)
    example = Example({"concat": ["a", "b"]}, (Shape(3, 5, 2), Shape(3, 5, 4)), Shape(3, 5, 6))

    def join(self, shapes: tuple[Shape, ...]) -> Shape:
        if not shapes:
            raise LayerError("concat joins nothing")
        place = axis_of(shapes[0], self.axis)
        if self.axis == "channels" and len({*map(_SPATIAL, {*shapes})}) == 1:
            return Shape(*shapes[0][:-1], sum(map(_CHANNELS, shapes)))
        for i, shape in enumerate(shapes):
            if shape.rank != shapes[0].rank or any(
                n != m for k, (n, m) in enumerate(zip(shape, shapes[0], strict=True)) if k != place
            ):
                needed = "the same spatial sizes" if self.axis == "channels" else f"the same sizes but for {self.axis}"
                raise Mismatch(0, i, f"concat needs {needed} from each")
        sizes = list(shapes[0])
        sizes[place] = sum(shape[place] for shape in shapes)
        return Shape(*sizes)

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        place = axis_of(Shape(*xs[0].shape[2:], xs[0].shape[1]), self.axis)
        return kernels.join.concat(xs, run, place - (xs[0].ndim - 1))
