"""One mistake, one message: rows written in other ways than the language's."""

from __future__ import annotations

import pytest

import cnncalc


def problems(*rows: str) -> list[tuple[int, int, str, str]]:
    net = cnncalc.loads("input: 8x8x3\nlayers:\n" + "".join(f"  {row}\n" for row in rows))
    return [(p.location.line, p.location.column, p.rule, p.message) for p in net.problems]


@pytest.mark.parametrize(
    ("row", "column", "rule", "message"),
    [
        ("- {conv: 8, kernal_size: 3}", 15, "unknown-key", "conv has no kernal_size; did you mean kernel_size?"),
        (
            "- {conv: 8, F: 3, S: 1, P: 1}", 15, "unknown-key",
            "conv has no F, S, P: fields are written in words; write {conv: 8, kernel_size: 3, stride: 1, padding: 1}",
        ),
        (
            "- {K: 8, F: 3, S: 1}", 6, "unknown-kind",
            "K is no layer kind: a row is written in words; write {conv: 8, kernel_size: 3, stride: 1}",
        ),
        (
            "- conv: {filters: 64, kernel_size: 7}", 11, "value",
            "the fields of conv stand beside it, not below it; write {conv: 64, kernel_size: 7}",
        ),
        ("- maxpool: {pool_size: 2, strides: 2}", 14, "value", "the fields of maxpool stand beside it, not below it; write {maxpool: 2, stride: 2}"),
        ("- {conv: 8, kernel: 3}", 15, "unknown-key", "conv has no kernel; did you mean kernel_size?"),
    ],
)  # fmt: skip
def test_a_row(row: str, column: int, rule: str, message: str) -> None:
    assert problems(row) == [(3, column, rule, message)]


def test_dashes_in_front_of_fields() -> None:
    found = problems("- conv: 8", "- kernel_size: 3", "- stride: 1", "- relu", "- maxpool: 2", "- stride: 2", "- {fc: 10}")
    assert [one[:3] for one in found] == [(4, 5, "row"), (8, 5, "row")]
    assert found[0][3].startswith(
        "kernel_size, stride are fields of the row above and no row; write - {conv: 8, kernel_size: 3, stride: 1}"
    )
    assert found[1][3].startswith("stride is a field of the row above and no row; write - {maxpool: 2, stride: 2}")


def test_rows_behind_such_a_row_are_still_read() -> None:
    text = "input: 8x8x3\nlayers:\n  - conv: 8\n  - kernel_size: 3\n  - {fc: 10}\n"
    net = cnncalc.loads(text)
    # 8 filters of 3×3×3 and biases; 6·6·8 numbers into 10 units and biases.
    assert (net.layers[-1].shape, net.parameters) == (cnncalc.Shape(10), 8 * 28 + 10 * 289)


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        # The mode is misspelt, so whether align_corners belongs to it is not known.
        ("- {upsample: 2, modez: bilinear, align_corners: true}", 19, "upsample has no modez; did you mean mode?"),
        ("- {upsample: null, sizes: 16}", 22, "upsample has no sizes; did you mean size?"),
        ("- {pad: 1, valu: 2, mode: reflect}", 14, "pad has no valu; did you mean value?"),
        # The pair of another tool's layer is the input's channels and the filters; groups have no such pair.
        ("- {conv: [3, 6], kernel_size: 1}", 12, "conv must be a whole number of at least 1, got [3, 6]; write 6, the other number comes from what flows in"),
        ("- {conv: 6, kernel_size: 1, groups: [1, 3]}", 39, "groups must be a whole number of at least 1, got [1, 3]"),
        ("- {custom: x, output: same, parameters: [1, 2]}", 43, "parameters must be a whole number from 0 to 9223372036854775807, got [1, 2]"),
        ("- {pad: 99999999999}", 11, "pad must be at most 2147483647 (2³¹ − 1), got 99999999999"),
        ("- {conv: 6, kernel_size: 1, padding: 1x99999999999}", 40, "padding must be at most 2147483647 (2³¹ − 1), got 99999999999"),
        ("- {reshape: 999999999999}", 15, "reshape cannot be read: a size must be at most 2147483647 (2³¹ − 1), got 999999999999"),
    ],
)  # fmt: skip
def test_one_wrong_field_is_one_message(row: str, column: int, message: str) -> None:
    ((_, at, _, said),) = problems(row)
    assert (at, said) == (column, message)


