"""Grids that are never listed: places and combinations as itertools has them."""

from __future__ import annotations

from itertools import product

import pytest

from cnncalc.studies.grid import Axis, Grid, axis

GRID = Grid([Axis("a", ("1", "2")), Axis("b", ("x", "y", "z"))])


def test_combinations_come_in_the_order_of_their_product():
    assert GRID.count == 6
    assert [GRID.combination(k) for k in range(6)] == list(product("12", "xyz"))


def test_a_sample_is_drawn_without_listing_and_again_the_same():
    huge = Grid([axis(f"v{i}=1..1000") for i in range(9)])
    assert huge.count == 10**27
    first = huge.sample(1000, seed=3)
    assert first == huge.sample(1000, seed=3) != huge.sample(1000, seed=4)
    assert len(set(first)) == 1000
    assert first == sorted(first)
    assert huge.combination(first[0])[0].isdigit()


def test_a_sample_of_more_than_there_are_is_everything():
    assert list(GRID.sample(99)) == list(range(6))


def test_a_name_twice():
    with pytest.raises(ValueError, match="a is given twice"):
        Grid([axis("a=1"), axis("a=2")])
