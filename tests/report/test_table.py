"""The table: golden ones at a fixed width, whose numbers are added up again, and what it does where room is scarce."""

import re

import pytest

import cnncalc
from cnncalc.report import plain
from cnncalc.report.network.columns import choose
from cnncalc.report.network.table import branch, cells_of, cut, shortened, table, wrapped
from tests.cli.command import ROOT

SPECS = sorted((ROOT / "specs").glob("*.yaml"))


def text(network, *more, **options):
    return plain.text(table(network, choose(more), **options))


def squeezed(said):
    """Without what aligns the columns."""
    return re.sub(" +", " ", said)


def loads(source, **more):
    return cnncalc.loads(source, file="net.yaml", **more)


RESIDUAL = """\
name: Two residual blocks
description: One that fits
  and one that halves.
input: 8x8x3
fit: floor
blocks:
  residual:
    parameters: {out: , stride: 1}
    layers:
      - branches:
          body:
            - {conv: "${out}", kernel_size: 3, stride: "${stride}", padding: 1, bias: false}
            - batchnorm
          shortcut:
            - {conv: "${out}", kernel_size: 1, stride: "${stride}", repeat: "${1 if stride > 1 else 0}"}
        merge: add
      - relu
layers:
  - {conv: 4, kernel_size: 1, trainable: false}
  - {block: residual, out: 4}
  - {block: residual, out: 6, stride: 2}
  - {conv: 4, kernel_size: 1, from: conv1, share: conv1, name: again, repeat: 0}
  - global_avgpool
  - {fc: 2}
"""

WHOLE = """\
Two residual blocks
One that fits and one that halves.

layer               kind                                    output  parameters   MACs
  input                                                     8x8x3
  conv1             conv 4 × 1×1, frozen                    8x8x4           16    768
  residual1         block residual
  ├ add1            branches add of body, shortcut          8x8x4            0      0
  │ ├ body          branch
  │ │ ├ conv1       conv 4 × 3×3, pad 1, no bias            8x8x4          144  9,216
  │ │ └ batchnorm1  batchnorm                               8x8x4            8      0
  │ └ shortcut      branch no layers: the input itself      8x8x4
  └ relu1           relu                                    8x8x4            0      0
  residual2         block residual
  ├ add1            branches add of body, shortcut          4x4x6            0      0
  │ ├ body          branch
  │ │ ├ conv1       conv 6 × 3×3, stride 2, pad 1, no bias  4x4x6          216  3,456
  │ │ └ batchnorm1  batchnorm                               4x4x6           12      0
  │ └ shortcut      branch
~ │   └ conv1.0     conv 6 × 1×1, stride 2                  4x4x6           30    384
  └ relu1           relu                                    4x4x6            0      0
  global_avgpool1   global_avgpool                          6                0      0
  fc1               fc 2                                    2               14     12

parameters      440  1,760 bytes (1.7 KiB) in float32
trainable       424  the other 16 are frozen
buffers          20  kept, not learned: 80 bytes in float32
MACs         13,836  one multiply-accumulate each; bias, pooling, activations and normalisation count none
peak memory   3,072  bytes (3.0 KiB) of activations in inference at residual1.add1.body.batchnorm1, float32
13.8 K MACs, 440 parameters, 1.7 KiB

~ the last row and column are never read: residual2.add1.shortcut.conv1.0
"""

FOLDED_AT_60 = """\
Two residual blocks
One that fits and one that halves.

layer          kind                output  parameters   MACs
  input                            8x8x3
  conv1        conv 4 × 1×1,       8x8x4           16    768
               frozen
  residual1    block residual
  ├add1        branches add of     8x8x4          152  9,216
  │            body, shortcut, 2
  │            layers
  └relu1       relu                8x8x4            0      0
  residual2    block residual
~ ├add1        branches add of     4x4x6          258  3,840
  │            body, shortcut, 3
  │            layers
  └relu1       relu                4x4x6            0      0
  global_      global_avgpool      6                0      0
  avgpool1
  fc1          fc 2                2               14     12

parameters      440  1,760 bytes (1.7 KiB) in float32
trainable       424  the other 16 are frozen
buffers          20  kept, not learned: 80 bytes in float32
MACs         13,836  one multiply-accumulate each; bias,
                     pooling, activations and normalisation
                     count none
peak memory   3,072  bytes (3.0 KiB) of activations in
                     inference at
                     residual1.add1.body.batchnorm1, float32
13.8 K MACs, 440 parameters, 1.7 KiB

~ the last row and column are never read:
residual2.add1.shortcut.conv1.0
"""


