"""The protobuf wire format: fields of a message as numbers and ranges of bytes, without a copy and without a schema.

Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import mmap

Buffer = bytes | mmap

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """The bytes are not a protobuf message; says at which byte."""


def fields(buffer: Buffer, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field number, wire type, a, b) of each field in buffer[start:end].

    For a varint, a is its unsigned value; for the other types a and b are the first byte of the payload and the one after it.
    Raises WireError if a field does not end within the range.
    """
    position = start
    while position < end:
        byte = buffer[position]
        position += 1
        if byte < 0x80:
            key = byte
        else:
            key, position = _varint(buffer, position - 1, end)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise WireError(f"byte {position - 1} begins a field with the number 0")
        if kind == BYTES:
            if position < end and buffer[position] < 0x80:
                length = buffer[position]
                position += 1
            else:
                length, position = _varint(buffer, position, end)
            if length > end - position:
                raise WireError(f"field {number} at byte {position} has {length:,} bytes, and {end - position:,} are left")
            yield number, kind, position, position + length
            position += length
        elif kind == VARINT:
            if position < end and buffer[position] < 0x80:
                value = buffer[position]
                position += 1
            else:
                value, position = _varint(buffer, position, end)
            yield number, kind, value, 0
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
            if length > end - position:
                raise WireError(f"field {number} at byte {position} has {length} bytes, and {end - position} are left")
            yield number, kind, position, position + length
            position += length
        else:
            raise WireError(f"byte {position - 1} begins a field of wire type {kind}, which ONNX does not use")


def _varint(buffer: Buffer, position: int, end: int) -> tuple[int, int]:
    """The unsigned number of at most ten bytes at `position`, and the position after it."""
    value = shift = 0
    first = position
    while True:
        if position >= end:
            raise WireError(f"a number at byte {first} goes beyond the end of its message")
        if shift > 63:
            raise WireError(f"a number at byte {first} has more than ten bytes")
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
        shift += 7


def signed(value: int) -> int:
    """A varint's value as int64."""
    return value - (1 << 64) if value >= 1 << 63 else value


def varints(buffer: Buffer, start: int, end: int) -> list[int]:
    """The int64 numbers of a packed field."""
    found: list[int] = []
    position = start
    while position < end:
        value, position = _varint(buffer, position, end)
        found.append(value - (1 << 64) if value >= 1 << 63 else value)
    return found


def packed(buffer: Buffer, start: int, end: int, code: str) -> list[float]:
    """The numbers of a packed field of fixed width; `code` is that of the struct module, as `f` or `d`."""
    size = struct.calcsize(f"<{code}")
    if (end - start) % size:
        raise WireError(f"the {end - start} bytes from {start} on are no multiple of {size}")
    return list(struct.unpack(f"<{(end - start) // size}{code}", buffer[start:end]))


def text(buffer: Buffer, start: int, end: int) -> str:
    """The UTF-8 text in a range; at most 64 KiB, which no name exceeds."""
    if end - start > 1 << 16:
        raise WireError(f"the text at byte {start} has {end - start:,} bytes; a name has at most {1 << 16:,}")
    try:
        return buffer[start:end].decode()
    except UnicodeDecodeError:
        raise WireError(f"the text at byte {start} is not UTF-8") from None
