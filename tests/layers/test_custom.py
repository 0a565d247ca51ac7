"""Layers that the language cannot say: declared shapes and counts, and what is unknown because of them."""

import json

import numpy as np
import pytest

import cnncalc
from cnncalc.analysis.memory import Memory
from cnncalc.forward.plan import CannotRun
from cnncalc.shape import Shape
from tests.cli.command import run

SAMPLER = """input: 8x8x3
layers:
  - {conv: 4, kernel_size: 3, padding: 1}
  - {custom: grid_sample, output: same, parameters: 30, buffers: 4, name: sampler}
  - relu
  - {conv: 5, kernel_size: 3, from: conv1, name: side}
outputs: [relu1, side]
"""
# 8·8 positions times 3·3·3·4 weights, and 6·6 positions times 3·3·4·5.
KNOWN_MACS = 64 * 108 + 36 * 180


def test_totals_count_what_is_declared():
    net = cnncalc.loads(SAMPLER)
    assert net.problems == []
    assert net["sampler"].shape == Shape(8, 8, 4)
    # (3·3·3 + 1)·4 + 30 + (3·3·4 + 1)·5
    assert (net.parameters, net.buffers, net.macs) == (112 + 30 + 185, 4, KNOWN_MACS)
    assert net["sampler"].macs is None
    assert not net.graph.complete
    assert [node.name for node in net.graph.uncounted] == ["sampler"]


def test_declared_macs_are_counted():
    net = cnncalc.loads("input: 8x8x3\nlayers:\n  - {custom: nms, output: 100x4, macs: 1e3}\n")
    assert (net.macs, net.graph.uncounted, net.graph.complete) == (1000, [], False)


def test_tokens_may_flow_into_it():
    net = cnncalc.loads("input: {tokens: 7, vocabulary: 9}\nlayers:\n  - {custom: bag_of_words, output: 9}\n")
    assert net.problems == []
    assert net["custom1"].shape == Shape(9)


def test_its_shape_is_certain_behind_a_fault():
    net = cnncalc.loads(
        "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 9}\n  - {custom: nms, output: 10}\n  - {reshape: 3x3}\n"
    )
    assert [problem.layer for problem in net.problems] == ["conv1", "reshape1"]


def test_expected_macs_cannot_be_compared():
    net = cnncalc.loads(SAMPLER + "expect: {macs: 5}\n")
    (problem,) = net.problems
    assert problem.rule == "expect"
    assert "those of sampler are unknown" in problem.message


def test_what_is_known_already_exceeds_a_budget():
    assert [p.rule for p in cnncalc.loads(SAMPLER + "budget: {macs: 10K}\n").problems] == ["budget"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{custom: nms}", "custom needs output"),
        ("{custom: , output: 10}", "custom needs a value, operator"),
        ("{custom: nms, output: twice}", "output cannot be read: a shape is written like 32x32x3, not twice"),
        ("{custom: nms, output: 10, macs: -1}", "macs must be at least 0, got -1"),
    ],
)
def test_faults(row, message):
    (problem,) = cnncalc.loads(f"input: 8x8x3\nlayers:\n  - {row}\n").problems
    assert message in problem.message


def test_forward_names_the_layer_without_a_forward_pass():
    net = cnncalc.loads(SAMPLER)
    with pytest.raises(CannotRun, match="relu1 depends on a layer that has no forward pass: sampler of kind custom"):
        net.forward(np.zeros((1, 3, 8, 8), np.float32))
    assert set(net.weights()) == {"conv1", "side"}


def test_forward_computes_an_output_that_does_not_depend_on_it():
    text = SAMPLER.replace("[relu1, side]", "[side]")
    found = cnncalc.loads(text).forward(np.zeros((1, 3, 8, 8), np.float32))
    assert found.shape == (1, 5, 6, 6)


def test_run_computes_the_rest_and_says_where_it_stopped(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(SAMPLER)
    result = run("run", str(path), "--format", "json")
    assert result.returncode == 0
    document = json.loads(result.stdout)
    assert [one["name"] for one in document["layers"]] == ["conv1", "side"]
    assert (document["stopped_at"], document["not_computed"]) == (["sampler"], 2)
    said = run("run", str(path)).stdout
    assert "no forward pass of sampler (grid_sample); layers not computed because they depend on it: 1" in said


def test_reports_say_that_macs_are_unknown(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(SAMPLER)
    document = json.loads(run("show", str(path), "--format", "json").stdout)
    assert document["layers"][1]["macs"] is None
    assert document["complete"] is False
    assert document["totals"]["macs"] == KNOWN_MACS
    said = run("show", str(path), "--columns", "macs").stdout
    assert f"≥{KNOWN_MACS:,}" in said
    assert "1 custom layer with declared shapes and counts: sampler" in said
    (row,) = [line for line in said.splitlines() if line.startswith("sampler ")]
    assert row.endswith("?")


def test_its_memory_is_that_of_a_layer_that_keeps_its_input():
    net = cnncalc.loads(
        "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 1}\n  - {custom: op, output: OUT}\n".replace("OUT", "same")
    )
    memory = Memory(net.graph)
    # The input's and the convolution's float32 numbers; then the custom layer writes over 8·8·4 numbers that it alone reads.
    assert memory.live == [4 * 64 * (3 + 4), 4 * 64 * 4]
    # For the backward pass the convolution keeps the network's input, which is in memory anyway, and the custom layer its own.
    assert memory.kept == [0, 4 * 64 * 4]
    other = Memory(cnncalc.loads("input: 8x8x3\nlayers:\n  - {custom: op, output: 8x8x3}\n").graph)
    assert other.live == [2 * 4 * 64 * 3]


def test_an_array_that_is_not_declared_is_no_weight():
    net = cnncalc.loads("input: 8\nlayers:\n  - {custom: op, output: 5, buffers: 4}\n  - {custom: op, output: 5}\n")
    assert [[(w.name, w.shape) for w in node.weights] for node in net.layers] == [[("buffers", (4,))], []]
