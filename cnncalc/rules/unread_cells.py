"""Cells at the end of the input that no window reads, with `fit: floor`.

(N − F + 2P)/S + 1 is not whole, the file takes the floor, and the last cells are never read. Frameworks do so silently; here it
is a note, shown with `--notes`.

Wrong:

    input: 32x32x3
    fit: floor
    layers:
      - {conv: 16, kernel_size: 3, stride: 2}

Right:

    input: 33x33x3
    fit: floor
    layers:
      - {conv: 16, kernel_size: 3, stride: 2}

Fix: as for stride-fit: another padding, stride or window, or an input for which it fits (`cnncalc sizes` lists them).
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.build import misfit
from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        if node.fit == "floor" and node.shape is not None and any(node.unread):
            said = f"{node.name}: {misfit.never_read(node)}: {misfit.formula(node)}, and the floor is taken"
            yield Finding(subject.place(node), said, node.name)
