"""Types of fields with a value for every spatial axis, and of names of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from cnncalc import values
from cnncalc.layers.notation import plainer
from cnncalc.layers.scalar import Choice, Count, Type, whole
from cnncalc.shape import AXES, AXIS_NAMES, LARGEST, LayerError
from cnncalc.spelling import nearest
from cnncalc.values import Value, written

T_co = TypeVar("T_co", covariant=True)


class Every(tuple[T_co, ...]):
    """One value for every spatial axis, for any number of axes."""

    __slots__ = ()


Axes = tuple[int, ...]
"""A number per spatial axis, or Every."""

Pairs = tuple[tuple[int, int], ...]
"""Cells before and after, per spatial axis, or Every."""

ONE: Axes = Every((1,))
ZERO: Axes = Every((0,))
UNPADDED: Pairs = Every(((0, 0),))


def times(parts: Sequence[str]) -> str:
    """Return the values of the axes as tables show them: `3` if all are equal, else `3×5`."""
    return parts[0] if len(set(parts)) == 1 else "×".join(parts)


def _list(value: Any) -> tuple[Any, ...] | None:
    """Return a list from Python or from a file as a tuple; None for anything else, a map included."""
    return tuple(value) if isinstance(value, (tuple, list)) and not isinstance(value, values.Map) else None


def _flat(value: Any) -> list[Any]:
    """Return the numbers of a list, and of lists in it."""
    parts = _list(value)
    return [value] if parts is None else [one for part in parts for one in _flat(part)]


class PerAxis(Type[Axes]):
    """A number for every axis, or one per axis as `3x5` or `[3, 5]`."""

    def __init__(self, least: int = 1) -> None:
        self.count = Count(least)

    def parse(self, value: Value, layout: str = "channels_last") -> Axes:
        if isinstance(value, str):
            found = values.integer(value)
            if found is not None:
                return Every((self.count.bounded(found),))
            parts: tuple[Value, ...] | None = tuple(part.strip() for part in values.sizes_of(value))
        else:
            parts = _list(value)
        numbers = [values.integer(part) if isinstance(part, str) else None for part in parts or ()]
        return self._axes(numbers, value)

    def check(self, value: Any) -> Axes:
        found = whole(value)
        if found is not None:
            return Every((self.count.bounded(found),))
        parts = _list(value)
        axes = self._axes([whole(part) for part in parts or ()], value)
        return Every(axes) if isinstance(value, Every) else axes

    def _axes(self, numbers: list[int | None], value: Any) -> Axes:
        if not 1 <= len(numbers) <= 3 or None in numbers:
            raise self.wrong(value)
        return tuple(self.count.bounded(n) for n in numbers if n is not None)

    def show(self, value: Axes, layout: str = "channels_last") -> str:
        return times([str(n) for n in value])

    def write(self, value: Axes, layout: str = "channels_last") -> str:
        if isinstance(value, Every):
            return str(value[0])
        # 3x5 needs no quotes or brackets; a list distinguishes one number in 1-D from a number for every axis.
        return "x".join(map(str, value)) if len(value) > 1 and min(value) >= 0 else str(list(value))

    def describe(self) -> str:
        return f"{self.count.describe()}, or one per axis as 3x5 or [3, 5]"

    def schema(self) -> dict[str, Any]:
        one = self.count.schema()
        sign = "-?" if self.count.least < 0 else ""
        number = rf"\s*{sign}[0-9][0-9_]*\s*"
        text = {"type": "string", "pattern": f"^{number}([xX×]{number}){{0,2}}$"}
        return {"anyOf": [one, text, {"type": "array", "items": {"anyOf": [one, text]}, "minItems": 1, "maxItems": 3}]}


class Cells(Type[Pairs | str]):
    """Cells around a map, as padding: one number for every side, one per axis, or `[before, after]` pairs; or one of `words`."""

    def __init__(self, *words: str, pairs: bool = True) -> None:
        self.words = words
        self.pairs = pairs
        self._axes = PerAxis(0)

    def parse(self, value: Value, layout: str = "channels_last") -> Pairs | str:
        if isinstance(value, str) and value in self.words:
            return value
        if isinstance(value, str):
            try:
                return self._alike(self._axes.parse(value, layout))
            except LayerError as error:
                # A number out of bounds has its own message; any other value is answered with all valid forms.
                raise error if error.template.startswith("must be at ") else self.wrong(value) from None
        return self._sides(value, lambda side: values.integer(side) if isinstance(side, str) else None)

    def check(self, value: Any) -> Pairs | str:
        if isinstance(value, str):
            if value not in self.words:
                raise self.wrong(value)
            return value
        found = whole(value)
        if found is not None:
            return self._alike(Every((self._axes.count.bounded(found),)))
        pairs = self._sides(value, whole)
        return Every(pairs) if isinstance(value, Every) else pairs

    @staticmethod
    def _alike(axes: Axes) -> Pairs:
        pairs = tuple((n, n) for n in axes)
        return Every(pairs) if isinstance(axes, Every) else pairs

    def _sides(self, value: Any, number: Any) -> Pairs:
        parts = _list(value)
        if parts is None or not 1 <= len(parts) <= 3:
            raise self.wrong(value)
        found = []
        for part in parts:
            pair = _list(part) if self.pairs else None
            numbers = [number(side) for side in (pair if pair is not None else (part, part))]
            if len(numbers) != 2 or None in numbers:
                raise self.wrong(value)
            before, after = map(self._axes.count.bounded, numbers)
            found.append((before, after))
        return tuple(found)

    def hint(self, value: Any) -> str:
        sides = _flat(value)
        if len(sides) > 3 and len(set(sides)) == 1 and isinstance(sides[0], str):
            return super().hint((sides[0],))
        word = value.lower() if isinstance(value, str) else ""
        meant = {"same_upper": "same", "same_lower": "same, which puts the odd cell after", "half": "same", "true": "same"}.get(
            word
        )
        if meant is not None and "same" in self.words:
            return f"; write {meant}"
        if word in ("valid", "none", "notset", "false"):
            return "; write 0"
        near = nearest(value, self.words) if isinstance(value, str) else None
        return super().hint(value) or (f"; did you mean {near}?" if near is not None else "")

    def show(self, value: Pairs | str, layout: str = "channels_last") -> str:
        if isinstance(value, str):
            return value
        return times([str(before) if before == after else f"{before}+{after}" for before, after in value])

    def write(self, value: Pairs | str, layout: str = "channels_last") -> str:
        if isinstance(value, str):
            return value
        if any(before != after for before, after in value):
            # The language has no form for one pair for every axis; the pair is written for two axes.
            return str([list(pair) for pair in (value * 2 if isinstance(value, Every) else value)])
        axes: Axes = tuple(before for before, _ in value)
        return self._axes.write(Every(axes) if isinstance(value, Every) else axes)

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


class Ends(Type[tuple[int, int]]):
    """Two numbers, before and after."""

    def parse(self, value: Value, layout: str = "channels_last") -> tuple[int, int]:
        return self._ends(value, lambda side: values.integer(side) if isinstance(side, str) else None)

    def check(self, value: Any) -> tuple[int, int]:
        return self._ends(value, whole)

    def _ends(self, value: Any, number: Any) -> tuple[int, int]:
        numbers = [number(part) for part in _list(value) or ()]
        if len(numbers) != 2 or None in numbers:
            raise self.wrong(value)
        before, after = map(Count(0).bounded, numbers)
        return before, after

    def show(self, value: tuple[int, int], layout: str = "channels_last") -> str:
        return f"{value[0]}+{value[1]}"

    def write(self, value: tuple[int, int], layout: str = "channels_last") -> str:
        return str(list(value))

    def describe(self) -> str:
        return "a pair [before, after]"

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": Count(0).schema(), "minItems": 2, "maxItems": 2}


class AxisName(Choice):
    """The name of one axis."""

    def __init__(self) -> None:
        # The last axis in TensorFlow, the first after the batch in PyTorch.
        super().__init__(*AXIS_NAMES, also={"-1": "channels", "c": "channels"})

    def hint(self, value: Any) -> str:
        found = super().hint(value)
        number = values.integer(value) if isinstance(value, str) else whole(value)
        return found or ("; write an axis by its name, such as channels" if number is not None else "")


class AxisSet(Type[tuple[str, ...]]):
    """Names of axes, in any order: one word or a list."""

    def parse(self, value: Value, layout: str = "channels_last") -> tuple[str, ...]:
        return self.check(value)

    def check(self, value: Any) -> tuple[str, ...]:
        names = (value,) if isinstance(value, str) else _list(value)
        if not names:
            raise self.wrong(value)
        numbers = _numbers(names)
        if numbers:
            # Which axis a number means depends on the tool, except for these.
            meant = {(-1,): "channels", (1, 2): "[height, width]", (2, 3): "[height, width]", (2, 3, 4): "[depth, height, width]"}
            write = meant.get(
                tuple(sorted(numbers)), "the names, as in [height, width]" if len(numbers) > 1 else "its name, as in height"
            )
            raise LayerError(f"must name axes among {', '.join(AXIS_NAMES)}, got {written(value)}; write {write}", rule="value")
        return tuple(sorted(checked_names(names), key=AXIS_NAMES.index))

    def show(self, value: tuple[str, ...], layout: str = "channels_last") -> str:
        return ", ".join(value)

    def write(self, value: tuple[str, ...], layout: str = "channels_last") -> str:
        return value[0] if len(value) == 1 else f"[{', '.join(value)}]"

    def describe(self) -> str:
        return "an axis such as height, or a list of axes"

    def schema(self) -> dict[str, Any]:
        name = {"enum": list(AXIS_NAMES)}
        return {"anyOf": [name, {"type": "array", "items": name, "minItems": 1, "maxItems": 4, "uniqueItems": True}]}


class AxisNames(Type[tuple[str, ...]]):
    """Names of axes, in the order wanted, in the file's layout; stored with the channels last."""

    def parse(self, value: Value, layout: str = "channels_last") -> tuple[str, ...]:
        listed = next((parts for parts, _ in plainer(value) if isinstance(parts, tuple)), value)
        numbers = _numbers(_list(listed) or ())
        if len(numbers) > 1:
            raise LayerError(
                f"must name axes among {', '.join(AXIS_NAMES)}, got {written(value)}{self._named(numbers, layout)}", rule="value"
            )
        names = self.check(value)
        return names if layout == "channels_last" else (*names[1:], names[0])

    def _named(self, numbers: tuple[int, ...], layout: str) -> str:
        """Return the hint for axes by number: the names, if the numbers count the axes of a shape from 0 or 1."""
        first = min(numbers)
        if first not in (0, 1) or sorted(numbers) != list(range(first, first + len(numbers))) or len(numbers) - 1 not in AXES:
            return "; write their names, as in [width, height, channels]"
        names = (*AXES[len(numbers) - 1], "channels") if layout == "channels_last" else ("channels", *AXES[len(numbers) - 1])
        if len(numbers) == 4 and numbers[0] == 0:
            return "; write their names without the batch, as in [width, height, channels]"
        return f"; of {', '.join(names)}, counted from {first}, these are [{', '.join(names[n - first] for n in numbers)}]"

    def check(self, value: Any) -> tuple[str, ...]:
        names = _list(value)
        if names is None or len(names) < 2:
            raise self.wrong(value)
        return checked_names(names)

    def show(self, value: tuple[str, ...], layout: str = "channels_last") -> str:
        return "×".join(self._ordered(value, layout))

    def write(self, value: tuple[str, ...], layout: str = "channels_last") -> str:
        return f"[{', '.join(self._ordered(value, layout))}]"

    @staticmethod
    def _ordered(value: tuple[str, ...], layout: str) -> tuple[str, ...]:
        return value if layout == "channels_last" else (value[-1], *value[:-1])

    def describe(self) -> str:
        return "a list of the input's axes such as [width, height, channels]"

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"enum": list(AXIS_NAMES)}, "minItems": 2, "maxItems": 4, "uniqueItems": True}


def _numbers(names: Sequence[Any]) -> tuple[int, ...]:
    """Return the axes if all are given by number, else an empty tuple."""
    found = [values.integer(name) if isinstance(name, str) else whole(name) for name in names]
    return tuple(n for n in found if n is not None) if None not in found else ()


def checked_names(names: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the names of axes. Raises LayerError for an unknown one, or one named twice."""
    found: list[str] = []
    for name in names:
        if not isinstance(name, str) or name not in AXIS_NAMES:
            text = written(name) if name is None or isinstance(name, str) else repr(name)
            raise LayerError(f"must name axes among {', '.join(AXIS_NAMES)}, got {text}", rule="value")
        if name in found:
            raise LayerError(f"names {name} twice", rule="value")
        found.append(name)
    return tuple(found)


SIGNED = PerAxis(-LARGEST)
"""A whole number for every axis, negative ones included."""