def test_two_mistakes_are_two_messages() -> None:
    assert [one[:2] for one in problems("- {conv: 8, kernel_size: 3, strid: 2, paddin: 1}")] == [(3, 31), (3, 41)]
    assert [one[2] for one in problems("- {conv: 8, colour: red}")] == ["missing", "unknown-key"]


@pytest.mark.parametrize(
    ("row", "column", "write"),
    [
        # Tuples of Python, which YAML splits at their commas in braces.
        ("- {conv: 8, kernel_size: (3, 3)}", 28, "got (3, 3); write [3, 3]"),
        ("- {conv: 8, kernel_size: 3,3}", 28, "got 3,3; write [3, 3]"),
        ("- {conv: 8, kernel_size: 3, padding: SAME}", 40, "got SAME; write same"),
        ("- {conv: 8, kernel_size: 3, padding: [(1, 1), (1, 1)]}", 40, "write [[1, 1], [1, 1]]"),
        ("- {conv: 8, kernel_size: 3*3}", 28, "write 3x3"),
        # PyTorch gives the channels that flow in first.
        ("- {conv: [3, 8], kernel_size: 3}", 12, "write 8, the other number comes from what flows in"),
        ("- {fc: (192, 10)}", 10, "write 10, the other number comes from what flows in"),
        ("- {groupnorm: [3, 64]}", 17, "write 3, the other number comes from what flows in"),
        ("- {conv: 8, kernel_size: 3, groups: in_channels}", 39, 'write "${in_channels}"'),
        ("- {conv: in_channels * 2, kernel_size: 3}", 12, 'write "${in_channels * 2}"'),
        ("- {conv: 8, kernel_size: 3, bias: yes}", 37, "write true"),
        ("- {dropout: 50%}", 15, "got 50%; write 0.5"),
        ("- {reshape: [-1, 8]}", 15, "write _x8"),
        ("- {reshape: (-1, 8)}", 15, "write _x8"),
        ("- {permute: [2, 0, 1]}", 15, "of height, width, channels, counted from 0, these are [channels, height, width]"),
        ("- {permute: [2, 1, 3]}", 15, "of height, width, channels, counted from 1, these are [width, height, channels]"),
        ("- {reduce: mean, axes: [1, 2]}", 26, "write [height, width]"),
        ("- {slice: [0, 2]}", 13, 'write "0:2"'),
        ("- {concat: 'input, input'}", 14, "write [input, input]"),
        ("- {add: -1}", 11, "rows are called by name: write input"),
        ("- Conv2d(3, 8, 3, padding=1)", 5, "write - {conv: 8, kernel_size: 3, padding: 1}"),
        ("- nn.Linear(192, 10, bias=False)", 5, "write - {linear: 10, bias: false}"),
        ("- layers.Conv2D(8, (3, 3), strides=2, padding='same')", 5, "write - {conv: 8, kernel_size: [3, 3], stride: 2, padding: same}"),
        ("- Activation('relu')", 5, "write - relu"),
        ("- conv:16", 5, "needs a space behind the colon; write - conv: 16"),
        ("- {conv:16, kernel_size:3}", 6, "needs a space behind the colon; write {conv: 16, kernel_size: 3}"),
        ("- {conv=16, kernel_size=3}", 6, "needs a colon and a space in place of =; write {conv: 16, kernel_size: 3}"),
        ("- {conv: 8, kernel_size: [3]}", 28, "write 3 for every axis"),
    ],
)  # fmt: skip
def test_a_value_in_the_notation_of_another_tool(row: str, column: int, write: str) -> None:
    (found,) = problems(row)
    assert found[:2] == (3, column)
    assert write in found[3]


