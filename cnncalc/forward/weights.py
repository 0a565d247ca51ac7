"""Random weights that keep activations alive, and weights from and to .npz files. Imports NumPy only when asked for numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cnncalc.graph import Graph, Node, Producer
from cnncalc.layers import Join

if TYPE_CHECKING:
    import os

    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.workers import Workers

Weights = dict[str, dict[str, "Array"]]
"""By layer's full name and by PyTorch's name of the array."""

#: What a branch is multiplied with that is added to a shortcut: fifty such sums leave the spread within a factor of ten.
_BRANCH = 0.3
#: Numbers drawn from one seed: a multiple of what a thread does at a time, so that threads change nothing.
_DRAWN = 1 << 18


class WeightsError(ValueError):
    """Weights that are not this network's; the message says which and what would be right."""


class Gains:
    """By how much each layer's random weights are scaled: by the activation that follows, or by the sum it goes into."""

    def __init__(self, graph: Graph) -> None:
        self._readers: dict[Producer, list[Node]] = {}
        for node in graph.nodes:
            for source in node.inputs:
                self._readers.setdefault(source, []).append(node)

    def __call__(self, node: Node) -> float:
        """He's or Glorot's factor for what follows `node`.

        Followed is the first reader, through whatever has no matrix of weights, to an activation or a sum.
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
    """Whether it has a matrix of weights, so that its own weights set the spread of what it gives."""
    return any(len(weight.shape) > 1 for weight in node.weights)


def _fresh(source: Producer) -> bool:
    """Whether what flows there comes from a matrix of weights with neither an activation nor a join in between."""
    while isinstance(source, Node) and not _mixes(source):
        if source.layer.gain is not None or len(source.inputs) != 1:
            return False
        source = source.inputs[0]
    return isinstance(source, Node)


def owners(graph: Graph) -> Iterator[Node]:
    """The layers that have weights of their own and can be computed with them."""
    return (node for node in graph.nodes if node.weights and node.shared is None and not node.layer.opaque)


def draw(node: Node, seed: int, gain: float, workers: Workers) -> dict[str, Array]:
    """Random float32 weights of one layer, which depend on `seed`, its full name, its own shapes and `gain` alone."""
    import hashlib

    found = {}
    for weight in node.weights:
        name = hashlib.blake2b(f"{node.name}/{weight.name}".encode(), digest_size=16).digest()
        words = [seed, *(int.from_bytes(name[k : k + 4], "little") for k in range(0, 16, 4))]
        found[weight.name] = _normal(weight.shape, *node.layer.spread(weight, gain), words, workers)
    return found


def _normal(shape: tuple[int, ...], mean: float, deviation: float, words: list[int], workers: Workers) -> Array:
    """Normal numbers; filters lie in Fortran order, as the convolution reads them."""
    import numpy as np

    out = np.empty(math.prod(shape), np.float32)

    def task(i: int) -> None:
        part = out[i * _DRAWN : (i + 1) * _DRAWN]
        np.random.Generator(np.random.SFC64(np.random.SeedSequence([*words, i]))).standard_normal(out=part, dtype=np.float32)
        part *= np.float32(deviation)
        if mean:
            part += np.float32(mean)

    workers.parallel_for(task, -(-out.size // _DRAWN))
    return out.reshape(shape[::-1]).T if len(shape) > 2 else out.reshape(shape)


def draw_all(graph: Graph, seed: int) -> Weights:
    """Random weights of every layer that has its own."""
    from cnncalc.kernels.workers import Workers

    gains, workers = Gains(graph), Workers()
    with workers.running():
        return {node.name: draw(node, seed, gains(node), workers) for node in owners(graph)}


def check(graph: Graph, weights: Mapping[str, Mapping[str, Array]]) -> None:
    """Raises WeightsError where an array is missing, of another shape, or nobody's."""
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


class ArrayFile:
    """A .npz file written array by array, so that it never has to be in memory whole."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import zipfile

        self._zip = zipfile.ZipFile(path, "w", allowZip64=True)

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def write(self, name: str, array: Array) -> None:
        import numpy as np

        with self._zip.open(f"{name}.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array(stream, array, allow_pickle=False)


def save(weights: Mapping[str, Mapping[str, Array]], path: str | os.PathLike[str]) -> None:
    """Writes a .npz file whose arrays are called `layer/array`, as `conv1/weight`."""
    with ArrayFile(path) as file:
        for layer, found in weights.items():
            for name, array in found.items():
                file.write(f"{layer}/{name}", array)


def save_drawn(graph: Graph, seed: int, path: str | os.PathLike[str]) -> None:
    """Writes the random weights of `seed` as `save` does, a layer at a time."""
    from cnncalc.kernels.workers import Workers

    gains, workers = Gains(graph), Workers()
    with ArrayFile(path) as file, workers.running():
        for node in owners(graph):
            for name, array in draw(node, seed, gains(node), workers).items():
                file.write(f"{node.name}/{name}", array)


_NPZ = "an .npz is what numpy.savez and --save-weights write, arrays of numbers called conv1/weight"


def load(path: str | os.PathLike[str]) -> Weights:
    """Reads what `save` wrote, or any .npz whose arrays are called `layer/array`. Raises WeightsError, and OSError."""
    import zipfile

    import numpy as np

    found: Weights = {}
    try:
        opened = np.load(path, allow_pickle=False)
        if isinstance(opened, np.ndarray):
            raise WeightsError(f"{path} holds one array, and weights are a .npz of arrays called conv1/weight")
        with opened as arrays:
            for key in arrays.files:
                layer, slash, name = key.rpartition("/")
                if not slash:
                    raise WeightsError(f"{path}: {key} names no layer; arrays are called conv1/weight")
                array = arrays[key]
                if not isinstance(array, np.ndarray):
                    raise WeightsError(f"{path} is no .npz file: {key} in it is no array; {_NPZ}")
                # Filters in the order in which the convolution reads them, once and for all.
                found.setdefault(layer, {})[name] = np.asfortranarray(array) if array.ndim > 2 else array
    except (zipfile.BadZipFile, EOFError) as error:
        raise WeightsError(f"{path} is no .npz file: {error}") from None
    except ValueError as error:
        if isinstance(error, WeightsError):
            raise
        # NumPy advises to read a pickle at one's own risk, whatever the file is.
        why = _NPZ if "pickle" in str(error) or "Object arrays" in str(error) else error
        raise WeightsError(f"{path} is no .npz file of numbers: {why}") from None
    return found
