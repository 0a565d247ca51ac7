"""A softmax over a single channel.

## Why is this bad?

Softmax turns the channels at each position into shares that add up to 1. With a single channel the share is 1 for every input.

## Example

```yaml
input: 64
layers:
  - {fc: 1}
  - softmax
```

Use instead:

```yaml
input: 64
layers:
  - {fc: 1}
  - sigmoid
```

## Fix

Use `sigmoid` for a single probability, or one channel per class. For weights over positions, softmax must run over those.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.layers.activation import Softmax
from cnncalc.rules.base import CheckedNetwork, Finding
from cnncalc.shape import Shape

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node in subject.of(Softmax):
        x = node.inputs[0].flow
        if node.shape is None or not isinstance(x, Shape):
            continue
        axis = str(node.layer.value("axis"))
        names = (*x.axes, "channels")
        if axis in names and x[names.index(axis)] == 1:
            instead = [f"axis: {name} for shares over the {name}" for name, n in zip(names, x, strict=True) if n > 1][:1]
            what = "channel" if axis == "channels" else f"cell of {axis}"
            message = (
                f"{node.name}: {x.text(subject.reading.layout)} has 1 {what}, and its share is always 1; "
                f"write {' or '.join(['sigmoid for a probability', *instead])}"
            )
            yield Finding(subject.place(node, "axis"), message, node.name)
