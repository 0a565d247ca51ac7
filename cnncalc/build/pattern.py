"""A group as a pattern: further groups that differ from it in their inputs alone are made without reading their rows again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from cnncalc.graph import Group, Node, Producer


class PatternLayer(NamedTuple):
    """A layer of the pattern: its name after that of the pattern, its inputs, and its group.

    Inputs are numbers: 0 is the pattern's input, and its layers follow. `open`: other inputs may be outside of the pattern, so
    that they must be looked up for each copy.
    """

    name: str
    model: Node
    inputs: tuple[int, ...]
    group: int
    open: bool


class PatternGroup(NamedTuple):
    """A group of the pattern: its name after that of the pattern, the group around it, its input and its result."""

    name: str
    model: Group
    parent: int | None
    reads: int
    result: int


class GroupPattern:
    """The layers of a group and of the groups in it, `groups`, of which it is the first."""

    def __init__(self, nodes: Sequence[Node], groups: Sequence[Group], open_places: Collection[int]) -> None:
        outer = groups[0]
        cut = len(outer.name)
        place: dict[Producer | None, int] = {outer.reads: 0, **{node: i for i, node in enumerate(nodes, 1)}}
        number: dict[Group | None, int] = {group: i for i, group in enumerate(groups)}
        self.start = outer.start
        self.steps = []
        for node in nodes:
            looked_up = id(node.place) in open_places
            inputs = tuple([place.get(one, 0) if looked_up else place[one] for one in node.inputs])
            self.steps.append(PatternLayer(node.name[cut:], node, inputs, number[node.group], looked_up))
        self.parts = [
            PatternGroup(group.name[cut:], group, number.get(group.parent), place[group.reads], place[group.result])
            for group in groups
        ]
        #: The layers that merge branches, and their groups.
        self.merges = [(place[node], number[node.merges]) for node in nodes if node.merges is not None]
