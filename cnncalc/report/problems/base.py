"""The result of checking one file, and helpers of the output formats."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from cnncalc.build.reading import Source
from cnncalc.place import lines_of
from cnncalc.problem import Problem, SpecError

#: Source lines by file and line number.
Lines = Mapping[tuple[str | None, int], str]


class Result(NamedTuple):
    """A checked file. `unusable`: it is not a network; `skipped`: it does not look like one and was not checked."""

    file: str
    problems: list[Problem]
    unusable: bool = False
    skipped: bool = False
    #: Whether warnings count as failures.
    strict: bool = False
    #: The source lines of problems by file and number, if `How.lines` asks for them.
    lines: Lines = {}  # noqa: RUF012 - nobody changes it
    #: The text before and after safe fixes; None if nothing was or would be fixed.
    change: tuple[str, str] | None = None
    #: Whether expectations of the file do not apply, because the command line changes the network.
    expect_skipped: bool = False

    @property
    def failed(self) -> bool:
        """Whether a problem makes the check fail."""
        return any(p.level == "error" or (self.strict and p.level == "warning") for p in self.problems)


def lines_at(problems: Iterable[Problem], file: str | None, text: str) -> Lines:
    """Return the source lines on which problems begin. `text` is the text of `file`.

    Other files are read from the disk: a problem of a PyTorch model is in a file of its Python source.
    """
    found: dict[tuple[str | None, int], str] = {}
    lines = {file: lines_of(text)}
    for problem in problems:
        number = problem.location.line
        if number and problem.file not in lines:
            try:
                lines[problem.file] = lines_of(Source(problem.file).text)
            except SpecError:
                lines[problem.file] = []
        if 0 < number <= len(lines.get(problem.file, ())):
            found[problem.file, number] = lines[problem.file][number - 1]
    return found


def relative(file: str) -> str:
    """The path of a file, with slashes, relative to the root of the repository or, outside of one, to the current folder.

    The path of a file outside that folder is unchanged.
    """
    top = _root(os.getcwd())
    path = os.path.abspath(file)
    for place in (path, os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))):
        if place.startswith(os.path.join(top, "")):
            return PurePath(os.path.relpath(place, top)).as_posix()
    return PurePath(path).as_posix() if os.path.isabs(file) else PurePath(os.path.normpath(file)).as_posix()


@cache
def _root(folder: str) -> str:
    from cnncalc.git import root

    return root(folder)


def fingerprints(results: Iterable[Result]) -> Iterator[tuple[Result, Problem, str]]:
    """Yield each problem with a unique fingerprint that does not depend on its line number."""
    # Imported here: it takes 4 ms, and only reports for other tools have fingerprints.
    import hashlib

    seen: dict[str, int] = {}
    for result in results:
        for problem in result.problems:
            what = "\0".join((problem.rule, relative(problem.file or result.file), problem.layer or "", problem.message))
            count = seen[what] = seen.get(what, 0) + 1
            yield result, problem, hashlib.sha256(f"{what}\0{count}".encode("utf-8", "surrogatepass")).hexdigest()


def clean(text: str) -> str:
    """`text` with lone surrogates, which file names may have, escaped, because UTF-8 cannot encode them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
