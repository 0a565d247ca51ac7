"""Padding at least as large as the window.

## Why is this bad?

The outermost windows see only padding: their results are the same for every input. The padding is usually left over from a larger
window.

## Example

```yaml
input: 32x32x3
layers:
  - {conv: 16, kernel_size: 3, padding: 3}
```

Use instead:

```yaml
input: 32x32x3
layers:
  - {conv: 16, kernel_size: 3, padding: 1}
```

## Fix

Half of an odd window, rounded down, keeps the size at stride 1. With less padding than the window, every window sees a part
of the input.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node, slides in subject.sliding:
        for axis, window, size, count in slides:
            last = (count - 1) * window.stride - window.before
            if window.before >= window.extent or last >= size:
                most = max(window.before, window.after)
                message = (
                    f"{node.name}: padding {most} is as large as the window, which spans {window.extent} "
                    f"cell{'s' * (window.extent > 1)} on {axis}, so that the outermost windows see padding alone; "
                    f"try padding {window.extent // 2}" + (f", at most {window.extent - 1}" if window.extent > 2 else "")
                )
                yield Finding(subject.place(node, "padding"), message, node.name)
                break