def test_a_small_network_as_a_pipe_gets_it():
    assert text(loads(RESIDUAL), "macs") == WHOLE


def test_the_same_folded_on_a_narrow_terminal():
    assert text(loads(RESIDUAL), "macs", depth=2, width=60) == FOLDED_AT_60


def added_up(said, columns):
    """The sums of the last columns of a table's rows, and the totals printed below it."""
    rows, _, rest = said.partition("\n\nparameters ")
    pattern = re.compile(r"  " + r" +".join([r"([\d,]+)"] * columns) + "$")
    found = [match.groups() for line in rows.splitlines() if (match := pattern.search(line))]
    sums = [sum(int(row[i].replace(",", "")) for row in found) for i in range(columns)]
    totals = {}
    for line in ("parameters " + rest).split("\n\n")[0].splitlines():
        match = re.match(r"(parameters|trainable|buffers|MACs) +([\d,]+)", line)
        if match:
            totals[match[1]] = int(match[2].replace(",", ""))
    return sums, totals


def test_the_golden_tables_add_up():
    for said in (WHOLE, FOLDED_AT_60):
        sums, totals = added_up(said, 2)
        # By hand: 3·4 + 4; 4·4·9 + 8; 4·6·9 + 12 + 4·6 + 6; 6·2 + 2.
        assert totals["parameters"] == 16 + 152 + 258 + 14
        assert totals["MACs"] == 64 * 12 + 64 * 144 + 16 * 216 + 16 * 24 + 12
        assert sums == [totals["parameters"], totals["MACs"]]


@pytest.mark.parametrize("depth", [None, 1, 2, 3])
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_rows_of_every_network_add_up_however_they_are_folded(path, depth):
    network = cnncalc.load(path)
    sums, totals = added_up(text(network, "trainable", "weights", "biases", "buffers", "macs", depth=depth), 6)
    assert totals["parameters"] == network.parameters
    assert sums == [
        network.parameters,
        totals.get("trainable", network.parameters),
        network.parameters - sum(node.biases for node in network.layers),
        sum(node.biases for node in network.layers),
        totals.get("buffers", 0),
        totals["MACs"],
    ]


def test_shares_add_up_and_macs_per_parameter_are_those_of_the_row():
    said = text(loads("input: 8x8x3\nlayers: [{conv: 3, kernel_size: 1}, {fc: 2}, relu]"), "share", "macs_per_parameter")
    # By hand: 12 and 192·2 + 2 parameters, 64·9 and 384 MACs.
    rows = {line.split()[0]: line for line in said.splitlines() if line}
    assert rows["conv1"].split()[-3:] == ["12", "3.0%", "48.0"]
    assert rows["fc1"].split()[-3:] == ["386", "97.0%", "1.0"]
    assert rows["relu1"].split()[-2:] == ["0", "0%"]


def test_a_misfit_is_marked_in_its_row():
    said = text(loads("input: 8x8x3\nlayers: [relu, {maxpool: 3}, {maxpool: 2}]"))
    assert "✗ maxpool1" in said
    assert "✗ maxpool2" not in said
    assert "✗ relu1" not in said


def test_every_copy_of_a_misfit_is_marked_and_its_folded_block_too():
    network = loads(
        "input: 9x9x3\nblocks: {b: {layers: [{maxpool: 2, stride: 1}, {maxpool: 2}]}}\nlayers: [{block: b, repeat: 2}]"
    )
    # 9 → 8 → 4 fits, 4 → 3 → 1.5 does not.
    said = text(network)
    assert said.count("✗") == 1
    assert "✗ └ maxpool2" in said
    folded = text(network, depth=1)
    assert "✗ b1.1 " in folded
    assert "  b1.0 " in folded


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{relu: , from: nowhere}", "✗ relu1  relu from nowhere  ?"),
        ("{conf: 3}", "✗ conf1  conf  ?"),
        ("{conv: 3, kernel_size: 9}", "✗ conv1  conv 3 × 9×9  ?"),
        ("{conv: 3, kernel_size: 0}", "✗ conv1  conv  ?"),
        ("{conv: 3, kernel_size: 1, expect: 4x4x4}", "✗ conv1  conv 3 × 1×1  8x8x3"),
    ],
)
def test_a_row_with_another_error_is_marked(row, said):
    assert said in text(loads(f"input: 8x8x3\nlayers: [{row}]"))


