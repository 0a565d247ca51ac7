"""The Python face, and the language seen from outside."""

import pytest

import cnncalc
from cnncalc import Shape, SpecError

ALEXNET_224 = """\
name: AlexNet
input: 224x224x3
layers:
  - {conv: 96, kernel_size: 11, stride: 4}
"""


def messages(text, **more):
    return [f"{p.location.line}:{p.location.column} {p.message} [{p.rule}]" for p in cnncalc.loads(text, **more).problems]


def net_of(*rows, **top):
    head = "".join(f"{key}: {value}\n" for key, value in ({"input": "32x32x3"} | top).items())
    return cnncalc.loads(head + "layers:\n" + "".join(f"  - {row}\n" for row in rows))


def test_the_lecture_s_numbers():
    net = net_of("{fc: 10}")
    assert net.parameters == 10 * 3072 + 10
    net = net_of("{conv: 10, kernel_size: 5, padding: 2}")
    assert (net.layers[0].shape, net.parameters) == (Shape(32, 32, 10), 760)
    net = net_of("{conv: 6, kernel_size: 5}", "relu", "{conv: 10, kernel_size: 5}")
    assert [str(node.shape) for node in net.layers] == ["28x28x6", "28x28x6", "24x24x10"]


def test_a_misfit_says_where_why_by_how_much_and_how_to_mend_it():
    (problem,) = cnncalc.loads(ALEXNET_224, file="specs/alexnet224.yaml").problems
    # The text of the contract, here with the row's key one column further, behind its brace.
    assert str(problem) == (
        "specs/alexnet224.yaml:4:6: error: conv1 does not fit: (224 − 11 + 2·0)/4 + 1 = 54.25, the last row and column are never read; "
        "try padding [[1, 2], [1, 2]], stride 3, kernel_size 8 or 12, or input 223 or 227, or fit: floor [stride-fit]"
    )


def test_the_mends_are_edits_that_mend():
    net = cnncalc.loads(ALEXNET_224)
    (problem,) = net.problems
    assert len(problem.fixes) == 5
    for fix in problem.fixes:
        assert not fix.safe
        lines = ALEXNET_224.splitlines()
        line = lines[fix.location.line - 1]
        lines[fix.location.line - 1] = line[: fix.location.column - 1] + fix.text + line[fix.location.end_column - 1 :]
        assert cnncalc.loads("\n".join(lines)).problems == [], fix


def test_block_style_rows_are_mended_in_their_own_style():
    text = "input: 55x55x3\nlayers:\n  - maxpool: 2\n    name: pool\n"
    (problem,) = cnncalc.loads(text).problems
    insertion = next(fix for fix in problem.fixes if fix.title.startswith("padding"))
    assert insertion.text == "\n    padding: [[0, 1], [0, 1]]"
    assert (insertion.location.line, insertion.location.column) == (3, 15)


def test_only_one_axis_or_different_leftovers_are_said_by_name():
    (said,) = messages("input: 32x33x3\nlayers:\n  - {conv: 8, kernel_size: 5, stride: 2}\n")
    assert "height (32 − 5 + 2·0)/2 + 1 = 14.5, the last row is never read" in said
    (said,) = messages("input: 9x10x3\nlayers:\n  - {conv: 8, kernel_size: 4, stride: 4}\n")
    assert "height (9 − 4 + 2·0)/4 + 1 = 2.25, width (10 − 4 + 2·0)/4 + 1 = 2.5" in said
    assert "the last row and the last 2 columns are never read" in said
    (said,) = messages("input: 224x3\nlayers:\n  - {conv: 8, kernel_size: 7, stride: 2, padding: 3}\n")
    assert "the last step of the padding is never read (no input cell is lost); try padding [[3, 2]]" in said


def test_the_file_s_fit_and_a_row_s():
    rows = "layers:\n  - {maxpool: 2, fit: floor}\n  - {maxpool: 2}\n"
    assert [m[:4] for m in messages(f"input: 27x27x3\n{rows}")] == ["4:6 "]
    assert messages(f"input: 27x27x3\nfit: ceil\n{rows}") == []
    assert messages(f"input: 27x27x3\nignore: [stride-fit]\n{rows}") == []
    net = cnncalc.loads(f"input: 27x27x3\nfit: floor\n{rows}")
    assert [(node.fits, node.unread) for node in net.layers] == [(False, (1, 1)), (False, (1, 1))]
    assert [str(n.shape) for n in cnncalc.loads(f"input: 27x27x3\n{rows}", fit="ceil").layers] == ["13x13x3", "7x7x3"]


