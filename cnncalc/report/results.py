"""Writes the results of a sweep to a file: CSV, JSON lines or Parquet, by its suffix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cnncalc.files import write_atomically
from cnncalc.report.trials import COUNTED, csv_lines, json_lines
from cnncalc.studies.sweep import Sweep
from cnncalc.studies.trial import Trial


def write(path: str, trials: Iterable[Trial], sweep: Sweep) -> int:
    """Write the results and return their number."""
    count = 0

    def counted() -> Iterator[Trial]:
        nonlocal count
        for count, trial in enumerate(trials, 1):  # noqa: B007 - the last number is the result
            yield trial

    suffix = path.lower().rpartition(".")[2]
    if suffix == "parquet":
        _write_parquet(path, counted(), sweep)
        return count
    lines = csv_lines if suffix == "csv" else json_lines
    with write_atomically(path) as stream:
        for line in lines(counted(), sweep.grid.names, sweep.recipe.extra):
            stream.write(line.encode("utf-8", "replace"))
    return count


def _write_parquet(path: str, trials: Iterable[Trial], sweep: Sweep) -> None:
    """Write results as a Parquet file, a row group at a time; the journal has checked that pyarrow is installed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = [_type_of(one.values) for one in sweep.grid.axes]
    types = {"int": pa.int64(), "float": pa.float64(), "text": pa.string()}
    counts = [*COUNTED, *sweep.recipe.extra]
    fields = [pa.field(name, types[kind]) for name, kind in zip(sweep.grid.names, kinds, strict=True)]
    fields += [pa.field("output", pa.string()), *(pa.field(name, pa.int64()) for name in counts)]
    fields += [pa.field("macs_complete", pa.bool_()), pa.field("problems", pa.int64()), pa.field("first_problem", pa.string())]
    schema = pa.schema(fields)
    with write_atomically(path) as stream, pq.ParquetWriter(stream, schema) as writer:
        batch: list[Trial] = []

        def flush() -> None:
            columns: list[list[Any]] = []
            for i, kind in enumerate(kinds):
                convert = {"int": int, "float": float, "text": str}[kind]
                columns.append([convert(one.values[i]) for one in batch])
            columns.append([one.output for one in batch])
            columns += [[one.totals.get(name) for one in batch] for name in counts]
            columns.append([one.macs_complete for one in batch])
            columns.append([len(one.problems) for one in batch])
            columns.append([one.problems[0][1] if one.problems else None for one in batch])
            writer.write_table(pa.table(dict(zip(schema.names, columns, strict=True)), schema=schema))
            batch.clear()

        for trial in trials:
            batch.append(trial)
            if len(batch) >= 10_000:
                flush()
        if batch:
            flush()


def _type_of(values: Iterable[str]) -> str:
    """`int`, `float` or `text`: what all values of a name can be read as."""
    kind = "int"
    for value in values:
        try:
            int(value)
        except ValueError:
            try:
                float(value)
            except ValueError:
                return "text"
            kind = "float"
    return kind
