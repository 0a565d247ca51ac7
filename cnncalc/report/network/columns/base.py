"""A column of a network's table, and the figures of the whole network that cells need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from cnncalc.record import Record

if TYPE_CHECKING:
    from cnncalc.analysis.memory import Memory
    from cnncalc.graph import Node
    from cnncalc.report.network.lines import Line
    from cnncalc.shape import Flow
    from cnncalc.subject import Subject


class Column(Record):
    """A column. `cell` gives its text for readers, `value` its raw value for programs. `wanted` columns are shown by default."""

    name: str
    title: str
    about: str
    right: bool
    wanted: bool
    value: Callable[[Line, Whole], str | int | float | None]
    cell: Callable[[Line, Whole], str]
    #: Whether tables for readers show it; programs get every column.
    shown: bool = True
    #: Whether the table repeats `about` below, because the title alone is unclear.
    explained: bool = False
    #: Notes below the table on the signs in its cells.
    notes: Callable[[Whole], list[str]] | None = None


class Whole:
    """Figures of the whole network that cells need, computed when a column first asks for them."""

    def __init__(self, subject: Subject, memory: Memory | None = None) -> None:
        self.subject = subject
        self.layout = subject.layout
        self._memory = memory

    def flow(self, flow: Flow | None) -> str:
        """Return a shape or tokens as text."""
        from cnncalc.report import words

        return words.flow(flow, self.layout)

    @property
    def memory(self) -> Memory:
        return self.subject.memory if self._memory is None else self._memory

    @cached_property
    def parameters(self) -> int:
        """The parameters of all layers."""
        return self.subject.totals["parameters"]

    @cached_property
    def receptive(self) -> Mapping[str, str]:
        """The receptive field of each layer as text, by name."""
        from cnncalc.analysis.receptive import receptive_fields, text

        return {name: text(fields) for name, fields in receptive_fields(self.subject.graph).items()}

    @cached_property
    def live(self) -> Mapping[Node, int]:
        """Bytes that are live while a layer is computed."""
        return dict(zip(self.subject.layers, self.memory.live, strict=True))

    @cached_property
    def kept(self) -> Mapping[Node, int]:
        """Bytes that a layer keeps for the backward pass."""
        return dict(zip(self.subject.layers, self.memory.kept, strict=True))

    def notes(self, columns: Iterable[Column]) -> list[str]:
        """Return the notes of columns on the signs in their cells."""
        return [note for column in columns if column.notes is not None for note in column.notes(self)]
