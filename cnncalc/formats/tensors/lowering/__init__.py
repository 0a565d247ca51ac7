"""How each operator of the vocabulary becomes layers. `Lowering` is imported from here, where every operator is registered."""

from cnncalc.formats.tensors.lower import Lowering
from cnncalc.formats.tensors.lowering import masks, moves, norms, pointwise, products, reduce, windows

__all__ = ["Lowering", "masks", "moves", "norms", "pointwise", "products", "reduce", "windows"]
