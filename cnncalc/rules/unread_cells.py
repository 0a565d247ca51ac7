"""Cells at the end of the input that no window reads, with `fit: floor` or `fit: ceil`."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.build import misfit
from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        if node.fit != "exact" and node.inferred.windows and node.shape is not None and any(node.unread):
            reason = "the floor is taken"
            if node.fit == "ceil":
                reason = "a window more would start in the padding"
            message = f"{node.name}: {misfit.never_read(node)}: {misfit.formula(node)}, and {reason}"
            yield Finding(subject.place(node), message, node.name)
