"""Number types and the bytes that their numbers take."""

from __future__ import annotations

BITS = {
    "float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "float8": 8,
    "int64": 64, "int32": 32, "int16": 16, "int8": 8, "uint8": 8, "int4": 4,
}  # fmt: skip
"""Bits of one number by the name of its type."""

DTYPES = tuple(BITS)

DEFAULT = "float32"


def bytes_of(count: int, dtype: str = DEFAULT) -> int:
    """Return the bytes that `count` numbers of a type take, packed.

    >>> bytes_of(3), bytes_of(3, "int4")
    (12, 2)
    """
    return -(-count * BITS[dtype] // 8)
