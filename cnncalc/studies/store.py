"""Results of a sweep on disk: a journal that grows row by row and survives an interrupt."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, BinaryIO

from cnncalc.studies.sweep import Sweep
from cnncalc.studies.trial import Recipe, Trial

SUFFIXES = (".csv", ".jsonl", ".parquet")


class StoreError(ValueError):
    """The results cannot be stored, or a sweep cannot be resumed; the message says why."""


class Journal:
    """The kept results of a sweep as lines of JSON in `PATH.partial`; the first line says which sweep they belong to."""

    def __init__(self, path: str, sweep: Sweep, *, resume: bool = False) -> None:
        _check(path)
        self.path = path + ".partial"
        self._sweep = sweep
        #: The position in the sweep's indexes at which to continue.
        self.start = 0
        head = _identity(sweep)
        if resume:
            self._stream: BinaryIO = self._reopened(head)
        else:
            if _holds_results(self.path):
                raise StoreError(
                    f"{self.path} holds results of an unfinished sweep; add --resume to continue it, or delete the file"
                )
            try:
                self._stream = open(self.path, "wb")  # noqa: SIM115 - it is open as long as the sweep runs
            except OSError as error:
                raise StoreError(f"{self.path}: {error.strerror or error}") from None
            try:
                self._append(json.dumps(head))
            except BaseException:
                self.close(remove=False)
                raise

    def _reopened(self, head: dict[str, Any]) -> BinaryIO:
        """The journal of an interrupted sweep, cut after its last complete line."""
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
                raise StoreError(
                    f"{self.path} belongs to another sweep: {', '.join(differ)} differ; delete the file, or name another with -o"
                )
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
        self._append(line)

    def _append(self, line: str) -> None:
        try:
            self._stream.write(line.encode("utf-8", "surrogatepass") + b"\n")
            # Each line leaves the process before the next result is computed: an interrupt loses nothing that was reported.
            self._stream.flush()
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}") from None

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
        """Close the journal; remove it if its results are in the file that was asked for."""
        # On a full disk the rest of a line cannot be written; resuming cuts the line off.
        with suppress(OSError):
            self._stream.close()
        if remove:
            os.unlink(self.path)


def _holds_results(path: str) -> bool:
    """Return whether a file has more than the first line of a journal; a device has no lines."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as stream:
            stream.readline()
            return bool(stream.read(1))
    except OSError:
        return False


def _check(path: str) -> None:
    """Raise StoreError if the file of results cannot be written at the end."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        raise StoreError(f"{path}: results are written as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    if suffix == ".parquet" and find_spec("pyarrow") is None:
        raise StoreError("Parquet needs pyarrow: pip install 'cnncalc[dask]'")
    if os.path.isdir(path):
        raise StoreError(f"{path}: this is a folder, not a file")
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise StoreError(f"{path}: no permission to write this file")


def _digest(recipe: Recipe) -> str:
    """Return a digest of the network's file; of MODULE:CALLABLE that of the module's file if it is named, else of the words."""
    if recipe.text is not None:
        return hashlib.sha256(recipe.text.encode("utf-8", "surrogatepass")).hexdigest()
    for name in (recipe.file, recipe.file.rpartition(":")[0]):
        if os.path.isfile(name):
            with open(name, "rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
    return hashlib.sha256(recipe.file.encode("utf-8", "surrogatepass")).hexdigest()


def _identity(sweep: Sweep) -> dict[str, Any]:
    """Return the parts that identify a sweep: file, changes, values, sample and limits."""
    recipe = sweep.recipe
    values = hashlib.sha256(json.dumps([list(one) for one in sweep.grid.axes]).encode()).hexdigest()
    indexes = sweep.indexes
    places = f"all {sweep.total}" if isinstance(indexes, range) else hashlib.sha256(repr(indexes).encode()).hexdigest()
    return {
        "cnncalc": 1,
        "network": _digest(recipe),
        "names": list(recipe.names),
        "values": values,
        "sample": places,
        "input": list(recipe.options.input or ()),
        "fit": recipe.options.fit,
        "layout": recipe.options.layout,
        "dtype": recipe.options.dtype,
        "limits": dict(recipe.limits),
        "figures": list(recipe.extra),
        "keep_working": sweep.keep_working,
    }
