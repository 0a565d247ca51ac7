"""Files of any format → a reading.

A format is a module or a folder here with the attributes of `Format`: SUFFIXES, ABOUT, `claims` and `read`. A module
without SUFFIXES is shared code of several formats.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from cnncalc.build.changes import UNCHANGED, Changes
from cnncalc.build.reading import Reading, Source, unusable
from cnncalc.modules import modules
from cnncalc.problem import Location, SpecError

OWN = (".yaml", ".yml")
"""Suffixes of cnncalc's own language."""

_OWN_KEY = re.compile(rb"^(input|layers)[ \t]*:", re.MULTILINE)


class Format(Protocol):
    """The attributes of a format's module."""

    #: Suffixes of its files, in lower case; files with other suffixes are claimed by their first bytes alone.
    SUFFIXES: tuple[str, ...]
    #: The format and its suffixes in messages.
    ABOUT: str

    def claims(self, first_bytes: bytes) -> bool: ...
    def read(self, source: Source, changes: Changes) -> Reading: ...


@cache
def formats() -> tuple[Format, ...]:
    """Return every format except cnncalc's own language."""
    found = [import_module(f"{__name__}.{name}") for name in modules(__path__, without=("draft", "pytorch", "tensors"))]
    return tuple(cast("Format", module) for module in found if hasattr(module, "SUFFIXES"))


@cache
def suffixes() -> tuple[str, ...]:
    """Return the suffixes of all formats, cnncalc's own first."""
    return tuple(dict.fromkeys((*OWN, *(suffix for one in formats() for suffix in one.SUFFIXES))))


_WEIGHTS = "weights do not describe the network; name the model itself as MODULE:CALLABLE with --input, or export it to ONNX"
_ELSEWHERE = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".weights"), _WEIGHTS),
    **dict.fromkeys(
        (".tflite", ".pb", ".mlmodel", ".mlpackage", ".caffemodel", ".prototxt", ".engine", ".pdmodel", ".xml", ".param"),
        "this format is not read here; export the network to ONNX",
    ),
}
"""Hints for common files that cnncalc does not read, by suffix."""


def _recognised() -> str:
    return f"cnncalc reads its own YAML (input and layers), {', '.join(one.ABOUT for one in formats())}"


def is_import(file: str | None) -> bool:
    """Whether a spec is MODULE:CALLABLE. `REV:net.yaml` is not: it is a file in git's history."""
    if file is None or ":" not in file:
        return False
    from cnncalc.formats.pytorch import is_spec

    return is_spec(file) and f".{file.rpartition('.')[2].lower()}" not in suffixes()


def format_of(source: Source) -> Format | None:
    """Return the format that claims a file, None for cnncalc's own language. Raises SpecError if no format knows the file."""
    if is_import(source.file):
        return cast("Format", import_module(f"{__name__}.pytorch"))
    start = source.start()
    suffix = source.suffix
    # A file with both keys is cnncalc's own: the other formats are not even imported.
    if suffix in OWN and len(set(_OWN_KEY.findall(start))) == 2:
        return None
    expected = [one for one in formats() if suffix in one.SUFFIXES]
    others = [] if suffix in OWN else [one for one in formats() if one not in expected]
    for one in (*expected, *others):
        if one.claims(start):
            return one
    if suffix in suffixes() and suffix not in OWN and start.strip():
        message = f"the {suffix} file is not a network in a known format; {_recognised()}"
        raise unusable("file", source.file, Location(), message)
    if suffix in _ELSEWHERE:
        raise unusable("file", source.file, Location(), f"{_ELSEWHERE[suffix]}; {_recognised()}")
    return None


def claims(name: str, first_bytes: bytes) -> bool:
    """Whether a file found in a folder is a network of another format than cnncalc's own, by its suffix and first bytes."""
    suffix = Source(name).suffix
    return any(suffix in one.SUFFIXES and one.claims(first_bytes) for one in formats())


def read(source: Source, changes: Changes = UNCHANGED) -> Reading:
    """Return the reading of a file in any format. For a file that is not a network it is `unusable` and has the problems."""
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
