"""The arithmetic of the forward pass on NumPy arrays, which the `forward` of layers calls.

A kernel is imported when it is first used, and NumPy with it. Arrays have the shape (batch, channels, *spatial); kernels store
them with the channels last in memory, because matrix products and pooling read all channels of a cell at once.
"""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.kernels import (  # noqa: F401 - their types
        conv_lstm,
        convolve,
        dense,
        functions,
        join,
        move,
        norm,
        pointwise,
        pool,
        resize,
        sequence,
        transposed,
    )  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    """Import a kernel on first use."""
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError:
        raise AttributeError(f"there is no kernel {name}") from None


@cache
def import_all() -> None:
    """Import all that a run needs, so that imports count neither in the time of the first layers nor in the run's memory."""
    import pkgutil

    import numpy.random  # noqa: F401 - NumPy itself imports it on first use

    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
