"""A stride of more than 1 with a window of a single cell.

Of every S cells one is read and the others are not. The shortcuts of residual networks do so on purpose, to halve the size at
the least cost; elsewhere it may be an oversight. A note, shown with `--notes`.

Wrong:

    input: 33x33x8
    layers:
      - {conv: 16, kernel_size: 1, stride: 2}

Right:

    input: 33x33x8
    layers:
      - {conv: 16, kernel_size: 3, stride: 2, padding: 1}

Fix: a window at least as large as the stride, or an `avgpool` before the convolution, as in ResNet-D.

Source: He et al. 2018, Bag of Tricks for Image Classification, sec. 4.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        if node.shape is None:
            continue
        for window, count in zip(node.inferred.windows, node.shape.spatial, strict=False):
            if window.stride > window.extent == 1 and count > 1:
                said = f"{node.name}: stride {window.stride} with a window of one cell reads one cell in {window.stride}"
                yield Finding(subject.place(node, "stride"), said, node.name)
                break
