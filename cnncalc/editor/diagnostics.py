"""Problems as diagnostics of an editor."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.editor.positions import Span
from cnncalc.editor.snapshot import Snapshot
from cnncalc.problem import Problem


class Diagnostic(NamedTuple):
    """A problem at a range of the text; `code` is its rule."""

    span: Span
    level: str
    code: str
    message: str
    problem: Problem


def diagnostics(snapshot: Snapshot) -> list[Diagnostic]:
    """Every problem of the text, by place; a range is never empty, so that it shows."""
    found = []
    for problem in snapshot.problems:
        start, end = snapshot.range(problem.location)
        if end == start:
            end = min(len(snapshot.text), start + 1)
        found.append(Diagnostic(snapshot.positions.between(start, end), problem.level, problem.rule, problem.message, problem))
    return found
