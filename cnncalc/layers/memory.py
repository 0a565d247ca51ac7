"""Memory of a layer: whether its result needs new memory, and which tensors it keeps for the backward pass."""

from __future__ import annotations

from typing import Literal, NamedTuple

Reuse = Literal["none", "overwrite", "view", "weights"]
"""Memory of a layer's result: its own; the input's if nothing else reads the input; always the input's; its weights'."""


class MatrixProduct(NamedTuple):
    """A product rows × inner by inner × columns, and the number of threads that compute one at the same time."""

    rows: int
    inner: int
    columns: int
    threads: int


class Grad(NamedTuple):
    """Whether the layer's own weights, and each of its inputs, need a gradient."""

    weights: bool
    inputs: tuple[bool, ...]


class Saved(NamedTuple):
    """Tensors that a layer keeps for the backward pass, its weights and running statistics left out.

    Numbers are of the network's type. A tensor that several layers keep takes memory once.
    """

    #: Which inputs are kept, by their place.
    inputs: tuple[int, ...] = ()
    #: Whether a copy is kept of an input that is a part or a new order of another result.
    packed: bool = False
    #: Copies of the first input, one for each time that it is read in another order; a single example is kept uncopied, once.
    copies: int = 0
    #: Whether the result is kept.
    output: bool = False
    #: Further numbers of each example.
    numbers: int = 0
    #: Further numbers, however large the batch is.
    statistics: int = 0
    #: int64 indices of each example.
    indices: int = 0


NOTHING_SAVED = Saved()
INPUT_SAVED = Saved(inputs=(0,))
OUTPUT_SAVED = Saved(output=True)
