"""Self-attention of several heads that is written as linear layers, products and a softmax.

Where each number of a tensor comes from is followed through reshapes, transpositions and slices by atoms, as in `view`, so that
every arrangement that computes the same is found.

Source: Vaswani et al. 2017, sec. 3.2.2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.emit import Port
from cnncalc.formats.tensors.program import Operation, Program, Tensor, Value
from cnncalc.formats.tensors.view import Atom, Group, TensorView, size_of, whole

_NOWHERE = Port("")


class _Path(NamedTuple):
    """A rearranged tensor: the operator that made the original, the operators that rearrange it, and a factor."""

    source: Operation
    steps: list[Operation]
    factor: float


class _Projection(NamedTuple):
    """Queries, keys or values: the linear layer, its places and channels as (heads, dimension) and the rows of its weights."""

    linear: Operation
    steps: list[Operation]
    heads: int
    rows: Constant | None
    weight: Constant
    bias: Constant | None


def recognise(program: Program) -> bool:
    """Replaces self-attention; whether there was any."""
    leaving = program.outputs_of()
    found = [_replaced(o, leaving) for o in program.operations if o.op == "linear"]
    return any(found)


def _path(tensor: Tensor | None, leaving: set[int]) -> _Path | None:
    """The rearrangement that makes a tensor from another operator's result; None for an input of the network."""
    steps: list[Operation] = []
    factor = 1.0
    while isinstance(tensor, Value) and (maker := tensor.made_by) is not None:
        if id(tensor) in leaving:
            return None
        scaled = _factor(maker)
        if maker.op in ("reshape", "transpose", "slice", "identity", "dropout"):
            steps.append(maker)
        elif scaled is not None:
            factor *= scaled
        else:
            return _Path(maker, steps[::-1], factor)
        tensor = next(one for one in maker.inputs if isinstance(one, Value))
    return None


def _factor(operation: Operation) -> float | None:
    """The number that an operator multiplies by."""
    a = operation.attributes
    if operation.op == "unary" and a["function"] == "affine" and a["offset"] == 0:
        return float(a["factor"])
    if operation.op == "binary" and a["function"] in ("multiply", "divide"):
        number = operation.inputs[1] if isinstance(operation.inputs[1], Constant) else operation.inputs[0]
        if a["function"] == "divide" and number is not operation.inputs[1]:
            return None
        value = number.scalar if isinstance(number, Constant) and operation.output.shape == _value_of(operation).shape else None
        if isinstance(value, (int, float)) and value:
            return float(value) if a["function"] == "multiply" else 1 / value
    return None


def _value_of(operation: Operation) -> Value:
    return next(one for one in operation.inputs if isinstance(one, Value))


def _replay(view: TensorView, steps: list[Operation], chosen: dict[int, int]) -> TensorView | None:
    """The view after rearrangements. A slice of one place of a whole atom is noted in `chosen`."""
    for step in steps:
        shape = step.output.shape or ()
        found: TensorView | None = view
        if step.op == "transpose":
            found = view.transposed(step.attributes["axes"])
        elif step.op == "reshape":
            found = view.reshaped(shape)
        elif step.op == "slice":
            found = _sliced(view, step, chosen)
        if found is None or found.shape != shape:
            return None
        view = found
    return view


