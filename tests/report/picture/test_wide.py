"""Pictures keep the width that was asked for: narrow boxes, folded levels, sides, and strips."""

import pathlib
from itertools import pairwise

import pytest

import cnncalc
from cnncalc.report.picture.draw import scene
from cnncalc.report.picture.formats import picture
from cnncalc.report.picture.layout import Spacing, arrange
from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.scene import Path, Polygon, Rect, ShapeGroup, Text
from cnncalc.report.picture.straight import Cell, layer_axes, spread
from cnncalc.report.picture.strips import wrapped
from cnncalc.report.picture.structure import Lanes, structure
from tests.report.picture.browser import CROSSINGS, OVERLAPS, measured, needs_chromium

SPECS = pathlib.Path(__file__).parents[3] / "specs"

#: A backbone with a feature pyramid: each level has a head of its own that leaves the network.
PYRAMID = """
input: 256x256x3
outputs: [head3, head4, head5]
layers:
  - {conv: 8, kernel_size: 3, padding: same, stride: 2, name: c1}
  - {conv: 16, kernel_size: 3, padding: same, stride: 2, name: c2}
  - {conv: 32, kernel_size: 3, padding: same, stride: 2, name: c3}
  - {conv: 64, kernel_size: 3, padding: same, stride: 2, name: c4}
  - {conv: 128, kernel_size: 3, padding: same, stride: 2, name: c5}
  - {conv: 64, kernel_size: 1, name: p5}
  - {conv: 9, kernel_size: 1, name: head5}
  - {upsample: 2, from: p5, name: u4}
  - {concat: [u4, c4], name: j4}
  - {conv: 32, kernel_size: 1, name: p4}
  - {conv: 9, kernel_size: 1, name: head4}
  - {upsample: 2, from: p4, name: u3}
  - {concat: [u3, c3], name: j3}
  - {conv: 9, kernel_size: 1, name: head3}
"""


def names(text: str, style: str = "volumes", width: float = 1000) -> dict[str, tuple[float, float]]:
    """The place of each name in the picture."""
    shapes = scene(cnncalc.loads(text), Drawing(style, width=width)).shapes()
    return {shape.text: (shape.x, shape.y) for shape in shapes if isinstance(shape, Text) and shape.style == "name"}


def test_what_comes_before_the_first_skip_is_a_row():
    """The first skip of the pyramid leads from c3: c1 and c2 need no levels of their own."""
    places = names(PYRAMID, width=2000)
    assert places["c3"][1] < places["c4"][1] < places["c5"][1]
    assert places["c1"][1] < places["c4"][1] - 40
    assert places["c2"][1] < places["c4"][1] - 40


def test_heads_stand_at_the_right_of_what_goes_on():
    places = names(PYRAMID)
    rest = max(x for name, (x, _) in places.items() if not name.startswith("head"))
    assert places["head5"][0] > rest - 1
    assert places["head4"][0] > rest - 1


@needs_chromium
def test_no_edge_runs_through_an_item(tmp_path):
    networks = [cnncalc.loads(PYRAMID), cnncalc.load(SPECS / "unet.yaml")]
    body = "".join(picture(network, "svg", Drawing(width=width)).text for network in networks for width in (500, 1000))
    assert [one for one in measured(body, CROSSINGS, tmp_path) if one["faults"]] == []
    assert [one for one in measured(body, OVERLAPS, tmp_path) if one["faults"]] == []


def test_a_head_in_the_middle_stands_beside_the_others():
    """0 → 1 → 3 → 4, and 2 reads 1 but nothing reads it."""
    edges = [(0, 1), (1, 2), (1, 3), (3, 4)]
    assert [part for part in structure(5, edges).parts if isinstance(part, int)] == [0, 1]
    zero, one, side, three, four = structure(5, edges, has_sides=True).parts
    assert (zero, one, three, four) == (0, 1, 3, 4)
    assert isinstance(side, Lanes)
    assert side.is_aside
    assert side.bypass == [2]


def test_inputs_that_stand_first_have_lanes_even_with_sides():
    """Two towers, 0 → 2 and 1 → 3, that meet in 4."""
    lanes, join = structure(5, [(0, 2), (1, 3), (2, 4), (3, 4)], has_sides=True).parts
    assert isinstance(lanes, Lanes)
    assert len(lanes.lanes) == 2
    assert join == 4


def test_a_network_with_an_early_output_goes_on_below():
    rows = "".join(f"  - {{conv: {8 + i}, kernel_size: 3, padding: 1, name: c{i}}}\n" for i in range(20))
    head = "  - {fc: 10, name: early, from: c3}\n  - {conv: 7, kernel_size: 1, from: c3, name: on}\n"
    lines = rows.splitlines(keepends=True)
    text = "input: 32x32x3\noutputs: [early, c19]\nlayers:\n" + "".join(lines[:4]) + head + "".join(lines[4:])
    places = names(text, width=600)
    assert scene(cnncalc.loads(text), Drawing(width=600)).width <= 640
    assert len({y for _, y in places.values()}) >= 3


