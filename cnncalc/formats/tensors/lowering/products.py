"""Products of matrices, linear layers, embeddings and recurrent layers."""

from __future__ import annotations

from typing import Any

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.custom import result
from cnncalc.formats.tensors.emit import Cannot, Made, Port
from cnncalc.formats.tensors.lower import Lowering, lowers
from cnncalc.formats.tensors.program import Operation, Value
from cnncalc.formats.tensors.view import Atom, Group, Groups, TensorView, aligned, flat, whole
from cnncalc.shape import Shape


@lowers("matmul")
def matmul(low: Lowering, o: Operation) -> None:
    first, second = o.inputs
    if isinstance(second, Constant) and _is_weight(second) and isinstance(first, Value):
        view = low.view(first)
        low.give(o, linear(low, view, len(view.dims) - 1, _turned(second), None, o))
        return
    if isinstance(first, Constant) and _is_weight(first) and isinstance(second, Value):
        # W·x is linear over the last axis but one.
        view = low.view(second)
        low.give(o, linear(low, view, len(view.dims) - 2, _flattened(first), None, o))
        return
    low.give(o, product(low, low.view(first), low.view(second)))


@lowers("linear")
def linear_(low: Lowering, o: Operation) -> None:
    """Over the last axis, with weights (units, channels), as PyTorch keeps them."""
    view, weight, bias = low.view(o.inputs[0]), o.inputs[1], o.input(2)
    if not isinstance(weight, Constant):
        raise Cannot("weights that are computed")
    low.give(o, linear(low, view, len(view.dims) - 1, weight, bias, o))


@lowers("attention")
def attention(low: Lowering, o: Operation) -> None:
    """Self-attention over the last axis; the others together are its places."""
    view = low.real(low.view(o.inputs[0]))
    places: Group = tuple(atom for dim in view.dims[:-1] for atom in whole(dim))
    view = low.arranged(view, [whole(view.dims[-1]), places])
    names = ("in_proj_weight", "in_proj_bias", "out_proj_weight", "out_proj_bias")
    arrays = {name: one for name, one in zip(names, o.inputs[1:], strict=True) if isinstance(one, Constant)}
    made = low.layer("attention", {**o.attributes, "bias": len(arrays) == 4}, [view], arrays)
    channels: Group = (Atom(view.sizes[0]),)
    shape = o.output.shape or ()
    dims: list[Group] = [()] * len(shape)
    long = [i for i, n in enumerate(shape[:-1]) if n != 1]
    if len(long) != 1:
        raise Cannot("places along several axes")
    dims[long[0]], dims[-1] = places, channels
    low.give(o, TensorView(made, (channels, places), tuple(dims)))


def _is_weight(constant: Constant) -> bool:
    """Whether a constant is a matrix of weights, and not a result of layers on a learned array, such as queries."""
    return len(_matrix(constant)) == 2 and all(one.op != "linear" for one in constant.parts())


def _matrix(constant: Constant) -> tuple[int, ...]:
    """The sizes of a matrix without axes of size 1 in front."""
    shape = constant.shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _flattened(constant: Constant) -> Constant:
    shape = _matrix(constant)
    return constant if shape == constant.shape else Constant(shape, constant.dtype, op="reshape", args=(constant,))


def _turned(constant: Constant) -> Constant:
    """The transposed matrix; of a transposed one, the one it was made from."""
    matrix = _flattened(constant)
    if matrix.op == "transpose" and matrix.attributes.get("axes") == (1, 0):
        return matrix.args[0]
    return Constant(matrix.shape[::-1], matrix.dtype, op="transpose", args=(matrix,), attributes={"axes": (1, 0)})


