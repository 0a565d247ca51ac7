"""Layer and RMS normalisation written out as means, differences and roots, and the factors and offsets after a normalisation."""

from __future__ import annotations

import math

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Operation, Program, Tensor, Value


def recognise(program: Program) -> bool:
    """Replaces written-out normalisation, and merges its factors and offsets into it; whether there was any."""
    leaving = program.outputs_of()
    found = False
    for operation in program.operations:
        if operation.op != "binary":
            continue
        match = _layernorm(operation) or _rmsnorm(operation)
        if match is not None:
            op, x, axes, epsilon = match
            operation.op = op
            operation.inputs = [x, None, None] if op == "layernorm" else [x, None]
            operation.attributes = {"axes": axes, "epsilon": epsilon}
            found = True
    if found:
        program.link()
    for operation in program.operations:
        if operation.op in ("layernorm", "rmsnorm", "groupnorm") and "axes" in operation.attributes:
            found = _with_affine(operation, leaving) or found
    return found


def made_by(tensor: Tensor | None, op: str, function: str | None = None) -> Operation | None:
    """The operator that made a value, if it is of this kind."""
    maker = tensor.made_by if isinstance(tensor, Value) else None
    if maker is None or maker.op != op or (function is not None and maker.attributes.get("function") != function):
        return None
    return maker


def square_of(tensor: Tensor | None) -> Value | None:
    """The value whose square this is."""
    if (o := made_by(tensor, "unary", "square")) is not None:
        return _value(o.inputs[0])
    if (o := made_by(tensor, "unary", "power")) is not None and o.attributes["exponent"] == 2:
        return _value(o.inputs[0])
    if (o := made_by(tensor, "binary", "power")) is not None and _number(o.inputs[1]) == 2:
        return _value(o.inputs[0])
    if (o := made_by(tensor, "binary", "multiply")) is not None and o.inputs[0] is o.inputs[1]:
        return _value(o.inputs[0])
    return None


def _value(tensor: Tensor | None) -> Value | None:
    return tensor if isinstance(tensor, Value) else None


def _number(tensor: Tensor | None) -> float | None:
    found = tensor.scalar if isinstance(tensor, Constant) else None
    return float(found) if isinstance(found, (int, float)) else None


def plus_number(tensor: Tensor | None) -> tuple[Value, float] | None:
    """A value and the small number that is added to it."""
    if (o := made_by(tensor, "binary", "add")) is not None:
        for value, number in (o.inputs, o.inputs[::-1]):
            found = _number(number)
            if isinstance(value, Value) and found is not None:
                return value, found
    if (o := made_by(tensor, "unary", "affine")) is not None and o.attributes["factor"] == 1:
        value = o.inputs[0]
        if isinstance(value, Value):
            return value, o.attributes["offset"]
    return None


def root_of(tensor: Tensor | None) -> Value | None:
    """The value whose root this is."""
    if (o := made_by(tensor, "unary", "sqrt")) is not None:
        return _value(o.inputs[0])
    if (o := made_by(tensor, "binary", "power")) is not None and _number(o.inputs[1]) == 0.5:
        return _value(o.inputs[0])
    return None


def _over_root(operation: Operation) -> tuple[Value, Value, float] | None:
    """Of d / √(v + ε), in any way it is written: d, v and ε."""
    function = operation.attributes["function"]
    root: Value | None = None
    pairs: list[tuple[Tensor | None, Tensor | None]] = []
    if function == "divide":
        pairs = [(operation.inputs[0], operation.inputs[1])]
    elif function == "multiply":
        for top, other in (operation.inputs, operation.inputs[::-1]):
            if (inverse := made_by(other, "unary", "reciprocal")) is not None:
                pairs.append((top, inverse.inputs[0]))
            elif (power := made_by(other, "binary", "power")) is not None and _number(power.inputs[1]) == -0.5:
                found = plus_number(power.inputs[0])
                if found is not None and isinstance(top, Value):
                    return top, *found
    for top, bottom in pairs:
        root = root_of(bottom)
        found = plus_number(root)
        if found is not None and isinstance(top, Value):
            return top, *found
    return None


