"""An `ignore` that ignores nothing.

The problem it hid is gone, or the rule's name is wrong, or the comment stands on another row than the one that it means. Left
in place, it would hide the next such problem.

Wrong:

    input: 32x32x3
    ignore: [stride-fit]
    layers:
      - {conv: 16, kernel_size: 3}

Right:

    input: 32x32x3
    layers:
      - {conv: 16, kernel_size: 3, stride: 2}      # cnncalc: ignore[stride-fit]

Fix: take it out; `--fix` does, as that changes nothing of the network.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.language.source import Sequence
from cnncalc.problem import Fix, Location
from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    """Comes last: what the other rules found has been held against the ignores by then."""
    for name, at in subject.document.ignored:
        if name in subject.tried and name not in subject.hidden:
            said = f"{name} is ignored in this file and does not occur in it; take it out"
            yield Finding(at, said, None, _removed(subject, at))
    for one in subject.ignores.found:
        if one.fault is not None:
            yield Finding(one.location, f"this ignores nothing: {one.fault}")
        elif not one.used and one.rule in subject.tried:
            fixes = () if one.removal is None else (Fix(one.removal, "", True, f"without {one.rule}"),)
            yield Finding(one.location, f"{one.rule} does not occur on this row; take the comment out", None, fixes)


def _removed(subject: Subject, at: Location) -> tuple[Fix, ...]:
    """The edit that takes one name out of `ignore: [a, b]`; none where the names stand in lines of their own."""
    node = subject.document.ignore_node
    if not isinstance(node, Sequence) or not node.flow:
        return ()
    items = node.items
    k = next(k for k, item in enumerate(items) if (item.line, item.column) == at[:2])
    first, last = at[:2], at[2:]
    if k + 1 < len(items):
        last = (items[k + 1].line, items[k + 1].column)
    elif k > 0:
        first = (items[k - 1].end_line, items[k - 1].end_column)
    return (Fix(Location(*first, *last), "", True, "ignore it no more"),)
