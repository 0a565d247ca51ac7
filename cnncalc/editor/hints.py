"""Inlay hints: the output size and the parameters of each row, at the end of its line; and a lens for each block."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple
from weakref import WeakKeyDictionary

from cnncalc.editor.positions import Position, Positions
from cnncalc.editor.recovery import PLACEHOLDER
from cnncalc.editor.snapshot import Snapshot
from cnncalc.graph import Group, Node
from cnncalc.language.row import Row
from cnncalc.language.source import Mapping, last_line
from cnncalc.place import Place
from cnncalc.problem import Location
from cnncalc.shape import Flow


class Hint(NamedTuple):
    """A text to show after the end of a line, with a longer `tooltip`."""

    position: Position
    label: str
    tooltip: str


class Lens(NamedTuple):
    """A line of text to show above a line."""

    line: int
    text: str


#: The hints of the versions of a text that are still in use.
_COMPUTED: WeakKeyDictionary[Snapshot, list[Hint]] = WeakKeyDictionary()
#: The copies of a row in order, each with its number in the network, its shape, its parameters and its MACs.
Copies = list[tuple[int, str, int, int]]


def hints(snapshot: Snapshot, last: Snapshot | None = None) -> list[Hint]:
    """Return the hints of a text; while it is broken, the hints of the `last` good version on unchanged lines."""
    if snapshot.network is not None and not snapshot.recovered.blanked:
        return _fresh(snapshot)
    if last is not None and last.network is not None:
        return _kept(_fresh(last), last, snapshot)
    return _fresh(snapshot) if snapshot.network is not None else []


def _fresh(snapshot: Snapshot) -> list[Hint]:
    if snapshot not in _COMPUTED:
        _COMPUTED[snapshot] = _computed(snapshot)
    return _COMPUTED[snapshot]


def _computed(snapshot: Snapshot) -> list[Hint]:
    network = snapshot.network
    assert network is not None
    positions = snapshot.positions
    by_line: dict[int, tuple[Location, Copies]] = {}
    for place, copies in _by_row(network.graph.nodes, network.graph.groups, network.layout):
        at = place.location
        if at.line and not _is_placeholder(place):
            line = _hint_line(place)
            line = line - 1 if positions.same_lines else positions.line_at(positions.offset_at(line, 1))
            # Several rows on one line share its end; only the row that ends last gets a hint.
            if line not in by_line or at[2:] >= by_line[line][0][2:]:
                by_line[line] = at, copies
    texts: dict[tuple[str, int, int], tuple[str, str]] = {}
    found = []
    for line in sorted(by_line):
        copies = by_line[line][1]
        if len(copies) == 1:
            only = copies[0][1:]
            text = texts.get(only)
            if text is None:
                text = texts[only] = _label(copies), _tooltip(copies)
        else:
            text = _label(copies), _tooltip(copies)
        found.append(Hint(positions.end_of(line), *text))
    return found


def _is_placeholder(place: Place) -> bool:
    """Return whether a row replaces one that cannot be read."""
    return isinstance(place, Row) and place.kind == PLACEHOLDER


def _hint_line(place: Place) -> int:
    """Return the line of a row's hint: its last line, or its first line if it contains rows."""
    at = place.location
    if at.line == at.end_line:
        return at.line
    if not isinstance(place, Row) or (isinstance(place.node, Mapping) and "branches" in place.node.pairs):
        return at.line
    return last_line(place.node)


def _by_row(nodes: list[Node], groups: list[Group], layout: str) -> Iterable[tuple[Place, Copies]]:
    """Return the copies of each row; an aliased row has several places in the network and one in the text."""
    texts: dict[Flow | None, str] = {None: "?"}

    def text(flow: Flow | None) -> str:
        shown = texts.get(flow)
        if shown is None and flow is not None:
            shown = texts[flow] = flow.text(layout)
        return shown or "?"

    rows: dict[int, tuple[Place, Copies]] = {}
    if groups:
        parameters = [0, *accumulate([node.parameters for node in nodes])]
        macs = [0, *accumulate([node.inferred.macs or 0 for node in nodes])]
        for group, start, end in _extents(groups, nodes):
            if group.kind != "branch":
                shape = text(group.result.flow if group.result is not None else None)
                copy = (start, shape, parameters[end] - parameters[start], macs[end] - macs[start])
                rows.setdefault(id(group.place), (group.place, []))[1].append(copy)
    grouped = frozenset(rows)
    for index, node in enumerate(nodes):
        place, inferred = node.place, node.inferred
        if id(place) not in grouped:
            shown = texts.get(inferred.shape) or text(inferred.shape)
            copy = (index, shown, 0 if node.shared else inferred.parameters, inferred.macs or 0)
            known = rows.get(id(place))
            if known is None:
                rows[id(place)] = place, [copy]
            else:
                known[1].append(copy)
    merged: dict[Location, tuple[Place, Copies]] = {}
    for place, copies in rows.values():
        first = merged.setdefault(place.location, (place, copies))[1]
        if first is not copies:
            first += copies
    for _, copies in merged.values():
        copies.sort()
    return merged.values()


def _extents(groups: list[Group], nodes: list[Node]) -> list[tuple[Group, int, int]]:
    """Return the indices of the first layer of each group and of the layer after its last."""
    ends: dict[int, int] = {}
    for index, node in enumerate(nodes, 1):
        if node.group is not None:
            ends[id(node.group)] = index
    # A group comes after the group around it.
    for group in reversed(groups):
        if group.parent is not None:
            around = id(group.parent)
            ends[around] = max(ends.get(around, 0), ends.get(id(group), 0))
    return [(group, group.start, max(group.start, ends.get(id(group), 0))) for group in groups]


def _label(copies: Copies) -> str:
    first, last = copies[0][1], copies[-1][1]
    shapes = first if first == last else f"{first} … {last}"
    counts = [parameters for _, _, parameters, _ in copies]
    low, high = min(counts), max(counts)
    label = f"→ {shapes}"
    if high:
        label += f"  {low:,}" if low == high else f"  {low:,} … {high:,}"
        label += " parameter" if low == high == 1 else " parameters"
    return label + (f"  ×{len(copies)}" if len(copies) > 1 else "")


def _tooltip(copies: Copies) -> str:
    parameters = sum(copy[2] for copy in copies)
    macs = sum(copy[3] for copy in copies)
    last = copies[-1][1]
    if len(copies) == 1:
        return f"output {last}; {parameters:,} parameters; {macs:,} MACs"
    return f"{len(copies)} copies; the last gives {last}; together {parameters:,} parameters, {macs:,} MACs"


def _kept(old: list[Hint], before: Snapshot, now: Snapshot) -> list[Hint]:
    """Return the hints of an earlier text on unchanged lines, at their current line numbers."""
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
    """Return a lens above each block with the number of its uses and their parameters."""
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
