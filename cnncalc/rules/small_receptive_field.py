"""A receptive field of less than half of the image before the first layer that takes in the whole map.

Up to that layer no cell has seen more than its receptive field, and then all places are put together at once: nothing in the
network has looked at a large thing as a whole. Counted for images and volumes, not for sequences, where short filters and a
maximum over time are a usual choice; nor for the gates of squeeze-and-excitation.

Wrong:

    input: 64x64x3
    layers:
      - {conv: 16, kernel_size: 3, padding: 1}
      - relu
      - {conv: 32, kernel_size: 3, padding: 1}
      - relu
      - global_avgpool
      - {fc: 10}

Right:

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

Fix: more layers, larger windows, dilation, or strides and pooling earlier on. `cnncalc show --columns receptive_field` has the
field of each layer.

Source: Araujo, Norris & Sim 2019, Computing Receptive Fields of Convolutional Neural Networks, Distill.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analysis.receptive import extent
from cnncalc.graph import Node
from cnncalc.layers import Join
from cnncalc.rules.base import Finding, Subject
from cnncalc.shape import Shape


def find(subject: Subject) -> Iterator[Finding]:
    flows = {source.name: source.flow for source in subject.graph.inputs}
    small: dict[str, Finding] = {}
    large: set[str] = set()
    for node in subject.graph.nodes:
        source = node.inputs[0] if node.inputs else None
        if not isinstance(source, Node) or not _takes_all(node) or _is_gate(subject, node):
            continue
        for name, axes in subject.fields.get(source.name, {}).items():
            image = flows[name]
            seen = [field.size for field in axes]
            if not isinstance(image, Shape) or image.rank < 2 or max(seen) == 1 or any(f.along is None for f in axes):
                # No image, no window on the way, or the whole map was taken in before.
                continue
            if all(2 * size >= whole for size, whole in zip(seen, image.spatial, strict=True)):
                # That of one head is enough: a classifier on the side may look at less.
                large.add(name)
                continue
            whole = "×".join(map(str, image.spatial))
            said = (
                f"{node.name} takes in the whole map, and {source.name} before it sees {extent(axes)} of "
                f"{whole} cells, less than half; try more or larger windows, or strides and pooling earlier"
            )
            small.setdefault(name, Finding(subject.place(node), said, node.name))
    for name, finding in small.items():
        if name not in large:
            yield finding


def _takes_all(node: Node) -> bool:
    """Whether it makes one place of a map of several."""
    y = node.inferred.shape
    if y is None or max(y[:-1], default=1) > 1 or isinstance(node.layer, Join):
        return False
    x = node.inputs[0].flow
    if not isinstance(x, Shape) or x.rank < 2 or max(x.spatial) == 1:
        return False
    return all(view.to is None for view in node.layer.views(x, node.inferred.windows))


def _is_gate(subject: Subject, node: Node) -> bool:
    """Whether what it gives ends in the factor of a product."""
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
