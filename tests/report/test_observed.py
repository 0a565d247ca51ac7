"""The table of `cnncalc run` on figures made up here, so that no cell depends on how long a layer takes."""

import pytest

import cnncalc
from cnncalc.forward.observe import Observation, Observations
from cnncalc.forward.spread import Spread
from cnncalc.report.observed import rows


def table(seconds, width):
    network = cnncalc.load("specs/resnet18.yaml")
    spread = Spread(0.125, 1.5, -12.25, 13.75, 0.5)
    layers = [
        Observation(node, (node.shape.channels, *node.shape.spatial), spread, [seconds])
        for node in network.layers
        if node.name.startswith("stage5.1.")
    ]
    observed = Observations(layers, [seconds * len(layers)])
    return ["".join(text for text, _ in row).rstrip() for row in rows(network, observed, layers, [], width)]


@pytest.mark.parametrize("seconds", [0.0000012, 0.0009999, 0.0123, 1.234, 123.456])
def test_a_narrow_terminal_leaves_out_columns_and_tells_layers_apart(seconds):
    lines = table(seconds, 80)
    assert max(map(len, lines)) <= 80
    assert lines[2].split() == ["layer", "kind", "computed", "mean", "std", "zeros", "time"]
    # Names are wrapped, not cut: their parts begin a line, and lines with a shape begin a name.
    names = []
    for line in lines[3 : lines.index("", 3)]:
        first, *others = line.split()
        if others:
            names.append(first)
        else:
            names[-1] += first
    branch = "stage5.1.add1.residual."
    kinds = ("conv_bn1.conv1", "conv_bn1.batchnorm1", "relu1", "conv_bn2.conv1", "conv_bn2.batchnorm1")
    assert names == [*(branch + kind for kind in kinds), "stage5.1.add1", "stage5.1.relu1"]
    assert lines[-1] == "no room for inferred, min, max, share: a wider terminal or a pipe shows more"


def test_a_wide_terminal_has_every_column():
    lines = table(0.0123, 200)
    assert lines[2].split() == ["layer", "kind", "inferred", "computed", "mean", "std", "min", "max", "zeros", "time", "share"]
    assert lines[3].split()[4:] == ["0.125", "1.500", "−12.250", "13.750", "50.0%", "12.3", "ms", "14.3%"]
