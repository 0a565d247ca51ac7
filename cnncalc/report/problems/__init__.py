"""Output formats of `check`. Each format is a module of that name with a function `write`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from cnncalc.report.problems.base import Result

FORMATS = ("text", "json", "github", "gitlab", "sarif", "junit", "diff")


def write(form: str, results: Iterable[Result], *, version: str = "0.0.0") -> Iterator[str]:
    """Yield the report in pieces, as results arrive if the format allows it. `version` is the version of cnncalc."""
    module = import_module(f"cnncalc.report.problems.{form}")
    return module.write(results, version) if form == "sarif" else module.write(results)  # type: ignore[no-any-return]  # all have it


__all__ = ["FORMATS", "Result", "write"]
