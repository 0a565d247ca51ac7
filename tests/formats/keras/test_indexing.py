"""Brackets between layers: axes and ranges as Python and NumPy count them."""

from types import SimpleNamespace

import numpy as np
import pytest

from cnncalc.formats.keras.indexing import _axis, _range


@pytest.mark.parametrize(("number", "place"), [(0, -1), (1, 0), (3, 2), (-1, 2), (-3, 0), (4, None), (-4, None), (True, None)])
def test_axes_without_the_batch(number, place):
    """Keras counts the batch as axis 0; −1 stands for it here."""
    assert _axis(SimpleNamespace(sizes=(5, 6, 7)), number) == place


@pytest.mark.parametrize("start", [None, 0, 2, -3, 9])
@pytest.mark.parametrize("stop", [None, 0, 4, -1, 9])
@pytest.mark.parametrize("step", [None, 1, 2, -1])
def test_ranges_are_those_of_numpy(start, stop, step):
    part = {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}
    assert list(_range(part, 7)) == list(np.arange(7)[start:stop:step])


@pytest.mark.parametrize(("part", "cells"), [(None, [0, 1, 2]), (0, [0]), (-1, [2]), (3, None), (True, None), ("x", None)])
def test_whole_axes_and_single_cells(part, cells):
    found = _range(part, 3)
    assert cells == (None if found is None else list(found))


def test_a_step_of_zero_is_no_range():
    assert _range({"class_name": "__slice__", "config": {"start": 0, "stop": 2, "step": 0}}, 3) is None
