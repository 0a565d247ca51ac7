"""A global pooling layer over cells that have each seen less than half of the image.

## Why is this bad?

Global pooling averages over places and keeps no positions, so nothing in the network ever sees a large object as a whole. Not
reported: sequences, for which short filters and a maximum over time are usual; the gates of squeeze-and-excitation; and fully
connected layers, which have a weight for every position.

## Example

```yaml
input: 64x64x3
layers:
  - {conv: 16, kernel_size: 3, padding: 1}
  - relu
  - {conv: 32, kernel_size: 3, padding: 1}
  - relu
  - global_avgpool
  - {fc: 10}
```

Use instead:

```yaml
input: 64x64x3
layers:
  - {conv: 16, kernel_size: 4, stride: 4}
  - relu
  - {conv: 32, kernel_size: 4, stride: 4}
  - relu
  - {conv: 64, kernel_size: 3, padding: 1}
  - relu
  - global_avgpool
  - {fc: 10}
```

## Fix

Use more layers, larger windows, dilation, or strides and pooling earlier. `cnncalc show --columns receptive_field` shows the
receptive field of each layer.

## Reference

Araujo, Norris & Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Distill.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncalc.analysis.receptive import extent, path_size
from cnncalc.graph import Node
from cnncalc.layers import Join
from cnncalc.rules.base import CheckedNetwork, Finding
from cnncalc.shape import Flow, Shape

if TYPE_CHECKING:
    from cnncalc.layers.view import Cells

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    flows = {source.name: source.flow for source in subject.graph.inputs}
    small: dict[str, Finding] = {}
    large: set[str] = set()
    for node in subject.graph.nodes:
        source = node.inputs[0] if node.inputs else None
        if not isinstance(source, Node) or not _takes_all(node) or _is_gate(subject, node):
            continue
        path = path_size(source) if len(flows) == 1 else None
        if path is not None and not _keeps_positions(node) and _is_half(path[1], flows[path[0]]):
            large.add(path[0])
            continue
        for name, axes in subject.fields.get(source.name, {}).items():
            if _keeps_positions(node):
                large.add(name)
                continue
            image = flows[name]
            seen = [field.size for field in axes]
            if not isinstance(image, Shape) or image.rank < 2 or max(seen) == 1 or any(f.along is None for f in axes):
                # Not an image, no window so far, or an earlier layer has read the whole map.
                continue
            if _is_half(seen, image):
                # One head is enough: a classifier on the side may see less.
                large.add(name)
                continue
            whole = "×".join(map(str, image.spatial))
            message = (
                f"{node.name} pools the whole map, and each cell of {source.name} before it sees {extent(axes)} of "
                f"{whole} cells, less than half; try more or larger windows, or strides and pooling earlier"
            )
            small.setdefault(name, Finding(subject.place(node), message, node.name))
    for name, finding in small.items():
        if name not in large:
            yield finding


def _is_half(seen: Sequence[Cells], image: Flow | None) -> bool:
    """Return whether a field of these sizes is at least half of an image along each axis."""
    if not isinstance(image, Shape) or image.rank < 2:
        return False
    return all(2 * size >= whole for size, whole in zip(seen, image.spatial, strict=True))


def _keeps_positions(node: Node) -> bool:
    """Return whether every number of the map has its own weight or position, as in a fully connected layer or a flatten."""
    x, y = node.inputs[0].flow, node.inferred.shape
    return bool(node.weights) or (isinstance(x, Shape) and y is not None and y.size >= x.size)


def _takes_all(node: Node) -> bool:
    """Return whether a layer turns a map of several cells into one cell."""
    y = node.inferred.shape
    if y is None or y[0] > 1 < len(y) or max(y[:-1], default=1) > 1 or isinstance(node.layer, Join):
        return False
    x = node.inputs[0].flow
    if not isinstance(x, Shape) or x.rank < 2 or max(x.spatial) == 1:
        return False
    return all(view.to is None for view in node.layer.views(x, node.inferred.windows))


def _is_gate(subject: CheckedNetwork, node: Node) -> bool:
    """Return whether the result is only used as a factor of a product, as in squeeze-and-excitation."""
    seen: set[int] = set()
    todo = [node]
    while todo:
        one = todo.pop()
        if id(one) in subject.outputs:
            return False
        for reader in subject.readers(one):
            if reader.kind == "multiply" or reader.layer.kind == "multiply":
                continue
            if id(reader) not in seen:
                seen.add(id(reader))
                todo.append(reader)
    return bool(subject.readers(node))
