"""Networks written in cnncalc's language: read again they are the same, and rows that repeat are found."""

import json
import lzma
from contextlib import ExitStack
from pathlib import Path

import pytest

import cnncalc
from cnncalc.build.builder import Builder
from cnncalc.build.changes import Changes
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source
from cnncalc.formats.draft import Draft
from cnncalc.report.network import yaml
from cnncalc.shape import Shape
from tests.formats.darknet import networks

HERE = Path(__file__).parents[2]
SPECS = sorted((HERE.parent / "specs").glob("*.yaml"))
GOOD = sorted(HERE.glob("good/*.yaml"))
KERAS = json.loads((HERE / "data/keras/small.json").read_text())


def same(net: cnncalc.Network, text: str) -> cnncalc.Network:
    """The network that the text describes, once it has been compared with the one it was written from."""
    again = cnncalc.loads(text)
    assert [str(problem) for problem in again.problems if problem.level == "error"] == []
    assert again.totals == net.totals
    assert [one.flow for one in again.outputs] == [one.flow for one in net.outputs]
    for a, b in zip(net.layers, again.layers, strict=True):
        # A row joins two results or more; the join of one is that result.
        kind = "identity" if a.kind == "concat" and len(a.inputs) == 1 else a.layer.kind
        assert (kind, a.shape, a.parameters, a.trainable) == (b.layer.kind, b.shape, b.parameters, b.trainable), a.name
        assert [one.flow for one in a.inputs] == [one.flow for one in b.inputs], a.name
    assert len(again.layers) == len(net.layers)
    return again


@pytest.mark.parametrize("path", [*SPECS, *GOOD], ids=lambda path: path.stem)
def test_a_file_of_the_language(path):
    net = cnncalc.load(path)
    if any(node.shape is None for node in net.layers) or not net.layers:
        pytest.skip("nothing is written of a network with unknown shapes")
    same(net, yaml.text(net))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_names_of_bundled_networks_are_kept(path):
    net = cnncalc.load(path)
    again = cnncalc.loads(yaml.text(net))
    # `stage2.0` stands as `stage2_0` unless all copies are alike.
    assert [node.name.replace(".", "_") for node in again.layers] == [node.name.replace(".", "_") for node in net.layers]


@pytest.mark.parametrize("name", KERAS)
def test_a_keras_model(name):
    model = KERAS[name]["model"]
    net = cnncalc.loads(model if isinstance(model, str) else json.dumps(model), file=f"{name}.json")
    again = same(net, yaml.text(net))
    assert {node.name for node in again.layers} == {node.name.replace("/", "_") for node in net.layers}


def test_mobilenet_of_keras():
    model = lzma.decompress((HERE / "data/keras/MobileNetV2.json.xz").read_bytes()).decode()
    net = cnncalc.loads(model, file="model.json")
    assert same(net, yaml.text(net)).parameters + net.buffers == 3_538_984


@pytest.mark.parametrize(
    "text", [networks.yolov3(), networks.yolov3_tiny(), networks.yolov4(), networks.darknet53()], ids=["v3", "tiny", "v4", "53"]
)
def test_a_darknet_network(text):
    net = cnncalc.loads(text, file="model.cfg")
    found = yaml.text(net)
    same(net, found)
    # 107 sections and more use one block of convolution, normalisation and activation.
    assert found.count("  convolutional") == 1 + found.count("  convolutional_2:")


@pytest.mark.parametrize("file", ["modules.yaml", "anchored.yaml"])
def test_an_ultralytics_network(file):
    net = cnncalc.load(HERE / "data/ultralytics" / file)
    again = same(net, yaml.text(net))
    assert len(again.graph.groups) > 10


RESIDUAL = """
input: 16x16x8
blocks:
  unit:
    parameters: {width: , stride: 1}
    layers:
      - {conv: "${width}", kernel_size: 3, stride: "${stride}", padding: 1, bias: false}
      - batchnorm
  stage:
    parameters: {width: }
    layers:
      - {block: unit, width: "${width}", stride: 2, name: down}
      - {block: unit, width: "${width}", repeat: 3, name: more}
fit: floor
layers:
  - {block: stage, width: 16, name: a}
  - {block: stage, width: 32, name: b}
expect: {output: 4x4x32}
"""


