"""The interface of a network that reports use; `cnncalc.Network` implements it, but reports do not import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cnncalc.graph import Graph, Input, Node, Producer
from cnncalc.problem import Problem
from cnncalc.record import Record

if TYPE_CHECKING:
    from cnncalc.analysis.memory import Memory


class Before(Record):
    """A network before changes by options: its totals, None if a layer cannot be computed before or after.

    `changed` names the inputs and layers that the options change, `following` counts the layers whose sizes or counts
    differ only because of these.
    """

    totals: dict[str, int] | None
    changed: frozenset[str]
    following: int = 0


class Subject(Protocol):
    """A network that has been read: `cnncalc.Network`."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def file(self) -> str | None: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def layout(self) -> str: ...
    @property
    def memory(self) -> Memory: ...
    @property
    def graph(self) -> Graph: ...
    @property
    def inputs(self) -> list[Input]: ...
    @property
    def layers(self) -> list[Node]: ...
    @property
    def outputs(self) -> list[Producer]: ...
    @property
    def totals(self) -> dict[str, int]: ...
    @property
    def problems(self) -> list[Problem]: ...
    @property
    def expect_skipped(self) -> bool: ...
    @property
    def before(self) -> Before | None: ...
