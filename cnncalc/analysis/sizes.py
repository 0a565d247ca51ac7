"""Finds a rule for the sizes that work, and writes it in words."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple


class SizePattern(NamedTuple):
    """Sizes that repeat: from `start` on, sizes whose remainder modulo `step` is in `rests`; before `start`, only `before`.

    `start` is a size that works.
    """

    step: int
    start: int
    rests: tuple[int, ...]
    before: tuple[int, ...]

    def __contains__(self, size: object) -> bool:
        if not isinstance(size, int):
            return False
        return size in self.before or (size >= self.start and size % self.step in self.rests)


#: The number of periods that a rule needs, and the largest numbers of remainders and exceptions of a rule.
_SEEN, _RESTS, _BEFORE = 3, 6, 8

#: A list of at most this many numbers and runs is written out, even if it follows a rule up to its end.
_SHORT = 6


def rule(sizes: Collection[int], most: int) -> SizePattern | None:
    """Return the simplest rule that says which of 1 … `most` are in `sizes`; None if there is none."""
    members = frozenset(sizes)
    if len(members) < _SEEN:
        return None
    largest = max(members)
    # The last period has a member, so that the largest one has another a period before it.
    for step in sorted(largest - size for size in members if most - largest < largest - size <= most // _SEEN):
        first = most - step + 1
        while first > 1 and (first - 1 in members) == (first - 1 + step in members):
            first -= 1
        if most - first + 1 < _SEEN * step:
            continue
        start = next((n for n in range(first, first + step) if n in members), None)
        if start is None:
            continue
        rests = tuple(sorted({n % step for n in range(start, start + step) if n in members}))
        before = tuple(sorted(n for n in members if n < start))
        if len(rests) <= _RESTS and len(before) <= _BEFORE:
            return SizePattern(step, start, rests, before)
    return None


def in_words(sizes: Collection[int], most: int) -> str:
    """Write the sizes among 1 … `most` that work: as a rule if they follow one, as a list otherwise.

    A rule that ends before `most` (a budget, say, allows no larger input) names its last size.

    >>> in_words(range(188, 1025, 16), 1024), in_words(range(32, 1025, 32), 1024), in_words([5, 6, 9], 1024), in_words([], 9)
    ('16·n + 188, from 188', 'any multiple of 32; smallest 32', '5–6, 9', 'none up to 9')
    >>> in_words(range(7, 220, 4), 1024)
    '4·n + 7, from 7 to 219'
    """
    if not sizes:
        return f"none up to {most:,}"
    found = rule(sizes, most)
    if found is not None:
        return _rule_in_words(found, None)
    numbers = sorted(sizes)
    if len(_runs(numbers)) > _SHORT:
        found = rule(sizes, numbers[-1])
    return listed(numbers) if found is None else _rule_in_words(found, numbers[-1])


def _rule_in_words(found: SizePattern, last: int | None) -> str:
    """Write a rule; `last` is its last size if it has one."""
    step, start, rests, before = found
    end = "" if last is None else f" to {last}"
    if step == 1:
        text = f"any size from {start}{end}" if start > 1 or last is not None else "any size"
    elif len(rests) > 1:
        firsts = [start + (rest - start) % step for rest in rests]
        text = f"{step}·n + {_either(sorted(map(str, firsts), key=int))}, from {start}{end}"
    elif start % step == 0:
        multiple = f"any multiple of {step}"
        text = f"{multiple} from {start}{end}" if before or last is not None else f"{multiple}; smallest {start}"
    else:
        text = f"{step}·n + {start}, from {start}{end}"
    return text + (f", and {listed(before)}" if before else "")


def _either(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def listed(sizes: Collection[int]) -> str:
    """Write sizes one by one, runs of them as 5–9."""
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in _runs(sizes))


def _runs(sizes: Collection[int]) -> list[list[int]]:
    """Return the first and last size of each run of consecutive sizes."""
    runs: list[list[int]] = []
    for size in sizes:
        if runs and runs[-1][1] == size - 1:
            runs[-1][1] = size
        else:
            runs.append([size, size])
    return runs
