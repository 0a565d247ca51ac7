"""Layers and groups under the names of a foreign file: a thin layer over the builder that several formats share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cnncalc.layers import KINDS
from cnncalc.layers.option import Cells, PerAxis
from cnncalc.place import NOWHERE
from cnncalc.shape import LayerError, Shape

if TYPE_CHECKING:
    from cnncalc.build.builder import Builder
    from cnncalc.graph import Graph, Group, Node, Producer
    from cnncalc.layers import Layer
    from cnncalc.place import Place

#: Layers of a network; the largest published ones have a few thousand.
MAX_LAYERS = 30_000


class TooManyLayers(Exception):
    """The network would have more layers than cnncalc takes."""


class UnknownInput(Exception):
    """A module needs a shape that is unknown because of an earlier problem."""


class Draft:
    """Makes layers inside the group that is open, under full names; every layer takes the place `location`."""

    def __init__(self, builder: Builder, fit: str = "floor") -> None:
        self.builder = builder
        self.fit = fit
        self.location = NOWHERE
        #: The place with its fields, if the format knows them; it replaces the location.
        self.place: Place | None = None
        self.trainable = True
        #: Dotted names of the open groups, as a prefix.
        self.prefix = ""

    def layer(
        self, name: str, kind: str, *inputs: Producer, trainable: bool = True, fit: str | None = None, **fields: Any
    ) -> Producer:
        """Add a layer; its name is relative to the open group. Field values are plain numbers, tuples and words."""
        return self.add(name, make_layer(kind, **fields), *inputs, trainable=trainable, fit=fit)

    def add(self, name: str, layer: Layer, *inputs: Producer, trainable: bool = True, fit: str | None = None) -> Node:
        """Add a layer. Raises TooManyLayers."""
        if len(self.builder.graph.nodes) >= MAX_LAYERS:
            raise TooManyLayers(f"the network has more than {MAX_LAYERS:,} layers")
        return self.builder.layer(
            self.prefix + name if name else self.prefix.removesuffix("."),
            layer,
            inputs,
            location=self.location,
            place=self.place,
            fit=fit or self.fit,
            trainable=trainable and self.trainable,
            shares=self.owner(layer),
        )

    def owner(self, layer: Layer) -> Node | None:
        """Return the layer whose weights the next one shares, None if it has its own."""
        return None

    def custom(
        self,
        name: str,
        operator: str,
        *inputs: Producer,
        output: Shape | str,
        parameters: int = 0,
        buffers: int = 0,
        macs: int | None = None,
        trainable: bool = True,
    ) -> Producer:
        """Add a custom layer, for an operator without a layer kind. `macs` is None if they are unknown."""
        fields: dict[str, Any] = {"operator": operator, "output": output, "parameters": parameters, "buffers": buffers}
        return self.layer(name, "custom", *inputs, trainable=trainable, macs=macs, **fields)

    @contextmanager
    def group(self, name: str, title: str, reads: Producer | None = None) -> Iterator[Group]:
        """Put the layers made inside into the group `name`; `title` describes it."""
        outside = self.prefix
        with self.builder.group(outside + name, "block", title, location=self.location, reads=reads) as group:
            self.prefix = f"{outside}{name}."
            try:
                yield group
            finally:
                self.prefix = outside


def shape_of(x: Producer) -> Shape:
    """The shape of a result. Raises UnknownShape."""
    flow = x.flow
    if not isinstance(flow, Shape):
        raise UnknownInput
    return flow


def channels(x: Producer) -> int:
    """The channels of a result. Raises UnknownShape."""
    return shape_of(x).channels


def map_of(x: Producer, reader: str) -> tuple[int, int, int]:
    """Height, width and channels. Raises LayerError for anything but a map of two axes; `reader` names what needs the map."""
    shape = shape_of(x)
    if shape.rank != 2:
        raise LayerError(f"the {reader} needs a map, height × width × channels, and {{}} flows in", shape)
    return shape[0], shape[1], shape[2]


def make_layer(kind: str, **fields: Any) -> Layer:
    """The layer of a kind from plain values: a number stands for every axis. Raises LayerError with the field at fault."""
    key = (kind, *((name, _hashable(value)) for name, value in fields.items() if value is not None))
    found = _MADE.get(key)
    if found is None:
        if len(_MADE) > _MOST_KEPT:
            _MADE.clear()
        found = _MADE[key] = _new_layer(kind, fields)
    return found


_MADE: dict[object, Layer] = {}
"""Layers that were made before: they never change, and equal ones are inferred once."""
_MOST_KEPT = 10_000


def _new_layer(kind: str, fields: dict[str, Any]) -> Layer:
    cls = KINDS.get(kind)
    if cls is None:
        raise LayerError(f"the language has no {kind}")
    read: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None:
            continue
        declared = cls.options.get(name) or next((one for one in cls.options.values() if one.attribute == name), None)
        if declared is None:
            raise LayerError(f"{kind} has no {name}")
        try:
            read[declared.name] = declared.type.check(_alike(value, declared.type))
        except LayerError as error:
            raise LayerError(f"{declared.name} {error.template}", rule=error.rule, field=declared.name) from None
    return cls(**read)


def _hashable(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and not isinstance(value, Shape):
        return tuple(map(_hashable, value))
    # 1, 1.0 and True compare equal but are different values of a field.
    return type(value), str(value) if isinstance(value, dict) else value


def _alike(value: Any, type_: object) -> Any:
    """One number for values that are the same along every axis."""
    if isinstance(type_, (PerAxis, Cells)) and isinstance(value, (list, tuple)):
        if value and len(set(value)) == 1 and not isinstance(value[0], (list, tuple)):
            return value[0]
    return value


def is_complete(graph: Graph) -> bool:
    """Whether no layer is custom and every shape is known."""
    return not any(node.kind == "custom" or node.shape is None for node in graph.nodes)
