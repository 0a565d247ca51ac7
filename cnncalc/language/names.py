"""Names of rows: given ones checked, the others numbered by kind."""

from __future__ import annotations

from cnncalc.values import Value, written


def number(given: list[Value], stems: list[str]) -> list[str]:
    """The names of rows: the given one, else the stem and the row's number among those of its stem, past names that are taken."""
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
    """What is wrong with a name, or None."""
    if name == "input":
        return "the name input is taken: it is what the network, block or branch reads"
    if not name or not _NAME.issuperset(name):
        return f"a name is made of letters, digits, _ and -, not {written(name)}"
    if name.isdigit():
        return f"a name is not digits alone: {written(name)}; write layer{name}, for example"
    return None