def linear(low: Lowering, view: TensorView, dim: int, weight: Constant, bias: Any, o: Operation) -> TensorView:
    """A linear layer over one axis of the tensor; its units take the place of that axis."""
    from cnncalc.formats.tensors.lowering.windows import real_bias

    bias = real_bias(bias)
    units = weight.shape[0]
    # Axes of size 1 in the array are no places: a vector is a vector.
    view = low.with_channels(view, dim)
    if len(flat(view.axes[1:])) == 0 and len(view.axes) > 1:
        view = low.arranged(view, [whole(view.axes[0])])
    kind = "fc" if len(view.axes) == 1 else "linear"
    weights = {"weight": weight} if bias is None else {"weight": weight, "bias": _vector(bias)}
    made = low.layer(kind, {"units": units, "bias": bias is not None}, [view], weights)
    channels: Group = (Atom(units),)
    dims = list(view.dims)
    dims[dim] = channels
    return TensorView(made, (channels, *view.axes[1:]), tuple(dims))


def _vector(constant: Constant) -> Constant:
    return constant if len(constant.shape) == 1 else Constant((constant.size,), constant.dtype, op="reshape", args=(constant,))


def product(low: Lowering, a: TensorView, b: TensorView) -> TensorView:
    """The product of two tensors over the last axis of one and the last but one of the other."""
    rank = max(len(a.dims), len(b.dims))
    a, b = a.padded(rank), b.padded(rank)
    batch = range(rank - 2)
    only_a = [i for i in batch if whole(a.dims[i]) and not whole(b.dims[i])]
    only_b = [i for i in batch if whole(b.dims[i]) and not whole(a.dims[i])]
    shared = [i for i in batch if whole(a.dims[i]) and whole(b.dims[i])]
    if only_a and only_b:
        raise Cannot("both are repeated")
    cut = _cut(a, b, shared)
    if cut is None:
        raise Cannot("factors")
    a, b = cut
    rows: Group = tuple(atom for i in only_a for atom in whole(a.dims[i])) + whole(a.dims[-2])
    inner_a, inner_b = whole(a.dims[-1]), whole(b.dims[-2])
    columns: Group = tuple(atom for i in only_b for atom in whole(b.dims[i])) + whole(b.dims[-1])
    both_a = tuple(atom for i in shared for atom in whole(a.dims[i]))
    both_b = tuple(atom for i in shared for atom in whole(b.dims[i]))
    front_a, front_b = ([both_a], [both_b]) if both_a else ([], [])
    # Either may lie the other way round in its array.
    turned_a = _channels_in(a, rows) and not _channels_in(a, inner_a)
    turned_b = _channels_in(b, inner_b) and not _channels_in(b, columns)
    if turned_a and turned_b:
        turned_a = False
    a = low.arranged(a, [rows, *front_a, inner_a] if turned_a else [inner_a, *front_a, rows])
    b = low.arranged(b, [inner_b, *front_b, columns] if turned_b else [columns, *front_b, inner_b])
    fields = {"transpose": "first"} if turned_a else {"transpose": "second"} if turned_b else {}
    made = low.layer("matmul", fields, [a, b])
    # Both may be parts of one tensor and share atoms; in the result an atom stands once.
    new = {id(atom): Atom(atom.size) for atom in columns}
    renewed = {i: tuple(new[id(atom)] for atom in whole(b.dims[i])) for i in (*only_b, rank - 1)}
    axes = (tuple(new[id(atom)] for atom in columns), *front_a, rows)
    dims = [renewed[i] if i in only_b else a.dims[i] for i in batch]
    return TensorView(made, axes, (*dims, a.dims[-2], renewed[rank - 1]))


def _cut(a: TensorView, b: TensorView, shared: list[int]) -> tuple[TensorView, TensorView] | None:
    """Both with the axes that they share cut alike."""
    pair = aligned(
        TensorView(a.producer, a.axes, tuple(a.dims[i] for i in shared)),
        TensorView(b.producer, b.axes, tuple(b.dims[i] for i in shared)),
    )
    if pair is None:
        return None

    def filled(view: TensorView, part: TensorView) -> TensorView:
        dims = list(view.dims)
        for i, dim in zip(shared, part.dims, strict=True):
            dims[i] = dim
        return TensorView(part.producer, part.axes, tuple(dims))

    return filled(a, pair[0]), filled(b, pair[1])


