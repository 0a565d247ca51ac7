"""Variants of one text share its rows and layers: each must be what the text gives when it is read alone."""

from __future__ import annotations

import pytest

from cnncalc import loads
from cnncalc.build.changes import BudgetExceeded
from cnncalc.build.reading import Source
from cnncalc.language.overrides import changes
from cnncalc.network import Network, of
from cnncalc.problem import SpecError

TEXT = """\
input: 16x16x3
vars: {n: 2, k: 3, name: first, kind: one, order: channels_last}
layout: "${order}"
blocks:
  one: {parameters: {out: }, layers: [{conv: "${out}", kernel_size: "${k}"}, relu]}
  two: {parameters: {out: }, layers: [{conv: "${out // 2}", kernel_size: "${k}", name: "${name}"}]}
layers:
  - {conv: 8, kernel_size: "${k}", name: "${name}"}
  - {block: "${kind}", out: "${n}", repeat: "${n}"}
  - {conv: "${in_channels // n}", kernel_size: 1}
"""
# Good and bad variants alternate: a fault of one must not stay for the next.
VARIANTS = [
    [],
    ["n=0"],
    ["n=3"],
    ["n=x"],
    ["n=2"],
    ["k=20"],
    ["k=1"],
    ["kind=two"],
    ["kind=three"],
    ["kind=two", "name=a"],
    ["name=a b"],
    ["name=relu"],
    ["order=channels_first"],
    ["order=sideways"],
    ["first.stride=2"],
    ["first.stride=0"],
    ["nothing=1"],
    [],
]


def told(network: Network) -> object:
    nodes = [(node.name, node.kind, node.shape, node.parameters, node.macs, node.summary) for node in network.layers]
    return nodes, network.totals, [(p.rule, p.location, p.layer, p.message) for p in network.problems]


def alone(given: list[str]) -> object:
    try:
        return told(loads(TEXT, set=given))
    except SpecError as error:
        return [(p.rule, p.location, p.layer, p.message) for p in error.problems]


@pytest.mark.parametrize("order", [1, -1])
def test_a_variant_does_not_depend_on_those_before_it(order: int) -> None:
    source = Source(None, text=TEXT)
    for given in VARIANTS[::order]:
        try:
            found = told(of(source, changes(None, given)))
        except SpecError as error:
            found = [(p.rule, p.location, p.layer, p.message) for p in error.problems]
        assert found == alone(given), given


def test_rows_are_read_once() -> None:
    source = Source(None, text=TEXT)
    of(source)
    rows = source.parsed.rows("channels_last")
    assert rows is not None
    of(source, changes(None, ["n=3"]))
    assert source.parsed.rows("channels_last") is rows
    # The name of the first row cannot be computed: its row is marked, and read again for the next variant.
    of(source, changes(None, ["name=a b"]))
    assert source.parsed.rows("channels_last") is None


def test_a_variant_over_the_budget_leaves_no_fault_behind() -> None:
    source = Source(None, text=TEXT)
    over = changes(None, ["name=a b"])._replace(limits=(("parameters", 1),))
    with pytest.raises(BudgetExceeded):
        of(source, over)
    assert told(of(source)) == alone([])


def test_the_layers_that_variants_share_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.build.cache._MANY", 100)
    source = Source(None, text=TEXT)
    most = 0
    for n in range(1, 60):
        of(source, changes(None, [f"n={n}"]))
        most = max(most, len(source.cache.infer))
    # A variant of 1 + 2·59 + 1 layers may come on top.
    assert 100 < most < 100 + 121
