"""A dilation at which a single weight of the window meets the map."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject
from cnncalc.window import Window


def find(subject: Subject) -> Iterator[Finding]:
    for node, slides in subject.sliding:
        for axis, window, size, count in slides:
            # A map smaller than the window is too small without any dilation.
            if window.dilation > 1 and 1 < window.kernel_size <= size and _used(window, size, count) == 1:
                message = (
                    f"{node.name}: with dilation {window.dilation}, one of the {window.kernel_size} weights along {axis} meets "
                    f"the map of {size} cells and the others always lie in the padding; "
                    f"try a dilation below {size}, or kernel_size 1"
                )
                yield Finding(subject.place(node, "dilation"), message, node.name)
                break


def _used(window: Window, size: int, count: int) -> int:
    """Return how many weights along an axis lie on the input at any position of the window."""
    found = 0
    for k in range(window.kernel_size):
        offset = k * window.dilation - window.before
        # The first position at which the weight is not before the input.
        position = max(0, -(offset // window.stride))
        found += position < count and position * window.stride + offset < size
    return found
