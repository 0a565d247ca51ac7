"""Recognises operators that an exporter decomposed: activations, normalisation, linear layers."""

from __future__ import annotations

from cnncalc.formats.tensors.program import QUANTISED, Program, Tensor, Value
from cnncalc.formats.tensors.recognise import activations, attention, biases, groups, norms, pools, response


def recognise(program: Program) -> None:
    """Replaces groups of operators by the one that they compute."""
    _without_quantisation(program)
    program.link()
    for step in (
        activations.recognise,
        groups.recognise,
        norms.recognise,
        response.recognise,
        biases.recognise,
        attention.recognise,
        pools.recognise,
    ):
        if step(program):
            program.link()


def _without_quantisation(program: Program) -> None:
    """Lets each operator read the real numbers: quantisation stands between the operators of a decomposed layer."""

    def real(value: Tensor | None) -> Tensor | None:
        while isinstance(value, Value) and value.made_by is not None:
            maker = value.made_by
            source = maker.input(0)
            inverse = maker.op == "identity" and isinstance(source, Value) and source.dtype == QUANTISED
            if maker.op != "quantise" and not inverse:
                break
            value = source
        return value

    if not any(operation.op == "quantise" for operation in program.operations):
        return
    # Numbers of eight bits: one of 255 steps.
    program.precision = 0.02
    inputs = [[real(one) for one in operation.inputs] for operation in program.operations]
    for operation, found in zip(program.operations, inputs, strict=True):
        operation.inputs = found
