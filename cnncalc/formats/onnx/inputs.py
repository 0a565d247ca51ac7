"""The inputs of an ONNX model: their sizes, which axis holds the channels, and which hold token ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cnncalc.formats.onnx import weights
from cnncalc.formats.onnx.order import ModelRefused
from cnncalc.formats.onnx.proto import GraphProto, NodeProto, TensorProto, ValueInfo
from cnncalc.shape import AXES, Flow, Shape, Tokens

#: Operators that leave every number in its place.
_POINTWISE = frozenset((
    "Cast", "Identity", "Add", "Sub", "Mul", "Div", "Clip", "Relu", "QuantizeLinear", "DequantizeLinear", "Pad", "Dropout",
    "BatchNormalization",
))  # fmt: skip
_CHANNELS_FIRST = frozenset((
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
    "InstanceNormalization", "QLinearConv", "ConvInteger", "LRN", "Resize", "Upsample", "GroupNormalization", "SpaceToDepth",
    "DepthToSpace",
))  # fmt: skip
_RECURRENT = ("LSTM", "GRU", "RNN")
_CHANNELS_LAST = frozenset(["MatMul", "Gemm", "LayerNormalization", "RMSNormalization", *_RECURRENT])


MOST_AXES = 4
"""Axes of one example, at most: three of space and the channels."""


class InputPort(NamedTuple):
    """An input: sizes of the file with None for open axes, the axis of the channels, and the vocabulary of token ids, or 0.

    `batch` is the axis that counts examples; None if all axes are those of one example.
    """

    name: str
    dtype: str
    sizes: tuple[int | str | None, ...]
    channels: int
    vocabulary: int
    batch: int | None

    @property
    def fixed_batch(self) -> int:
        """The number of examples that the file fixes; 1 if it leaves that open."""
        size = self.sizes[self.batch] if self.batch is not None else 1
        return size if isinstance(size, int) else 1

    @property
    def _axes(self) -> list[int]:
        """The axes of one example, the channels last."""
        rest = [i for i in range(len(self.sizes)) if i not in (self.batch, self.channels)]
        return [*rest, self.channels] if self.sizes else []

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each axis in messages."""
        if len(self.sizes) < 2:
            return ("length",)[: len(self.sizes)]
        found = ["batch"] * len(self.sizes)
        spatial = self._axes[:-1]
        names = AXES.get(len(spatial), tuple(f"axis {i}" for i in spatial))
        for i, name in zip(self._axes, (*names, "channels"), strict=True):
            found[i] = name
        return tuple(found)

    def open(self) -> list[str]:
        """The axes without a size, but for the batch."""
        return [
            f"{name} ({size})" if isinstance(size, str) else name
            for i, (name, size) in enumerate(zip(self.names, self.sizes, strict=True))
            if i != self.batch and not isinstance(size, int)
        ]

    def shape(self) -> tuple[int, ...] | None:
        """The tensor's sizes for one example; None if an axis is open."""
        if self.open():
            return None
        return tuple(size if isinstance(size, int) and i != self.batch else 1 for i, size in enumerate(self.sizes))

    def given(self, flow: Flow) -> tuple[int, ...] | None:
        """The tensor's sizes for a shape given from outside; None if it has another number of axes."""
        rank = len(self.sizes)
        if isinstance(flow, Tokens):
            return (1, flow.length) if rank == 2 and self.batch == 0 else None
        axes = self._axes
        if len(flow) != len(axes):
            return None
        sizes = [1] * rank
        for i, size in zip(axes, flow, strict=True):
            sizes[i] = size
        return tuple(sizes)

    def flow(self, sizes: tuple[int, ...]) -> Flow:
        """The shape of one example as the language writes it."""
        if self.vocabulary and len(sizes) == 2:
            return Tokens(sizes[1], self.vocabulary)
        return Shape(*(sizes[i] for i in self._axes)) if sizes else Shape(1)


def ports(graph: GraphProto) -> list[InputPort]:
    """The inputs of a graph that are not stored in the file, and not empty lists."""
    stored = {tensor.name: tensor for tensor in graph.initializers}
    users: dict[str, list[NodeProto]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            users.setdefault(name, []).append(node)
    found = [_port(info, users, stored) for info in graph.inputs if info.name not in stored and info.shape != (0,)]
    for port in found:
        if len(port.sizes) > MOST_AXES + 1:
            raise ModelRefused(
                f'input "{port.name}" has {len(port.sizes)} axes; a batch, {MOST_AXES - 1} of space and channels are most'
            )
        if 0 in port.sizes:
            raise ModelRefused(f'input "{port.name}" has the sizes {list(port.sizes)}; each must be at least 1')
    return found


def _port(info: ValueInfo, users: Mapping[str, list[NodeProto]], stored: Mapping[str, TensorProto]) -> InputPort:
    sizes = info.shape if info.shape is not None else ()
    dtype = weights.sort(info.dtype or "float32")
    vocabulary = 0
    if len(sizes) == 2:
        # Ids may come in as floats, and be cast.
        vocabulary = _vocabulary(info.name, users, stored)
    channels = _channels(info.name, len(sizes), sizes, users)
    batch = None if len(sizes) < 2 else _batch(info.name, len(sizes), users)
    return InputPort(info.name, dtype, sizes, channels, vocabulary, batch)


def _batch(name: str, rank: int, users: Mapping[str, list[NodeProto]]) -> int:
    """The axis that counts examples: the first, but the second of what a recurrent layer reads step by step."""
    if rank != 3:
        return 0
    axis, seen = 1, set[str]()
    while name not in seen:
        seen.add(name)
        readers = users.get(name, [])
        if any(node.op in _RECURRENT and not node.attributes.get("layout") and node.inputs[0] == name for node in readers):
            return axis
        if len(readers) != 1 or readers[0].op not in (*_POINTWISE, "Transpose") or not readers[0].outputs:
            return 0
        order = readers[0].attributes.get("perm")
        if readers[0].op == "Transpose":
            if order not in ([1, 0, 2], [0, 1, 2]):
                return 0
            axis = order[axis]
        name = readers[0].outputs[0]
    return 0


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
    """Find the axis of the channels by the first operators that read the input."""
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
