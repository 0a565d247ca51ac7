"""The messages of onnx.proto that a network's structure needs, read from the wire without touching the weights.

Source: github.com/onnx/onnx, onnx/onnx.proto; the numbers of the fields are those of that file.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass, field
from typing import Any

from cnncalc.formats.onnx.wire import BYTES, FIXED32, VARINT, Buffer, WireError, fields, packed, signed, text, varints

DEEPEST = 64
"""Graphs in attributes of nodes of graphs, at most."""

MOST_NODES = 200_000
"""Nodes, tensors and attributes of a file, at most, each."""

DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool", 10: "float16",
    11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16", 17: "float8e4m3fn",
    18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0",
    25: "uint2", 26: "int2",
}  # fmt: skip


@dataclass(slots=True)
class TensorProto:
    """A tensor: its name, sizes, type, and where its numbers are; they are read only when someone asks."""

    name: str = ""
    dims: tuple[int, ...] = ()
    dtype: str = "undefined"
    #: Where the numbers are: (field number, first byte, byte after the last), more than one if the field is not packed.
    ranges: list[tuple[int, int, int]] = field(default_factory=list)
    external: dict[str, str] | None = None

    @property
    def size(self) -> int:
        return math.prod(self.dims)


@dataclass(slots=True)
class ValueInfo:
    """A name with its element type and sizes; a size is a number, the name of an open axis, or None; no shape is None."""

    name: str = ""
    dtype: str | None = None
    shape: tuple[int | str | None, ...] | None = None


@dataclass(slots=True)
class NodeProto:
    op: str = ""
    domain: str = ""
    name: str = ""
    overload: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    #: Attributes of a function's body that take the value of the function's attribute of that name.
    references: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class GraphProto:
    name: str = ""
    nodes: list[NodeProto] = field(default_factory=list)
    initializers: list[TensorProto] = field(default_factory=list)
    inputs: list[ValueInfo] = field(default_factory=list)
    outputs: list[ValueInfo] = field(default_factory=list)
    values: list[ValueInfo] = field(default_factory=list)
    #: Names of quantised tensors are of no use here; sparse ones are counted dense.
    sparse: int = 0


@dataclass(slots=True)
class FunctionProto:
    name: str = ""
    domain: str = ""
    overload: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    nodes: list[NodeProto] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ModelProto:
    ir_version: int = 0
    producer: str = ""
    producer_version: str = ""
    description: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    graph: GraphProto | None = None
    functions: list[FunctionProto] = field(default_factory=list)


class Parser:
    """Reads messages from a buffer and counts what it makes, so that no file takes unlimited time."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.made = 0

    def _count(self) -> None:
        self.made += 1
        if self.made > 10 * MOST_NODES:
            raise WireError(f"more than {10 * MOST_NODES:,} nodes, tensors and attributes; that is the limit")

    def _text(self, start: int, end: int) -> str:
        return text(self.buffer, start, end)

    def model(self, end: int) -> ModelProto:
        found = ModelProto()
        for number, kind, a, b in fields(self.buffer, 0, end):
            if kind == VARINT:
                if number == 1:
                    found.ir_version = a
            elif kind != BYTES:
                continue
            elif number == 2:
                found.producer = self._text(a, b)
            elif number == 3:
                found.producer_version = self._text(a, b)
            elif number == 6 and b - a <= 1 << 16:
                found.description = self._text(a, b)
            elif number == 7:
                found.graph = self.graph(a, b, 0)
            elif number == 8:
                domain, version = self._opset(a, b)
                found.opsets[domain] = version
            elif number == 25:
                found.functions.append(self.function(a, b))
        return found

    def _opset(self, start: int, end: int) -> tuple[str, int]:
        domain, version = "", 0
        for number, kind, a, b in fields(self.buffer, start, end):
            if number == 1 and kind == BYTES:
                domain = self._text(a, b)
            elif number == 2 and kind == VARINT:
                version = signed(a)
        return ("" if domain == "ai.onnx" else domain), version

    def graph(self, start: int, end: int, depth: int) -> GraphProto:
        if depth > DEEPEST:
            raise WireError(f"graphs are nested more than {DEEPEST} deep; that is the limit")
        found = GraphProto()
        for number, kind, a, b in fields(self.buffer, start, end):
            if kind != BYTES:
                continue
            if number == 1:
                found.nodes.append(self.node(a, b, depth))
            elif number == 2:
                found.name = self._text(a, b)
            elif number == 5:
                found.initializers.append(self.tensor(a, b))
                self._release(a, b)
            elif number == 11:
                found.inputs.append(self.value_info(a, b))
            elif number == 12:
                found.outputs.append(self.value_info(a, b))
            elif number == 13:
                found.values.append(self.value_info(a, b))
            elif number == 15:
                found.initializers.append(self._sparse(a, b))
        return found

    def _release(self, start: int, end: int) -> None:
        """Gives back the pages of a large tensor: the system maps more of them than were read."""
        if end - start > 1 << 20 and isinstance(self.buffer, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            first = start // mmap.PAGESIZE * mmap.PAGESIZE
            self.buffer.madvise(mmap.MADV_DONTNEED, first, end - first)

    def _sparse(self, start: int, end: int) -> TensorProto:
        """A sparse tensor as the dense one it stands for; its numbers cannot be read."""
        name, dims = "", []
        for number, kind, a, b in fields(self.buffer, start, end):
            if number == 1 and kind == BYTES:
                name = self.tensor(a, b).name
            elif number == 3:
                dims += varints(self.buffer, a, b) if kind == BYTES else [signed(a)]
        return TensorProto(name, tuple(dims), "float32", [], {"location": "", "sparse": "true"})

    def node(self, start: int, end: int, depth: int) -> NodeProto:
        self._count()
        found = NodeProto()
        for number, kind, a, b in fields(self.buffer, start, end):
            if kind != BYTES:
                continue
            if number == 1:
                found.inputs.append(self._text(a, b))
            elif number == 2:
                found.outputs.append(self._text(a, b))
            elif number == 3:
                found.name = self._text(a, b)
            elif number == 4:
                found.op = self._text(a, b)
            elif number == 5:
                name, value, reference = self.attribute(a, b, depth)
                if reference:
                    found.references[name] = reference
                else:
                    found.attributes[name] = value
            elif number == 7:
                found.domain = self._text(a, b)
            elif number == 8:
                found.overload = self._text(a, b)
            elif number == 9:
                self._entry(a, b, found.metadata)
        if found.domain == "ai.onnx":
            found.domain = ""
        return found

    def _entry(self, start: int, end: int, into: dict[str, str]) -> None:
        """One entry of a map of strings; a value too long for a name is left out."""
        key = value = ""
        for number, kind, a, b in fields(self.buffer, start, end):
            if kind == BYTES and number == 1:
                key = self._text(a, b)
            elif kind == BYTES and number == 2 and b - a <= 1 << 16:
                value = self._text(a, b)
        into[key] = value

    def attribute(self, start: int, end: int, depth: int) -> tuple[str, Any, str]:
        """Its name, its value and, in a function's body, the function's attribute that it takes the value of."""
        self._count()
        name = reference = ""
        one: Any = None
        many: list[Any] = []
        repeated = False
        declared = 0
        for number, kind, a, b in fields(self.buffer, start, end):
            if number == 1 and kind == BYTES:
                name = self._text(a, b)
            elif number == 20 and kind == VARINT:
                declared = a
            elif number == 21 and kind == BYTES:
                reference = self._text(a, b)
            elif number == 2 and kind == FIXED32:
                one = struct.unpack("<f", self.buffer[a:b])[0]
            elif number == 3 and kind == VARINT:
                one = signed(a)
            elif number == 4 and kind == BYTES:
                one = bytes(self.buffer[a : min(b, a + 4096)]).decode(errors="replace")
            elif number == 5 and kind == BYTES:
                one = self.tensor(a, b)
            elif number == 6 and kind == BYTES:
                one = self.graph(a, b, depth + 1)
            elif number == 7:
                repeated = True
                many += packed(self.buffer, a, b, "f")
            elif number == 8:
                repeated = True
                many += varints(self.buffer, a, b) if kind == BYTES else [signed(a)]
            elif number == 9 and kind == BYTES:
                repeated = True
                many.append(bytes(self.buffer[a : min(b, a + 4096)]).decode(errors="replace"))
            elif number == 11 and kind == BYTES:
                repeated = True
                many.append(self.graph(a, b, depth + 1))
            elif number == 22 and kind == BYTES:
                one = self._sparse(a, b)
            if len(many) > 1 << 20:
                raise WireError(f"the attribute {name} has more than {1 << 20:,} numbers; that is the limit")
        if repeated or declared in (6, 7, 8, 9, 10):
            return name, many, reference
        if one is None and declared in (1, 2, 3):
            # proto3 writers leave out zeros.
            one = {1: 0.0, 2: 0, 3: ""}[declared]
        return name, one, reference

    def tensor(self, start: int, end: int) -> TensorProto:
        self._count()
        found = TensorProto()
        dims: list[int] = []
        for number, kind, a, b in fields(self.buffer, start, end):
            if number == 1:
                dims += varints(self.buffer, a, b) if kind == BYTES else [signed(a)]
            elif number == 2 and kind == VARINT:
                found.dtype = DTYPES.get(a, f"type {a}")
            elif number == 8 and kind == BYTES:
                found.name = self._text(a, b)
            elif number in (4, 5, 6, 7, 9, 10, 11):
                if kind == VARINT:
                    # A number that is not packed: its value is kept in place of its position.
                    found.ranges.append((-number, a, 0))
                else:
                    found.ranges.append((number, a, b))
                if len(found.ranges) > 1 << 20:
                    raise WireError(f"the tensor {found.name} has more than {1 << 20:,} numbers that are not packed")
            elif number == 13 and kind == BYTES:
                entries = found.external = found.external or {}
                self._entry(a, b, entries)
        if len(dims) > 64 or any(not 0 <= n < 1 << 40 for n in dims):
            raise WireError(f"the tensor {found.name or 'without a name'} has the sizes {dims[:8]}")
        found.dims = tuple(dims)
        return found

    def value_info(self, start: int, end: int) -> ValueInfo:
        self._count()
        found = ValueInfo()
        for number, kind, a, b in fields(self.buffer, start, end):
            if kind == BYTES and number == 1:
                found.name = self._text(a, b)
            elif kind == BYTES and number == 2:
                for inner, sort, c, d in fields(self.buffer, a, b):
                    if inner == 1 and sort == BYTES:
                        self._tensor_type(c, d, found)
                    elif sort == BYTES:
                        found.dtype = {4: "sequence", 5: "map", 8: "sparse", 9: "optional"}.get(inner, found.dtype)
        return found

    def _tensor_type(self, start: int, end: int, found: ValueInfo) -> None:
        found.dtype = "undefined"
        for number, kind, a, b in fields(self.buffer, start, end):
            if number == 1 and kind == VARINT:
                found.dtype = DTYPES.get(a, f"type {a}")
            elif number == 2 and kind == BYTES:
                sizes: list[int | str | None] = []
                for inner, sort, c, d in fields(self.buffer, a, b):
                    if inner == 1 and sort == BYTES:
                        sizes.append(self._dimension(c, d))
                    if len(sizes) > 64:
                        raise WireError(f"{found.name} has more than 64 axes")
                found.shape = tuple(sizes)

    def _dimension(self, start: int, end: int) -> int | str | None:
        size: int | str | None = None
        for number, kind, a, b in fields(self.buffer, start, end):
            if number == 1 and kind == VARINT:
                size = signed(a)
            elif number == 2 and kind == BYTES:
                size = self._text(a, b) or None
        return size if not isinstance(size, int) or size >= 0 else None

    def function(self, start: int, end: int) -> FunctionProto:
        found = FunctionProto()
        for number, kind, a, b in fields(self.buffer, start, end):
            if kind != BYTES:
                continue
            if number == 1:
                found.name = self._text(a, b)
            elif number == 4:
                found.inputs.append(self._text(a, b))
            elif number == 5:
                found.outputs.append(self._text(a, b))
            elif number == 7:
                found.nodes.append(self.node(a, b, 0))
            elif number == 10:
                found.domain = self._text(a, b)
            elif number == 11:
                name, value, _ = self.attribute(a, b, 0)
                found.attributes[name] = value
            elif number == 13:
                found.overload = self._text(a, b)
        if found.domain == "ai.onnx":
            found.domain = ""
        return found