def _sliced(view: TensorView, step: Operation, chosen: dict[int, int]) -> TensorView | None:
    """The view of one of several equal parts of an axis."""
    axis, start, count = (step.attributes[name] for name in ("axis", "start", "count"))
    size = size_of(view.dims[axis])
    if step.attributes["step"] != 1 or size % count or start % count:
        return None
    shape = view.shape
    parts = view.reshaped((*shape[:axis], size // count, count, *shape[axis + 1 :]))
    group = whole(parts.dims[axis]) if parts is not None else ()
    if parts is None or len(group) != 1:
        return None
    chosen[id(group[0])] = start // count
    dims = (*parts.dims[:axis], *parts.dims[axis + 1 :])
    return TensorView(parts.producer, parts.axes, dims)


def _projection(tensor: Tensor | None, order: str, leaving: set[int]) -> tuple[_Projection, float] | None:
    """A linear layer whose channels are split into heads; `order` is that of heads, places and dimension in the tensor."""
    path = _path(tensor, leaving)
    if path is None or path.source.op != "linear" or not isinstance(tensor, Value):
        return None
    out = path.source.output
    shape = out.shape or ()
    weight, bias = path.source.inputs[1], path.source.input(2)
    if not isinstance(weight, Constant) or not (bias is None or isinstance(bias, Constant)):
        return None
    axes: tuple[Group, ...] = tuple((Atom(n),) if n != 1 else () for n in shape)
    chosen: dict[int, int] = {}
    view = _replay(TensorView(_NOWHERE, axes, axes), path.steps, chosen)
    if view is None:
        return None
    places: Group = tuple(atom for axis in view.axes[:-1] for atom in axis)
    channels = view.axes[-1]
    dims = [whole(dim) for dim in view.dims if whole(dim)]
    picked = [i for i, atom in enumerate(channels) if id(atom) in chosen]
    inner = tuple(atom for atom in channels if id(atom) not in chosen)
    if len(picked) > 1 or len(inner) != 2 or len(dims) != 3:
        return None
    wanted = {"h": (inner[0],), "l": places, "d": (inner[1],)}
    if [list(dim) for dim in dims] != [list(wanted[letter]) for letter in order]:
        return None
    heads, rows = inner[0].size, None
    if picked:
        # The rows of one part of a packed projection.
        place, index = picked[0], chosen[id(channels[picked[0]])]
        sizes = tuple(atom.size for atom in channels)
        weight = _part(weight, sizes, place, index)
        bias = _part(bias, sizes, place, index) if bias is not None else None
    return _Projection(path.source, path.steps, heads, rows, weight, bias), path.factor


def _part(array: Constant, sizes: tuple[int, ...], place: int, index: int) -> Constant:
    """One of the parts that the rows of an array consist of."""
    rest = array.shape[1:]
    split = Constant((*sizes, *rest), array.dtype, op="reshape", args=(array,))
    kept = (*sizes[:place], 1, *sizes[place + 1 :], *rest)
    attributes = {"axis": place, "start": index, "count": 1, "step": 1}
    part = Constant(kept, array.dtype, op="slice", args=(split,), attributes=attributes)
    return Constant((math.prod(kept[: len(sizes)]), *rest), array.dtype, op="reshape", args=(part,))


def _replaced(out: Operation, leaving: set[int]) -> bool:
    """Makes the last linear layer of self-attention the whole of it."""
    mixed = _path(out.inputs[0], leaving)
    if mixed is None or mixed.source.op != "matmul" or mixed.factor != 1:
        return False
    second = mixed.source
    scores = _path(second.inputs[0], leaving)
    if scores is None or scores.source.op != "softmax" or scores.factor != 1 or not _plain(scores.steps):
        return False
    softmax = scores.source
    if softmax.attributes["axis"] != len(softmax.output.shape or ()) - 1:
        return False
    products = _path(softmax.inputs[0], leaving)
    if products is None or products.source.op != "matmul" or not _plain(products.steps):
        return False
    first = products.source
    q, k, v = (
        _projection(first.inputs[0], "hld", leaving), _projection(first.inputs[1], "hdl", leaving),
        _projection(second.inputs[1], "hld", leaving),
    )  # fmt: skip
    if q is None or k is None or v is None or v[1] != 1:
        return False
    parts = (q[0], k[0], v[0])
    x = q[0].linear.inputs[0]
    heads, width = q[0].heads, q[0].weight.shape[0]
    weight, bias = out.inputs[1], out.input(2)
    if not isinstance(x, Value) or not isinstance(weight, Constant) or any(one.linear.inputs[0] is not x for one in parts):
        return False
    if any(one.heads != heads or one.weight.shape != (width, width) for one in parts) or weight.shape != (width, width):
        return False
    if bias is not None and not isinstance(bias, Constant):
        return False
    biases = [one.bias for one in parts]
    if any((one is None) != (bias is None) for one in biases):
        return False
    if not math.isclose(q[1] * k[1] * products.factor, (width // heads) ** -0.5, rel_tol=1e-4):
        return False
    if not _joined(second, mixed.steps, heads) or not _once(out, second, softmax, first, leaving):
        return False
    arrays: list[Constant | None] = [_stacked([one.weight for one in parts]), None, weight, None]
    if bias is not None:
        arrays[1], arrays[3] = _stacked([one for one in biases if one is not None]), bias
    out.op, out.inputs, out.attributes = "attention", [x, *arrays], {"heads": heads}
    if softmax.attributes.get("stored"):
        rates = [float(step.attributes.get("rate", 0.5)) for step in scores.steps if step.op == "dropout"]
        out.attributes |= {"fused": False, "score_dropout": max(rates, default=0.0)}
    module = _module([first.path, second.path, softmax.path, out.path])
    if module:
        out.path = module
    return True


def _plain(steps: list[Operation]) -> bool:
    """Whether rearrangements only drop or add axes of size 1, or join axes in front, so that the last two stay."""
    for step in steps:
        before, after = _value_of(step).shape or (), step.output.shape or ()
        if step.op not in ("identity", "dropout", "reshape") or before[-2:] != after[-2:]:
            return False
    return True


def _joined(product: Operation, steps: list[Operation], heads: int) -> bool:
    """Whether the heads of a product are concatenated along the channels in the end."""
    shape = product.output.shape or ()
    axes: tuple[Group, ...] = tuple((Atom(n),) if n != 1 else () for n in shape)
    view = _replay(TensorView(_NOWHERE, axes, axes), steps, {})
    if view is None:
        return False
    dims = [whole(dim) for dim in view.dims if whole(dim)]
    front = tuple(atom for axis in view.axes[:-2] for atom in axis)
    return size_of(front) == heads and dims == [view.axes[-2], front + view.axes[-1]]


def _once(out: Operation, second: Operation, softmax: Operation, first: Operation, leaving: set[int]) -> bool:
    """Whether nothing else reads the scores or the mixture."""
    return (
        all(len(operation.output.users) == 1 and id(operation.output) not in leaving for operation in (second, softmax, first))
        and len(_value_of(out).users) == 1
    )


def _stacked(arrays: list[Constant]) -> Constant:
    """The concatenated arrays; the original array if they are its parts."""
    first = arrays[0]
    whole_array = first.args[0].args[0].args[0] if first.op == "reshape" and first.args[0].op == "slice" else None
    if whole_array is not None and len(first.args[0].shape) == len(first.shape) + 2:
        starts = [one.args[0].attributes["start"] if one.op == "reshape" else -1 for one in arrays]
        same = all(one.op == "reshape" and one.args[0].args and one.args[0].args[0].args[0] is whole_array for one in arrays)
        if same and starts == [0, 1, 2] and all(one.args[0].attributes["axis"] == 0 for one in arrays):
            return whole_array
    shape = (sum(one.shape[0] for one in arrays), *first.shape[1:])
    return Constant(shape, first.dtype, op="concat", args=tuple(arrays), attributes={"axis": 0})


def _module(paths: list[str]) -> str:
    """The module that all of these lie in."""
    parts = [path.split(".") for path in paths]
    shared = []
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return ".".join(shared)
