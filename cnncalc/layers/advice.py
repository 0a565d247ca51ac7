"""Values along the axes of a shape, and advice for error messages."""

from __future__ import annotations

import math
from typing import TypeVar

from cnncalc.layers.axis import Every
from cnncalc.shape import LayerError, Shape

T = TypeVar("T")


def along(x: Shape, field: str, value: tuple[T, ...]) -> tuple[T, ...]:
    """Return `value` for each spatial axis of `x`. Raises LayerError if it has values for another number of axes."""
    if isinstance(value, Every):
        return tuple(value) * x.rank
    if len(value) == x.rank:
        return value
    axes = "axis" if x.rank == 1 else "axes"
    numbers = "one number" if len(value) == 1 else f"{len(value)} numbers"
    hint = image_hint(x)
    if not hint and len(set(value)) == 1:
        one = value[0] if not isinstance(value[0], tuple) else value[0][0] if len(set(value[0])) == 1 else None
        hint = f"; write {one} for every axis" if one is not None else ""
    raise LayerError(f"{field} has {numbers}, and {{}} has {x.rank} spatial {axes}{hint}", x, field=field)


def image_hint(x: Shape) -> str:
    """Return what to write instead if `28x28` was meant as an image."""
    if x.rank == 1 and x[0] == x[1]:
        return f" (length × channels); for an image of one channel write {x[0]}x{x[1]}x1"
    return ""


def near_divisors(count: int, wanted: int) -> str:
    """Return the two divisors of `count` nearest to `wanted`, for advice.

    >>> near_divisors(64, 3)
    '2 or 4'
    """
    found = {d for i in range(1, min(math.isqrt(count), 4096) + 1) if count % i == 0 for d in (i, count // i)}
    return " or ".join(map(str, sorted(sorted(found, key=lambda d: (abs(d - wanted), d))[:2])))


def divided(x: Shape, field: str, parts: int) -> Shape:
    """Return `x` if `parts`, the value of a field, divides its channels. Raises LayerError with the nearest divisors."""
    if x.channels % parts:
        near = near_divisors(x.channels, parts)
        raise LayerError(f"{parts} {field} do not divide the {x.channels} channels of {{}}; try {near}", x, field=field)
    return x


def axis_of(x: Shape, name: str, field: str = "axis") -> int:
    """Return the place of the axis `name` in `x`, the channels last. Raises LayerError if `x` has no such axis."""
    names = (*x.axes, "channels")
    if name not in names:
        raise LayerError(f"there is no axis {name} in {{}}, which has {', '.join(names)}{image_hint(x)}", x, field=field)
    return names.index(name)


def check_mode(x: Shape, cells: tuple[tuple[int, int], ...], mode: str, field: str) -> None:
    """Raise LayerError if a map is too small for padding with its own cells."""
    for axis, n, sides in zip(x.axes, x.spatial, cells, strict=True):
        most = {"reflect": n - 1, "circular": n}.get(mode)
        if most is not None and max(sides) > most:
            raise LayerError(
                f"{mode} takes at most {most} cell{'s' * (most != 1)} from {axis} {n} of {{}}, and {max(sides)} are needed",
                x,
                field=field,
            )


def likely_map(count: int) -> Shape | None:
    """Return the map that a vector of `count` numbers probably was, for advice; None if no map is likely.

    An image of 1 or 3 channels, or a small map of many channels as the generator of a GAN begins with.

    >>> likely_map(784), likely_map(3072), likely_map(6272), likely_map(20)
    (Shape(28, 28, 1), Shape(32, 32, 3), Shape(7, 7, 128), None)
    """
    for channels in (1, 3):
        side = math.isqrt(count // channels)
        if side >= 4 and side * side * channels == count:
            return Shape(side, side, channels)
    for side in (4, 7, 8):
        channels, rest = divmod(count, side * side)
        # Generators have powers of two.
        if rest == 0 and channels >= 64 and channels & (channels - 1) == 0:
            return Shape(side, side, channels)
    return None
