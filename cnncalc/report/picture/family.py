"""Families of layer kinds and their colours: the palette of Okabe and Ito, whose colours the colour-blind can tell apart."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.graph import Node
from cnncalc.layers import Layer
from cnncalc.layers.base import Pointwise


class Family(NamedTuple):
    """Kinds that are drawn in one colour; `title` is their name in the legend.

    Source of the colours: Okabe & Ito 2008, Color Universal Design.
    """

    name: str
    title: str
    colour: str


FAMILIES = {
    family.name: family
    for family in (
        Family("input", "input", "#d5d9e0"),
        Family("conv", "convolution", "#56b4e9"),
        Family("pool", "pooling", "#d55e00"),
        Family("norm", "normalisation", "#f0e442"),
        Family("activation", "activation", "#e69f00"),
        Family("dense", "fully connected", "#cc79a7"),
        Family("sequence", "recurrent, attention, embedding", "#0072b2"),
        Family("join", "join", "#009e73"),
        Family("spatial", "resize, crop, reorder", "#9aa5b1"),
        Family("passing", "other pointwise", "#c8b89a"),
        Family("other", "other", "#6b7280"),
    )
}

#: Modules of kinds that have no family of their name, and kinds that are of another family than their module.
_ALSO = {"resize": "spatial", "reorder": "spatial", "parameter": "input", "flatten": "spatial"}

#: Families that are drawn as a band on the layer they follow.
BANDS = ("norm", "activation", "passing")


def family_of(layer: Layer) -> str:
    """The family of a kind, by the module that defines it.

    Arithmetic and the pointwise layers of modules of other layers, such as dropout, are a family of their own.
    """
    module = type(layer).__module__.rpartition(".")[2]
    if isinstance(layer, Pointwise) and module not in ("norm", "activation", "sequence"):
        return "passing"
    family = _ALSO.get(getattr(layer, "kind", ""), _ALSO.get(module, module))
    return family if family in FAMILIES else "other"


def is_band(node: Node) -> bool:
    """Whether a layer is drawn as a band on the one before it: it reads one result and keeps its size."""
    return len(node.inputs) == 1 and family_of(node.layer) in BANDS and node.inputs[0].flow == node.flow


def faces(family: Family) -> tuple[str, str, str]:
    """Colours of the front, the top and the side of a volume."""
    return (
        family.colour,
        mixed(family.colour, "#ffffff", 0.45),
        mixed(family.colour, "#000000", 0.08 if family.name == "input" else 0.2),
    )


def mixed(colour: str, other: str, part: float) -> str:
    """A colour `part` of the way to another.

    >>> mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a + (b - a) * part) for a, b in pairs).hex()