@pytest.mark.parametrize("name", ["inception_v3", "googlenet"])
@pytest.mark.parametrize("style", ["graph", "blocks"])
def test_cells_with_many_branches_have_narrow_boxes(name, style):
    for width in (700, 1000):
        assert scene(cnncalc.load(SPECS / f"{name}.yaml"), Drawing(style, width=width)).width <= 1.1 * width


def test_a_block_that_reads_many_results_shows_them_as_one_input():
    rows = "".join(f"  - {{conv: {4 + i}, kernel_size: 1, from: input, name: c{i}}}\n" for i in range(6))
    blocks = (
        "blocks: {last: {layers: [{concat: [c0, c1, c2, c3, c4, c5]}, {conv: 4, kernel_size: 1}, {conv: 2, kernel_size: 1}]}}"
    )
    network = cnncalc.loads(f"input: 8x8x4\n{blocks}\nlayers:\n{rows}  - {{block: last}}\n")
    texts = [shape.text for shape in scene(network, Drawing("blocks")).shapes() if isinstance(shape, Text)]
    assert texts.count("6 inputs") == 1
    assert "?" not in texts


def test_places_keep_their_order_and_their_room():
    # Two that want one place stand around it; the third is far enough away to stand where it wants.
    assert spread([5, 5, 20], [1, 1, 1], [4, 4]) == [3, 7, 20]
    # The heavier one moves less: (3·5 + 1·(5 − 4)) / 4 = 4.
    assert spread([5, 5], [3, 1], [4]) == [4, 8]


def test_an_edge_past_layers_is_straight():
    """0 → 1 → 2 → 3 in four layers, and an edge 0 → 3 past 1 and 2."""
    edges = [(0, 1), (1, 2), (2, 3), (0, 3)]
    cells = {item: Cell(10, 20, 20) for item in range(4)} | {-4: Cell(0, 3, 3)}
    axes = layer_axes([[0], [1, -4], [2, -4], [3]], cells, edges, 10, 6)
    assert axes[1, -4] == pytest.approx(axes[2, -4], abs=0.5)
    assert axes[1, -4] - axes[1, 1] >= 20 + 10 + 3 - 1e-9


def test_strips_go_on_at_the_height_of_the_cut():
    boxes = [ShapeGroup("", [Rect(100.0 * i, 0, 40, 40, "card")]) for i in range(10)]
    line = Path((40, 20), [((900, 20),)], "edge")
    bow = Path((20, 0), [((320, -120), (620, -120), (920, 0))], "skip")
    found = wrapped([*boxes, line, bow, Polygon([(890, 17), (890, 23), (900, 20)], "head")], 400)
    right = max(part.parts[0].x + 40 for part in found if isinstance(part, ShapeGroup))
    assert right <= 420
    rows = sorted({part.parts[0].y for part in found if isinstance(part, ShapeGroup)})
    assert len(rows) == 3
    for style in ("edge", "skip"):
        pieces = [part for part in found if isinstance(part, Path) and part.style == style]
        assert len(pieces) == 3
        for (before, after), (top, below) in zip(pairwise(pieces), pairwise(rows), strict=True):
            # The end of one piece and the start of the next, from the top of the boxes of their strips.
            assert before.steps[-1][-1][1] - top == pytest.approx(after.start[1] - below, abs=0.01)


def test_a_cut_picture_keeps_its_order():
    """Lanes of 300 pixels: what is read later is farther below, or at the right."""
    places = names((SPECS / "textcnn.yaml").read_text(), width=300)
    assert places["embedding1"][1] < places["concat1"][1]
    assert places["fc1"][1] >= places["concat1"][1] - 100
    assert places["fc1"][0] > places["concat1"][0]


def test_wide_blocks_stand_side_by_side():
    """Each of the four blocks takes more than half of the width if nothing is shortened."""
    path = "[{{conv: 128, kernel_size: {0}, padding: same, bias: false, name: {1}_convolution}}]"
    blocks = "".join(
        f"  b{size}: {{layers: [{{branches: {{left: {path.format(size, 'left')}, right: {path.format(size + 2, 'right')}}}, merge: add}}]}}\n"
        for size in (3, 5, 7, 9)
    )
    text = f"input: 32x32x128\nblocks:\n{blocks}layers: [{{block: b3}}, {{block: b5}}, {{block: b7}}, {{block: b9}}]\n"
    shapes = scene(cnncalc.loads(text), Drawing("blocks")).shapes()
    places = {shape.text: (shape.x, shape.y) for shape in shapes if isinstance(shape, Text) and shape.style == "frame"}
    assert set(places) == {"network", "b3 · 1 use", "b5 · 1 use", "b7 · 1 use", "b9 · 1 use"}
    assert places["b7 · 1 use"][1] == places["b9 · 1 use"][1] or places["b5 · 1 use"][1] == places["b7 · 1 use"][1]


def test_a_long_name_has_two_lines():
    rows = "{global_avgpool: , name: global_average_pooling2d_of_all}"
    shapes = scene(cnncalc.loads(f"input: 8x8x4\nlayers: [{rows}]"), Drawing()).shapes()
    assert [s.text for s in shapes if isinstance(s, Text) and s.style == "name"] == [
        "input",
        "global_average_",
        "pooling2d_of_all",
    ]


