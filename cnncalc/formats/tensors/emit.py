"""The layers that a program is lowered to, in the order in which they are computed, before they have names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Operation
from cnncalc.layers.base import KINDS

MAIN = "value()"
"""In place of the name of a kind's main field."""


class Port:
    """An input of the network."""

    __slots__ = ("name", "tokens")

    def __init__(self, name: str, tokens: bool = False) -> None:
        self.name = name
        self.tokens = tokens


@dataclass(eq=False, slots=True)
class Made:
    """A layer: its kind, fields and inputs, the arrays it owns, and the operator that it represents.

    `aside` marks layers that only rearrange numbers for the next one; they never get the name of their module.
    """

    kind: str
    fields: dict[str, Any]
    inputs: list[Maker]
    weights: dict[str, Constant]
    operation: Operation | None
    fit: str = "floor"
    aside: bool = False
    name: str = ""
    named: bool = False
    shares: Made | None = None
    #: Numbers of the file that its weights are made of, if they are fewer than the layer counts.
    tied: int | None = None
    users: list[Made] = field(default_factory=list)


Maker = Union[Port, Made]
"""The producer of a tensor."""


class Emitter:
    """Collects layers. `operation` is the operator that is being lowered."""

    #: The order of `space_to_depth` whose channels are cells first, as ONNX and TensorFlow write them.
    CELLS_FIRST = "tensorflow"

    def __init__(self) -> None:
        self.layers: list[Made] = []
        self.operation: Operation | None = None
        #: The place in `layers` of each rearrangement, by kind, fields and inputs.
        self._places: dict[tuple[object, ...], int] = {}

    def has(self, kind: str, option: str | None = None) -> bool:
        """Whether the language has a kind, and a field of it."""
        return kind in KINDS and (option is None or option in KINDS[kind].options)

    def layer(
        self,
        kind: str,
        fields: Mapping[str, Any],
        inputs: Sequence[Maker],
        weights: Mapping[str, Constant] | None = None,
        *,
        fit: str = "floor",
        aside: bool = True,
    ) -> Made:
        """Return a new layer, or the layer with the same inputs that already rearranges the same way.

        The field MAIN is the kind's value. Raises Cannot if the language has no such kind or field.
        """
        if kind not in KINDS:
            raise Cannot(f"no kind {kind}")
        main = KINDS[kind].main
        if main is not None:
            fields = {main.name if name == MAIN else name: value for name, value in fields.items()}
        for name in fields:
            if name not in KINDS[kind].options:
                raise Cannot(f"{kind} has no {name}")
        made = Made(kind, dict(fields), list(inputs), dict(weights or {}), self.operation, fit, aside)
        if aside and not made.weights:
            key = (kind, fit, *sorted(fields.items()), *map(id, inputs))
            place = self._places.setdefault(key, len(self.layers))
            if place < len(self.layers):
                known = self.layers[place]
                # A layer that was taken back may have left its place to another.
                if (known.kind, known.fit, known.fields, known.inputs) == (kind, fit, made.fields, made.inputs) and known.aside:
                    return known
                self._places[key] = len(self.layers)
        self.layers.append(made)
        return made


class Cannot(Exception):
    """The language has no layer for this; the operator becomes a custom one."""
