"""The nearest name: equal apart from case and separators first, then similar letters, and nothing for other words."""

from __future__ import annotations

import pytest

from cnncalc.spelling import did_you_mean, listed, meant, nearest, normal


@pytest.mark.parametrize(
    ("word", "plain"), [("Conv2d", "conv"), ("batch_norm", "batchnorm"), ("ReLU-6", "relu6"), ("3d", ""), ("d3d1d", "d3d")]
)
def test_the_normal_form_has_no_case_no_separators_and_no_rank(word, plain):
    assert normal(word) == plain


@pytest.mark.parametrize(
    ("word", "found"),
    [("Kernel-Size", "kernel_size"), ("kernal_size", "kernel_size"), ("strid", "stride"), ("zebra", None), ("x" * 101, None)],
)
def test_the_nearest_name(word, found):
    assert nearest(word, ["stride", "kernel_size", "y" * 101]) == found


def test_an_equal_name_wins_over_a_similar_one():
    # Without the rank Conv2d is conv; by letters conv2 is nearer.
    assert nearest("Conv2d", ["conv2", "conv"]) == "conv"


def test_hints():
    assert did_you_mean("strid", ["stride", "bias"]) == "; did you mean stride?"
    assert did_you_mean("zebra", ["stride", "bias"]) == "; there is bias, stride"
    assert did_you_mean("zebra", []) == "; there is none"
    assert (meant("strid", ["stride"]), meant("zebra", ["stride"])) == ("; did you mean stride?", "")


def test_long_lists_end_with_dots():
    assert listed([str(n) for n in range(8)]) == "0, 1, 2, 3, 4, 5, 6, 7"
    assert listed([str(n) for n in range(9)]) == "0, 1, 2, 3, 4, 5, 6, 7, …"
