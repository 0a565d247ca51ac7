"""Detects inputs that are probably written in another layout than the file's."""

from __future__ import annotations

from cnncalc.graph import Graph, Input
from cnncalc.shape import Shape

#: Numbers of channels of images and audio.
_FEW = (1, 3)
#: The smallest size of an image along an axis, in cells.
_LARGE = 16


def looks_channels_first(graph: Graph, source: Input) -> bool:
    """Return whether an input that is read as channels last looks like channels first: 3x32x32, 1x28x28, 3x16x112x112.

    Its first size is 1 or 3, and its last two are equal, or a layer that reads it has a window of one size for all axes that
    is as large as the first axis.
    """
    x = source.flow
    if not isinstance(x, Shape) or x.rank < 1 or x[0] not in _FEW:
        return False
    if x.rank >= 2 and x[-2] == x.channels and x[0] < x[-2]:
        return True
    if x.channels <= x[0] or (x.rank >= 2 and x[1] < _LARGE):
        return False
    least = max(2, x[0] + (x.rank == 1))
    for node in graph.nodes:
        if source in node.inputs and "kernel_size" in node.layer.options:
            sizes = node.layer.fields(x).get("kernel_size", [])
            if sizes and len(set(sizes)) == 1 and sizes[0] >= least:
                return True
    return False


def channels_last(x: Shape) -> Shape:
    """Return the shape if the channels were written first."""
    return Shape(*x[1:], x[0])
