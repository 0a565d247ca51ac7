"""The modules that a row may name: the layout of each, and the changes of its arguments before that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from cnncalc.formats.draft import Draft, make_layer, shape_of
from cnncalc.graph import Node, Producer
from cnncalc.layers import Layer
from cnncalc.shape import Shape

B = TypeVar("B", bound=Callable[..., Any])
Build = Callable[..., Any]
"""Lays out a module: (net, inputs, *arguments) → the producer of its result, or several."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module by the name that rows use.

    `scaled`: the first argument is a number of channels, multiplied by the width. `repeats`: the row's number of repeats is an
    argument of the module, after the channels; other modules stand in sequence as often. `many`: it reads a list of rows.
    `single`: the module is one layer, with the row's own name.
    """

    name: str
    build: Build
    scaled: bool = False
    repeats: bool = False
    many: bool = False
    single: bool = False


MODULES: dict[str, Module] = {}
"""Every module that is known, by name."""


def module(
    name: str, *, scaled: bool = False, repeats: bool = False, many: bool = False, single: bool = False
) -> Callable[[B], B]:
    """Register the function below as the layout of module `name`."""

    def register(build: B) -> B:
        MODULES[name] = Module(name, build, scaled, repeats, many, single)
        return build

    return register


class Results(NamedTuple):
    """The results of a head: `main` is the result of its row; all are outputs of the network."""

    main: Producer
    others: tuple[Producer, ...] = ()


class Net(Draft):
    """A draft with the settings of the whole file: the default activation, and the dialect."""

    activation: str | None = "silu"
    #: Rows of YOLOv5's own package, whose Detect has anchors and whose Bottleneck begins with a 1×1 convolution.
    anchored = False
    #: Heads of networks before YOLO11 have plain convolutions in their class branch.
    legacy = True
    scale = ""
    reg_max = 16
    end2end = False

    classes = 80
    #: The network's image.
    image: Producer
    #: The embeddings of the classes' names, as later rows see them.
    words: Producer | None = None
    _peer: Node | None = None
    #: The same as they enter the network.
    given_words: Producer | None = None

    def part(self, name: str, title: str, layout: Callable[..., Producer], x: Producer, *arguments: Any, **more: Any) -> Producer:
        """Lay out a module inside another one as the group `name`."""
        with self.group(name, title, x):
            return layout(self, x, *arguments, **more)

    def shared(self, name: str, kind: str, x: Producer, peer: Node | None, **fields: Any) -> Node:
        """Add a layer that uses the weights of `peer`, or its own if that is None."""
        self._peer = peer
        try:
            return self.add(name, make_layer(kind, **fields), x)
        finally:
            self._peer = None

    def owner(self, layer: Layer) -> Node | None:
        return self._peer

    def constant(self, name: str, shape: Shape) -> Producer:
        """An array of fixed numbers, which are not parameters: the places of cells, or an encoding of them."""
        return self.layer(name, "parameter", shape=shape, distinct=0)

    def stride(self, x: Producer) -> float:
        """Rows of the image for each row of a map."""
        return shape_of(self.image)[0] / shape_of(x)[0]

    def text(self, width: int, *, given: bool = False) -> Producer:
        """The network's second input, one embedding of `width` numbers per class; `given`: before any row changed it."""
        if self.given_words is None:
            self.words = self.given_words = self.builder.input("text", Shape(self.classes, width), self.location)
        assert self.words is not None
        return self.given_words if given else self.words
