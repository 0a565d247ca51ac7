"""The table on a terminal, or as plain text in a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.report.network.formats import Request
from cnncalc.report.network.table import Row, table

FOLDS = True
INCLUDES_PROBLEMS = True


def write(request: Request) -> Iterator[str | Row]:
    for i, (network, own) in enumerate(zip(request.networks, request.figures, strict=True)):
        if i:
            yield []
        yield from table(
            network, request.columns, depth=request.depth, width=request.width, figures=own, with_file=request.several
        )
        if network.problems:
            from cnncalc.report.problems import listing

            yield []
            yield from listing.rows(network.problems)
