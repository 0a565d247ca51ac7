"""Pictures of the bundled networks: readable, small, the same each time, and valid XML whatever names stand in the file."""

import importlib.util
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

import cnncalc
from cnncalc.report.picture.draw import scene
from cnncalc.report.picture.fold import Fold
from cnncalc.report.picture.formats import picture
from cnncalc.report.picture.formats.mermaid import CHARACTERS, EDGES
from cnncalc.report.picture.options import STYLES, Drawing
from cnncalc.report.picture.scene import Path, Rect, Text
from cnncalc.report.picture.structure import post_dominators
from cnncalc.report.picture.units import fold_units
from tests.report.picture.browser import OVERLAPS, measured, needs_chromium

SPECS = sorted((pathlib.Path(__file__).parents[3] / "specs").glob("*.yaml"))
_SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = [
    "</svg><script>alert(1)</script>",
    "x" * 10_000,
    "שלום עולם",
    "a]]>&quot;\"'",
    "層畳み込み",
    "\u202eevil",
    "%{}$\\_#",
    "🧠👩\u200d🔬",
    "bell\x07\x1b[31m",
    "e" + 80 * "\u0301",
    " \u200b\u2028 ",
]


def hostile(name: str) -> cnncalc.Network:
    quoted = "".join(f"\\U{ord(c):08X}" for c in name)
    text = f"""
name: "{quoted}"
input: 8x8x3
blocks:
  ? "{quoted}"
  : {{layers: [{{conv: 4, kernel_size: 3}}, relu]}}
layers: [{{block: "{quoted}"}}, {{conv: 2, kernel_size: 9, name: wide}}]
"""
    return cnncalc.loads(text)


@pytest.fixture(scope="module")
def networks() -> dict[str, cnncalc.Network]:
    return {path.stem: cnncalc.load(path) for path in SPECS}


@pytest.mark.parametrize("style", STYLES)
def test_every_bundled_network_is_a_small_valid_picture_that_fetches_nothing(networks, style):
    for name, network in networks.items():
        text = picture(network, "svg", Drawing(style)).text
        assert len(text.encode()) < 100_000, name
        root = ET.fromstring(text)
        assert {element.tag.removeprefix(_SVG) for element in root.iter()} <= {
            "svg", "title", "desc", "style", "g", "rect", "path", "polygon", "text", "tspan",
        }  # fmt: skip
        assert not re.search(r"href|url\(|@import|<script|foreignObject", text)


@pytest.mark.parametrize("style", STYLES)
def test_the_same_network_is_the_same_picture_to_the_byte(networks, style):
    for path in SPECS[::4]:
        assert picture(cnncalc.load(path), "svg", Drawing(style)) == picture(networks[path.stem], "svg", Drawing(style))


@needs_chromium
@pytest.mark.parametrize("style", STYLES)
def test_no_two_labels_overlap_and_nothing_leaves_the_picture(networks, style, tmp_path):
    body = "".join(picture(network, "svg", Drawing(style)).text for network in networks.values())
    found = measured(body, OVERLAPS, tmp_path)
    assert [one["title"] for one in found] == [network.name for network in networks.values()]
    assert all(one["labels"] >= 5 for one in found)
    assert [(one["title"], one["faults"]) for one in found if one["faults"]] == []


@needs_chromium
def test_deeper_folds_and_all_columns_do_not_overlap_either(networks, tmp_path):
    columns = ("name", "kind", "output", "parameters", "macs", "receptive_field")
    body = "".join(
        picture(networks[name], "svg", Drawing(style, columns=columns, depth=depth)).text
        for name in ("unet", "resnet18", "googlenet", "wavenet", "vqa")
        for style in STYLES
        for depth in (1, 2, 4)
    )
    assert [one for one in measured(body, OVERLAPS, tmp_path) if one["faults"]] == []


@needs_chromium
def test_hostile_names_stay_text(tmp_path):
    networks = [hostile(name) for name in HOSTILE]
    pictures = [picture(network, "svg", Drawing(style)).text for network in networks for style in STYLES]
    found = measured("".join(pictures), OVERLAPS, tmp_path)
    assert len(found) == len(pictures)
    assert [one["faults"] for one in found if one["faults"]] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_harm_no_format(name):
    network = hostile(name)
    for style in STYLES:
        drawn = picture(network, "svg", Drawing(style)).text
        ET.fromstring(drawn)
        assert "<script" not in drawn
        assert len(drawn) < 60_000
        tex = picture(network, "tikz", Drawing(style)).text
        assert tex.isascii()
    chart = picture(network, "mermaid", Drawing()).text
    assert chart.count("```") == 2
    assert "<script" not in chart


