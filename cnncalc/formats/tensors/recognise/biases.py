"""Offsets that belong to the linear layer or convolution before them."""

from __future__ import annotations

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.lowering.products import _flattened, _matrix, _turned
from cnncalc.formats.tensors.program import Operation, Program, Value


def recognise(program: Program) -> bool:
    """Makes linear layers of products with a matrix of the file, and merges the offsets that follow into them."""
    leaving = program.outputs_of()
    changed = False
    for operation in program.operations:
        if operation.op == "matmul" and isinstance(operation.inputs[0], Value):
            weight = operation.inputs[1]
            if isinstance(weight, Constant) and len(_matrix(weight)) == 2 and operation.output.shape is not None:
                if len(operation.output.shape) == len(operation.inputs[0].shape or ()):
                    operation.op = "linear"
                    operation.inputs = [operation.inputs[0], _turned(_flattened(weight))]
                    changed = True
        if operation.op in ("linear", "conv", "conv_transpose") and len(operation.inputs) == 2:
            changed = _with_bias(operation, leaving) or changed
    return changed


def _with_bias(operation: Operation, leaving: set[int]) -> bool:
    out = operation.output
    if id(out) in leaving or len(out.users) != 1:
        return False
    user = out.users[0]
    if user.op != "binary" or user.attributes["function"] != "add" or user.output.shape != out.shape:
        return False
    bias = next((one for one in user.inputs if isinstance(one, Constant)), None)
    shape = out.shape or ()
    if bias is None or bias.partly_counts:
        return False
    # A file without its weights fills the vector with one number.
    filled = bias.op == "expand" and bias.size > 1
    if not filled and not any(one.size > 1 or bias.size == 1 for one in bias.stored()):
        return False
    channels = len(shape) - 1 if operation.op == "linear" else 1
    sizes = (1,) * (len(shape) - len(bias.shape)) + bias.shape
    if any(n != (shape[i] if i == channels else 1) for i, n in enumerate(sizes)):
        return False
    vector = bias if len(bias.shape) == 1 else Constant((bias.size,), bias.dtype, op="reshape", args=(bias,))
    user.op, user.inputs, user.attributes = operation.op, [*operation.inputs, vector], operation.attributes
    if operation.path:
        user.path, user.title = operation.path, operation.title
    operation.op = "identity"
    operation.inputs = [operation.inputs[0]]
    operation.outputs = [Value(operation.inputs[0].shape if operation.inputs[0] is not None else None)]
    return True
