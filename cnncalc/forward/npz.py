"""Weights and results in .npz files, whose arrays are called `layer/array`, as `conv1/weight`."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import IO, TYPE_CHECKING, NamedTuple

from cnncalc.files import write_atomically
from cnncalc.forward.weights import Gains, Weights, WeightsError, check, draw, owners
from cnncalc.graph import Graph

if TYPE_CHECKING:
    import zipfile

    import numpy as np

    from cnncalc.kernels.arrays import Array

#: Headers of arrays are read up to this length.
_HEADER = 10_000
_NPZ = "an .npz is what numpy.savez and --save-weights write, arrays of numbers called conv1/weight"


class Header(NamedTuple):
    """The shape and type of an array in a file that has not been read."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


class ArrayFile:
    """A .npz file that is written array by array; it appears under its name when the block ends without an exception."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._stack = ExitStack()

    def __enter__(self) -> ArrayFile:
        import zipfile

        stream = self._stack.enter_context(write_atomically(self._path))
        self._zip = self._stack.enter_context(zipfile.ZipFile(stream, "w", allowZip64=True))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, name: str, array: Array) -> None:
        """Add an array."""
        import numpy as np

        with self._zip.open(f"{name}.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array(stream, array, allow_pickle=False)


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise WeightsError if `path` is a file that is no .npz, which a new one would replace."""
    import zipfile

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return
        if os.path.getsize(path) == 0:
            return
        with zipfile.ZipFile(path) as found:
            arrays = all(name.endswith(".npy") for name in found.namelist())
    except FileNotFoundError:
        return
    except (zipfile.BadZipFile, NotImplementedError):
        arrays = False
    if not arrays:
        raise WeightsError(f"{os.fspath(path)} exists and is no .npz file; choose another name, or overwrite it with --force")


def save(weights: Mapping[str, Mapping[str, Array]], path: str | os.PathLike[str]) -> None:
    """Write arrays called `layer/array`. Raises OSError."""
    with ArrayFile(path) as file:
        for layer, found in weights.items():
            for name, array in found.items():
                file.write(f"{layer}/{name}", array)


def save_drawn(graph: Graph, seed: int, path: str | os.PathLike[str]) -> None:
    """Write the random weights of `seed` as `save` does, with one layer in memory at a time. Raises OSError."""
    from cnncalc.kernels.workers import Workers

    gains, workers = Gains(graph), Workers()
    with ArrayFile(path) as file, workers.running():
        for node in owners(graph):
            for name, array in draw(node, seed, gains(node), workers).items():
                file.write(f"{node.name}/{name}", array)


def load(path: str | os.PathLike[str], graph: Graph | None = None) -> Weights:
    """Read what `save` wrote, or any .npz whose arrays are called `layer/array`.

    With `graph`, the headers of all arrays are compared with its weights before any array is read, so that a small compressed
    file cannot fill the memory. Raises WeightsError, and OSError if the file cannot be opened.
    """
    import zipfile

    import numpy as np

    file = os.fspath(path)
    with open(path, "rb") as stream:
        if stream.read(6) == b"\x93NUMPY":
            raise WeightsError(f"{file} holds one array, and weights are a .npz of arrays called conv1/weight")
        try:
            with zipfile.ZipFile(stream) as archive:
                names = {info.filename: _name(file, info.filename) for info in archive.infolist()}
                headers: dict[str, dict[str, Header]] = {}
                for member, (layer, name) in names.items():
                    with archive.open(member) as opened:
                        headers.setdefault(layer, {})[name] = _header(opened, file, member)
                if graph is not None:
                    check(graph, headers)
                found: Weights = {}
                for member, (layer, name) in names.items():
                    with archive.open(member) as opened:
                        array = np.lib.format.read_array(opened, allow_pickle=False, max_header_size=_HEADER)
                    # Filters in the order in which the convolution reads them.
                    found.setdefault(layer, {})[name] = np.asfortranarray(array) if array.ndim > 2 else array
                return found
        except zipfile.BadZipFile as error:
            fault = "a damaged" if "CRC" in str(error) else "no"
            raise WeightsError(f"{file} is {fault} .npz file: {error}; {_NPZ}") from None
        except NotImplementedError:
            raise WeightsError(f"{file} is compressed by a method that is not known here; save it with numpy.savez") from None
        except RuntimeError as error:
            if "password" not in str(error):
                raise
            raise WeightsError(f"{file} is encrypted; {_NPZ}") from None
        except (WeightsError, MemoryError):
            raise
        except Exception as error:  # A damaged header makes NumPy raise errors of the tokenizer and others.
            raise WeightsError(f"{file} is a damaged .npz file: {_reason(error)}; {_NPZ}") from None


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _name(file: str, member: str) -> tuple[str, str]:
    """Return the layer and the array that a member of the archive is called by."""
    if not member.endswith(".npy"):
        raise WeightsError(f"{file} is no .npz file: {member} in it is no array; {_NPZ}")
    layer, slash, name = member.removesuffix(".npy").rpartition("/")
    if not slash:
        raise WeightsError(f"{file}: {name} names no layer; arrays are called conv1/weight")
    return layer, name


def _header(stream: zipfile.ZipExtFile | IO[bytes], file: str, member: str) -> Header:
    """Return the header of an array without reading the array."""
    from numpy.lib import format as npy

    version = npy.read_magic(stream)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise WeightsError(f"{file}: {member} has version {version[0]}.{version[1]} of the format, which holds no plain numbers")
    shape, _, dtype = read(stream, max_header_size=_HEADER)
    if dtype.hasobject:
        raise WeightsError(f"{file}: {member} holds Python objects; {_NPZ}")
    return Header(tuple(shape), dtype)
