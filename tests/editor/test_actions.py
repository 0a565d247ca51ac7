"""Every fix that an editor offers leaves the file without that problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc.check.settings import Settings
from cnncalc.editor.actions import actions, fix_all
from cnncalc.editor.snapshot import Snapshot
from tests.editor.edits import applied

TESTS = Path(__file__).parents[1]
NOTES = Settings(notes=True)
FILES = [path for folder in ("bad", "warn", "good") for path in sorted((TESTS / folder).glob("*.yaml"))]
MISFIT = "input: 224x224x3\nlayers:\n  - {conv: 96, kernel_size: 11, stride: 4}\n  - relu\n"


def text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def offered(snapshot: Snapshot):
    for problem in snapshot.problems:
        span = snapshot.positions.between(*snapshot.range(problem.location))
        yield from (action for action in actions(snapshot, span) if action.problem is problem)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_fix_leaves_the_file_without_the_problem(path):
    text = text_of(path)
    if text is None:
        pytest.skip("not UTF-8: an editor has no text of it")
    snapshot = Snapshot(text, str(path), NOTES)
    for action in offered(snapshot):
        after = Snapshot(applied(snapshot, action.edits), str(path), NOTES)
        solved = action.problem
        assert not [p for p in after.problems if (p.rule, p.layer, p.message) == (solved.rule, solved.layer, solved.message)], (
            action
        )
        assert not [p for p in after.problems if p.rule == "yaml" and "yaml" not in {q.rule for q in snapshot.problems}], action


def test_a_stride_that_does_not_fit_has_fixes_and_a_way_to_ignore_it():
    titles = [action.title for action in offered(Snapshot(MISFIT))]
    # (224 − 11 + 3)/4, (224 − 11)/3, (224 − 8)/4 and (224 − 12)/4 are whole.
    for expected in ("padding [[1, 2], [1, 2]]", "stride 3", "kernel_size 8", "kernel_size 12", "Ignore stride-fit on this row"):
        assert expected in titles


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("- {conv: 4, kernel_size: 3, stride: 3}", "- {conv: 4, kernel_size: 3, stride: 3}  # cnncalc: ignore[stride-fit]"),
        (
            "- {conv: 4, kernel_size: 3, stride: 3}  # cnncalc: ignore[linear-pair]",
            "- {conv: 4, kernel_size: 3, stride: 3}  # cnncalc: ignore[linear-pair, stride-fit]",
        ),
        (
            "- {conv: 4, kernel_size: 3, stride: 3}  # why",
            "- {conv: 4, kernel_size: 3, stride: 3}  # cnncalc: ignore[stride-fit] # why",
        ),
        (
            "- {conv: 4,\n     kernel_size: 3, stride: 3}",
            "- {conv: 4,\n     kernel_size: 3, stride: 3}  # cnncalc: ignore[stride-fit]",
        ),
    ],
)
def test_the_comment_that_ignores(row, expected):
    text = f"input: 7x7x1\nlayers:\n  {row}\n"
    snapshot = Snapshot(text)
    action = next(action for action in offered(snapshot) if action.title.startswith("Ignore stride-fit"))
    assert applied(snapshot, action.edits) == text.replace(row, expected)


def test_all_safe_fixes_at_once():
    text = "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n  - batchnorm\n  - relu\n  - {conv: 4, kernel_size: 3}\n  - batchnorm\n"
    snapshot = Snapshot(text)
    action = fix_all(snapshot)
    assert action is not None
    assert applied(snapshot, action.edits) == text.replace("4, k", "4, bias: false, k")


def test_an_error_is_not_ignored():
    assert [action.title for action in offered(Snapshot("input: 8x8x3\nlayers:\n  - relux\n"))] == ["Write relu"]


@pytest.mark.parametrize(
    ("row", "fixed"),
    [
        ("relux", "relu"),
        ("{maxpol: 2}", "{maxpool: 2}"),
        ("{Conv2d: 4, kernel_size: 3}", "{conv: 4, kernel_size: 3}"),
        ("{conv: 4, kernal_size: 3}", "{conv: 4, kernel_size: 3}"),
        ("{conv: 4, 'ksize': 3}", "{conv: 4, kernel_size: 3}"),
        ("{relu: , label: a}", "{relu: , name: a}"),
        # Not if the row has the key already.
        ("{conv: 4, kernel_size: 3, kernal_size: 3}", None),
        ("{conv: 4, kernel_size: 3, no_idea: 3}", None),
        ("quux", None),
    ],
)
def test_a_misspelt_word_is_replaced(row, fixed):
    snapshot = Snapshot(f"input: 8x8x3  # 😀\nlayers:\n  - {row}\n")
    found = [applied(snapshot, action.edits) for action in offered(snapshot)]
    assert found == ([f"input: 8x8x3  # 😀\nlayers:\n  - {fixed}\n"] if fixed is not None else [])


def test_a_fix_of_a_repeated_row_is_offered_if_it_fits_in_every_copy():
    # The second copy does not fit: (110 − 3)/3 + 1 = 36.67. In the first, of 330 steps, padding [[0, 1]] gives (331 − 3)/3 + 1 = 110.33.
    # Windows of 2 give 165 and then (165 − 2)/2 + 1 = 82.5, windows of 5 give 66 and then (66 − 5)/5 + 1 = 13.2.
    text = "input: 330x4\nlayers:\n  - {maxpool: 3, repeat: 2}\n"
    snapshot = Snapshot(text)
    assert [action.title for action in offered(snapshot)] == ["fit floor", "Ignore stride-fit on this row"]
    alone = Snapshot(text.replace("330", "110").replace("2}", "1}"))
    assert [action.title for action in offered(alone)][:2] == ["padding [[0, 1]]", "maxpool 2"]