def test_joins_say_both_sides():
    text = """\
input: 28x28x16
layers:
  - branches:
      5x5: [{conv: 32, kernel_size: 5, padding: 2}]
      pool: [{maxpool: 2, stride: 1}]
    merge: concat
"""
    (said,) = messages(text)
    assert said.startswith("3:5 concat1: branch `5x5` ends at 28x28x32, `pool` at 27x27x16")
    (said,) = messages("input: 8x8x4\nlayers:\n  - {conv: 8, kernel_size: 1, name: wide}\n  - {add: input}\n")
    assert (
        said
        == "4:5 add1: wide gives 8x8x8, input 8x8x4 (channels 8 ≠ 4); add needs the same shape from each, or beside a map one number per channel or a map of one channel; {conv: 8, kernel_size: 1} behind input gives 8 channels [join]"
    )


def test_a_fault_in_a_block_is_said_once_with_its_copies():
    text = """\
input: 32x32x4
blocks:
  down:
    layers: [{maxpool: 2}, {conv: 4, kernel_size: 2, stride: 2}]
layers:
  - {block: down, repeat: 3, name: stage}
"""
    said = messages(text)
    assert said == [
        "4:29 stage.2.conv1: a window over 2 cells is larger than its padded input, height 1; try kernel_size at most 1, or padding 1; the network's input 64x64x4 works [window]"
    ]
    said = messages(
        text.replace("32x32x4", "21x21x4").replace("repeat: 3", "repeat: 2").replace("stride: 2}", "stride: 2, padding: 1}")
    )
    assert said[0].startswith("4:15 stage.0.maxpool1 does not fit: (21 − 2 + 2·0)/2 + 1 = 10.5")


FAULTY = "input: 10x3\nlayers:\n  - {conv: 4, kernel_size: 3, groups: 2}\n"
BEHIND = [
    # 16 numbers of two directions, which 3 does not divide.
    (["{lstm: 8, bidirectional: true}", "{groupnorm: 3}"], "", ["5:17 groupnorm1: 3 groups do not divide the 16 channels of 16"]),
    # A vector flows into the convolution; out of the second fc come its units, whatever flows in.
    (
        ["{fc: 7}", "{conv: 4, kernel_size: 3}", "{fc: 5, expect: 6}"],
        "",
        [
            "5:6 conv2: conv takes a map with spatial axes, and 7 is a vector; move it above the row that made a vector, or put a reshape to a map before it",
            "6:21 fc2 gives 5, and 6 is expected",
        ],
    ),
    (["{fc: 12}", "{attention: 5}"], "", ["5:6 attention1: attention takes a sequence"]),
    (["{fc: 12}", "{reshape: 5x2}"], "", ["5:15 reshape1: 12 holds 12 numbers and 5x2 would hold 10"]),
    (["{fc: 12}", '{slice: "0:${in_channels + 1}"}'], "", ["5:13 slice1: slice 0:13 goes beyond the 12 channels"]),
    (["{branches: {a: [{fc: 5}], b: [{fc: 6}]}, merge: add}"], "", ["4:5 add1: branch `a` ends at 5, `b` at 6 (channels 5 ≠ 6)"]),
    (["{fc: 5}"], "expect: {output: 6}", ["5:18 the network gives 5 (fc1), and 6 is expected"]),
    # 5·6 + 6 parameters, whatever stands above them.
    (["{fc: 5}", "{fc: 6}"], "budget: {parameters: 35}", ["6:22 the network has 36 parameters, 1 more than the budget of 35"]),
]


@pytest.mark.parametrize(("rows", "end", "behind"), BEHIND)
def test_behind_a_layer_whose_shape_is_certain_the_next_fault_is_found(rows, end, behind):
    said = messages(FAULTY + "".join(f"  - {row}\n" for row in rows) + end)
    assert all(one.startswith(start) for one, start in zip(said[1:], behind, strict=True)), said
    assert said[0].startswith("3:39 conv1: groups 2 does not divide the input's 3 channels")


@pytest.mark.parametrize(
    "rows",
    [
        # Every step's result, a map's channels, a row that cannot be read: what comes out of those is not certain.
        ["{lstm: 8, return: sequence}", "{groupnorm: 3}"],
        ["global_avgpool", "{groupnorm: 3}"],
        # Totals are not known, the weights to share neither.
        ["{fc: 5}", "{fc: 5, share: fc1}"],
        ["{fc: 5}", "{fc: 7}", "{fc: 5, share: fc1}"],
        ["{fc: 5}", "{add: conv1}"],
        ["{fc: 5, expect: 5}", "{fc: 7}"],
    ],
)
def test_what_is_not_certain_is_not_blamed(rows):
    end = "expect: {parameters: 1, macs: 1}\nbudget: {parameters: 100}"
    assert len(messages(FAULTY + "".join(f"  - {row}\n" for row in rows) + end)) == 1


