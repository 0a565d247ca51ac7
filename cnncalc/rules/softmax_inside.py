"""A softmax before another layer with weights.

## Why is this bad?

Softmax turns the channels into shares that add up to 1: the largest becomes nearly one, the rest nearly zero, and gradients
become small. It belongs at the end of a classifier. Before a `multiply`, as in attention or a gate, it is not reported.

## Example

```yaml
input: 784
layers:
  - {fc: 128}
  - softmax
  - {fc: 10}
```

Use instead:

```yaml
input: 784
layers:
  - {fc: 128}
  - relu
  - {fc: 10}
  - softmax
```

## Fix

Use `relu` or another activation inside the network, and softmax at its end.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.graph import Node
from cnncalc.layers.activation import Softmax
from cnncalc.layers.join import MatMul, Multiply
from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for node in subject.of(Softmax):
        weighted = _next_weighted(subject, node)
        if weighted is not None:
            message = (
                f"{node.name} makes shares that add up to 1, and {weighted.name} goes on computing with them; "
                "try relu here, and softmax at the end"
            )
            yield Finding(subject.place(node), message, node.name)


def _next_weighted(subject: CheckedNetwork, node: Node) -> Node | None:
    """Return the first layer with weights after a softmax, unless the shares are used as weights of a sum before it."""
    seen = {id(node)}
    todo = [node]
    while todo:
        for reader in subject.readers(todo.pop(0)):
            if reader.weights:
                # Frozen weights compute an expected value from the shares, as a detector does for the sides of a box.
                return None if reader.frozen else reader
            # The weights of a layer without a shape are unknown.
            if id(reader) not in seen and reader.shape is not None and not isinstance(reader.layer, (Multiply, MatMul)):
                seen.add(id(reader))
                todo.append(reader)
    return None