def test_what_could_not_be_worked_out_is_said():
    said = text(loads("input: 8x8x3\nlayers: [relu, {conf: 3}, relu]"), "macs")
    assert "? 2 layers could not be computed, and the totals leave them out" in said
    assert re.search(r"relu2 +relu +\? +\? +\?\n", said)


def test_an_output_that_is_certain_is_said_beside_counts_that_are_not_known():
    said = text(loads("input: 8x8x3\nlayers: [{conf: 3}, {fc: 5}, {fc: 6}]"), "macs")
    assert re.search(r"fc1 +fc 5 +5 +\? +\?\n", said)
    assert re.search(r"fc2 +fc 6 +6 +36 +30\n", said)
    assert "? 2 layers could not be computed, and the totals leave them out" in said


@pytest.mark.parametrize("top", ["fit: floor", "ignore: [stride-fit]"])
def test_cells_that_no_window_reads_are_a_footnote(top):
    said = text(loads(f"input: 9x8x3\n{top}\nlayers: [{{maxpool: 4}}, relu, {{maxpool: 2}}]"))
    assert "~ maxpool1" in said
    assert "~ the last row is never read: maxpool1\n" in said
    assert "✗" not in said


def test_cells_of_the_padding_are_no_footnote():
    # (224 − 7 + 2·3)/2 + 1 = 112.5 leaves zeros of the padding alone.
    assert "~" not in text(loads("input: 224x224x3\nfit: floor\nlayers: [{conv: 1, kernel_size: 7, stride: 2, padding: 3}]"))


def test_with_ceil_everything_is_read():
    assert "~" not in text(loads("input: 9x9x3\nfit: ceil\nlayers: [{maxpool: 2}]"))


def test_where_a_row_reads_from_is_said_when_it_is_not_the_row_above():
    network = loads(
        "input: {a: 4x4x3, b: 4x4x3}\n"
        "blocks: {deep: {layers: [relu, {add: [relu1, tanh1]}, {gelu: , from: relu1}, {silu: , from: input}]}}\n"
        "layers: [{relu: , from: a}, {tanh: , from: b}, {block: deep}, {elu: , from: deep1.add1}]\n"
    )
    said = squeezed(text(network))
    assert "relu1 relu from a" in said
    assert "tanh1 tanh from b" in said
    assert "├ relu1 relu 4x4x3" in said
    assert "├ add1 add relu1, tanh1 outside" in said
    assert "├ gelu1 gelu from relu1 " in said
    assert "└ silu1 silu from tanh1 outside" in said
    assert "elu1 elu from deep1.add1" in said


def test_shared_and_frozen_weights_are_said():
    said = text(loads("input: 4x4x3\nlayers: [{fc: 3, trainable: false}, {fc: 3}, {fc: 3, share: fc2}]"))
    assert "fc 3, frozen" in said
    assert "fc 3, weights of fc2" in said


def test_an_empty_branch_is_the_input_itself():
    said = squeezed(text(loads("input: 4x4x3\nlayers: [{branches: {a: [relu], b: []}, merge: concat}]")))
    assert "└ b branch no layers: the input itself 4x4x3\n" in said
    assert "branches concat of a, b" in said


def test_rows_keep_their_order_where_one_stands_twice_by_an_alias():
    said = text(
        loads("input: 4x4x3\nblocks: {b: {layers: [tanh]}, none: {layers: []}}\nlayers: [&a {block: b}, relu, {block: none}, *a]")
    )
    names = re.findall(r"^(?:[├└│ ] )*(\w+) ", said, re.MULTILINE)
    assert names[names.index("input") :][:7] == ["input", "b1", "tanh1", "relu1", "none1", "b2", "tanh1"]


def test_shapes_are_written_in_the_layout_asked_for():
    source = "input: 4x6x3\nlayers: [{reshape: 2x12x3}, {permute: [width, height, channels]}]"
    assert "reshape 2x12x3" in text(loads(source))
    first = text(loads(source, layout="channels_first"), "input")
    assert "reshape1  reshape 3x2x12" in first
    assert "3x4x6   3x2x12" in first
    assert "permute channels×width×height" in first


def test_tokens():
    said = squeezed(text(loads("input: {tokens: 5, vocabulary: 12000}\nlayers: [{embedding: 3}]"), "input"))
    assert "input vocabulary 12,000 5 tokens" in said
    assert "embedding1 embedding 3 5 tokens 5x3 36,000" in said


