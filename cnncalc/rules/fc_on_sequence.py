"""A fully connected layer that reads a whole sequence at once.

## Why is this bad?

`fc` flattens its input: length times channels numbers go to every unit. PyTorch's `Linear` and Keras's `Dense` act on the
channels of each position instead, so a network that is copied from there has other shapes and many more parameters here.
Reported if the sequence is an input, or comes from an embedding, a recurrent layer or attention.

## Example

```yaml
input: {tokens: 50, vocabulary: 1000}
layers:
  - {embedding: 64}
  - {lstm: 32, return: sequence}
  - {fc: 10}
```

Use instead:

```yaml
input: {tokens: 50, vocabulary: 1000}
layers:
  - {embedding: 64}
  - {lstm: 32, return: sequence}
  - flatten
  - {fc: 10}
```

## Fix

Write `linear` for a layer that acts at each position. If every unit is to see the whole sequence, put `flatten` before the
`fc` to say so.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.graph import Input, Node, Producer
from cnncalc.layers.base import Pointwise
from cnncalc.layers.dense import FullyConnected
from cnncalc.rules.base import CheckedNetwork, Finding
from cnncalc.shape import Shape

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node in subject.of(FullyConnected):
        x = node.inputs[0].flow
        if not isinstance(x, Shape) or x.rank != 1 or x[0] == 1:
            continue
        if _per_position(node.inputs[0]):
            units = node.layer.value("units")
            message = (
                f"{node.name} reads all {x[0]:,}·{x.channels:,} = {x.size:,} numbers of the sequence at once; for a layer at "
                f"each position, as PyTorch's Linear and Keras's Dense, write {{linear: {units}}}; "
                "if the whole sequence is meant, put flatten before it"
            )
            yield Finding(subject.place(node), message, node.name)


def _per_position(source: Producer) -> bool:
    """Return whether a sequence is an input, or comes from a layer that processes each position separately."""
    while isinstance(source, Node) and isinstance(source.layer, Pointwise) and not source.layer.per_position:
        source = source.inputs[0]
    return isinstance(source, Input) or source.layer.per_position
