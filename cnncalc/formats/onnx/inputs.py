"""The inputs of an ONNX model: their sizes, which axis holds the channels, and which hold token ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cnncalc.formats.onnx import weights
from cnncalc.formats.onnx.proto import GraphProto, NodeProto, TensorProto, ValueInfo
from cnncalc.shape import AXES, Flow, Shape, Tokens

#: Operators that leave every number in its place.
_POINTWISE = frozenset(
    [
        "Cast",
        "Identity",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Clip",
        "Relu",
        "QuantizeLinear",
        "DequantizeLinear",
        "Pad",
        "Dropout",
        "BatchNormalization",
    ]
)
_CHANNELS_FIRST = frozenset(
    [
        "Conv",
        "ConvTranspose",
        "MaxPool",
        "AveragePool",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "BatchNormalization",
        "InstanceNormalization",
        "QLinearConv",
        "ConvInteger",
        "LRN",
        "Resize",
        "Upsample",
        "GroupNormalization",
        "SpaceToDepth",
        "DepthToSpace",
    ]
)
_CHANNELS_LAST = frozenset(["MatMul", "Gemm", "LayerNormalization", "LSTM", "GRU", "RNN", "RMSNormalization"])


class Port(NamedTuple):
    """An input: sizes of the file with None for open axes, the axis of the channels, and the vocabulary of token ids, or 0."""

    name: str
    dtype: str
    sizes: tuple[int | str | None, ...]
    channels: int
    vocabulary: int

    @property
    def names(self) -> tuple[str, ...]:
        """What each axis is called in messages."""
        rank = len(self.sizes)
        spatial = AXES.get(rank - 2, tuple(f"axis {i}" for i in range(1, rank - 1)))
        if rank == 1:
            return ("length",)
        found = ["batch", *spatial]
        found.insert(self.channels, "channels")
        return tuple(found[:rank])

    def open(self) -> list[str]:
        """The axes without a size, but for the batch."""
        return [
            f"{name} ({size})" if isinstance(size, str) else name
            for i, (name, size) in enumerate(zip(self.names, self.sizes, strict=True))
            if (i or len(self.sizes) == 1) and not isinstance(size, int)
        ]

    def shape(self) -> tuple[int, ...] | None:
        """The tensor's sizes for one example; None if an axis is open."""
        if self.open():
            return None
        sizes = [size if isinstance(size, int) else 1 for size in self.sizes]
        return (1, *sizes[1:]) if len(sizes) > 1 else tuple(sizes)

    def given(self, flow: Flow) -> tuple[int, ...] | None:
        """The tensor's sizes for a shape given from outside; None if it has another number of axes."""
        rank = len(self.sizes)
        if isinstance(flow, Tokens):
            return (1, flow.length) if rank == 2 else None
        if rank == len(flow):
            # Without a batch of its own.
            return flow.ordered("channels_first") if rank > 1 and self.channels != rank - 1 else tuple(flow)
        if rank != len(flow) + 1:
            return None
        sizes = [1, *flow.spatial]
        sizes.insert(self.channels, flow.channels)
        return tuple(sizes)

    def flow(self, sizes: tuple[int, ...]) -> Flow:
        """The shape of one example as the language writes it."""
        if self.vocabulary and len(sizes) == 2:
            return Tokens(sizes[1], self.vocabulary)
        if len(sizes) <= 1:
            return Shape(*(sizes or (1,)))
        rest = list(sizes[1:])
        channels = rest.pop(self.channels - 1)
        return Shape(*rest, channels)


def ports(graph: GraphProto) -> list[Port]:
    """The inputs of a graph that are not stored in the file."""
    stored = {tensor.name: tensor for tensor in graph.initializers}
    users: dict[str, list[NodeProto]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            users.setdefault(name, []).append(node)
    return [_port(info, users, stored) for info in graph.inputs if info.name not in stored]


def _port(info: ValueInfo, users: Mapping[str, list[NodeProto]], stored: Mapping[str, TensorProto]) -> Port:
    sizes = info.shape if info.shape is not None else ()
    dtype = weights.sort(info.dtype or "float32")
    vocabulary = 0
    if dtype == "int" and len(sizes) == 2:
        vocabulary = _vocabulary(info.name, users, stored)
    return Port(info.name, dtype, sizes, _channels(info.name, len(sizes), sizes, users), vocabulary)


def _vocabulary(name: str, users: Mapping[str, list[NodeProto]], stored: Mapping[str, TensorProto]) -> int:
    for node in users.get(name, []):
        if node.op == "Gather" and len(node.inputs) == 2 and node.inputs[1] == name and node.inputs[0] in stored:
            table = stored[node.inputs[0]]
            if len(table.dims) == 2:
                return table.dims[0]
        if node.op in ("Cast", "Identity") and node.outputs:
            found = _vocabulary(node.outputs[0], users, stored)
            if found:
                return found
    return 0


def _channels(name: str, rank: int, sizes: tuple[int | str | None, ...], users: Mapping[str, list[NodeProto]]) -> int:
    """The axis that holds the channels, by what reads the input first."""
    if rank <= 2:
        return rank - 1
    todo, seen = [name], set[str]()
    while todo and len(seen) < 64:
        one = todo.pop(0)
        if one in seen:
            continue
        seen.add(one)
        for node in users.get(one, []):
            if node.op in _CHANNELS_FIRST:
                return 1
            if node.op in _CHANNELS_LAST:
                return rank - 1
            if node.op == "Transpose":
                order = node.attributes.get("perm")
                if isinstance(order, list) and len(order) == rank and order[0] == 0 and order[1] < rank:
                    return int(order[1])
            elif node.op in _POINTWISE:
                todo += node.outputs
    last = sizes[-1]
    if rank >= 4:
        first = sizes[1]
        return rank - 1 if isinstance(last, int) and last <= 4 and isinstance(first, int) and first > 4 else 1
    return rank - 1
