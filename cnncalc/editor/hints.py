"""Inlay hints: the output size and the parameters of each row, at the end of its line; and a lens for each block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cnncalc.editor.positions import Position, Positions
from cnncalc.editor.snapshot import Snapshot
from cnncalc.graph import Group, Node
from cnncalc.language.comments import last_line
from cnncalc.language.source import Sequence
from cnncalc.problem import Location


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
    network = snapshot.network
    assert network is not None
    found = []
    ends = _row_ends(snapshot)
    for location, results in _by_row(network.graph.nodes, network.graph.groups, network.layout).items():
        if location.line:
            line = ends.get((location.line, location.column), location.line)
            end = snapshot.positions.line_end(snapshot.positions.line_at(snapshot.positions.offset_at(line, 1)))
            found.append(Hint(snapshot.positions.position(end), _label(results), _tooltip(results)))
    # Rows on one line share its end; a hint for each would be one behind another, so the last row speaks for the line.
    by_line = {hint.position.line: hint for hint in found}
    return [by_line[line] for line in sorted(by_line)]


def _row_ends(snapshot: Snapshot) -> dict[tuple[int, int], int]:
    """The line on which each row's hint stands: its last, or the first of one that holds rows of its own."""
    found = {}
    for scope in snapshot.outline.scopes:
        if isinstance(scope.node, Sequence):
            for item in scope.node.items:
                nested = hasattr(item, "pairs") and "branches" in item.pairs
                found[(item.line, item.column)] = item.line if nested else last_line(item)
    return found


def _by_row(nodes: Iterable[Node], groups: Iterable[Group], layout: str) -> dict[Location, _Results]:
    nodes = list(nodes)
    parameters, macs = [0], [0]
    for node in nodes:
        parameters.append(parameters[-1] + node.parameters)
        macs.append(macs[-1] + (node.macs or 0))
    rows: dict[Location, list[tuple[int, str, int, int]]] = {}
    for group, start, end in _extents(list(groups), nodes):
        if group.kind != "branch":
            flow = group.result.flow if group.result is not None else None
            shape = "?" if flow is None else flow.text(layout)
            copy = (start, shape, parameters[end] - parameters[start], macs[end] - macs[start])
            rows.setdefault(group.location, []).append(copy)
    grouped = frozenset(rows)
    for index, node in enumerate(nodes):
        if node.location not in grouped:
            shape = "?" if node.shape is None else node.shape.text(layout)
            rows.setdefault(node.location, []).append((index, shape, node.parameters, node.macs or 0))
    found: dict[Location, _Results] = {}
    for location, copies in rows.items():
        results = found[location] = _Results()
        for _, shape, count, work in sorted(copies):
            results.add(shape, count, work)
    return found


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
