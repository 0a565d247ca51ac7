"""Rows → layers: which names the file says, and which are a kind and a running number."""

import pytest

import cnncalc

ROWS = """\
input: 8x8x4
blocks:
  pair:
    layers:
      - {conv: 4, kernel_size: 1, name: mix}
      - relu
layers:
  - {conv: 4, kernel_size: 1, name: stem}
  - {conv: 4, kernel_size: 1, repeat: 2}
  - {block: pair, name: body, repeat: 2}
  - {block: pair}
  - branches: {left: [relu], right: [{block: pair, name: inner}]}
    merge: add
    name: join
  - {branches: {a: [], b: []}, merge: add}
"""


def test_names_that_the_file_says_are_known_from_automatic_ones():
    graph = cnncalc.loads(ROWS).graph
    assert [node.name for node in graph.nodes if node.named] == [
        "stem",
        "body.0.mix",
        "body.1.mix",
        "pair2.mix",
        "join.right.inner.mix",
        "join",
    ]
    assert [group.name for group in graph.groups if group.named] == [
        "body.0",
        "body.1",
        "join",
        "join.left",
        "join.right",
        "join.right.inner",
        "add2.a",
        "add2.b",
    ]
    # Rows with a name count as well: the second convolution is conv2. An automatic name inside a block stays one, whatever stands around it.
    assert [node.name for node in graph.nodes if not node.named] == [
        "conv2.0",
        "conv2.1",
        "body.0.relu1",
        "body.1.relu1",
        "pair2.relu1",
        "join.left.relu1",
        "join.right.inner.relu1",
        "add2",
    ]


def test_a_cycle_of_more_blocks_than_may_be_nested_is_one_problem():
    """A cycle of any length is an error of a network that can be looked at: the rows around it are checked."""
    blocks = "".join(f"  b{i}: {{layers: [{{block: b{(i + 1) % 150}}}]}}\n" for i in range(150))
    net = cnncalc.loads(f"input: 8x8x3\nblocks:\n{blocks}layers: [{{conv: 4, kernel_size: 9}}, {{block: b0}}]\n")
    assert [problem.rule for problem in net.problems] == ["cycle", "window"]
    assert "block b0 contains itself" in net.problems[0].message


def test_blocks_that_are_nested_too_deep_are_a_limit():
    blocks = "".join(f"  b{i}: {{layers: [{{block: b{i + 1}}}]}}\n" for i in range(150))
    with pytest.raises(cnncalc.SpecError, match="nested more than 100 levels deep") as caught:
        cnncalc.loads(f"input: 8x8x3\nblocks:\n{blocks}  b150: {{layers: [relu]}}\nlayers: [{{block: b0}}]\n")
    assert [problem.rule for problem in caught.value.problems] == ["limit"]
