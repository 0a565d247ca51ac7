"""Functions of each number that have parameters or need only one call of NumPy."""

from __future__ import annotations

import math

import numpy as np

from cnncalc.kernels.arrays import Array
from cnncalc.kernels.pointwise import Apply

# NumPy's second argument by position is the array that takes the result.
square: Apply = np.square
sqrt: Apply = np.sqrt
exp: Apply = np.exp
sin: Apply = np.sin
cos: Apply = np.cos
absolute: Apply = np.abs
reciprocal: Apply = np.reciprocal
log: Apply = np.log


def power(exponent: float) -> Apply:
    """Return the function x ↦ x^exponent; NaN for a negative x and a fractional exponent."""

    def function(x: Array, out: Array) -> None:
        np.power(x, x.dtype.type(exponent), out=out)

    return function


def clip(least: float | None, most: float | None) -> Apply:
    """Return the function that limits numbers to `least` … `most`; None leaves a side open. NaN stays NaN."""

    def function(x: Array, out: Array) -> None:
        np.clip(x, -math.inf if least is None else least, math.inf if most is None else most, out=out)

    return function


def affine(factor: float, offset: float) -> Apply:
    """Return the function x ↦ factor·x + offset."""

    def function(x: Array, out: Array) -> None:
        np.multiply(x, x.dtype.type(factor), out=out)
        if offset:
            np.add(out, out.dtype.type(offset), out=out)

    return function


def hard_sigmoid(slope: float, offset: float) -> Apply:
    """Return the function x ↦ min(max(0, slope·x + offset), 1)."""

    def function(x: Array, out: Array) -> None:
        np.multiply(x, x.dtype.type(slope), out=out)
        np.add(out, out.dtype.type(offset), out=out)
        np.clip(out, 0, 1, out=out)

    return function


def gelu_tanh(x: Array, out: Array) -> None:
    """x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2.

    Source: Hendrycks & Gimpel 2016, sec. 2.
    """
    kind = x.dtype.type
    inner = x * x
    inner *= kind(0.044715)
    inner += kind(1)
    inner *= x
    inner *= kind(math.sqrt(2 / math.pi))
    np.tanh(inner, out=inner)
    inner += kind(1)
    inner *= kind(0.5)
    np.multiply(x, inner, out=out)
