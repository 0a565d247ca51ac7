"""Custom layers, for operators that the language has no word for."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping
from typing import Any

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.emit import Emitter, Made, Maker, Port
from cnncalc.formats.tensors.program import Operation, ProgramError, Value, written
from cnncalc.formats.tensors.view import MOST_AXES, Atom, Group, TensorView, default_order, flat
from cnncalc.shape import Shape

_WITHOUT_PRODUCTS = frozenset(
    ("gather", "unary", "binary", "reduce", "cumsum", "where", "slice", "reshape", "concat", "expand", "pad", "pool", "resize")
)
"""Operators that multiply and accumulate nothing, so that the MACs of a network with one of them are known."""

_PRODUCTS = re.compile(
    "mm|mv|dot|conv|linear|einsum|lstm|gru|rnn|attention|dist|dft|fft|qr|chol|inv|det|eig|svd|solve|kron|loop|scan|^if$|matrix|matmul"
)
"""Parts of names of operators of ATen and ONNX that may multiply and accumulate; all others do not."""


def without_products(operator: str) -> dict[str, int]:
    """The attribute `macs` of an operator of ATen or ONNX if it has none; empty if they are unknown."""
    return {} if _PRODUCTS.search(operator.lower()) else {"macs": 0}


def custom(emit: Emitter, views: dict[int, TensorView], leaving: Container[int], operation: Operation) -> None:
    """A layer with the operator's name, the shape of its result and the parameters that it owns."""
    makers: list[Maker] = []
    owned: dict[int, Constant] = {}
    for one in operation.inputs:
        if isinstance(one, Value) and id(one) in views:
            maker = views[id(one)].producer
            if maker not in makers:
                makers.append(maker)
        elif isinstance(one, Constant):
            owned |= {id(part): part for part in one.stored() if part.counts}
    name = operation.attributes.get("operator") or operation.attributes.get("function") or operation.op

    def read(value: Value) -> bool:
        return bool(value.users) or id(value) in leaving

    first = next((value for value in operation.outputs if read(value)), operation.outputs[0])
    for index, value in enumerate(operation.outputs):
        arrays = {f"{i}": part for i, part in enumerate(owned.values())} if value is first else {}
        if value.shape is None:
            made = Made("custom", {"operator": name, "output": None}, makers, arrays, operation)
            emit.layers.append(made)
            views[id(value)] = TensorView(made, ((Atom(1),),), ())
            continue
        if index and not read(value):
            continue
        if 0 in value.shape:
            raise ProgramError(f"{operation.title} gives the shape {written(value.shape)}; each size must be at least 1")
        view = result(views, value.shape, operation)
        sizes = view.sizes
        fields: dict[str, Any] = {"operator": name, "output": Shape(*sizes[1:], sizes[0])}
        macs = 0 if index else _macs(operation)
        if macs is not None:
            fields["macs"] = macs
        made = Made("custom", fields, makers, arrays, operation)
        emit.layers.append(made)
        views[id(value)] = view.on(made)


def result(views: Mapping[int, TensorView], shape: tuple[int, ...], operation: Operation) -> TensorView:
    """The view of a custom layer's result: its input's if the shapes are equal, else with the channels in their place."""
    nowhere = Port("")
    for one in operation.inputs:
        if isinstance(one, Value) and one.shape == shape and id(one) in views:
            view = views[id(one)]
            if not any(id(atom) not in {id(a) for axis in view.axes for a in axis} for atom in flat(view.dims)):
                return TensorView(nowhere, view.axes, view.dims)
    places = default_order(shape)
    kept = [shape[i] for i in places] or [1]
    if not places:
        return TensorView(nowhere, ((Atom(1),),), ((),) * len(shape))
    if len(kept) <= MOST_AXES:
        return TensorView.fresh(nowhere, kept, places, len(shape))
    dims: list[Group] = [(Atom(n),) if n != 1 else () for n in shape]
    groups = [dims[i] for i in places]
    while len(groups) > MOST_AXES:
        groups[1:3] = [groups[1] + groups[2]]
    return TensorView(nowhere, tuple(groups), tuple(dims))


def _macs(operation: Operation) -> int | None:
    """The MACs of an operator that becomes a custom layer, None if they are unknown."""
    if operation.op in _WITHOUT_PRODUCTS:
        return 0
    if "macs" in operation.attributes:
        known: int = operation.attributes["macs"]
        return known
    x, weight = operation.input(0), operation.input(1)
    if x is None or weight is None or not x.shape or not weight.shape or operation.output.shape is None:
        return None
    if operation.op in ("conv", "conv_transpose"):
        # Each position of the output, of a transposed convolution of the input, meets the weights of its filter, or channel.
        met = x.shape if operation.op == "conv_transpose" else operation.output.shape
        return math.prod(met) * math.prod(weight.shape[1:])
    if operation.op in ("matmul", "linear"):
        return math.prod(operation.output.shape) * x.shape[-1]
    return None
