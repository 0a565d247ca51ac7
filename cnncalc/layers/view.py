"""What an output cell sees of the input along one axis: its window, or what takes a window's place in layers that slide none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.window import Window

if TYPE_CHECKING:
    from fractions import Fraction

    Cells = int | Fraction


class View(NamedTuple):
    """The input cells from `first` to `last` that output cell 0 sees, and how far that moves for the next output cell.

    Cells of the padding count; where a map grows, places lie between cells and steps are less than one. `to` is the output's
    axis along which it moves, None where every output cell sees the same.
    """

    first: Cells
    last: Cells
    step: Cells
    to: int | None

    @classmethod
    def of(cls, window: Window, axis: int) -> View:
        """What a sliding window shows."""
        return cls(-window.before, window.extent - window.before - 1, window.stride, axis)

    @classmethod
    def whole(cls, size: int) -> View:
        """Every output cell sees the whole axis."""
        return cls(0, size - 1, 0, None)

    @classmethod
    def grown(cls, extent: int, factor: int, before: int, axis: int, *, used: int = 0) -> View:
        """What is seen where each input cell writes `extent` cells, `factor` apart, `before` of them cut off.

        `used` is the number of input cells that an output cell is made of, ⌈E/S⌉ unless given.
        """
        from fractions import Fraction

        used = used or -(-extent // factor)
        centre = Fraction(2 * before - extent + 1, 2 * factor)
        half = Fraction(used - 1, 2)
        return cls(centre - half, centre + half, Fraction(1, factor), axis)

    @classmethod
    def between(cls, first: Cells, step: Cells, axis: int, used: int) -> View:
        """What is seen of an axis if output cell 0 lies at `first` and is made of the `used` cells around it."""
        from fractions import Fraction

        half = Fraction(used - 1, 2)
        return cls(first - half, first + half, step, axis)


SAME: tuple[View, ...] = ()
"""Each output cell sees the input cell in its own place."""


def whole(spatial: tuple[int, ...]) -> tuple[View, ...]:
    """Every output cell sees everything."""
    return tuple(map(View.whole, spatial))
