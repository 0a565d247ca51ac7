"""A block, var, parameter or input that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    if not subject.whole:
        return
    for one in subject.reading.definitions():
        if not one.used:
            yield Finding(one.location, f"nothing uses {one.title}; take it out, or {one.advice}")
