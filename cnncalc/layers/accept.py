"""Checks that an input is of the sort that a layer accepts."""

from __future__ import annotations

import math

from cnncalc.layers.advice import likely_map
from cnncalc.layers.base import Layer
from cnncalc.shape import Flow, LayerError, Shape, Tokens


def check_flow(layer: Layer, x: Flow) -> Shape:
    """Return `x` as the shape that `layer` takes; tokens as length × vocabulary. Raises LayerError if it is of another sort."""
    if isinstance(x, Tokens):
        if layer.accepts in ("tokens", "everything"):
            return Shape(x.length, x.vocabulary)
        raise LayerError(f"{layer.kind} takes numbers, and what flows in are {x}; put an embedding before it")
    if layer.accepts == "tokens":
        raise LayerError(
            f"{layer.kind} takes tokens, and {{}} flows in; write input: {{{{tokens: {x[0]}, vocabulary: 20000}}}}", x
        )
    if layer.accepts == "map" and x.rank == 0:
        needs = f"{layer.kind} takes a map with spatial axes, and {{}} is a vector; "
        likely = likely_map(x.channels)
        if likely is None:
            raise LayerError(f"{needs}move it above the row that made a vector, or put a reshape to a map before it", x)
        advice = "put {{reshape: {}}} before it, or move it above the row that made a vector"
        raise LayerError(needs + advice, x, likely)
    if layer.accepts == "sequence" and x.rank != 1:
        # The sizes are arguments of the error, so that the same fault on another size has the same template.
        steps = Shape(x.channels, 1) if x.rank == 0 else Shape(math.prod(x.spatial), x.channels)
        advice = "a sequence of one channel" if x.rank == 0 else "a step for each position"
        needs = f"{layer.kind} takes a sequence, length × channels, and {{}} flows in"
        raise LayerError(f"{needs}; put {{{{reshape: {{}}}}}} before it, {advice}", x, steps)
    return x
