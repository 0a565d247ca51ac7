"""CSV: a row per layer, raw numbers."""

import csv
import io

import cnncalc
from cnncalc.report.network.columns import NAMES, choose
from cnncalc.report.network.formats.csv import text
from tests.cli.command import ROOT


def rows(*networks, columns=("all",), with_file=False):
    return list(csv.DictReader(io.StringIO(text(networks, choose(columns), with_file=with_file))))


def test_a_row_for_every_layer_with_every_column():
    network = cnncalc.load(ROOT / "specs" / "googlenet.yaml")
    found = rows(network)
    assert [row["name"] for row in found] == [node.name for node in network.layers]
    assert tuple(found[0]) == NAMES
    assert sum(int(row["parameters"]) for row in found) == 6_624_904
    assert sum(int(row["macs"]) for row in found) == 1_498_376_192
    assert sum(int(row["weights"]) + int(row["biases"]) for row in found) == 6_624_904
    assert abs(sum(float(row["share"]) for row in found) - 1) < 1e-6


def test_by_default_what_a_table_shows():
    (row,) = rows(cnncalc.loads("input: 32x32x3\nlayers: [{conv: 10, kernel_size: 5, padding: 2}]"), columns=())
    assert row == {"name": "conv1", "kind": "conv", "fields": "10 × 5×5, pad 2", "output": "32x32x10", "parameters": "760"}


def test_what_is_not_known_is_empty():
    (row,) = rows(cnncalc.loads("input: 8x8x3\nlayers: [{conf: 3}]"))
    assert (row["output"], row["parameters"], row["macs"], row["share"]) == ("", "", "", "")
    (row,) = rows(cnncalc.loads("input: 8x8x3\nlayers: [relu]"))
    assert (row["parameters"], row["share"], row["macs_per_parameter"]) == ("0", "0", "")


def test_names_of_files_are_quoted_where_they_must_be():
    network = cnncalc.loads("input: 4\nlayers: [relu]", file='a "b", c\n.yaml')
    (row,) = rows(network, columns=(), with_file=True)
    assert row["file"] == 'a "b", c\\n.yaml'
