"""A layer, block or branches row whose result nothing uses.

## Why is this bad?

It is computed, and its parameters are stored, without any effect. Usually a `from`, `add` or `concat` names the wrong row, or an
output is missing from `outputs`.

## Example

```yaml
input: 32x32x3
layers:
  - {conv: 8, kernel_size: 3, padding: 1, name: left}
  - {conv: 8, kernel_size: 5, padding: 2, name: right, from: input}
  - relu
```

Use instead:

```yaml
input: 32x32x3
layers:
  - {conv: 8, kernel_size: 3, padding: 1, name: left}
  - {conv: 8, kernel_size: 5, padding: 2, name: right, from: input}
  - {concat: left}
  - relu
```

## Fix

Read the result, name it in `outputs`, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    if not subject.whole:
        return
    read = frozenset(chain.from_iterable([node.inputs for node in subject.graph.nodes]))
    for node in subject.graph.nodes:
        if node in read or id(node) in subject.outputs or node.layer.ends_branch:
            continue
        # The problem is reported at the outermost block or branches row that has this result.
        giving = [group for group in subject.groups.get(id(node), []) if group.kind != "branch"]
        name, place = (giving[0].name, giving[0].place) if giving else (node.name, node.place)
        message = f"nothing uses what {name} gives; read it, name it in outputs, or take it out"
        yield Finding(place.of("name"), message, name)
