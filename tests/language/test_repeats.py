"""Copies that are made from an earlier copy equal those that are expanded row by row."""

import pytest

import cnncalc
from cnncalc.build.changes import Changes
from cnncalc.language import expand, repeats

DENSE = """\
input: 32x32x3
vars: {growth: 4}
blocks:
  inner: {parameters: {out: }, layers: [batchnorm, {conv: "${out}", kernel_size: 3, padding: 1}, relu]}
  dense:
    layers:
      - concat: [first, layer.*]
      - {block: inner, out: "${growth}"}
layers:
  - {conv: 8, kernel_size: 3, padding: 1, name: first}
  - {block: dense, name: layer, repeat: 5}
  - concat: [first, layer.*]
"""
RESIDUAL = """\
input: 9x9x4
blocks:
  unit:
    layers:
      - branches:
          long:
            - {conv: 4, kernel_size: 3, padding: 1, name: c}
            - relu
          short: []
        merge: add
      - {identity: , from: add1.long.c}
      - add: add1
layers:
  - {block: unit, name: u, repeat: 4}
  - {conv: 4, kernel_size: 3, padding: 1, share: u.2.add1.long.c}
  - add: [u.1.add1, u.3.add1.long, u.0]
"""
SEVERAL = {
    "joins of earlier copies": DENSE,
    "branches": RESIDUAL,
    "a row that the window outgrows": RESIDUAL.replace("padding: 1, name: c}", "padding: 1, name: c}\n            - maxpool: 2"),
    "a map that shrinks to nothing": """\
input: 40x40x3
blocks: {b: {layers: [{conv: 3, kernel_size: 3, stride: 2}, relu]}}
layers: [{block: b, repeat: 6, name: x}, {fc: 3}]
""",
    "the number of the copy": """\
input: 8x8x3
blocks: {b: {parameters: {n: }, layers: [{conv: "${n}", kernel_size: 1}]}}
layers: [{block: b, repeat: 4, n: "${2 * i + 1}"}]
""",
    "channels": """\
input: 8x8x3
blocks:
  c: {parameters: {n: }, layers: [{conv: "${n}", kernel_size: 1}]}
  b: {layers: [{block: c, n: "${in_channels * 2}"}]}
layers: [{block: b, repeat: 4}]
""",
    "an expectation": """\
input: 16x16x3
blocks: {b: {layers: [{maxpool: 2, expect: 8x8x3}]}}
layers: [{block: b, repeat: 3}]
""",
    "shared weights": """\
input: 8x8x3
blocks: {b: {layers: [{conv: 3, kernel_size: 1}, relu]}}
layers: [{block: b, repeat: 3, name: x}, {block: b, repeat: 3, share: x.1}]
""",
    "a name found outside, later inside": """\
input: 8x8x3
blocks: {b: {layers: [{add: s}, {relu: , name: s}]}}
layers: [{relu: , name: s}, {block: b, repeat: 4}]
""",
    "a name inside and one outside": """\
input: 8x8x3
blocks: {b: {layers: [{relu: , name: t}, {add: [s, t]}]}}
layers: [{relu: , name: s}, {block: b, repeat: 4}]
""",
    "frozen, and rounded down": """\
input: 33x33x3
blocks: {b: {layers: [{conv: 3, kernel_size: 2, stride: 2, name: k}, {parameter: 1x1x1, name: p}, {add: [k, p]}]}}
layers: [{block: b, repeat: 3, trainable: false, fit: floor}, {block: b, repeat: 2, from: input, fit: ceil}]
""",
}


@pytest.mark.parametrize("text", SEVERAL.values(), ids=SEVERAL)
def test_copies_equal_those_that_are_expanded(text, monkeypatch):
    made = _described(text)
    monkeypatch.setattr(repeats.Repeater, "model", None)
    assert made == _described(text)


def test_copies_of_a_dense_block_are_made_from_the_second(monkeypatch):
    expanded = []
    whole = expand.Expander._copy
    monkeypatch.setattr(expand.Expander, "_copy", lambda *a: (expanded.append(a[3]), whole(*a)))
    cnncalc.loads(DENSE)
    assert [k for k in expanded if k is not None] == [0]


def test_names_in_copies_are_found():
    network = cnncalc.loads(RESIDUAL)
    assert not network.problems
    last = network.layers[-1]
    assert [one.name for one in last.inputs] == ["u.1.add1", "u.3.add1.long.relu1", "u.0.add2"]
    assert network["conv1"].shared.name == "u.2.add1.long.c"


def test_changed_networks_are_expanded_as_well(monkeypatch):
    network = cnncalc.loads(DENSE, set={"growth": 2})
    assert network["concat1"].shape == (32, 32, 8 + 5 * 2)


def _described(text):
    """All that a reading has: layers, groups and problems."""
    from cnncalc.build.reading import Source
    from cnncalc.language.read import read

    reading = read(Source(None, text=text), Changes())
    graph = reading.graph
    number = {id(one): i for i, one in enumerate((*graph.inputs, *graph.nodes, None))}
    groups = {id(group): i for i, group in enumerate((*graph.groups, None))}
    layers = [
        (n.name, n.kind, n.shape, n.parameters, n.trainable, n.fits, n.fit, n.named, n.location, groups[id(n.group)],
         groups[id(n.merges)], number[id(n.shared)], [number[id(one)] for one in n.inputs])
        for n in graph.nodes
    ]  # fmt: skip
    found = [
        (g.name, g.kind, g.title, g.location, groups[id(g.parent)], g.start, g.end, number[id(g.reads)], number[id(g.result)],
         g.named, g.labels, number[id(g.merge)])
        for g in graph.groups
    ]  # fmt: skip
    return layers, found, reading.problems, [number[id(one)] for one in graph.outputs]