def _channels_in(view: TensorView, group: Group) -> bool:
    """Whether the channels of the array are, or begin with, these atoms."""
    inside = {id(atom) for atom in group}
    return any(id(atom) in inside for atom in whole(view.axes[0]))


@lowers("embedding")
def embedding(low: Lowering, o: Operation) -> None:
    ids, table = o.inputs
    view = low.view(ids)
    if not isinstance(table, Constant) or not (isinstance(view.producer, Port) and view.producer.tokens):
        raise Cannot("ids that are computed")
    channels: Group = (Atom(table.shape[1]),)
    made = low.layer("embedding", {"dimension": table.shape[1]}, [view], {"weight": table})
    low.give(o, TensorView(made, (channels, view.axes[0]), (*view.dims, channels)))


_ORDERS = {"lstm": (0, 2, 3, 1), "gru": (1, 0, 2), "rnn": (0,)}
"""Places in ONNX's order of gates of the gates in PyTorch's: i o f c → i f g o, z r h → r z n."""


@lowers("recurrent")
def recurrent(low: Lowering, o: Operation) -> None:
    a = o.attributes
    kind, hidden, directions = a["kind"], a["hidden"], a["directions"]
    if a["reverse"] or (kind == "gru" and not a["linear_before_reset"]):
        raise Cannot("another order of steps or gates")
    bias = o.input(3)
    view = low.view(o.inputs[0])
    length = 1 if a["batch_first"] else 0
    if whole(view.dims[1 - length]):
        raise Cannot("more than one example")
    steps: Group = whole(view.dims[length])
    view = low.arranged(view, [view.dims[2], view.dims[length]])
    weights = _recurrent_weights(o, kind, hidden, directions, bias)
    base: dict[str, Any] = {"hidden": hidden}
    if directions == 2:
        base["bidirectional"] = True
    if bias is None:
        base["biases"] = 0
    first = None
    for index, returns in ((0, "sequence"), (1, "last")):
        value = o.outputs[index]
        if not value.users and id(value) not in low.leaving:
            continue
        side: Group = (Atom(directions),) if directions > 1 else ()
        width: Group = (Atom(hidden),)
        channels = side + width
        if first is not None:
            state = _last(low, TensorView(first, (channels, view.axes[1]), (view.dims[length], side, width)))
            side, width = state.dims
            low.give(
                o, TensorView(state.producer, state.axes, ((), side, width) if a["batch_first"] else (side, (), width)), index
            )
            continue
        first = made = low.layer(kind, base | {"return": returns}, [view], weights)
        if index == 0:
            axes: Groups = (channels, view.axes[1])
            dims: Groups = ((), view.dims[length], side, width) if a["batch_first"] else (view.dims[length], side, (), width)
        else:
            axes = (channels,)
            dims = ((), side, width) if a["batch_first"] else (side, (), width)
        low.give(o, TensorView(made, axes, dims), index)
    if not steps:
        raise Cannot("no steps")
    _state(low, o, 2, view, first)


def _last(low: Lowering, view: TensorView) -> TensorView:
    """The state after the last step, from all of them: (directions, hidden). The second direction ends at the first step."""
    from cnncalc.formats.tensors.lowering.moves import concatenated, sliced

    steps, directions, _ = view.shape
    if directions == 1:
        last = sliced(low, view, 0, steps - 1, 1, 1)
        return TensorView(last.producer, last.axes, last.dims[1:])
    forward = sliced(low, sliced(low, view, 1, 0, 1, 1), 0, steps - 1, 1, 1)
    backward = sliced(low, sliced(low, view, 1, 1, 1, 1), 0, 0, 1, 1)
    both = concatenated(low, [forward, backward], 1)
    return TensorView(both.producer, both.axes, both.dims[1:])


