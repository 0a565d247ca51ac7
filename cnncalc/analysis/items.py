"""The rows of a network as items that can be matched with those of another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnncalc.graph import Node
from cnncalc.problem import Location
from cnncalc.shape import Flow


@dataclass(slots=True, eq=False)
class Element:
    """A layer or a group of layers. The layer that merges branches is the last one of their group."""

    name: str
    #: Its name within its group, and the same without the number of its copy.
    label: str
    base: str
    #: The name by which it is matched, None if it has only an automatic name.
    identity: str | None
    #: Whether `base` is written in the file.
    named: bool
    kind: str
    #: Equal for items whose rows, and the rows in them, have equal content, automatic names left out.
    content: int
    #: The number of its layers.
    size: int
    flow: Flow | None
    location: Location
    node: Node | None
    children: list[Element]

    @property
    def is_group(self) -> bool:
        return self.node is None

    def leaves(self) -> list[Element]:
        """Return its layers in order."""
        return [leaf for child in self.children for leaf in child.leaves()] if self.is_group else [self]

    @property
    def row(self) -> str:
        """Its full name without the number of its copy."""
        return f"{self.name.removesuffix(self.label)}{self.base}"


def written_fields(node: Node) -> dict[str, Any]:
    """Return the fields of a layer, without the names of its inputs, which change when rows are inserted between."""
    if node.merges is not None:
        return {"merge": node.kind, "branches": list(node.merges.labels)}
    return node.fields
