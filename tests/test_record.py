"""Plain data: values by place and by name, defaults, and wrong calls."""

import pytest

from cnncalc.record import Record


class Point(Record):
    x: int
    y: int
    name: str = "point"


def test_values_by_place_and_by_name():
    found = Point(1, y=2)
    assert (found.x, found.y, found.name) == (1, 2, "point")


def test_a_default_belongs_to_all_and_a_value_to_one():
    one, other = Point(1, 2), Point(3, 4)
    one.name = "own"
    assert (one.name, other.name, Point.name) == ("own", "point", "point")


@pytest.mark.parametrize(
    ("values", "named"),
    [((1,), {}), ((), {"y": 2}), ((1, 2), {"x": 3}), ((1, 2), {"z": 3}), ((1, 2, "a", 4), {})],
    ids=["missing", "missing by name", "twice", "unknown", "too many"],
)
def test_wrong_calls(values, named):
    with pytest.raises(TypeError, match="Point takes x, y, name; it needs x, y"):
        Point(*values, **named)
