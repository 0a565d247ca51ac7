"""A stride larger than the window.

## Why is this bad?

Between one window and the next lie cells that no window reads: that part of the input is computed and thrown away. Windows of
a single cell skip cells on purpose in the shortcuts of residual networks; see strided-pointwise.

## Example

```yaml
input: 31x31x3
layers:
  - {conv: 16, kernel_size: 3, stride: 4}
```

Use instead:

```yaml
input: 31x31x3
layers:
  - {conv: 16, kernel_size: 3, stride: 2}
```

## Fix

Use a stride no larger than the window, or a larger window.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node, slides in subject.sliding:
        for axis, window, _, count in slides:
            if window.stride > window.extent > 1 and count > 1:
                gap = window.stride - window.extent
                message = (
                    f"{node.name}: stride {window.stride} is larger than the window, which spans {window.extent} cells on {axis}"
                    f": of every {window.stride} cells {gap} {'is' if gap == 1 else 'are'} never read; "
                    f"try stride {window.extent} or less"
                )
                yield Finding(subject.place(node, "stride"), message, node.name)
                break
