"""Templates: words, lists and maps with ${…} in them, which are evaluated when the names are known."""

from __future__ import annotations

from typing import Union

from cnncalc import values
from cnncalc.language.expression import MAX_LENGTH, Expression, Names
from cnncalc.shape import LayerError
from cnncalc.values import Map, Value

#: The largest number of items in a list that expressions build, nested items included.
MAX_ITEMS = 10_000


class Template:
    """A word with ${…} in it. The value of a word that is a single ${…} keeps its type."""

    __slots__ = ("_only", "names", "parts")

    def __init__(self, text: str) -> None:
        parts: list[str | Expression] = []
        at = 0
        while (start := text.find("${", at)) >= 0:
            end = text.find("}", start)
            if end < 0:
                raise LayerError(f"${{ without its }} in {values.written(text)}", rule="expression")
            if start > at:
                parts.append(text[at:start])
            parts.append(Expression(text[start + 2 : end].strip()))
            at = end + 1
        if at < len(text):
            parts.append(text[at:])
        self.parts = parts
        #: The only part, if it is an expression.
        self._only = parts[0] if len(parts) == 1 and isinstance(parts[0], Expression) else None
        self.names: frozenset[str] = frozenset().union(*(p.names for p in parts if isinstance(p, Expression)))

    def __call__(self, names: Names) -> Value:
        if self._only is not None:
            return self._only(names)
        texts = []
        for part in self.parts:
            found = part if isinstance(part, str) else part(names)
            if not isinstance(found, str):
                raise LayerError("a list cannot stand inside a word", rule="expression")
            texts.append(found)
        if sum(map(len, texts)) > MAX_LENGTH:
            raise LayerError(f"the text grows beyond {MAX_LENGTH} characters", rule="expression")
        return "".join(texts)


class Parts(tuple[object, ...]):
    """A list with templates somewhere in it."""

    __slots__ = ()


class Pairs(tuple[tuple[str, object], ...]):
    """A map with templates somewhere in it."""

    __slots__ = ()


Dynamic = Union[Template, Parts, Pairs]
"""A template, or a list or map of templates."""


def evaluate(value: Value | Dynamic, names: Names) -> Value:
    """Return a value with every ${…} computed. Raises LayerError or Unknown."""
    if isinstance(value, Template):
        return value(names)
    if isinstance(value, Parts):
        return _bounded(tuple(evaluate(part, names) for part in value))  # type: ignore[arg-type]  # Parts holds values and dynamics
    if isinstance(value, Pairs):
        return Map((key, evaluate(part, names)) for key, part in value)  # type: ignore[arg-type]  # as above
    return value


def _bounded(value: tuple[Value, ...]) -> Value:
    """Return the list if it is within the limit, which nested lists that double again and again exceed. Raises LayerError."""
    count = 0
    todo: list[Value] = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, tuple):
            count += len(one)
            if count > MAX_ITEMS:
                raise LayerError(f"the list grows beyond {MAX_ITEMS:,} items", rule="expression")
            todo.extend(one)
    return value


def names_in(value: Value | Dynamic) -> frozenset[str]:
    """Return the names that the expressions of a value use."""
    if isinstance(value, Template):
        return value.names
    if isinstance(value, Parts):
        return frozenset().union(*(names_in(part) for part in value))  # type: ignore[arg-type]  # as above
    if isinstance(value, Pairs):
        return frozenset().union(*(names_in(part) for _, part in value))  # type: ignore[arg-type]  # as above
    return frozenset()
