"""Types of fields: a value written is read back as the same, and constructors refuse what a file could not say."""

from typing import Any

import pytest

from cnncalc.language.compose import compose
from cnncalc.language.source import value_of
from cnncalc.layers import KINDS
from cnncalc.layers.conv import Conv
from cnncalc.layers.option import (
    AxisNames,
    AxisSet,
    Cells,
    ChannelRange,
    Choice,
    Count,
    Ends,
    Every,
    Flag,
    Number,
    OpenShapeText,
    PerAxis,
    ShapeOrSame,
    ShapeText,
    Word,
)  # fmt: skip
from cnncalc.shape import LayerError, OpenShape, Shape
from tests.layers.test_forward import read

WRITTEN: list[tuple[Any, Any, str]] = [
    (Count(), 7, "7"),
    (Number(), 0.25, "0.25"),
    (Number(), 1e-5, "1e-05"),
    (Number(), -3.0, "-3"),
    (Flag(), True, "true"),
    (Choice("last", "sequence"), "last", "last"),
    (Word(), "grid_sample", "grid_sample"),
    (Word(), "a: b", '"a: b"'),
    (PerAxis(), Every((3,)), "3"),
    (PerAxis(), (3, 5), "3x5"),
    (PerAxis(), (3,), "[3]"),
    (PerAxis(-9), (-1, 2), "[-1, 2]"),
    (Cells("same"), "same", "same"),
    (Cells(), Every(((1, 1),)), "1"),
    (Cells(), ((1, 1), (2, 2)), "1x2"),
    (Cells(), ((0, 1), (2, 3)), "[[0, 1], [2, 3]]"),
    (Ends(), (1, 2), "[1, 2]"),
    (AxisSet(), ("height",), "height"),
    (AxisSet(), ("width", "channels"), "[width, channels]"),
    (ShapeOrSame(), "same", "same"),
    (ChannelRange(), (1, None), '"1:"'),
]


@pytest.mark.parametrize(("type_", "value", "text"), WRITTEN, ids=[text for *_, text in WRITTEN])
def test_a_value_written_is_read_back(type_: Any, value: Any, text: str) -> None:
    assert type_.write(value) == text
    node = compose(f"v: {text}", None, [])
    assert node is not None
    found = type_.parse(value_of(node).get("v"))
    assert found == value
    assert type(found) is type(value)
    assert type_.check(value) == value


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_shapes_and_axes_are_written_in_the_layout(layout: str) -> None:
    for type_, value in ((ShapeText(), Shape(5, 7, 3)), (OpenShapeText(), OpenShape(0, 3)), (OpenShapeText(), Shape(4))):
        assert type_.parse(type_.write(value, layout), layout) == value
    text = AxisNames().write(("width", "height", "channels"), layout)
    assert text == ("[width, height, channels]" if layout == "channels_last" else "[channels, width, height]")


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_kind_is_written_as_a_row_that_reads_the_same(kind: str) -> None:
    layer = read(KINDS[kind].example.row)
    row = ", ".join(f"{key}: {text}" for key, text in layer.written().items())
    node = compose(f"{{{row}}}", None, [])
    assert node is not None
    again, faults = KINDS[kind].read({**dict(value_of(node)), **({kind: "input"} if kind in ("add", "concat") else {})})
    if again is None:
        # The rows that a join reads are the row's, not the layer's.
        assert [error.rule for _, error in faults] == ["missing"]
        return
    assert repr(again) == repr(layer)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"filters": -3, "kernel_size": 3}, "conv: filters must be at least 1, got -3"),
        ({"filters": 3, "kernel_size": (0, 0)}, "conv: kernel_size must be at least 1, got 0"),
        ({"filters": True, "kernel_size": 3}, "conv: filters must be a whole number of at least 1, got True"),
        ({"filters": 3, "kernel_size": (1, 2, 3, 4)}, "conv: kernel_size must be a whole number of at least 1, or one per axis"),
        ({"filters": 3, "kernel_size": 3, "padding": "full"}, "conv: padding must be .*got full"),
        ({"filters": 3, "kernel_size": 3, "bias": 1}, "conv: bias must be true or false, got 1"),
    ],
)
def test_constructors_check(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(LayerError, match=message) as raised:
        Conv(**fields)
    assert raised.value.field in fields


def test_constructors_put_values_into_their_one_form() -> None:
    layer = Conv(filters=8.0, kernel_size=3, padding=[1, 2], stride=[2, 1])
    assert (layer.filters, layer.kernel_size, layer.padding, layer.stride) == (8, Every((3,)), ((1, 1), (2, 2)), (2, 1))


def test_fields_that_contradict_each_other() -> None:
    with pytest.raises(LayerError, match="takes a factor or size, not both"):
        KINDS["upsample"](factor=2, size=5)
