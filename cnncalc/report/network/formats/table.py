"""The table on a terminal, or as plain text in a pipe."""

from __future__ import annotations

from cnncalc.report.network.formats import Request
from cnncalc.report.network.table import Row, table

FOLDS = True
INCLUDES_PROBLEMS = True


def write(request: Request) -> list[Row]:
    rows: list[Row] = []
    for network, own in zip(request.networks, request.figures, strict=True):
        rows += [[]] if rows else []
        rows += table(network, request.columns, depth=request.depth, width=request.width, figures=own, with_file=request.several)
        if network.problems:
            from cnncalc.report.problems import listing

            rows += [[], *listing.rows(network.problems)]
    return rows
