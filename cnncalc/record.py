"""Plain data for modules that every command imports: `dataclass` compiles code for each class, which takes a millisecond."""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(eq_default=False)
class Record:
    """A class whose constructor takes its annotated attributes; those with a value in the class may be left out.

    Raises TypeError for attributes that are missing, unknown or given twice.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> Point(3).y, Point(y=4, x=3).y
    (0, 4)
    """

    _names: ClassVar[tuple[str, ...]] = ()
    _known: ClassVar[frozenset[str]] = frozenset()
    _needed: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        cls._names = tuple(cls.__annotations__)
        cls._known = frozenset(cls._names)
        cls._needed = frozenset(name for name in cls._names if not hasattr(cls, name))

    def __init__(self, *values: Any, **named: Any) -> None:
        found = self.__dict__
        found.update(zip(self._names, values, strict=False))
        found.update(named)
        if len(found) != len(values) + len(named) or not self._needed <= found.keys() or not found.keys() <= self._known:
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._names)}; it needs {', '.join(sorted(self._needed))}")
