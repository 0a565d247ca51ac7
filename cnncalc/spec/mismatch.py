"""A join whose sides do not match, explained: both sides, what they give, and where that differs."""

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


def _difference(a: object, b: object) -> str:
    """Which size two shapes of the same rank differ in, where it is one."""
    if not isinstance(a, Shape) or not isinstance(b, Shape) or a.rank != b.rank:
        return ""
    names = (*a.axes, "channels")
    parts = [f"{name} {x} ≠ {y}" for name, x, y in zip(names, a, b, strict=True) if x != y]
    return f" ({', '.join(parts)})" if len(parts) == 1 else ""
