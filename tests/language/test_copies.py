"""Joins of all copies of a repeated row: dense blocks, C2f."""

from __future__ import annotations

import numpy as np
import pytest

import cnncalc

# Three bottlenecks after a split, and their results all joined, as in C2f (YOLOv8): 4 + 4 + 3·4 channels.
C2F = """
input: 6x5x8
layers:
  - {conv: 8, kernel_size: 1, name: cv1}
  - {slice: "0:4", name: a}
  - {slice: "4:8", name: b, from: cv1}
  - {conv: 4, kernel_size: 3, padding: 1, repeat: 3, name: m}
  - {concat: [a, b, m.*]}
  - {conv: 16, kernel_size: 1}
"""


def test_all_copies_are_joined_in_order() -> None:
    net = cnncalc.loads(C2F)
    assert net.problems == []
    assert [source.name for source in net["concat1"].inputs] == ["a", "b", "m.0", "m.1", "m.2"]
    assert net["concat1"].shape == cnncalc.Shape(6, 5, 20)
    # cv1 8·8 + 8, three times 4·(9·4 + 1), and 16·20 + 16.
    assert net.parameters == 72 + 3 * 148 + 336


def test_the_forward_pass_joins_all_copies() -> None:
    net = cnncalc.loads(C2F.replace("{conv: 16, kernel_size: 1}", "identity"))
    x = np.random.default_rng(0).standard_normal((2, 8, 6, 5)).astype(np.float32)
    weights = net.weights(3)
    whole = net.forward(x, weights)
    # The first two parts of the result are what cv1 gives: a 1×1 convolution is a matrix product at each position.
    w, b = weights["cv1"]["weight"][:, :, 0, 0], weights["cv1"]["bias"]
    cv1 = np.einsum("kc,nchw->nkhw", w, x) + b[:, None, None]
    assert whole.shape == (2, 20, 6, 5)
    np.testing.assert_allclose(whole[:, :8], cv1, rtol=1e-4, atol=1e-5)
    # The last part is what the network gives without the join.
    chain = cnncalc.loads(C2F.partition("  - {concat")[0])
    np.testing.assert_allclose(whole[:, 16:], chain.forward(x, weights), rtol=1e-4, atol=1e-5)


def test_copies_of_a_block_and_none_at_all() -> None:
    text = """
input: 6x5x4
blocks:
  unit: {layers: [{conv: 3, kernel_size: 3, padding: 1}, relu]}
layers:
  - {block: unit, repeat: %d, name: stage}
  - {concat: [input, stage.*], name: joined}
"""
    net = cnncalc.loads(text % 2)
    assert [source.name for source in net["joined"].inputs] == ["input", "stage.0.relu1", "stage.1.relu1"]
    assert net["joined"].shape == cnncalc.Shape(6, 5, 10)
    net = cnncalc.loads(text % 0)
    assert (net.problems, net["joined"].shape) == ([], cnncalc.Shape(6, 5, 4))


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("{concat: s.*}", "concat takes the copies of a repeated row in a list: [s.*]"),
        ("{concat: [once.*]}", "once.* stands for the copies of a row with repeat, and once has none"),
        ("{concat: [nope.*]}", "there is no row nope above"),
        ("{concat: [none.*]}", "joins nothing: the rows that it names stand 0 times"),
        ("{conv: 3, kernel_size: 1, from: s.*}", "s.* stands for several rows"),
        ("{concat: [s]}", "must be the name of a row to join with the one above, or a list of two or more names"),
    ],
)
def test_what_cannot_be_joined(row: str, part: str) -> None:
    rows = "{conv: 3, kernel_size: 1, repeat: 2, name: s}", "{relu: , name: once}", "{relu: , repeat: 0, name: none}", row
    net = cnncalc.loads("input: 4x4x3\nlayers:\n" + "".join(f"  - {one}\n" for one in rows))
    assert [part in problem.message for problem in net.problems] == [True], net.problems


def test_inside_the_repeated_row_its_copies_are_those_before() -> None:
    """A dense block: with the input's 3 channels and 2 from each copy, copy k reads 3 + 2·k."""
    text = (
        "input: 4x4x3\nblocks:\n  b: {layers: [{concat: [first, s.*]}, {conv: 2, kernel_size: 1}]}\n"
        "layers:\n  - {identity: , name: first}\n  - {block: b, repeat: 3, name: s}\n  - {concat: [first, s.*], expect: 4x4x9}\n"
    )
    net = cnncalc.loads(text)
    assert net.problems == []
    assert [net[f"s.{k}.concat1"].shape.channels for k in range(3)] == [3, 5, 7]
    assert [source.name for source in net["s.2.concat1"].inputs] == ["first", "s.0.conv1", "s.1.conv1"]
    # (3 + 1)·2 + (5 + 1)·2 + (7 + 1)·2
    assert net.parameters == 36


def test_a_repeated_join_reads_its_own_copies() -> None:
    net = cnncalc.loads("input: 4x4x3\nlayers:\n  - {concat: [input, c.*], repeat: 4, name: c}\n")
    # Each copy has as many channels as the input and all copies before it.
    assert [node.shape.channels for node in net.layers] == [3, 6, 12, 24]


def test_the_first_copy_has_none_before_it() -> None:
    text = "input: 4x4x3\nblocks:\n  b: {layers: [relu, {concat: [s.*]}]}\nlayers:\n  - {block: b, repeat: 2, name: s}\n"
    assert [p.message for p in cnncalc.loads(text).problems] == [
        "s.0.concat1 joins nothing: the rows that it names stand 0 times"
    ]
