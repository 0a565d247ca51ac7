"""Files as inputs: arrays from .npy, pictures through Pillow where that is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnncalc.forward.runner import CannotRun, array_shape
from cnncalc.graph import Input
from cnncalc.shape import Shape, Tokens

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array

#: Pillow's modes by number of channels.
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read(path: str, source: Input, dtype: str, *, resize: bool = False) -> Array:
    """The array that `path` gives the input `source`, with a batch. Raises CannotRun, and OSError."""
    if path.lower().endswith(".npy"):
        return _array(path, source, dtype)
    return _picture(path, source, dtype, resize)


def _array(path: str, source: Input, dtype: str) -> Array:
    """A .npy file: one example or a batch, channels first, or as the spec writes shapes where that cannot be mistaken."""
    import numpy as np

    try:
        found: Array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        # NumPy advises to read a pickle at one's own risk, whatever the file is.
        why = "a .npy is one array of numbers, as numpy.save writes it" if "pickle" in str(error) else error
        raise CannotRun(f"{path} is no .npy file of numbers: {why}") from None
    if not isinstance(found, np.ndarray):
        raise CannotRun(f"{path} is a zip of arrays, an .npz; a .npy is one array of numbers, as numpy.save writes it")
    flow = source.flow
    assert flow is not None
    wanted = array_shape(flow)
    shapes = {found.shape: found, found.shape[1:]: found}
    if tuple(found.shape) == wanted:
        found = found[None]
    elif isinstance(flow, Shape) and wanted not in shapes and flow.rank:
        last = tuple(flow)
        if tuple(found.shape) == last:
            found = np.moveaxis(found, -1, 0)[None]
        elif tuple(found.shape[1:]) == last:
            found = np.moveaxis(found, -1, 1)
    if found.dtype.kind not in ("iu" if isinstance(flow, Tokens) else "fiub"):
        raise CannotRun(
            f"{path} holds {found.dtype}, and {'whole numbers' if isinstance(flow, Tokens) else 'numbers'} are needed"
        )
    return found if isinstance(flow, Tokens) else found.astype(dtype, copy=False)


def _picture(path: str, source: Input, dtype: str, resize: bool) -> Array:
    """A picture as numbers from 0 to 1."""
    import numpy as np

    flow = source.flow
    if not isinstance(flow, Shape) or flow.rank != 2 or flow.channels not in _MODES:
        said = "tokens" if isinstance(flow, Tokens) else str(flow)
        raise CannotRun(f"{path}: a picture has height, width and 1, 3 or 4 channels, and the input {source.name} is {said}")
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise CannotRun(
            f"{path}: pictures are read by Pillow; pip install '.[image]' brings it, as does pip install pillow"
        ) from None
    try:
        with Image.open(path) as opened:
            picture: Image.Image = opened.convert(_MODES[flow.channels])
    except UnidentifiedImageError:
        raise CannotRun(f"{path} is no picture that Pillow reads, and no .npy file") from None
    except Image.DecompressionBombError as error:
        raise CannotRun(f"{path}: {error}") from None
    height, width = flow.spatial
    if picture.size != (width, height):
        if not resize:
            raise CannotRun(
                f"{path} is {picture.height}x{picture.width}, and the input {source.name} is {height}x{width}; write --resize, "
                f"or --input {picture.height}x{picture.width}x{flow.channels}"
            )
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    numbers = np.asarray(picture, dtype).reshape(height, width, flow.channels) / np.dtype(dtype).type(255)
    return np.ascontiguousarray(np.moveaxis(numbers, -1, 0)[None])


def exists(path: str) -> bool:
    """Whether there is a file to read."""
    return os.path.isfile(path)
