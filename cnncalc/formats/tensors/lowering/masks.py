"""Tensors chosen by a constant mask."""

from __future__ import annotations

import math

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.emit import Cannot
from cnncalc.formats.tensors.lower import Lowering, lowers
from cnncalc.formats.tensors.lowering.pointwise import joined
from cnncalc.formats.tensors.program import Operation, Shape, Value
from cnncalc.formats.tensors.view import TensorView


@lowers("where")
def where(low: Lowering, o: Operation) -> None:
    """One of two tensors by a constant mask m of zeros and ones: m·x + (1 − m)·y; −∞ is added as it is."""
    mask, x, y = o.inputs
    shape = o.output.shape or ()
    if not isinstance(mask, Constant) or x is None or y is None:
        raise Cannot("a mask that is computed")
    if any(isinstance(one, Value) and one.made_by is not None and one.made_by.op == "softmax" for one in (x, y)):
        # A softmax of −∞ alone is no number, and would stay none after the product with 0.
        raise Cannot("numbers that may be none")
    if mask.data is not None:
        # Numbers that are only compared are not learned.
        mask = Constant(mask.shape, "bool", mask.data)
    if isinstance(x, Value) and isinstance(y, Value):
        kept = _masked(low, "multiply", low.view(x), _chosen(mask, 1.0, 0.0), shape)
        rest = _masked(low, "multiply", low.view(y), _chosen(mask, 0.0, 1.0), shape)
        low.give(o, joined(low, "add", kept, rest, shape))
        return
    value, constant, inside = (x, y, True) if isinstance(x, Value) else (y, x, False)
    number = constant.scalar if isinstance(constant, Constant) else None
    if not isinstance(number, (int, float)) or math.isnan(number):
        raise Cannot("a mask of numbers")
    view = low.view(value)
    if not math.isinf(number):
        ones = (1.0, 0.0) if inside else (0.0, 1.0)
        view = _masked(low, "multiply", view, _chosen(mask, *ones), shape)
    if number:
        numbers = (0.0, float(number)) if inside else (float(number), 0.0)
        view = _masked(low, "add", view, _chosen(mask, *numbers), shape)
    low.give(o, view)


def _chosen(mask: Constant, inside: float, outside: float) -> Constant:
    """A number where the mask is true, another elsewhere."""
    numbers = tuple(Constant((), "float", [number]) for number in (inside, outside))
    return Constant(mask.shape, "float", op="where", args=(mask, *numbers))


def _masked(low: Lowering, function: str, view: TensorView, mask: Constant, shape: Shape) -> TensorView:
    return joined(low, function, view.padded(len(shape)), low.parameter(mask), shape)
