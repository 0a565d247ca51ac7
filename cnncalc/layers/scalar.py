"""Types of fields that hold one value: numbers, words, true or false."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import index
from typing import Any, Generic, TypeVar

from cnncalc import values
from cnncalc.layers.notation import plainer
from cnncalc.shape import LARGEST, LayerError
from cnncalc.spelling import nearest
from cnncalc.values import Value, written

T = TypeVar("T")


class Type(Generic[T]):
    """The type of a field.

    `parse` reads a value of a file, `check` a Python value; both raise LayerError without the field's name. `show` writes a value
    for a table, `write` for a file.
    """

    def parse(self, value: Value, layout: str = "channels_last") -> T:
        """Return the field's value from a word, a list or a map of a file."""
        raise NotImplementedError

    def check(self, value: Any) -> T:
        """Return the field's value from a Python value, in its one form."""
        raise NotImplementedError

    def show(self, value: T, layout: str = "channels_last") -> str:
        """Return the value in a few characters, for readers."""
        return str(value)

    def write(self, value: T, layout: str = "channels_last") -> str:
        """Return the value as a row in braces writes it; `parse` reads the same value back."""
        return self.show(value, layout)

    def describe(self) -> str:
        """Return the valid values, in words."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        raise NotImplementedError

    def wrong(self, value: Any) -> LayerError:
        """Return the error for an invalid value: the valid values, the value given, and, if known, what to write instead."""
        return LayerError(f"must be {self.describe()}, got {shown(value)}{self.hint(value)}", rule="value")

    def hint(self, value: Any) -> str:
        """Return `; write …` for a value in another notation, else an empty text."""
        for meant, text in plainer(value):
            if meant == value:
                continue
            try:
                self.parse(meant)
            except LayerError:
                continue
            return f"; write {text}"
        return ""


def shown(value: Any) -> str:
    """Return a value of a file or of Python on one line, shortened if it is long."""
    text = written(value) if value is None or isinstance(value, (str, values.Map)) or _is_value(value) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _is_value(value: Any) -> bool:
    return isinstance(value, tuple) and all(part is None or isinstance(part, str) or _is_value(part) for part in value)


def whole(value: Any) -> int | None:
    """Return a whole number of Python or NumPy, also a float such as 32.0; None for anything else, booleans included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    try:
        return index(value)
    except TypeError:
        return None


class Count(Type[int]):
    """A whole number from `least` to `most`.

    `pair` is the index of the number that is meant where other tools write it beside a number that comes from the input.
    """

    def __init__(self, least: int = 1, most: int = LARGEST, pair: int | None = None) -> None:
        self.least = least
        self.most = most
        self.pair = pair

    def parse(self, value: Value, layout: str = "channels_last") -> int:
        found = values.integer(value) if isinstance(value, str) else None
        if found is None:
            raise self.wrong(value)
        return self.bounded(found)

    def check(self, value: Any) -> int:
        found = whole(value)
        if found is None:
            raise self.wrong(value)
        return self.bounded(found)

    def bounded(self, found: int) -> int:
        """Return `found` if it is within the bounds. Raises LayerError."""
        if found < self.least:
            raise LayerError(f"must be at least {self.least}, got {found}", rule="value")
        if found > self.most:
            most = "2147483647 (2³¹ − 1)" if self.most == LARGEST else str(self.most)
            raise LayerError(f"must be at most {most}, got {found}", rule="value")
        return found

    def hint(self, value: Any) -> str:
        meant = next((parts for parts, _ in plainer(value) if isinstance(parts, tuple)), value)
        distinct = (
            isinstance(meant, tuple) and len(set(meant)) == 2 == len(meant) and all(isinstance(part, str) for part in meant)
        )
        if distinct and self.pair is not None:
            count = values.integer(str(meant[self.pair]))
            if count is not None and self.least <= count <= self.most:
                return f"; write {count}, the other number comes from what flows in"
        if isinstance(meant, tuple) and len(meant) > 1 and len(set(meant)) == 1:
            return super().hint((meant[0],))
        if isinstance(value, str) and "x" in value and len(sides := set(value.split("x"))) == 1:
            return super().hint((sides.pop(),))
        return super().hint(value)

    def describe(self) -> str:
        if self.most != LARGEST:
            return f"a whole number from {self.least} to {self.most}"
        return f"a whole number of at least {self.least}" if self.least > -LARGEST else "a whole number"

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Number(Type[float]):
    """A finite number from `least` on, above `above` and below `below` if these are given."""

    def __init__(self, least: float | None = None, below: float | None = None, above: float | None = None) -> None:
        self.least = least
        self.below = below
        self.above = above

    def parse(self, value: Value, layout: str = "channels_last") -> float:
        found = values.number(value) if isinstance(value, str) else None
        if found is None:
            raise self.wrong(value)
        return self._bounded(found, value)

    def check(self, value: Any) -> float:
        if isinstance(value, (bool, str)):
            raise self.wrong(value)
        try:
            found = float(value)
        except (TypeError, ValueError):
            raise self.wrong(value) from None
        if not math.isfinite(found):
            raise self.wrong(value)
        return self._bounded(found, value)

    def _bounded(self, found: float, value: Any) -> float:
        if not self._within(found):
            raise self.wrong(value)
        return found

    def _within(self, found: float) -> bool:
        return not (
            (self.least is not None and found < self.least)
            or (self.below is not None and found >= self.below)
            or (self.above is not None and found <= self.above)
        )

    def hint(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > 40:
            return super().hint(value) if not isinstance(value, str) else ""
        text = value.strip()
        if text.endswith("%"):
            share = values.number(text[:-1].strip())
            text = f"{share / 100:g}" if share is not None else ""
        first, slash, second = text.partition("/")
        if slash and values.number(first.strip()) is not None and (values.number(second.strip()) or 0) != 0:
            return f'; write "${{{first.strip()} / {second.strip()}}}"'
        text = text.replace(",", ".").replace(" ", "")
        found = values.number(text)
        return f"; write {text}" if found is not None and text != value and self._within(found) else ""

    def show(self, value: float, layout: str = "channels_last") -> str:
        return f"{value:g}"

    def write(self, value: float, layout: str = "channels_last") -> str:
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)

    def describe(self) -> str:
        bounds = []
        if self.least is not None:
            bounds.append(f"of at least {self.least:g}")
        if self.above is not None:
            bounds.append(f"above {self.above:g}")
        if self.below is not None:
            bounds.append(f"below {self.below:g}")
        return " ".join(["a number", " and ".join(bounds)]).rstrip()

    def schema(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "number"}
        for key, bound in (("minimum", self.least), ("exclusiveMinimum", self.above), ("exclusiveMaximum", self.below)):
            if bound is not None:
                found[key] = bound
        return found


