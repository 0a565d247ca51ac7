"""Infers shape, weights and cost of one layer from its inputs, and whether its strides fit, without asking for its kind."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from cnncalc.layers import Join, Layer, Weight
from cnncalc.layers.accept import check_flow
from cnncalc.layers.view import View
from cnncalc.shape import LARGEST, Flow, LayerError, Shape
from cnncalc.window import Window


class Unreadable(Layer):
    """Stands for a layer of the file that could not be read: nothing is known of its result."""


class Inferred:
    """The shape and counts of a layer, inferred from its inputs; counts are numbers, multiply-accumulates and cells.

    `shape` is None if it could not be inferred, and `fault` says why if the layer itself is at fault. `certain` is the output
    shape if it does not depend on an unknown input: then nothing is counted, but the layers after it can be checked.
    """

    __slots__ = (
        "biases", "buffers", "certain", "fault", "fits", "layer", "macs", "parameters", "shape", "sizes", "views", "weights",
        "windows",
    )  # fmt: skip

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.shape: Shape | None = None
        self.certain: Shape | None = None
        self.weights: tuple[Weight, ...] = ()
        self.parameters = 0
        self.biases = 0
        self.buffers = 0
        #: Multiply-accumulates; None if unknown.
        self.macs: int | None = 0
        self.windows: tuple[Window, ...] = ()
        self.sizes: tuple[int, ...] = ()
        self.fits = True
        self.fault: LayerError | None = None
        #: The views of the axes of each input, filled in by `analysis.receptive`; empty if all are `SAME`.
        self.views: tuple[tuple[View, ...], ...] | None = None


class Inference:
    """Infers layers; equal layers on equal inputs are inferred once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Inferred] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __call__(self, layer: Layer, flows: tuple[Flow | None, ...], fit: str) -> Inferred:
        key = (id(layer), flows, fit)
        found = self._known.get(key)
        if found is None:
            # The value keeps the layer alive, so that its id is not reused.
            found = self._known[key] = _infer(layer, flows, fit)
        return found


class Outcome(NamedTuple):
    """The output shape of a layer, its windows, and whether every stride fits; nothing is counted."""

    shape: Shape
    windows: tuple[Window, ...]
    fits: bool


def outcome(layer: Layer, flows: tuple[Flow, ...], fit: str) -> Outcome:
    """Return the outcome of a layer on its inputs. Raises LayerError if the layer cannot take them."""
    return Outcome(*_outcome(layer, tuple([check_flow(layer, flow) for flow in flows]), fit))


def _outcome(layer: Layer, shapes: tuple[Shape, ...], fit: str) -> tuple[Shape, tuple[Window, ...], bool]:
    """Return the parts of an `Outcome` for inputs that `check_flow` has returned."""
    windows: tuple[Window, ...] = ()
    fits = True
    if isinstance(layer, Join):
        shape = layer.join(shapes)
    else:
        x = shapes[0] if shapes else NOTHING
        shape = layer.output_shape(x, fit)
        windows = layer.windows(x)
        if layer.must_fit:
            fits = not any(w.stride > 1 and w.remainder(n) for w, n in zip(windows, x.spatial, strict=True))
    if max(shape) > LARGEST:
        raise LayerError("{} would come out, and a size is at most 2147483647 (2³¹ − 1)", shape, rule="limit")
    return shape, windows, fits


_ONLY_SHAPES = frozenset((Shape,))

NOTHING = Shape()
"""The placeholder input of a layer that reads nothing."""


def _infer(layer: Layer, flows: tuple[Flow | None, ...], fit: str) -> Inferred:
    inferred = Inferred(layer)
    # A join of many results reads few different shapes.
    different = {*flows}
    if None in different:
        certain = layer.certain_shape()
        if certain is not None and max(certain) <= LARGEST:
            inferred.certain = certain
        return inferred
    try:
        if layer.accepts == "any" and _ONLY_SHAPES.issuperset(map(type, different)):
            shapes: tuple[Shape, ...] = flows  # type: ignore[assignment]  # every flow is a shape
        else:
            shapes = tuple([check_flow(layer, flow) for flow in flows if flow is not None])
        inferred.shape, inferred.windows, inferred.fits = _outcome(layer, shapes, fit)
    except LayerError as fact:
        inferred.fault = fact
        return inferred
    if isinstance(layer, Join):
        inferred.weights = layer.joined_weights(shapes)
        inferred.macs = layer.joined_macs(shapes, inferred.shape)
    else:
        x = shapes[0] if shapes else NOTHING
        inferred.weights = layer.weights(x)
        inferred.macs = layer.macs(x, inferred.shape)
        inferred.sizes = x.spatial if inferred.windows else ()
    for weight in inferred.weights:
        _, shape, role, counted = weight
        size = prod(shape) if counted is None else counted
        if role == "buffer":
            inferred.buffers += size
        else:
            inferred.parameters += size
            if role == "bias":
                inferred.biases += size
    return inferred
