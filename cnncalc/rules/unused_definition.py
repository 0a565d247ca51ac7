"""A block, var, parameter or input that nothing uses.

What is defined and not used misleads its reader, and often a name is misspelt where it should be used.

Wrong:

    input: 32x32x3
    vars: {width: 16, depth: 3}
    layers:
      - {conv: "${width}", kernel_size: 3}

Right:

    input: 32x32x3
    vars: {width: 16}
    layers:
      - {conv: "${width}", kernel_size: 3}

Fix: use it, or take it out. A key that begins with `x-` is a place for what is kept but not used.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    if not subject.whole:
        return
    for one in subject.reading.definitions():
        if not one.used:
            yield Finding(one.location, f"nothing uses {one.title}; take it out, or {one.advice}")
