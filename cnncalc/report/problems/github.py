"""GitHub Actions workflow commands, which annotate the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnncalc.problem import Problem, one_line
from cnncalc.report.problems.base import Result, clean, relative

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def write(results: Iterable[Result]) -> Iterator[str]:
    for result in results:
        for problem in result.problems:
            yield command(problem.file or result.file, problem) + "\n"


def command(file: str, problem: Problem) -> str:
    """`::error file=…,line=…::message`."""
    at = problem.location
    properties = {"file": relative(file)}
    if at.line:
        properties |= {"line": str(at.line), "endLine": str(max(at.line, at.end_line)), "col": str(at.column)}
        if at.end_line == at.line:
            # GitHub accepts columns only for one line; its end column is inclusive.
            properties["endColumn"] = str(max(at.column, at.end_column - 1))
    properties["title"] = f"cnncalc {problem.rule}"
    text = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_COMMANDS[problem.level]} {text}::{_data(one_line(problem.message))}"


def _data(text: str) -> str:
    # Workflow commands can escape line ends but no other control characters, so `one_line` escapes those.
    text = "".join(c if c in "\r\n" else one_line(c) for c in clean(text))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
