"""Draws random weights that keep the spread of activations near 1, and checks loaded weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from cnncalc.graph import Graph, Node, Producer
from cnncalc.layers import Join

if TYPE_CHECKING:
    import numpy as np

    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.workers import Workers

Weights = dict[str, dict[str, "Array"]]
"""Arrays by the layer's full name, then by PyTorch's name of the array."""

#: Gain of a branch that is added to a shortcut: after fifty such sums the spread is within a factor of ten.
_BRANCH = 0.3
#: Numbers drawn from one seed: a multiple of a thread's chunk, so that the result does not depend on the threads.
_DRAWN = 1 << 18


class WeightsError(ValueError):
    """The weights do not match the network; the message names the array and what was expected."""


class Gains:
    """The gain of each layer's random weights, which depends on the next activation or sum."""

    def __init__(self, graph: Graph) -> None:
        self._readers = graph.readers()

    def __call__(self, node: Node) -> float:
        """Return He's or Glorot's gain for `node`.

        It follows the first reader, through layers without a weight matrix, to an activation or a sum.
        """
        here: Producer = node
        while readers := self._readers.get(here):
            reader = readers[0]
            if reader.layer.gain is not None:
                return reader.layer.gain
            if isinstance(reader.layer, Join) and reader.layer.sums:
                carried = any(not _fresh(source) for source in reader.inputs)
                return _BRANCH if carried else 1 / math.sqrt(len(reader.inputs))
            if _mixes(reader):
                return 1.0
            here = reader
        return 1.0


def _mixes(node: Node) -> bool:
    """Return whether the layer has a weight matrix, which determines the spread of its result."""
    return any(len(weight.shape) > 1 for weight in node.weights)


def _fresh(source: Producer) -> bool:
    """Return whether the result comes from a weight matrix with neither an activation nor a join in between."""
    while isinstance(source, Node) and not _mixes(source):
        if source.layer.gain is not None or len(source.inputs) != 1:
            return False
        source = source.inputs[0]
    return isinstance(source, Node)


def owners(graph: Graph) -> Iterator[Node]:
    """Yield the layers that have weights of their own and can be computed."""
    return (node for node in graph.nodes if node.weights and node.shared is None and not node.layer.opaque)


def draw(node: Node, seed: int, gain: float, workers: Workers, memory: Array | None = None) -> dict[str, Array]:
    """Draw float32 weights of one layer; they depend only on `seed`, its full name, its own shapes and `gain`.

    `memory`: a flat float32 array of at least `room(node)` numbers that takes them; otherwise each gets an array of its own.
    """
    import hashlib

    import numpy as np

    found, begin = {}, 0
    for weight in node.weights:
        out = np.empty(weight.size, np.float32) if memory is None else memory[begin : begin + weight.size]
        begin += _padded(weight.size)
        name = hashlib.blake2b(f"{node.name}/{weight.name}".encode(), digest_size=16).digest()
        words = [seed, *(int.from_bytes(name[k : k + 4], "little") for k in range(0, 16, 4))]
        _normal(out, *node.layer.spread(weight, gain), words, workers)
        found[weight.name] = in_order(out, weight.shape)
    return found


def convert(weights: Mapping[str, Array], memory: Array) -> dict[str, Array]:
    """Return weights in the type of `memory`, a flat array with room for them."""
    found, begin = {}, 0
    for name, array in weights.items():
        found[name] = in_order(memory[begin : begin + array.size], array.shape)
        found[name][...] = array
        begin += _padded(array.size)
    return found


def room(node: Node) -> int:
    """Return how many numbers a layer's weights take in one flat array, each array at the begin of a cache line."""
    return sum(_padded(weight.size) for weight in node.weights)


def _padded(size: int) -> int:
    return -(-size // 16) * 16


def in_order(flat: Array, shape: tuple[int, ...]) -> Array:
    """Return a flat array as an array of weights; filters are in Fortran order, as the convolution reads them."""
    return flat.reshape(shape[::-1]).T if len(shape) > 2 else flat.reshape(shape)


def _normal(out: Array, mean: float, deviation: float, words: list[int], workers: Workers) -> None:
    """Fill a flat array with normal numbers."""
    import numpy as np

    def task(i: int) -> None:
        part = out[i * _DRAWN : (i + 1) * _DRAWN]
        np.random.Generator(np.random.SFC64(np.random.SeedSequence([*words, i]))).standard_normal(out=part, dtype=np.float32)
        part *= np.float32(deviation)
        if mean:
            part += np.float32(mean)

    workers.parallel_for(task, -(-out.size // _DRAWN))


def draw_all(graph: Graph, seed: int) -> Weights:
    """Draw weights of every layer that has its own."""
    from cnncalc.kernels.workers import Workers

    gains, workers = Gains(graph), Workers()
    with workers.running():
        return {node.name: draw(node, seed, gains(node), workers) for node in owners(graph)}


class Sized(Protocol):
    """An array, or the header of one."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...


def check(graph: Graph, weights: Mapping[str, Mapping[str, Sized]]) -> None:
    """Raise WeightsError if an array is missing, has another shape, or belongs to no layer."""
    faults = []
    known = {}
    for node in owners(graph):
        known[node.name] = {weight.name for weight in node.weights}
        given = weights.get(node.name, {})
        for weight in node.weights:
            array = given.get(weight.name)
            if array is None:
                faults.append(f"{node.name}/{weight.name} is missing; it has the shape {_written(weight.shape)}")
            elif tuple(array.shape) != weight.shape:
                faults.append(
                    f"{node.name}/{weight.name} has the shape {_written(tuple(array.shape))}, not {_written(weight.shape)}"
                )
            elif array.dtype.kind not in "fiu":
                faults.append(f"{node.name}/{weight.name} holds {array.dtype}, and numbers are needed")
    shared = {node.name: node.shared.name for node in graph.nodes if node.shared is not None}
    for layer, arrays in weights.items():
        for name in arrays:
            if layer in shared:
                faults.append(f"{layer}/{name} is too many: {layer} uses the weights of {shared[layer]}")
            elif name not in known.get(layer, ()):
                faults.append(f"{layer}/{name} is no array of this network")
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise WeightsError("; ".join(faults[:5]) + more)


def _written(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "of one number"
