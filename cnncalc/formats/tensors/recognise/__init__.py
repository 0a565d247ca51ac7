"""Recognises operators that an exporter decomposed: activations, normalisation, linear layers."""

from __future__ import annotations

from cnncalc.formats.tensors.program import Program
from cnncalc.formats.tensors.recognise import activations, attention, biases, groups, norms, pools, response


def recognise(program: Program) -> None:
    """Replaces groups of operators by the one that they compute."""
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