def test_errors_are_marked_and_written(networks):
    network = cnncalc.load(SPECS[0].parent / "alexnet.yaml", input="224x224x3")
    for style in STYLES:
        texts = [shape.text for shape in scene(network, Drawing(style)).shapes() if isinstance(shape, Text)]
        assert "✗ conv1" in texts
        assert any(text.startswith("✗ conv1 does not fit") for text in texts)


def test_unet_is_drawn_as_a_u(networks):
    """Down and up in resolution are down and up on the page; both ends of a skip stand on one level."""
    labels = {
        shape.text: (shape.x, shape.y)
        for shape in scene(networks["unet"], Drawing()).shapes()
        if isinstance(shape, Text) and shape.style == "name"
    }
    way = ["down1", "down2", "down3", "down4", "bottom", "up4", "up3", "up2", "up1"]
    across = [labels[name][0] for name in way]
    down = [labels[name][1] for name in way]
    assert across == sorted(across)
    assert down[:5] == sorted(down[:5])
    assert down[4:] == sorted(down[4:], reverse=True)


def test_heights_are_proportional_to_the_resolution():
    """32 → 16 → 8 cells with nothing else that differs."""
    from cnncalc.report.picture.volumes import _size

    heights = [_size(cnncalc.loads(f"input: {n}x{n}x3\nlayers: [relu]").layers[0].flow, {2: 64})[1] for n in (64, 32, 16)]
    assert heights[0] / heights[1] == pytest.approx(2)
    assert heights[1] / heights[2] == pytest.approx(2)


def test_repeats_are_drawn_once_with_their_number(networks):
    texts = [shape.text for shape in scene(networks["resnet50"], Drawing()).shapes() if isinstance(shape, Text)]
    assert [text for text in texts if "×" in text and text.startswith(("stage", "~ stage"))] == [
        "stage2 ×3", "~ stage3 ×4", "~ stage4 ×6", "~ stage5 ×3",
    ]  # fmt: skip


def test_each_block_is_drawn_once_with_its_uses(networks):
    texts = [shape.text for shape in scene(networks["resnet50"], Drawing("blocks")).shapes() if isinstance(shape, Text)]
    # 16 bottlenecks of three conv_bn each, four projections, and the first convolution.
    assert "bottleneck · 16 uses" in texts
    assert f"conv_bn · {16 * 3 + 4 + 1} uses" in texts


def test_title_legend_and_columns_are_the_readers():
    network = cnncalc.loads("input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3}]")
    drawing = Drawing(title="Fig. 1", legend=False, columns=("parameters",))
    texts = [shape.text for shape in scene(network, drawing).shapes() if isinstance(shape, Text)]
    # (3·3·3 + 1)·4
    assert texts == ["Fig. 1", "112 parameters"]
    empty = scene(network, Drawing(title="", legend=False, columns=()))
    assert [shape for shape in empty.shapes() if isinstance(shape, Text)] == []


def test_a_long_network_goes_on_below():
    wide = scene(cnncalc.load(SPECS[0].parent / "googlenet.yaml"), Drawing(width=3000))
    narrow = scene(cnncalc.load(SPECS[0].parent / "googlenet.yaml"), Drawing(width=700))
    assert narrow.width < 900 < wide.width
    assert narrow.height > 1.5 * wide.height


def test_mermaid_stays_within_githubs_limits_and_says_what_it_folded(networks):
    for name, network in networks.items():
        chart = picture(network, "mermaid", Drawing())
        assert len(chart.text) <= CHARACTERS, name
        assert chart.text.count(" --> ") <= EDGES
        assert chart.text.startswith("```mermaid\n")
    rows = "".join(f"  - {{block: b, name: b{i}}}\n" for i in range(120))
    long = cnncalc.loads(f"input: 8x8x3\nblocks: {{b: {{layers: [relu, relu, relu, relu, relu, relu]}}}}\nlayers:\n{rows}")
    chart = picture(long, "mermaid", Drawing())
    assert chart.text.count(" --> ") <= EDGES
    assert chart.note.startswith("folded to --depth 1")
    assert chart.note in chart.text


