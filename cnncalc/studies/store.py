"""Results of a sweep on disk: a journal that grows row by row and survives an interrupt, then the file that was asked for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from cnncalc.studies.sweep import Sweep
from cnncalc.studies.trial import Trial

SUFFIXES = (".csv", ".jsonl", ".parquet")


class StoreError(ValueError):
    """The results cannot be stored, or a sweep cannot be resumed; the message says why."""


class Journal:
    """The kept results of a sweep as lines of JSON in `PATH.partial`; the first line says which sweep they belong to."""

    def __init__(self, path: str, sweep: Sweep, *, resume: bool = False) -> None:
        if os.path.splitext(path)[1].lower() not in SUFFIXES:
            raise StoreError(f"{path}: results are written as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
        self.path = path + ".partial"
        self._sweep = sweep
        #: The place in the sweep's indexes at which to go on.
        self.start = 0
        head = _identity(sweep)
        if resume:
            self._stream: BinaryIO = self._reopened(head)
        else:
            self._stream = open(self.path, "wb")  # noqa: SIM115 - it is open as long as the sweep runs
            self._stream.write(json.dumps(head).encode() + b"\n")
            self._stream.flush()

    def _reopened(self, head: dict[str, Any]) -> BinaryIO:
        """The journal of an interrupted sweep, cut behind its last whole line."""
        try:
            stream = open(self.path, "r+b")  # noqa: SIM115 - as above
        except FileNotFoundError:
            raise StoreError(f"there is nothing to resume: {self.path} does not exist") from None
        try:
            first = stream.readline()
            try:
                found = json.loads(first)
            except ValueError:
                raise StoreError(f"{self.path} is not the journal of a sweep") from None
            if found != head:
                differ = [key for key in head if not isinstance(found, dict) or found.get(key) != head[key]]
                raise StoreError(f"{self.path} belongs to another sweep: {', '.join(differ)} differ; run it without --resume")
            end, last = len(first), None
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                try:
                    last = json.loads(line)
                except ValueError:
                    break
                end += len(line)
            stream.truncate(end)
            stream.seek(end)
            if last is not None:
                self.start = last["place"] + 1
        except BaseException:
            stream.close()
            raise
        return stream

    def write(self, place: int, trial: Trial) -> None:
        """Append a result; `place` is its place in the sweep's indexes."""
        line = json.dumps({"place": place, **trial._asdict()}, ensure_ascii=False, separators=(",", ":"))
        self._stream.write(line.encode() + b"\n")
        # Each line is on disk before the next result is computed: an interrupt loses nothing that was reported.
        self._stream.flush()

    def __iter__(self) -> Iterator[Trial]:
        """Every result so far, in order."""
        self._stream.flush()
        with open(self.path, "rb") as stream:
            stream.readline()
            for line in stream:
                found = json.loads(line)
                del found["place"]
                found["values"] = tuple(found["values"])
                found["problems"] = tuple((rule, message) for rule, message in found["problems"])
                yield Trial(**found)

    def close(self, *, remove: bool) -> None:
        """Close the journal; remove it once its results stand where they were asked for."""
        self._stream.close()
        if remove:
            os.unlink(self.path)


def _identity(sweep: Sweep) -> dict[str, Any]:
    """What makes two sweeps the same: file, changes, values, sample and limits."""
    recipe = sweep.recipe
    text = recipe.text
    if text is None:
        with open(recipe.file, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    else:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    values = hashlib.sha256(json.dumps([list(one) for one in sweep.grid.axes]).encode()).hexdigest()
    indexes = sweep.indexes
    places = f"all {sweep.total}" if isinstance(indexes, range) else hashlib.sha256(repr(indexes).encode()).hexdigest()
    return {
        "cnncalc": 1,
        "network": digest,
        "names": list(recipe.names),
        "values": values,
        "sample": places,
        "input": recipe.input,
        "fit": recipe.fit,
        "limits": dict(recipe.limits),
        "figures": list(recipe.extra),
        "keep_working": sweep.keep_working,
    }


def write_parquet(path: str, trials: Iterable[Trial], sweep: Sweep) -> None:
    """Write results as a Parquet file, a row group at a time. Raises StoreError without pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise StoreError("Parquet needs pyarrow: pip install 'cnncalc[dask]'") from None
    from cnncalc.files import write_atomically

    kinds = [_type_of(one.values) for one in sweep.grid.axes]
    types = {"int": pa.int64(), "float": pa.float64(), "text": pa.string()}
    counts = figures(sweep)
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


def figures(sweep: Sweep) -> list[str]:
    """The figures that every result of a sweep has."""
    return ["parameters", "trainable", "buffers", "macs", "weights", *sweep.recipe.extra]


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