class Numbers(Type[tuple[float, ...]]):
    """A number for all channels, or a list with a number for each."""

    def __init__(self, least: float | None = None) -> None:
        self.each = Number(least)

    def parse(self, value: Value, layout: str = "channels_last") -> tuple[float, ...]:
        return tuple(self.each.parse(part) for part in self._parts(value))

    def check(self, value: Any) -> tuple[float, ...]:
        return tuple(self.each.check(part) for part in self._parts(value))

    def _parts(self, value: Any) -> tuple[Any, ...]:
        parts = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        if not parts:
            raise self.wrong(value)
        return parts

    def show(self, value: tuple[float, ...], layout: str = "channels_last") -> str:
        return self.each.show(value[0]) if len(value) == 1 else ", ".join(map(self.each.show, value))

    def write(self, value: tuple[float, ...], layout: str = "channels_last") -> str:
        return self.each.write(value[0]) if len(value) == 1 else f"[{', '.join(map(self.each.write, value))}]"

    def describe(self) -> str:
        return f"{self.each.describe()}, or a list with one for each channel"

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.each.schema(), {"type": "array", "items": self.each.schema(), "minItems": 1}]}


class Flag(Type[bool]):
    """`true` or `false`."""

    def parse(self, value: Value, layout: str = "channels_last") -> bool:
        found = values.boolean(value) if isinstance(value, str) else None
        if found is None:
            raise self.wrong(value)
        return found

    def check(self, value: Any) -> bool:
        if type(value).__name__ not in ("bool", "bool_"):
            raise self.wrong(value)
        return bool(value)

    def hint(self, value: Any) -> str:
        word = str(value).lower()
        return (
            "; write true"
            if word in ("yes", "on", "y", "1")
            else "; write false"
            if word in ("no", "off", "n", "0", "none")
            else ""
        )

    def show(self, value: bool, layout: str = "channels_last") -> str:
        return "true" if value else "false"

    def describe(self) -> str:
        return "true or false"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Choice(Type[str]):
    """One of a few words; `also` has words of other tools and the word of the language for each."""

    def __init__(self, *words: str, also: Mapping[str, str] | None = None) -> None:
        self.words = words
        self.also = also or {}

    def parse(self, value: Value, layout: str = "channels_last") -> str:
        return self.check(value)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise self.wrong(value)
        return value

    def hint(self, value: Any) -> str:
        same = self.also.get(str(value).lower())
        if same is not None:
            return f"; write {same}"
        near = nearest(value, self.words) if isinstance(value, str) else None
        return super().hint(value) or (f"; did you mean {near}?" if near is not None else "")

    def describe(self) -> str:
        return ", ".join(self.words[:-1]) + f" or {self.words[-1]}" if len(self.words) > 1 else self.words[0]

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


class Word(Type[str]):
    """Text on one line."""

    def parse(self, value: Value, layout: str = "channels_last") -> str:
        return self.check(value)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or len(value.splitlines()) > 1:
            raise self.wrong(value)
        return value

    def write(self, value: str, layout: str = "channels_last") -> str:
        plain = value.replace("_", "").replace("-", "").replace(".", "")
        return value if plain.isalnum() and plain.isascii() and not plain[0].isdigit() else quoted(value)

    def describe(self) -> str:
        return "a word"

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"]}


def quoted(text: str) -> str:
    """Return text in double quotes, as YAML and JSON read it."""
    from json import dumps

    return dumps(text, ensure_ascii=False)
