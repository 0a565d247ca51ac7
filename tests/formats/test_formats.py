"""Which format a file is, by its suffix and its first bytes, and what is said of a file that is none."""

import json

import pytest

import cnncalc
from cnncalc import formats
from cnncalc.build.reading import Source

YOLO = "nc: 2\nbackbone:\n  - [-1, 1, Conv, [8, 3, 2]]\nhead: []\n"
CFG = "[net]\nwidth=8\nheight=8\nchannels=3\n[conv]\nfilters=4\n"
KERAS = json.dumps(
    {
        "class_name": "Sequential",
        "config": {
            "layers": [
                {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 8, 8, 3]}},
                {"class_name": "Conv2D", "config": {"name": "c", "filters": 4, "kernel_size": 3}},
            ]
        },
    }
)
OWN = "input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3}]\n"


@pytest.mark.parametrize(
    ("file", "text", "module"),
    [
        ("yolo.yaml", YOLO, "ultralytics"),
        ("yolo.yml", YOLO, "ultralytics"),
        ("net.cfg", CFG, "darknet"),
        ("net.json", KERAS, "keras"),
        ("net.yaml", OWN, None),
        # The content decides if the suffix says nothing.
        ("net.txt", CFG, "darknet"),
        ("-", KERAS, "keras"),
        ("-", YOLO, "ultralytics"),
        ("-", OWN, None),
        ("net", OWN, None),
    ],
)
def test_a_format_is_found_by_suffix_and_content(file, text, module):
    found = formats.format_of(Source(file, text=text))
    assert (found.__name__.rpartition(".")[2] if found is not None else None) == module


@pytest.mark.parametrize(("file", "text"), [("setup.cfg", "[metadata]\nname = x\n"), ("package.json", "{}"), ("m.keras", "x")])
def test_a_file_with_a_suffix_and_none_of_the_formats_is_refused(file, text):
    with pytest.raises(cnncalc.SpecError, match=r"is not a network in a known format; cnncalc reads its own YAML .* Darknet"):
        cnncalc.loads(text, file=file)


@pytest.mark.parametrize(("file", "text"), [("y.yaml", YOLO), ("n.cfg", CFG), ("n.json", KERAS)])
def test_every_format_takes_changes(file, text):
    net = cnncalc.loads(text, file=file, input="3x32x16", layout="channels_first")
    assert net.inputs[0].flow == (32, 16, 3)
    assert net.reading.changed
    assert cnncalc.loads(text, file=file, dtype="float16").memory.dtype == "float16"
    with pytest.raises(cnncalc.SpecError, match="there is no layer nowhere"):
        cnncalc.loads(text, file=file, set="nowhere.stride=2")
    with pytest.raises(cnncalc.SpecError, match="there is no var nothing"):
        cnncalc.loads(text, file=file, set="nothing=2")


@pytest.mark.parametrize(("file", "text"), [("y.yaml", YOLO), ("n.cfg", CFG), ("n.json", KERAS)])
def test_the_channels_of_the_file_say_in_which_order_an_input_is_written(file, text):
    for shape in ("3x32x16", "32x16x3"):
        assert cnncalc.loads(text, file=file, input=shape).inputs[0].flow == (32, 16, 3)
    # --layout says it, even if it is another image.
    assert cnncalc.loads(text, file=file, input="32x16x3", layout="channels_first").inputs[0].flow == (16, 3, 32)


def test_folders_take_only_what_claims_to_be_a_network():
    assert formats.claims("a/net.cfg", CFG.encode())
    assert formats.claims("a/yolo.yaml", YOLO.encode())
    # Configurations of detectors have these keys, too.
    assert not formats.claims("a/detector.yaml", b"backbone:\n  # - a comment\n  type: ResNet\nhead:\n  - FPN\n")
    assert not formats.claims("a/setup.cfg", b"[metadata]\n")
    assert not formats.claims("a/net.yaml", OWN.encode())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.pt", r"weights do not describe the network; name the model itself as MODULE:CALLABLE with --input"),
        ("model.tflite", r"this format is not read here; export the network to ONNX; cnncalc reads its own YAML"),
    ],
)
def test_a_file_of_a_format_that_is_not_read_says_what_to_do(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"PK\x05\x06anything")
    with pytest.raises(cnncalc.SpecError, match=message):
        cnncalc.load(tmp_path / name)
