"""ONNX models, read without the onnx package and without their weights."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

from cnncalc.build.reading import Reading, Source, unusable
from cnncalc.problem import Location

if TYPE_CHECKING:
    from cnncalc.build.changes import Changes
    from cnncalc.formats.onnx.wire import Buffer

SUFFIXES = (".onnx",)
ABOUT = "ONNX (.onnx)"

_SECOND = frozenset((0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42))


def claims(first_bytes: bytes) -> bool:
    """Whether a file begins as an ONNX model does: with its version, and then with another of its fields.

    >>> claims(bytes([8, 7, 18, 7]) + b"pytorch"), claims(b"name: LeNet")
    (True, False)
    """
    return len(first_bytes) > 2 and first_bytes[0] == 8 and first_bytes[1] < 32 and first_bytes[2] in _SECOND


def read(source: Source, changes: Changes) -> Reading:
    """The network of a file. Raises SpecError if it is no ONNX model, or a change cannot be applied."""
    from cnncalc.formats.onnx.model import read_model
    from cnncalc.formats.onnx.order import ModelRefused
    from cnncalc.formats.onnx.wire import WireError
    from cnncalc.formats.tensors.program import ProgramError

    try:
        return read_model(source, _buffer(source), changes)
    except WireError as error:
        raise unusable("file", source.file, Location(), f"this is not an ONNX model: {error}") from None
    except (ModelRefused, ProgramError) as error:
        raise unusable("file", source.file, Location(), str(error)) from None
    except RecursionError:
        raise unusable("limit", source.file, Location(), "the model is nested too deep") from None


def _buffer(source: Source) -> Buffer:
    """The file, mapped into memory so that only what is read is loaded."""
    source.start(16)
    if source.file is None or source.file == "-" or not os.path.isfile(source.file) or os.path.getsize(source.file) == 0:
        return source.data
    with open(source.file, "rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
