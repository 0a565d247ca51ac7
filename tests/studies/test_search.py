"""Sweeps and single candidates from Python; figures as published for MobileNetV2 or by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnncalc

TEXT = "input: 32x32x3\nvars: {width: 8}\nlayers:\n  - {conv: '${width}', kernel_size: 3, name: first}\n"


@pytest.fixture
def net(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def test_values_of_python(net):
    found = list(cnncalc.sweep(net, {"width": range(1, 4), "first.bias": [True, False]}))
    # 27 per filter, and one bias.
    assert [trial.totals["parameters"] for trial in found] == [28, 27, 56, 54, 84, 81]


def test_a_budget_and_a_figure(net):
    found = list(cnncalc.sweep(net, {"width": [1, 2, 3]}, budget={"parameters": 56}, figures=["peak_memory"]))
    assert [trial.values for trial in found] == [("1",), ("2",)]
    assert found[1].totals["peak_memory"] == 4 * (32 * 32 * 3 + 30 * 30 * 2)
    (small,) = cnncalc.sweep(net, {"width": [2]}, dtype="int8", figures=["peak_memory"])
    assert small.totals["peak_memory"] == 32 * 32 * 3 + 30 * 30 * 2


def test_a_candidate(net):
    found = cnncalc.feasible(net, {"width": 2}, budget={"parameters": "1K", "peak_memory": "20KiB"})
    assert found is not None
    assert found.parameters == 56
    assert cnncalc.feasible(net, {"width": 2}, budget={"parameters": 55}) is None
    assert cnncalc.feasible(net, {"width": 2}, budget={"peak_memory": 1000}) is None
    assert cnncalc.feasible(net, {"width": 2}, budget={"peak_memory": "5KiB"}, dtype="int8") is not None
    assert cnncalc.feasible(net, {"first.kernel_size": 99}) is None
    assert cnncalc.feasible("mobilenet_v2", {"width": 1.0}) is not None


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda net: cnncalc.sweep(net, {"width": [1]}, figures=["memory"]), "there is no figure memory"),
        (lambda net: cnncalc.sweep(net, {"width": [1]}, budget={"parameters": "x"}), "parameters=x is no budget"),
        (lambda net: cnncalc.feasible(net, budget={"size": 1}), "size=1 is no budget"),
    ],
)
def test_what_does_not_exist(net, call, why):
    with pytest.raises(ValueError, match=why):
        call(net)


def test_a_candidate_with_an_unknown_var_is_a_mistake(net):
    with pytest.raises(cnncalc.SpecError, match="there is no var depth"):
        cnncalc.feasible(net, {"width": 2, "depth": 3})
    # A layer may be there for other values of the vars.
    assert cnncalc.feasible(net, {"width": 2, "second.bias": False}) is None


def test_a_candidate_is_one_of_the_file_as_it_is_now(net):
    assert cnncalc.feasible(net, {"width": 2}).parameters == 56
    Path(net).write_text(TEXT.replace("kernel_size: 3", "kernel_size: 1"), encoding="utf-8")
    assert cnncalc.feasible(net, {"width": 2}).parameters == 8


@pytest.mark.parametrize("values", [0.5, "0.5"])
def test_a_value_that_is_not_in_a_list(net, values):
    with pytest.raises(TypeError, match=r"width needs a list of values, as in \{'width': \[.*0\.5.*\]\}"):
        cnncalc.sweep(net, {"width": values})


def test_an_unknown_var_is_a_trial_that_is_no_network(net):
    (found,) = cnncalc.sweep(net, {"depth": [1]})
    assert not found.usable
    assert "there is no var depth" in found.problems[0][1]


def test_a_study_with_optuna(net):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        candidate = cnncalc.feasible(net, {"width": trial.suggest_int("width", 1, 64)}, budget={"parameters": 500})
        if candidate is None:
            raise optuna.TrialPruned
        return candidate.macs

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=25)
    # 28 parameters per filter: at most 17 of them.
    assert study.best_params["width"] <= 17
