"""A network as CSV: a header of column names, then one row per layer with raw numbers."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from cnncalc.report.network.columns.base import Column, Whole
from cnncalc.report.network.formats import Request
from cnncalc.report.network.lines import Lines
from cnncalc.report.network.memory import Figures
from cnncalc.report.sheet import cell
from cnncalc.subject import Subject

FOLDS = False
INCLUDES_PROBLEMS = False


def write(request: Request) -> str:
    if not request.networks:
        return ""
    return text(request.networks, request.columns, with_file=request.several, figures=request.figures)


def text(subjects: Sequence[Subject], columns: Sequence[Column], *, with_file: bool, figures: Sequence[Figures] = ()) -> str:
    """Comma-separated values of all networks below one header. `with_file` adds the file as the first column.

    Unknown values, and MACs per parameter of a layer without parameters, are empty.
    """
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow((["file"] if with_file else []) + [column.name for column in columns])
    for subject, own in zip(subjects, figures or map(Figures.of, subjects), strict=True):
        whole = Whole(subject, own.memory)
        first = [cell(subject.file or "")] if with_file else []
        for line in Lines(subject).flat():
            writer.writerow(first + [_field(column.value(line, whole)) for column in columns])
    return stream.getvalue()


def _field(value: str | int | float | None) -> str:
    if value is None or value == "?":
        return ""
    return f"{value:.9g}" if isinstance(value, float) else cell(value) if isinstance(value, str) else str(value)
