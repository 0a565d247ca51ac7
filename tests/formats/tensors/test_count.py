"""Each array of a file counts once, whatever the weights of the layers are computed from it."""

from __future__ import annotations

import math

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.count import count
from cnncalc.formats.tensors.emit import Made
from cnncalc.shape import Shape


def stored(name: str, *shape: int, data: list[float] | None = None) -> Constant:
    """An array of the file; if no numbers are given, they are not only zeros and ones."""
    numbers = data if data is not None else [0.5] * math.prod(shape)
    return Constant(shape, "float", name=name, read=lambda: numbers, role="parameter")


def computed(op: str, shape: tuple[int, ...], *args: Constant) -> Constant:
    return Constant(shape, "float", op=op, args=args)


def linear(weight: Constant) -> Made:
    return Made("linear", {}, [], {"weight": weight}, None)


def counted(*layers: Made) -> list[Made]:
    found = list(layers)
    count(found)
    return found


def test_layers_with_the_same_array_share_it():
    weight = stored("w", 4, 3)
    first, second, other = linear(weight), linear(weight), linear(stored("v", 4, 3))
    assert counted(first, second, other) == [first, second, other]
    assert (first.shares, second.shares, other.shares) == (None, first, None)


def test_arrays_beside_a_weight_become_parameters():
    # Low-rank adaptation: W + B·A, with 4·3 numbers of the layer's own and 4·1 + 1·3 beside them.
    low = computed("matmul", (4, 3), stored("b", 4, 1), stored("a", 1, 3))
    layer = linear(computed("add", (4, 3), stored("w", 4, 3), low))
    *beside, last = counted(layer)
    assert last is layer
    assert sorted((one.kind, one.fields["shape"].size, one.operation.path) for one in beside) == [
        ("parameter", 3, "a"),
        ("parameter", 4, "b"),
    ]
    assert "distinct" not in layer.fields


def test_a_weight_of_fewer_numbers_counts_those():
    # 12 weights spread from a vector of 3.
    layer = linear(computed("expand", (4, 3), stored("v", 3)))
    assert counted(layer) == [layer]
    assert layer.fields["distinct"] == 3
    # Another layer with the same weights shares them.
    again = linear(layer.weights["weight"])
    first = linear(layer.weights["weight"])
    counted(first, again)
    assert (first.fields["distinct"], again.shares) == (3, first)


def test_a_bias_counts_beside_a_weight_of_fewer_numbers():
    layer = linear(computed("expand", (4, 3), stored("v", 3)))
    layer.weights["bias"] = stored("b", 4)
    assert counted(layer) == [layer]
    assert layer.fields["distinct"] == 3


def test_a_kind_without_the_field_becomes_custom():
    weight = computed("expand", (4,), stored("v", 2))
    first, again = (Made("scale", {}, [], {"weight": weight}, None) for _ in range(2))
    counted(first, again)
    assert (first.tied, again.tied) == (2, 0)


def test_a_mask_of_zeros_and_ones_is_not_learned():
    mask = stored("mask", 4, 3, data=[0.0, 1.0] * 6)
    # The mask may come first: the layer's own numbers are the array that is no mask.
    for order in ((mask, stored("w", 4, 3)), (stored("w", 4, 3), mask)):
        layer = linear(computed("multiply", (4, 3), *order))
        assert counted(layer) == [layer]
        assert "distinct" not in layer.fields
    # Nor does it count if other arrays do.
    both = linear(computed("add", (4, 3), computed("multiply", (4, 3), mask, stored("w", 4, 3)), stored("v", 3)))
    assert [one.fields["shape"] for one in counted(both)[:-1]] == [Shape(3)]


def test_numbers_that_belong_to_no_array_are_one_parameter():
    # 10 + 7 numbers for a weight of 12: none of the two is the weight, and 5 numbers are left.
    layer = linear(computed("take", (4, 3), stored("x", 10), stored("y", 7)))
    beside, last = counted(layer)
    assert last is layer
    assert (beside.kind, beside.fields["shape"]) == ("parameter", Shape(5))


def test_an_array_of_an_earlier_layer_counts_there():
    weight = stored("w", 4, 3)
    first = linear(weight)
    # 12 + 12 numbers for a weight of 12, of which the first layer has the first 12.
    second = linear(computed("add", (4, 3), weight, stored("d", 4, 3)))
    assert counted(first, second) == [first, second]
    assert second.shares is None
    assert "distinct" not in second.fields
    # With a vector of 3 instead, only these are new.
    third = linear(computed("add", (4, 3), weight, stored("e", 3)))
    counted(linear(weight), third)
    assert third.fields["distinct"] == 3


def test_a_weight_that_the_file_fills_with_one_number_counts_as_the_layer_says():
    layer = linear(computed("expand", (4, 3), Constant((), "float", [1.0])))
    assert counted(layer) == [layer]
    assert "distinct" not in layer.fields
