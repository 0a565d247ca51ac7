"""What a format writes: one file and what was found in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from cnncalc.problem import Problem


class Result(NamedTuple):
    """A file that was looked at. `unusable` says that it is no network, `skipped` that it does not claim to be one."""

    file: str
    problems: list[Problem]
    unusable: bool = False
    skipped: bool = False
    #: Whether its warnings count as failures.
    strict: bool = False
    #: The lines of the text that problems stand on, where somebody wants to show them.
    lines: dict[int, str] = {}  # noqa: RUF012 - nobody changes it
    #: What `--fix` would make of it, or has made: the text before and after.
    change: tuple[str, str] | None = None

    @property
    def failed(self) -> bool:
        """Whether any of its problems makes the check fail."""
        return any(p.level == "error" or (self.strict and p.level == "warning") for p in self.problems)


def relative(file: str) -> str:
    """A file as other programs call it: from the root of the repository, or from the current folder outside of one; with slashes.

    A file elsewhere keeps its absolute path.
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
    """Each problem with a fingerprint of its own, the same from run to run while lines above it come and go."""
    seen: dict[str, int] = {}
    for result in results:
        for problem in result.problems:
            what = "\0".join((problem.rule, relative(result.file), problem.layer or "", problem.message))
            count = seen[what] = seen.get(what, 0) + 1
            yield result, problem, hashlib.sha256(f"{what}\0{count}".encode("utf-8", "surrogatepass")).hexdigest()


def clean(text: str) -> str:
    """`text` without what cannot be written as UTF-8: half characters, as file names may have."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
