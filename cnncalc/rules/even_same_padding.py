"""`padding: same` with a small even window, which has no middle.

## Why is this bad?

To keep the size, an even window needs an odd number of padding cells. The odd one comes after the input, so the result is
shifted by half a cell, and frameworks differ in the side. Windows of 8 cells or more and filters along one axis, of a signal or
of a map, are not reported: half a cell is little there, and published networks for signals use them.

## Example

```yaml
input: 32x32x3
layers:
  - {conv: 16, kernel_size: 4, padding: same}
```

Use instead:

```yaml
input: 32x32x3
layers:
  - {conv: 16, kernel_size: 5, padding: same}
```

## Fix

Use an odd window, or write the padding of both sides: `padding: [[1, 2], [1, 2]]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"

#: Windows of this size or larger are not reported: half a cell matters little to them.
LONG = 8


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        if "padding" not in node.layer.options or node.layer.value("padding") != "same":
            continue
        wide = [window for window in node.inferred.windows if window.kernel_size > 1]
        if len(wide) < 2:
            # A filter along one axis, of a signal or of a map: half a cell is a constant delay.
            continue
        for window in wide:
            if window.kernel_size % 2 == 0 and window.before != window.after and window.kernel_size < LONG:
                even, pairs = window.kernel_size, [[w.before, w.after] for w in node.inferred.windows]
                sizes = " or ".join(str(odd) for odd in (even - 1, even + 1) if odd > 1)
                message = (
                    f"{node.name}: same pads an even window of {even} cells unevenly, {window.before} before and {window.after} "
                    f"after; try kernel_size {sizes}, or write the sides: padding {pairs}"
                )
                yield Finding(subject.place(node, "padding"), message, node.name)
                break