def test_a_layer_behind_a_fault_counts_nothing_and_those_behind_it_do():
    net = cnncalc.loads(FAULTY + "  - {fc: 5}\n  - relu\n  - {fc: 6}\n")
    assert [node.shape for node in net.layers] == [None, None, Shape(5), Shape(6)]
    # Of the first fc neither weights nor cost are known; the second has 5·6 and 6 biases.
    assert [node.parameters for node in net.layers] == [0, 0, 0, 36]
    assert (net.parameters, net.macs) == (36, 30)


def test_copies_are_counted():
    text = "input: 8x8x4\nblocks:\n  b:\n    layers: [{conv: 4, kernel_size: 2, groups: 3}]\nlayers:\n  - {block: b, repeat: 5}\n"
    # What follows an unknown shape is not blamed for it, so one copy has the fault.
    assert len(messages(text)) == 1
    (said,) = messages(
        "input: 7x7x4\nblocks:\n  b:\n    layers: [{maxpool: 2, from: input}]\nlayers:\n" + "  - {block: b, from: input}\n" * 3
    )
    assert "(3 copies have it, the first is b1.maxpool1)" in said


@pytest.mark.parametrize(
    ("row", "name", "said"),
    [
        ("{relu: , from: nope}", "relu1", "there is no row nope above"),
        ("{add: [input, nope]}", "add1", "there is no row nope above"),
        ("{conv: 6, kernel_size: 1, share: nope}", "conv1", "there is no row nope above"),
        ("{relu: , fit: '${w}'}", "relu1", "fit is exact, floor or ceil, not word"),
        ("{relu: , trainable: 3}", "relu1", "trainable is true or false, not 3"),
        ("{relu: , repeat: '${w}'}", "relu1", "repeat is a whole number of at least 0, not word"),
        ("{relu: , expect: x}", "relu1", "expect: a shape is written like 32x32x3, not x"),
        ("{relu: , expect: }", "relu1", "expect has no value"),
        ("{relu: 3}", "relu1", "relu takes no value"),
        ("{block: '${w}'}", "word1", "there is no block word"),
        ("{branches: {a: [], b: []}, merge: '${w}'}", "word1", "merge is add, concat or multiply, not word"),
    ],
)
def test_a_fault_in_a_row_of_a_block_is_said_once_with_its_copies(row: str, name: str, said: str):
    # Three rows use the block, the last of them twice: four copies.
    uses = "  - {block: b, name: u}\n  - {block: b, from: input}\n  - {block: b, from: input, repeat: 2}\n"
    text = f"input: 8x8x6\nblocks:\n  b: {{parameters: {{w: word}}, layers: [{row}]}}\nlayers:\n{uses}"
    (problem,) = cnncalc.loads(text).problems
    assert problem.layer == f"u.{name}"
    assert problem.message.startswith(said)
    assert problem.message.endswith(f" (4 copies have it, the first is u.{name})")


def test_names_and_paths():
    net = cnncalc.loads("""\
input: 32x32x16
blocks:
  unit:
    parameters: {width: }
    layers:
      - branches:
          left: [{conv: "${width}", kernel_size: 1, repeat: 2}, relu]
          right: []
        merge: add
layers:
  - {block: unit, width: 16, repeat: 2, name: stage}
  - {conv: 4, kernel_size: 1, from: stage.0.add1.left.conv1.0}
""")
    assert net.problems == []
    assert [node.name for node in net.layers] == [
        "stage.0.add1.left.conv1.0", "stage.0.add1.left.conv1.1", "stage.0.add1.left.relu1", "stage.0.add1",
        "stage.1.add1.left.conv1.0", "stage.1.add1.left.conv1.1", "stage.1.add1.left.relu1", "stage.1.add1", "conv1",
    ]  # fmt: skip
    assert net["stage"] is net["stage.1.add1"]
    assert net["stage.add1.left.conv1"] is net["stage.1.add1.left.conv1.1"]
    assert net["conv1"].inputs[0].name == "stage.0.add1.left.conv1.0"
    assert "stage.0" in net
    assert "stage.7" not in net
    with pytest.raises(KeyError, match=r"there is no layer conv7.*did you mean conv1"):
        net["conv7"]


