"""Joins of results, element-wise or concatenated, in chunks on all threads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnncalc.kernels.arrays import Array, channels_first, channels_last
from cnncalc.kernels.pointwise import channel_chunks
from cnncalc.kernels.run import NO_EPILOGUE, Epilogue, Run


def add(xs: tuple[Array, ...], run: Run) -> Array:
    """Return the element-wise sum."""
    return _combine(np.add, _aligned(xs), run)


def subtract(xs: tuple[Array, ...], run: Run) -> Array:
    """Return the first minus the second."""
    return _combine(np.subtract, _aligned(xs), run)


def multiply(xs: tuple[Array, ...], run: Run) -> Array:
    """Return the element-wise product."""
    return _combine(np.multiply, _aligned(xs), run)


def divide(xs: tuple[Array, ...], run: Run) -> Array:
    """Return the first divided by the second."""
    return _combine(np.divide, _aligned(xs), run)


def maximum(xs: tuple[Array, ...], run: Run) -> Array:
    """Return the element-wise maximum."""
    return _combine(np.maximum, _aligned(xs), run)


def average(xs: tuple[Array, ...], run: Run) -> Array:
    """Return the element-wise mean."""
    total = add(xs, run)
    if len(xs) == 1:
        return total
    count = total.dtype.type(len(xs))

    def task(part: Array, target: Array) -> None:
        np.divide(part, count, out=target)

    channel_chunks(task, total, total, replace(run, epilogue=NO_EPILOGUE))
    return total


def _aligned(xs: tuple[Array, ...]) -> tuple[Array, ...]:
    """Return vectors as maps of one cell if there are maps, so that they broadcast over the cells."""
    rank = max(x.ndim for x in xs)
    return tuple(x if x.ndim == rank else per_channel_map(x, rank) for x in xs)


def per_channel_map(x: Array, rank: int) -> Array:
    """Return (batch, channels) as a map of one cell."""
    return x.reshape(*x.shape, *(1,) * (rank - x.ndim))


def _combine(operation: np.ufunc, xs: tuple[Array, ...], run: Run) -> Array:
    total = xs[0]
    own = run.overwrite and total.flags.writeable
    if len(xs) == 1:
        return _epilogue_alone(total, own, run)
    for k, other in enumerate(xs[1:], start=2):
        shape = np.broadcast_shapes(total.shape, other.shape)
        if not (own and total.shape == shape):
            largest = total if total.shape == shape else other
            target = run.empty_like(largest) if largest.shape == shape else np.empty(shape, total.dtype)
        else:
            target = total
        epilogue = run.epilogue if k == len(xs) else NO_EPILOGUE

        def task(p: Array, q: Array, r: Array, epilogue: Epilogue = epilogue) -> None:
            operation(p, q, out=r)
            epilogue.finish(r, r)

        a, b = (channels_last(np.broadcast_to(x, shape)) for x in (total, other))
        for n in range(shape[0]):
            out = channels_last(target)[n]
            if out.ndim == 1:
                run.workers.parallel_for(lambda _, n=n, out=out: task(a[n], b[n], out), 1)  # type: ignore[misc]  # noqa: B023 - called now
            else:
                run.workers.parallel_chunks(task, a[n], b[n], out)
        total, own = target, True
    return total


def _epilogue_alone(x: Array, own: bool, run: Run) -> Array:
    """Apply the epilogue to the single input of a join, in its memory if `own`."""
    if run.epilogue.empty:
        return x
    out = x if own else run.empty_like(x)

    def task(part: Array, target: Array) -> None:
        if not own:
            np.copyto(target, part)
        run.epilogue.finish(target, target)

    channel_chunks(task, x, out, run)
    return out


def concat(xs: tuple[Array, ...], run: Run, axis: int = -1) -> Array:
    """Concatenate results along `axis` of (batch, *spatial, channels)."""
    parts = [channels_last(x) for x in xs]
    sizes = list(parts[0].shape)
    sizes[axis] = sum(part.shape[axis] for part in parts)
    out = run.empty(tuple(sizes), parts[0].dtype)

    def task(target: Array, *sources: Array) -> None:
        np.concatenate(sources, axis=axis, out=target)

    for n in range(out.shape[0]):
        if out.ndim + axis <= 1:
            # Threads cannot divide rows along the axis that grows.
            np.concatenate([part[n] for part in parts], axis=axis, out=out[n])
        else:
            run.workers.parallel_chunks(task, out[n], *(part[n] for part in parts))
    return channels_first(out)
