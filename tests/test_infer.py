"""Inference of one layer: what is known although its input is not, and which numbers count."""

from __future__ import annotations

import pytest

from cnncalc.infer import Inference, outcome
from cnncalc.layers import KINDS
from cnncalc.shape import LARGEST, LayerError, Shape, Tokens


def layer(kind, **fields):
    return KINDS[kind](**fields)


@pytest.mark.parametrize(("hidden", "certain"), [(2**30 - 1, Shape(2**31 - 2)), (2**30, None)])
def test_an_output_that_does_not_depend_on_an_unknown_input(hidden, certain):
    # The states of both directions; a size is at most 2³¹ − 1. Nothing is counted: the layer may not work on its input.
    found = Inference()(layer("lstm", hidden=hidden, bidirectional=True), (None,), "exact")
    assert (found.certain, found.shape, found.parameters) == (certain, None, 0)


def test_an_output_that_depends_on_an_unknown_input_is_unknown():
    assert Inference()(layer("relu"), (None,), "exact").certain is None


def test_an_array_made_of_fewer_numbers_counts_those():
    # A table of 3·5·2 = 30 places, made of 7 learned numbers.
    found = Inference()(layer("parameter", shape=Shape(3, 5, 2), distinct=7), (), "exact")
    assert (found.parameters, found.weights[0].size) == (7, 30)


@pytest.mark.parametrize(
    ("kind", "fields", "x", "bias"),
    [
        ("conv", {"filters": 4, "kernel_size": (3, 3)}, Shape(8, 8, 2), 4),
        ("depthwise_conv", {"kernel_size": (3, 3)}, Shape(8, 8, 2), 2),
        ("conv_transpose", {"filters": 4, "kernel_size": (3, 3)}, Shape(8, 8, 2), 4),
        ("linear", {"units": 4}, Shape(8, 8, 2), 4),
        ("fc", {"units": 4}, Shape(8, 8, 2), 4),
    ],
)
@pytest.mark.parametrize("distinct", [0, 5])
def test_weights_made_of_fewer_numbers_count_those_and_the_bias(kind, fields, x, bias, distinct):
    whole = Inference()(layer(kind, **fields), (x,), "exact")
    found = Inference()(layer(kind, **fields, distinct=distinct), (x,), "exact")
    assert (found.parameters, found.biases) == (distinct + bias, bias)
    assert (found.shape, found.macs, found.weights[0].shape) == (whole.shape, whole.macs, whole.weights[0].shape)


def test_biases_are_parameters_and_running_statistics_are_not():
    conv = Inference()(layer("conv", filters=4, kernel_size=(3, 3)), (Shape(8, 8, 2),), "exact")
    assert (conv.parameters, conv.biases, conv.buffers) == (4 * (2 * 9 + 1), 4, 0)
    # Factor and offset, running mean and variance, each of 4 numbers.
    norm = Inference()(layer("batchnorm"), (Shape(8, 8, 4),), "exact")
    assert (norm.parameters, norm.buffers) == (8, 8)


def test_equal_layers_on_equal_inputs_are_inferred_once():
    infer, relu = Inference(), layer("relu")
    first = infer(relu, (Shape(3, 3, 2),), "exact")
    assert infer(relu, (Shape(3, 3, 2),), "exact") is first
    assert infer(relu, (Shape(3, 3, 3),), "exact") is not first
    assert len(infer) == 2


def test_a_fault_is_kept_and_nothing_is_counted():
    found = Inference()(layer("conv", filters=4, kernel_size=(9, 9)), (Shape(8, 8, 2),), "exact")
    assert (found.shape, found.parameters, found.fault.rule) == (None, 0, "window")


def test_an_outcome_says_whether_the_stride_fits():
    # (7 − 3)/3 + 1 = 2.33, and (7 − 3)/2 + 1 = 3.
    pool = layer("maxpool", kernel_size=(3, 3), stride=(3, 3))
    assert outcome(pool, (Shape(7, 7, 2),), "floor")[::2] == (Shape(2, 2, 2), False)
    assert outcome(layer("maxpool", kernel_size=(3, 3), stride=(2, 2)), (Shape(7, 7, 2),), "exact")[::2] == (Shape(3, 3, 2), True)


def test_a_size_beyond_31_bits_is_a_fault():
    with pytest.raises(LayerError, match="a size is at most 2147483647"):
        outcome(layer("upsample", factor=(LARGEST,)), (Shape(2, 1),), "exact")


def test_tokens_are_no_numbers():
    with pytest.raises(LayerError, match="put an embedding before it"):
        outcome(layer("relu"), (Tokens(5, 7),), "exact")
