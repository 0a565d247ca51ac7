"""The numbers of an ONNX file's tensors: few of them while the file is read, all of them when `run` asks.

Numbers stand in the file itself, or in a data file in the same folder.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any

from cnncalc.formats.onnx.proto import TensorProto
from cnncalc.formats.onnx.wire import Buffer, packed, signed, varints

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array

SORTS = {"bool": "bool", "string": "string", "float32": "float", "float64": "float", "float16": "float", "bfloat16": "float"}
_CODES = {
    "float32": "f", "float64": "d", "float16": "e", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i",
    "uint32": "I", "int64": "q", "uint64": "Q", "bool": "?",
}  # fmt: skip
_BITS = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2, "float4e2m1": 4, "bfloat16": 16}


class DataError(ValueError):
    """The numbers of a tensor cannot be read; the message says why."""


def sort(dtype: str) -> str:
    """`float`, `int`, `bool` or `string`."""
    return SORTS.get(dtype, "int" if dtype.startswith(("int", "uint")) else "float")


def folder_of(file: str | None) -> str:
    return os.path.dirname(os.path.abspath(file)) if file is not None and file != "-" else os.getcwd()


def check_location(tensor: TensorProto, folder: str) -> str:
    """The path of the data file that holds a tensor. Raises DataError if it lies outside the folder of the model."""
    assert tensor.external is not None
    location = tensor.external.get("location", "")
    name = location.replace("\\", "/")
    bad = not name or name.startswith("/") or ".." in name.split("/") or "\x00" in name or name[1:2] == ":"
    root = os.path.realpath(folder)
    path = os.path.join(root, *name.split("/")) if not bad else ""
    if bad or os.path.commonpath([root, os.path.realpath(path)]) != root:
        raise DataError(f"the data file {location!r} of {tensor.name} is not in the folder of the model")
    return path


def _bytes(tensor: TensorProto, buffer: Buffer, folder: str, most: int | None = None) -> bytes | memoryview | None:
    """The raw bytes of a tensor; None if its numbers are not stored as raw bytes."""
    if tensor.external is not None:
        if tensor.external.get("sparse"):
            raise DataError(f"{tensor.name} is stored as a sparse tensor, which is not read")
        path = check_location(tensor, folder)
        offset = _number(tensor, "offset", 0)
        bits = _BITS.get(tensor.dtype, 8 * struct.calcsize(_CODES.get(tensor.dtype, "B")))
        length = _number(tensor, "length", -(-tensor.size * bits // 8))
        if most is not None and length > most:
            return None
        try:
            if not os.path.isfile(path):
                raise FileNotFoundError
            with open(path, "rb") as stream:
                stream.seek(offset)
                data = stream.read(length)
        except FileNotFoundError:
            raise DataError(
                f"the data file {tensor.external['location']} is missing; put it into the folder of the model"
            ) from None
        except OSError as error:
            raise DataError(f"the data file {tensor.external['location']} cannot be read: {error.strerror}") from None
        if len(data) < length:
            raise DataError(f"the data file {tensor.external['location']} ends before the numbers of {tensor.name}")
        return data
    raw = [(a, b) for number, a, b in tensor.ranges if number == 9]
    if len(raw) != 1:
        return None
    a, b = raw[0]
    return memoryview(buffer)[a:b]


def _number(tensor: TensorProto, key: str, default: int) -> int:
    assert tensor.external is not None
    text = tensor.external.get(key)
    if not text:
        return default
    if not text.isdecimal() or len(text) > 18:
        raise DataError(f"the {key} of {tensor.name} in its data file is {text!r}, not a number of bytes")
    return int(text)


def numbers(tensor: TensorProto, buffer: Buffer, folder: str) -> list[Any] | None:
    """The numbers of a small tensor in row-major order; None if they are not in the file."""
    try:
        return _numbers(tensor, buffer, folder)
    except (DataError, struct.error):
        return None


def _numbers(tensor: TensorProto, buffer: Buffer, folder: str) -> list[Any] | None:
    size, dtype = tensor.size, tensor.dtype
    if size == 0:
        return []
    raw = _bytes(tensor, buffer, folder, most=8 * size)
    found: list[Any]
    if raw is not None:
        if dtype == "bfloat16":
            found = [struct.unpack("<f", b"\x00\x00" + bytes(raw[i : i + 2]))[0] for i in range(0, len(raw), 2)]
        elif dtype in _CODES:
            found = list(struct.unpack(f"<{size}{_CODES[dtype]}", raw))
        else:
            return None
    elif tensor.external is not None:
        return None
    else:
        found = _fields(tensor, buffer)
    return found if len(found) == size else None


def _fields(tensor: TensorProto, buffer: Buffer) -> list[Any]:
    """Numbers stored in the fields for one type each, packed or one by one."""
    found: list[Any] = []
    for number, a, b in tensor.ranges:
        if number < 0:
            found.append(signed(a))
        elif number == 4:
            found += packed(buffer, a, b, "f")
        elif number == 10:
            found += packed(buffer, a, b, "d")
        elif number in (5, 7, 11):
            found += varints(buffer, a, b)
    if tensor.dtype == "float16":
        return [struct.unpack("<e", struct.pack("<H", value & 0xFFFF))[0] for value in found]
    if tensor.dtype == "bfloat16":
        return [struct.unpack("<f", struct.pack("<I", (value & 0xFFFF) << 16))[0] for value in found]
    if tensor.dtype == "bool":
        return [bool(value) for value in found]
    return found


def array(tensor: TensorProto, buffer: Buffer, folder: str) -> Array:
    """The numbers of a tensor as an array. Raises DataError if they cannot be read."""
    import numpy as np

    if tensor.dtype == "string":
        raise DataError(f"{tensor.name} holds text")
    raw = _bytes(tensor, buffer, folder)
    if raw is not None and tensor.dtype == "bfloat16":
        wide = np.frombuffer(raw, "<u2").astype(np.uint32) << 16
        flat: Array = wide.view(np.float32)
    elif raw is not None and tensor.dtype in _CODES:
        flat = np.frombuffer(raw, np.dtype(_CODES[tensor.dtype]).newbyteorder("<"))
    elif raw is not None:
        raise DataError(f"{tensor.name} holds {tensor.dtype}, which is not read")
    elif len(tensor.ranges) == 1 and tensor.ranges[0][0] in (4, 10):
        number, a, b = tensor.ranges[0]
        flat = np.frombuffer(bytes(buffer[a:b]), "<f4" if number == 4 else "<f8")
    else:
        flat = np.asarray(_fields(tensor, buffer), _CODES.get(tensor.dtype, "f"))
    if flat.size != tensor.size:
        raise DataError(f"{tensor.name} has {tensor.size:,} numbers, and the file holds {flat.size:,}")
    return flat.reshape(tensor.dims)
