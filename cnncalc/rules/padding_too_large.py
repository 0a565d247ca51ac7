"""Padding at least as large as the window.

The outermost windows then see nothing but the padding: their results are the same whatever the input is. It usually comes from
a padding meant for a larger window.

Wrong:

    input: 32x32x3
    layers:
      - {conv: 16, kernel_size: 3, padding: 3}

Right:

    input: 32x32x3
    layers:
      - {conv: 16, kernel_size: 3, padding: 1}

Fix: half the window, rounded down, keeps the size at stride 1; anything below the window's size leaves every window some input.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject
from cnncalc.shape import Shape


def find(subject: Subject) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        x = node.inputs[0].flow if node.inputs else None
        if node.shape is None or not node.inferred.windows or not isinstance(x, Shape):
            continue
        for axis, window, size, count in zip(x.axes, node.inferred.windows, x.spatial, node.shape.spatial, strict=True):
            last = (count - 1) * window.stride - window.before
            if window.before >= window.extent or last >= size:
                most = max(window.before, window.after)
                said = (
                    f"{node.name}: padding {most} is as large as the window, which spans {window.extent} "
                    f"cell{'s' * (window.extent > 1)} on {axis}, so that the outermost windows see padding alone; "
                    f"try padding {window.extent // 2}" + (f", at most {window.extent - 1}" if window.extent > 2 else "")
                )
                yield Finding(subject.place(node, "padding"), said, node.name)
                break
