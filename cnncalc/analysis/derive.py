"""Derivations of a layer's counts: parameters as a sum of products, MACs as a product, and the input of each neuron."""

from __future__ import annotations

import math
from collections.abc import Iterable

from cnncalc.graph import Node
from cnncalc.layers import Weight
from cnncalc.shape import Shape, Tokens

Terms = dict[int, list[tuple[int, ...]]]
"""The remaining sizes of arrays, by first size: the arrays have first size × Σ product of remaining sizes numbers."""


def terms(weights: Iterable[Weight]) -> Terms:
    """Return the learned arrays grouped by first size: a filter's weights and its bias are in one group."""
    found: Terms = {}
    for weight in weights:
        # An array that is made of fewer learned numbers has no product of its own for them.
        first, *rest = weight.shape if weight.counted is None else (weight.counted,)
        if weight.role != "buffer" and first:
            found.setdefault(first, []).append(tuple(rest))
    return found


def counted(found: Terms) -> int:
    """Return the number of learned numbers in the terms."""
    return sum(first * sum(math.prod(rest) for rest in rests) for first, rests in found.items())


def derivation(weights: Iterable[Weight]) -> str:
    """Return the count of learned numbers as a formula; empty if there are none.

    The window comes first and the channels last, as the lecture writes a filter; the arrays have channels first.

    >>> derivation([Weight("weight", (10, 3, 5, 5)), Weight("bias", (10,), "bias")])
    '(5·5·3 + 1)·10'
    """
    parts = []
    found = terms(weights)
    for first, rests in found.items():
        products = [_product(rest) for rest in rests]
        if products == ["1"]:
            parts.append(str(first))
        elif set(products) == {"1"}:
            parts.append(f"{len(products)}·{first}")
        elif len(products) == 1:
            parts.append(f"{products[0]}·{first}")
        else:
            parts.append(f"({' + '.join(_collected(products))})·{first}")
    return " + ".join(parts)


def _collected(products: list[str]) -> list[str]:
    """Return the products with the constants added up at the end: two biases become 2."""
    alone = products.count("1")
    return [p for p in products if p != "1"] + ([str(alone)] if alone else [])


def _product(rest: tuple[int, ...]) -> str:
    return "·".join(map(str, (*rest[1:], *rest[:1]))) or "1"


def fully_connected(x: Shape, y: Shape, bias: bool) -> tuple[Weight, ...]:
    """Return the arrays of a fully connected layer from all numbers of `x` to all numbers of `y`."""
    # Not a layer's own arrays, because these may have more units than a layer can.
    return (Weight("weight", (y.size, x.size)), *([Weight("bias", (y.size,), "bias")] if bias else []))


def region(node: Node) -> tuple[int, ...]:
    """Return the cells that one neuron reads along each axis, then the channels; empty if it does not read a window.

    A neuron of a convolution reads the channels of its group, a neuron of a pooling layer one channel.
    """
    windows = node.inferred.windows[node.layer.unwindowed :]
    if not windows:
        return ()
    filters = [weight for weight in node.weights if weight.role == "weight"]
    channels = filters[0].shape[1] if filters else 1
    return (*(window.kernel_size for window in windows), channels)


def sees_all(node: Node) -> bool:
    """Return whether each neuron has a weight for every number of the input."""
    flow = node.inputs[0].flow if node.inputs else None
    if not isinstance(flow, Shape) or isinstance(flow, Tokens) or node.shape is None or len(node.inputs) != 1:
        return False
    return any(weight.shape == (node.shape.size, flow.size) for weight in node.weights)


def multiplications(node: Node) -> str:
    """Return the MACs as a product of weights and positions; empty if they are not such a product."""
    sizes = [weight.size for weight in node.weights if weight.role == "weight"]
    flow = node.inputs[0].flow if node.inputs else None
    if len(sizes) != 1 or not node.macs or not isinstance(flow, Shape) or node.shape is None:
        return ""
    for places in (node.shape.spatial, flow.spatial):
        if sizes[0] * math.prod(places) == node.macs:
            return "·".join(map(str, (sizes[0], *places)))
    return ""
