"""Combinations that a budget rules out are not tried, and what is kept is what trying all of them keeps."""

from __future__ import annotations

import random

import pytest

from cnncalc.build.reading import Source
from cnncalc.network import of
from cnncalc.studies.grid import axis
from cnncalc.studies.prune import Pruner
from cnncalc.studies.rising import is_rising
from cnncalc.studies.sweep import Sweep, plan

HEAD = "input: 16x16x3\nvars: {w: 4, n: 2}\n"
BLOCK = """\
blocks:
  unit:
    parameters: {out: , more: "${2 * out}", stride: 1}
    layers:
      - {conv: "${out}", kernel_size: 3, padding: 1, stride: "${stride}"}
      - batchnorm
      - relu
      - {conv: "${more}", kernel_size: 1}
  residual: {layers: [{branches: {a: [{conv: "${in_channels}", kernel_size: 3, padding: 1}], b: []}, merge: add}]}
"""
RISING = [
    'layers: [{conv: "${w}", kernel_size: 3}, {fc: 10}]',
    'layers: [{conv: "${multiple_of(w * 8, 8)}", kernel_size: 3}, relu, {conv: "${max(8, w // 2 + in_channels)}", kernel_size: 1}]',
    BLOCK + 'layers: [{block: unit, out: "${w}", repeat: "${n}"}, {block: residual}, global_avgpool, {fc: 5}]',
    BLOCK + 'layers: [{block: unit, out: "${w + n}", more: "${w if n > 1 else 2 * w}"}, {fc: 3}]',
    'layers: [{depthwise_conv: "${w}", kernel_size: 1}, {linear: "${ceil(w ** 2 / 3)}"}, {concat: [input, linear1]}]',
]
NOT_RISING = [
    # Fewer channels, fewer copies, fewer windows, fewer weights.
    'layers: [{conv: "${20 - w}", kernel_size: 1}]',
    'layers: [{conv: "${64 // w}", kernel_size: 1}]',
    'layers: [{conv: "${w % 5}", kernel_size: 1}]',
    'layers: [{conv: "${w * (w - 5)}", kernel_size: 1}]',
    'layers: [{conv: "${8 if w > 5 else 16}", kernel_size: 1}]',
    'layers: [{conv: 8, kernel_size: 1, repeat: "${w}"}]',
    'layers: [{conv: 8, kernel_size: 3, stride: "${w}"}]',
    'layers: [{conv: 16, kernel_size: 1}, {conv: 16, kernel_size: 1, groups: "${w}"}]',
    'layers: [{conv: "${w}", kernel_size: 1}, {conv: "${64 - in_channels}", kernel_size: 1}]',
    'layers: [{conv: "${w}", kernel_size: 1}, {conv: 16, kernel_size: 1, groups: "${in_channels}"}]',
    'layers: [{conv: "${w}", kernel_size: 1}, {reduce: mean, axes: [channels]}]',
    'blocks: {b: {parameters: {k: }, layers: [{conv: "${9 - k}", kernel_size: 1}]}}\nlayers: [{block: b, k: "${w}"}]',
    'blocks: {b: {parameters: {k: 1, m: "${9 - k}"}, layers: [{conv: "${m}", kernel_size: 1}]}}\nlayers: [{block: b, k: "${w}"}]',
    'blocks: {b: {layers: [{conv: 3, kernel_size: "${w}"}]}}\nlayers: [{block: b}]',
    'layers: [{branches: {a: [{maxpool: "${w}"}]}, merge: concat}]',
    "x-a: 1\nfit: \"${'floor' if w > 3 else 'exact'}\"\nlayers: [{conv: \"${w}\", kernel_size: 1}]",
]


def rising(text: str) -> bool:
    source = Source(None, text=HEAD + text)
    network = of(source)
    rows = source.parsed.rows(network.reading.layout)
    assert rows is not None, network.problems
    return is_rising("w", rows, ["n"])


@pytest.mark.parametrize("text", RISING)
def test_figures_that_rise(text: str) -> None:
    assert rising(text)


@pytest.mark.parametrize("text", NOT_RISING)
def test_figures_that_may_fall(text: str) -> None:
    assert not rising(text)


def made(text: str, *axes: str, **limits: int) -> Sweep:
    return plan("net.yaml", [axis(one) for one in axes], text=text, limits=limits, keep_working=True, figures=["peak_memory"])


@pytest.mark.parametrize("text", RISING + NOT_RISING)
@pytest.mark.parametrize("order", ["w=1..9", "w=9,3,7,1,5,2,4,8,6", "w=0.5,2,3,x,5"])
def test_what_is_kept_is_what_trying_all_keeps(text: str, order: str) -> None:
    everything = [one for one in made(HEAD + text, order, "n=1,2,3").run() if not one.problems and one.usable]
    draw = random.Random(text + order)
    for figure in ("parameters", "macs", "peak_memory", "weights"):
        values = sorted(one.totals[figure] for one in everything) or [0]
        limit = draw.choice(values)
        sweep = made(HEAD + text, order, "n=1,2,3", **{figure: limit})
        kept = [one for one in sweep.run() if sweep.keeps(one)]
        assert [(one.values, one.totals) for one in kept] == [
            (one.values, one.totals) for one in everything if one.totals[figure] <= limit
        ]


def test_larger_networks_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """3·3·3·w + w + 10·(14·14·w + 1) parameters: 1988·w + 10, so that 4 is within 8,000 and 5 is not."""
    sweep = made(HEAD + RISING[0], "n=1,2", "w=1..100", parameters=8_000)
    tried = []

    def counted(self: object, values: tuple[str, ...]) -> object:
        tried.append(values)
        return original(self, values)

    original = type(sweep.recipe).try_out
    monkeypatch.setattr(type(sweep.recipe), "try_out", counted)
    found = list(sweep.run(processes=1))
    assert [one.values for one in found] == [(n, str(w)) for n in "12" for w in range(1, 101)]
    assert [one.values for one in found if sweep.keeps(one)] == [(n, w) for n in "12" for w in "1234"]
    # With n 2, no figure falls: 5 is over the budget there too.
    assert tried == [*(("1", w) for w in "12345"), *(("2", w) for w in "1234")]
    # Networks with problems are kept: one of them may lack the layers that exceed the budget, so each is tried.
    tried.clear()
    whole = plan("net.yaml", list(sweep.grid.axes), text=HEAD + RISING[0], limits={"parameters": 8_000})
    assert [one.values for one in whole.run(processes=1) if whole.keeps(one)] == [(n, w) for n in "12" for w in "1234"]
    assert len(tried) == 200


def test_processes_and_a_later_start_keep_the_same() -> None:
    sweep = made(HEAD + RISING[2], "n=1,2,3", "w=1..60", parameters=9_000)
    one = [trial for trial in sweep.run(processes=1) if sweep.keeps(trial)]
    assert one
    assert [trial for trial in sweep.run(processes=2) if sweep.keeps(trial)] == one
    values = [trial.values for trial in sweep.run(processes=1)]
    assert [trial.values for trial in sweep.run(start=77, processes=2)] == values[77:]


def test_memory_of_the_combinations_over_the_budget_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.studies.prune._MOST", 3)
    sweep = made(HEAD + RISING[0], "w=1..100", "n=1..9")
    pruner = Pruner(sweep.recipe, sweep.grid)
    assert pruner.useful
    for n in range(1, 8):
        pruner.learn(("5", str(n)), "macs")
    assert [pruner.over(("6", str(n))) for n in range(1, 8)] == ["", "", "", "", "", "", "macs"]
