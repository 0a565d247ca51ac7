"""One problem per line; on a terminal with the source line and carets under the problem."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from cnncalc.problem import Problem, one_line
from cnncalc.report.plain import inert
from cnncalc.report.problems.base import Result

_COLOURS = {"error": "31", "warning": "33", "note": "36"}


def write(results: Iterable[Result]) -> Iterator[str]:
    for result in results:
        for problem in result.problems:
            yield f"{_text(problem)}\n"


def pretty(results: Iterable[Result], *, colour: bool) -> Iterator[str]:
    """Like `write`, with the source line below each problem if it is known."""
    for result in results:
        for problem in result.problems:
            text = _text(problem)
            if colour:
                before, level, after = text.partition(f"{problem.level}: ")
                text = f"\x1b[1m{before}\x1b[{_COLOURS[problem.level]}m{level}\x1b[0m{after}"
            yield text + "\n"
            line = result.lines.get((problem.file, problem.location.line))
            if line is not None:
                yield excerpt(problem, line)


def _text(problem: Problem) -> str:
    if problem.file is not None and problem.file.startswith(("::", "##[")):
        # The same file under a name that GitHub Actions does not read as a command.
        problem = problem._replace(file=f"./{problem.file}")
    return inert(str(problem))


def excerpt(problem: Problem, line: str) -> str:
    """The source line with a caret under each cell of the problem.

    >>> from cnncalc.problem import Location
    >>> at = Location(4, 6, 4, 10)
    >>> print(excerpt(Problem("x", "error", None, at, None, ""), "  - {conv: 1}"), end="")
      4 |   - {conv: 1}
        |      ^^^^
    """
    at = problem.location
    number = f"{at.line:>3} | "
    shown = one_line(line.replace("\t", " "))
    start = at.column - 1
    end = at.end_column - 1 if at.end_line == at.line else len(line.rstrip())
    before = sum(map(_cells, line[:start]))
    marked = max(1, sum(map(_cells, line[start:end])))
    return f"{number}{shown}\n{' ' * (len(number) - 2)}| {' ' * before}{'^' * marked}\n"


def _cells(character: str) -> int:
    """Width of a character in terminal cells, as `one_line` prints it."""
    if character == "\t":
        return 1
    if not character.isprintable():
        return len(one_line(character))
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
