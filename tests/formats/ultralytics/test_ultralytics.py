"""Ultralytics YAML: parameters as the packages count them, scales, positions of faults, and the published files if installed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

import cnncalc

DATA = Path(__file__).parents[2] / "data" / "ultralytics"


def rows(net: cnncalc.Network) -> list[int]:
    """Parameters of each row."""
    found: dict[int, int] = {}
    for node in net.layers:
        row = int(node.name.split(".")[1])
        found[row] = found.get(row, 0) + node.parameters
    return list(found.values())


@pytest.mark.parametrize(
    ("scale", "counts"),
    [
        (
            "n",
            [
                232,
                808,
                1888,
                432,
                4032,
                1984,
                2652,
                39168,
                12544,
                6144,
                2880,
                10432,
                20736,
                16352,
                0,
                0,
                3000,
                27616,
                31040,
                2064,
                0,
                2144,
                2336,
                560,
                4336,
                25344,
                16352,
                145022,
            ],
        ),
        (
            "m",
            [
                464,
                2768,
                12544,
                864,
                27456,
                7808,
                9656,
                45376,
                90880,
                19456,
                9856,
                41344,
                41344,
                63424,
                0,
                0,
                12352,
                43488,
                35200,
                8224,
                0,
                8384,
                9280,
                2144,
                10624,
                256768,
                63424,
                212694,
            ],
        ),
    ],
)
def test_every_row_has_the_parameters_of_ultralytics(scale, counts):
    # parse_model of ultralytics 8.4.190 on the same file.
    net = cnncalc.load(DATA / "modules.yaml", set=f"scale={scale}", input="3x256x256")
    assert [str(problem) for problem in net.problems] == []
    assert rows(net) == counts
    assert net.trainable == sum(counts) - 16  # the 16 distances of DFL are fixed
    assert net.layout == "channels_first"


def test_anchors_make_it_yolov5s_form():
    # By hand: C3TR 1088·2 + 4224 + 1056 + (3·1024 + 4·1024 + 4·32 + 2·1024); Detect (32 + 1)·20 + (64 + 1)·20; and so on.
    net = cnncalc.load(DATA / "anchored.yaml")
    assert [str(problem) for problem in net.problems] == []
    assert rows(net) == [1760, 4672, 10432, 9280, 7712, 0, 16800, 8384, 2112, 0, 0, 5824, 1960]
    # 2 anchors at each of 80·80 and 40·40 cells, 4 + 1 + 5 numbers each.
    assert net.outputs[0].shape == (16_000, 10)


def model(*backbone: str, head: str = "[]", more: str = "nc: 80") -> str:
    lines = "\n".join(f"  - {row}" for row in backbone)
    return f"{more}\nbackbone:\n{lines}\nhead: {head}\n"


def test_scale_depth_width_and_the_most_channels():
    text = model("[-1, 1, Conv, [64, 3, 2]]", "[-1, 6, C2f, [512, True]]", more="nc: 80\nscales: {s: [0.33, 0.5, 256]}")
    net = cnncalc.loads(text, file="yolo.yaml")
    assert net["model.0.conv"].shape == (320, 320, 32)
    # min(512, 256)·0.5 = 128 channels; round(6·0.33) = 2 repeats.
    assert net["model.1"].shape.channels == 128
    assert "model.1.m.1.cv2.conv" in net
    assert "model.1.m.2.cv2.conv" not in net
    titles = {group.name: group.title for group in net.graph.groups}
    assert titles["model.1"] == "C2f, 512 → 128 channels, 6 × 0.33 → 2 repeats"


def test_the_scale_is_set_or_part_of_the_files_name_or_the_first():
    text = model("[-1, 1, Conv, [64, 3, 2]]", more="nc: 80\nscales: {n: [0.33, 0.25, 1024], s: [0.33, 0.5, 1024]}")
    assert cnncalc.loads(text, file="yolov8.yaml").parameters == 3 * 16 * 9 + 2 * 16
    assert cnncalc.loads(text, file="yolov8s.yaml").parameters == 3 * 32 * 9 + 2 * 32
    assert cnncalc.loads(text, file="yolov8.yaml", set="scale=s").parameters == 3 * 32 * 9 + 2 * 32
    with pytest.raises(cnncalc.SpecError, match="there is no such scale; the scales are n, s"):
        cnncalc.loads(text, file="yolov8.yaml", set="scale=z")


def test_classes_and_channels_are_set():
    text = model("[-1, 1, Conv, [64, 3, 2]]", head="[[-1, 1, Classify, [nc]]]")
    net = cnncalc.loads(text, file="cls.yaml", set=["nc=10", "ch=1"])
    assert net.outputs[0].shape == (10,)
    assert net.inputs[0].flow == (224, 224, 1)


@pytest.mark.parametrize(
    ("row", "where", "message"),
    [
        ("[7, 1, Conv, [64]]", (4, 6), "model.1 reads row 7, which does not exist; it can read rows 0 to 0 and -1"),
        ("[1, 1, Conv, [64]]", (4, 6), "model.1 reads itself; it can read rows 0 to 0 and -1"),
        ("[-1, 1, Conv, [64, 3, 2, 1, 7]]", (4, 19), "groups 7 does not divide the input's 64 channels"),
        (
            "[[-1], 1, Pose, [80, [17, 5]]]",
            (4, 21),
            "the number of key points and 2 or 3 numbers for each, as [17, 3], got [17, 5]",
        ),
        ("[-3, 1, Conv, [64]]", (4, 6), "model.1 reads 3 rows above, which does not exist"),
        ("[[-1, 0], 1, Conv, [64]]", (4, 6), "Conv reads one row, and from names 2"),
        ("[[-1], 1, Conv, [64]]", (4, 6), "Conv reads one row; write from as -1, not as a list"),
        ("[-1, 1, Concat, [1]]", (4, 6), "Concat reads a list of rows; write from as [-1]"),
        ("[-1, 1, Detect, [80]]", (4, 6), "Detect reads a list of rows; write from as [-1]"),
        ("[-1, 1, Convv, [64]]", (4, 13), "module Convv is not known; did you mean Conv?"),
        ("[-1, 1, Conv, [64, a, 2]]", (4, 19), "Conv's k must be an integer or a list of integers, got a"),
        ("[-1, 1, Conv, [64, 3, 2, 1, 1, 1, True, 5]]", (4, 19), "Conv takes at most 7 arguments"),
        ("[-1, 1, Conv, []]", (4, 19), "first argument is the number of channels"),
        ("[-1, 1, Conv, [64, 0]]", (4, 19), "kernel_size must be at least 1, got 0"),
        ("[-1, 1, SCDown, [64]]", (4, 21), "SCDown needs k, s"),
        ("[-1, 0, Conv, [64]]", (4, 10), "row 1 must repeat 1 to 1,000 times, got 0"),
        ("[-1, 1, Conv]", (4, 5), "must be [from, number, module, arguments], and this is a list of 3"),
        ("[-1, 1, Conv, 64]", (4, 19), "arguments must be a list"),
        ("[-1, 1, C2PSA, [128]]", (4, 20), "C2PSA keeps the number of channels"),
        ("[-1, 1, nn.Upsample, [None, None]]", (4, 26), "takes a size or a factor"),
    ],
)
def test_a_fault_stands_at_its_place(row, where, message):
    net = cnncalc.loads(model("[-1, 1, Conv, [64, 3, 2]]", row), file="yolo.yaml")
    assert len(net.problems) == 1
    (problem,) = net.problems
    assert (problem.location.line, problem.location.column) == where
    assert message in problem.message


def test_nothing_reads_a_head():
    text = model("[-1, 1, Conv, [64, 3, 8]]", "[[-1], 1, Detect, [80]]", "[-1, 1, Conv, [64]]")
    (problem,) = cnncalc.loads(text, file="yolo.yaml").problems
    assert (problem.rule, problem.location.line, problem.location.column) == ("value", 5, 6)
    assert problem.message == "model.2 reads row 1, a Detect, which gives several results and ends the network"


def test_a_row_that_comes_later_is_told_from_one_that_does_not_exist():
    text = model("[[-1, 1], 1, Concat, [1]]", "[-1, 1, Conv, [64]]", "[[-1, 9], 1, Concat, [1]]")
    assert [problem.message for problem in cnncalc.loads(text, file="yolo.yaml").problems] == [
        "model.0 reads row 1, which comes later; it can read only -1, the input",
        "model.2 reads row 9, which does not exist; it can read rows 0 to 1 and -1",
    ]


def test_a_misspelt_key_is_told_and_other_keys_are_free():
    text = model("[-1, 1, Conv, [64]]", more="nc: 80\nnames: [a, b]\ndepth_multple: 0.5")
    (problem,) = cnncalc.loads(text, file="yolo.yaml").problems
    assert (problem.rule, problem.location.line) == ("unknown-key", 3)
    assert problem.message == "the key depth_multple is not known; did you mean depth_multiple?"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("scale=", "--set scale=: there is no such scale; the scales are n, s"),
        ("scale=[n, s]", "--set scale=[n, s]: there is no such scale; the scales are n, s"),
        ("nc=", "--set nc=: nc must be an integer from 1 to 1,000,000, got nothing"),
        ("nc=x", "--set nc=x: nc must be an integer from 1 to 1,000,000, got x"),
        ("width_multiple=0", "--set width_multiple=0: width_multiple must be a number above 0 and at most 100, got 0"),
    ],
)
def test_a_value_of_set_that_does_not_fit_is_refused(change, message):
    text = model("[-1, 1, Conv, [64, 3, 2]]", more="nc: 80\nscales: {n: [0.33, 0.25, 1024], s: [0.33, 0.5, 1024]}")
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.loads(text, file="yolov8.yaml", set=[change])
    assert [problem.message for problem in caught.value.problems] == [message]


def test_a_multiple_that_is_set_replaces_the_scales():
    text = model("[-1, 1, Conv, [64, 3, 2]]", more="nc: 80\nscales: {n: [0.33, 0.25, 1024], s: [0.33, 0.5, 1024]}")
    assert cnncalc.loads(text, file="yolov8n.yaml", set="width_multiple=0.75")["model.0.conv"].shape.channels == 48


def test_a_scale_of_the_file_must_exist():
    text = model("[-1, 1, Conv, [64, 3, 2]]", more="nc: 80\nscale: q\nscales: {n: [0.33, 0.25, 1024]}")
    (problem,) = cnncalc.loads(text, file="yolov8.yaml").problems
    assert (problem.location.line, problem.message) == (2, "scale q is not known; the scales are n")


def test_maps_of_different_sizes_are_told_at_the_concat():
    text = model("[-1, 1, Conv, [64, 3, 2]]", "[-1, 1, Conv, [64, 3, 2]]", "[[-1, 0], 1, Concat, [1]]", "[-1, 1, Conv, [32]]")
    net = cnncalc.loads(text, file="yolo.yaml")
    (problem,) = net.problems
    assert (problem.rule, problem.location.line) == ("join", 5)
    assert "64x160x160" in problem.message
    assert "64x320x320" in problem.message


def test_too_many_layers_are_refused():
    text = model(*["[-1, 1000, Conv, [64, 3, 1]]"] * 20)
    with pytest.raises(cnncalc.SpecError, match="more than 30,000 layers"):
        cnncalc.loads(text, file="yolo.yaml")


# Published files, wherever the packages are installed. Totals: the comments of the files, and the packages' own summaries.

PUBLISHED = [
    ("ultralytics/cfg/models/v8/yolov8.yaml", "n", 3_157_200),
    ("ultralytics/cfg/models/v8/yolov8.yaml", "x", 68_229_648),
    ("ultralytics/cfg/models/v8/yolov8-seg.yaml", "n", 3_409_968),
    ("ultralytics/cfg/models/v8/yolov8-ghost-p6.yaml", "n", 2_901_100),
    ("ultralytics/cfg/models/11/yolo11.yaml", "n", 2_624_080),
    ("ultralytics/cfg/models/11/yolo11.yaml", "x", 56_966_176),
    ("ultralytics/cfg/models/v10/yolov10n.yaml", None, 2_775_520),
    ("ultralytics/cfg/models/v9/yolov9e.yaml", None, 58_206_592),
    ("ultralytics/cfg/models/rt-detr/rtdetr-l.yaml", None, 32_970_476),
    ("ultralytics/cfg/models/26/yolo26-obb.yaml", "n", 2_715_614),
    ("ultralytics/cfg/models/v3/yolov3.yaml", None, 103_754_144),
    ("yolov5/models/yolov5s.yaml", None, 7_235_389),
    ("yolov5/models/hub/yolov3.yaml", None, 61_949_149),
    ("yolov5/models/segment/yolov5m-seg.yaml", None, 21_990_397),
]


@pytest.mark.parametrize(("path", "scale", "parameters"), PUBLISHED)
def test_a_published_file(path, scale, parameters):
    package = path.partition("/")[0]
    found = find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed")
    net = cnncalc.load(Path(found.origin).parent.parent / path, set=f"scale={scale}" if scale else ())
    assert [str(problem) for problem in net.problems] == []
    assert net.parameters == parameters
