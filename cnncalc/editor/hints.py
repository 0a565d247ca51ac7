"""Inlay hints: the output size and the parameters of each row, at the end of its line; and a lens for each block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple
from weakref import WeakKeyDictionary

from cnncalc.editor.positions import Position, Positions
from cnncalc.editor.recovery import PLACEHOLDER
from cnncalc.editor.snapshot import Snapshot
from cnncalc.graph import Graph, Group, Node
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


class Summary(NamedTuple):
    """All copies of a row in figures: the first and the last output, the fewest and the most parameters, and the sums.

    `unread`: a layer could not be computed, so that its parameters and MACs are missing; `uncounted`: MACs are missing.
    """

    copies: int
    first: Flow | None
    last: Flow | None
    fewest: int
    most: int
    parameters: int
    macs: int
    unread: bool
    uncounted: bool


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
    by_line: dict[int, tuple[Location, Summary]] = {}
    for place, summary in _by_row(network.graph):
        at = place.location
        if at.line and not _is_placeholder(place):
            line = _hint_line(place)
            line = line - 1 if positions.same_lines else positions.line_at(positions.offset_at(line, 1))
            # Several rows on one line share its end; only the row that ends last gets a hint.
            if line not in by_line or at[2:] >= by_line[line][0][2:]:
                by_line[line] = at, summary
    texts: dict[Summary, tuple[str, str]] = {}
    found = []
    for line in sorted(by_line):
        summary = by_line[line][1]
        text = texts.get(summary)
        if text is None:
            text = texts[summary] = _label(summary, network.layout), _tooltip(summary, network.layout)
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


def _by_row(graph: Graph) -> Iterator[tuple[Place, Summary]]:
    """Yield each row and the summary of its copies; an aliased row has several places in the network and one in the text."""
    groups: defaultdict[Location, list[Group]] = defaultdict(list)
    for group in graph.groups:
        if group.kind != "branch":
            groups[group.place.location].append(group)
    if groups:
        sums = _Sums(graph.nodes)
        for copies in groups.values():
            yield copies[0].place, sums.summary(copies)
    layers: defaultdict[Location, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        layers[node.place.location].append(node)
    for at, nodes in layers.items():
        # The layer that merges branches stands for the whole row.
        if at not in groups:
            yield nodes[0].place, _summary(nodes)


def _summary(nodes: list[Node]) -> Summary:
    """Return the summary of layers that are copies of one row."""
    counts = _parameters(nodes)
    shapes = [node.inferred.shape for node in nodes]
    macs = [node.inferred.macs for node in nodes]
    return Summary(
        len(nodes), shapes[0], shapes[-1], min(counts), max(counts), sum(counts), sum(filter(None, macs)),
        None in shapes, None in macs,
    )  # fmt: skip


def _parameters(nodes: list[Node]) -> list[int]:
    return [node.inferred.parameters if node.shared is None else 0 for node in nodes]


class _Sums:
    """Sums over the layers up to each one, from which those of a group follow."""

    def __init__(self, nodes: list[Node]) -> None:
        self._parameters = [0, *accumulate(_parameters(nodes))]
        self._macs = [0, *accumulate([node.inferred.macs or 0 for node in nodes])]
        self._unread = [0, *accumulate([node.inferred.shape is None for node in nodes])]
        self._uncounted = [0, *accumulate([node.inferred.macs is None for node in nodes])]

    def summary(self, groups: list[Group]) -> Summary:
        """Return the summary of groups that are copies of one row."""

        def of(sums: list[int]) -> list[int]:
            return [sums[group.end] - sums[group.start] for group in groups]

        first, last = (group.result.flow if group.result is not None else None for group in (groups[0], groups[-1]))
        counts = of(self._parameters)
        unread, uncounted = any(of(self._unread)), any(of(self._uncounted))
        return Summary(
            len(groups), first, last, min(counts), max(counts), sum(counts), sum(of(self._macs)), unread, uncounted
        )  # fmt: skip


def _label(row: Summary, layout: str) -> str:
    first, last = _shape(row.first, layout), _shape(row.last, layout)
    label = f"→ {first}" if first == last else f"→ {first} … {last}"
    if row.most:
        least = "≥" if row.unread else ""
        label += f"  {least}{row.fewest:,}" + (f" … {row.most:,}" if row.most > row.fewest else "")
        label += " parameter" if row.fewest == row.most == 1 else " parameters"
    return label + (f"  ×{row.copies}" if row.copies > 1 else "")


def _tooltip(row: Summary, layout: str) -> str:
    parameters = f"{_number(row.parameters, least=row.unread)} parameters"
    macs = f"{_number(row.macs, least=row.unread or row.uncounted)} MACs"
    last = _shape(row.last, layout)
    if row.copies == 1:
        return f"output {last}; {parameters}; {macs}"
    return f"{row.copies} copies; the last gives {last}; together {parameters}, {macs}"


def _shape(flow: Flow | None, layout: str) -> str:
    return flow.text(layout) if flow is not None else "?"


def _number(number: int, *, least: bool) -> str:
    """Return a sum in digits; with `≥` if it leaves out layers, `?` if nothing else is in it."""
    return f"{number:,}" if not least else f"≥{number:,}" if number else "?"


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
    uses: defaultdict[str, list[Group]] = defaultdict(list)
    for group in network.graph.groups:
        if group.kind == "block":
            uses[group.title].append(group)
    sums = _Sums(network.graph.nodes)
    found = []
    for name, symbol in snapshot.outline.blocks.items():
        groups, text = uses.get(name), "never used"
        if groups:
            row = sums.summary(groups)
            count = "1 use" if row.copies == 1 else f"{row.copies} uses"
            text = f"{count} · {_number(row.parameters, least=row.unread)} parameters"
        found.append(Lens(snapshot.positions.line_at(symbol.start), text))
    return found
