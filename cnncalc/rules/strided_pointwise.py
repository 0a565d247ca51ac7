"""A stride of more than 1 with a window of a single cell.

## Why is this bad?

The layer reads one of every S cells and skips the others. Shortcuts of residual networks do this on purpose, to halve the
size at the lowest cost; in other places it may be a mistake. This rule is a note, shown with `--notes`.

## Example

```yaml
input: 33x33x8
layers:
  - {conv: 16, kernel_size: 1, stride: 2}
```

Use instead:

```yaml
input: 33x33x8
layers:
  - {conv: 16, kernel_size: 3, stride: 2, padding: 1}
```

## Fix

Use a window at least as large as the stride, or an `avgpool` before the convolution, as in ResNet-D.

## Reference

He et al. 2018, Bag of Tricks for Image Classification, sec. 4.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "note"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        if node.shape is None or not node.inferred.windows:
            continue
        for window, count in zip(node.inferred.windows, node.shape.spatial, strict=False):
            if window.stride > window.extent == 1 and count > 1:
                message = f"{node.name}: stride {window.stride} with a window of one cell reads one cell in {window.stride}"
                yield Finding(subject.place(node, "stride"), message, node.name)
                break
