"""The results of a sweep as a table, CSV and JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from cnncalc.machine import written
from cnncalc.report import words
from cnncalc.report.grid import grid
from cnncalc.report.network.footer import SKIPPED
from cnncalc.report.network.table import GAP, Row, cells_of, wrapped
from cnncalc.report.sheet import cell

if TYPE_CHECKING:
    from cnncalc.studies.trial import Trial

#: Least width of a problem's text in cells; with less room, only their number is shown.
_READABLE = 24
COUNTED = ("parameters", "trainable", "buffers", "macs", "weights")
_BYTES = ("weights", "peak_memory")
_TITLES = {"peak_memory": "peak memory"}


def rows(
    outcomes: Sequence[Trial],
    names: Sequence[str],
    tried: int,
    width: int | None,
    columns: Sequence[str] = (),
    *,
    why: str = "kept",
) -> list[Row]:
    """Return a line for each result, with the figures of `columns` beside parameters and MACs.

    `why` completes the note on results left out: "3 more are not kept". The first problem is beside its row, cut at the edge of
    the terminal; if there is no room, the number of problems.
    """
    table = []
    for one in outcomes:
        counts = [_figure(one, key) for key in ("parameters", "macs", *columns)]
        if one.totals and not one.macs_complete:
            counts[1] = f"≥{counts[1]}"
        table.append([*one.values, one.output, *counts, _problems(one)])
    roles = ["error" if one.problems else "" for one in outcomes]
    titles = [_TITLES.get(name, name) for name in columns]
    head = [*names, "output", "parameters", "MACs", *titles, "problems"]
    if not any(one.problems for one in outcomes):
        head, table = head[:-1], [line[:-1] for line in table]
    right = {*names, "parameters", "MACs", *titles}
    before = sum(max(cells_of(line[i]) for line in [head, *table]) + GAP for i in range(len(head) - ("problems" in head)))
    counted = width is not None and "problems" in head and width - before < _READABLE
    if counted:
        right.add("problems")
        table = [[*line[:-1], f"{len(one.problems):,}"] for line, one in zip(table, outcomes, strict=True)]
    found = grid(head, table, right=right, roles=roles, width=width, prose=("problems",))
    left = tried - len(outcomes)
    notes = [words.plural(len(outcomes), "combination") + (f"; {left:,} more are not {why}" if left else "")]
    if any(one.expect_skipped for one in outcomes):
        notes.append(SKIPPED)
    types = dict.fromkeys(one.dtype for one in outcomes if one.totals)
    if types and any(name in _BYTES for name in columns):
        shown = " and ".join(_TITLES.get(name, name) for name in columns if name in _BYTES)
        notes.append(f"{shown}: bytes of tensors in {', '.join(types)}")
    if counted:
        notes.append("no room for what the problems are: a wider terminal or a pipe shows them")
    return [*found, [], *([(line, "note")] for note in notes for line in wrapped(note, width))]


def _problems(one: Trial) -> str:
    if not one.problems:
        return ""
    first = one.problems[0][1]
    more = f" (and {len(one.problems) - 1:,} more)" if len(one.problems) > 1 else ""
    return first + more


def _figure(one: Trial, name: str) -> str:
    """A figure of a result as text; bytes with a unit."""
    if not one.totals:
        return "?"
    value = one.totals[name]
    return written(value) if name in _BYTES else f"{value:,}"


def csv_lines(outcomes: Iterable[Trial], names: Sequence[str], extra: Sequence[str] = ()) -> Iterator[str]:
    """CSV lines with raw numbers below a header. `problems` is a count; `extra` names more figures."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")

    def line(values: Iterable[object]) -> str:
        writer.writerow(values)
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return text

    counted = (*COUNTED, *extra)
    yield line([*map(cell, names), "output", *counted, "problems", "first_problem"])
    for one in outcomes:
        counts = [one.totals.get(key, "") for key in counted]
        first = one.problems[0][1] if one.problems else ""
        yield line([*map(cell, one.values), one.output, *counts, len(one.problems), cell(first)])


def json_lines(outcomes: Iterable[Trial], names: Sequence[str], extra: Sequence[str] = ()) -> Iterator[str]:
    """One JSON object per line. A network that could not be read has null for its numbers."""
    for one in outcomes:
        yield json.dumps(_document(one, names, extra)) + "\n"


def json_text(outcomes: Iterable[Trial], names: Sequence[str], extra: Sequence[str] = ()) -> str:
    """A JSON list with one object per line."""
    lines = [json.dumps(_document(one, names, extra)) for one in outcomes]
    return "[" + ",".join(f"\n{line}" for line in lines) + ("\n]\n" if lines else "]\n")


def _document(one: Trial, names: Sequence[str], extra: Sequence[str]) -> dict[str, object]:
    return {
        "set": dict(zip(names, one.values, strict=True)),
        "output": one.output,
        **{key: one.totals.get(key) for key in (*COUNTED, *extra)},
        "macs_complete": one.macs_complete,
        "dtype": one.dtype,
        "problems": [{"rule": rule, "message": message} for rule, message in one.problems],
    }
