"""A stride larger than the window."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    for node, slides in subject.sliding:
        for axis, window, _, count in slides:
            if window.stride > window.extent > 1 and count > 1:
                gap = window.stride - window.extent
                message = (
                    f"{node.name}: stride {window.stride} is larger than the window, which spans {window.extent} cells on {axis}"
                    f": of every {window.stride} cells {gap} {'is' if gap == 1 else 'are'} never read; "
                    f"try stride {window.extent} or less"
                )
                yield Finding(subject.place(node, "stride"), message, node.name)
                break
