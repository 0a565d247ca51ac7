"""What flows in and does not go: the sides of a join that do not match, and an input that has the batch in front."""

from __future__ import annotations

from cnncalc.graph import Node
from cnncalc.layers import Mismatch
from cnncalc.shape import Shape


def explain(node: Node, fact: Mismatch, layout: str) -> str:
    """The sides by branch or by name, with their shapes, and what would be needed."""
    first, second = (
        (node.inputs[k].name, node.labels[k] if node.labels else "", node.inputs[k].flow) for k in (fact.first, fact.second)
    )
    shapes = [flow.text(layout) if flow is not None else "?" for *_, flow in (first, second)]
    if node.labels:
        said = f"branch `{first[1]}` ends at {shapes[0]}, `{second[1]}` at {shapes[1]}"
    else:
        said = f"{first[0]} gives {shapes[0]}, {second[0]} {shapes[1]}"
    return f"{node.name}: {said}{_difference(first[2], second[2])}; {fact.template}"


def batch_hint(flow: object, layout: str) -> str:
    """What to write for an input of four sizes that looks like an image with a batch before it, read as a volume."""
    if not isinstance(flow, Shape) or flow.rank != 3:
        return ""
    batch, *image = flow.ordered(layout)
    channels_first = image[0] in (1, 3, 4) and image[1] == image[2] > 4
    if batch != 1 and not channels_first:
        return ""
    # Where the file is channels_last, the image of those who write their channels first is put the right way round.
    turned = [*image[1:], image[0]] if channels_first and layout == "channels_last" else image
    return f"; the batch is never written: if the leading {batch} is one, write {'x'.join(map(str, turned))}"


def _difference(a: object, b: object) -> str:
    """Which size two shapes of the same rank differ in, where it is one."""
    if not isinstance(a, Shape) or not isinstance(b, Shape) or a.rank != b.rank:
        return ""
    names = (*a.axes, "channels")
    parts = [f"{name} {x} ≠ {y}" for name, x, y in zip(names, a, b, strict=True) if x != y]
    return f" ({', '.join(parts)})" if len(parts) == 1 else ""
