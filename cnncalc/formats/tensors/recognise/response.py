"""Global response normalisation written out as norms, a mean and products.

Source: Woo et al. 2023, ConvNeXt V2, eq. 3: y = γ·x·n + β + x with n = ‖x_c‖ / (mean of ‖x_c‖ + ε).
"""

from __future__ import annotations

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Operation, Program, Tensor, Value
from cnncalc.formats.tensors.recognise.norms import made_by, plus_number, root_of, square_of


def recognise(program: Program) -> bool:
    """Replaces such normalisation; whether there was any."""
    leaving = program.outputs_of()
    found = False
    for operation in program.operations:
        if operation.op == "binary" and operation.attributes["function"] == "add":
            found = _replaced(operation, leaving) or found
    return found


def _replaced(operation: Operation, leaving: set[int]) -> bool:
    terms = _leaves(operation, "add", leaving)
    if len(terms) != 3:
        return False
    offsets = [one for one in terms if isinstance(one, Constant)]
    values = [one for one in terms if isinstance(one, Value)]
    if len(offsets) != 1 or len(values) != 2:
        return False
    for x, product in (values, values[::-1]):
        maker = made_by(product, "binary", "multiply")
        if maker is None or not _inside(product, leaving):
            continue
        factors = [one for one in _leaves(maker, "multiply", leaving) if not (isinstance(one, Constant) and one.scalar == 1)]
        weights = [one for one in factors if isinstance(one, Constant)]
        others = [one for one in factors if one is not x and not isinstance(one, Constant)]
        if len(factors) != 3 or len(weights) != 1 or len(others) != 1:
            continue
        match = _relative(others[0], x)
        if match is None:
            continue
        axis, epsilon = match
        shape = x.shape or ()
        arrays = [_vector(one, shape, axis) for one in (weights[0], offsets[0])]
        if all(arrays):
            operation.op = "grn"
            operation.inputs = [x, *arrays]
            operation.attributes = {"axes": (axis,), "epsilon": epsilon}
            return True
    return False


def _inside(value: Value, leaving: set[int]) -> bool:
    """Whether only one operator reads a value."""
    return len(value.users) == 1 and id(value) not in leaving


def _leaves(operation: Operation, function: str, leaving: set[int]) -> list[Tensor]:
    """The terms of a sum or the factors of a product, however it is nested."""
    found: list[Tensor] = []
    for one in operation.inputs:
        maker = made_by(one, "binary", function)
        if maker is not None and isinstance(one, Value) and _inside(one, leaving) and len(found) < 4:
            found += _leaves(maker, function, leaving)
        elif one is not None:
            found.append(one)
    return found


def _relative(tensor: Tensor, x: Value) -> tuple[int, float] | None:
    """Of norms over a map relative to their mean over the channels: the axis of the channels, and what is added to the mean."""
    ratio = made_by(tensor, "binary", "divide")
    if ratio is None:
        return None
    norm, below = ratio.inputs
    found = plus_number(below)
    mean = made_by(found[0], "reduce", "mean") if found is not None else None
    if found is None or mean is None or mean.inputs[0] is not norm or len(mean.attributes["axes"]) != 1:
        return None
    (axis,) = mean.attributes["axes"]
    rank = len(x.shape or ())
    reduced = made_by(norm, "reduce", "norm")
    source = reduced.inputs[0] if reduced is not None else None
    if reduced is None and (sums := made_by(root_of(norm), "reduce", "sum")) is not None:
        reduced, source = sums, square_of(sums.inputs[0])
    if reduced is None or source is not x or not reduced.attributes["keep"] or not mean.attributes["keep"]:
        return None
    space = tuple(i for i in range(1, rank) if i != axis)
    return (axis, found[1]) if rank > 2 and tuple(sorted(reduced.attributes["axes"])) == space else None


def _vector(constant: Constant, shape: tuple[int, ...], axis: int) -> Constant | None:
    """An array with one number per channel as a vector."""
    sizes = (1,) * (len(shape) - len(constant.shape)) + constant.shape
    if any(n != (shape[i] if i == axis else 1) for i, n in enumerate(sizes)):
        return None
    return constant if len(constant.shape) == 1 else Constant((constant.size,), "float", op="reshape", args=(constant,))
