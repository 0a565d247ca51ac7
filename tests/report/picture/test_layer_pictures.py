"""The window over one input, and the receptive field of one cell, against sizes counted by hand and published ones."""

import xml.etree.ElementTree as ET

import pytest

import cnncalc
from cnncalc.analysis.receptive import receptive_fields
from cnncalc.report.picture import receptive, sliding, svg
from cnncalc.report.picture.options import CannotDraw
from cnncalc.report.picture.scene import Rect, Scene, Text
from tests.report.picture.browser import OVERLAPS, measured, needs_chromium


def scene_of(spec: str) -> Scene:
    network = cnncalc.loads(spec)
    return sliding.scene(network, network.layers[0])


def window_of(spec: str) -> dict[str, list[tuple[float, ...]]]:
    """The rectangles of a layer's picture by their style, in cells from the padded input's corner."""
    found: dict[str, list[Rect]] = {}
    for shape in scene_of(spec).shapes():
        # The legend's swatches are no cells.
        if isinstance(shape, Rect) and (shape.width, shape.height) != (11, 11):
            found.setdefault(shape.style, []).append(shape)
    origin = min(found.get("pad", []) + found["cell"], key=lambda rect: rect.x)
    cell = min(rect.width for rect in found["win1"])
    return {
        style: [tuple(round(v / cell, 2) for v in (r.x - origin.x, r.y - origin.y, r.width, r.height)) for r in rects]
        for style, rects in found.items()
    }


def test_stride_and_padding():
    """7×7 with a border of one, 3×3, stride 2: windows begin at 0, 2, 4 and 6."""
    found = window_of("input: 7x7x3\nlayers: [{conv: 10, kernel_size: 3, stride: 2, padding: 1}]")
    assert found["pad"][0] == (0, 0, 9, 9)
    assert found["cell"][0] == (1, 1, 7, 7)
    assert found["win1line"][0] == (0, 0, 3, 3)
    assert found["win2line"][0] == (2, 0, 3, 3)
    assert found["win3line"][0] == (6, 6, 3, 3)
    assert found["cell"][1][2:] == (4, 4)
    assert "unread" not in found


def test_unread_cells():
    """8 cells, 3×3, stride 2: the last window ends with cell 7."""
    found = window_of("input: 8x8x3\nlayers: [{conv: 10, kernel_size: 3, stride: 2}]")
    assert found["unread"] == [(7, 0, 1, 8), (0, 7, 8, 1)]


def test_a_dilated_window_reads_every_other_cell():
    found = window_of("input: 9x9x3\nlayers: [{conv: 10, kernel_size: 3, dilation: 2, padding: 2}]")
    assert found["win1line"][0] == (0, 0, 5, 5)
    assert set(found["win1"][:9]) == {(x, y, 1, 1) for x in (0, 2, 4) for y in (0, 2, 4)}


def test_the_middle_of_a_large_input_is_left_out():
    """224 cells, 11×11, stride 4: windows begin at 0, 4, … 212, and row and column 223 are never read."""
    found = window_of("input: 224x224x3\nlayers: [{conv: 96, kernel_size: 11, stride: 4}]")
    assert [box[2:] for box in found["win1line"][:1]] == [(11, 11)]
    assert found["win2line"][0] == (4, 0, 11, 11)
    last = found["win3line"][0]
    assert last[2:] == (11, 11)
    (right, bottom) = found["unread"]
    # The unread column is one cell wide and lies where the last window ends.
    assert right[2] == bottom[3] == 1
    assert right[0] == pytest.approx(last[0] + 11, abs=0.02)
    assert right[0] < 50
    texts = [
        s.text
        for s in scene_of("input: 224x224x3\nlayers: [{conv: 96, kernel_size: 11, stride: 4}]").shapes()
        if isinstance(s, Text)
    ]
    assert "224×224×3 → 54×54×96; cells in the middle are left out" in texts


def test_a_window_as_large_as_half_the_input_hides_nothing():
    texts = [
        s.text
        for s in scene_of("input: 224x224x3\nlayers: [{conv: 4, kernel_size: 100, stride: 31}]").shapes()
        if isinstance(s, Text)
    ]
    assert "224×224×3 → 5×5×4" in texts


def test_an_axis_that_fits_is_not_called_rounded():
    """(10 − 3)/1 + 1 = 8 is whole, (30 − 5)/2 + 1 = 13.5 is not."""
    texts = [
        s.text
        for s in scene_of("input: 10x30x1\nlayers: [{conv: 4, kernel_size: [3, 5], stride: [1, 2]}]").shapes()
        if isinstance(s, Text)
    ]
    assert "height: (10 − 3 + 2·0)/1 + 1 = 8" in texts
    assert "width: (30 − 5 + 2·0)/2 + 1 = 13.5, not whole: floored below" in texts


def test_a_transposed_window_writes_the_output():
    """4 cells, 3×3, stride 2: 9 cells written, of which padding cuts one off on each side."""
    found = window_of("input: 4x4x3\nlayers: [{conv_transpose: 10, kernel_size: 3, stride: 2, padding: 1}]")
    assert found["cell"][0] == (0, 0, 4, 4)
    (pad,) = found["pad"]
    assert pad[2:] == (9, 9)
    assert found["cell"][1] == (pad[0] + 1, 1, 7, 7)
    wide = [one for one in found["win2line"] if one[2] == 3]
    assert wide == [(pad[0] + 2, 0, 3, 3)]


