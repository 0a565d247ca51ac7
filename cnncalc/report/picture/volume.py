"""A box of the style `volumes`, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnncalc.report.picture.captions import Caption
from cnncalc.report.picture.fold import Item
from cnncalc.report.picture.measure import text_width
from cnncalc.report.picture.scene import FONTS
from cnncalc.report.picture.straight import Cell

#: Pixels of a band's width, of a line of labels, and of a bracket with its name.
BAND = 4
LINE = 14
BRACKET = 26


@dataclass(eq=False, slots=True)
class Volume:
    """An item with its size: the front is `width` × `height`, its depth goes `dx` to the right and `dy` up."""

    item: Item
    width: float
    height: float
    dx: float
    dy: float
    lines: list[Caption]
    #: Families of the strips of one slab, and of the bands at its end.
    strips: list[str] = field(default_factory=list)
    bands: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    slabs: int = 1
    #: Whether a bracket is drawn below the labels.
    has_bracket: bool = False
    x: float = 0
    y: float = 0

    @property
    def drawn(self) -> float:
        """Pixels from the left edge of the first slab to the right edge of the last one's depth."""
        return self.slabs * self.width + (self.slabs - 1) * 3 + BAND * len(self.tail) + self.dx

    @property
    def labels(self) -> float:
        return max((text_width(c.text, FONTS[c.style][0], bold=FONTS[c.style][1]) for c in self.lines), default=0)

    @property
    def cell(self) -> Cell:
        along = max(self.drawn, self.labels)
        return Cell(along, self.height / 2 + self.dy + 12, self.below + (BRACKET if self.has_bracket else 0))

    @property
    def below(self) -> float:
        """Pixels from the axis to the end of the labels."""
        return self.height / 2 + 4 + LINE * len(self.lines)

    def stand(self, along: float, across: float) -> None:
        """Put the volume at the beginning of its cell; picture and labels are centred on each other."""
        self.x = along + (self.cell.along - self.drawn) / 2
        self.y = across

    @property
    def right(self) -> float:
        return self.x + self.drawn

    @property
    def top(self) -> float:
        return self.y - self.height / 2 - self.dy

    @property
    def middle(self) -> float:
        return self.x + self.drawn / 2
