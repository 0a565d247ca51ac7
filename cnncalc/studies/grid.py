"""NAME=A,B,C and NAME=A..B:STEP: the values that a sweep tries, and the grid of their combinations."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

#: The most values of one name.
MOST = 1_000_000
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?", re.ASCII)


class Axis(NamedTuple):
    """A name and the values it takes, as written."""

    name: str
    values: tuple[str, ...]


def axis(text: str) -> Axis:
    """Reads one NAME=VALUES. Raises ValueError.

    >>> axis("width=0.25,0.5"), axis("input=128..192:32"), axis("conv1.padding=[[0, 1]],same").values
    (Axis(name='width', values=('0.25', '0.5')), Axis(name='input', values=('128', '160', '192')), ('[[0, 1]]', 'same'))
    """
    name, equals, values_text = text.partition("=")
    name = name.strip()
    if not equals or not name:
        raise ValueError(f"--set takes NAME=A,B,C or NAME=A..B:STEP, not {text!r}")
    values: list[str] = []
    for part in _parts(values_text):
        match = _RANGE.fullmatch(part)
        values += _range(text, *match.groups()) if match else [part]
    if not all(values):
        raise ValueError(f"--set {text}: a value is empty")
    twice = next((value for value in values if values.count(value) > 1), None) if len(values) < 1000 else None
    if twice is not None:
        raise ValueError(f"--set {text}: {twice} is listed twice")
    return Axis(name, tuple(values))


def _parts(values_text: str) -> list[str]:
    """Split at commas outside brackets."""
    parts = [""]
    depth = 0
    for letter in values_text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _range(text: str, first: str, last: str, step: str | None) -> list[str]:
    """Return the values of a range, both ends included; decimals are computed exactly."""
    start, end, by = Decimal(first), Decimal(last), Decimal(step or "1")
    if by <= 0:
        raise ValueError(f"--set {text}: the step must be above 0")
    if end < start:
        raise ValueError(f"--set {text}: the range ends before it begins")
    count = int((end - start) / by) + 1
    if count > MOST:
        raise ValueError(f"--set {text}: {count:,} values are more than {MOST:,}")
    return [f"{(start + i * by).normalize():f}" for i in range(count)]


class Grid:
    """Every combination of the axes' values, the last axis varying fastest; never listed.

    Raises ValueError for a name that is given twice.
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        names = [one.name for one in axes]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"--set {twice} is given twice; list its values together: {twice}=A,B,C")
        self.axes = tuple(axes)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.axes)

    @property
    def count(self) -> int:
        """The number of combinations, which may be larger than a length can be."""
        return math.prod(len(one.values) for one in self.axes)

    def combination(self, index: int) -> tuple[str, ...]:
        """The values of the combination at a place from 0."""
        found = []
        for one in reversed(self.axes):
            index, place = divmod(index, len(one.values))
            found.append(one.values[place])
        return tuple(reversed(found))

    def sample(self, number: int, seed: int = 0) -> Sequence[int]:
        """The places of `number` different combinations, drawn from `seed`, in order; of all of them if there are no more."""
        if number >= self.count:
            return range(self.count)
        draw = random.Random(seed)
        found: set[int] = set()
        # A range of more than 2⁶³ cannot be sampled as a sequence.
        while len(found) < number:
            found.update(draw.randrange(self.count) for _ in range(number - len(found)))
        return sorted(found)
