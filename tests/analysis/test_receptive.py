"""Receptive fields: measured ones of published networks, and sets of cells followed by hand through random ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncalc
from cnncalc.analysis.receptive import Field, receptive_fields, text

MEASURED = json.loads(Path("tests/data/receptive_field.json").read_text("utf-8"))["measured"]
VGG = {
    "vgg11": "64 M 128 M 256 256 M 512 512 M 512 512 M",
    "vgg16": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    "vgg19": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}
# torchvision's, after Krizhevsky 2014, One weird trick: smaller first layer and padding.
ALEXNET = """
  - {conv: 64, kernel_size: 11, stride: 4, padding: 2}
  - {maxpool: 3, stride: 2}
  - {conv: 192, kernel_size: 5, padding: 2}
  - {maxpool: 3, stride: 2}
  - {conv: 384, kernel_size: 3, padding: 1}
  - {conv: 256, kernel_size: 3, padding: 1}
  - {conv: 256, kernel_size: 3, padding: 1}
  - {maxpool: 3, stride: 2}
"""


def features(name: str, size: str) -> cnncalc.Network:
    if name in VGG:
        rows = "".join(
            "\n  - {maxpool: 2}" if w == "M" else f"\n  - {{conv: {w}, kernel_size: 3, padding: 1}}" for w in VGG[name].split()
        )
    elif name == "alexnet":
        rows = ALEXNET
    else:
        return cnncalc.load(f"specs/{name}.yaml", input=size, fit=None if name == "googlenet" else "floor")
    return cnncalc.loads(f"input: {size}\nfit: floor\nlayers:{rows}\n")


@pytest.mark.parametrize("name", MEASURED)
def test_measured(name: str) -> None:
    measured = MEASURED[name]
    _, channels, height, width = measured["input"]
    net = features(name, f"{height}x{width}x{channels}")
    last = [node for node in net.layers if node.shape is not None and node.shape.rank == 2][-1]
    assert last.shape is not None
    assert last.shape.ordered("channels_first") == tuple(measured["out"][1:])
    field = receptive_fields(net.graph)[last.name]["input"][0]
    assert (field.size, field.stride, field.padding) == (measured["size"], measured["stride"], measured["padding"])


def fields(rows: str, size: str = "64x48x3") -> tuple[Field, ...]:
    net = cnncalc.loads(f"input: {size}\nlayers:\n{rows}\n")
    assert net.problems == []
    return receptive_fields(net.graph)[net.layers[-1].name]["input"]


LAYERS = st.lists(
    st.one_of(
        st.tuples(st.just("conv"), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3)),
        st.tuples(st.just("up"), st.sampled_from([2, 3, 4]), st.sampled_from([1, 2]), st.just(0), st.just(1)),
        st.tuples(st.just("crop"), st.integers(0, 2), st.integers(0, 2), st.just(0), st.just(1)),
        st.tuples(st.just("pad"), st.integers(0, 2), st.integers(0, 2), st.just(0), st.just(1)),
    ),
    min_size=1,
    max_size=5,
)


@given(LAYERS)
@settings(max_examples=150)
def test_cells_followed_by_hand(layers: list[tuple[str, int, int, int, int]]) -> None:
    """Each cell keeps the set of input cells that it depends on; the span of a cell in the middle is the field."""
    size = 160
    cells: list[set[int]] = [{i} for i in range(size)]
    rows = []
    grows = False
    for kind, a, b, p, d in layers:
        if kind == "conv":
            rows.append(f"  - {{conv: 1, kernel_size: {a}, stride: {b}, padding: {p}, dilation: {d}}}")
            padded = [set()] * p + cells + [set()] * p
            extent = d * (a - 1) + 1
            cells = [set().union(*padded[i : i + extent : d]) for i in range(0, len(padded) - extent + 1, b)]
        elif kind == "up":
            rows.append(f"  - {{conv_transpose: 1, kernel_size: {a * b}, stride: {a}}}")
            grows = grows or a > 1
            written: list[set[int]] = [set() for _ in range((len(cells) - 1) * a + a * b)]
            for i, cell in enumerate(cells):
                for j in range(a * b):
                    written[i * a + j] = written[i * a + j] | cell
            cells = written
        elif kind == "crop":
            rows.append(f"  - {{crop: [[{a}, {b}]]}}")
            cells = cells[a : len(cells) - b]
        else:
            rows.append(f"  - {{pad: [[{a}, {b}]]}}")
            cells = [set()] * a + cells + [set()] * b
        if len(cells) < 12:
            return
    net = cnncalc.loads(f"input: {size}x1\nfit: floor\nlayers:\n" + "\n".join(rows) + "\n")
    assert not net.problems
    (field,) = receptive_fields(net.graph)[net.layers[-1].name]["input"]
    middle = len(cells) // 2
    seen = cells[middle]
    if not seen or min(seen) == 0 or max(seen) == size - 1:
        return
    first, last = field.first + middle * field.stride, field.last + middle * field.stride
    if grows:
        # Places lie between cells there, and cells differ in what they see: each time by less than a cell of the map that grew.
        found = receptive_fields(net.graph)
        before = [net.inputs[0].name, *(node.name for node in net.layers)]
        steps = [found[name]["input"][0].stride if name in found else 1 for name in before]
        slack = sum(step for step, node in zip(steps, net.layers, strict=False) if node.kind == "conv_transpose")
        assert abs(max(seen) - min(seen) + 1 - field.size) <= slack + 1
    else:
        assert (min(seen), max(seen)) == (first, last)


def test_axes_on_their_own() -> None:
    height, width = fields("  - {conv: 4, kernel_size: 3x6, stride: [1, 3]}\n  - {conv: 4, kernel_size: 1x3}")
    assert (height.size, height.stride, height.padding) == (3, 1, 0)
    assert (width.size, width.stride) == (6 + 2 * 3, 3)


def test_global_pool_sees_all_and_moves_no_more() -> None:
    height, width = fields("  - {conv: 4, kernel_size: 3, padding: 1}\n  - global_avgpool\n  - {fc: 5}")
    assert (height.size, width.size) == (64 + 2, 48 + 2)
    assert height.along is None


def test_gate_sees_all_beside_what_moves() -> None:
    rows = """
  - {conv: 4, kernel_size: 3, padding: 1}
  - branches: {map: [], gate: [global_avgpool, {fc: 4}, sigmoid]}
    merge: multiply
  - {conv: 4, kernel_size: 3, padding: 1}"""
    height, _ = fields(rows)
    assert height.size == 66
    assert (height.last - height.first + 1, height.along, height.aligned) == (5, 0, True)


@pytest.mark.parametrize(
    ("left", "aligned"),
    [("{conv: 3, kernel_size: 5, padding: 2}", True), ("{conv: 3, kernel_size: 4, padding: [[1, 2], [1, 2]]}", False)],
)
def test_largest_path_and_alignment(left: str, aligned: bool) -> None:
    height, _ = fields(f"  - branches: {{left: [{left}], right: [{{conv: 3, kernel_size: 3, padding: 1}}]}}\n    merge: add")
    assert height.size == int(left.split("kernel_size: ")[1][0])
    assert height.aligned is aligned


def test_permute_takes_its_axes_along() -> None:
    height, width = fields("  - {conv: 3, kernel_size: 3x7}\n  - {permute: [width, height, channels]}\n  - {maxpool: 1x2}")
    assert (height.size, height.along, width.size, width.along) == (3 + 1, 1, 7, 0)


def test_adaptive_pool() -> None:
    height, width = fields("  - {adaptive_avgpool: 16x7}")
    assert (height.size, height.stride, width.size) == (4, 4, 8)
    one, _ = fields("  - {adaptive_avgpool: 1}")
    assert (one.size, one.along) == (64, None)


def test_upsampling() -> None:
    nearest, _ = fields("  - {upsample: 2}\n  - {conv: 3, kernel_size: 3, padding: 1}")
    assert (nearest.size, nearest.stride) == (2, 0.5)
    bilinear, _ = fields("  - {upsample: 2, mode: bilinear}")
    assert bilinear.size == 2
    assert nearest.centre == bilinear.centre


def test_sequences_and_tokens() -> None:
    net = cnncalc.loads(
        "input: {tokens: 20, vocabulary: 100}\nlayers: [{embedding: 8}, {conv: 8, kernel_size: 3}, {attention: 2}]"
    )
    found = receptive_fields(net.graph)
    assert [text(found[node.name]) for node in net.layers] == ["1", "3", "20"]


def test_what_is_unknown_is_left_out() -> None:
    net = cnncalc.loads("input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3}, {conv: 4, kernel_size: 99}, relu]")
    assert list(receptive_fields(net.graph)) == ["conv1"]


def test_several_inputs_in_words() -> None:
    net = cnncalc.loads(
        "input: {left: 9x9x3, right: 9x9x3}\nlayers:\n  - {conv: 3, kernel_size: 3, padding: 1, from: left}\n"
        "  - {conv: 3, kernel_size: 5, padding: 2, from: right}\n  - {add: conv1}\n"
    )
    assert text(receptive_fields(net.graph)["add1"]) == "right 5×5, left 3×3"


def test_text_has_the_size_and_the_step() -> None:
    # CS231n's AlexNet: 11×11 at stride 4; its second pooling sees 67×67 at stride 16 (19 + 8·(5 − 1) + 8·(3 − 1)).
    net = cnncalc.load("specs/alexnet.yaml")
    found = receptive_fields(net.graph)
    assert text(found["conv1"]) == "11×11 /4"
    assert text(found["maxpool2"]) == "67×67 /16"


def test_a_recurrent_convolution_sees_the_steps_before_and_its_own():
    net = cnncalc.loads("input: 3x5x4x2\nlayers: [{conv_lstm: 2, kernel_size: 3, padding: same, return: sequence}]\n")
    time = receptive_fields(net.graph)["conv_lstm1"]["input"][0]
    # The last of three steps, cell 2, sees the steps 0 to 2.
    assert (time.first + 2, time.last + 2, time.stride) == (0, 2, 1)
