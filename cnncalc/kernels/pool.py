"""Pooling: shifted maps are compared or added up, one axis after the other, tile by tile."""

from __future__ import annotations

import itertools

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last, packed
from cnncalc.kernels.run import Run
from cnncalc.kernels.steps import meeting, starts
from cnncalc.kernels.workers import ALONE
from cnncalc.window import Window

#: Numbers of a tile's result.
TILE = 1 << 17


def max_pool(x: Array, windows: tuple[Window, ...], run: Run) -> Array:
    """Return the maximum of each window; padding counts as −infinity, the result of a window on padding alone."""
    return _slide(x, windows, run, np.maximum, -np.inf, None)


def sum_pool(x: Array, windows: tuple[Window, ...], run: Run) -> Array:
    """Return the sum of each window; padding is zero."""
    return _slide(x, windows, run, np.add, 0, None)


def avg_pool(x: Array, windows: tuple[Window, ...], count_include_pad: bool, run: Run) -> Array:
    """Return the mean of each window. With `count_include_pad`, cells that only `ceil` adds do not count, as in PyTorch."""
    counts = []
    for window, size in zip(windows, x.shape[2:], strict=True):
        first, last = (-window.before, size + window.after) if count_include_pad else (0, size)
        at = starts(window, size, run.fit)
        met = [
            sum(first <= start - window.before + k * window.dilation < last for k in range(window.kernel_size)) for start in at
        ]
        # A window on padding alone has sum 0, and mean 0.
        counts.append(np.maximum(np.array(met, x.dtype), 1))
    return _slide(x, windows, run, np.add, 0, counts)


def _slide(
    x: Array, windows: tuple[Window, ...], run: Run, operation: np.ufunc, empty: float, counts: list[Array] | None
) -> Array:
    xs = packed(channels_last(x))
    at = tuple(starts(w, n, run.fit) for w, n in zip(windows, xs.shape[1:-1], strict=True))
    out = run.empty((xs.shape[0], *map(len, at), xs.shape[-1]), x.dtype)
    step = (
        len(at[0])
        if out[0].size < ALONE
        else -(-len(at[0]) // run.workers.balanced_parts(len(at[0]), TILE // max(1, out[0, 0].size)))
    )
    tasks = list(itertools.product(range(out.shape[0]), range(0, len(at[0]), step)))

    def task(i: int) -> None:
        n, start = tasks[i]
        seen = xs[n]
        here = (at[0][start : start + step], *at[1:])
        # The first axis comes first: it reads the input once, and its result is small.
        for axis, (positions, window) in enumerate(zip(here, windows, strict=True)):
            last = axis == len(here) - 1
            shape = (*seen.shape[:axis], len(positions), *seen.shape[axis + 1 :])
            target = out[n, start : start + step] if last else run.workers.scratch(f"pool{axis}", shape, x.dtype)
            _along(seen, target, axis, positions, window, operation, empty)
            seen = target
        for axis, count in enumerate(counts or ()):
            part = count[start : start + step] if axis == 0 else count
            seen /= part.reshape(-1, *(1,) * (seen.ndim - 1 - axis))

    run.workers.parallel_for(task, len(tasks))
    return channels_first(out)


def _along(seen: Array, target: Array, axis: int, at: range, window: Window, operation: np.ufunc, empty: float) -> None:
    """Combine the cells of each window along one axis."""
    before = (slice(None),) * axis
    begun = False
    # A cell that lies on the input at every position fills the target; the others are combined with it.
    cells = sorted(
        (meeting(at, k * window.dilation - window.before, seen.shape[axis]) for k in range(window.kernel_size)),
        key=lambda met: met.first - met.last,
    )
    for met in cells:
        whole = met.last - met.first == len(at)
        if not begun and not whole:
            target[...] = empty
        part = target[(*before, slice(met.first, met.last))]
        values = seen[(*before, met.cells)]
        if met.last > met.first:
            if not begun and whole:
                np.copyto(part, values)
            else:
                operation(part, values, out=part)
        begun = True


def _cells(x: Array) -> Array:
    """(batch, cells, channels)."""
    return packed(channels_last(x)).reshape(x.shape[0], -1, x.shape[1])


def global_mean(x: Array) -> Array:
    """Return the mean of each channel, summed in float64."""
    return np.asarray(_cells(x).mean(axis=1, dtype=np.float64).astype(x.dtype))


def global_sum(x: Array) -> Array:
    """Return the sum of each channel, summed in float64."""
    return np.asarray(_cells(x).sum(axis=1, dtype=np.float64).astype(x.dtype))


def global_max(x: Array) -> Array:
    """Return the maximum of each channel."""
    return np.asarray(_cells(x).max(axis=1))


def adaptive_mean(x: Array, sizes: tuple[int, ...]) -> Array:
    """Return the mean of windows that divide each axis as PyTorch does."""
    return _adaptive(x, sizes, np.add, True)


def adaptive_max(x: Array, sizes: tuple[int, ...]) -> Array:
    """Return the maximum of windows that divide each axis as PyTorch does."""
    return _adaptive(x, sizes, np.maximum, False)


def _adaptive(x: Array, sizes: tuple[int, ...], operation: np.ufunc, mean: bool) -> Array:
    """Window i of n covers cells ⌊i·N/n⌋ … ⌈(i + 1)·N/n⌉ − 1 of an axis of N; one axis after the other."""
    xs = channels_last(x)
    for axis, count in enumerate(sizes, start=1):
        size = xs.shape[axis]
        parts = []
        for i in range(count):
            first, last = i * size // count, -(-(i + 1) * size // count)
            part = operation.reduce(xs[(*(slice(None),) * axis, slice(first, last))], axis=axis)
            parts.append(part / (last - first) if mean else part)
        xs = np.stack(parts, axis=axis)
    return channels_first(packed(xs))
