"""Normalisation over a single number.

## Why is this bad?

A number minus its own mean is 0, so the output is zero, or the learned offset, for every input. Instance normalisation does so on
a map of one cell, group normalisation on one cell with one channel per group, layer normalisation on one channel. PyTorch
refuses to train some of these.

## Example

```yaml
input: 4x4x16
layers:
  - {conv: 32, kernel_size: 4, bias: false}
  - instancenorm
```

Use instead:

```yaml
input: 4x4x16
layers:
  - {conv: 32, kernel_size: 4, bias: false}
  - layernorm
```

## Fix

Remove the normalisation, use one over more numbers (`layernorm`, `batchnorm`, fewer groups), or keep a larger map up to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.layers.norm import Normalising
from cnncalc.rules.base import CheckedNetwork, Finding
from cnncalc.shape import Shape

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node in subject.of(Normalising):
        x, layer = node.inputs[0].flow, node.layer
        if node.shape is None or not isinstance(x, Shape) or not isinstance(layer, Normalising):
            continue
        count, what = layer.averaged(x) or (0, "")
        if count == 1:
            others = " or ".join(kind for kind in ("layernorm", "batchnorm") if kind != node.kind)
            message = (
                f"{node.name} normalises over a single number, {what} of {x.text(subject.reading.layout)}: whatever comes in, "
                f"{layer.alone()} comes out; remove it, normalise over more numbers ({others}), "
                "or keep a larger map up to here"
            )
            yield Finding(subject.place(node), message, node.name)
