"""Results that cannot be joined, and an input that has the batch in front."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.graph import Node
from cnncalc.layers import Mismatch
from cnncalc.layers.base import Pointwise
from cnncalc.layers.dense import FullyConnected
from cnncalc.shape import Flow, Shape


class Side(NamedTuple):
    """One input of a join: the layer that computes it, the branch that ends there (else empty), and its shape."""

    name: str
    branch: str
    flow: Flow | None


class Offer(NamedTuple):
    """Inputs of the network that work, each as a spec writes it; `named` if they are `left 7x7x3 and right 7x7x3`."""

    inputs: tuple[str, ...] = ()
    named: bool = False

    def text(self, *, reads_input: bool) -> str:
        """The inputs as advice; empty if there are none. `reads_input`: the layer at fault reads an input itself."""
        if not self.inputs:
            return ""
        name = "input" if reads_input and not self.named else "the network's input"
        return (
            f"{name}{'s' * (' and ' in self.inputs[0])} {', or '.join(self.inputs) if self.named else ' or '.join(self.inputs)}"
        )


class Unjoined(NamedTuple):
    """Two results that a join cannot take together; `fault` is the sentence without advice."""

    layer: str
    first: Side
    second: Side
    fault: str

    @property
    def sizes_differ(self) -> bool:
        """Whether the spatial sizes differ, or one side has none."""
        x, y = self.first.flow, self.second.flow
        return not (isinstance(x, Shape) and isinstance(y, Shape) and x.spatial == y.spatial)

    def text(self, cause: str = "", offer: Offer | None = None) -> str:
        """The sentence; `cause` names the layer that dropped a cell, `offer` has inputs of the network that work."""
        advice = f"; try {offer.text(reads_input=False)}" if offer is not None and offer.inputs else ""
        return f"{self.fault}{f'; {cause}' if cause else ''}{advice}"


class RefusedInput(NamedTuple):
    """A layer that cannot take what flows in, though it may take other sizes; `fault` is the sentence without advice on these."""

    fault: str
    #: Whether the layer reads an input of the network.
    reads_input: bool

    def text(self, offer: Offer | None = None) -> str:
        """The sentence; `offer` has inputs of the network that work."""
        if offer is None or not offer.inputs:
            return self.fault
        found = offer.text(reads_input=self.reads_input)
        return f"{self.fault}; {found} {'work' if len(offer.inputs) > 1 or ' and ' in found else 'works'}"


def of(node: Node, error: Mismatch, layout: str) -> Unjoined:
    """Return the two inputs with their shapes, and the requirement of the join."""
    labels = node.merges.labels if node.merges is not None else ()
    first, second = (
        Side(node.inputs[k].name, labels[k] if labels else "", node.inputs[k].flow) for k in (error.first, error.second)
    )
    shapes = [side.flow.text(layout) if side.flow is not None else "?" for side in (first, second)]
    if labels:
        sides = f"branch `{first.branch}` ends at {shapes[0]}, `{second.branch}` at {shapes[1]}"
    else:
        sides = f"{first.name} gives {shapes[0]}, {second.name} {shapes[1]}"
    fault = f"{node.name}: {sides}{_difference(first.flow, second.flow)}; {error.template}{_projection(node, first, second)}"
    return Unjoined(node.name, first, second, fault)


def batch_hint(flow: object, layout: str) -> str:
    """The advice for an input of four sizes, read as a volume, that looks like a batch and an image."""
    if not isinstance(flow, Shape) or flow.rank != 3:
        return ""
    batch, *image = flow.ordered(layout)
    channels_first = image[0] in (1, 3, 4) and image[1] == image[2] > 4
    if batch != 1 and not channels_first:
        return ""
    # In a channels_last file, an image written with its channels first is turned.
    turned = [*image[1:], image[0]] if channels_first and layout == "channels_last" else image
    return f"; the batch is never written: if the leading {batch} is one, write {'x'.join(map(str, turned))}"


def flattened_sequence(node: Node, layout: str) -> str:
    """The message for a layer that needs positions, behind an `fc` that has flattened a sequence; empty for any other layer."""
    if node.layer.accepts not in ("map", "sequence") or not node.inputs:
        return ""
    source = node.inputs[0]
    while isinstance(source, Node) and isinstance(source.layer, Pointwise):
        source = source.inputs[0]
    if not isinstance(source, Node) or not isinstance(source.layer, FullyConnected):
        return ""
    x = source.inputs[0].flow
    if not isinstance(x, Shape) or x.rank != 1 or x[0] == 1:
        return ""
    units = source.layer.units
    return (
        f"{node.name}: {node.layer.kind} needs spatial axes, and {units} is a vector: {source.name} reads the whole sequence "
        f"{x.text(layout)} at once; to keep its {x[0]:,} positions, write {{linear: {units}}} instead of {{fc: {units}}}"
    )


def _projection(node: Node, first: Side, second: Side) -> str:
    """Return the convolution that gives one result the shape of the other, as the shortcut of a residual block has it."""
    x, y = first.flow, second.flow
    if node.layer.kind not in ("add", "subtract", "maximum", "average") or not (
        isinstance(x, Shape) and isinstance(y, Shape) and x.rank == y.rank > 0
    ):
        return ""
    if x.spatial < y.spatial:
        first, second, x, y = second, first, y, x
    elif x.spatial == y.spatial and x.channels > y.channels:
        first, x, y = second, y, x
    strides = {a // b for a, b in zip(x.spatial, y.spatial, strict=True)}
    if len(strides) != 1 or any(a % b for a, b in zip(x.spatial, y.spatial, strict=True)):
        return ""
    (stride,) = strides
    more = f", stride: {stride}, fit: floor" if stride > 1 else ""
    where = f"at the end of branch `{first.branch}`" if first.branch else f"behind {first.name}"
    return f"; {{conv: {y.channels}, kernel_size: 1{more}}} {where} gives {y.channels} channels" + (
        f" at 1/{stride} of the size" if stride > 1 else ""
    )


def _difference(a: object, b: object) -> str:
    """The one size in which two shapes of the same rank differ; empty if there are more."""
    if not isinstance(a, Shape) or not isinstance(b, Shape) or a.rank != b.rank:
        return ""
    names = (*a.axes, "channels")
    parts = [f"{name} {x} ≠ {y}" for name, x, y in zip(names, a, b, strict=True) if x != y]
    return f" ({', '.join(parts)})" if len(parts) == 1 else ""
