"""Values in the notation of other languages, and how the language writes them: `(3, 3)` → `[3, 3]`, `SAME` → `same`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnncalc.values import Map, Value

#: Characters of the longest text that may be a value.
_LONGEST = 100
_TIMES = re.compile(r"\s*[x×X*]\s*")
_COMMA = re.compile(r"\s*,\s*")
#: A number with a unit: `16 filters`, `3px`, `2x`.
_UNIT = re.compile(r"x?\s*(\d+)\s*([A-WYZa-wyz]\w*|x)?", re.ASCII)


def plainer(value: object) -> Iterator[tuple[Value, str]]:
    """Yield values that `value` may mean, each with its text.

    >>> list(plainer("(3, 5)")), list(plainer("3*5"))
    ([(('3', '5'), '[3, 5]')], [('3x5', '3x5')])
    """
    if isinstance(value, str) and len(value) <= _LONGEST:
        yield from _of_text(value)
    elif isinstance(value, tuple) and value and not isinstance(value, Map):
        found: list[Value] = [next(plainer(part), (part, ""))[0] for part in value]
        if all(isinstance(part, (str, tuple)) for part in found) and found != list(value):
            yield tuple(found), f"[{', '.join(map(_text, found))}]"
        if len(value) == 1 and isinstance(value[0], str):
            yield value[0], value[0]


def _of_text(value: str) -> Iterator[tuple[Value, str]]:
    text = value.strip()
    inner = text[1:-1].strip() if text[:1] + text[-1:] in ("()", "[]", "{}", "''", '""') else text
    parts = tuple(part for part in _COMMA.split(inner) if part)
    if len(parts) > 1:
        yield parts, f"[{', '.join(parts)}]"
    elif inner != value:
        yield inner, inner
    elif inner.endswith(","):
        yield "".join(parts), "".join(parts)
    unit = _UNIT.fullmatch(inner)
    for word in (_TIMES.sub("x", inner), inner.lower(), unit[1] if unit is not None else inner):
        if word != inner:
            yield word, word


def _text(value: Value) -> str:
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, tuple) else str(value)
