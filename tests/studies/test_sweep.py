"""Sweeps: what is tried, what is kept, and the front of what nothing beats."""

from __future__ import annotations

import random

import pytest

from cnncalc import loads
from cnncalc.build.changes import BudgetExceeded, Changes
from cnncalc.build.reading import Source
from cnncalc.formats import read
from cnncalc.language.overrides import Options
from cnncalc.studies.grid import axis
from cnncalc.studies.sweep import arrange, front, plan
from cnncalc.studies.trial import Trial

TEXT = """\
input: 32x32x3
vars: {width: 8, stride: 1}
layers:
  - {conv: "${width}", kernel_size: 3, stride: "${stride}"}
  - {fc: 10}
"""


def made(*texts: str, **more):
    return plan("net.yaml", [axis(text) for text in texts], text=TEXT, **more)


def parameters(width: int) -> int:
    """By hand: (3·3·3 + 1) per filter, and (30·30·width + 1) for each of ten units."""
    return 28 * width + (900 * width + 1) * 10


def test_figures_of_every_combination():
    found = list(made("width=1,2,4").run())
    assert [trial.values for trial in found] == [("1",), ("2",), ("4",)]
    assert [trial.totals["parameters"] for trial in found] == [parameters(1), parameters(2), parameters(4)]
    assert [trial.totals["weights"] for trial in found] == [4 * parameters(n) for n in (1, 2, 4)]


def test_limits_keep_what_is_within_them_and_nothing_else():
    limit = parameters(3)
    found = made("width=1..6", limits={"parameters": limit})
    assert [trial.values for trial in found.run() if found.keeps(trial)] == [("1",), ("2",), ("3",)]


def test_building_stops_as_soon_as_a_limit_is_exceeded():
    text = TEXT.replace("  - {fc: 10}", "  - {fc: 10}\n" + "  - {fc: 10}\n" * 50)
    with pytest.raises(BudgetExceeded, match="parameters") as stop:
        read(Source("net.yaml", text=text), Changes(limits=(("parameters", 100),)))
    assert stop.value.figure == "parameters"
    # At the limit nothing stops.
    net = loads(text)
    reading = read(Source("net.yaml", text=text), Changes(limits=(("parameters", net.parameters),)))
    assert reading.graph.totals["parameters"] == net.parameters


def test_keep_working_leaves_problems_out():
    found = made("stride=1,2,29", keep_working=True)
    # (32 − 3)/2 is not whole, (32 − 3)/1 and (32 − 3)/29 are.
    assert [trial.values for trial in found.run() if found.keeps(trial)] == [("1",), ("29",)]


def test_peak_memory_is_computed_if_it_is_asked_for():
    (found,) = made("width=8", figures=["peak_memory"]).run()
    # The input and the convolution's output, four bytes each.
    assert found.totals["peak_memory"] == 4 * (32 * 32 * 3 + 30 * 30 * 8)
    (found,) = made("width=8").run()
    assert "peak_memory" not in found.totals


def test_a_sweep_goes_on_where_it_stopped():
    found = made("width=1..9")
    assert list(found.run(start=4)) == list(found.run())[4:]


def test_a_sample_is_a_part_of_the_whole():
    whole = list(made("width=1..20").run())
    some = list(made("width=1..20", sample=5, seed=1).run())
    assert len(some) == 5
    assert all(trial in whole for trial in some)


def trial(a: int, b: int) -> Trial:
    return Trial((f"{a},{b}",), {"parameters": a, "macs": b}, "1", ())


@pytest.mark.parametrize("names", [["parameters", "macs"], ["parameters", "-macs"], ["-parameters"], ["macs"]])
def test_the_front_is_what_nothing_beats(names):
    draw = random.Random(0)
    points = [trial(draw.randrange(12), draw.randrange(12)) for _ in range(60)]

    def beats(a: Trial, b: Trial) -> bool:
        signs = [(name.lstrip("-"), -1 if name[0] == "-" else 1) for name in names]
        pairs = [(sign * a.totals[name], sign * b.totals[name]) for name, sign in signs]
        return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)

    expected = [one for one in points if not any(beats(other, one) for other in points)]
    assert sorted(front(points, names)) == sorted(expected)


def test_unknown_figures_are_no_figures():
    # A width of x is no number of filters: the layer has no shape, and what is left of the network has fewer parameters than any.
    found = list(made("width=x,4,2").run())
    assert [bool(trial.totals) for trial in found] == [False, True, True]
    assert found[0].usable
    assert [trial.values for trial in front(found, ["parameters", "macs"])] == [("2",)]
    grid = made("width=x,4,2").grid
    assert [trial.values[0] for trial in arrange(found, grid, sort="parameters")] == ["2", "4", "x"]


def test_the_known_layers_of_an_unknown_network_count_for_a_limit():
    text = TEXT.replace("  - {fc: 10}", "  - {conv: x, kernel_size: 1}")
    for limit, over in ((28 * 8 * 4, ""), (28 * 8 * 4 - 1, "weights")):
        found = plan("net.yaml", [axis("width=8")], text=text, limits={"weights": limit})
        (trial,) = found.run()
        assert (trial.over, found.keeps(trial)) == (over, not over)


@pytest.mark.parametrize(
    ("head", "shapes"),
    [
        ("input: 32x32x3", ["3", "6"]),
        ("input: {image: 32x32x3}", ["3", "6"]),
        # A var is a var, whatever its name.
        ("input: {image: 32x32x3}\nvars: {input: 1}", ["3", "3"]),
    ],
)
def test_the_only_input_may_be_called_input(head, shapes):
    text = f"{head}\nlayers: [{{maxpool: 8, stride: 12, fit: floor}}, {{reduce: sum, axes: [height, channels]}}]\n"
    found = plan("net.yaml", [axis("input=32,70")], text=text)
    assert [trial.output for trial in found.run()] == shapes
    assert not any(trial.problems for trial in found.run())


def test_several_inputs_are_named():
    text = "input: {left: 8x8x3, right: 8x8x3}\nlayers: [{add: [left, right]}]\n"
    (trial,) = plan("net.yaml", [axis("input=16")], text=text).run()
    assert "there is no var input" in trial.problems[0][1]


def test_a_shape_that_the_sweep_replaces_is_not_given_twice():
    text = "input: {left: 8x8x3, right: 8x8x3}\nlayers: [{add: [left, right]}]\n"
    shapes = Options(input=["left=4x4x3", "right=16x16x3"])
    found = plan("net.yaml", [axis("left=8,16")], shapes, text=text)
    assert found.recipe.options.input == ("right=16x16x3",)
    assert [trial.output for trial in found.run()] == ["?", "16x16x3"]
    (trial,) = plan("net.yaml", [axis("input=12")], Options(input="16x16x3"), text=TEXT).run()
    # Eight filters of 3 by 3 by 3 and a bias, and 10·10·8 numbers and a bias for each of ten units.
    assert trial.totals["parameters"] == 8 * 28 + (10 * 10 * 8 + 1) * 10
