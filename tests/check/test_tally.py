"""Counts of checked files: the summary and the exit status."""

import pytest

from cnncalc.check.tally import Tally
from cnncalc.problem import Fix, Location, Problem
from cnncalc.report.problems import Result

AT = Location(3, 5, 3, 9)


def problem(level: str, *, safe: bool | None = None) -> Problem:
    fixes = () if safe is None else (Fix(AT, "1", safe, "set it to 1"),)
    return Problem("rule", level, "a.yaml", AT, "conv1", "message", fixes)


@pytest.mark.parametrize(
    ("results", "text", "status"),
    [
        ([Result("a.yaml", [])], "1 file checked, no problems", 0),
        ([Result("a.yaml", []), Result("b.yaml", [], skipped=True)], "1 file checked, no problems; 1 other YAML file skipped", 0),
        ([Result("a.yaml", [problem("error")]), Result("b.yaml", [])], "1 error in 1 of 2 files", 1),
        ([Result("a.yaml", [problem("warning")])], "1 warning in 1 of 1 file", 0),
        ([Result("a.yaml", [problem("warning")], strict=True)], "1 warning in 1 of 1 file", 1),
        ([Result("a.yaml", [problem("error")], unusable=True)], "1 error in 1 of 1 file", 2),
        (
            [Result("a.yaml", [problem("error", safe=False), problem("note", safe=True)])],
            "1 error, 1 note in 1 of 1 file; 1 fixable with --fix",
            1,
        ),
        ([Result("a.yaml", [], skipped=True)] * 2, "no network among 2 YAML files, nothing was checked", 0),
    ],
)
def test_summary_and_status(results, text, status):
    tally = Tally()
    assert list(tally.counted(results)) == results
    assert (str(tally), tally.status) == (text, status)


def test_the_worst_status_stays():
    tally = Tally()
    list(tally.counted([Result("a.yaml", [problem("error")], unusable=True), Result("b.yaml", [problem("error")])]))
    assert tally.status == 2


@pytest.mark.parametrize(("fixes", "word"), [("made", "fixed"), ("shown", "would be fixed")])
def test_fixes_that_were_made_or_shown(fixes, word):
    tally = Tally(fixes=fixes)
    list(tally.counted([Result("a.yaml", [], change=("before", "after"))]))
    assert str(tally) == f"1 file checked, no problems; 1 file {word}"


def test_skipped_expectations():
    tally = Tally()
    list(tally.counted([Result("a.yaml", [], expect_skipped=True), Result("b.onnx", [])]))
    assert tally.expect_skipped
