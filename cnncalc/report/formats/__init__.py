"""Problems of many files for other programs and for people: each format a file with a function `write`, found by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from cnncalc.report.formats.base import Result

FORMATS = ("text", "json", "github", "gitlab", "sarif", "junit")


def write(form: str, results: Iterable[Result]) -> Iterator[str]:
    """The text of a format, piece by piece as results come in where the format allows it."""
    return import_module(f"cnncalc.report.formats.{form}").write(results)  # type: ignore[no-any-return]  # every format has it


__all__ = ["FORMATS", "Result", "write"]
