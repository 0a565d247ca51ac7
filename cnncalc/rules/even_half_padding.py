"""A convolution with an even window and half of its size as padding on both sides, which makes the map larger by one cell.

## Why is this bad?

Padding F//2 keeps the size for an odd window F. For an even one, N becomes N + 1, and later layers with a stride no longer
fit.

## Example

```yaml
input: 64x128x1
layers:
  - {conv: 8, kernel_size: 1x64, padding: 0x32}
```

Use instead:

```yaml
input: 64x128x1
layers:
  - {conv: 8, kernel_size: 1x64, padding: same}
```

## Fix

Write `padding: same`, give the two sides different padding (`[[0, 0], [31, 32]]`), or use an odd window.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.graph import Node
from cnncalc.problem import Fix
from cnncalc.rules.base import CheckedNetwork, Finding
from cnncalc.window import Window

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node, slides in subject.sliding:
        if not node.weights:
            continue
        grown = [(axis, window, size) for axis, window, size, _ in slides if _grows(window)]
        if grown:
            _, window, size = grown[0]
            padding = [[w.before - w.dilation if _grows(w) else w.before, w.after] for _, w, *_ in slides]
            message = (
                f"{node.name}: padding {window.before} on both sides of an even window of {window.kernel_size} cells makes "
                f"{' and '.join(name for name, *_ in grown)} larger, {size} becomes {size + window.dilation}; "
                f"write padding same or {padding}, or kernel_size {window.kernel_size - 1} or {window.kernel_size + 1}"
            )
            yield Finding(subject.place(node, "padding"), message, node.name, _fixes(node))


def _grows(window: Window) -> bool:
    """Return whether the padding is half of an even window on both sides, which would keep the size if the window were odd."""
    even = window.kernel_size % 2 == 0 and window.stride == 1
    return even and window.before == window.after == window.dilation * window.kernel_size // 2


def _fixes(node: Node) -> tuple[Fix, ...]:
    fix = node.place.edit("padding", "same")
    return (fix,) if fix is not None else ()
