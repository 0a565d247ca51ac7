"""Advice on the network's input: for strides deep in a network, and for results that cannot be joined."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncalc
from cnncalc.analysis.nearest import along, nearest_inputs
from cnncalc.build.reading import Source
from cnncalc.studies.oracle import Oracle
from cnncalc.studies.sizes import survey

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
    # No input gives the last layer channels that two groups divide.
    text = "input: 7x7x3\nlayers: [relu, {maxpool: 2}, {conv: 4, kernel_size: 1, groups: 2}]\n"
    problem = cnncalc.loads(text).problems[0]
    assert "an input of 6 or 8 to maxpool1, or fit: floor" in problem.message


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        # Either the pool gives 6 of 12, or the other input has 5.
        (
            "input: {l: 10x10x3, r: 6x6x3}\nlayers: [{maxpool: 2, from: l, name: p}, {add: r}]\n",
            "; try the network's input l 12x12x3, or r 5x5x3",
        ),
        # Both sides of a pair change together.
        (
            "input: {l: 10x10x3, r: 10x10x3}\nlayers: [{maxpool: 3, from: l, name: p}, {maxpool: 3, from: r}, {add: p}]\n",
            "or the network's inputs l 9x9x3 and r 9x9x3, or l 12x12x3 and r 12x12x3, or fit: floor",
        ),
        # A window of 7 cells and one of 11.
        (
            "input: {l: 5x5x3, r: 9x9x3}\nlayers:\n  - {conv: 8, kernel_size: 7, from: l}\n  - {global_avgpool: , name: a}\n"
            "  - {conv: 8, kernel_size: 11, from: r}\n  - global_avgpool\n  - {add: a}\n",
            "; the network's inputs l 7x7x3 and r 11x11x3 work",
        ),
        # Of tokens and an image, the one whose layer fails: 5 words for a window of 5.
        (
            "input: {q: {tokens: 3, vocabulary: 9}, i: 8x8x4}\nlayers:\n  - {embedding: 4, from: q}\n"
            "  - {conv: 4, kernel_size: 5}\n  - {global_maxpool: , name: a}\n  - {global_maxpool: , from: i}\n  - {add: a}\n",
            "; the network's input q 5 tokens works",
        ),
    ],
)
def test_networks_with_several_inputs_are_told_inputs_that_work(text: str, advice: str) -> None:
    assert cnncalc.loads(text).problems[0].message.endswith(advice)


def test_no_input_is_offered_that_a_join_takes_because_it_repeats_one_cell() -> None:
    """2x2 gives one cell behind the pool, which would be added to all four; no other size halves to itself."""
    text = "input: 7x7x3\nfit: floor\nlayers: [{maxpool: 2}, {add: input}]\n"
    assert cnncalc.loads(text, input="2x2x3").problems == []
    (problem,) = cnncalc.loads(text).problems
    assert problem.message.endswith("maxpool1 drops the last row and column of 7x7x3")


def test_a_gate_of_one_cell_is_no_reason_against_an_input() -> None:
    """The pooled vector of squeeze and excitation stands for one cell on every input."""
    gate = "{branches: {a: [{adaptive_avgpool: 1}, sigmoid], b: []}, merge: multiply}"
    (problem,) = cnncalc.loads(f"input: 7x7x3\nlayers: [{gate}, {{maxpool: 2}}]\n").problems
    assert "the network's input 6x6x3 or 8x8x3" in problem.message


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


# Below these inputs a window is larger than its map; Keras 3 documents 75 for Inception v3 and 32 for VGG-16 as the smallest.
SMALLEST = [
    ("input: 3x4x3", "{conv: 4, kernel_size: 7}", "input 7x7x3 works"),
    ("input: 20x3", "{conv: 4, kernel_size: 5, dilation: 6}", "input 25x3 works"),
    ("input: 16x16x3", "{maxpool: 2, repeat: 5}", "the network's input 32x32x3 works"),
    ("input: 4x16x16x3", "{conv: 4, kernel_size: 3, repeat: 3}", "the network's input 7x16x16x3 works"),
    (
        "input: {tokens: 3, vocabulary: 9}",
        "{embedding: 5}, {conv: 8, kernel_size: 5}, {maxpool: 4}",
        "the network's input 8 tokens works",
    ),
    # (5 − 1)·1 − 4 − 4 + 2 = −2 for 5 cells, and 1 for 8.
    ("input: 5x2x3", "{conv_transpose: 4, kernel_size: 2, padding: 4}", "input 8x8x3 works"),
    ("input: 2x9x3", "{crop: 2}", "input 5x9x3 works"),
    ("input: 2x2x3", "{pad: 3, mode: reflect}", "input 4x4x3 works"),
    (
        "input: 2x2x3",
        "{conv: 3, kernel_size: 5, padding: 2, padding_mode: circular}, {avgpool: 3}",
        "the network's input 3x3x3 works",
    ),
    ("input: 6x6x3", "{maxpool: 2}, {space_to_depth: 2}", "the network's input 4x4x3 or 8x8x3 work"),
    ("input: 3x2x2\nlayout: channels_first", "{conv: 4, kernel_size: 3}", "input 3x3x3 works"),
]


@pytest.mark.parametrize(("head", "rows", "advice"), SMALLEST)
def test_a_map_that_is_too_small_is_told_the_smallest_input(head: str, rows: str, advice: str) -> None:
    (problem,) = cnncalc.loads(f"{head}\nlayers: [{rows}]\n").problems
    assert problem.message.endswith(f"; {advice}")


@pytest.mark.parametrize(("spec", "size"), [("inception_v3", 75), ("vgg16", 32)])
def test_the_smallest_input_of_a_published_network(spec: str, size: int) -> None:
    problems = cnncalc.load(spec, input=f"{size - 1}x{size - 1}x3").problems
    assert any(f"the network's input {size}x{size}x3 works" in problem.message for problem in problems)
    assert cnncalc.load(spec, input=f"{size}x{size}x3").problems == []


@pytest.mark.parametrize(
    "text",
    [
        "input: 28x28x3\nlayers: [{adaptive_avgpool: 4}, {conv: 8, kernel_size: 5}]\n",
        "input: 9x9x3\nlayers: [{conv: 8, kernel_size: 3, groups: 2}]\n",
        # Another order of the sizes is meant.
        "input: 1x28x28\nlayers: [{conv: 8, kernel_size: 5}]\n",
    ],
)
def test_a_fault_that_no_size_removes_is_not_told_an_input(text: str) -> None:
    (problem,) = cnncalc.loads(text).problems
    assert not problem.message.endswith("works")


def test_causal_padding_grows_with_the_window() -> None:
    # (6 − 4 + 3)/2 + 1 = 3.5, and the same for every window.
    (problem,) = cnncalc.loads("input: 6x3\nlayers: [{conv: 4, kernel_size: 4, stride: 2, padding: causal}]\n").problems
    assert "kernel_size" not in problem.message


@st.composite
def networks(draw: st.DrawFn) -> str:
    """Windows on maps of one to three axes, with branches that are joined; most have a stride or a join that does not fit."""
    rank = draw(st.integers(1, 3))

    def sizes(most: int, least: int = 1) -> str:
        return "[" + ", ".join(str(draw(st.integers(least, most))) for _ in range(rank)) + "]"

    def row() -> str:
        kind = draw(
            st.sampled_from(
                ["conv: 4, kernel_size", "maxpool", "avgpool", "conv_transpose: 4, kernel_size", "upsample", "crop", "pad"]
            )
        )
        if kind in ("upsample", "crop", "pad"):
            return f"{{{kind}: {sizes(2)}}}"
        padding = "" if draw(st.booleans()) else f", padding: {draw(st.sampled_from([sizes(2, 0), 'same', '1']))}"
        return f"{{{kind}: {sizes(5)}, stride: {sizes(3)}{padding}}}"

    found = [row() for _ in range(draw(st.integers(1, 4)))]
    if draw(st.booleans()):
        found.append(f"{{branches: {{a: [{row()}], b: [{row()}]}}, merge: concat}}")
    fit = draw(st.sampled_from(["exact", "exact", "floor", "ceil"]))
    return f"input: {sizes(20)[:-1]}, 4]\nfit: {fit}\nlayers: [{', '.join(found)}]\n"


@settings(max_examples=25, deadline=None)
@given(networks())
def test_every_offered_input_and_fix_works_when_the_file_is_read_again(text: str) -> None:
    net = cnncalc.loads(text)
    lines = text.split("\n")
    for (flow,) in nearest_inputs(net.graph):
        assert cnncalc.loads(text, input=str(flow)).problems == []
    for problem in net.problems:
        for fix in problem.fixes:
            at = fix.location
            assert at.line == at.end_line
            changed = [*lines]
            changed[at.line - 1] = lines[at.line - 1][: at.column - 1] + fix.text + lines[at.line - 1][at.end_column - 1 :]
            left = cnncalc.loads("\n".join(changed)).problems
            assert problem.layer not in {other.layer for other in left if other.rule == problem.rule}, fix


@settings(max_examples=8, deadline=None)
@given(networks(), st.integers(3, 8))
def test_the_sizes_that_work_are_those_on_which_the_file_has_no_problem(text: str, most: int) -> None:
    oracle = Oracle(Source(None, text=text))
    if oracle.lasting_problems():
        assert all(cnncalc.loads(text, input=str(along(oracle.flows[0], (0, 1, 2), n))).problems for n in range(1, 20))
        return
    found = survey(oracle.along(0), most)
    if found.smallest is not None:
        assert cnncalc.loads(text, input=str(found.smallest)).problems == []
    for scan in found.scans:
        axes = tuple(scan.at.axes.index(axis) for axis in scan.axes)
        works = [n for n in range(1, scan.most + 1) if not cnncalc.loads(text, input=str(along(scan.at, axes, n))).problems]
        assert works == scan.works