def _state(low: Lowering, o: Operation, index: int, view: TensorView, layer: Made | None) -> None:
    """A state that the recurrent layer does not return, as a custom layer next to it."""
    value = o.outputs[index]
    if not value.users and id(value) not in low.leaving:
        return
    if layer is None or value.shape is None:
        raise Cannot("a state without its layer")
    found = result(low.views, value.shape, o)
    sizes = found.sizes
    fields = {"operator": f"{layer.kind}_state", "output": Shape(*sizes[1:], sizes[0]), "macs": 0}
    low.give(o, found.on(low.layer("custom", fields, [view])), index)


def _recurrent_weights(o: Operation, kind: str, hidden: int, directions: int, bias: Any) -> dict[str, Constant]:
    w, r = o.inputs[1], o.inputs[2]
    assert isinstance(w, Constant)
    assert isinstance(r, Constant)
    found = {}
    for direction in range(directions):
        suffix = "_l0_reverse" if direction else "_l0"
        parts: list[tuple[str, Constant, int | None]] = [("weight_ih", w, None), ("weight_hh", r, None)]
        if bias is not None:
            parts += [("bias_ih", bias, 0), ("bias_hh", bias, 1)]
        for name, one, half in parts:
            gates = len(_ORDERS[kind])
            shape = (gates * hidden, *one.shape[2:]) if half is None else (gates * hidden,)
            attributes = {"direction": direction, "order": _ORDERS[kind], "hidden": hidden, "half": half}
            found[name + suffix] = Constant(shape, "float", op="gates", args=(one,), attributes=attributes)
    return found


@lowers("stacked")
def stacked(low: Lowering, o: Operation) -> None:
    """PyTorch's recurrent layers: several layers and directions, with arrays in the order of its names."""
    a = o.attributes
    view = low.view(o.inputs[0])
    length = 1 if a["batch_first"] else 0
    if whole(view.dims[1 - length]):
        raise Cannot("more than one example")
    view = low.arranged(view, [view.dims[2], view.dims[length]])
    arrays = [one for one in o.inputs[1:] if isinstance(one, Constant)]
    names = [
        f"{array}_l{layer}{side}"
        for layer in range(a["layers"])
        for side in (("", "_reverse") if a["bidirectional"] else ("",))
        for array in (("weight_ih", "weight_hh", "bias_ih", "bias_hh") if a["biases"] else ("weight_ih", "weight_hh"))
    ]
    if len(names) != len(arrays):
        raise Cannot("projections")
    fields: dict[str, Any] = {"hidden": a["hidden"], "layers": a["layers"], "bidirectional": a["bidirectional"]}
    if a["biases"] != 2:
        fields["biases"] = a["biases"]
    first = None
    side: Group = (Atom(2),) if a["bidirectional"] else ()
    width: Group = (Atom(a["hidden"]),)
    for index, returns in ((0, "sequence"), (1, "last")):
        value = o.outputs[index]
        if not value.users and id(value) not in low.leaving:
            continue
        if index and a["layers"] > 1:
            # The last states of all layers.
            _state(low, o, index, view, first)
            continue
        outer: Group = side + width
        if first is not None:
            state = _last(low, TensorView(first, (outer, view.axes[1]), (view.dims[length], side, width)))
            low.give(o, TensorView(state.producer, state.axes, (state.dims[0], (), state.dims[1])), index)
            continue
        first = made = low.layer(a["kind"], fields | {"return": returns}, [view], dict(zip(names, arrays, strict=True)))
        if index == 0:
            dims = ((), view.dims[length], outer) if a["batch_first"] else (view.dims[length], (), outer)
            low.give(o, TensorView(made, (outer, view.axes[1]), dims), index)
        else:
            low.give(o, TensorView(made, (side + width,), (side, (), width)), index)
    for index in range(2, len(o.outputs)):
        _state(low, o, index, view, first)
