"""The table of the page: a row for each layer and group, with bars of parameters, MACs and memory behind the numbers."""

from __future__ import annotations

from cnncalc.analysis.memory import Memory
from cnncalc.graph import Group, Node
from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.network.lines import Counts, Line, Lines
from cnncalc.report.network.table import MARKS
from cnncalc.report.picture.svg import escaped
from cnncalc.subject import Subject

_HEADS = ("layer", "kind", "output", "parameters", "MACs", "output bytes", "live bytes")
#: Characters of a name or of hyper-parameters at most; the whole name is the row's title.
_LONGEST = 120


def table(subject: Subject, memory: Memory) -> str:
    """The table in a region that scrolls."""
    rows = _Rows(subject, memory)
    head = "".join(f'<th scope="col"{_numeric(i)}>{escaped(title)}</th>' for i, title in enumerate(_HEADS))
    caption = (
        "Bars: share of all parameters and MACs, and bytes in relation to the largest, in float32. Groups have their sums, and "
        "the most live bytes of their layers."
    )
    return (
        '<div class="scroll tall" role="region" aria-label="layers" tabindex="0">\n'
        f'<table class="layers"><caption>{caption}</caption><thead><tr>{head}</tr></thead>\n<tbody>\n'
        + "\n".join(map(rows.row, Lines(subject).tree()))
        + "\n</tbody></table>\n</div>"
    )


def _numeric(place: int) -> str:
    return ' class="num"' if place > 2 else ""


class _Rows:
    def __init__(self, subject: Subject, memory: Memory) -> None:
        self._layout = subject.layout
        self._totals = subject.totals
        # By the names that lines have.
        self._nodes = {one_line(node.name): node for node in subject.layers}
        self._live = {one_line(node.name): live for node, live in zip(subject.layers, memory.live, strict=True)}
        self._size = memory.size
        self._largest = max(memory.live, default=0)
        self._groups = {one_line(group.name): group for group in subject.graph.groups}
        self._sums: dict[str, Counts] = {}
        self._peaks: dict[str, int] = {}
        for node in subject.layers:
            self._count(node, node.group)
            # The layer that merges branches has the name of their group, and is beside it in the tree.
            if one_line(node.name) in self._groups:
                self._count_one(node, one_line(node.name))

    def _count(self, node: Node, group: Group | None) -> None:
        while group is not None:
            self._count_one(node, one_line(group.name))
            group = group.parent

    def _count_one(self, node: Node, name: str) -> None:
        self._sums.setdefault(name, Counts()).add(node)
        self._peaks[name] = max(self._peaks.get(name, 0), self._live[one_line(node.name)])

    def _group_size(self, line: Line) -> int:
        result = self._groups[one_line(line.name)].result
        return self._size(result) if result is not None else 0

    def row(self, line: Line) -> str:
        mark = f'<span class="{"bad" if line.mark == "error" else "warn"}">{MARKS[line.mark]}</span> ' if line.mark else ""
        indent = f' style="padding-left:{0.7 + 1.1 * len(line.stem):.1f}em"' if line.stem else ""
        style = ' class="group"' if line.is_group else ""
        kind = f"{line.kind} {line.fields}".strip()
        cells = [
            f'<th scope="row" title="{escaped(_cut(line.name))}"{indent}>{mark}{escaped(_cut(line.label))}</th>',
            f'<td class="what">{escaped(_cut(kind))}</td>',
            f"<td>{escaped(words.flow(line.gives, self._layout))}</td>",
            *self._numbers(line),
        ]
        return f'<tr{style} data-depth="{len(line.stem)}">{"".join(cells)}</tr>'

    def _numbers(self, line: Line) -> list[str]:
        if line.is_input:
            return [_number(None, 0, "")] * 4
        counts = self._sums.get(one_line(line.name), Counts()) if line.is_group else line.counts
        if counts is None:
            return [_number(None, 0, "?")] * 4
        macs = f"{counts.macs:,}" if counts.macs_known else "?"
        cells = [
            _number(counts.parameters, self._totals["parameters"], f"{counts.parameters:,}"),
            _number(counts.macs, self._totals["macs"], macs),
        ]
        if line.is_group:
            size, live = self._group_size(line), self._peaks.get(one_line(line.name), 0)
        else:
            size, live = self._size(self._nodes[line.name]), self._live[line.name]
        output = _number(size, self._largest, f"{size:,}") if line.gives is not None else _number(None, 0, "?")
        return [*cells, output, _number(live, self._largest, f"{live:,}")]


def _number(value: int | None, whole: int, text: str) -> str:
    """A cell with a bar as long as its part of the whole."""
    data = f' data-value="{-1 if value is None else value}"'
    part = f' style="--part:{100 * value / whole:.1f}%"' if value and whole and 1000 * value >= whole else ""
    return f'<td class="num"{data}{part}>{text}</td>'


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 40]}…{text[-30:]}"
