"""The steps of a recorded expansion: data that `replay` writes and follows."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from cnncalc.graph import Node
from cnncalc.language.content import Block
from cnncalc.language.row import Argument, Body, Row

Places = tuple[tuple[str, int], ...]
"""Fields or arguments that are set from outside, each with the place of its change."""


class LayerStep(NamedTuple):
    """Makes one layer. `texts` is the place of the texts that its expressions see, `source` that of the layer above."""

    #: The layer of the recorded variant, without its inputs.
    model: Node
    row: Row
    inputs: list[int]
    #: None if the row has no expressions and no changed fields.
    texts: int | None
    source: int | None
    given: Places


class ArgumentsStep(NamedTuple):
    """Computes the arguments of one use of a block."""

    row: Row
    name: str
    block: Block
    texts: int
    source: int | None
    given: Places


class CountStep(NamedTuple):
    """Begins copy `number` of a repeated row."""

    texts: int
    number: int


class Guard(NamedTuple):
    """A value that decides about the structure: of a row's key, or the names of the rows of a body."""

    texts: int
    source: int | None = None
    argument: Argument | None = None
    row: Row | None = None
    name: str | None = None
    body: Body | None = None


Step = LayerStep | ArgumentsStep | CountStep


class Stretch:
    """Steps up to a guard, with the stretches that follow by its value; or up to the end, with the places of the outputs."""

    __slots__ = ("expected", "guard", "next", "outputs", "steps")

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.guard: Guard | None = None
        self.next: dict[Hashable, Stretch] = {}
        self.outputs: list[int] | None = None
        #: Whether a row has `expect`.
        self.expected = False

    def join(self, other: Stretch) -> None:
        """Add the stretches of another record that begins with the same steps."""
        mine = self
        while mine.guard is not None and other.guard is not None:
            ((value, after),) = other.next.items()
            if value not in mine.next:
                mine.next[value] = after
                return
            mine, other = mine.next[value], after
        if mine.guard is None and mine.outputs is None:
            # A budget ended the recording here.
            mine.steps, mine.guard, mine.next = other.steps, other.guard, other.next
            mine.outputs, mine.expected = other.outputs, other.expected
