"""Files of any format → a reading.

A format is a module below with `claims(first_bytes)` and `read(source, changes)`, and its line in FORMATS.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from cnncalc.build.changes import UNCHANGED, Changes
from cnncalc.build.reading import Reading, Source, unusable
from cnncalc.problem import Location, SpecError

FORMATS: dict[str, tuple[str, ...]] = {
    "onnx": (".onnx",),
    "ultralytics": (".yaml", ".yml"),
    "keras": (".keras", ".json", ".h5", ".hdf5"),
    "darknet": (".cfg",),
}
"""Modules and the suffixes of their files, so that only those that may claim a file are imported."""

_NEEDED = {"ultralytics": b"backbone"}
"""Bytes without which a module claims no file, so that cnncalc's own files import no other format."""

OWN = (".yaml", ".yml")
"""Suffixes of cnncalc's own language."""


def suffixes() -> tuple[str, ...]:
    """Every suffix that some format has."""
    return tuple(dict.fromkeys((*OWN, *(suffix for each in FORMATS.values() for suffix in each))))


_WEIGHTS = "weights do not describe the network; name the model itself as MODULE:CALLABLE with --input, or export it to ONNX"
_ELSEWHERE = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".weights"), _WEIGHTS),
    **dict.fromkeys(
        (".tflite", ".pb", ".mlmodel", ".mlpackage", ".caffemodel", ".prototxt", ".engine", ".pdmodel", ".xml", ".param"),
        "this format is not read here; export the network to ONNX",
    ),
}
"""Hints by the suffixes of files that people have and no format of cnncalc reads."""

_RECOGNISED = (
    "cnncalc reads its own YAML (input and layers), ONNX (.onnx), Ultralytics YAML (backbone and head), "
    "Keras (.keras, a model's JSON, .h5) and Darknet (.cfg that begins with [net])"
)


class Format(Protocol):
    """What a module of a format has."""

    def claims(self, first_bytes: bytes) -> bool: ...
    def read(self, source: Source, changes: Changes) -> Reading: ...


def _module(name: str) -> Format:
    return cast("Format", import_module(f"cnncalc.formats.{name}"))


def _is_import(file: str | None) -> bool:
    """Whether a spec is MODULE:CALLABLE; a text without a colon needs no look."""
    if file is None or ":" not in file:
        return False
    from cnncalc.formats.pytorch import is_spec

    return is_spec(file)


def format_of(source: Source) -> Format | None:
    """The format that claims a file, None for cnncalc's own language. Raises SpecError for a file that no format knows."""
    if _is_import(source.file):
        return _module("pytorch")
    start = source.start()
    suffix = source.suffix
    expected = [name for name, each in FORMATS.items() if suffix in each]
    others = [] if suffix in OWN else [name for name in FORMATS if name not in expected]
    for name in (*expected, *others):
        if _claims(name, start):
            return _module(name)
    if suffix in suffixes() and suffix not in OWN and start.strip():
        message = f"the {suffix} file is not a network in a known format; {_RECOGNISED}"
        raise unusable("file", source.file, Location(), message)
    if suffix in _ELSEWHERE:
        raise unusable("file", source.file, Location(), f"{_ELSEWHERE[suffix]}; {_RECOGNISED}")
    return None


def claims(name: str, first_bytes: bytes) -> bool:
    """Whether a file found in a folder is a network of another format than cnncalc's own, by its suffix and first bytes."""
    suffix = Source(name).suffix
    return any(suffix in each and _claims(module, first_bytes) for module, each in FORMATS.items())


def _claims(name: str, start: bytes) -> bool:
    return _NEEDED.get(name, b"") in start and _module(name).claims(start)


def read(source: Source, changes: Changes = UNCHANGED) -> Reading:
    """The network of a file in any format. Never raises for a bad one: `unusable` then, with the problems that say why."""
    try:
        found = format_of(source)
        if found is not None:
            reading = found.read(source, changes)
            reading.dtype = changes.dtype or reading.dtype
            return reading
    except SpecError as error:
        return Reading.failed(source, error.problems)
    from cnncalc.language.read import read as read_own

    return read_own(source, changes)
