"""Turns each operator of the vocabulary into layers. `Lowering` is imported from here, where every handler is registered."""

from cnncalc.formats.tensors.lower import Lowering
from cnncalc.formats.tensors.lowering import masks, moves, norms, pointwise, products, reduce, windows

__all__ = ["Lowering", "masks", "moves", "norms", "pointwise", "products", "reduce", "windows"]
