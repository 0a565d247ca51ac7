"""Shape: spatial sizes and channels of what flows between layers, read and printed in both layouts."""

from __future__ import annotations

import math
from typing import Any

LAYOUTS = ("channels_last", "channels_first")
LARGEST = 2**31 - 1
#: All names of axes.
AXIS_NAMES = ("depth", "height", "width", "length", "channels")
#: The names of the spatial axes of a shape, by their number.
AXES = {0: (), 1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class Shape(tuple[int, ...]):
    """Spatial sizes, then channels; the batch is never part of it. A vector has channels alone.

    >>> Shape(55, 55, 96).spatial, Shape(55, 55, 96).channels, str(Shape(55, 55, 96))
    ((55, 55), 96, '55x55x96')
    """

    __slots__ = ()

    def __new__(cls, *sizes: int) -> Shape:
        return tuple.__new__(cls, sizes)

    def __getnewargs__(self) -> tuple[int, ...]:
        return tuple(self)

    @property
    def spatial(self) -> tuple[int, ...]:
        """Sizes in cells, outermost first: (), (length,), (height, width) or (depth, height, width)."""
        return self[:-1]

    @property
    def channels(self) -> int:
        return self[-1]

    @property
    def rank(self) -> int:
        """Number of spatial axes: 0 for a vector."""
        return len(self) - 1

    @property
    def size(self) -> int:
        """Numbers in it: cells times channels."""
        return math.prod(self)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the spatial axes."""
        return AXES.get(self.rank) or tuple(f"axis {i + 1}" for i in range(self.rank))

    def ordered(self, layout: str = "channels_last") -> tuple[int, ...]:
        """The sizes as `layout` writes them."""
        return tuple(self) if layout == "channels_last" else (self[-1], *self[:-1])

    def text(self, layout: str = "channels_last") -> str:
        return "x".join(map(str, self.ordered(layout)))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Shape({', '.join(map(str, self))})"


class OpenShape(Shape):
    """A shape with one size left open, which is 0 here and `_` in text."""

    __slots__ = ()

    def text(self, layout: str = "channels_last") -> str:
        return "x".join(str(n) if n else "_" for n in self.ordered(layout))

    def __repr__(self) -> str:
        return f"Open{super().__repr__()}"


class Tokens(tuple[int, int]):
    """A token input: `length` integer ids, each below `vocabulary`."""

    __slots__ = ()

    def __new__(cls, length: int, vocabulary: int) -> Tokens:
        return tuple.__new__(cls, (length, vocabulary))

    def __getnewargs__(self) -> tuple[int, int]:
        return self[0], self[1]

    # 5 tokens of 7 are no 5x7 map: as keys of what was inferred before, the two differ.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tokens) and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Tokens, *self))

    @property
    def rank(self) -> int:
        """The number of axes that a size can be given for: the length alone."""
        return 1

    @property
    def length(self) -> int:
        return self[0]

    @property
    def vocabulary(self) -> int:
        return self[1]

    def text(self, layout: str = "channels_last") -> str:
        return f"{self.length} token{'' if self.length == 1 else 's'}"

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Tokens({self.length}, {self.vocabulary})"


Flow = Shape | Tokens
"""What can flow into a layer."""


class LayerError(ValueError):
    """A short message about one layer, with shapes that are formatted in the reader's layout.

    `field` is the option at fault, `rule` the rule broken.

    >>> LayerError("cannot take {}", Shape(5, 7, 3)).text("channels_first")
    'cannot take 3x5x7'
    """

    def __init__(self, template: str, *values: Any, field: str | None = None, rule: str = "shape") -> None:
        super().__init__(template, *values)
        self.template = template
        self.values = values
        self.field = field
        self.rule = rule

    def text(self, layout: str = "channels_last") -> str:
        if not self.values:
            return self.template
        return self.template.format(*(v.text(layout) if isinstance(v, (Shape, Tokens)) else v for v in self.values))

    def __str__(self) -> str:
        return self.text()
