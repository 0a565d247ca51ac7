"""The nearest valid name where a name is unknown, and what other tools call things."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from cnncalc.layers import KINDS, Layer


@lru_cache(maxsize=4096)
def normal(word: str) -> str:
    """A word without case, separators and the rank that other tools write behind it: `Conv2d` → `conv`."""
    return re.sub(r"[123]d$", "", re.sub(r"[^a-z0-9]", "", word.lower()))


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`, or None where none is."""
    import difflib

    names = list(candidates)
    plain = normal(word)
    for name in names:
        if plain and normal(name) == plain:
            return name
    found = difflib.get_close_matches(word, names, 1, 0.6) or difflib.get_close_matches(word.lower(), names, 1, 0.6)
    return found[0] if found else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`; did you mean …?`, or what there is where nothing is near."""
    names = sorted(set(candidates))
    near = nearest(word, names)
    if near is not None:
        return f"; did you mean {near}?"
    if not names:
        return "; there is none"
    shown = ", ".join(names[:8])
    return f"; there is {shown}" + (", …" if len(names) > 8 else "")


def kind_for(word: str) -> str | None:
    """The kind that `word` means elsewhere, or that is spelled most like it."""
    plain = normal(word)
    for name, kind in KINDS.items():
        if plain == normal(name) or plain in (normal(other) for other in kind.also):
            return name
    return nearest(word, [*KINDS, "block", "branches"])


def field_hint(kind: type[Layer], word: str, row_keys: Iterable[str]) -> str:
    """What to write in `kind` instead of the unknown field `word`."""
    plain = normal(word)
    main = kind.main
    for name, declared in kind.options.items():
        known = {normal(other) for other in (name, *declared.also)} if word not in declared.also else {plain}
        if plain in known:
            if declared is main:
                return f"; it is the value of {kind.kind}: {{{kind.kind}: …}}"
            return f"; did you mean {name}?"
    allowed = [name for name, declared in kind.options.items() if declared is not main]
    near = nearest(word, [*allowed, *row_keys])
    if near is not None:
        return f"; did you mean {near}?"
    return f"; it has {', '.join(allowed)}" if allowed else "; it has no fields"
