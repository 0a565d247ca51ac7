"""Tables of functions, which register themselves by a decorator with the names that they handle."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F")


def register(table: dict[str, F], *names: str) -> Callable[[F], F]:
    """Enter the function below into a table under names."""

    def enter(function: F) -> F:
        table.update(dict.fromkeys(names, function))
        return function

    return enter
