"""A pooling layer with padding of more than half of its window.

## Why is this bad?

PyTorch refuses such a layer ("pad should be at most half of effective kernel size"). The outer windows see mostly padding.

## Example

```yaml
input: 8x8x3
layers:
  - {maxpool: 3, stride: 1, padding: 2}
```

Use instead:

```yaml
input: 8x8x3
layers:
  - {maxpool: 3, stride: 1, padding: 1}
```

## Fix

Use padding of at most half of the window, or a `pad` row before the pooling.

## Reference

PyTorch, torch.nn.MaxPool2d.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.layers.pool import Pool
from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node, slides in subject.sliding:
        if not isinstance(node.layer, Pool) or isinstance(node.layer.value("padding"), str):
            continue
        for axis, window, *_ in slides:
            # Padding as large as the window is worse, and padding-too-large reports it.
            if window.extent // 2 < max(window.before, window.after) < window.extent:
                message = (
                    f"{node.name}: padding {max(window.before, window.after)} is more than half of the window, which spans "
                    f"{window.extent} cells on {axis}; PyTorch refuses it, try padding {window.extent // 2} or a pad row before"
                )
                yield Finding(subject.place(node, "padding"), message, node.name)
                break
