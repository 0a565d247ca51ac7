"""`cnncalc sizes`: rules of known networks, by hand from their strides."""

import json
import re

import pytest

from tests.cli.command import run


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # Four poolings of 2 behind unpadded convolutions; 572 is 16·24 + 188.
        ("unet", "height = width      16·n + 188, from 188\n"),
        # Five poolings of 2, all else padded to stay.
        ("vgg16", "height = width      any multiple of 32; smallest 32\n"),
        # Strides 4·2·2·2; 227 is 32·5 + 67.
        ("alexnet", "height = width      32·n + 67, from 67\n"),
        # Five strides of 2 with (N − 1) even before each.
        ("mobilenet_v2", "height = width      any size  32·n + 1, from 1\n"),
        ("dcgan_generator", "a vector has no size to vary, it works\n"),
    ],
)
def test_rules(cnncalc, name, text):
    result = cnncalc("sizes", name)
    assert result.status == 0
    assert text in result.out


def test_json_lists_every_size(cnncalc):
    (image,) = json.loads(cnncalc("sizes", "unet", "--max", "300", "--format", "json").out)["inputs"]
    assert image["smallest"] == [188, 188, 1]
    assert image["independent"] is True
    assert [axis["axes"] for axis in image["axes"]] == [["height", "width"], ["height"], ["width"]]
    for axis in image["axes"]:
        assert axis["works"] == axis["exact"] == [188, 204, 220, 236, 252, 268, 284, 300]


def test_a_shape_in_the_other_layout_is_told(cnncalc, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("input: 3x32x32\nlayers:\n  - {conv: 4, kernel_size: 3, padding: 1}\n")
    assert "for 3 channels write 32x32x3, or layout: channels_first" in cnncalc("sizes", str(file)).out


def test_none_within_reach(cnncalc):
    result = cnncalc("sizes", "unet", "--max", "100")
    assert result.status == 1
    assert re.search("height = width +none up to 100\n", result.out)
    assert "no size was found; not searched beyond 100, --max searches further" in result.out


def test_axes_that_depend_on_one_another(cnncalc, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("input: 4x6x1\nlayers:\n  - {reshape: 3x8x1}\n")
    result = cnncalc("sizes", str(file))
    # 24 numbers: 4x6; a height alone, beside 6, only 4
    assert re.search("height +4\n", result.out)
    assert re.search("width +6\n", result.out)
    assert "reshape1 (line 3) limits height and width" in result.out
    assert "the axes depend on one another: each is varied while the others are those of 4x6x1" in " ".join(result.out.split())


def test_a_fault_that_no_size_removes_is_said(cnncalc, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("input: 4x6x1\nlayers:\n  - {conf: 3}\n")
    result = cnncalc("sizes", str(file))
    assert (result.status, result.out) == (1, "no input size works, because this problem does not depend on the size\n")
    assert "conf is no layer kind" in result.err
    assert cnncalc("sizes", "nowhere.yaml").status == 2


def test_set_and_fit(cnncalc):
    # 66 ends at 2 cells before the last pool of 3.
    assert "height = width      any size from 67  32·n + 67, from 67\n" in cnncalc("sizes", "alexnet", "--fit", "floor").out
    assert "16·n + 187, from 187" in cnncalc("sizes", "unet", "--set", "down1.conv1.kernel_size=2").out


def test_says_that_expect_is_skipped(cnncalc, tmp_path):
    assert "expect not checked" in cnncalc("sizes", "unet").out
    file = tmp_path / "a.yaml"
    file.write_text("input: 4x4x1\nlayers:\n  - relu\n")
    assert "expect" not in cnncalc("sizes", str(file)).out


def exported(folder, nodes, shape, **constants):
    """An ONNX file of one 3-channel image; integers as constants."""
    onnx = pytest.importorskip("onnx")
    kind = onnx.TensorProto
    weight = onnx.helper.make_tensor("w", kind.FLOAT, [4, 3, 1, 1], [0.5] * 12)
    numbers = [onnx.helper.make_tensor(name, kind.INT64, [len(n)], n) for name, n in constants.items()]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(op, inputs, [out], **attributes) for op, inputs, out, attributes in nodes],
        "g",
        [onnx.helper.make_tensor_value_info("x", kind.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("y", kind.FLOAT, None)],
        [weight, *numbers],
    )
    path = folder / "model.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), path)
    return str(path)


def test_a_file_that_computes_sizes_is_read_again(cnncalc, tmp_path):
    """A map is halved and resized to the size that the input has: every even size works, and 65 = 2·32 + 1 does too."""
    nodes = [
        ("Conv", ["x", "w"], "a", {}),
        ("MaxPool", ["a"], "b", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Shape", ["a"], "s", {}),
        ("Resize", ["b", "", "", "s"], "c", {"mode": "nearest"}),
        ("Add", ["a", "c"], "y", {}),
    ]
    path = exported(tmp_path, nodes, [1, 3, "h", "w"])
    result = cnncalc("sizes", path, "--input", "64x64x3", "--max", "100", "--format", "json")
    (axes,) = json.loads(result.out)["inputs"][0]["axes"]
    assert (axes["tried"], axes["works"], axes["exact"]) == ([32, 64, 65, 96],) * 2 + ([32, 64, 96],)
    text = cnncalc("sizes", path, "--input", "64x64x3", "--max", "100")
    assert (text.status, "the smallest" in text.out) == (0, False)
    assert "only these sizes were tried" in text.out


def test_a_file_whose_weights_or_shapes_take_one_size(cnncalc, tmp_path):
    nodes = [("Conv", ["x", "w"], "a", {}), ("Reshape", ["a", "s"], "y", {})]
    result = cnncalc("sizes", exported(tmp_path, nodes, [1, 3, 8, 8], s=[1, 256]))
    assert result.status == 0
    assert result.out.startswith("8x8x3 works")
    assert "does not depend on the size" not in result.out


def test_an_input_varies_beside_sizes_of_the_others_that_work(tmp_path):
    """Neither input of the file fits.

    The image: (N − 3 + 2)/2 + 1 = (N + 1)/2 is whole and a multiple of 4 if N = 8·n + 7.
    The sound: (N − 5)/4 + 1 is whole and a multiple of 3 if N = 12·n + 1, from 13.
    """
    file = tmp_path / "two.yaml"
    file.write_text(
        """\
input: {image: 64x48x3, sound: 100x8}
layers:
  - {conv: 8, kernel_size: 3, stride: 2, padding: 1, from: image}
  - {maxpool: 4}
  - global_avgpool
  - {fc: 4, name: v}
  - {conv: 8, kernel_size: 5, stride: 4, from: sound}
  - {maxpool: 3}
  - global_avgpool
  - {fc: 4}
  - {concat: v}
"""
    )
    done = run("sizes", str(file))
    assert done.returncode == 0
    assert "image, with sound 97x8, the nearest on which the network works" in done.stdout
    assert "sound, with image 63x47x3, the nearest on which the network works" in done.stdout
    assert "8·n + 7, from 7" in done.stdout
    assert "12·n + 13, from 13" in done.stdout


def test_a_fault_behind_a_layer_that_fails_on_most_sizes_is_named(tmp_path):
    """32 rows are a multiple of 4, and few other inputs are; attention takes no map on any of them."""
    file = tmp_path / "map.yaml"
    file.write_text("input: 30x30x3\nlayers: [{pad: 1}, {space_to_depth: 4}, {attention: 2}]\n")
    done = run("sizes", str(file))
    assert done.returncode == 1
    assert "no input size works, because this problem does not depend on the size" in done.stdout
    assert "attention takes a sequence" in done.stderr
