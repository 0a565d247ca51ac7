"""Functions of each number or channel, in chunks on all threads."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed, per_channel
from cnncalc.kernels.run import Epilogue, Run
from cnncalc.kernels.workers import BLOCK

Apply = Callable[[Array, Array], None]
"""Writes the function of its first argument to its second, which may be the same array."""


def _order(x: Array) -> list[int]:
    """Return the axes of `x` in the order of memory."""
    return sorted(range(x.ndim), key=lambda axis: (-abs(x.strides[axis]), x.shape[axis] != 1))


def apply(function: Apply, x: Array, run: Run) -> Array:
    """Apply `function` to each number of `x`, in place if nothing else reads `x`."""
    order = _order(x)
    if not x.transpose(order).flags.c_contiguous:
        x = channels_first(packed(channels_last(x)))
        order = _order(x)
        run = Run(run.workers, run.fit, overwrite=True)
    turned = x.transpose(order)
    source = turned.reshape(-1)
    if run.overwrite and x.flags.writeable:
        run.workers.parallel_chunks(function, source, source)
        return x
    target = run.empty(source.shape, x.dtype)
    run.workers.parallel_chunks(function, source, target)
    return target.reshape(turned.shape).transpose(np.argsort(order))


def in_blocks(function: Apply) -> Apply:
    """Return the function applied in blocks, which stay in the cache between its passes."""

    def blocks(x: Array, out: Array) -> None:
        if x.size <= BLOCK:
            function(x, out)
        elif x.flags.c_contiguous and out.flags.c_contiguous:
            numbers, target = x.reshape(-1), out.reshape(-1)
            for k in range(0, x.size, BLOCK):
                function(numbers[k : k + BLOCK], target[k : k + BLOCK])
        else:
            for part, result in zip(x, out, strict=True):
                blocks(part, result)

    return blocks


def per_channels(x: Array, scale: Array | None, shift: Array | None, run: Run) -> Array:
    """Multiply `x` by `scale` and add `shift`, numbers per channel, then apply the epilogue."""
    out = x if run.overwrite and x.flags.writeable else run.empty_like(x)
    epilogue = run.epilogue.after_affine(scale, shift)

    def task(part: Array, target: Array) -> None:
        if epilogue.scale is not None:
            part = np.multiply(part, epilogue.scale, out=target)
        Epilogue(shift=epilogue.shift, function=epilogue.function).finish(part, target)

    channel_chunks(task, x, out, run)
    return out


def channel_chunks(task: Callable[[Array, Array], None], x: Array, out: Array, run: Run) -> None:
    """Call `task` on chunks (…, channels) of the input and of the output, example by example."""
    for example, target in zip(channels_last(x), channels_last(out), strict=True):
        if example.ndim == 1:
            run.workers.parallel_for(lambda i, a=example, b=target: task(a, b), 1)  # type: ignore[misc]  # bound now
        else:
            run.workers.parallel_chunks(task, example, target)


def prelu(x: Array, slopes: Array, run: Run) -> Array:
    """Multiply each negative number by its channel's slope."""
    out = run.empty_like(x)

    def task(part: Array, target: Array) -> None:
        np.multiply(part, slopes, out=target)
        np.copyto(target, part, where=part >= 0)

    channel_chunks(task, x, out, run)
    return out


def softmax(x: Array, run: Run, axis: int = -1) -> Array:
    """Return exp(x) over its sum along `axis` of (batch, *spatial, channels); the maximum is subtracted to avoid overflow."""
    if axis != -1:
        xs = channels_last(x)
        shares = xs - xs.max(axis=axis, keepdims=True)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=axis, keepdims=True)
        return channels_first(shares)
    out = run.empty_like(x)

    def task(part: Array, target: Array) -> None:
        np.subtract(part, part.max(axis=-1, keepdims=True), out=target)
        np.exp(target, out=target)
        target /= target.sum(axis=-1, keepdims=True)

    channel_chunks(task, x, out, run)
    return out


def relu(x: Array, out: Array) -> None:
    # Faster than a maximum of two arrays, and NaN stays NaN as well.
    np.clip(x, 0, np.inf, out=out)


def relu6(x: Array, out: Array) -> None:
    np.clip(x, 0, 6, out=out)


def hard_sigmoid(x: Array, out: Array) -> None:
    np.add(x, 3, out=out)
    np.clip(out, 0, 6, out=out)
    np.divide(out, 6, out=out)


def hard_swish(x: Array, out: Array) -> None:
    gate = np.clip(x + 3, 0, 6)
    gate /= 6
    np.multiply(x, gate, out=out)


def sigmoid(x: Array, out: Array) -> None:
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)


def silu(x: Array, out: Array) -> None:
    gate = np.empty_like(x)
    sigmoid(x, gate)
    np.multiply(x, gate, out=out)


def softplus(x: Array, out: Array) -> None:
    np.logaddexp(x, 0, out=out)


def mish(x: Array, out: Array) -> None:
    np.multiply(x, np.tanh(np.logaddexp(x, x.dtype.type(0))), out=out)


def tanh(x: Array, out: Array) -> None:
    np.tanh(x, out=out)


def elu(alpha: float) -> Apply:
    """Return the function x ↦ x if x is positive, else alpha·(exp(x) − 1)."""
    return lambda x, out: _elu(x, 1.0, alpha, out)


def selu(x: Array, out: Array) -> None:
    _elu(x, 1.0507009873554804934193349852946, 1.6732632423543772848170429916717, out)


def _elu(x: Array, scale: float, alpha: float, out: Array) -> None:
    low = np.expm1(np.minimum(x, 0))
    low *= alpha
    np.maximum(x, 0, out=out)
    out += low
    if scale != 1:
        out *= scale


def leaky_relu(slope: float) -> Apply:
    """Return the function x ↦ x if x is positive, else slope·x."""

    def function(x: Array, out: Array) -> None:
        if 0 <= slope <= 1:
            np.maximum(x, x * slope, out=out)
        else:
            np.copyto(out, np.where(x >= 0, x, x * slope))

    return function


def gelu(x: Array, out: Array) -> None:
    """x·Φ(x)."""
    share = erf(x * x.dtype.type(math.sqrt(0.5)))
    share += 1
    share *= 0.5
    np.multiply(x, share, out=out)


def erf(x: Array) -> Array:
    """The error function: the C library's for float64, a quotient of polynomials within 4e-7 for float32.

    Source: the rational approximation that Eigen and XLA use (odd degree 13 over even degree 8, on −4 … 4).
    """
    if x.dtype != np.float32:
        numbers, found = x.ravel(), np.empty(x.size, x.dtype)
        # Python objects take four times the memory, so numbers are converted in blocks.
        for k in range(0, x.size, _LISTED):
            part = numbers[k : k + _LISTED]
            found[k : k + _LISTED] = np.fromiter(map(math.erf, part.tolist()), x.dtype, part.size)
        return found.reshape(x.shape)
    x = np.clip(x, -4, 4)
    square = x * x
    above = np.full_like(x, _ABOVE[0])
    for c in _ABOVE[1:]:
        above *= square
        above += np.float32(c)
    below = np.full_like(x, _BELOW[0])
    for c in _BELOW[1:]:
        below *= square
        below += np.float32(c)
    above *= x
    above /= below
    return above


#: Numbers that are converted to Python objects at a time.
_LISTED = 1 << 13
_ABOVE = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_BELOW = (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02)


__all__ = ["apply", "channel_chunks", "erf", "per_channel", "per_channels", "prelu", "softmax"]
