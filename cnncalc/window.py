"""One axis of (N − F + 2P)/S + 1: extent, output size, what is left over, what would fit.

The only home of the formula. Integers in, integers out. Letters as in the lecture: N input size, F kernel size, S stride,
P padding, D dilation; sizes in cells.
"""

from __future__ import annotations

import math
from typing import NamedTuple

FITS = ("exact", "floor", "ceil")


class Window(NamedTuple):
    """A window that slides along one axis: its size, its step, and the zeros before and after the input."""

    kernel_size: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    @property
    def extent(self) -> int:
        """Cells from the window's first to its last: E = D·(F − 1) + 1.

        >>> Window(3, dilation=2).extent
        5
        """
        return self.dilation * (self.kernel_size - 1) + 1

    def span(self, size: int) -> int:
        """Cells the window can move over `size` input cells: N + P_before + P_after − E; negative where it does not go in."""
        return size + self.before + self.after - self.extent

    def remainder(self, size: int) -> int:
        """Cells, padding included, behind the last window: 0 where the stride fits. Meaningless for a negative span."""
        return self.span(size) % self.stride

    def unread(self, size: int) -> int:
        """Input cells, padding not included, behind the last window that a floored output leaves.

        >>> Window(3, stride=3).unread(7), Window(7, stride=2, before=3, after=3).unread(224)
        (1, 0)
        """
        return min(size, max(0, self.remainder(size) - self.after))

    def output_size(self, size: int, fit: str = "exact") -> int:
        """Positions of the window over `size` cells, floored where the stride does not fit, unless `fit` is `ceil`.

        With `ceil` a last window may hang over the end, but may not start in the padding there, as in PyTorch and ONNX.
        Raises ValueError where the window is larger than the padded input.
        Source: Dumoulin & Visin 2016, relationship 6 and 15.

        >>> [Window(3, stride=s).output_size(7) for s in (1, 2)], Window(2, 2, 1, 1).output_size(5, "ceil")
        ([5, 3], 3)
        """
        span = self.span(size)
        if fit == "ceil":
            positions = -(-span // self.stride) + 1
            if positions > 1 and (positions - 1) * self.stride >= size + self.before:
                positions -= 1
        else:
            positions = span // self.stride + 1 if span >= 0 else 0
        if positions < 1:
            raise ValueError(
                f"a window over {self.extent} cells is larger than the padded input of {size + self.before + self.after}"
            )
        return positions

    def transposed_size(self, size: int, output_padding: int = 0) -> int:
        """Cells that the transposed window writes: (N − 1)·S − P_before − P_after + E + output_padding; may be less than 1.

        Source: Dumoulin & Visin 2016, relationship 14.

        >>> Window(3, stride=2, before=1, after=1).transposed_size(3, 1)
        6
        """
        return (size - 1) * self.stride - self.before - self.after + self.extent + output_padding

    def formula(self, size: int) -> str:
        """The formula with its numbers in it and the quotient to two decimals.

        >>> Window(11, 4).formula(224)
        '(224 − 11 + 2·0)/4 + 1 = 54.25'
        """
        window = str(self.kernel_size)
        if self.dilation > 1:
            window = f"({self.dilation}·({self.kernel_size} − 1) + 1)"
        padding = f"2·{self.before}" if self.before == self.after else f"{self.before} + {self.after}"
        quotient = _decimal(self.span(size) / self.stride + 1, whole=self.remainder(size) == 0)
        return f"({size} − {window} + {padding})/{self.stride} + 1 = {quotient}"

    def transposed_formula(self, size: int, output_padding: int = 0) -> str:
        """The transposed formula with its numbers in it.

        >>> Window(3, stride=2, before=1, after=1).transposed_formula(3, 1)
        '(3 − 1)·2 − 2·1 + 3 + 1 = 6'
        """
        padding = f"2·{self.before}" if self.before == self.after else f"{self.before} − {self.after}"
        window = str(self.kernel_size)
        if self.dilation > 1:
            window = f"({self.dilation}·({self.kernel_size} − 1) + 1)"
        added = f" + {output_padding}" if output_padding else ""
        result = str(self.transposed_size(size, output_padding)).replace("-", "−")
        return f"({size} − 1)·{self.stride} − {padding} + {window}{added} = {result}"

    def same_formula(self, size: int) -> str:
        """What `padding: same` comes to, and the padding that it takes.

        >>> Window(3, 2, *same_padding(224, 3, 2, 1)).same_formula(224)
        '⌈224/2⌉ = 112, padding 0 before and 1 after'
        """
        positions = self.output_size(size, "floor")
        sides = f"{self.before} before and {self.after} after" if self.before != self.after else f"{self.before} on both sides"
        return f"⌈{size}/{self.stride}⌉ = {positions}, padding {sides}"


def _decimal(value: float, whole: bool) -> str:
    """Two decimals, or as many as it takes not to look whole."""
    digits = next((n for n in range(2, 9) if whole or round(value, n) != round(value)), 9)
    return f"{value:.{digits}f}".rstrip("0").rstrip(".").replace("-", "−")


def same_padding(size: int, kernel_size: int, stride: int, dilation: int) -> tuple[int, int]:
    """The least padding that gives ⌈N/S⌉ positions, the odd cell after: TensorFlow's SAME, ONNX's SAME_UPPER.

    >>> same_padding(224, 3, 2, 1)
    (0, 1)
    """
    positions = -(-size // stride)
    total = max(0, (positions - 1) * stride + dilation * (kernel_size - 1) + 1 - size)
    return total // 2, total - total // 2


class Mend(NamedTuple):
    """A change of one field, or of the input's size, that makes every axis fit: per axis an integer, or a pair of paddings."""

    field: str
    value: tuple[int, ...] | tuple[tuple[int, int], ...]


def fits(windows: tuple[Window, ...], sizes: tuple[int, ...]) -> bool:
    """Whether each window goes into its padded input and its stride fits."""
    return all(w.span(n) >= 0 and w.span(n) % w.stride == 0 for w, n in zip(windows, sizes, strict=True))


def mends(windows: tuple[Window, ...], sizes: tuple[int, ...], *, stride_follows: bool = False) -> list[Mend]:
    """The nearest changes of padding, stride, kernel_size and input that make `windows` fit `sizes`.

    Padding stays within half a window (or what it is already), so that no window sees zeros alone; a larger stride stays within
    the window, so that no cell is skipped. `stride_follows`: the stride is the kernel size, as a pooling's is unless given.
    """
    found: list[Mend] = []
    if all(w.before == w.after for w in windows):
        even = [p for p in map(_even_padding, windows, sizes) if p is not None]
        if len(even) == len(windows):
            found.append(Mend("padding", tuple((p, p) for p in even)))
    uneven = [_uneven_padding(w, n) for w, n in zip(windows, sizes, strict=True)]
    if all(uneven) and (not found or uneven != list(found[0].value)):
        found.append(Mend("padding", tuple(pair for pair in uneven if pair)))
    if not stride_follows:
        found += _along_axes("stride", windows, sizes, stride_follows)
    found += _along_axes("kernel_size", windows, sizes, stride_follows)
    found += _along_axes("input", windows, sizes, stride_follows)
    return found


def _even_padding(window: Window, size: int) -> int | None:
    """The nearest padding on both sides alike that fits, the larger of two."""
    lacking = window.extent - size
    # 2P ≡ E − N (mod S), and the span is not negative from P = (E − N)/2 on.
    paddings = _congruent((2, lacking, window.stride))
    now = window.before
    least = max(0, -(-lacking // 2), now - SEARCH + 1)
    most = min(max(window.extent // 2, now), now + SEARCH - 1)
    # Of two as near `min` keeps the one that stands first.
    found = [_first(paddings, max(now, least), most, 1), _first(paddings, least, now, -1)]
    return min((p for p in found if p is not None), key=lambda p: abs(p - now), default=None)


def _uneven_padding(window: Window, size: int) -> tuple[int, int] | None:
    """The nearest total padding that fits: less of it behind (the output stays), else more of it, the odd cell after."""
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


def _along_axes(field: str, windows: tuple[Window, ...], sizes: tuple[int, ...], follows: bool) -> list[Mend]:
    """The nearest smaller and the nearest larger value of `field`; one value for all axes where they have one now."""
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
            result.append(Mend(field, values))
    return result


def _get(field: str, window: Window, size: int) -> int:
    return size if field == "input" else window.kernel_size if field == "kernel_size" else window.stride


def _nearest(field: str, windows: tuple[Window, ...], sizes: tuple[int, ...], start: int, step: int, follows: bool) -> int | None:
    """The next value after `start`, or before it where `step` is −1, that fits on every axis; None where there is none nearby."""
    if field == "stride":
        last = 1 if step < 0 else min(w.extent for w in windows)
    elif field == "kernel_size":
        # A window of one cell that was larger is no mend: it sees no neighbour any more.
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
    # The span is room − D·F: it is not negative up to F = room/D, and a stride that follows divides it where it divides room.
    rooms = [w.span(n) + w.dilation * w.kernel_size for w, n in axes]
    most = min(most, *(room // w.dilation for w, room in zip(windows, rooms, strict=True)))
    if follows:
        return _first_divisor(math.gcd(*rooms), least, most, step)
    return _first(_congruent(*((w.dilation, room, w.stride) for w, room in zip(windows, rooms, strict=True))), least, most, step)


def _congruent(*congruences: tuple[int, int, int]) -> tuple[int, int] | None:
    """All x with a·x ≡ b (mod m) for each (a, b, m), as the least of them and their distance; None where there are none.

    >>> _congruent((2, 3, 5)), _congruent((1, 2, 4), (1, 0, 6)), _congruent((2, 1, 4))
    ((4, 5), (6, 12), None)
    """
    least, apart = 0, 1
    for a, b, m in congruences:
        # What is left of x = least + apart·t: (a·apart)·t ≡ b − a·least (mod m).
        factor, rest = a * apart, b - a * least
        common = math.gcd(factor, m)
        if rest % common:
            return None
        period = m // common
        least += apart * (rest // common * pow(factor // common, -1, period) % period)
        apart *= period
    return least, apart


def _first(values: tuple[int, int] | None, least: int, most: int, step: int) -> int | None:
    """The least of equally distant values within bounds, or where `step` is −1 the greatest."""
    if values is None:
        return None
    some, apart = values
    found = least + (some - least) % apart if step > 0 else most - (most - some) % apart
    return found if least <= found <= most else None


def _first_divisor(number: int, least: int, most: int, step: int) -> int | None:
    """The least divisor within bounds, or where `step` is −1 the greatest."""
    return next((value for value in range(least, most + 1)[::step] if number % value == 0), None)


#: How far the search for a mend goes: beyond this many cells it is not a mend but another layer.
SEARCH = 100
