"""Types of fields that hold shapes, ranges of an axis, and names of rows."""

from __future__ import annotations

from typing import Any

from cnncalc import values
from cnncalc.layers.notation import plainer
from cnncalc.layers.scalar import Type, whole
from cnncalc.shape import LARGEST, LayerError, OpenShape, Shape
from cnncalc.values import Value


class ShapeText(Type[Shape]):
    """A shape, in the file's layout."""

    _read = staticmethod(values.shape)

    def parse(self, value: Value, layout: str = "channels_last") -> Shape:
        try:
            return self._read(value, layout)
        except LayerError as error:
            raise LayerError(f"cannot be read: {error.template}", rule=error.rule) from None

    def check(self, value: Any) -> Shape:
        if isinstance(value, str):
            return self.parse(value)
        sizes = self._sizes(value)
        if min(sizes) < 1:
            raise LayerError(f"must have sizes of at least 1, got {'x'.join(map(str, sizes))}", rule="value")
        return Shape(*sizes)

    def _sizes(self, value: Any) -> list[int]:
        parts = value if isinstance(value, (tuple, list)) else (value,)
        sizes = [whole(0 if part is None else part) for part in parts]
        if not 1 <= len(sizes) <= 4 or None in sizes:
            raise self.wrong(value)
        found = [n for n in sizes if n is not None]
        if max(found) > LARGEST:
            raise LayerError(f"must have sizes of at most 2147483647 (2³¹ − 1), got {max(found)}", rule="value")
        return found

    def show(self, value: Shape, layout: str = "channels_last") -> str:
        return value.text(layout)

    def describe(self) -> str:
        return "a shape such as 4x4x512"

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/shape"}


class OpenShapeText(ShapeText):
    """A shape in the file's layout of which one size may be `_`; that size is 0 in the shape stored."""

    _read = staticmethod(values.open_shape)

    def check(self, value: Any) -> Shape:
        if isinstance(value, str):
            return self.parse(value)
        sizes = self._sizes(value)
        if min(sizes) < 0 or sizes.count(0) > 1:
            raise self.wrong(value)
        return OpenShape(*sizes) if 0 in sizes else Shape(*sizes)

    def describe(self) -> str:
        return f"{super().describe()}, one size of which may be _"

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [super().schema(), {"type": "string", "pattern": r"^([1-9][0-9_]*x)*_(x[1-9][0-9_]*)*$"}]}


class ShapeOrSame(Type[Shape | str]):
    """A shape, in the file's layout, or the word `same`."""

    _shape = ShapeText()

    def parse(self, value: Value, layout: str = "channels_last") -> Shape | str:
        if isinstance(value, str) and value != "same" and value.lower() == "same":
            raise self.wrong(value)
        return "same" if value == "same" else self._shape.parse(value, layout)

    def check(self, value: Any) -> Shape | str:
        return "same" if isinstance(value, str) and value == "same" else self._shape.check(value)

    def show(self, value: Shape | str, layout: str = "channels_last") -> str:
        return value if isinstance(value, str) else value.text(layout)

    def describe(self) -> str:
        return f"{self._shape.describe()}, or same"

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"const": "same"}, self._shape.schema()]}


class ChannelRange(Type[tuple[int, int | None]]):
    """`"a:b"`: places a up to, not including, b of an axis; either may be left out."""

    def parse(self, value: Value, layout: str = "channels_last") -> tuple[int, int | None]:
        if isinstance(value, str) and value.count(":") == 1:
            first, last = value.split(":")
            start = values.integer(first) if first.strip() else 0
            end = values.integer(last) if last.strip() else None
            if start is not None and (end is not None or not last.strip()):
                return self._range(start, end, value)
        raise self.wrong(value)

    def check(self, value: Any) -> tuple[int, int | None]:
        if isinstance(value, str):
            return self.parse(value)
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise self.wrong(value)
        start, end = whole(value[0]), None if value[1] is None else whole(value[1])
        if start is None or (end is None and value[1] is not None):
            raise self.wrong(value)
        return self._range(start, end, value)

    @staticmethod
    def _range(start: int, end: int | None, value: Any) -> tuple[int, int | None]:
        if start < 0 or (end is not None and end <= start):
            raise LayerError(f'must be "a:b" with 0 ≤ a < b, got {value}', rule="value")
        return start, end

    def hint(self, value: Any) -> str:
        parts = next((parts for parts, _ in plainer(value) if isinstance(parts, tuple)), value)
        ends = [str(part) for part in parts] if isinstance(parts, tuple) else []
        if len(ends) == 2 and all(map(str.isdecimal, ends)) and int(ends[0]) < int(ends[1]):
            return f'; write "{ends[0]}:{ends[1]}"'
        return ""

    def show(self, value: tuple[int, int | None], layout: str = "channels_last") -> str:
        return f"{value[0]}:{'' if value[1] is None else value[1]}"

    def write(self, value: tuple[int, int | None], layout: str = "channels_last") -> str:
        # Without quotes 1:4 is a number to base 60 for readers of YAML 1.1.
        return f'"{self.show(value)}"'

    def describe(self) -> str:
        return 'a range of channels "a:b", from a up to, not including, b'

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\s*[0-9_]*\s*:\s*[0-9_]*\s*$"}


class RowNames(Type[tuple[str, ...] | str]):
    """The rows that a join reads: one name and the row above, or a list of two or more; `stage.*` is every copy of stage."""

    ALL = ".*"

    def parse(self, value: Value, layout: str = "channels_last") -> tuple[str, ...] | str:
        if isinstance(value, str) and value:
            if value.endswith(self.ALL):
                raise LayerError(f"takes the copies of a repeated row in a list: [{value}]", rule="value")
            if "," in value:
                raise self.wrong(value)
            return value
        if isinstance(value, tuple) and not isinstance(value, values.Map):
            names = tuple(v for v in value if isinstance(v, str) and v)
            if len(names) == len(value) and (len(names) > 1 or (names and names[0].endswith(self.ALL))):
                return names
        raise self.wrong(value)

    def check(self, value: Any) -> tuple[str, ...] | str:
        return self.parse(tuple(value) if isinstance(value, list) else value)

    def show(self, value: tuple[str, ...] | str, layout: str = "channels_last") -> str:
        return value if isinstance(value, str) else ", ".join(value)

    def write(self, value: tuple[str, ...] | str, layout: str = "channels_last") -> str:
        return value if isinstance(value, str) else f"[{', '.join(value)}]"

    def describe(self) -> str:
        return "the name of a row to join with the one above, or a list of two or more names; [stage.*] names every copy of stage"

    def schema(self) -> dict[str, Any]:
        name = {"type": ["string", "number", "boolean"]}
        copies = {"type": "array", "items": {"type": "string", "pattern": r"\.\*$"}, "minItems": 1}
        return {"anyOf": [name, {"type": "array", "items": name, "minItems": 2}, copies]}
