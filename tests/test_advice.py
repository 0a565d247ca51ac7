"""Advice on the network's input: for strides deep in a network, and for results that cannot be joined."""

from __future__ import annotations

import pytest

import cnncalc

# Three poolings of 2: the input must be a multiple of 8. 358 → 179, which 2 does not divide.
DEEP = """
input: 358x358x1
layers:
  - {conv: 4, kernel_size: 3, padding: 1, name: s0}
  - {maxpool: 2}
  - {maxpool: 2}
  - {maxpool: 2}
"""
# 572 → 286 → 143 → 71 → 35, and back to 70 beside 71 (U-Net with padding). 576 is a multiple of 16; 567 → 283 → 141 → 70 → 35.
UNET = """
input: 572x572x1
fit: floor
layers:
  - {maxpool: 2}
  - {maxpool: 2}
  - {maxpool: 2}
  - {conv: 8, kernel_size: 3, padding: 1, name: side}
  - {maxpool: 2}
  - {conv_transpose: 8, kernel_size: 2, stride: 2}
  - {concat: side}
"""


def test_a_deep_row_is_told_the_input_of_the_network() -> None:
    first, *_ = cnncalc.loads(DEEP).problems
    assert first.layer == "maxpool2"
    assert "(179 − 2 + 2·0)/2 + 1 = 89.5" in first.message
    assert "try padding [[0, 1], [0, 1]], or the network's input 352x352x1 or 360x360x1, or fit: floor" in first.message
    for size in (352, 360):
        assert cnncalc.loads(DEEP, input=f"{size}x{size}x1").problems == []


def test_the_row_that_drops_a_cell_is_named() -> None:
    (problem,) = cnncalc.loads(UNET).problems
    assert problem.message == (
        "concat1: conv_transpose1 gives 70x70x8, side 71x71x8; concat needs the same spatial sizes from each; "
        "maxpool4 drops the last row and column of 71x71x8; try the network's input 567x567x1 or 576x576x1"
    )
    for size in (567, 576):
        assert cnncalc.loads(UNET, input=f"{size}x{size}x1").problems == []


def test_a_row_that_reads_the_input_itself() -> None:
    (problem,) = cnncalc.loads("input: 224x224x3\nlayers: [{conv: 96, kernel_size: 11, stride: 4}]\n").problems
    assert problem.message.endswith(
        "the last row and column are never read; try padding [[1, 2], [1, 2]], stride 3, kernel_size 8 or 12, or input 223 or 227, or fit: floor"
    )
    assert {fix.title for fix in problem.fixes} >= {"stride 3", "kernel_size 8", "fit floor"}


def test_padding_alone_is_unread() -> None:
    (problem,) = cnncalc.loads("input: 224x224x3\nlayers: [{conv: 64, kernel_size: 7, stride: 2, padding: 3}]\n").problems
    assert "the last row and column of the padding are never read (no input cell is lost); try" in problem.message


def test_without_a_known_input_the_advice_says_whose_input_it_means() -> None:
    text = "input: {a: 8x8x3, b: 7x7x3}\nlayers: [{relu: , from: b, name: r}, {maxpool: 2}, {add: [maxpool1, maxpool1]}]\n"
    problem = cnncalc.loads(text).problems[0]
    assert "an input of 6 or 8 to maxpool1, or fit: floor" in problem.message


def test_copies_are_still_counted_behind_the_advice() -> None:
    text = "input: 36x36x3\nlayers: [{relu: , name: r}, {maxpool: 2, repeat: 3}]\n"
    (problem,) = cnncalc.loads(text).problems
    assert "the network's input 32x32x3 or 40x40x3, or fit: floor" in problem.message


@pytest.mark.parametrize("size", [9, 13])
def test_a_ceiling_that_is_not_taken_is_called_a_floor(size: int) -> None:
    from cnncalc.report.single import rounded

    # (9 − 4 + 4)/4 + 1 = 3.25: a fourth window would begin at cell 12, behind the 2 + 9 cells before the padding at the end.
    net = cnncalc.loads(f"input: {size}x{size}x1\nfit: ceil\nlayers: [{{avgpool: 4, stride: 4, padding: 2}}]\n")
    assert "floor" in rounded(net.layers[0], ["height", "width"])
    assert net.layers[0].shape == cnncalc.Shape((size + 4 - 4) // 4 + 1, (size + 4 - 4) // 4 + 1, 1)


@pytest.mark.parametrize("branches", ["{a: [relu]}", "{a: [relu], b: []}"])
def test_branches_without_a_merge_leave_a_gap(branches: str) -> None:
    problems = cnncalc.loads(f"{DEEP}  - branches: {branches}\n  - relu\n").problems
    # (179 − 2)/2 + 1 = 89.5 and (89 − 2)/2 + 1 = 44.5
    assert [problem.rule for problem in problems] == ["stride-fit", "stride-fit", "missing"]


def test_channels_that_differ_are_not_blamed_on_a_dropped_cell():
    # The strided pool drops the last row and column of 6×6, but both sides are 3×3: only the channels differ.
    net = cnncalc.loads(
        "input: 6x6x4\nfit: floor\nlayers:\n  - {maxpool: 1, stride: 2, name: short}\n"
        "  - {conv: 8, kernel_size: 3, stride: 2, padding: 1, from: input}\n  - {add: short}\n"
    )
    [problem] = net.problems
    assert problem.rule == "join"
    assert "(channels 8 ≠ 4)" in problem.message
    assert "drops" not in problem.message
    assert "try the network's input" not in problem.message