def test_what_no_folding_makes_small_enough_is_refused():
    from cnncalc.report.picture.options import CannotDraw

    rows = "".join("  - relu\n  - {maxpool: 1}\n" for _ in range(300))
    long = cnncalc.loads(f"input: 8x8x3\nlayers:\n{rows}")
    with pytest.raises(CannotDraw, match="500 edges and 50,000 characters: folded it has 600 edges"):
        picture(long, "mermaid", Drawing())


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize(
    ("name", "style"),
    [("alexnet", "volumes"), ("unet", "volumes"), ("vqa", "graph"), ("googlenet", "blocks"), ("wavenet", "volumes")],
)
def test_tikz_compiles(networks, name, style, tmp_path):
    file = tmp_path / "net.tex"
    file.write_text(picture(networks[name], "tikz", Drawing(style)).text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", file.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "net.pdf").stat().st_size > 5000


@pytest.mark.skipif(shutil.which("rsvg-convert") is None, reason="librsvg is not installed")
def test_librsvg_draws_them_at_their_size(networks, tmp_path):
    file = tmp_path / "net.svg"
    found = scene(networks["unet"], Drawing())
    file.write_text(picture(networks["unet"], "svg", Drawing()).text, encoding="utf-8")
    subprocess.run(["rsvg-convert", file, "-o", tmp_path / "net.png"], check=True, timeout=60)
    head = (tmp_path / "net.png").read_bytes()[16:24]
    size = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
    assert size == (pytest.approx(found.width, abs=1), pytest.approx(found.height, abs=1))


FLAT = """
input: 64x64x3
fit: floor
layers:
  - {conv: 16, kernel_size: 3, padding: 1, name: stem}
""" + "".join(
    f"""
  - {{conv: 16, kernel_size: 3, padding: 1, name: a{i}}}
  - relu
  - {{conv: 16, kernel_size: 3, padding: 1}}
  - {{add: {"stem" if not i else f"r{i - 1}"}, name: s{i}}}
  - {{relu: , name: r{i}}}
"""
    for i in range(12)
)


def test_a_network_without_blocks_is_folded_at_its_bottlenecks():
    """Twelve residual parts of two convolutions each, written out."""
    network = cnncalc.loads(FLAT)
    for style in ("volumes", "graph"):
        texts = [shape.text for shape in scene(network, Drawing(style)).shapes() if isinstance(shape, Text)]
        assert [text for text in texts if "×12" in text] == ["s0 ×12"]
        assert len([text for text in texts if text.startswith("s")]) <= 3


def test_the_parts_of_a_network_without_blocks_are_drawn_once():
    shapes = scene(cnncalc.loads(FLAT), Drawing("blocks")).shapes()
    texts = [f"{shape.text} {shape.rest}".strip() for shape in shapes if isinstance(shape, Text)]
    assert "s0 · 12 uses" in texts
    # The two convolutions stand in the part alone, and the stem in the network.
    assert len([text for text in texts if "16 × 3×3" in text]) == 3


def test_a_u_without_blocks_is_not_folded_away():
    text = (SPECS[0].parent / "unet.yaml").read_text("utf-8")
    fold = Fold(cnncalc.loads(text), 3)
    before = [item.label for item in fold.items]
    fold_units(fold, 100)
    assert [item.label for item in fold.items] == before


@needs_chromium
def test_rows_that_begin_with_lanes_are_joined_to_the_row_before(tmp_path):
    """Eight parts of two different convolutions side by side, with a skip past each third."""
    rows = "".join(
        f"""
  - branches: {{left: [{{conv: {4 + i}, kernel_size: 3, padding: 1}}], right: [{{conv: {8 + i}, kernel_size: 1}}]{", same: []" if i % 3 == 0 else ""}}}
    merge: concat
    name: j{i}
"""
        for i in range(8)
    )
    network = cnncalc.loads(f"input: 32x32x3\nlayers:\n{rows}")
    found = scene(network, Drawing(depth=4, width=600))
    assert found.width < 760
    for width in (400, 600, 900):
        (faults,) = measured(picture(network, "svg", Drawing(depth=4, width=width)).text, OVERLAPS, tmp_path)
        assert faults["faults"] == []


def _light_models() -> list[pathlib.Path]:
    """The light models that the onnx package has for its own tests."""
    spec = importlib.util.find_spec("onnx")
    if spec is None or spec.origin is None:
        return []
    return sorted((pathlib.Path(spec.origin).parent / "backend" / "test" / "data" / "light").glob("*.onnx"))


@needs_chromium
@pytest.mark.skipif(not _light_models(), reason="onnx is not installed")
def test_imported_networks_are_small_pictures_too(tmp_path):
    networks = [cnncalc.load(path) for path in _light_models()]
    body = ""
    for network in networks:
        for style in STYLES:
            text = picture(network, "svg", Drawing(style)).text
            assert len(text.encode()) < 100_000, network.name
            body += text
    assert [one for one in measured(body, OVERLAPS, tmp_path) if one["faults"]] == []


def test_macs_that_nobody_knows_are_not_called_zero():
    rows = "[{custom: sort, output: same}, {conv: 4, kernel_size: 3}]"
    network = cnncalc.loads(f"input: 8x8x3\nlayers: {rows}")
    for style in ("volumes", "graph"):
        texts = [s.text for s in scene(network, Drawing(style, columns=("macs",))).shapes() if isinstance(s, Text)]
        # 6·6 positions of 3·3·3·4 weights.
        assert "112 parameters, ≥3,888 MACs" in texts
        assert "? MACs" in texts
        assert "3,888 MACs" in texts


def test_a_notebook_shows_the_picture():
    network = cnncalc.load(SPECS[0].parent / "lenet5.yaml")
    drawn = network.draw(title="Fig. 2", legend=False)
    assert drawn._repr_svg_() == str(drawn)
    assert ET.fromstring(str(drawn)).tag == f"{_SVG}svg"
    assert "Fig. 2" in str(drawn)
    with pytest.raises(ValueError, match="style must be one of volumes, graph, blocks, got 'boxes'"):
        network.draw("boxes")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"columns": ("foo",)}, "columns must be names among name, kind, .*, got 'foo'"),
        ({"width": "wide"}, "width must be a number of pixels from 300 to 10,000, got 'wide'"),
        ({"width": 20}, "width must be a number of pixels from 300 to 10,000, got 20"),
        ({"depth": 0}, "depth must be an integer ≥ 1 or None, got 0"),
    ],
)
def test_an_option_that_no_picture_can_have_is_said(option, message):
    with pytest.raises(ValueError, match=message):
        cnncalc.loads("input: 8x8x3\nlayers: [relu]").draw(**option)


