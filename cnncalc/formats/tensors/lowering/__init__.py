"""How each operator of the vocabulary becomes layers."""

from cnncalc.formats.tensors.lowering import moves, norms, pointwise, products, reduce, windows

__all__ = ["moves", "norms", "pointwise", "products", "reduce", "windows"]
