"""A stride of more than 1 with a window of a single cell."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        if node.shape is None or not node.inferred.windows:
            continue
        for window, count in zip(node.inferred.windows, node.shape.spatial, strict=False):
            if window.stride > window.extent == 1 and count > 1:
                message = f"{node.name}: stride {window.stride} with a window of one cell reads one cell in {window.stride}"
                yield Finding(subject.place(node, "stride"), message, node.name)
                break
