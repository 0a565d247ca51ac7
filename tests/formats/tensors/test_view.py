"""How a tensor's axes lie in an array, followed through reshapes and transpositions; compared with NumPy's own."""

import numpy as np
import pytest

from cnncalc.formats.tensors.emit import Port
from cnncalc.formats.tensors.view import TensorView, aligned, size_of

X = Port("x")


def fresh(*sizes: int) -> TensorView:
    """A tensor [1, channels, *space] of an array (channels, *space)."""
    return TensorView.fresh(X, sizes, range(1, len(sizes) + 1), len(sizes) + 1)


def places(view: TensorView) -> list[int]:
    """For each number of the tensor in row-major order, its place in the array."""
    order = [atom for axis in view.axes for atom in axis]
    array = np.arange(int(np.prod([atom.size for atom in order]))).reshape([atom.size for atom in order])
    moved = array.transpose([order.index(atom) for dim in view.dims for atom in dim if atom in order])
    return moved.ravel().tolist()


@pytest.mark.parametrize(
    ("shape", "axes", "again"),
    [
        ((1, 4, 3, 5), (0, 2, 1, 3), (1, 3, 4, 5)),
        ((1, 12, 5), (0, 2, 1), (5, 12)),
        ((2, 6, 5), (1, 0, 2), (6, 2, 5)),
        ((3, 4, 5), (2, 0, 1), (5, 12)),
    ],
)
def test_a_reshape_and_a_transposition(shape: tuple[int, ...], axes: tuple[int, ...], again: tuple[int, ...]) -> None:
    view = fresh(12, 5).reshaped(shape)
    assert view is not None
    found = view.transposed(axes).reshaped(again)
    assert found is not None
    assert found.shape == again
    assert places(found) == np.arange(60).reshape(shape).transpose(axes).ravel().tolist()


def test_a_reshape_that_cuts_across() -> None:
    # 3 is no factor of 5, which comes first.
    assert fresh(6, 5).transposed((0, 2, 1)).reshaped((1, 3, 10)) is None


def test_the_axis_of_an_array() -> None:
    view = fresh(12, 5).reshaped((1, 4, 3, 5))
    assert view is not None
    assert [view.axis_of(i) for i in range(4)] == [None, None, None, 1]
    assert view.axes_of([1, 2]) == [0]
    assert view.axes_of([1]) is None


def test_equal_axes_are_cut_alike() -> None:
    first, second = fresh(12, 5).reshaped((12, 5)), fresh(12, 5).reshaped((4, 3, 5))
    assert first is not None
    assert second is not None
    joined = second.reshaped((12, 5))
    assert joined is not None
    pair = aligned(first, joined)
    assert pair is not None
    assert [[atom.size for atom in dim] for dim in pair[0].dims] == [[4, 3], [5]]
    assert size_of(pair[1].dims[0]) == 12