def test_a_row_of_another_tool_tells_all_its_mistakes() -> None:
    row = "- {Conv2D: 8, kernel_size: 3, strides: 2, padding: 'SAME', activation: 'relu'}"
    hints = ["did you mean conv?", "did you mean stride?", "write same", "a row of its own: - relu"]
    assert [hint in message for hint, (*_, message) in zip(hints, problems(row), strict=True)] == [True] * 4
    darknet = problems("- {convolutional: null, filters: 8, size: 3, pad: 1, activation: leaky}")
    hints = ["did you mean conv?", "{conv: 8}", "did you mean kernel_size?", "did you mean padding?", "- leaky_relu"]
    assert [hint in message for hint, (*_, message) in zip(hints, darknet, strict=True)] == [True] * 5


@pytest.mark.parametrize(
    ("text", "place", "write"),
    [
        ("input: (32, 32, 3)\nlayers: [relu]", (1, 8), "write 32x32x3"),
        ("input: 32*32*3\nlayers: [relu]", (1, 8), "write 32x32x3"),
        ("input: 32.0x1e1x+3\nlayers: [relu]", (1, 8), "not 32.0x1e1x+3; write 32x10x3"),
        ("input: 32 by 32 by 3\nlayers: [relu]", (1, 8), "write 32x32x3"),
        # A Cyrillic letter, Arabic digits, a full-width digit and a superscript.
        ("input: 32х32х3\nlayers: [relu]", (1, 8), "write 32x32x3"),
        ("input: ٣٢x٣٢x٣\nlayers: [relu]", (1, 8), "write 32x32x3"),
        ("input: ３2x32x³\nlayers: [relu]", (1, 8), "write 32x32x3"),
        ("input: 32x-3x3\nlayers: [relu]", (1, 8), "a size must be at least 1, got -3 in 32x-3x3"),
        ("input: {h: 32, w: 16, c: 3}\nlayers: [relu]", (1, 23), "write {height: 32, width: 16, channels: 3}"),
        ("input: 32,32,3\nlayers: [relu]", (1, 8), "write 32x32x3"),
        ("input: 32x32x3  // image\nlayers: [relu]", (1, 8), "write 32x32x3"),
        ("input: [None, 32, 32, 3]\nlayers: [relu]", (1, 8), "the batch is never written: write 32x32x3"),
        ("input: [-1, 32, 32, 3]\nlayers: [relu]", (1, 8), "the batch is never written: write 32x32x3"),
        ("input: 8x16x112x112x3\nlayers: [relu]", (1, 8), "the batch is never written: write 16x112x112x3"),
        ("input: {width: 32, height: 32, depth: 3}\nlayers: [relu]", (1, 8), "write how many channels"),
        ("input_shape: 32x32x3\nlayers: [relu]", (1, 1), "did you mean input?"),
        ("input: 8x8x3\nmodel: [relu]", (2, 1), "did you mean layers?"),
        ("input: 8x8x3\nlayers:\n  conv: 8\n  relu:\n", (3, 3), "begin each row with a dash, as in - conv: …"),
        ("input: 8x8x3\nlayers:\n  - conv: 8\n   kernel_size: 3\n", (4, 4), "kernel_size begins in column 4, and conv above it in 5"),
        ("input: 8x8x3\nlayers:\n  - conv: 8\n      kernel_size: 3\n", (4, 7), "kernel_size begins in column 7, and conv above it in 5"),
        ("input: 8x8x3\nlayers:\n  - {conv: 8 kernel_size: 3}\n", (3, 14), "a comma is missing before kernel_size"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_what_to_write(text: str, place: tuple[int, int], write: str) -> None:
    with pytest.raises(cnncalc.SpecError, match="error: ") as raised:
        cnncalc.loads(text)
    (problem,) = raised.value.problems
    assert (problem.location.line, problem.location.column) == place
    assert write in problem.message


def test_two_rows_without_a_dash_between_them() -> None:
    found = problems("- conv: 8", "  kernel_size: 3", "  conv: 4", "  kernel_size: 3")
    assert [one[:3] for one in found] == [(5, 5, "duplicate-key")]
    assert "begin a row of its own with a dash: - conv" in found[0][3]


@pytest.mark.parametrize(
    ("row", "column", "write"),
    [
        ("- {conv: 16 filters, kernel_size: 3}", 12, "got 16 filters; write 16"),
        ("- {conv: 8, kernel_size: 3, padding: [1, 1, 1, 1]}", 40, "got [1, 1, 1, 1]; write 1"),
        ("- {conv: 8, kernel_size: 3, padding: SAME_UPPER}", 40, "write same"),
        ("- {conv_transpose: 8, kernel_size: 3, padding: valid}", 50, "write 0"),
        ("- {leaky_relu: 1/5}", 18, 'write "${1 / 5}"'),
        ("- {space_to_depth: (2, 2)}", 22, "write 2"),
        ("- {maxpool: 2, stride: None}", 26, "got None; leave it out"),
        ("- {avgpool: global}", 15, "write - global_avgpool"),
        ("- {conv: 8, kernel_size: 3, id: a}", 31, "write name: a"),
        ("- {relu: null, times: 3}", 18, "write repeat: 3"),
        ("- {relu: null, repeat: x3}", 26, "write 3"),
        ("- {conv: 8, kernel_size: 3, requires_grad: False}", 31, "write trainable: false"),
        ("- {conv: 8, kernel_size: 3, trainable: no}", 42, "write false"),
        ("- {relu: null, fit: Floor}", 23, "write floor"),
        ("- {add: previous}", 11, "rows are called by name: write input"),
        ("- {custom: x, output: Same}", 25, "write same"),
        ("- {concat: [input, input], axis: 0}", 36, "write an axis by its name, such as channels"),
        ("- {subtract: [input, input, input]}", 16, "write a subtract row for each pair"),
        # 8 − 6 = 2 cells, one on each side.
        ("- {crop: 6}", 12, "to keep 6, write crop: 1; input 13x13x3 works"),
        ("- {matmul: [input, input], transpose_b: true}", 30, "write transpose: second"),
        ("- {batchnorm: 3}", 17, "write {batchnorm: null}, or - batchnorm alone"),
        ("- {branches: {a: [relu], b: []}, merge: sum}", 43, "did you mean add?"),
        ("- conv1: {type: conv, filters: 3, kernel_size: 3}", 5, "write - {conv: 3, kernel_size: 3, name: conv1}"),
        ("- conv1: Conv2d(1, 3, 3)", 5, "write - {conv: 3, kernel_size: 3, name: conv1}"),
        # VGG's paper names its layers so.
        ("- conv3-64", 5, "write - {conv: 64, kernel_size: 3, padding: 1}"),
        ("- maxpool 2", 5, "write - {maxpool: 2}"),
    ],
)  # fmt: skip
def test_another_word_for_a_value_or_a_key(row: str, column: int, write: str) -> None:
    (found,) = problems(row)
    assert found[:2] == (3, column)
    assert found[3].endswith(write) or f"{write}," in found[3], found


@pytest.mark.parametrize(
    ("text", "place", "write"),
    [
        ("layers:\n  - {Input: 8x8x3}\n  - relu", (2, 6), "the top of the file says input: 32x32x3"),
        ("name AlexNet\ninput: 8x8x3\nlayers: [relu]", (1, 1), "a colon is missing behind name; write name: AlexNet"),
        ("input: 8x8x3\nlayers:\n  - relu\n  -conv: 3\n", (4, 3), "write - conv: 3"),
        ("input: 8x8x3\nlayers:\n  -relu\n  -softmax\n", (3, 3), "begin each row with a dash and a space, as in - relu"),
        ("input: 8x8x3\nlayers:\n  * relu\n  * softmax\n", (3, 3), "write - relu"),
        ("input: 8x8x3\nlayers:\n  conv1: {conv: 3, kernel_size: 3}\n", (3, 3), "as in - {conv: 3, kernel_size: 3, name: conv1}"),
    ],
)  # fmt: skip
def test_a_file_without_rows_says_how_they_are_written(text: str, place: tuple[int, int], write: str) -> None:
    with pytest.raises(cnncalc.SpecError, match="error: ") as raised:
        cnncalc.loads(text)
    (problem,) = raised.value.problems
    assert (problem.location.line, problem.location.column) == place
    assert problem.message.endswith(write)


@pytest.mark.parametrize(
    ("blocks", "row", "place", "write"),
    [
        ("[{name: b, layers: [relu]}]", "- {block: b}", (2, 9), "write {b: {layers: [relu]}}"),
        ("{b: {parameters: [out], layers: [{conv: '${out}', kernel_size: 1}]}}", "- {block: b, out: 8}", (2, 26), "not a list"),
        ("{b: {parameters: {out: }, layers: [{conv: '${out}', kernel_size: 1}]}}", "- {b: 8}", (4, 6), "write {block: b, out: 8}"),
        ("{b: {parameters: {out: }, layers: [{conv: '${out}', kernel_size: 1}]}}", "- {block: b, out: 8, of: 3}", (4, 24), "it has out"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_block_is_one_message(blocks: str, row: str, place: tuple[int, int], write: str) -> None:
    (problem,) = cnncalc.loads(f"input: 8x8x3\nblocks: {blocks}\nlayers:\n  {row}\n").problems
    assert (problem.location.line, problem.location.column) == place
    assert problem.message.endswith(write)


@pytest.mark.parametrize(
    ("key", "column", "write"),
    [
        ("budget: {parameters: 5 million}", 22, "write 5M"),
        ("budget: {weights: 20MB}", 19, "write 20M"),
        ("expect: {flops: 3}", 10, "write macs, half of the FLOPs"),
        ("dtype: fp16", 8, "did you mean float16?"),
        ("layout: NHWC", 9, "did you mean channels_last?"),
        ("vars: [width: 8]", 7, "write {width: 8}"),
        ("outputs: last", 10, "rows are called by name: write relu1"),
    ],
)
def test_another_word_at_the_top_level(key: str, column: int, write: str) -> None:
    net = cnncalc.loads(f"input: 8x8x3\nlayers: [relu]\n{key}\n")
    found = [(p.location.line, p.location.column) for p in net.problems if p.message.endswith(write)]
    assert found == [(3, column)], net.problems
    assert len([p for p in net.problems if p.level == "error"]) == 1


def test_a_row_without_its_colons() -> None:
    assert problems("- conv 16, kernel_size 3")[0][3].endswith("write - {conv: 16, kernel_size: 3}")
    assert problems("- maxpool 3 stride 2")[0][3].endswith("write - {maxpool: 3, stride: 2}")
    assert problems("- conv 8, 3x3, padding same")[0][3].endswith("write - {conv: 8, kernel_size: 3x3, padding: same}")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("dtype: NP.Float16\nlayers: [relu]", "did you mean float16?"),
        # A row that is offered has no value that cannot be read.
        ("layers: [{conv: ten}]", "write {conv: 6, kernel_size: 3}"),
        # A limit at −1 and 1 is not in the row, so that clip alone would be a second mistake.
        ("layers: [hardtanh]", "write {clip: , min: -1, max: 1}"),
        ("layers: [{conv: 4, stride: two}]", "write {conv: 4, kernel_size: 3}"),
    ],
)
def test_advice_can_be_read_itself(text: str, advice: str) -> None:
    assert any(problem.message.endswith(advice) for problem in cnncalc.loads(f"input: 8x8x3\n{text}\n").problems)