def _mean(tensor: Tensor | None) -> tuple[Value, tuple[int, ...]] | None:
    o = made_by(tensor, "reduce", "mean")
    if o is None or not o.attributes["keep"]:
        return None
    value = o.inputs[0]
    return (value, o.attributes["axes"]) if isinstance(value, Value) else None


def _centred(value: Value) -> tuple[Value, tuple[int, ...]] | None:
    """Of x − mean(x): x and the axes."""
    o = made_by(value, "binary", "subtract")
    if o is None or not isinstance(o.inputs[0], Value):
        return None
    mean = _mean(o.inputs[1])
    return (mean[0], mean[1]) if mean is not None and mean[0] is o.inputs[0] else None


def _layernorm(operation: Operation) -> tuple[str, Value, tuple[int, ...], float] | None:
    parts = _over_root(operation)
    if parts is None:
        return None
    difference, variance, epsilon = parts
    centred = _centred(difference)
    if centred is None:
        return None
    x, axes = centred
    mean = _mean(variance)
    if mean is None or mean[1] != axes or not _on_channels(x, axes):
        return None
    square = square_of(_of_mean(variance))
    again = _centred(square) if square is not None else None
    if square is not difference and (again is None or again[0] is not x or again[1] != axes):
        return None
    return "layernorm", x, axes, epsilon


def _of_mean(value: Value) -> Tensor | None:
    assert value.made_by is not None
    return value.made_by.inputs[0]


def _rmsnorm(operation: Operation) -> tuple[str, Value, tuple[int, ...], float] | None:
    parts = _over_root(operation)
    if parts is None:
        return None
    x, variance, epsilon = parts
    mean = _mean(variance)
    if mean is None or len(mean[1]) != 1:
        return None
    return ("rmsnorm", x, mean[1], epsilon) if square_of(_of_mean(variance)) is x else None


def _on_channels(x: Value, axes: tuple[int, ...]) -> bool:
    """Whether these axes are those of a layer normalisation: one axis, or the last ones."""
    rank = len(x.shape or ())
    return len(axes) == 1 or tuple(axes) == tuple(range(rank - len(axes), rank))


def _with_affine(operation: Operation, leaving: set[int]) -> bool:
    """Takes the factors, and then the offsets, that follow a normalisation into it."""
    changed = False
    steps = [("multiply", 1), ("add", 2)] if operation.op != "rmsnorm" else [("multiply", 1)]
    for function, place in steps:
        out = operation.output
        if operation.inputs[place] is not None or id(out) in leaving or len(out.users) != 1:
            continue
        if place == 2 and operation.inputs[1] is None:
            continue
        user = out.users[0]
        if user.op != "binary" or user.attributes["function"] != function or user.output.shape != out.shape:
            continue
        constant = next((one for one in user.inputs if isinstance(one, Constant)), None)
        if constant is None or not _lies_along(constant, operation):
            continue
        operation.inputs[place] = constant
        # The layer replaces the operator after it.
        made = user.output
        user.op, user.inputs, user.attributes = operation.op, operation.inputs, operation.attributes
        operation.op = "identity"
        operation.inputs = [operation.inputs[0]]
        operation = user
        operation.outputs = [made]
        changed = True
    return changed


def _lies_along(constant: Constant, operation: Operation) -> bool:
    """Whether an array has a number for each of those that are normalised together."""
    shape = operation.output.shape or ()
    axes = operation.attributes["axes"]
    sizes = (1,) * (len(shape) - len(constant.shape)) + constant.shape
    wanted = tuple(n if i in axes else 1 for i, n in enumerate(shape))
    return sizes == wanted and constant.size > 1 and constant.size == math.prod(shape[i] for i in axes)
