"""How each operator of the vocabulary becomes layers. `Lowering` is imported from here, where every operator is registered."""

from cnncalc.formats.tensors.lower import Lowering
from cnncalc.formats.tensors.lowering import moves, norms, pointwise, products, reduce, windows

__all__ = ["Lowering", "moves", "norms", "pointwise", "products", "reduce", "windows"]
