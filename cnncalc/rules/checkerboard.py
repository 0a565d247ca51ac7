"""A transposed convolution whose stride does not divide its window.

## Why is this bad?

Each input cell writes a window, and the windows overlap. If the stride does not divide the window, some output cells are
written more often than their neighbours, and the result tends to show a checkerboard pattern.

## Example

```yaml
input: 16x16x8
layers:
  - {conv_transpose: 4, kernel_size: 3, stride: 2}
```

Use instead:

```yaml
input: 16x16x8
layers:
  - {conv_transpose: 4, kernel_size: 4, stride: 2, padding: 1}
```

## Fix

Use a window that is a multiple of the stride, or `upsample` followed by a convolution with stride 1.

## Reference

Odena, Dumoulin & Olah 2016, Deconvolution and Checkerboard Artifacts, Distill.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.layers.conv import ConvTranspose
from cnncalc.rules.base import CheckedNetwork, Finding
from cnncalc.shape import Shape

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node in subject.of(ConvTranspose):
        if node.shape is None:
            continue
        x = node.inputs[0].flow
        assert isinstance(node.layer, ConvTranspose)
        assert isinstance(x, Shape)
        for axis, window in zip(x.axes, node.layer.written_windows(x), strict=True):
            if window.kernel_size % window.stride:
                below = window.kernel_size // window.stride * window.stride
                sizes = " or ".join(str(n) for n in (below, below + window.stride) if n)
                message = (
                    f"{node.name}: stride {window.stride} does not divide the window of {_cells(window.kernel_size)} on {axis}, "
                    f"so that some cells are written more often than others: a checkerboard; try kernel_size {sizes}"
                )
                yield Finding(subject.place(node, "kernel_size"), message, node.name)
                break


def _cells(count: int) -> str:
    return f"{count} cell{'s' * (count > 1)}"
