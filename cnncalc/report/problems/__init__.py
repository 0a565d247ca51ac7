"""Problems of many files for other programs and for people: each format a file with a function `write`, found by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from cnncalc.report.problems.base import Result

FORMATS = ("text", "json", "github", "gitlab", "sarif", "junit", "diff")


def write(form: str, results: Iterable[Result], *, version: str = "0.0.0") -> Iterator[str]:
    """The text of a format, piece by piece as results come in where the format allows it; `version` is cnncalc's own."""
    module = import_module(f"cnncalc.report.problems.{form}")
    return module.write(results, version) if form == "sarif" else module.write(results)  # type: ignore[no-any-return]  # all have it


__all__ = ["FORMATS", "Result", "write"]
