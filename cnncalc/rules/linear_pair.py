"""Two linear layers that could be one.

## Why is this bad?

A convolution or fully connected layer directly after another one is, together with it, a single linear layer: the second adds
cost and no power. Usually an activation was forgotten. Not reported: a pair with fewer channels in the middle than on either
side (a bottleneck that saves parameters), a window divided into its axes (3×1, then 1×3), and convolutions in groups.

## Example

```yaml
input: 784
layers:
  - {fc: 256}
  - {fc: 10}
```

Use instead:

```yaml
input: 784
layers:
  - {fc: 256}
  - relu
  - {fc: 10}
```

## Fix

Put an activation between the two layers, or remove one of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from cnncalc.graph import Input, Node
from cnncalc.layers.conv import Conv
from cnncalc.layers.dense import Flatten, FullyConnected, Identity, Linear
from cnncalc.rules.base import CheckedNetwork, Finding
from cnncalc.shape import Shape

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    linear = subject.of(FullyConnected, Linear, Conv)
    pairs = [(first, second) for second in linear if (first := _first(subject, second)) is not None]
    paired = {id(node) for pair in pairs for node in pair}
    for first, second in pairs:
        # Shared weights are useful if another layer uses them after an activation.
        if all(id(use) in paired for node in (first, second) for use in _uses(subject, node)):
            message = (
                f"{second.name} follows {first.name} with nothing between: two linear layers are one; "
                "put an activation between them, or remove one"
            )
            yield Finding(subject.place(second), message, second.name)


def _first(subject: CheckedNetwork, second: Node) -> Node | None:
    """Return the linear layer directly before a linear layer, if both could be one layer."""
    source = second.inputs[0]
    if isinstance(source, Input) or not _full(second):
        return None
    while isinstance(source, Node) and isinstance(source.layer, (Identity, Flatten)):
        if not _only(subject, source):
            return None
        source = source.inputs[0]
    if not isinstance(source, Node) or not _full(source) or not _only(subject, source):
        return None
    return None if _narrows(source, second) or _divided(source, second) else source


def _uses(subject: CheckedNetwork, node: Node) -> list[Node]:
    """Return every layer that uses the layer's weights, itself included."""
    owner = node.shared or node
    if id(owner) not in subject.sharing:
        return [owner]
    return [owner, *(other for other in subject.graph.nodes if other.shared is owner)]


def _full(node: Node) -> bool:
    """Return whether it is a linear layer in which every output channel sees every input channel."""
    layer = node.layer
    return node.shape is not None and (
        isinstance(layer, (FullyConnected, Linear)) or (isinstance(layer, Conv) and layer.groups == 1)
    )


def _only(subject: CheckedNetwork, node: Node) -> bool:
    return len(subject.readers(node)) == 1 and id(node) not in subject.outputs


def _narrows(first: Node, second: Node) -> bool:
    """Return whether the result between the two has fewer numbers than either side."""
    sides = (first.inputs[0].flow, first.shape, second.shape)
    before, between, after = (s for s in sides if isinstance(s, Shape))
    if isinstance(second.layer, FullyConnected):
        return between.size < min(before.size, after.size)
    return between.channels < min(before.channels, after.channels)


def _divided(first: Node, second: Node) -> bool:
    """Return whether both windows have several cells, but along different axes."""
    sizes = [[w.kernel_size for w in node.inferred.windows] for node in (first, second)]
    if not all(sizes) or min(map(math.prod, sizes)) == 1:
        return False
    return all(min(pair) == 1 for pair in zip(*sizes, strict=True))
