"""A block, var, parameter or input that nothing uses.

## Why is this bad?

An unused definition misleads the reader. Often its name is misspelt in the place that should use it.

## Example

```yaml
input: 32x32x3
vars: {width: 16, depth: 3}
layers:
  - {conv: "${width}", kernel_size: 3}
```

Use instead:

```yaml
input: 32x32x3
vars: {width: 16}
layers:
  - {conv: "${width}", kernel_size: 3}
```

## Fix

Use the definition, or remove it. To keep an unused definition, put it under a key that begins with `x-`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    if not subject.whole:
        return
    for one in subject.reading.definitions():
        if not one.used:
            yield Finding(one.location, f"nothing uses {one.title}; take it out, or {one.advice}")