def test_default_names_count_rows_of_their_kind():
    net = net_of("relu", "{relu: , name: mine}", "relu", "{add: mine}", "{branches: {a: [], b: []}, merge: add}")
    assert [node.name for node in net.layers] == ["relu1", "mine", "relu3", "add1", "add2"]


def test_shared_weights_count_once():
    net = cnncalc.loads("""\
input: {left: 16x16x3, right: 16x16x3}
blocks:
  tower: {layers: [{conv: 8, kernel_size: 3}, batchnorm, {fc: 4}]}
layers:
  - {block: tower, from: left, name: one}
  - {block: tower, from: right, share: one, name: two}
  - {concat: [one, two]}
""")
    own = 8 * (27 + 1) + 16 + (14 * 14 * 8 + 1) * 4
    assert (net.problems, net.parameters, net.buffers) == ([], own, 16)
    assert net["two.conv1"].parameters == 0
    assert net["two.conv1"].shared is net["one.conv1"]
    assert net.macs == 2 * (8 * 27 * 14 * 14 + 14 * 14 * 8 * 4)


def test_frozen_weights_are_parameters_and_not_trainable():
    net = net_of("{conv: 8, kernel_size: 3, trainable: false}", "{fc: 2}")
    assert net.parameters - net.trainable == 8 * 28
    net = cnncalc.loads(
        "input: 8x8x1\nblocks:\n  b: {layers: [{fc: 3}]}\nlayers:\n  - {block: b, trainable: false}\n  - {fc: 1}\n"
    )
    assert (net.parameters, net.trainable) == (65 * 3 + 4, 4)


def test_several_inputs_and_outputs():
    net = cnncalc.loads("""\
input: {image: 8x8x3, question: {tokens: 5, vocabulary: 100}}
layers:
  - {embedding: 4, from: question}
  - {lstm: 6, name: words}
  - {fc: 6, from: image}
  - {multiply: [words, fc1]}
outputs: [multiply1, words]
expect: {output: {words: 6, multiply1: 6}}
""")
    assert net.problems == []
    assert [source.name for source in net.outputs] == ["multiply1", "words"]


@pytest.mark.parametrize(
    "change", [{"input": "64x64x3"}, {"set": "k=6"}, {"fit": "floor"}, {"set": ["conv1.stride=2", "fc1.fc=5"]}]
)
def test_expectations_are_left_out_when_the_file_is_changed_from_outside(change):
    text = "input: 32x32x3\nvars: {k: 5}\nlayers:\n  - {conv: '${k}', kernel_size: 2, stride: 2, expect: 16x16x5}\n  - {fc: 3}\nexpect: {output: 3}\nbudget: {macs: 1}\n"
    assert [p.rule for p in cnncalc.loads(text).problems] == ["budget"]
    net = cnncalc.loads(text, **change)
    assert [p.rule for p in net.problems] == ["budget"]
    assert net.expect_skipped
    assert not cnncalc.loads(text).expect_skipped


@pytest.mark.parametrize("wrong", [{"input": 9}, {"set": 3}, {"set": [("width", 2)]}])
def test_changes_of_another_type_are_refused(wrong):
    with pytest.raises(TypeError, match=r"a shape is written as|is text or a list of texts"):
        cnncalc.loads("input: 9x9x3\nlayers: [relu]\n", **wrong)


def test_changes_as_python_has_them():
    text = "input: 9x9x3\nlayers:\n  - {conv: 4, kernel_size: 3, name: first}\n"
    net = cnncalc.loads(text, input=(11, 12, 2), set={"first.stride": (2, 3), "first.bias": False})
    # (11 − 3)/2 + 1 and (12 − 3)/3 + 1; 3·3·2 numbers in each of four filters.
    assert (net["first"].shape, net.parameters) == ((5, 4, 4), 72)
    assert cnncalc.loads(text, input={"input": (5, 5, 3)})["first"].shape == (3, 3, 4)
    assert cnncalc.load("alexnet").name == "AlexNet"


