"""Padding that never wins, in front of a pool that keeps the largest number: the pool's own padding."""

from __future__ import annotations

from cnncalc.formats.tensors.program import Operation, Program

LEAST = -1e30
"""A number that no activation is below."""


def recognise(program: Program) -> bool:
    """Moves such padding into the pools after it; whether there was any."""
    leaving = program.outputs_of()
    changed = False
    for operation in program.operations:
        if operation.op != "pad" or operation.attributes["mode"] != "zeros" or (operation.attributes["value"] or 0) > LEAST:
            continue
        users = operation.output.users
        if id(operation.output) in leaving or not users or not all(_takes(user, operation) for user in users):
            continue
        for user in users:
            pads = operation.attributes["pads"][2:]
            own = user.attributes["padding"]
            user.attributes["padding"] = tuple((a + c, b + d) for (a, b), (c, d) in zip(own, pads, strict=True))
            user.inputs[0] = operation.inputs[0]
            changed = True
    return changed


def _takes(user: Operation, pad: Operation) -> bool:
    return (
        user.op == "pool"
        and user.attributes["function"] == "max"
        and not user.attributes["ceil"]
        and len(user.attributes["kernel"]) == len(pad.attributes["pads"]) - 2
        and not any(sum(pair) for pair in pad.attributes["pads"][:2])
    )
