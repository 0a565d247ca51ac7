"""Rows that are not YAML while they are typed: the rest of the text is still read."""

from __future__ import annotations

import pytest

from cnncalc.build.reading import MAX_BYTES
from cnncalc.editor.diagnostics import diagnostics
from cnncalc.editor.hints import hints
from cnncalc.editor.positions import Position, Span
from cnncalc.editor.recovery import recover
from cnncalc.editor.snapshot import Snapshot
from cnncalc.editor.symbols import entries

BEFORE = "input: 32x32x3\nlayers:\n  - {conv: 10, kernel_size: 5, padding: 2}\n"
AFTER = "  - relu\n  - {fc: 10}\n"


@pytest.mark.parametrize("row", ["{conv: 8, ker", '{conv: "8', "conv: 8: 3", "[a", "{conv: 8, kernel_size: ]", "'x", "@", "%"])
def test_one_broken_row_hides_no_other(row):
    snapshot = Snapshot(f"{BEFORE}  - {row}\n{AFTER}")
    assert [problem.rule for problem in snapshot.problems] == ["yaml"]
    assert snapshot.network is not None
    assert [node.kind for node in snapshot.network.layers][:1] == ["conv"]
    assert [node.kind for node in snapshot.network.layers][-2:] == ["relu", "fc"]


def test_two_broken_rows():
    found = recover(f"{BEFORE}  - {{conv: 8, ker\n{AFTER}  - {{conv:: 3: 3\n")
    assert found.readable
    assert found.blanked == {3, 6}


def test_the_text_keeps_its_length():
    text = f"{BEFORE}  - {{conv: 8, k😀\n{AFTER}"
    found = recover(text)
    assert len(found.text) == len(text)
    assert found.text.splitlines()[4:] == text.splitlines()[4:]


def test_a_problem_behind_a_broken_row_is_still_found():
    snapshot = Snapshot(f"{BEFORE}  - {{conv: 8, ker\n  - relux\n")
    assert sorted(problem.rule for problem in snapshot.problems) == ["unknown-kind", "yaml"]


def test_nothing_is_said_of_yaml_that_is_no_network():
    assert Snapshot("services:\n  web: {image: x\n").problems == []
    assert Snapshot("").problems == []


def test_yaml_of_ultralytics_has_its_problems_at_their_lines():
    text = "nc: 2\nbackbone:\n  - [-1, 1, Conv, [8, 3, 2]]\n  - [-1, 1, Convx, [8, 3, 2]]\nhead:\n  - [[-1], 1, Detect, [nc]]\n"
    snapshot = Snapshot(text, "net.yaml")
    assert snapshot.foreign
    assert [(p.rule, p.location.line) for p in snapshot.problems if p.level == "error"][:1] == [("unknown-kind", 4)]


def test_a_byte_order_mark_is_counted_by_the_editor_alone():
    text = "\ufeffinput: 7x7x0\nlayers:\n  - {conv: 1, kernel_size: 3}\n"
    found = diagnostics(Snapshot(text))
    assert [(one.code, one.span) for one in found] == [("value", Span(Position(0, 8), Position(0, 13)))]


def test_a_row_that_is_left_out_has_no_hint_and_no_symbol():
    snapshot = Snapshot("input: 7x7x1\nlayers:\n  - relu\n  - {conv: 3, kern\n")
    assert [hint.position.line for hint in hints(snapshot)] == [2]
    assert [entry.name for entry in entries(snapshot)] == ["relu1"]


def test_without_its_rows_a_text_has_the_fault_of_its_syntax_alone():
    found = Snapshot("input: 7x7x1\nlayers\n  - relu\n  - {add: a}\n").problems
    assert {problem.rule for problem in found} == {"yaml"}


def test_a_text_beyond_the_limit_of_files_has_that_fault_alone():
    text = f"{BEFORE}  # {'x' * MAX_BYTES}\n"
    snapshot = Snapshot(text)
    (problem,) = snapshot.problems
    assert (problem.rule, problem.message) == ("limit", "a spec is at most 10 MiB, and this file is larger")
    assert (snapshot.network, entries(snapshot), hints(snapshot)) == (None, [], [])
    assert Snapshot(f"on: push  # {'x' * MAX_BYTES}\n").problems == []
