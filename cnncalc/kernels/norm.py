"""Normalisation by statistics of the input itself."""

from __future__ import annotations

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed
from cnncalc.kernels.run import Run


def layer_norm(x: Array, weight: Array | None, bias: Array | None, epsilon: float, run: Run) -> Array:
    """Normalise the channels at each position to mean 0 and variance 1."""
    xs = packed(channels_last(x))
    out = run.empty(xs.shape, xs.dtype)

    def task(part: Array, target: Array) -> None:
        np.subtract(part, part.mean(axis=-1, keepdims=True), out=target)
        spread = np.einsum("...c,...c->...", target, target)[..., None] / part.shape[-1]
        target /= np.sqrt(spread + part.dtype.type(epsilon))
        if weight is not None:
            target *= weight
        if bias is not None:
            target += bias

    rows, result = xs.reshape(-1, xs.shape[-1]), out.reshape(-1, xs.shape[-1])
    run.workers.parallel_chunks(task, rows, result)
    return channels_first(out)


def layer_norm_all(x: Array, weight: Array | None, bias: Array | None, epsilon: float) -> Array:
    """Normalise all numbers of an example to mean 0 and variance 1; `weight` and `bias` are (channels, *spatial)."""
    out = group_norm(x, 1, None, None, epsilon)
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out


def rms_norm(x: Array, weight: Array | None, epsilon: float, run: Run) -> Array:
    """Divide the channels at each position by the root of their mean square."""
    xs = packed(channels_last(x))
    out = run.empty(xs.shape, xs.dtype)

    def task(part: Array, target: Array) -> None:
        square = np.einsum("...c,...c->...", part, part)[..., None] / part.shape[-1]
        np.divide(part, np.sqrt(square + part.dtype.type(epsilon)), out=target)
        if weight is not None:
            target *= weight

    run.workers.parallel_chunks(task, xs.reshape(-1, xs.shape[-1]), out.reshape(-1, xs.shape[-1]))
    return channels_first(out)


def global_response_norm(x: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    """Return γ·x·n + β + x; n is a channel's norm over the map relative to the mean norm. Squares are summed in float64."""
    xs = packed(channels_last(x))
    cells = tuple(range(1, xs.ndim - 1))
    norms = np.sqrt(np.square(xs).sum(axis=cells, keepdims=True, dtype=np.float64))
    relative = norms / (norms.mean(axis=-1, keepdims=True) + epsilon)
    out = xs * (relative * weight + 1).astype(x.dtype)
    out += bias
    return channels_first(out)


def group_norm(x: Array, groups: int, weight: Array | None, bias: Array | None, epsilon: float) -> Array:
    """Normalise the channels of each group to mean 0 and variance 1 over all cells of an example; sums are in float64.

    Cells are processed in chunks, so that no second map is needed.
    """
    xs = packed(channels_last(x))
    out = np.empty_like(xs)
    channels = xs.shape[-1]
    step = max(1, _CELLS // channels)
    for example, target in zip(xs.reshape(len(xs), -1, channels), out.reshape(len(xs), -1, channels), strict=True):
        parts = [slice(k, k + step) for k in range(0, len(example), step)]
        count = len(example) * channels // groups
        mean = sum(_by_group(example[part].sum(axis=0, dtype=np.float64), groups) for part in parts) / count
        shift = np.repeat(mean, channels // groups).astype(x.dtype)
        variance = (
            sum(_by_group(np.square(example[part] - shift).sum(axis=0, dtype=np.float64), groups) for part in parts) / count
        )
        scale = np.repeat(1 / np.sqrt(variance + epsilon), channels // groups).astype(x.dtype)
        for part in parts:
            np.subtract(example[part], shift, out=target[part])
            target[part] *= scale
            if weight is not None:
                target[part] *= weight
            if bias is not None:
                target[part] += bias
    return channels_first(out)


def _by_group(sums: Array, groups: int) -> Array:
    """Add up the channels of each group."""
    return np.asarray(sums.reshape(groups, -1).sum(axis=1))


#: Numbers that group normalisation works on at a time.
_CELLS = 1 << 18


def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float, run: Run) -> Array:
    """Divide each number by (k + alpha/size · Σ x²)^beta over `size` neighbouring channels, an even one with one more before."""
    xs = packed(channels_last(x))
    out = run.empty(xs.shape, xs.dtype)
    before = size // 2

    def task(part: Array, target: Array) -> None:
        squares = np.zeros((part.shape[0], part.shape[1] + size - 1), part.dtype)
        np.square(part, out=squares[:, before : before + part.shape[1]])
        total = squares[:, : part.shape[1]].copy()
        for shift in range(1, size):
            total += squares[:, shift : shift + part.shape[1]]
        total *= alpha / size
        total += k
        np.power(total, beta, out=total)
        np.divide(part, total, out=target)

    run.workers.parallel_chunks(task, xs.reshape(-1, xs.shape[-1]), out.reshape(-1, xs.shape[-1]))
    return channels_first(out)
