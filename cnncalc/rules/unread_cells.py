"""Cells at the end of the input that no window reads, with `fit: floor` or `fit: ceil`.

## Why is this bad?

(N − F + 2P)/S + 1 is not an integer, and the last cells are never read. Frameworks do so silently; here it is a note, shown
with `--notes`. `fit: ceil` reads them, unless the last window would start in the padding.

## Example

```yaml
input: 32x32x3
fit: floor
layers:
  - {conv: 16, kernel_size: 3, stride: 2}
```

Use instead:

```yaml
input: 33x33x3
fit: floor
layers:
  - {conv: 16, kernel_size: 3, stride: 2}
```

## Fix

As for stride-fit: another padding, stride or window, or an input that fits; `cnncalc sizes` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.build import misfit
from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "note"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node in subject.graph.nodes:
        if node.fit != "exact" and node.inferred.windows and node.shape is not None and any(node.unread):
            reason = "the floor is taken"
            if node.fit == "ceil":
                reason = "a window more would start in the padding"
            message = f"{node.name}: {misfit.never_read(node)}: {misfit.formula(node)}, and {reason}"
            yield Finding(subject.place(node), message, node.name)
