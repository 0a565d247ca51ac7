"""The part of an input axis that an output cell sees: its window, or the equivalent in layers without a sliding window."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.window import Window

if TYPE_CHECKING:
    from fractions import Fraction

    Cells = int | Fraction


class View(NamedTuple):
    """The input cells from `first` to `last` that output cell 0 sees, and the `step` by which they move for the next cell.

    Cells of the padding count. If a map grows, positions lie between cells and steps are less than one. `to` is the output's
    axis along which it moves, None if every output cell sees the same cells.
    """

    first: Cells
    last: Cells
    step: Cells
    to: int | None

    @classmethod
    def of(cls, window: Window, axis: int) -> View:
        """Return the view of a sliding window."""
        return cls(-window.before, window.extent - window.before - 1, window.stride, axis)

    @classmethod
    def whole(cls, size: int) -> View:
        """Return the view in which every output cell sees the whole axis."""
        return cls(0, size - 1, 0, None)

    @classmethod
    def grown(cls, extent: int, factor: int, before: int, axis: int, *, used: int = 0) -> View:
        """Return the view of a layer whose input cells each write `extent` cells, `factor` apart, with `before` of them cut off.

        `used` is the number of input cells that an output cell is computed from, by default ⌈E/S⌉.
        """
        from fractions import Fraction

        used = used or -(-extent // factor)
        centre = Fraction(2 * before - extent + 1, 2 * factor)
        half = Fraction(used - 1, 2)
        return cls(centre - half, centre + half, Fraction(1, factor), axis)

    @classmethod
    def between(cls, first: Cells, step: Cells, axis: int, used: int) -> View:
        """Return the view if output cell 0 lies at `first` and is computed from the `used` cells around it."""
        from fractions import Fraction

        half = Fraction(used - 1, 2)
        return cls(first - half, first + half, step, axis)


SAME: tuple[View, ...] = ()
"""Each output cell sees the input cell at its own position."""


def whole(spatial: tuple[int, ...]) -> tuple[View, ...]:
    """Return the views in which every output cell sees the whole map."""
    return tuple(map(View.whole, spatial))
