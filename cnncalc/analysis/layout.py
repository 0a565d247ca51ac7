"""Detects inputs that are probably written in another layout than the file's."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.graph import Graph, Input
from cnncalc.layers import Layer
from cnncalc.problem import one_line
from cnncalc.shape import Flow, Shape

#: Numbers of channels of images and audio.
_FEW = (1, 3)
#: The smallest size of an image along an axis, in cells.
_LARGE = 16


def looks_channels_first(x: Shape, readers: Iterable[Layer]) -> bool:
    """Return whether an input that is read as channels last looks like channels first: 3x32x32, 1x28x28, 3x16x112x112.

    Its first size is 1 or 3, and its last two are equal, or one of the layers that read it has a window of one size for all
    axes that is as large as the first axis.
    """
    if x.rank < 1 or x[0] not in _FEW:
        return False
    if x.rank >= 2 and x[-2] == x.channels and x[0] < x[-2]:
        return True
    if x.channels <= x[0] or (x.rank >= 2 and x[1] < _LARGE):
        return False
    least = max(2, x[0] + (x.rank == 1))
    for layer in readers:
        if "kernel_size" in layer.options:
            sizes = layer.fields(x).get("kernel_size", [])
            if sizes and len(set(sizes)) == 1 and sizes[0] >= least:
                return True
    return False


def looks_channels_last(x: Shape) -> bool:
    """Return whether an input that is read as channels first looks like channels last: 640x640x3, 28x28x1, 16x112x112x3."""
    if x.rank < 2:
        return False
    *_, height, width, last = x.ordered("channels_first")
    return last in _FEW and height == width > last


def other_layout(graph: Graph, source: Input, layout: str) -> str | None:
    """Say how an input is read and how to write it if it looks like the other layout; None if it does not."""
    readers = (node.layer for node in graph.nodes if source in node.inputs)
    # An input without a line is not written in the file, which then has no place for the layout either.
    doubt = misread(source.flow, readers, layout, in_file=bool(source.location.line))
    return None if doubt is None else f"{one_line(source.name)} {doubt}"


def misread(x: Flow | None, readers: Iterable[Layer], layout: str, *, in_file: bool) -> str | None:
    """Say how a shape is read and how to write it if it looks like the other layout; None if it does not.

    `readers` are the layers that read it. `in_file`: a file states the layout, else an option.
    """
    if not isinstance(x, Shape):
        return None
    if layout == "channels_last" and looks_channels_first(x, readers):
        order, meant, other = (*x.axes, "channels"), Shape(*x[1:], x[0]), "channels_first"
    elif layout == "channels_first" and looks_channels_last(x):
        order, meant, other = ("channels", *x.axes), Shape(*x.ordered(layout)), "channels_last"
    else:
        return None
    channels = f"{meant.channels} channel{'s' * (meant.channels > 1)}"
    option = f"layout: {other}" if in_file else f"--layout {other}"
    return f"{x.text(layout)} is read as {' × '.join(order)}; for {channels} write {meant.text(layout)}, or {option}"
