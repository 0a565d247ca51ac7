"""Against PyTorch's own output shapes, parameters and MACs (tests/data)."""

import json
from pathlib import Path

import pytest

import cnncalc
from tests.one_row import network, shape_text

DATA = Path(__file__).parent / "data"
CASES = [json.loads(line) for line in (DATA / "windows.jsonl").read_text().splitlines()]
NETWORKS = json.loads((DATA / "networks.json").read_text())

# What PyTorch refuses and the language can say, though its size is no fault: a pooling's padding over half its window, `same` with a
# stride, a 3-D average pool larger than the input without its padding, and reflections of more cells than there are.
REFUSED = (
    "at most half",
    "Padding size should be less",
    "equal to half",
    "padding='same' is not supported for strided",
    "smaller than kernel size (kT",
)


def sayable(case):
    """The case as a network; None for channels that are not the input's and layers the language lacks."""
    shape = case["input"] if case["unbatched"] else case["input"][1:]
    if case["args"].get("in_channels", shape[0]) != shape[0]:
        return None
    return network(case["op"], case["args"], shape)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_window_gives_the_shape_of_pytorch(case):
    text = sayable(case)
    if text is None:
        pytest.skip("the language cannot say it")
    if "error" in case:
        if any(said in case["error"] for said in REFUSED):
            pytest.skip("refused by PyTorch for another reason than size")
        try:
            found = cnncalc.loads(text).problems
        except cnncalc.SpecError as error:
            found = error.problems
        assert found, f"PyTorch says {case['error']}"
        return
    net = cnncalc.loads(text)
    assert net.problems == []
    shape = case["output"] if case["unbatched"] else case["output"][1:]
    assert net.layers[-1].shape.text("channels_first") == shape_text(shape)
    assert net.parameters == case["params"]
    examples = 1 if case["unbatched"] else case["input"][0]
    assert net.macs * examples == case["macs"]


def test_the_language_can_say_nearly_all_of_them():
    said = [case for case in CASES if sayable(case) is not None]
    assert len(said) >= 900
    assert sum("error" in case for case in said) >= 60


LEAVES = {"BatchNorm": "batchnorm", "ReLU": "relu", "ReLU6": "relu6", "Dropout": "dropout"}


def leaf_network(leaf):
    name, config, shape = leaf["type"], leaf["config"], leaf["input_shape"][1:]
    if name == "Linear":
        row = f"{{fc: {config['out_features']}, bias: {str(config['bias']).lower()}}}"
    elif name in ("BatchNorm2d", "ReLU", "ReLU6"):
        row = LEAVES[name.removesuffix("2d")]
    elif name == "Dropout":
        row = f"{{dropout: {config['p']}}}"
    else:
        return network(name, config, shape)
    return f"input: {shape_text(shape)}\nlayout: channels_first\nfit: floor\nlayers:\n  - {row}\n"


@pytest.mark.parametrize("leaf", NETWORKS["leaves"], ids=lambda leaf: f"{leaf['network']}.{leaf['name']}")
def test_a_leaf_module_of_torchvision_as_a_network_of_one_row(leaf):
    net = cnncalc.loads(leaf_network(leaf))
    assert net.problems == []
    assert net.layers[0].shape.text("channels_first") == shape_text(leaf["output_shape"][1:])
    assert (net.parameters, net.macs) == (leaf["parameters"], leaf["macs"])


SAME_AS_TORCHVISION = ["vgg16", "resnet18", "resnet50", "resnet101", "googlenet", "densenet121", "mobilenet_v2"]
SPECS = Path(__file__).parents[1] / "specs"


@pytest.mark.parametrize("name", SAME_AS_TORCHVISION)
def test_a_network_of_torchvision_has_its_totals(name):
    net = cnncalc.load(SPECS / f"{name}.yaml")
    figures = NETWORKS["networks"][name]
    assert net.problems == []
    assert net.totals == {key: figures[key] for key in ("parameters", "trainable", "buffers", "macs")}
    assert net.outputs[0].flow.size == figures["output_shape"][1]


# Published totals: the papers' and the usual implementations' (each file's `source` says which).
TOTALS = {
    "linear_classifier": (10 * 3072 + 10, 30_720),
    "lenet5": (61_706, 416_520),
    "alexnet": (60_965_224, 724_406_816),
    "zfnet": (62_357_608, 1_168_032_896),
    "unet": (31_030_658, 150_428_424_448),
    "dcgan_generator": (3_576_704, None),
    "r3d_18": (33_371_472, None),
}


@pytest.mark.parametrize("name", TOTALS)
def test_published_totals(name):
    net = cnncalc.load(SPECS / f"{name}.yaml")
    parameters, macs = TOTALS[name]
    assert net.parameters == parameters
    if macs is not None:
        assert net.macs == macs


@pytest.mark.parametrize(
    ("width", "parameters", "macs"),
    # torchvision's mobilenet_v2(width_mult=…) at 224, counted there.
    [("1.4", 6_108_776, 582.196), ("1.0", 3_504_872, 300.774), ("0.75", 2_636_424, 209.07), ("0.5", 1_968_680, 97.132), ("0.35", 1_677_128, 59.286)],
)  # fmt: skip
def test_the_widths_of_mobilenet_v2(width, parameters, macs):
    net = cnncalc.load(SPECS / "mobilenet_v2.yaml", set=f"width={width}")
    assert net.problems == []
    assert net.parameters == parameters
    assert round(net.macs / 1e6, 3) == macs


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_network_that_comes_along_is_sound_and_expects_its_totals(path):
    net = cnncalc.load(path)
    assert net.problems == []
    assert net.source
    text = path.read_text()
    assert f"parameters: {net.parameters:_}" in text or f"parameters: {net.parameters}" in text
