"""What a field of a layer kind may hold: how it is read, what it is in words, and its JSON Schema."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from cnncalc import values
from cnncalc.shape import LARGEST, LayerError, Shape
from cnncalc.values import Value, written

T_co = TypeVar("T_co", covariant=True)


class Every(tuple[T_co, ...]):
    """One value that stands for every spatial axis, however many there are."""

    __slots__ = ()


Axes = tuple[int, ...]
"""A number per spatial axis, or Every."""

Pairs = tuple[tuple[int, int], ...]
"""Cells before and after, per spatial axis, or Every."""

ONE: Axes = Every((1,))
ZERO: Axes = Every((0,))
UNPADDED: Pairs = Every(((0, 0),))


class Type(Protocol[T_co]):
    """What a field may hold. `read` raises LayerError, without the field's name."""

    def read(self, value: Value, layout: str) -> T_co: ...
    def describe(self) -> str: ...
    def schema(self) -> dict[str, Any]: ...


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


class Option(Generic[T_co]):
    """A field of a kind: its type, default and a sentence.

    `main` marks the kind's value, `also` the names other tools give it; `attribute` is where an instance stores it.
    `wires`: it names the layer's inputs, and an instance does not store it.
    """

    __slots__ = ("also", "attribute", "default", "doc", "main", "name", "type", "wires")

    def __init__(
        self, type_: Type[T_co], doc: str, default: Any, main: bool, also: tuple[str, ...], name: str, wires: bool
    ) -> None:
        self.name = name
        self.attribute = name
        self.type = type_
        self.doc = doc
        self.default = default
        self.main = main
        self.also = also
        self.wires = wires

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def option(
    type_: Type[T_co],
    doc: str,
    *,
    default: Any = REQUIRED,
    main: bool = False,
    also: tuple[str, ...] = (),
    name: str = "",
    wires: bool = False,
) -> Any:
    """Declares a field in the body of a kind's class; `name` is its name in the language where Python cannot have it."""
    return Option(type_, doc, default, main, also, name, wires)


class Count:
    """A whole number from `least` to `most`."""

    def __init__(self, least: int = 1, most: int = LARGEST) -> None:
        self.least = least
        self.most = most

    def read(self, value: Value, layout: str) -> int:
        found = values.integer(value) if isinstance(value, str) else None
        if found is None:
            raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")
        return self.bounded(found)

    def bounded(self, found: int) -> int:
        if found < self.least:
            raise LayerError(f"must be at least {self.least}, got {found}", rule="value")
        if found > self.most:
            most = "2147483647 (2³¹ − 1)" if self.most == LARGEST else str(self.most)
            raise LayerError(f"must be at most {most}, got {found}", rule="value")
        return found

    def describe(self) -> str:
        return f"a whole number of at least {self.least}"

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Number:
    """A number from `least` on, below `below` where that is given."""

    def __init__(self, least: float | None = None, below: float | None = None, above: float | None = None) -> None:
        self.least = least
        self.below = below
        self.above = above

    def read(self, value: Value, layout: str) -> float:
        found = values.number(value) if isinstance(value, str) else None
        if found is None:
            raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")
        if (
            (self.least is not None and found < self.least)
            or (self.below is not None and found >= self.below)
            or (self.above is not None and found <= self.above)
        ):
            raise LayerError(f"must be {self.describe()}, got {written(value)}", rule="value")
        return found

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


class Flag:
    """`true` or `false`."""

    def read(self, value: Value, layout: str) -> bool:
        found = values.boolean(value) if isinstance(value, str) else None
        if found is None:
            raise LayerError(f"is true or false, not {written(value)}", rule="value")
        return found

    def describe(self) -> str:
        return "true or false"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Choice:
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, value: Value, layout: str) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")
        return value

    def describe(self) -> str:
        return " or ".join(self.words)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