def test_a_narrow_table_keeps_every_number_and_leaves_out_columns_by_name():
    network = cnncalc.load(ROOT / "specs" / "vqa.yaml")
    said = text(network, "all", width=60)
    assert max(map(cells_of, said.splitlines())) <= 60
    assert "134,260,544" in text(network, depth=1, width=60)
    missing = re.search(r"no room for (.*?):", said.replace("\n", " "))
    assert missing is not None
    assert missing[1].split(", ")[-6:] == ["macs_per_parameter", "activation", "memory", "live", "kept", "receptive_field"]


def test_too_narrow_for_the_numbers_themselves_is_no_fault():
    said = text(cnncalc.load(ROOT / "specs" / "alexnet.yaml"), "all", width=10)
    assert "60,965,224" in said


def test_the_tree():
    assert branch((True, False, True)) == "│   ├ "
    assert branch((True, False, False), 1) == "│ └"
    assert branch(()) == ""


def test_cells_of_wide_and_combining_characters():
    assert [cells_of(t) for t in ("abc", "×", "卷积", "e\u0301", "😀", "")] == [3, 1, 4, 1, 2, 0]


@pytest.mark.parametrize("width", range(12))
def test_shortening_never_takes_more_room(width):
    for said in ("depthwise_conv12", "卷积卷积卷积", "a"):
        assert cells_of(shortened(said, width)) <= max(width, 0)
        assert cells_of(cut(said, width)) <= width


def test_wrapping_keeps_every_word():
    said = "one multiply-accumulate each; bias count none"
    assert " ".join(wrapped(said, 20)) == said
    assert wrapped(said, None) == [said]
    assert max(map(len, wrapped(said, 20))) <= 20


def test_several_lines_of_text_become_one():
    assert text(loads("name: 'a\n\n  b'\ninput: 4\nlayers: [relu]")).startswith("a b\n")


@pytest.mark.parametrize("width", [36, 40, 50])
def test_a_deep_tree_on_a_very_narrow_terminal(width):
    rows = table(cnncalc.load(ROOT / "specs" / "efficientnet_b0.yaml"), choose(), width=width)
    body = [row for row in rows if any(role in ("layer", "group") for _, role in row)]
    assert max(cells_of("".join(part for part, _ in row)) for row in body) <= max(width, 44)


def test_as_many_faults_as_rows_are_marked_in_no_time():
    rows = "".join(f"  - {{relu: , from: nowhere{i}}}\n" for i in range(5000))
    network = loads(f"input: 4x4x3\nlayers:\n{rows}")
    assert text(network).count("✗") == 5000


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("28x28", "input 28x28 is read as length × channels; for an image of one channel write 28x28x1"),
        (
            "3x32x32",
            "input 3x32x32 is read as height × width × channels; for 3 channels write 32x32x3, or layout: channels_first",
        ),
        ("1x28x28", "input 1x28x28 is read as height × width × channels; for 1 channel write 28x28x1, or layout: channels_first"),
    ],
)
def test_an_input_that_was_probably_meant_otherwise(shape, said):
    assert text(loads(f"input: {shape}\nlayers: [relu]\n")).splitlines()[-1] == said


@pytest.mark.parametrize("shape", ["28x27", "1x1", "32x32x3", "3x32x16", "32x32x32", "100", "{tokens: 3, vocabulary: 3}"])
def test_an_input_that_is_surely_meant_as_it_stands(shape):
    layer = "{embedding: 2}" if "tokens" in shape else "relu"
    assert "is read as" not in text(loads(f"input: {shape}\nlayers: [{layer}]\n"))


def test_columns_that_want_a_word_have_one_below():
    said = text(loads(RESIDUAL), "share", "receptive_field")
    assert "\nshare: part of all parameters\nreceptive field: input cells that a cell depends on, /step\n" in said


def test_the_input_of_a_block_is_what_its_row_reads():
    net = loads(
        "input: 8x8x3\nblocks: {b: {layers: [relu]}}\nlayers:\n  - {conv: 4, kernel_size: 3}\n"
        "  - {branches: {x: [{conv: 3, kernel_size: 1}], y: []}, merge: add, from: input}\n  - {block: b, from: conv1}\n"
    )
    said = squeezed(text(net, "input", depth=1))
    assert "add1 branches add of x, y, 1 layer 8x8x3 8x8x3 12" in said
    assert "b1 block b, 1 layer 6x6x4 6x6x4 0" in said


def test_a_window_over_a_vector_is_said_all_the_same():
    net = loads("input: 32\nlayers: [{conv: 10, kernel_size: 5}, {maxpool: 2}]\n")
    said = squeezed(text(net))
    assert "conv 10 × 5×5 ? ?" in said
    assert "maxpool 2×2 ? ?" in said
