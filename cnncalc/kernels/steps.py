"""The positions of a window along an axis, and the input cells under it."""

from __future__ import annotations

from typing import NamedTuple

from numpy.lib.stride_tricks import as_strided

from cnncalc.kernels.arrays import Array
from cnncalc.kernels.run import Run
from cnncalc.window import Window


def starts(window: Window, size: int, fit: str) -> range:
    """Return the first cell of the window at each position, counted from the first cell of the padding.

    Positions are enumerated, not computed by the formula: with `ceil`, as long as the window before left cells unread,
    except that such a window may not start after the input.
    """
    span = size + window.before + window.after - window.extent
    if fit != "ceil":
        return range(0, span + 1, window.stride)
    found = range(0, span + window.stride, window.stride)
    # The last window extends past the end, unless the stride fits.
    return found[:-1] if len(found) > 1 and found[-1] > span and found[-1] >= size + window.before else found


class Meeting(NamedTuple):
    """Positions `first` … `last` (exclusive) at which one cell of the window lies on the input, and that input's slice."""

    first: int
    last: int
    cells: slice


def meeting(at: range, offset: int, size: int) -> Meeting:
    """Return the positions at which the window's cell at `offset` (less the padding) lies on the `size` cells of the input."""
    step = at.step
    first = min(len(at), max(0, -((at.start + offset) // step)))
    last = min(len(at), max(first, (size - 1 - offset - at.start) // step + 1))
    begin = at.start + first * step + offset
    return Meeting(first, last, slice(begin, begin + (last - first - 1) * step + 1 if last > first else begin, step))


def gather(target: Array, x: Array, at: tuple[range, ...], offsets: tuple[int, ...]) -> None:
    """Copy the input under one cell of the window at each position to `target`, zeros for the padding.

    `target` and `x` are (*spatial, channels); `offsets` is the window's cell along each axis, less the padding.
    """
    inside: list[slice] = []
    cells: list[slice] = []
    for axis, (positions, offset) in enumerate(zip(at, offsets, strict=True)):
        met = meeting(positions, offset, x.shape[axis])
        before = (slice(None),) * axis
        if met.first > 0:
            target[(*before, slice(0, met.first))] = 0
        if met.last < len(positions):
            target[(*before, slice(met.last, None))] = 0
        inside.append(slice(met.first, met.last))
        cells.append(met.cells)
    target[tuple(inside)] = x[tuple(cells)]


def reached(x: Array, at: tuple[range, ...], windows: tuple[Window, ...], run: Run) -> Array:
    """Return the cells that windows reach, first to last: a view, or a copy with zeros if they reach over the edges.

    `x` is (*spatial, channels). The copy is in scratch and is valid until the next call.
    """
    firsts = [p[0] - w.before for p, w in zip(at, windows, strict=True)]
    lasts = [p[-1] - w.before + w.extent for p, w in zip(at, windows, strict=True)]
    if min(firsts) >= 0 and all(last <= n for last, n in zip(lasts, x.shape, strict=False)):
        return x[tuple(map(slice, firsts, lasts))]
    cells = tuple(map(range, firsts, lasts))
    seen = run.workers.scratch("cells", (*map(len, cells), x.shape[-1]), x.dtype)
    gather(seen, x, cells, (0,) * len(cells))
    return seen


def windows_of(x: Array, at: tuple[range, ...], windows: tuple[Window, ...], run: Run, together: int = 1) -> Array:
    """Return the cells under each window, a view: (*positions, window's cells from the last axis to the first, channels).

    `x` is (*spatial, channels). `together` neighbours along the last axis, where windows move by one cell, count as one position
    with as many times the channels; it is a view of scratch if windows reach over the edges.
    """
    seen = reached(x, at, windows, run)
    *steps, channel = seen.strides
    moves = [w.stride * s for w, s in zip(windows, steps, strict=True)]
    taps = [w.dilation * s for w, s in zip(windows, steps, strict=True)]
    positions = [len(p) for p in at]
    positions[-1] //= together
    moves[-1] *= together
    return as_strided(
        seen,
        (*positions, *(w.kernel_size for w in reversed(windows)), x.shape[-1] * together),
        (*moves, *reversed(taps), channel),
        writeable=False,
    )


def padded(x: Array, windows: tuple[Window, ...], mode: str, fit: str) -> tuple[Array, tuple[Window, ...]]:
    """Return `x`, (batch, channels, *spatial), padded by `mode`, and the windows without padding.

    A last window that extends past the end, as `ceil` allows, reads zeros there; cells that no window reads are cut off.
    """
    from cnncalc.kernels.move import pad

    sizes = x.shape[2:]
    x = pad(x, tuple((w.before, w.after) for w in windows), mode)
    ends = [starts(w, n, fit)[-1] + w.extent for w, n in zip(windows, sizes, strict=True)]
    hanging = tuple((0, max(0, end - n)) for end, n in zip(ends, x.shape[2:], strict=True))
    if any(after for _, after in hanging):
        x = pad(x, hanging)
    x = x[(slice(None), slice(None), *(slice(0, end) for end in ends))]
    return x, tuple(w._replace(before=0, after=0) for w in windows)
