"""Fields of layer kinds: declared once, with a type, a default and a description. The types are in the files beside this one."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from cnncalc.layers.axis import (
    ONE,
    SIGNED,
    UNPADDED,
    ZERO,
    Axes,
    AxisName,
    AxisNames,
    AxisSet,
    Cells,
    Ends,
    Every,
    Pairs,
    PerAxis,
)  # fmt: skip
from cnncalc.layers.scalar import Choice, Count, Flag, Number, Numbers, Type, Word
from cnncalc.layers.shaped import ChannelRange, OpenShapeText, RowNames, ShapeOrSame, ShapeText

__all__ = [
    "ONE", "REQUIRED", "SIGNED", "UNPADDED", "ZERO", "Axes", "AxisName", "AxisNames", "AxisSet", "Cells",
    "ChannelRange", "Choice", "Count", "Ends", "Every", "Flag", "Number", "Numbers", "OpenShapeText", "Option", "Pairs",
    "PerAxis", "RowNames", "ShapeOrSame", "ShapeText", "Type", "Word", "option",
]  # fmt: skip

T = TypeVar("T")


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


class Option(Generic[T]):
    """A field of a kind: its type, default and description.

    `main` marks the kind's value, `also` its names in other tools; `attribute` is the attribute in which an instance stores it.
    `wires`: it names the layer's inputs, and an instance does not store it. `rare`: JSON leaves it out at its default.
    """

    __slots__ = ("also", "attribute", "default", "doc", "main", "name", "rare", "type", "wires")

    def __init__(
        self, type_: Type[T], doc: str, default: Any, main: bool, also: tuple[str, ...], name: str, wires: bool, rare: bool
    ) -> None:
        self.name = name
        self.attribute = name
        self.type = type_
        self.doc = doc
        self.default = default
        self.main = main
        self.also = also
        self.wires = wires
        self.rare = rare

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def option(
    type_: Type[T],
    doc: str,
    *,
    default: Any = REQUIRED,
    main: bool = False,
    also: tuple[str, ...] = (),
    name: str = "",
    wires: bool = False,
    rare: bool = False,
) -> Any:
    """Declare a field in the body of a kind's class; `name` is its name in the language if that is a keyword of Python."""
    return Option(type_, doc, default, main, also, name, wires, rare)
