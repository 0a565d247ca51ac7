"""How a picture is drawn: what the reader may choose."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.report.network.columns import COLUMNS as TABLE

STYLES = ("volumes", "graph", "blocks")
#: Formats by the suffixes of their files.
SUFFIXES = {".svg": "svg", ".md": "mermaid", ".mmd": "mermaid", ".mermaid": "mermaid", ".tex": "tikz", ".tikz": "tikz"}
FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))
#: Columns of the table that can be written at an item.
COLUMNS = tuple(column.name for column in TABLE if column.shown)


class CannotDraw(ValueError):
    """The network has no picture in this format; the message says why, and what to do instead."""


class Drawing(NamedTuple):
    """`columns` are what is written at each item; None for the style's own choice. Sizes are in pixels.

    `title` is None for the network's name and its totals, and empty for none. `depth` is None for as far as it can be read.
    """

    style: str = "volumes"
    title: str | None = None
    legend: bool = True
    columns: tuple[str, ...] | None = None
    width: float = 1000
    depth: int | None = None
