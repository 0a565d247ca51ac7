"""The arithmetic of the forward pass on NumPy arrays: what the kinds' `forward` call. Imported only when a network runs.

Arrays are (batch, channels, *spatial) to whoever looks at them, and lie in memory with the channels last wherever a kernel made
them: a row of channels is what a matrix product and a pooling want to read.
"""

from __future__ import annotations

import importlib
import pkgutil


def import_all() -> None:
    """Imports every kernel, which layers do when they first run; so that nobody's time has that in it."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
