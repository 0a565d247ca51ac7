"""Group normalisation that is written as instance normalisation of groups: the channels of a group become one axis with space.

Source: Wu & He 2018, Group Normalization, sec. 3.
"""

from __future__ import annotations

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Operation, Program, Tensor, Value


def recognise(program: Program) -> bool:
    """Replaces such normalisation, without its factors and offsets; whether there was any."""
    leaving = program.outputs_of()
    found = False
    for operation in program.operations:
        if operation.op == "instancenorm" and id(operation.output) not in leaving:
            found = _replaced(operation) or found
    return found


def _replaced(operation: Operation) -> bool:
    before = operation.inputs[0]
    split = before.made_by if isinstance(before, Value) else None
    users = operation.output.users
    if split is None or split.op != "reshape" or len(users) != 1 or users[0].op != "reshape":
        return False
    x, joined = split.inputs[0], users[0]
    if not isinstance(x, Value) or x.shape is None or x.shape != joined.output.shape or not isinstance(before, Value):
        return False
    shape, grouped = x.shape, before.shape or ()
    if len(shape) < 2 or len(grouped) < 2 or grouped[0] != shape[0] or shape[1] % grouped[1]:
        return False
    if not _all(operation.input(1), 1) or not _all(operation.input(2), 0):
        return False
    joined.op = "groupnorm"
    joined.inputs = [x, None, None]
    joined.attributes = {"groups": grouped[1], "epsilon": operation.attributes["epsilon"], "axes": (1,)}
    if operation.path:
        joined.path, joined.title = operation.path, operation.title
    return True


def _all(tensor: Tensor | None, number: int) -> bool:
    """Whether an array is left out or holds only one number."""
    return tensor is None or (isinstance(tensor, Constant) and tensor.scalar == number)
