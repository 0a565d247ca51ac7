"""Problems as text lines and as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnncalc.problem import Problem
from cnncalc.report.network.table import Row


def rows(problems: Iterable[Problem]) -> list[Row]:
    """One line per problem, never cut or wrapped."""
    found: list[Row] = []
    for problem in problems:
        before, level, after = str(problem).partition(f"{problem.level}: ")
        found.append([(before, ""), (level, problem.level), (after, "")])
    return found


def data(problem: Problem) -> dict[str, Any]:
    """A problem as plain data. Line and column are null if the problem has no position in the text."""
    at = problem.location
    return {
        "rule": problem.rule,
        "level": problem.level,
        "file": problem.file,
        "line": at.line or None,
        "column": at.column or None,
        "end_line": at.end_line or None,
        "end_column": at.end_column or None,
        "layer": problem.layer,
        "message": problem.message,
        "fixes": [
            {
                "title": fix.title,
                "safe": fix.safe,
                "line": fix.location.line,
                "column": fix.location.column,
                "end_line": fix.location.end_line,
                "end_column": fix.location.end_column,
                "text": fix.text,
            }
            for fix in problem.fixes
        ],
    }
