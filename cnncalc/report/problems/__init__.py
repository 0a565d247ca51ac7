"""Output formats of `check`. Each module of this folder is one, named as --format names it, with a function `write`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from cnncalc.modules import modules
from cnncalc.report.problems.base import Result

#: The values of --format, the default first. `diff` is written for the option --diff alone.
FORMATS = ("text", *modules(__path__, without=("text", "base", "diff", "listing")))


def write(form: str, results: Iterable[Result]) -> Iterator[str]:
    """Yield the report in pieces, as results arrive if the format allows it."""
    return import_module(f"{__name__}.{form}").write(results)  # type: ignore[no-any-return]  # each module has `write`


__all__ = ["FORMATS", "Result", "write"]
