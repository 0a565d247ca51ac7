"""Scalars as YAML 1.2 reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import values
from cnncalc.shape import LayerError, Shape, Tokens
from cnncalc.values import Map


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("010", 10), ("60_965_224", 60_965_224), ("32.0", 32), ("1e3", 1000), ("-7", -7), ("+5", 5), ("1.5e1", 15), ("1e-3", None),
     ("0x3", None), ("0o7", None), ("1:1", None), ("no", None), ("true", None), ("2.5", None), ("", None), (".inf", None), (".nan", None),
     ("1__0", None), ("_1", None), ("1_", None), ("９", None), ("1e999", None), ("9" * 5000, None), ("1 0", None)],
)  # fmt: skip
def test_integers(text, value):
    assert values.integer(text) == value


@given(st.integers(-(10**18), 10**18))
def test_any_integer_reads_as_itself(number):
    assert values.integer(str(number)) == number
    assert values.integer(f"{number:_}") == number


@given(st.floats(-1e12, 1e12))
def test_any_number_reads_as_itself(number):
    found = values.number(repr(number))
    assert found is None or found == pytest.approx(number, rel=1e-15)
    assert found is not None or number == 0 or abs(number) < 1e-23


@pytest.mark.parametrize(
    ("text", "value"),
    [("5M", 5_000_000), ("0.5K", 500), ("20MiB", 20 * 2**20), ("1.5KiB", 1536), ("2050.572K", 2_050_572), ("0.0005K", None), ("5MB", None),
     ("5 M", 5_000_000), ("K", None), ("1G", 10**9), ("1GiB", 2**30)],
)  # fmt: skip
def test_quantities(text, value):
    assert values.quantity(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("False", False), ("TRUE", True), ("no", None), ("off", None), ("1", None), ("tRue", None)],
)
def test_booleans(text, value):
    assert values.boolean(text) is value


@pytest.mark.parametrize(
    ("text", "layout", "shape"),
    [("227x227x3", "channels_last", Shape(227, 227, 3)), ("3x224x200", "channels_first", Shape(224, 200, 3)), ("3072", "channels_first", Shape(3072)),
     ("16x112x112x3", "channels_last", Shape(16, 112, 112, 3)), ("1_024", "channels_last", Shape(1024)), ("32×30X3", "channels_last", Shape(32, 30, 3)), (("3", "30", "32"), "channels_first", Shape(30, 32, 3)), ("1e3", "channels_last", Shape(1000))],
)  # fmt: skip
def test_shapes(text, layout, shape):
    assert values.shape(text, layout) == shape


def test_a_shape_in_words():
    assert values.shape(Map([("channels", "3"), ("height", "5"), ("width", "7")])) == Shape(5, 7, 3)
    assert values.flow(Map([("tokens", "56"), ("vocabulary", "20000")])) == Tokens(56, 20_000)
    assert [str(Tokens(length, 5)) for length in (1, 2)] == ["1 token", "2 tokens"]


@pytest.mark.parametrize(
    ("value", "said"),
    [("0x3", "at least 1, got 0"), ("2147483648", r"at most 2147483647"), ("32×32×", "written like 32x32x3"), (("3", None), "written like"), ("1x2x3x4x5", "5 numbers"),
     (None, "nothing"), (("3", ("4",)), r"\[3, \[4\]\]"), ("-3x4", "at least 1, got -3"), (Map([("height", "3")]), "not a map of height")],
)  # fmt: skip
def test_what_is_no_shape(value, said):
    with pytest.raises(LayerError, match=said):
        values.shape(value)
