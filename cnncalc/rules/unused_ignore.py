"""An `ignore` that ignores nothing.

## Why is this bad?

The problem that it hid is gone, the rule's name is wrong, or the comment is on the wrong row. If
it stays, it hides the next such problem.

## Example

```yaml
input: 32x32x3
ignore: [stride-fit]
layers:
  - {conv: 16, kernel_size: 3}
```

Use instead:

```yaml
input: 32x32x3
layers:
  - {conv: 16, kernel_size: 3, stride: 2}      # cnncalc: ignore[stride-fit]
```

## Fix

Remove it; `--fix` does so, as the network does not change.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.build.reading import Ignore
from cnncalc.problem import Fix
from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    """Find unused ignores. This rule runs last, after all other findings were compared with the ignores."""
    for one in subject.reading.ignores.whole:
        if one.rule in subject.tried and one.rule not in subject.hidden:
            yield Finding(
                one.location, f"{one.rule} is ignored in this file and does not occur in it; take it out", None, _fixes(one)
            )
    for one in subject.reading.ignores.found:
        if one.fault is not None:
            yield Finding(one.location, f"this ignores nothing: {one.fault}")
        elif not one.used and one.rule in subject.tried:
            yield Finding(one.location, f"{one.rule} does not occur on this row; take the comment out", None, _fixes(one))


def _fixes(one: Ignore) -> tuple[Fix, ...]:
    return () if one.removal is None else (one.removal,)
