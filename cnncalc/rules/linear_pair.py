"""Two linear layers that could be one.

A convolution or `fc` right behind another is together with it one linear layer: nothing between them bends the line, and the
second adds cost and no power. Usually an activation was forgotten.

A pair that narrows between is no such pair: fewer channels in the middle than on either side make a bottleneck, which saves
parameters. Nor is a window divided into its axes, 3×1 and then 1×3, nor a convolution in groups.

Wrong:

    input: 784
    layers:
      - {fc: 256}
      - {fc: 10}

Right:

    input: 784
    layers:
      - {fc: 256}
      - relu
      - {fc: 10}

Fix: put an activation between the two, or leave one of them out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from cnncalc.graph import Node
from cnncalc.layers.conv import Conv
from cnncalc.layers.dense import Flatten, FullyConnected, Identity, Linear
from cnncalc.rules.base import Finding, Subject
from cnncalc.shape import Shape


def find(subject: Subject) -> Iterator[Finding]:
    for second in subject.graph.nodes:
        if not _full(second):
            continue
        source = second.inputs[0]
        alone = True
        while isinstance(source, Node) and isinstance(source.layer, (Identity, Flatten)):
            alone = alone and _only(subject, source)
            source = source.inputs[0]
        if not isinstance(source, Node) or not _full(source) or not alone or not _only(subject, source):
            continue
        if not subject.sharing.isdisjoint((id(source), id(second))) or _narrows(source, second) or _divided(source, second):
            continue
        said = (
            f"{second.name} follows {source.name} with nothing between: two linear layers are one; "
            "put an activation between them, or leave one out"
        )
        yield Finding(subject.place(second), said, second.name)


def _full(node: Node) -> bool:
    """Whether it is a linear layer in which every channel sees every other."""
    layer = node.layer
    return node.shape is not None and (
        isinstance(layer, (FullyConnected, Linear)) or (isinstance(layer, Conv) and layer.groups == 1)
    )


def _only(subject: Subject, node: Node) -> bool:
    return len(subject.readers(node)) == 1 and id(node) not in subject.outputs


def _narrows(first: Node, second: Node) -> bool:
    """Whether fewer numbers stand between the two than on either side."""
    sides = (first.inputs[0].flow, first.shape, second.shape)
    before, between, after = (s for s in sides if isinstance(s, Shape))
    if isinstance(second.layer, FullyConnected):
        return between.size < min(before.size, after.size)
    return between.channels < min(before.channels, after.channels)


def _divided(first: Node, second: Node) -> bool:
    """Whether each window is wide only where the other is not."""
    sizes = [[w.kernel_size for w in node.inferred.windows] for node in (first, second)]
    if not all(sizes) or min(map(math.prod, sizes)) == 1:
        return False
    return all(min(pair) == 1 for pair in zip(*sizes, strict=True))