def test_letters_that_tex_lacks_take_no_more_room_than_they_had():
    """Their numbers are longer than they are."""
    text = picture(hostile("层层层"), "tikz", Drawing("graph")).text
    boxes = re.findall(r"\\resizebox\{([\d.]+)pt\}\{!\}\{.*U\+5C42U\+5C42U\+5C42", text)
    assert boxes
    assert all(float(width) < 400 for width in boxes)
    assert "resizebox" not in picture(hostile("plain"), "tikz", Drawing("graph")).text


def test_an_unknown_option_is_named():
    with pytest.raises(TypeError, match="draw has no option format; options are style, title, legend"):
        cnncalc.loads("input: 8x8x3\nlayers: [relu]").draw(format="png")


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([(0, 1), (1, 2)], [1, 2, 3]),
        # 0 splits into 1 and 2, which meet in 3.
        ([(0, 1), (0, 2), (1, 3), (2, 3)], [3, 3, 3, 4]),
        # Each reads the two before it, as cells of NASNet do: their paths meet at the end only.
        ([(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)], [4, 4, 4, 4, 5]),
    ],
)
def test_post_dominators_of_small_graphs(edges, expected):
    assert post_dominators(len(expected), edges) == expected


CELLS = """
input: 32x32x8
layers:
  - {conv: 8, kernel_size: 3, padding: 1, name: c0}
  - {conv: 8, kernel_size: 3, padding: 1, name: c1}
""" + "".join(
    f"""
  - {{conv: 8, kernel_size: 3, padding: 1, from: c{i - 1}, name: a{i}}}
  - {{conv: 8, kernel_size: 5, padding: 2, from: c{i - 2}, name: b{i}}}
  - {{add: [a{i}, b{i}], name: s{i}}}
  - {{conv: 8, kernel_size: 1, from: a{i}, name: d{i}}}
  - {{add: [d{i}, s{i}], name: c{i}}}
"""
    for i in range(2, 22)
)


def test_cells_that_read_the_two_before_them_are_folded():
    """No item but the ends lies on every path: without the cells, a hundred boxes would stand in one row."""
    found = scene(cnncalc.loads(CELLS), Drawing())
    texts = [shape.text for shape in found.shapes() if isinstance(shape, Text)]
    assert any("×" in text and text.startswith("c") for text in texts)
    assert found.width < 1300


