"""Options of a picture."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.report.network.columns import COLUMNS as TABLE

STYLES = ("volumes", "graph", "blocks")
#: Columns of the table that can be written at an item.
COLUMNS = tuple(column.name for column in TABLE if column.shown)
#: Pixels that `width` may be.
NARROWEST, WIDEST = 300, 10_000


class CannotDraw(ValueError):
    """The network has no picture in this format; the message says why, and what to do instead."""


class Drawing(NamedTuple):
    """The options of a picture. `columns` are the labels of each item; None for the default of the style. Sizes are in pixels.

    `title` is None for the network's name and totals, and empty for no title. `depth` is None for the largest readable depth.
    `problems` writes the errors below the picture; layers are marked in any case.
    """

    style: str = "volumes"
    title: str | None = None
    legend: bool = True
    columns: tuple[str, ...] | None = None
    width: float = 1000
    depth: int | None = None
    problems: bool = True


def checked(drawing: Drawing) -> Drawing:
    """Return the options unchanged. Raises ValueError for an invalid option."""
    if drawing.style not in STYLES:
        raise ValueError(f"style must be one of {', '.join(STYLES)}, got {drawing.style!r}")
    for name in drawing.columns or ():
        if name not in COLUMNS:
            raise ValueError(f"columns must be names among {', '.join(COLUMNS)}, got {name!r}")
    if not isinstance(drawing.width, (int, float)) or not NARROWEST <= drawing.width <= WIDEST:
        raise ValueError(f"width must be a number of pixels from {NARROWEST} to {WIDEST:,}, got {drawing.width!r}")
    if drawing.depth is not None and (not isinstance(drawing.depth, int) or drawing.depth < 1):
        raise ValueError(f"depth must be an integer ≥ 1 or None, got {drawing.depth!r}")
    return drawing