def test_blocks_parameters_and_repeats_are_found_again():
    net = cnncalc.loads(RESIDUAL)
    found = yaml.text(net)
    same(net, found)
    assert found.count("conv:") == 1
    assert '{block: unit, filters: "${filters}", repeat: 3, name: more}' in found
    assert "{block: stage, filters: 16, name: a}" in found
    assert "{block: stage, filters: 32, name: b}" in found


def test_copies_that_differ_do_not_become_a_repeat():
    rows = "".join(f"\n  - {{conv: {n}, kernel_size: 1, name: c{i}}}" for i, n in enumerate((4, 4, 5)))
    found = yaml.text(cnncalc.loads(f"input: 4x4x4\nlayers:{rows}"))
    assert "repeat" not in found


def test_names_that_the_language_has_anyway_are_left_out():
    found = yaml.text(cnncalc.loads("input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3}, relu, {conv: 4, kernel_size: 3}, relu]"))
    assert found.splitlines()[4:8] == ["  - {conv: 4, kernel_size: 3}", "  - relu", "  - {conv: 4, kernel_size: 3}", "  - relu"]


def test_a_layout_a_fit_and_frozen_weights_are_kept():
    text = "layout: channels_first\nfit: floor\ninput: 3x8x8\nlayers: [{conv: 4, kernel_size: 3, stride: 2, trainable: false}]"
    net = cnncalc.loads(text)
    again = same(net, yaml.text(net))
    assert (again.layout, again.trainable) == ("channels_first", 0)
    assert again["conv1"].unread == net["conv1"].unread == (1, 1)


def test_shared_weights_are_kept():
    text = "input: {a: 8, b: 8}\nlayers:\n  - {fc: 4, from: a, name: one}\n  - {fc: 4, from: b, share: one, name: two}\n  - {add: [one, two]}"
    net = cnncalc.loads(text)
    assert same(net, yaml.text(net)).parameters == 8 * 4 + 4


def test_what_has_no_shape_is_not_written():
    net = cnncalc.loads("input: 4x4x3\nlayers: [{conv: 4, kernel_size: 9}, relu]")
    with pytest.raises(yaml.CannotWrite, match=r"the shape of conv1 and 1 more is not known"):
        yaml.text(net)


def built(layers):
    """A network of layers (name, kind, inputs by name, fields) inside a group for each dot of a name."""
    builder = Builder(Problems(None), Changes())
    draft = Draft(builder)
    made = {"input": builder.input("input", Shape(8, 8, 4))}
    last = made["input"]
    for name, kind, reads, fields in layers:
        *groups, own = name.split(".")
        with ExitStack() as stack:
            for group in groups:
                stack.enter_context(draft.group(group, group, last))
            last = made[name] = draft.layer(own, kind, *(made[one] for one in reads), **fields)
    builder.outputs([last])
    return cnncalc.Network(Reading(Source(None, text=""), builder.graph, []))


def test_a_row_that_hides_another_one_gets_another_name():
    # `body.stem` hides `stem`, which `body.last` reads.
    net = built(
        [
            ("stem", "conv", ["input"], {"filters": 4, "kernel_size": 1}),
            ("neck", "relu", ["stem"], {}),
            ("body.first", "relu", ["neck"], {}),
            ("body.stem", "relu", ["body.first"], {}),
            ("body.last", "add", ["body.stem", "stem"], {}),
        ]
    )
    text = yaml.text(net)
    again = same(net, text)
    assert [node.name for node in again.layers] == ["stem", "neck", "body.first", "body.stem_2", "body.last"]


def test_a_layer_that_interrupts_a_module_is_written_inside():
    conv = {"filters": 4, "kernel_size": 1}
    net = built(
        [
            ("stage.down", "conv", ["input"], conv),
            ("split", "relu", ["stage.down"], {}),
            ("stage.conv1", "conv", ["split"], conv),
            ("stage.conv2", "conv", ["stage.conv1"], conv),
            ("head", "relu", ["stage.conv2"], {}),
        ]
    )
    again = same(net, yaml.text(net))
    assert [node.name for node in again.layers] == ["stage.down", "stage.split", "stage.conv1", "stage.conv2", "head"]