def test_a_block_drawn_unfolded_has_a_bracket_with_its_name(networks):
    shapes = list(scene(networks["vgg16"], Drawing()).shapes())
    names = [shape.text for shape in shapes if isinstance(shape, Text) and shape.style == "frame"]
    assert names == ["stage1", "stage2", "stage3", "stage4", "stage5"]
    assert len([shape for shape in shapes if shape.style == "bracket"]) == 5


def test_the_only_layer_of_a_block_has_the_blocks_name(networks):
    names = [s.text for s in scene(networks["char_cnn"], Drawing()).shapes() if isinstance(s, Text) and s.style == "name"]
    assert names[5:9] == ["conv_relu3.0", "conv_relu3.1", "conv_relu3.2", "conv_relu3.3"]
    names = [s.text for s in scene(networks["convnext_tiny"], Drawing()).shapes() if isinstance(s, Text) and s.style == "name"]
    assert [name for name in names if name.startswith("down")] == ["down2", "down3", "down4"]


def test_blocks_that_differ_in_their_names_alone_are_drawn_once():
    layers = "{layers: [{conv: 4, kernel_size: 3, padding: 1}, relu]}"
    rows = "layers: [{block: a}, {block: b}, {block: b}, {block: c}]"
    other = "{layers: [{conv: 4, kernel_size: 5, padding: 2}, relu]}"
    network = cnncalc.loads(f"input: 8x8x4\nblocks: {{a: {layers}, b: {layers}, c: {other}}}\n{rows}")
    texts = [shape.text for shape in scene(network, Drawing("blocks")).shapes() if isinstance(shape, Text)]
    assert [text for text in texts if " · " in text] == ["a · 3 uses", "c · 1 use"]


def test_twins_stand_in_columns(networks):
    """The two descriptors of the siamese network: each layer right below its twin."""
    names = [
        shape for shape in scene(networks["siamese"], Drawing()).shapes() if isinstance(shape, Text) and shape.style == "name"
    ]
    for layer in ("conv1", "maxpool1", "conv2", "maxpool2", "conv3", "flatten1"):
        upper, lower = (shape for shape in names if shape.text == layer)
        assert upper.x == pytest.approx(lower.x)
        assert upper.y < lower.y


def test_a_long_graph_continues_in_further_columns_if_they_fit(networks):
    one, two = (scene(networks["alexnet"], Drawing("graph", width=width)) for width in (300, 1000))
    assert one.height > 1200
    assert two.height < 0.7 * one.height
    assert one.width < 310 < two.width < 1000


def test_edges_into_a_block_of_several_inputs_have_no_gap(networks):
    """Each line inside a frame begins where the line from the frame's border ends, and ends at a box."""
    shapes = list(scene(networks["unet"], Drawing("graph")).shapes())
    paths = [shape for shape in shapes if isinstance(shape, Path)]
    corners = [shape for shape in shapes if isinstance(shape, Rect) and shape.style in ("card", "frameline")]
    ends = {(round(path.steps[-1][-1][0], 1), round(path.steps[-1][-1][1], 1)) for path in paths}
    for path in paths:
        x, y = path.start
        at_box = any(
            box.x <= x <= box.x + box.width and min(abs(y - box.y), abs(y - box.y - box.height)) < 0.2 for box in corners
        )
        assert at_box or (round(x, 1), round(y, 1)) in ends


@pytest.mark.parametrize("style", STYLES)
def test_pictures_are_about_as_wide_as_asked_for(networks, style):
    """One row may be a little longer."""
    for name, network in networks.items():
        for width in (700, 1000):
            assert scene(network, Drawing(style, width=width)).width <= 1.1 * width, (name, width)


@needs_chromium
def test_a_depth_that_is_asked_for_unfolds_repeats(networks, tmp_path):
    """Sixteen bottlenecks, each with an add: 4 projections and 12 skips past their convolutions."""
    network = networks["resnet50"]
    texts = [shape.text for shape in scene(network, Drawing(depth=4)).shapes() if isinstance(shape, Text)]
    assert texts.count("add1") == 16
    arcs = [shape for shape in scene(network, Drawing(depth=4)).shapes() if isinstance(shape, Path) and shape.style == "skip"]
    assert len(arcs) == 12
    body = "".join(picture(networks[name], "svg", Drawing(depth=4)).text for name in ("resnet50", "mobilenet_v2", "inception_v3"))
    assert [one for one in measured(body, OVERLAPS, tmp_path) if one["faults"]] == []
