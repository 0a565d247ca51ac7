"""Finds the nearest padding, stride, kernel size and input for which a stride fits."""

from __future__ import annotations

import math
from typing import NamedTuple

from cnncalc.window import Window


class Refit(NamedTuple):
    """A change of one field or of the input's size that makes every axis fit: an integer or a pair of paddings per axis."""

    field: str
    value: tuple[int, ...] | tuple[tuple[int, int], ...]


def fits(windows: tuple[Window, ...], sizes: tuple[int, ...]) -> bool:
    """Return whether no window is larger than its padded input and every stride fits."""
    return all(w.span(n) >= 0 and w.span(n) % w.stride == 0 for w, n in zip(windows, sizes, strict=True))


def refits(windows: tuple[Window, ...], sizes: tuple[int, ...], *, stride_follows: bool = False) -> list[Refit]:
    """Return the nearest changes of padding, stride, kernel_size and input with which `windows` fit `sizes`.

    Padding is at most half a window, or its present value, so that no window sees zeros alone. A larger stride is at most the
    window, so that no cell is skipped. `stride_follows`: the stride is the kernel size, the default of a pooling layer.
    """
    found: list[Refit] = []
    if all(w.before == w.after for w in windows):
        even = [p for p in map(_even_padding, windows, sizes) if p is not None]
        if len(even) == len(windows):
            found.append(Refit("padding", tuple((p, p) for p in even)))
    uneven = [_uneven_padding(w, n) for w, n in zip(windows, sizes, strict=True)]
    if all(uneven) and (not found or uneven != list(found[0].value)):
        found.append(Refit("padding", tuple(pair for pair in uneven if pair)))
    if not stride_follows:
        found += _along_axes("stride", windows, sizes, stride_follows)
    found += _along_axes("kernel_size", windows, sizes, stride_follows)
    found += _along_axes("input", windows, sizes, stride_follows)
    return found


def _even_padding(window: Window, size: int) -> int | None:
    """Return the nearest padding that fits and is the same on both sides; of two as near, the larger."""
    lacking = window.extent - size
    # 2P ≡ E − N (mod S), and the span is not negative from P = (E − N)/2 on.
    paddings = _congruent((2, lacking, window.stride))
    now = window.before
    least = max(0, -(-lacking // 2), now - SEARCH + 1)
    most = min(max(window.extent // 2, now), now + SEARCH - 1)
    # If two are equally near, `min` keeps the first.
    found = [_first(paddings, max(now, least), most, 1), _first(paddings, least, now, -1)]
    return min((p for p in found if p is not None), key=lambda p: abs(p - now), default=None)


def _uneven_padding(window: Window, size: int) -> tuple[int, int] | None:
    """Return the nearest total padding that fits: less after the input (same output), else more, the odd cell after it."""
    if window.span(size) < 0:
        return None
    surplus = window.span(size) % window.stride
    if surplus == 0:
        return window.before, window.after
    lacking = window.stride - surplus
    if surplus <= window.after and surplus <= lacking:
        return window.before, window.after - surplus
    total = window.before + window.after + lacking
    after = total - total // 2
    limit = max(window.extent // 2, window.before, window.after)
    return (total // 2, after) if after <= limit else None


def _along_axes(field: str, windows: tuple[Window, ...], sizes: tuple[int, ...], follows: bool) -> list[Refit]:
    """Return the nearest smaller and larger value of `field`; one value for all axes if they have the same one now."""
    now = tuple(_get(field, w, n) for w, n in zip(windows, sizes, strict=True))
    together = len(set(now)) == 1 and len(now) > 1
    result = []
    for step in (-1, 1):
        if together:
            value = _nearest(field, windows, sizes, now[0], step, follows)
            values = None if value is None else (value,) * len(now)
        else:
            each = [
                start if fits((w,), (n,)) else _nearest(field, (w,), (n,), start, step, follows)
                for w, n, start in zip(windows, sizes, now, strict=True)
            ]
            values = tuple(v for v in each if v is not None)
            values = values if len(values) == len(now) else None
        if values is not None and values != now:
            result.append(Refit(field, values))
    return result


def _get(field: str, window: Window, size: int) -> int:
    return size if field == "input" else window.kernel_size if field == "kernel_size" else window.stride


def _nearest(field: str, windows: tuple[Window, ...], sizes: tuple[int, ...], start: int, step: int, follows: bool) -> int | None:
    """Return the next value after `start` (before it if `step` is −1) that fits on every axis; None if none is near."""
    if field == "stride":
        last = 1 if step < 0 else min(w.extent for w in windows)
    elif field == "kernel_size":
        # A larger window never shrinks to one cell: it would see no neighbour.
        last = min(2, start) if step < 0 else start + 2 * max(w.stride for w in windows) + (start if follows else 0)
    else:
        last = 1 if step < 0 else start + max(w.stride for w in windows) ** min(2, len(windows))
    least, most = (max(last, start - SEARCH), start - 1) if step < 0 else (start + 1, min(last, start + SEARCH))
    axes = list(zip(windows, sizes, strict=True))
    if field == "stride":
        spans = [w.span(n) for w, n in axes]
        return _first_divisor(math.gcd(*spans), least, most, step) if min(spans) >= 0 else None
    if field == "input":
        least = max(least, *(-w.span(0) for w in windows))
        return _first(_congruent(*((1, -w.span(0), w.stride) for w in windows)), least, most, step)
    # The span is room − D·F: not negative up to F = room/D. A stride that follows F divides it if F divides room.
    rooms = [w.span(n) + w.dilation * w.kernel_size for w, n in axes]
    most = min(most, *(room // w.dilation for w, room in zip(windows, rooms, strict=True)))
    if follows:
        return _first_divisor(math.gcd(*rooms), least, most, step)
    return _first(_congruent(*((w.dilation, room, w.stride) for w, room in zip(windows, rooms, strict=True))), least, most, step)


def _congruent(*congruences: tuple[int, int, int]) -> tuple[int, int] | None:
    """Return all x with a·x ≡ b (mod m) for each (a, b, m), as the least of them and their distance; None if there are none.

    >>> _congruent((2, 3, 5)), _congruent((1, 2, 4), (1, 0, 6)), _congruent((2, 1, 4))
    ((4, 5), (6, 12), None)
    """
    least, apart = 0, 1
    for a, b, m in congruences:
        # With x = least + apart·t: (a·apart)·t ≡ b − a·least (mod m).
        factor, rest = a * apart, b - a * least
        common = math.gcd(factor, m)
        if rest % common:
            return None
        period = m // common
        least += apart * (rest // common * pow(factor // common, -1, period) % period)
        apart *= period
    return least, apart


def _first(values: tuple[int, int] | None, least: int, most: int, step: int) -> int | None:
    """Return the least of equally distant values within bounds, or the greatest if `step` is −1."""
    if values is None:
        return None
    some, apart = values
    found = least + (some - least) % apart if step > 0 else most - (most - some) % apart
    return found if least <= found <= most else None


def _first_divisor(number: int, least: int, most: int, step: int) -> int | None:
    """Return the least divisor within bounds, or the greatest if `step` is −1."""
    return next((value for value in range(least, most + 1)[::step] if number % value == 0), None)


#: The largest change of a field, in cells; a larger change would make a different layer.
SEARCH = 100
