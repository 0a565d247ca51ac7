"""Arithmetic on constants while a file is read, in plain Python, and with NumPy when a network runs; compared with NumPy."""

from typing import Any

import numpy as np
import pytest

from cnncalc.formats.tensors.arrays import NoNumbers, computable, evaluate
from cnncalc.formats.tensors.constant import Constant, integers, scalar

A = np.arange(24).reshape(2, 3, 4)


def constant(array: np.ndarray) -> Constant:
    return Constant(array.shape, "float" if array.dtype.kind == "f" else "int", array.ravel().tolist())


CASES: dict[str, tuple[list[np.ndarray], dict[str, Any], np.ndarray]] = {
    "transpose": ([A], {"axes": (2, 0, 1)}, A.transpose(2, 0, 1)),
    "slice": ([A], {"axis": 2, "start": 3, "count": 2, "step": -2}, A[:, :, 3::-2]),
    "concat": ([A, A + 50], {"axis": 1}, np.concatenate([A, A + 50], 1)),
    "gather": ([A, np.array([2, -3])], {"axis": 1}, A[:, [2, 0]]),
    "expand": ([A[:, :1]], {}, np.broadcast_to(A[:, :1], (2, 3, 4))),
    "reduce": ([A], {"function": "sum", "axes": (0, 2), "keep": False}, A.sum((0, 2))),
    "cumsum": ([A], {"axis": 1}, A.cumsum(1)),
    "pad": (
        [A],
        {"pads": ((0, 0), (1, 2), (0, 1)), "mode": "zeros", "value": 7},
        np.pad(A, ((0, 0), (1, 2), (0, 1)), constant_values=7),
    ),
    "where": ([A > 5, A, -A], {}, np.where(A > 5, A, -A)),
    "binary": ([A, np.array([3, -5, 2, 4])], {"function": "divide"}, np.trunc(A / np.array([3, -5, 2, 4])).astype(int)),
    "unary": ([A], {"function": "affine", "factor": -2, "offset": 1}, 1 - 2 * A),
}


@pytest.mark.parametrize("op", CASES)
def test_as_numpy(op: str) -> None:
    arrays, attributes, wanted = CASES[op]
    made = Constant(wanted.shape, "int", op=op, args=tuple(map(constant, arrays)), attributes=attributes)
    assert made.data == wanted.ravel().tolist()
    np.testing.assert_array_equal(evaluate(made), wanted)


def test_numbers_that_are_not_known() -> None:
    unknown = Constant((2,), "float", name="w", read=lambda: None)
    made = Constant((2,), "float", op="unary", args=(unknown,), attributes={"function": "sqrt"})
    assert made.data is None
    with pytest.raises(NoNumbers, match="the numbers of w are not in the file"):
        evaluate(made)


def test_a_scatter() -> None:
    indices = Constant((2, 1, 2), "int", [0, 1, 1, 0])
    made = Constant(
        (2, 3), "int", op="scatter", args=(Constant((2, 3), "int", [0] * 6), indices, Constant((2, 1), "int", [5, 6]))
    )
    assert computable(made)
    assert evaluate(made).tolist() == [[0, 5, 0], [6, 0, 0]]
    assert not computable(Constant((2, 3), "int", op="custom", args=(made,)))


def test_one_number() -> None:
    assert scalar(2.5).scalar == 2.5
    assert integers([3, 3]).scalar == 3
    assert integers([3, 4]).scalar is None
    assert Constant((1000, 1000), "float", op="expand", args=(scalar(1.5),)).scalar == 1.5
