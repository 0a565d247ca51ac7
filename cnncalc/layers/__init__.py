"""Every layer kind: a class in one of the files of this folder, all of which are imported here."""

from importlib import import_module

from cnncalc.layers.base import KINDS, Join, Layer, Weight
from cnncalc.layers.join import Mismatch
from cnncalc.modules import modules

for _name in modules(__path__):
    import_module(f"{__name__}.{_name}")

__all__ = ["KINDS", "Join", "Layer", "Mismatch", "Weight"]
