"""The nearest valid name for an unknown name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

#: Words longer than this are like nothing: comparing two takes time with the product of their lengths.
LONGEST = 100
#: Share of equal letters from which a word counts as misspelt; below, words of another meaning would be suggested.
_ALIKE = 0.68


@lru_cache(maxsize=4096)
def normal(word: str) -> str:
    """A word without case, separators and the rank that other tools append: `Conv2d` → `conv`."""
    return re.sub(r"[123]d$", "", re.sub(r"[^a-z0-9]", "", word.lower()))


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`, or None if none is like it."""
    import difflib

    names = [name for name in candidates if len(name) <= LONGEST]
    if len(word) > LONGEST:
        return None
    plain = normal(word)
    for name in names:
        if plain and normal(name) == plain:
            return name
    found = difflib.get_close_matches(word, names, 1, _ALIKE) or difflib.get_close_matches(word.lower(), names, 1, _ALIKE)
    return found[0] if found else None


def meant(word: str, candidates: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing if no candidate is like `word`."""
    near = nearest(word, candidates)
    return f"; did you mean {near}?" if near is not None else ""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`; did you mean …?`, or the first of the candidates if none is like `word`."""
    names = sorted(set(candidates))
    near = nearest(word, names)
    if near is not None:
        return f"; did you mean {near}?"
    return f"; there is {listed(names)}" if names else "; there is none"


def listed(names: Sequence[str], count: int = 8) -> str:
    """The first names of a list, and … if there are more.

    >>> listed(["a", "b"]), listed("abcd", 2)
    ('a, b', 'a, b, …')
    """
    return ", ".join(names[:count]) + (", …" if len(names) > count else "")
