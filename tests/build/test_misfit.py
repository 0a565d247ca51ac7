"""The cells that a rounded-down output never reads, in words."""

from __future__ import annotations

import pytest

import cnncalc
from cnncalc.build.misfit import never_read


@pytest.mark.parametrize(
    ("shape", "row", "words"),
    [
        # (7 − 3)/3 leaves 1 cell along both axes, (8 − 3)/3 leaves 2.
        ("7x7x1", "conv: 1, kernel_size: 3, stride: 3", "the last row and column are never read"),
        ("7x8x1", "conv: 1, kernel_size: 3, stride: 3", "the last row and the last 2 columns are never read"),
        ("7x6x1", "conv: 1, kernel_size: 3, stride: 3", "the last row is never read"),
        ("8x1", "conv: 1, kernel_size: 3, stride: 3", "the last 2 steps are never read"),
        # 3 cells and 2 zeros after them: (3 + 2 − 3)/3 leaves both zeros.
        ("3x1", "conv: 1, kernel_size: 3, stride: 3, padding: [[0, 2]]", "the last 2 steps of the padding are never read"),
    ],
)
def test_cells_that_are_never_read(shape, row, words):
    net = cnncalc.loads(f"input: {shape}\nfit: floor\nlayers:\n  - {{{row}}}\n")
    assert never_read(net.layers[0]) == words