class PerAxis:
    """A number for every axis, or one per axis as `3x5` or `[3, 5]`."""

    def __init__(self, least: int = 1) -> None:
        self.count = Count(least)

    def read(self, value: Value, layout: str) -> Axes:
        parts: tuple[Value, ...]
        if isinstance(value, str):
            found = values.integer(value)
            if found is not None:
                return Every((self.count.bounded(found),))
            parts = tuple(value.split("x"))
        elif isinstance(value, tuple) and not isinstance(value, values.Map) and value:
            parts = value
        else:
            raise self._not(value)
        numbers = [values.integer(part) if isinstance(part, str) else None for part in parts]
        if None in numbers or len(numbers) > 3:
            raise self._not(value)
        return tuple(self.count.bounded(n) for n in numbers if n is not None)

    def _not(self, value: Value) -> LayerError:
        return LayerError(f"is {self.describe()}, not {written(value)}", rule="value")

    def describe(self) -> str:
        return f"{self.count.describe()}, or one per axis as 3x5 or [3, 5]"

    def schema(self) -> dict[str, Any]:
        one = self.count.schema()
        text = {"type": "string", "pattern": r"^\s*[0-9][0-9_]*(x[0-9][0-9_]*){0,2}\s*$"}
        return {"anyOf": [one, text, {"type": "array", "items": {"anyOf": [one, text]}, "minItems": 1, "maxItems": 3}]}


class Cells:
    """Cells around a map, as padding: one number for every side, one per axis, or `[before, after]` pairs; or one of `words`."""

    def __init__(self, *words: str, pairs: bool = True) -> None:
        self.words = words
        self.pairs = pairs
        self._axes = PerAxis(0)

    def read(self, value: Value, layout: str) -> Pairs | str:
        if isinstance(value, str) and value in self.words:
            return value
        if isinstance(value, str) or value is None or isinstance(value, values.Map):
            try:
                axes = self._axes.read(value, layout)
                pairs = tuple((n, n) for n in axes)
                return Every(pairs) if isinstance(axes, Every) else pairs
            except LayerError as fact:
                raise self._not(value) if "must be" not in fact.template else fact from None
        if not 1 <= len(value) <= 3:
            raise self._not(value)
        found = []
        for part in value:
            sides = part if isinstance(part, tuple) and not isinstance(part, values.Map) and self.pairs else (part, part)
            numbers = [values.integer(side) if isinstance(side, str) else None for side in sides]
            if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
                raise self._not(value)
            found.append((self._axes.count.bounded(numbers[0]), self._axes.count.bounded(numbers[1])))
        return tuple(found)

    def _not(self, value: Value) -> LayerError:
        return LayerError(f"is {self.describe()}, not {written(value)}", rule="value")

    def describe(self) -> str:
        text = "a whole number of at least 0, or one per axis as 1x2 or [1, 2]"
        if self.pairs:
            text += ", or pairs [[before, after], …]"
        return text + "".join(f", or {word}" for word in self.words)

    def schema(self) -> dict[str, Any]:
        base = self._axes.schema()["anyOf"]
        side = base[0]
        item: dict[str, Any] = {"anyOf": [side, base[1]]}
        if self.pairs:
            item["anyOf"].append({"type": "array", "items": {"anyOf": [side, base[1]]}, "minItems": 2, "maxItems": 2})
        forms = [side, base[1], {"type": "array", "items": item, "minItems": 1, "maxItems": 3}]
        return {"anyOf": [*forms, {"enum": list(self.words)}] if self.words else forms}


class RowNames:
    """The rows that a join reads: one name beside the row above, or a list of two or more; `stage.*` is every copy of stage."""

    ALL = ".*"

    def read(self, value: Value, layout: str) -> tuple[str, ...] | str:
        if isinstance(value, str) and value:
            if value.endswith(self.ALL):
                raise LayerError(f"takes the copies of a repeated row in a list: [{value}]", rule="value")
            return value
        if isinstance(value, tuple) and not isinstance(value, values.Map):
            names = tuple(v for v in value if isinstance(v, str) and v)
            if len(names) == len(value) and (len(names) > 1 or (names and names[0].endswith(self.ALL))):
                return names
        raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")

    def describe(self) -> str:
        return "the name of a row to join with the one above, or a list of two or more names; [stage.*] names every copy of stage"

    def schema(self) -> dict[str, Any]:
        name = {"type": ["string", "number", "boolean"]}
        copies = {"type": "array", "items": {"type": "string", "pattern": r"\.\*$"}, "minItems": 1}
        return {"anyOf": [name, {"type": "array", "items": name, "minItems": 2}, copies]}


class ShapeText:
    """A shape, in the file's layout."""

    def read(self, value: Value, layout: str) -> Shape:
        try:
            return values.shape(value, layout)
        except LayerError as fact:
            raise LayerError(f"cannot be read: {fact.template}", rule=fact.rule) from None

    def describe(self) -> str:
        return "a shape such as 4x4x512"

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/shape"}


