"""Shapes of a tensor program's operators; compared with NumPy's."""

import numpy as np
import pytest

from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.program import Program, ProgramError, Value, broadcast, resolve


@pytest.mark.parametrize(
    ("a", "b"), [((3, 4), (2, 4, 5)), ((4,), (3, 4, 5)), ((2, 3, 4), (4,)), ((4,), (4,)), ((2, 1, 3, 4), (5, 4, 6))]
)
def test_products(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    made = build.matmul(Program(), Value(a), Value(b))
    assert made.shape == np.matmul(np.zeros(a), np.zeros(b)).shape


def test_products_that_do_not_fit() -> None:
    with pytest.raises(ProgramError, match=r"\[3, 4\] and \[3, 4\] cannot be multiplied as matrices"):
        build.matmul(Program(), Value((3, 4)), Value((3, 4)))


def test_broadcast() -> None:
    assert broadcast((5, 1, 3), (4, 1)) == (5, 4, 3)
    with pytest.raises(ProgramError, match=r"\[2, 3\] and \[4\] cannot be combined element by element"):
        broadcast((2, 3), (4,))


def test_the_sizes_of_a_reshape() -> None:
    assert resolve((2, -1), (4, 3)) == (2, 6)
    with pytest.raises(ProgramError, match=r"\[4, 3\] holds 12 numbers and cannot become \[5, -1\]"):
        resolve((5, -1), (4, 3))


def test_operators_that_nobody_needs_are_dropped() -> None:
    program = Program()
    x = Value((2, 3))
    program.inputs.append(x)
    kept = build.unary(program, "relu", x)
    build.unary(program, "tanh", x)
    program.outputs.append(("y", kept))
    program.link()
    assert [o.attributes["function"] for o in program.operations] == ["relu"]
    assert len(x.users) == 1
