"""Inlay hints: the output size and the parameters of each row, at the end of its line; and a lens for each block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cnncalc.editor.positions import Position, Positions
from cnncalc.editor.recovery import PLACEHOLDER
from cnncalc.editor.snapshot import Snapshot
from cnncalc.graph import Group, Node
from cnncalc.language.comments import last_line
from cnncalc.language.row import Row
from cnncalc.language.source import Mapping
from cnncalc.place import Place
from cnncalc.problem import Location
from cnncalc.shape import Flow


class Hint(NamedTuple):
    """A text to show behind the end of a line; `tooltip` says more."""

    position: Position
    label: str
    tooltip: str


class Lens(NamedTuple):
    """A line of text to show above a line."""

    line: int
    text: str


class _Results:
    """What one row became: the copies of a layer, or of a block or branches row, in order."""

    __slots__ = ("copies", "macs", "parameters", "shapes")

    def __init__(self) -> None:
        self.shapes: list[str] = []
        self.parameters: list[int] = []
        self.macs = 0
        self.copies = 0

    def add(self, shape: str, parameters: int, macs: int) -> None:
        self.shapes.append(shape)
        self.parameters.append(parameters)
        self.macs += macs
        self.copies += 1


def hints(snapshot: Snapshot, last: Snapshot | None = None) -> list[Hint]:
    """The hints of a text; while it is broken, those of the `last` good version on the lines that are still as they were."""
    if snapshot.network is not None and not snapshot.recovered.blanked:
        return _fresh(snapshot)
    if last is not None and last.network is not None:
        return _kept(_fresh(last), last, snapshot)
    return _fresh(snapshot) if snapshot.network is not None else []


def _fresh(snapshot: Snapshot) -> list[Hint]:
    if snapshot.hints is None:
        snapshot.hints = _computed(snapshot)
    return snapshot.hints


def _computed(snapshot: Snapshot) -> list[Hint]:
    network = snapshot.network
    assert network is not None
    positions = snapshot.positions
    by_line: dict[int, tuple[Location, _Results]] = {}
    for place, results in _by_row(network.graph.nodes, network.graph.groups, network.layout):
        at = place.location
        if at.line and not _is_placeholder(place):
            line = positions.line_at(positions.offset_at(_hint_line(place), 1))
            # Rows on one line share its end, and a hint for each would be one behind another: the row that ends last has it.
            if line not in by_line or at[2:] >= by_line[line][0][2:]:
                by_line[line] = at, results
    found = []
    for line in sorted(by_line):
        _, results = by_line[line]
        found.append(Hint(positions.position(positions.line_end(line)), _label(results), _tooltip(results)))
    return found


def _is_placeholder(place: Place) -> bool:
    """Whether a row stands for one that cannot be read."""
    return isinstance(place, Row) and place.kind == PLACEHOLDER


def _hint_line(place: Place) -> int:
    """The line on which a row's hint stands: its last, or the first of one that holds rows of its own."""
    if not isinstance(place, Row) or (isinstance(place.node, Mapping) and "branches" in place.node.pairs):
        return place.location.line
    return last_line(place.node)


def _by_row(nodes: list[Node], groups: list[Group], layout: str) -> Iterator[tuple[Place, _Results]]:
    """Yield what each row became; an aliased row stands in several places of the network and in one of the text."""
    parameters, macs = [0], [0]
    for node in nodes:
        parameters.append(parameters[-1] + node.parameters)
        macs.append(macs[-1] + (node.macs or 0))
    texts: dict[Flow | None, str] = {None: "?"}

    def text(flow: Flow | None) -> str:
        shown = texts.get(flow)
        if shown is None and flow is not None:
            shown = texts[flow] = flow.text(layout)
        return shown or "?"

    rows: dict[Place, list[tuple[int, str, int, int]]] = {}
    for group, start, end in _extents(groups, nodes):
        if group.kind != "branch":
            shape = text(group.result.flow if group.result is not None else None)
            copy = (start, shape, parameters[end] - parameters[start], macs[end] - macs[start])
            rows.setdefault(group.place, []).append(copy)
    grouped = frozenset(rows)
    for index, node in enumerate(nodes):
        if node.place not in grouped:
            rows.setdefault(node.place, []).append((index, text(node.inferred.shape), node.parameters, node.macs or 0))
    merged: dict[Location, tuple[Place, list[tuple[int, str, int, int]]]] = {}
    for place, copies in rows.items():
        merged.setdefault(place.location, (place, []))[1].extend(copies)
    for place, copies in merged.values():
        results = _Results()
        for _, shape, count, work in sorted(copies) if len(copies) > 1 else copies:
            results.add(shape, count, work)
        yield place, results


def _extents(groups: list[Group], nodes: list[Node]) -> list[tuple[Group, int, int]]:
    """Where the layers of each group begin and end, by their places among the nodes."""
    ends: dict[int, int] = {}
    for index, node in enumerate(nodes):
        group = node.group
        while group is not None:
            ends[id(group)] = index + 1
            group = group.parent
    return [(group, group.start, max(group.start, ends.get(id(group), 0))) for group in groups]


def _label(results: _Results) -> str:
    first, last = results.shapes[0], results.shapes[-1]
    shapes = first if first == last else f"{first} … {last}"
    low, high = min(results.parameters), max(results.parameters)
    label = f"→ {shapes}"
    if high:
        label += f"  {low:,}" if low == high else f"  {low:,} … {high:,}"
        label += " parameter" if low == high == 1 else " parameters"
    return label + (f"  ×{results.copies}" if results.copies > 1 else "")


def _tooltip(results: _Results) -> str:
    total = sum(results.parameters)
    text = f"output {results.shapes[-1]}; {total:,} parameters; {results.macs:,} MACs"
    if results.copies == 1:
        return text
    return f"{results.copies} copies; the last gives {results.shapes[-1]}; together {total:,} parameters, {results.macs:,} MACs"


def _kept(old: list[Hint], before: Snapshot, now: Snapshot) -> list[Hint]:
    """Hints of an earlier text on the lines that a change has left as they were, moved with them."""
    was, lines = _lines(before.positions), _lines(now.positions)
    head = 0
    while head < min(len(was), len(lines)) and was[head] == lines[head]:
        head += 1
    tail = 0
    while tail < min(len(was), len(lines)) - head and was[-1 - tail] == lines[-1 - tail]:
        tail += 1
    moved = []
    for hint in old:
        line = hint.position.line
        if line < head:
            moved.append(hint)
        elif line >= len(was) - tail:
            moved.append(hint._replace(position=Position(line + len(lines) - len(was), hint.position.character)))
    return moved


def _lines(positions: Positions) -> list[str]:
    return [positions.text[positions.line_start(n) : positions.line_end(n)] for n in range(positions.lines)]


def lenses(snapshot: Snapshot) -> list[Lens]:
    """Above each block: how often it is used, and the parameters of its uses."""
    network = snapshot.network
    if network is None:
        return []
    sums: dict[str, list[int]] = {}
    total = [0]
    for node in network.graph.nodes:
        total.append(total[-1] + node.parameters)
    for group, start, end in _extents(network.graph.groups, network.graph.nodes):
        if group.kind == "block":
            sums.setdefault(group.title, []).append(total[end] - total[start])
    found = []
    for name, symbol in snapshot.outline.blocks.items():
        counts = sums.get(name, [])
        uses = f"{len(counts)} use" + ("" if len(counts) == 1 else "s")
        text = f"{uses} · {sum(counts):,} parameters" if counts else "never used"
        found.append(Lens(snapshot.positions.line_at(symbol.start), text))
    return found