class OpenShapeText(ShapeText):
    """A shape in the file's layout of which one size may be `_`; that size is 0 in the shape read."""

    def read(self, value: Value, layout: str) -> Shape:
        try:
            return values.open_shape(value, layout)
        except LayerError as error:
            raise LayerError(f"cannot be read: {error.template}", rule=error.rule) from None

    def describe(self) -> str:
        return f"{super().describe()}, one size of which may be _"

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [super().schema(), {"type": "string", "pattern": r"^([1-9][0-9_]*x)*_(x[1-9][0-9_]*)*$"}]}


class ShapeOrSame(ShapeText):
    """A shape, in the file's layout, or the word `same`."""

    def read(self, value: Value, layout: str) -> Shape | str:  # type: ignore[override]  # a word beside a shape
        return "same" if value == "same" else super().read(value, layout)

    def describe(self) -> str:
        return f"{super().describe()}, or same"

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"const": "same"}, super().schema()]}


class Word:
    """Text on one line."""

    def read(self, value: Value, layout: str) -> str:
        if not isinstance(value, str) or not value.strip() or len(value.splitlines()) > 1:
            raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")
        return value

    def describe(self) -> str:
        return "a word"

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"]}


class ChannelRange:
    """`"a:b"`: channels a up to, not including, b; either may be left out."""

    def read(self, value: Value, layout: str) -> tuple[int, int | None]:
        if isinstance(value, str) and value.count(":") == 1:
            first, last = value.split(":")
            start = values.integer(first) if first.strip() else 0
            end = values.integer(last) if last.strip() else None
            if start is not None and (end is not None or not last.strip()):
                if start < 0 or (end is not None and end <= start):
                    raise LayerError(f'must be "a:b" with 0 ≤ a < b, got {written(value)}', rule="value")
                return start, end
        raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")

    def describe(self) -> str:
        return 'a range of channels "a:b", from a up to, not including, b'

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\s*[0-9_]*\s*:\s*[0-9_]*\s*$"}


AXIS_NAMES = ("depth", "height", "width", "length", "channels")


class Axis(Choice):
    """The name of one axis."""

    def __init__(self) -> None:
        super().__init__(*AXIS_NAMES)


class AxisSet:
    """Names of axes, in any order: one word or a list."""

    def read(self, value: Value, layout: str) -> tuple[str, ...]:
        names = (value,) if isinstance(value, str) else value
        if not isinstance(names, tuple) or isinstance(names, values.Map) or not names:
            raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")
        for name in names:
            if not isinstance(name, str) or name not in AXIS_NAMES:
                raise LayerError(f"knows the axes {', '.join(AXIS_NAMES)}, not {written(name)}", rule="value")
        if len(set(names)) < len(names):
            raise LayerError(f"names an axis twice: {written(value)}", rule="value")
        return tuple(sorted((str(name) for name in names), key=AXIS_NAMES.index))

    def describe(self) -> str:
        return "an axis such as height, or a list of axes"

    def schema(self) -> dict[str, Any]:
        name = {"enum": list(AXIS_NAMES)}
        return {"anyOf": [name, {"type": "array", "items": name, "minItems": 1, "maxItems": 4, "uniqueItems": True}]}


class Ends:
    """Two numbers, before and after."""

    def read(self, value: Value, layout: str) -> tuple[int, int]:
        parts = value if isinstance(value, tuple) and not isinstance(value, values.Map) else ()
        numbers = [values.integer(part) if isinstance(part, str) else None for part in parts]
        if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
            raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")
        count = Count(0)
        return count.bounded(numbers[0]), count.bounded(numbers[1])

    def describe(self) -> str:
        return "a pair [before, after]"

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": Count(0).schema(), "minItems": 2, "maxItems": 2}


class AxisNames:
    """Names of axes, in the order wanted, in the file's layout."""

    NAMES = ("depth", "height", "width", "length", "channels")

    def read(self, value: Value, layout: str) -> tuple[str, ...]:
        if not isinstance(value, tuple) or isinstance(value, values.Map) or len(value) < 2:
            raise LayerError(f"is {self.describe()}, not {written(value)}", rule="value")
        names = []
        for name in value:
            if not isinstance(name, str) or name not in self.NAMES:
                raise LayerError(f"knows the axes {', '.join(self.NAMES)}, not {written(name)}", rule="value")
            if name in names:
                raise LayerError(f"names {name} twice", rule="value")
            names.append(name)
        return tuple(names) if layout == "channels_last" else (*names[1:], names[0])

    def describe(self) -> str:
        return "a list of the input's axes such as [width, height, channels]"

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"enum": list(self.NAMES)}, "minItems": 2, "maxItems": 4, "uniqueItems": True}
