"""Darknet .cfg: published sizes of weights, Darknet's own padding and numbers of layers, and faults at their lines."""

import pytest

import cnncalc
from cnncalc.formats import darknet
from tests.formats.darknet import networks


def load(text: str, **more) -> cnncalc.Network:
    return cnncalc.loads(text, file="model.cfg", **more)


HEADER = 20
"""Bytes before the numbers of a weights file: three integers of 4 bytes and one of 8."""


@pytest.mark.parametrize(
    ("text", "size", "outputs"),
    [
        # Sizes of the files that pjreddie.com and the releases of AlexeyAB/darknet offer.
        (networks.yolov3(), 248_007_048, [(13, 13, 255), (26, 26, 255), (52, 52, 255)]),
        (networks.yolov3_tiny(), 35_434_956, [(13, 13, 255), (26, 26, 255)]),
        (networks.yolov4(), 257_717_640, [(76, 76, 255), (38, 38, 255), (19, 19, 255)]),
    ],
    ids=["yolov3", "yolov3-tiny", "yolov4"],
)
def test_published_weights_files(text, size, outputs):
    net = load(text)
    assert [str(problem) for problem in net.problems] == []
    assert 4 * (net.parameters + net.buffers) + HEADER == size
    assert [one.shape for one in net.outputs] == outputs


def test_darknet53():
    # 41,609,928 parameters, as timm's darknet53; 18.57 billion operations at 256x256 in table 2 of the YOLOv3 paper.
    net = load(networks.darknet53())
    assert [str(problem) for problem in net.problems] == []
    assert net.parameters == 41_609_928
    assert round(2 * net.macs / 1e9, 2) == 18.57
    assert net.outputs[0].shape == (1, 1, 1000)


BASE = "[net]\nheight=16\nwidth=20\nchannels=4\n"


def last(section: str):
    """The shape that comes out of one section behind 4x16x20."""
    net = load(BASE + section)
    assert [str(problem) for problem in net.problems] == []
    return net.outputs[0].shape


@pytest.mark.parametrize(
    ("section", "shape"),
    [
        ("[convolutional]\nfilters=8\nsize=3\npad=1", (16, 20, 8)),
        ("[convolutional]\nfilters=8\nsize=3\npadding=2\nstride=2", (9, 11, 8)),  # (16 + 4 − 3)/2 + 1, (20 + 4 − 3)/2 + 1
        ("[convolutional]\nfilters=8\nsize=4\npad=1", (17, 21, 8)),  # half of 4 on each side
        ("[convolutional]\nfilters=8\nsize=3\npad=1\ndilation=2", (16, 20, 8)),
        ("[convolutional]\nfilters=8\nsize=1\nstride_x=2", (16, 10, 8)),
        ("[conv]", (16, 20, 1)),
        ("[maxpool]\nsize=2\nstride=2", (8, 10, 4)),
        ("[maxpool]\nsize=3\nstride=2", (8, 10, 4)),  # 2 cells of padding: (16 + 2 − 3)/2 + 1
        ("[maxpool]\nsize=2\nstride=1", (16, 20, 4)),
        ("[maxpool]\nsize=3\nstride=2\npadding=0", (7, 9, 4)),
        ("[avgpool]", (1, 1, 4)),
        ("[upsample]\nstride=3", (48, 60, 4)),
        ("[reorg]\nstride=2", (8, 10, 16)),
        ("[reorg]\nstride=2\nreverse=1", (32, 40, 1)),
        ("[crop]\ncrop_height=12\ncrop_width=11", (12, 11, 4)),
        ("[connected]\noutput=7\nactivation=linear", (7,)),
        ("[local]\nsize=3\nfilters=5\npad=1", (16, 20, 5)),
        ("[local]\nsize=3\nfilters=5\nstride=2", (7, 9, 5)),
        ("[dropout]\nprobability=.5", (16, 20, 4)),
        ("[deconvolutional]\nfilters=3\nsize=2\nstride=2", (32, 40, 3)),
        ("[route]\nlayers=-1", None),
    ],
)
def test_sizes_are_darknets(section, shape):
    if shape is None:
        # The first section has no layer above it.
        assert load(BASE + section).problems[0].rule == "unknown-name"
    else:
        assert last(section) == shape


def test_parameters_of_a_locally_connected_layer():
    # 16·20 places with 3·3·4·5 weights each, and a bias for each number that comes out.
    assert load(BASE + "[local]\nsize=3\nfilters=5\npad=1").parameters == 16 * 20 * 3 * 3 * 4 * 5 + 16 * 20 * 5