def test_a_sequence_is_drawn_as_stairs():
    found = window_of("input: 6x3\nlayers: [{conv: 10, kernel_size: 3, padding: causal}]")
    assert [one[0] for one in (*found["win1line"], *found["win2line"], *found["win3line"]) if one[2] == 3] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("input: 7x7x3\nlayers: [relu]", "relu slides no window over its input"),
        ("input: 7x7x3\nlayers: [{conv: 3, kernel_size: 9}]", "the layer's shape is unknown"),
    ],
)
def test_layers_without_a_window_are_refused(spec, reason):
    network = cnncalc.loads(spec)
    with pytest.raises(CannotDraw, match=reason):
        sliding.scene(network, network.layers[0])


@pytest.mark.parametrize(("layer", "cells"), [("conv1", 11), ("conv2", 51), ("conv3", 99), ("conv5", 163), ("maxpool3", 195)])
def test_the_receptive_field_is_the_published_one(layer, cells):
    """AlexNet's: Araujo, Norris & Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Table 1."""
    network = cnncalc.load("specs/alexnet.yaml")
    ((low, high), _) = receptive.seen(network[layer])[id(network.inputs[0])]
    assert high - low + 1 == cells
    texts = [shape.text for shape in receptive.scene(network, network[layer]).shapes() if isinstance(shape, Text)]
    assert f"sees {cells}×{cells}" in texts


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "wavenet", "vgg16", "inception_v3"])
def test_backward_and_forward_agree(name):
    """Regions are followed back from one cell; the analysis follows fields forward from the input."""
    network = cnncalc.load(f"specs/{name}.yaml")
    fields = receptive_fields(network.graph)
    source = network.inputs[0]
    compared = 0
    for node in network.layers[:: max(1, len(network.layers) // 12)]:
        found = receptive.seen(node).get(id(source))
        axes = fields.get(node.name, {}).get(source.name)
        if not found or not axes or any(f.along is None or not f.aligned or f.fixed or f.stride != int(f.stride) for f in axes):
            continue
        assert [high - low + 1 for low, high in found] == [field.size for field in axes], node.name
        compared += 1
    assert compared >= 1


@pytest.mark.parametrize(
    "rows",
    [
        "- {conv: 1, kernel_size: 3, stride: 2, padding: 1}\n- {conv: 1, kernel_size: 3, dilation: 2, padding: 2}",
        "- {conv: 1, kernel_size: 2, stride: 2}\n- {conv_transpose: 1, kernel_size: 2, stride: 2}\n- {conv: 1, kernel_size: 3, padding: 1}",
        "- {conv: 1, kernel_size: 2, stride: 2, name: a}\n- {conv: 1, kernel_size: 2, stride: 2}\n- {upsample: 2}\n- {add: a}",
        "- {maxpool: 2}\n- {conv_transpose: 1, kernel_size: 4, stride: 2, padding: 1}",
    ],
)
def test_exactly_the_cells_seen_change_the_result(rows):
    """Each cell of the input is raised in turn, all weights one: the result's middle cell changes for the cells that it sees.

    A region is a hull of cells: where a map grows by a window of even size, one cell more may be in it than is read.
    """
    import numpy as np

    network = cnncalc.loads(f"input: 16x16x1\nfit: floor\nlayers:\n{rows}")
    weights = {name: {key: np.ones_like(value) for key, value in own.items()} for name, own in network.weights(seed=0).items()}
    cells = np.eye(256, dtype=np.float32).reshape(256, 1, 16, 16)
    result = network.forward(cells, weights) - network.forward(np.zeros((1, 1, 16, 16), np.float32), weights)
    height, width = result.shape[2:]
    rows_seen, columns_seen = np.nonzero(result[:, 0, height // 2, width // 2].reshape(16, 16))
    found = receptive.seen(network.layers[-1])[id(network.inputs[0])]
    for (low, high), places in zip(found, (rows_seen, columns_seen), strict=True):
        assert max(low, 0) <= places.min()
        assert min(high, 15) >= places.max()
        assert (min(high, 15) - max(low, 0)) - (places.max() - places.min()) <= 2


def test_a_vector_has_no_receptive_field_to_draw():
    network = cnncalc.loads("input: 12\nlayers: [{fc: 3}]")
    with pytest.raises(CannotDraw, match="fc1 has no spatial axis"):
        receptive.scene(network, network.layers[0])


@needs_chromium
def test_labels_of_layer_pictures_do_not_overlap(tmp_path):
    body = ""
    for kind in ("conv: 4, kernel_size: 3, stride: 2, padding: 1", "maxpool: 3", "conv_transpose: 2, kernel_size: 4, stride: 2"):
        for size in ("5x5x2", "224x300x3", "12x2", "6x20x20x2"):
            network = cnncalc.loads(f"input: {size}\nfit: floor\nlayers: [{{{kind}}}]")
            body += svg.text(sliding.scene(network, network.layers[0]))
    for name, layer in (
        ("unet", "up1"),
        ("resnet50", "stage5.2"),
        ("wavenet", "last"),
        ("textcnn", "concat1.three"),
        ("vgg16", "stage5"),
    ):
        network = cnncalc.load(f"specs/{name}.yaml")
        try:
            text = svg.text(receptive.scene(network, network[layer]))
        except CannotDraw:
            continue
        ET.fromstring(text)
        body += text
    found = measured(body, OVERLAPS, tmp_path)
    assert len(found) >= 15
    assert [one for one in found if one["faults"]] == []
