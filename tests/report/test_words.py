"""Totals and counts in words."""

import cnncalc
from cnncalc.analysis.comparison import compare
from cnncalc.report import differences, words

#: C1 has (3·3·3 + 1)·8 = 224 parameters; the second row has a key that no kind has, so that it cannot be computed.
UNKNOWN = "input: 8x8x3\nlayers: [{name: c1, conv: 8, kernel_size: 3}, {conv: 4, kernal: 3}, relu]\n"
KNOWN = "input: 8x8x3\nlayers: [{name: c1, conv: 8, kernel_size: 3}, relu]\n"


def test_totals_that_leave_out_layers_are_lower_bounds():
    network = cnncalc.loads(UNKNOWN)
    assert words.total(network, "parameters") == "≥224"
    # 6·6 cells of 8 filters with 27 weights.
    assert words.total(network, "macs") == "≥7,776"
    assert words.total(cnncalc.loads(KNOWN), "parameters") == "224"


def test_unknown_macs_of_a_custom_layer_leave_the_parameters_known():
    network = cnncalc.loads("input: 8x8x3\nlayers: [{custom: warp, output: same, parameters: 5}]\n")
    assert words.total(network, "parameters") == "5"
    assert words.total(network, "macs") == "≥0"


def test_layers_that_could_not_be_computed_have_unknown_parameters():
    c1, second, _ = cnncalc.loads(UNKNOWN).layers
    assert words.parameters([c1]) == "224 parameters"
    assert words.parameters([c1, second]) == "? parameters"


def test_the_difference_of_totals_is_unknown_if_one_leaves_out_layers():
    rows = differences.totals_table(compare(cnncalc.loads(KNOWN), cnncalc.loads(UNKNOWN)))
    assert rows[0] == ["parameters", "224", "≥224", "?"]


def test_branches_whose_merge_is_unknown_are_named_once():
    network = cnncalc.loads("input: 8x8x3\nlayers: [{branches: {a: [relu], b: []}, merge: sum}]\n")
    assert words.summary(network.layers[-1], "channels_last") == "of a, b"