def test_fields_are_set_by_full_name_last_copy_and_pattern():
    text = "input: 16x16x3\nblocks:\n  b:\n    parameters: {width: 4}\n    layers: [{conv: '${width}', kernel_size: 3, padding: 1}, relu]\nlayers:\n  - {block: b, repeat: 2, name: s}\n"
    filters = lambda **more: [n.fields["filters"] for n in cnncalc.loads(text, **more).layers if n.kind == "conv"]  # noqa: E731 - one line says it
    assert filters() == [4, 4]
    assert filters(set="s.0.conv1.filters=7") == [7, 4]
    assert filters(set="s.conv1.conv=7") == [4, 7]
    assert filters(set="s.width=9") == [4, 9]
    assert filters(set="*.width=9") == [9, 9]
    net = cnncalc.loads(text, set="*.bias=false")
    assert net.parameters == 4 * 27 + 4 * 36
    for wrong, said in {
        "x=1": "there is no var x; the file has no vars",
        "s.9.conv1.filters=1": "there is no layer s.9.conv1",
        "nonsense": "takes NAME=VALUE",
        "s.conv1.kernel_size=[": "cannot be read",
        "*.foo=1": r"no layer that \* matches has a field foo",
    }.items():
        with pytest.raises(SpecError, match=said):
            cnncalc.loads(text, set=wrong)
    said = [str(p) for p in cnncalc.loads(text, set="s.conv1.strid=0").problems]
    assert said == ["error: --set s.conv1.strid=0: s.1.conv1 has no strid; did you mean stride? [set]"]
    said = [str(p) for p in cnncalc.loads(text, set="s.conv1.stride=0").problems]
    assert said == ["error: --set s.conv1.stride=0: stride must be at least 1, got 0 [set]"]


@pytest.mark.parametrize(
    ("options", "said"),
    [({"fit": "round"}, "fit is exact, floor or ceil, not round"), ({"layout": "nchw"}, "layout is channels_last or channels_first"),
     ({"input": "0x3"}, "at least 1, got 0"), ({"input": "["}, "written like 32x32x3"), ({"input": "other=3"}, "there is no input other")],
)  # fmt: skip
def test_wrong_options(options, said):
    with pytest.raises(SpecError, match=said):
        cnncalc.loads("input: 8x8x3\nlayers: [relu]\n", **options)


def test_the_layout_of_the_file_and_of_the_messages():
    text = "input: 3x16x20\nlayout: channels_first\nlayers:\n  - {conv: 8, kernel_size: 3, expect: 8x14x17}\n"
    net = cnncalc.loads(text)
    assert net.layers[0].shape == Shape(14, 18, 8)
    assert "conv1 gives 8x14x18, and 8x14x17 is expected" in net.problems[0].message
    assert cnncalc.loads(text, layout="channels_last").layout == "channels_last"


@pytest.mark.parametrize(
    ("path", "said"),
    [("nowhere.yaml", "no such file"), (".", "a folder"), ("a\0b", "name of a file")],
)
def test_files_that_cannot_be_read(path, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=said) as caught:
        cnncalc.load(path)
    assert [p.rule for p in caught.value.problems] == ["file"]


def test_a_file_over_ten_mebibytes_is_refused_by_the_limit_s_name(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"# " + b"x" * (10 * 2**20))
    with pytest.raises(SpecError, match="at most 10 MiB"):
        cnncalc.load(path)


def test_a_problem_of_a_hostile_name_stays_on_its_line():
    text = 'input: 8x8x3\nlayers:\n  - {relu: , name: "a\\n::error::b\\e[31m"}\n  - {"co\\nn": 3}\n'
    said = [str(p) for p in cnncalc.loads(text, file="x\ny.yaml").problems]
    assert len(said) == 2
    assert all(line.isprintable() for line in said)


def test_what_can_be_said_of_a_network():
    net = net_of(
        "{conv: 8, kernel_size: 3, stride: 2, padding: 1, fit: floor}",
        "batchnorm",
        "relu",
        name="Small",
        description="d",
        source="s",
    )
    assert (net.name, net.description, net.source) == ("Small", "d", "s")
    assert repr(net) == "<Network Small: 3 layers, 240 parameters, 0 problems>"
    conv = net["conv1"]
    assert conv.fields == {
        "filters": 8, "kernel_size": [3, 3], "stride": [2, 2], "padding": [[1, 1], [1, 1]], "dilation": [1, 1], "groups": 1, "bias": True,
    }  # fmt: skip
    assert conv.summary == "8 × 3×3, stride 2, pad 1"
    assert [(w.name, w.shape, w.role) for w in net["batchnorm1"].weights] == [
        ("weight", (8,), "weight"), ("bias", (8,), "bias"), ("running_mean", (8,), "buffer"), ("running_var", (8,), "buffer"),
    ]  # fmt: skip


def test_a_window_on_a_vector_is_still_said():
    net = cnncalc.loads("input: 12\nlayers: [{conv: 4, kernel_size: 3}]\n")
    assert net.layers[0].summary == "4 × 3×3"
