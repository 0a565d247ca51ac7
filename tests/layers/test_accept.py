"""The sort of input that a kind takes, and what to write for another sort."""

from __future__ import annotations

import pytest

from cnncalc.layers import KINDS
from cnncalc.layers.accept import check_flow
from cnncalc.shape import LayerError, Shape, Tokens


def kind(name, **fields):
    return KINDS[name](**fields)


def test_inputs_of_the_right_sort():
    conv = kind("conv", filters=2, kernel_size=(3, 3))
    assert check_flow(conv, Shape(5, 5, 2)) == Shape(5, 5, 2)
    assert check_flow(kind("lstm", hidden=4), Shape(5, 2)) == Shape(5, 2)
    # An embedding counts a row of its table for each word.
    assert check_flow(kind("embedding", dimension=4), Tokens(5, 7)) == Shape(5, 7)


@pytest.mark.parametrize(
    ("layer", "flow", "advice"),
    [
        (("relu", {}), Tokens(5, 7), "relu takes numbers, and what flows in are 5 tokens; put an embedding before it"),
        (("embedding", {"dimension": 4}), Shape(6, 9), "write input: {tokens: 6, vocabulary: 20000}"),
        # 784 = 28·28, an image of one channel; 20 numbers are no likely map.
        (("conv", {"filters": 2, "kernel_size": (3, 3)}), Shape(784), "put {reshape: 28x28x1} before it"),
        (("conv", {"filters": 2, "kernel_size": (3, 3)}), Shape(20), "move it above the row that made a vector"),
        (("lstm", {"hidden": 4}), Shape(6), "put {reshape: 6x1} before it, a sequence of one channel"),
        # 3·5 positions of 4 channels in sequence.
        (("lstm", {"hidden": 4}), Shape(3, 5, 4), "put {reshape: 15x4} before it, a step for each position"),
    ],
)
def test_inputs_of_another_sort(layer, flow, advice):
    with pytest.raises(LayerError) as caught:
        check_flow(kind(layer[0], **layer[1]), flow)
    assert advice in caught.value.text()