def test_routes_shortcuts_and_gates():
    conv = "[conv]\nfilters=8\nsize=1\nactivation=linear\n"
    net = load(
        BASE
        + conv * 2
        + "[route]\nlayers=-1,0\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n[shortcut]\nfrom=0\n[avgpool]\n[scale_channels]\nfrom=-2"
    )
    assert [str(problem) for problem in net.problems] == []
    assert net["route2"].shape == (16, 20, 16)
    assert net["route3"].fields["channels"] == [8, 16]
    assert net["shortcut4"].shape == net["scale_channels6"].shape == (16, 20, 8)


def test_a_shortcut_of_other_channels_and_sizes_takes_what_both_have():
    # Darknet's resnet18: 64 channels at 16x20 are added to 128 channels at 8x10.
    text = (
        BASE + "[conv]\nfilters=64\nsize=1\n[conv]\nfilters=128\nsize=3\nstride=2\npad=1\n[shortcut]\nfrom=-2\nactivation=leaky"
    )
    net = load(text)
    assert [str(problem) for problem in net.problems] == []
    assert net.outputs[0].shape == (8, 10, 128)


@pytest.mark.parametrize(
    ("section", "where", "message"),
    [
        ("[convolutional]\nfilters=-3", (6, 9), "filters must be an integer ≥ 1, got -3"),
        ("[convolutional]\nsize=x", (6, 6), "size must be an integer ≥ 1, got x"),
        ("[convolutional]\nfliters=32", (6, 9), "[convolutional] has no fliters; did you mean filters?"),
        ("[convolutional]\nactivation=lekay", (5, 1), "activation must be one of"),
        ("[convolutional]\nsize=30", (5, 1), "is larger than its padded input"),
        ("[convolution]", (5, 1), "section [convolution] is not known; did you mean convolutional?"),
        ("[route]\nlayers=-9", (6, 8), "reads 9 layers above, which does not exist"),
        ("[route]", (5, 1), "[route] needs layers"),
        ("[shortcut]\nfrom=5", (6, 6), "reads layer 5, which does not exist"),
        ("[yolo]\nmask=0,1,2\nclasses=80", (5, 1), "must have filters=255: 3 boxes · (80 classes + 4 + 1), and 4x16x20 flows in"),
        ("[maxpool]\nsize=2\nnonsense", (7, 1), "a line is a section in brackets or key=value"),
        ("[upsample]\nstride=0", (6, 8), "stride must not be 0"),
        ("[dropout]\nprobability=1", (6, 13), "probability must be at least 0 and below 1"),
    ],
)
def test_a_fault_stands_at_its_line(section, where, message):
    net = load(BASE + section)
    assert len(net.problems) == 1
    (problem,) = net.problems
    assert (problem.location.line, problem.location.column) == where
    assert message in problem.message


def test_a_stride_that_does_not_fit_is_an_error_if_asked_for_and_the_fix_is_at_its_value():
    net = load(BASE + "[conv]\nfilters=2\nsize=3\nstride=2", fit="exact")
    (problem,) = net.problems
    assert (problem.rule, problem.location.line) == ("stride-fit", 5)
    assert {(fix.location.line, fix.text) for fix in problem.fixes} >= {(7, "2")}


def test_a_key_written_twice_is_darknets_first():
    net = load(BASE + "[conv]\nfilters=2\nfilters=3\n")
    assert net.outputs[0].shape.channels == 2
    assert [(p.rule, p.level, p.location.line) for p in net.problems] == [("duplicate-key", "warning", 7)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[net]\nwidth=8\n", "followed by a section for each layer"),
        ("[net]\nwidth=8\nheight=8\n[conv]\n", "needs channels"),
        ("[net]\nwidth=99999999999\nheight=8\nchannels=3\n[conv]\n", "width must be an integer"),
        ("[net]\n" + "a=1\n" * 100_001, "more than 100,000 lines"),
        (BASE + "[conv]\n" * 5_001, "more than 5,000 sections"),
    ],
)
def test_a_file_that_is_not_a_network(text, message):
    with pytest.raises(cnncalc.SpecError, match=message):
        load(text)


def test_other_cfg_files_are_not_claimed():
    assert not darknet.claims(b"[metadata]\nname = x\n[options]\npackages = find:\n")
    assert darknet.claims(b"\n# a comment\n ; another\n  [network]\nwidth=1\n")
