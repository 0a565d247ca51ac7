"""Reads inputs from files: arrays from .npy files, and images through Pillow if it is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cnncalc.forward.plan import CannotRun
from cnncalc.forward.runner import array_shape
from cnncalc.graph import Input
from cnncalc.shape import Shape, Tokens

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array

#: Pillow's modes by number of channels.
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read(path: str, source: Input, dtype: str, *, resize: bool = False) -> Array:
    """Return an input's array from a file, with a batch axis. Raises CannotRun, and OSError if the file cannot be opened.

    A header that does not match the input is refused before the numbers are read.
    """
    if path.lower().endswith(".npy"):
        return _array(path, source, dtype)
    return _picture(path, source, dtype, resize)


def _array(path: str, source: Input, dtype: str) -> Array:
    """Return a .npy file's array: one example or a batch, channels first, or channels last if the shape is unambiguous."""
    import numpy as np

    with open(path, "rb") as stream:
        start = stream.read(6)
    if start.startswith(b"PK"):
        raise CannotRun(f"{path} is a zip of arrays, an .npz; a .npy is one array of numbers, as numpy.save writes it")
    if start != b"\x93NUMPY":
        raise CannotRun(f"{path} is no .npy file of numbers: a .npy is one array of numbers, as numpy.save writes it")
    try:
        # The file is mapped, not read: the header is checked first.
        found: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except MemoryError:
        raise
    except Exception as error:  # A damaged header makes NumPy raise errors of the tokenizer and others.
        reason = "it holds Python objects" if "object" in str(error).lower() else str(error).partition("\n")[0]
        raise CannotRun(f"{path} is a damaged .npy file, or not one of numbers: {reason}") from None
    flow = source.flow
    assert flow is not None
    needed = "iu" if isinstance(flow, Tokens) else "fiub"
    if found.dtype.kind not in needed:
        kinds = "integers" if isinstance(flow, Tokens) else "numbers"
        raise CannotRun(f"{path} holds {found.dtype}, and {kinds} are needed")
    wanted = array_shape(flow)
    last = tuple(flow) if isinstance(flow, Shape) and flow.rank else wanted
    if found.shape == wanted:
        found = found[None]
    elif found.shape[1:] == wanted and found.ndim > 1:
        pass
    elif found.shape == last:
        found = np.moveaxis(found, -1, 0)[None]
    elif found.shape[1:] == last and found.ndim > 1:
        found = np.moveaxis(found, -1, 1)
    else:
        raise CannotRun(
            f'input "{source.name}" is (batch, {", ".join(map(str, wanted))}), channels first; '
            f"the array has the shape ({', '.join(map(str, found.shape))})"
        )
    return np.array(found) if isinstance(flow, Tokens) else np.array(found, dtype=dtype)


def _picture(path: str, source: Input, dtype: str, resize: bool) -> Array:
    """Return an image as numbers from 0 to 1."""
    import warnings

    import numpy as np

    flow = source.flow
    if not isinstance(flow, Shape) or flow.rank != 2 or flow.channels not in _MODES:
        text = "tokens" if isinstance(flow, Tokens) else str(flow)
        raise CannotRun(f'{path}: a picture has height, width and 1, 3 or 4 channels, and input "{source.name}" is {text}')
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise CannotRun(
            f"{path}: pictures are read by Pillow; install it with pip install '.[image]' or pip install pillow"
        ) from None
    if not os.path.isfile(path):
        # Raises an OSError with the reason.
        open(path, "rb").close()
    height, width = flow.spatial
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                if opened.size != (width, height) and not resize:
                    raise CannotRun(
                        f'{path} is {opened.height}x{opened.width}, and input "{source.name}" is {height}x{width}; '
                        f"write --resize, or --input {opened.height}x{opened.width}x{flow.channels}"
                    )
                picture: Any = opened.convert(_MODES[flow.channels])
    except CannotRun:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        most = Image.MAX_IMAGE_PIXELS or 0
        raise CannotRun(f"{path} has more than {most:,} pixels, the most that is read; make it smaller first") from None
    except UnidentifiedImageError:
        raise CannotRun(f"{path} is no picture that Pillow reads, and no .npy file") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise anything for a damaged file.
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CannotRun(f"{path} is a damaged picture: {reason}") from None
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    numbers = np.asarray(picture, dtype).reshape(height, width, flow.channels) / np.dtype(dtype).type(255)
    return np.ascontiguousarray(np.moveaxis(numbers, -1, 0)[None])


def exists(path: str) -> bool:
    """Return whether there is a file to read."""
    return os.path.isfile(path)
