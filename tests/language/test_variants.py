"""Variants of one text share its rows and layers: each must be what the text gives when it is read alone."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from cnncalc import loads
from cnncalc.build.changes import BudgetExceeded
from cnncalc.build.reading import Source
from cnncalc.language import replay
from cnncalc.language.overrides import Options
from cnncalc.language.replay import variant
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
            found = told(of(source, Options(None, given).changes()))
        except SpecError as error:
            found = [(p.rule, p.location, p.layer, p.message) for p in error.problems]
        assert found == alone(given), given


def test_rows_are_read_once() -> None:
    source = Source(None, text=TEXT)
    of(source)
    rows = source.parsed.rows("channels_last")
    assert rows is not None
    of(source, Options(None, ["n=3"]).changes())
    assert source.parsed.rows("channels_last") is rows
    # The name of the first row cannot be computed: its row is marked, and read again for the next variant.
    of(source, Options(None, ["name=a b"]).changes())
    assert source.parsed.rows("channels_last") is None


def test_a_variant_over_the_budget_leaves_no_fault_behind() -> None:
    source = Source(None, text=TEXT)
    over = Options(None, ["name=a b"]).changes()._replace(limits=(("parameters", 1),))
    with pytest.raises(BudgetExceeded, match="parameters"):
        of(source, over)
    assert told(of(source)) == alone([])


def test_the_layers_that_variants_share_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.build.cache._MANY", 100)
    source = Source(None, text=TEXT)
    most = 0
    for n in range(1, 60):
        of(source, Options(None, [f"n={n}"]).changes())
        most = max(most, len(source.cache.infer))
    # A variant of 1 + 2·59 + 1 layers may come on top.
    assert 100 < most < 100 + 121


DEEP = """\
input: 33x33x4
vars: {n: 2, w: 8, m: 1, mode: add, nm: a, which: blk, f: floor, tr: true}
blocks:
  blk:
    parameters: {c: , k: 3, e: "${c * 2}"}
    layers:
      - {conv: "${e}", kernel_size: "${k}", padding: "${k // 2}", trainable: "${tr}"}
      - {conv: "${c + i}", kernel_size: 1, repeat: "${m}"}
      - {conv: "${c}", kernel_size: 1}
  other:
    parameters: {c: }
    layers: [{conv: "${c}", kernel_size: 3, padding: 1}, batchnorm]
  res:
    parameters: {c: }
    layers:
      - branches: {a: [{block: "${which}", c: "${in_channels}"}], b: []}
        merge: "${mode}"
      - relu
layers:
  - {conv: "${w}", kernel_size: 3, name: "${nm}", padding: 1}
  - {block: res, c: "${w}", repeat: "${n}", name: body}
  - {conv: "${w}", kernel_size: 2, stride: 2, fit: "${f}"}
  - {conv: "${w // 3 * 3}", kernel_size: 3, from: "${nm}", name: side, stride: 2, fit: floor, padding: 1}
  - global_avgpool
  - {fc: "${10 + in_channels}", expect: 18}
outputs: [conv2, fc1]
"""
CHOICES = {
    "n": "0123", "w": ("4", "8", "12", "x"), "m": "012", "mode": ("add", "concat", "multiply", "sum"),
    "nm": ("a", "b", "relu1", "a b"), "which": ("blk", "other", "none"), "f": ("floor", "ceil", "exact"), "tr": ("true", "false", "no"),
}  # fmt: skip


def figures(network: Network) -> tuple[object, ...]:
    shapes = [(node.name, node.kind, node.shape, [source.name for source in node.inputs]) for node in network.layers]
    return shapes, network.totals, [source.name for source in network.outputs], network.memory.peak, network.expect_skipped


def test_replayed_variants_are_those_of_a_full_reading(monkeypatch):
    monkeypatch.setattr(replay, "_PATIENCE", 1000)
    draw = random.Random(1)
    source = Source("net.yaml", text=DEEP)
    of(source)
    replayed = 0
    for _ in range(200):
        # The last values are wrong for some names; most variants are networks.
        wrong = draw.choice([*CHOICES, *[""] * 30])
        values = [f"{name}={some[-1] if name == wrong else draw.choice(some[:-1])}" for name, some in CHOICES.items()]
        changed = Options(set=values, fit=draw.choice([None, "floor"]), input=draw.choice([None, "35x35x4", "9x9x8"])).changes()
        found = variant(source, changed)
        alone = of(Source("net.yaml", text=DEEP), changed)
        if alone.problems:
            assert found is None
        elif found is not None:
            assert figures(Network(found)) == figures(alone)
            replayed += 1
    assert replayed > 100


def test_a_structure_is_recorded_once(monkeypatch):
    recorded = []
    run = replay._Recording.run
    monkeypatch.setattr(replay._Recording, "run", lambda self: recorded.append(1) or run(self))
    source = Source("net.yaml", text=DEEP)
    of(source)
    for width in range(4, 40):
        for depth in "12":
            assert variant(source, Options(set=[f"w={width}", f"n={depth}"]).changes()) is not None
    assert len(recorded) == 2


@pytest.mark.parametrize("limit", [1, 500, 2000, 3000, 10**6])
def test_a_limit_ends_a_replayed_variant_where_it_ends_a_reading(limit):
    source = Source("net.yaml", text=DEEP)
    of(source)
    for values in (["w=8"], ["w=12"], ["w=8"], ["w=4", "n=1"], ["w=8", "n=1"]):
        changed = Options(set=values).changes()._replace(limits=(("parameters", limit), ("macs", 10**7)))
        found, alone = end(lambda: variant(source, changed)), end(lambda: of(Source("net.yaml", text=DEEP), changed))  # noqa: B023 - called here
        assert found == alone


def end(read: Callable[[], object]) -> str:
    """Return the figure whose limit ended a reading; empty if none did."""
    try:
        assert read() is not None
    except BudgetExceeded as stop:
        return stop.figure
    return ""


def test_a_text_whose_variants_cannot_be_replayed_is_given_up():
    text = "input: 8x8x4\nvars: {w: 4}\nlayers: [{conv: 4, kernel_size: 1, name: a}, {conv: '${w}', kernel_size: 1, share: a}]\n"
    source = Source("net.yaml", text=text)
    of(source)
    assert all(variant(source, Options(set="w=4").changes()) is None for _ in range(60))
    assert source.parsed.replays.useless == 51


@pytest.mark.parametrize(
    "fields", [["fc1.fc"], ["*.k", "w"], ["body.add1.a.blk1.e", "fc1.fc"], ["*.bias"], ["body.0.add1.a.blk1.conv2.conv", "m"]]
)
def test_changed_fields_are_replayed(fields):
    text = DEEP.replace("${which}", "blk")
    source = Source("net.yaml", text=text)
    of(source)
    replayed = 0
    for value in ("1", "3", "5", "7", "true", "false"):
        changed = Options(set=[f"{name}={value}" for name in fields]).changes()
        try:
            alone = of(Source("net.yaml", text=text), changed)
        except SpecError:
            assert variant(source, changed) is None
            continue
        found = variant(source, changed)
        assert (found is None) == bool(alone.problems)
        if found is not None:
            assert figures(Network(found)) == figures(alone)
            replayed += 1
    assert replayed > 1


def test_a_field_that_no_layer_has_is_read_in_full():
    source = Source("net.yaml", text=DEEP)
    assert variant(source, Options(set="w=4").changes()) is None
    of(source)
    assert variant(source, Options(set="fc9.fc=4").changes()) is None
    assert variant(source, Options(set=["w=4", "fc9.fc=4"]).changes()) is None
    assert variant(source, Options().changes()) is None
