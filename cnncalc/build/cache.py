"""Layers and inferences of earlier readings, for a text that is read again after every change."""

from __future__ import annotations

from typing import Any

from cnncalc.infer import Inference
from cnncalc.layers import KINDS, Layer
from cnncalc.shape import LayerError

#: Inferences kept before everything is forgotten: those of a few large networks.
_MANY = 20_000


class Cache:
    """Equal fields are read once, and equal layers on equal inputs are inferred once, in all readings that share this."""

    def __init__(self) -> None:
        self.infer = Inference()
        #: Layers and their faults by kind, fields and layout.
        self.layers: dict[object, tuple[Layer | None, list[tuple[str, LayerError]]]] = {}
        #: Rows that the last reading found sound, by the node they were read from and the layout, with their nodes and the names
        #: they may use; each is used once, since a row that an alias repeats is read for each of its places.
        self.rows: dict[tuple[int, str], tuple[Any, Any, object]] = {}
        #: The blocks of the last reading, by name.
        self.blocks: dict[str, Any] = {}
        #: Whether a reading may take layers from the graph of the last one, which is no longer needed then.
        self.takes = False
        #: The last expansion, if the next one may take from it.
        self.expansion: Any = None
        #: Layers without fields, by their kind.
        self._plain: dict[str, Layer] = {}

    def __reduce__(self) -> tuple[type[Cache], tuple[()]]:
        """Another process begins with nothing: inferences are found by the identity of their layers."""
        return Cache, ()

    def plain(self, kind: str) -> Layer:
        """Return the layer of a kind that has no required fields, all of them at their defaults."""
        layer = self._plain.get(kind)
        if layer is None:
            layer = self._plain[kind] = KINDS[kind]()
        return layer

    def trim(self) -> None:
        """Forget everything if it has become too much."""
        if max(len(self.infer), len(self.layers)) > _MANY:
            self.infer, self.layers, self._plain, self.rows, self.blocks = Inference(), {}, {}, {}, {}
            self.expansion = None
