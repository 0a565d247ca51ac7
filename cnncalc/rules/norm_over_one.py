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

import math
from collections.abc import Iterator

from cnncalc.graph import Node
from cnncalc.layers.norm import GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from cnncalc.rules.base import Finding, Subject
from cnncalc.shape import Shape

LEVEL = "warning"


def find(subject: Subject) -> Iterator[Finding]:
    for node in subject.of(InstanceNorm, GroupNorm, LayerNorm, RMSNorm):
        x = node.inputs[0].flow
        if node.shape is None or not isinstance(x, Shape):
            continue
        count, what = _normalised(node, x)
        if count == 1:
            message = (
                f"{node.name} normalises over a single number, {what} of {x.text(subject.reading.layout)}: whatever comes in, "
                f"{_result(node)} comes out; remove it, normalise over more numbers (layernorm, batchnorm), "
                "or keep a larger map up to here"
            )
            yield Finding(subject.place(node), message, node.name)


def _normalised(node: Node, x: Shape) -> tuple[int, str]:
    """Return how many numbers share a mean or a root mean square, and their name; 0 for other kinds."""
    layer = node.layer
    if layer.kind == "instancenorm":
        return math.prod(x.spatial), "the only cell of each channel"
    if layer.kind == "groupnorm":
        groups = layer.value("groups")
        return x.size // groups, "the only number of each group"
    if layer.kind in ("layernorm", "rmsnorm"):
        over = layer.value("over") if "over" in layer.options else "channels"
        return (x.size, "the only number") if over == "all" else (x.channels, "the only channel")
    return 0, ""


def _result(node: Node) -> str:
    affine = "affine" in node.layer.options and node.layer.value("affine")
    if node.layer.kind == "rmsnorm":
        return "its sign"
    return "the learned offset" if affine else "0"
