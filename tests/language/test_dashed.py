"""Fields on dashes of their own are one mistake of the row above, and the row is read with them."""

import pytest

import cnncalc


def test_the_row_is_read_with_its_fields():
    """(9 + 2·1 − 3)/2 + 1 = 5."""
    net = cnncalc.loads("input: 9x9x3\nlayers:\n  - conv: 8\n  - kernel_size: 3\n  - {stride: 2, padding: 1}\n  - relu\n")
    (problem,) = net.problems
    assert (problem.level, problem.location.line) == ("error", 4)
    assert "kernel_size, stride, padding are fields of the row above and no row" in problem.message
    assert "write - {conv: 8, kernel_size: 3, stride: 2, padding: 1}" in problem.message
    assert [str(node.shape) for node in net.layers] == ["5x5x8", "5x5x8"]


def test_one_field():
    (problem,) = cnncalc.loads("input: 9x9x3\nlayers:\n  - conv: 8\n  - kernel_size: 3\n").problems
    assert "kernel_size is a field of the row above and no row" in problem.message


@pytest.mark.parametrize("row", ["{kernel_size: 3, relu: }", "{kernal: 3}", "{conv: 4, kernel_size: 3}"])
def test_other_rows_stay_rows(row):
    """A row with a kind, and one whose key is no field of the row above."""
    net = cnncalc.loads(f"input: 9x9x3\nlayers:\n  - {{conv: 8, kernel_size: 3}}\n  - {row}\n")
    assert not any("of the row above" in problem.message for problem in net.problems)