def test_a_thousand_different_layers_are_a_figure_too():
    rows = "".join(f"  - {{conv: {8 + i % 7}, kernel_size: 3, padding: 1}}\n" for i in range(1000))
    found = scene(cnncalc.loads(f"input: 32x32x3\nlayers:\n{rows}"), Drawing())
    assert found.height < 1000
    assert "999 layers" in [shape.text for shape in found.shapes() if isinstance(shape, Text)]


def test_a_picture_without_a_gap_is_not_cut():
    wall = [ShapeGroup("", [Rect(0, 0, 1000, 10, "card")])]
    assert wrapped(wall, 300) == wall


@needs_chromium
def test_a_depth_that_is_asked_for_keeps_the_width(tmp_path):
    """Nothing is folded away: the picture is cut into strips."""
    network = cnncalc.load(SPECS / "shufflenet_v2.yaml")
    found = scene(network, Drawing(depth=4, width=800))
    assert found.width <= 1.1 * 800 + 40
    assert [
        one for one in measured(picture(network, "svg", Drawing(depth=4, width=800)).text, OVERLAPS, tmp_path) if one["faults"]
    ] == []


def test_modules_that_differ_in_their_arguments_are_one_block():
    """Ultralytics' layout: what follows the comma in a module's title are its channels and repeats."""
    rows = "".join(f"  - [-1, {n}, C2f, [{c}, True]]\n" for n, c in ((3, 64), (6, 64), (3, 128)))
    file = f"nc: 4\nscales: {{n: [0.33, 0.25, 1024]}}\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n{rows}head:\n  - [-1, 1, Classify, [nc]]\n"
    texts = [s.text for s in scene(cnncalc.loads(file), Drawing("blocks")).shapes() if isinstance(s, Text)]
    titles = [text for text in texts if " · " in text]
    assert "C2f · 3 uses" in titles
    assert len(set(titles)) == len(titles)


def test_an_edge_past_an_input_resumes_in_the_next_row():
    """0 → 1 → 3 → 4 → 6, and 3 and 6 also read the inputs 2 and 5: rows begin with 2 and 5, and edges lead past them."""
    edges = [(0, 1), (1, 3), (2, 3), (3, 4), (4, 6), (5, 6)]
    found = arrange([Cell(40, 10, 10)] * 7, edges, Spacing(longest=130))
    assert found.places[1][1] < found.places[3][1] < found.places[6][1]
    assert [edges[index] for index in found.resumes] == [(1, 3), (4, 6)]


def numbered_modules(tmp_path: pathlib.Path) -> pathlib.Path:
    """An ONNX file as PyTorch writes it: body.0 and body.1 differ in their sizes, head.0 has another activation."""
    onnx = pytest.importorskip("onnx")
    nodes, weights = [], []
    value, channels = "image", 3
    for path, activation, filters in (
        ("body/body.0", "Relu", 4), ("body/body.1", "Relu", 8), ("head/head.0", "Tanh", 8)
    ):  # fmt: skip
        weight = f"{path}.weight"
        numbers = [0.0] * (filters * channels * 9)
        weights.append(onnx.helper.make_tensor(weight, onnx.TensorProto.FLOAT, [filters, channels, 3, 3], numbers))
        nodes.append(onnx.helper.make_node("Conv", [value, weight], [f"{path}.c"], name=f"/{path}/conv/Conv"))
        nodes.append(onnx.helper.make_node(activation, [f"{path}.c"], [f"{path}.a"], name=f"/{path}/act/{activation}"))
        value, channels = f"{path}.a", filters
    image = onnx.helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, 16, 16])
    result = onnx.helper.make_tensor_value_info(value, onnx.TensorProto.FLOAT, [1, 8, 10, 10])
    graph = onnx.helper.make_graph(nodes, "main_graph", [image], [result], weights)
    file = tmp_path / "numbered.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), str(file))
    return file


def test_modules_with_a_number_for_a_title_are_compared_by_their_layers(tmp_path):
    """Both body.0 and head.0 are called "0", and nothing else in them is alike."""
    network = cnncalc.load(numbered_modules(tmp_path))
    texts = [s.text for s in scene(network, Drawing("blocks")).shapes() if isinstance(s, Text) and s.style == "frame"]
    assert "body.0 · 2 uses" in texts
    assert "head.0 · 1 use" in texts


def test_a_picture_that_is_wider_than_asked_for_says_so():
    """Six lanes side by side take more than 300 pixels in any style that has a box for each."""
    branches = ", ".join(f"lane{i}: [{{conv: 8, kernel_size: 3, padding: 1}}]" for i in range(6))
    network = cnncalc.loads(f"input: 8x8x3\nlayers: [{{branches: {{{branches}}}, merge: concat}}]")
    note = picture(network, "svg", Drawing("graph", width=300)).note
    assert note.startswith("the picture is ")
    assert note.endswith(" pixels wide, not 300: layers that stand side by side need that much")
    assert picture(network, "svg", Drawing("graph", width=1000)).note == ""
