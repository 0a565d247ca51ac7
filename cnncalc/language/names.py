"""Names of rows: checks written names, and numbers the other rows by kind."""

from __future__ import annotations

from typing import TypeGuard

from cnncalc.language.expression import RESERVED
from cnncalc.values import Map, Value, written


def number(given: list[Value], stems: list[str]) -> list[str]:
    """Return the rows' names: the written name, else the stem and a running number per stem that skips names already taken."""
    taken = {name for name in given if isinstance(name, str)}
    counts: dict[str, int] = {}
    result = []
    for name, stem in zip(given, stems, strict=True):
        counts[stem] = counts.get(stem, 0) + 1
        if isinstance(name, str) and name:
            result.append(name)
            continue
        while f"{stem}{counts[stem]}" in taken:
            counts[stem] += 1
        result.append(f"{stem}{counts[stem]}")
    return result


_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def name_fault(name: str) -> str | None:
    """Return why a name is invalid, None if it is valid."""
    if name == "input":
        return "the name input is taken: it is what the network, block or branch reads"
    if not name or not _NAME.issuperset(name):
        return f"a name is made of letters, digits, _ and -, not {written(name)}"
    if name.isdigit():
        return f"a name is not digits alone: {written(name)}; write layer{name}, for example"
    return None


def are_names(value: Value | None) -> TypeGuard[tuple[str, ...]]:
    """Return whether a value is a list of names."""
    return isinstance(value, tuple) and not isinstance(value, Map) and bool(value) and all(isinstance(one, str) for one in value)


def identifier_fault(name: str) -> str | None:
    """Return why a var or parameter cannot have this name, None if it can: expressions must be able to use the name."""
    if name in RESERVED:
        return f"{name} means something in ${{…}} already; choose another name"
    if not name.isidentifier() or not name.isascii():
        return f"a var or parameter is called by letters, digits and _, not {written(name)}"
    return None
