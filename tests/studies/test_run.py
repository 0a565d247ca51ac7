"""A running sweep counts what it keeps; an interrupted one counts what it kept before."""

from __future__ import annotations

from cnncalc.studies.grid import axis
from cnncalc.studies.run import SweepRun
from cnncalc.studies.store import Journal
from cnncalc.studies.sweep import arrange, plan

# Windows of 3: (9 − 3)/S + 1 is whole for strides 1, 2, 3 and 6, but not for 4 and 5.
TEXT = "input: 9x9x1\nlayers:\n  - {conv: 4, kernel_size: 3, stride: 1, name: c}\n"


def made(values: str, name: str = "c.stride", **more) -> SweepRun:
    return SweepRun(plan("net.yaml", [axis(f"{name}={values}")], text=TEXT, **more))


def test_one_network_without_problems_is_enough():
    for values, working in (("4,5", False), ("4,3,5", True)):
        run = made(values)
        assert len(list(run.results())) == len(values.split(","))
        assert (run.working, run.usable, run.first_fault) == (working, True, None)


def test_the_first_combination_that_is_no_network_is_remembered():
    run = made("0,-1,9", "input", keep_working=True)
    assert [trial.values for trial in run.results()] == [("9",)]
    assert run.working
    assert run.usable
    assert run.first_fault is not None
    assert run.first_fault.values == ("0",)


def test_a_resumed_sweep_remembers_whether_one_worked(tmp_path):
    path = str(tmp_path / "out.csv")
    for first, rest in (("3", True), ("5", False)):
        values = f"{first},4"
        journal = Journal(path, made(values).sweep)
        journal.write(0, next(made(values).results()))
        journal.close(remove=False)
        run = made(values)
        journal = Journal(path, run.sweep, resume=True)
        run.fill(journal)
        assert [trial.values for trial in journal] == [(first,), ("4",)]
        assert run.working is rest
        journal.close(remove=True)


def test_what_watches_is_told_how_many_results_will_come():
    told = []

    def watch(results, total):
        told.append(total)
        return results

    run = SweepRun(made("1,2,3").sweep, watch=watch)
    assert len(list(run.results())) == 3
    assert told == [3]


def test_order():
    run = made("0,9,6,12", "input")
    found = list(run.results())
    # A larger input takes more MACs; an input of no cells is not a network, and comes last either way.
    order = lambda sort: [trial.values[0] for trial in arrange(found, run.sweep.grid, (), sort)]  # noqa: E731
    assert order("macs") == ["6", "9", "12", "0"]
    assert order("-macs") == ["12", "9", "6", "0"]
    assert order("input") == ["9", "6", "12", "0"]
    assert order("-input") == ["12", "6", "9", "0"]
    assert order(None) == ["0", "9", "6", "12"]
