"""A dilation at which a single weight of the window meets the map.

## Why is this bad?

The weights are so far apart that all but one always lie in the padding. The layer computes the same as a smaller window with
fewer weights, and the others are never trained.

## Example

```yaml
input: 16x16x64
layers:
  - {conv: 64, kernel_size: 3, dilation: 24, padding: 24}
```

Use instead:

```yaml
input: 16x16x64
layers:
  - {conv: 64, kernel_size: 3, dilation: 12, padding: 12}
```

## Fix

Use a dilation smaller than the map, an earlier layer with a larger map, or a window of one cell.

## Reference

Chen et al. 2017, Rethinking Atrous Convolution for Semantic Image Segmentation, sec. 3.3: the filter "degenerates to a simple
1 × 1 filter".
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import CheckedNetwork, Finding
from cnncalc.window import Window

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
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
