"""The columns of a network's table. Each file of this folder has COLUMNS, and `show` offers all of them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from cnncalc.modules import modules
from cnncalc.report.network.columns.base import Column

#: In the order of the table: the columns of `standard`, then those of other files by name.
COLUMNS: tuple[Column, ...] = tuple(
    column
    for name in ("standard", *modules(__path__, without=("base", "standard")))
    for column in import_module(f"{__name__}.{name}").COLUMNS
)

NAMES = tuple(column.name for column in COLUMNS)
MORE = tuple(column.name for column in COLUMNS if not column.wanted)


def choose(more: Iterable[str] = ()) -> list[Column]:
    """Return the default columns and those named in `more`, in the order of COLUMNS. Raises KeyError for an unknown name."""
    names = set(more)
    if "all" in names:
        names = set(NAMES)
    for name in sorted(names - set(NAMES)):
        raise KeyError(name)
    return [column for column in COLUMNS if column.wanted or column.name in names]
