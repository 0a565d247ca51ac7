"""Output formats of `show`. Each module of this folder is one, named as --format names it; the first one is the default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from cnncalc.modules import modules
from cnncalc.record import Record

if TYPE_CHECKING:
    from cnncalc.report.network.columns.base import Column
    from cnncalc.report.network.memory import Figures
    from cnncalc.report.network.table import Row
    from cnncalc.subject import Subject

FORMATS = ("table", *modules(__path__, without=("table",)))


class Request(Record):
    """Networks to print, each with its memory figures, and the columns to print.

    `width` is the number of cells of the terminal, None in a pipe. `several` is true if the command names several networks.
    """

    networks: Sequence[Subject]
    figures: Sequence[Figures]
    columns: Sequence[Column]
    depth: int | None = None
    width: int | None = None
    several: bool = False

    def joined(self, text: Callable[..., str]) -> str:
        """Return `text(network, columns, depth=…, figures=…)` of each network, one below the other."""
        pairs = zip(self.networks, self.figures, strict=True)
        return "\n".join(text(network, self.columns, depth=self.depth, figures=own) for network, own in pairs)


class TableFormat(Protocol):
    """A module of an output format."""

    #: Whether blocks can be folded to rows; if not, every layer has a row.
    FOLDS: bool
    #: Whether the text includes the networks' problems; if not, they are written to stderr.
    INCLUDES_PROBLEMS: bool

    def write(self, request: Request) -> str | Iterator[str | Row]:
        """Return the text, or yield it in pieces, or yield lines of spans."""


def format_of(name: str) -> TableFormat:
    """Return the module of the output format `name`."""
    return cast("TableFormat", import_module(f"{__name__}.{name}"))
