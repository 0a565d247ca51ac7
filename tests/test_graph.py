"""Plain data of a network: counts of shared and frozen layers, unread cells, readers, and the tree of groups."""

from __future__ import annotations

import cnncalc
from cnncalc.graph import tree
from cnncalc.shape import Shape

SHARED = """input: 8x8x3
layers:
  - {conv: 3, kernel_size: 3, padding: 1, name: first}
  - {conv: 3, kernel_size: 3, padding: 1, name: second, share: first}
  - {conv: 3, kernel_size: 1, name: fixed, trainable: false}
"""


def test_shared_weights_count_once_and_frozen_ones_are_not_trainable():
    net = cnncalc.loads(SHARED)
    first, second, fixed = net.layers
    # 3·(3·9 + 1) = 84 for the first, 3·(3 + 1) = 12 for the frozen one.
    assert [(n.parameters, n.trainable, n.biases) for n in (first, second, fixed)] == [(84, 84, 3), (0, 0, 0), (12, 0, 3)]
    assert second.weights == first.weights
    assert net.graph.totals["parameters"] == 96
    assert net.graph.totals["trainable"] == 84


def test_weights_belong_to_the_first_layer_of_a_chain():
    net = cnncalc.loads(SHARED + "  - {conv: 3, kernel_size: 3, padding: 1, name: third, share: second}\n")
    assert net.layers[3].shared is net.layers[0]


def test_cells_that_no_window_reads_depend_on_rounding():
    text = "input: 7x8x1\nlayers:\n  - {maxpool: 2, fit: FIT}\n"
    # Windows of 2 side by side read 6 of 7 rows and all 8 columns; rounding up adds a window that reads the last row.
    assert cnncalc.loads(text.replace("FIT", "floor")).layers[0].unread == (1, 0)
    assert cnncalc.loads(text.replace("FIT", "ceil")).layers[0].unread == (0, 0)


def test_windows_of_a_layer_with_a_time_axis_slide_over_space():
    net = cnncalc.loads("input: 5x9x7x2\nlayers:\n  - {conv_lstm: 4, kernel_size: 3, stride: 2, return: sequence}\n")
    # (9 − 3)/2 + 1 = 4 and (7 − 3)/2 + 1 = 3 at each of 5 times.
    assert net.layers[0].shape == Shape(5, 4, 3, 4)
    assert [(axis, size, count) for axis, _, size, count in net.layers[0].slides] == [("height", 9, 4), ("width", 7, 3)]


def test_readers_are_in_order_and_results_that_nothing_reads_are_left_out():
    net = cnncalc.loads("input: 4\nlayers:\n  - {fc: 4, name: a}\n  - {relu: , name: b}\n  - {add: [a, b], name: c}\n")
    found = {source.name: [node.name for node in nodes] for source, nodes in net.graph.readers().items()}
    assert found == {"input": ["a"], "a": ["b", "c"], "b": ["c"]}


BLOCKS = """input: 4
blocks:
  inner: {layers: [relu]}
  outer: {layers: [{block: inner, name: deep}, sigmoid]}
  nothing: {layers: []}
layers:
  - {block: outer, name: top}
  - {block: nothing, name: last}
"""


def test_the_tree_has_groups_without_layers_and_groups_that_begin_together():
    def shown(twigs):
        return [(twig.name, shown(twig.children)) if twig.group else twig.name for twig in twigs]

    net = cnncalc.loads(BLOCKS)
    found = tree(net.graph)
    assert shown(found) == [("top", [("top.deep", ["top.deep.relu1"]), "top.sigmoid1"]), ("last", [])]
    assert [node.name for node in found[0].nodes()] == ["top.deep.relu1", "top.sigmoid1"]


def test_a_network_with_a_layer_that_cannot_be_computed_is_incomplete():
    text = "input: 4\nlayers:\n  - {custom: sort, output: same}\n"
    graph = cnncalc.loads(text).graph
    assert (graph.complete, [node.name for node in graph.uncounted]) == (False, ["custom1"])
    assert cnncalc.loads("input: 4\nlayers: [relu]\n").graph.complete
