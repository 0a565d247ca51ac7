"""A network's table as lines of spans, each with a role that a terminal shows in colour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.network import footer
from cnncalc.report.network.columns.base import Column, Whole
from cnncalc.report.network.lines import Line, Lines
from cnncalc.report.network.memory import Figures, short
from cnncalc.subject import Subject

Span = tuple[str, str]
"""Text and its role: `title`, `header`, `tree`, `group`, `layer`, `zero`, `error`, `unread`, `total`, `note` or nothing."""

Row = list[Span]

GAP = 2
LEAST = 8
#: Least width of names and of hyper-parameters if several columns were added, so that rows can be told apart.
KEPT = 14
MARKS = {"error": "✗", "unread": "~", "changed": "*"}


def table(
    subject: Subject,
    columns: Sequence[Column],
    *,
    depth: int | None = None,
    width: int | None = None,
    figures: Figures | None = None,
    with_file: bool = False,
) -> Iterator[Row]:
    """Yield title, table, totals and notes, without problems.

    If the table is wider than `width` cells, added columns that do not fit are left out and named in a note, and names and
    hyper-parameters are wrapped. Numbers are never cut, so a row can still be wider. Without `width` nothing is wrapped.
    """
    title = words.sentence(subject.name)
    if with_file and subject.file:
        title += f" · {one_line(subject.file)}"
    figures = figures or Figures.of(subject)
    body = _TableBody(subject, columns, depth, width, figures)
    yield [(title, "title")]
    if subject.description:
        yield from ([(line, "note")] for line in wrapped(words.sentence(subject.description), width))
    yield []
    yield from body.rows()
    yield []
    yield from _totals(subject, figures, width)
    notes = body.notes()
    if notes:
        yield []
        yield from ([(line, "note")] for note in notes for line in wrapped(note, width))


class _TableBody:
    """The cells of a table and the widths of its columns."""

    def __init__(
        self, subject: Subject, columns: Sequence[Column], depth: int | None, width: int | None, figures: Figures
    ) -> None:
        self._subject = subject
        self._lines = Lines(subject, depth).tree()
        whole = self._whole = Whole(subject, figures.memory)
        self._columns = [column for column in columns if column.shown]
        self._cells = [_texts(column, self._lines, whole) for column in self._columns]
        self._marked = any(line.mark for line in self._lines)
        self._step = 2
        self._hidden: list[str] = []
        self._widths = [
            max(map(cells_of, {c.title, *texts})) for c, texts in zip(self._columns[1:], self._cells[1:], strict=True)
        ]
        self._widths.insert(0, 0)
        self._widths[0] = self._name_width()
        if width is not None:
            self._fit(width)

    def _name_width(self) -> int:
        deepest = (cells_of(cell) + self._step * len(line.stem) for cell, line in zip(self._cells[0], self._lines, strict=True))
        return max(len(self._columns[0].title), *deepest) + (2 if self._marked else 0)

    def _fit(self, width: int) -> None:
        """Leave out added columns, the last first, until the first two columns can be narrowed to fit; then narrow those."""
        while len(self._columns) > 2:
            asked = sum(not column.wanted for column in self._columns)
            if self._wanting(width) <= self._spare(KEPT if asked > 1 else LEAST):
                break
            last = next((i for i in reversed(range(len(self._columns))) if not self._columns[i].wanted), None)
            if last is None:
                break
            self._hidden.insert(0, self._columns[last].name)
            for parts in (self._columns, self._cells, self._widths):
                del parts[last]
        if self._wanting(width) > 0 and any(line.stem for line in self._lines):
            self._step = 1
            self._widths[0] = self._name_width()
        wanting = self._wanting(width)
        if wanting <= 0:
            return
        room = max(self._widths[0] + self._widths[1] - wanting, 2 * LEAST)
        self._widths[0] = min(self._widths[0], max(room * 9 // 20, room - self._widths[1], LEAST))
        self._widths[1] = room - self._widths[0]

    def _wanting(self, width: int) -> int:
        return sum(self._widths) + GAP * (len(self._widths) - 1) - width

    def _spare(self, least: int) -> int:
        return sum(max(0, w - least) for w in self._widths[:2])

    def rows(self) -> Iterator[Row]:
        yield self._joined([[(column.title, "header")] for column in self._columns])
        widest = self._widths[0] - (2 if self._marked else 0)
        known: dict[tuple[str, ...], list[list[Row]]] = {}
        empty: list[Row] = [[("", "")]] * (len(self._columns) - 1)
        for line, label, *texts in zip(self._lines, *self._cells, strict=True):
            names = self._names(line, label, widest)
            key = tuple(texts)
            rests = known.get(key)
            if rests is None:
                rests = known[key] = self._rests(key)
            for number in range(max(len(names), len(rests))):
                name = names[number] if number < len(names) else self._below(line, widest)
                yield self._joined([name, *(rests[number] if number < len(rests) else empty)])

    def _rests(self, texts: tuple[str, ...]) -> list[list[Row]]:
        """The cells beside a name, on several lines if they are too long."""
        columns = list(zip(self._columns[1:], texts, self._widths[1:], strict=True))
        roles = [_role(column, text) for column, text, _ in columns]
        parts = [[text] if column.right else broken(text, width) for column, text, width in columns]
        return [
            [[(part[number] if number < len(part) else "", role)] for part, role in zip(parts, roles, strict=True)]
            for number in range(max(map(len, parts), default=0))
        ]

    def _names(self, line: Line, label: str, width: int) -> list[Row]:
        """A name with its mark and the lines of the tree before it, on several lines if it is too long."""
        stem = self._stem(branch(line.stem, self._step), label, width)
        role = "error" if line.mark == "error" else "group" if line.is_group else "layer"
        mark = MARKS.get(line.mark, " ") + " "
        found: list[Row] = []
        for number, part in enumerate(broken(label, max(1, width - len(stem)))):
            row: Row = [(mark if number == 0 else "  ", line.mark)] if self._marked else []
            trunk = stem if number == 0 else self._stem(_trunk(line.stem, self._step), label, width)
            found.append([*row, *([(trunk, "tree")] if trunk else []), (part, role)])
        return found

    def _below(self, line: Line, width: int) -> Row:
        """The name's cell in further lines of a row: only the lines of the tree."""
        stem = self._stem(_trunk(line.stem, self._step), "", width)
        return [*([("  ", "")] if self._marked else []), *([(stem, "tree")] if stem else []), ("", "")]

    @staticmethod
    def _stem(stem: str, label: str, width: int) -> str:
        """The lines of the tree, cut at their beginning if they leave too little room for the name."""
        return stem[max(0, len(stem) + min(len(label), LEAST // 2) - width) :]

    def _joined(self, cells: list[Row]) -> Row:
        """A line of cells, each padded to its column. A left-aligned last cell is not padded."""
        row: Row = []
        end = len(cells) - 1
        gap = 0
        for i, cell in enumerate(cells):
            used = cells_of(cell[0][0]) if len(cell) == 1 else _row_cells(cell)
            lacking = self._widths[i] - used
            if self._columns[i].right:
                gap += lacking
                lacking = 0
            if cell[0][0]:
                if gap:
                    row.append((" " * gap, ""))
                row += cell
                gap = 0
            else:
                gap += used
            gap += lacking + GAP if i < end else 0
        return row

    def notes(self) -> list[str]:
        """The meaning of columns and marks, and the columns left out."""
        found = [f"{column.title}: {column.about}" for column in self._columns if column.explained]
        found += footer.notes(self._subject, self._whole.notes(self._columns))
        if self._hidden:
            found.append(f"no room for {', '.join(self._hidden)}: a wider terminal or a pipe shows them")
        return found


def _texts(column: Column, lines: Sequence[Line], whole: Whole) -> list[str]:
    """The cells of a column. Equal texts are one string, because a network can have 200,000 lines."""
    same: dict[str, str] = {}
    return [same.setdefault(text, text) for text in (column.cell(line, whole) for line in lines)]


def _role(column: Column, text: str) -> str:
    return column.name if column.name in ("kind", "output") else "zero" if text in ("0", "0%") else ""


def _totals(subject: Subject, figures: Figures, width: int | None) -> list[Row]:
    found = footer.totals(subject, figures)
    names = max(len(total.name) for total in found)
    numbers = max(len(total.text) for total in found)
    rows: list[Row] = []
    indent = names + numbers + 2 * GAP
    # If there is no room beside the numbers, the remarks go below them.
    beside = width is None or width >= indent + 20
    for total in found:
        rows.append([(total.name.ljust(names + GAP), "total"), (total.text.rjust(numbers), "number")])
        room = None if width is None else width - (indent if beside else GAP)
        notes = [line if room is None else shortened(line, room) for line in wrapped(total.note, room)]
        if beside:
            rows[-1] += [(" " * GAP, ""), (notes.pop(0), "note")]
        rows += [[(" " * (indent if beside else GAP), ""), (note, "note")] for note in notes]
    rows += [[(line, "note")] for line in wrapped(short(subject, figures.memory.dtype), width)]
    return rows


@lru_cache(1000)
def branch(stem: tuple[bool, ...], step: int = 2) -> str:
    """The lines of the tree before a name: `│ ├ `."""
    parts = ["│" if more else " " for more in stem[:-1]]
    parts += ["├" if more else "└" for more in stem[-1:]]
    return "".join(part.ljust(step) for part in parts)


def _trunk(stem: tuple[bool, ...], step: int) -> str:
    """The lines of the tree beside a further line of the same row: `│ │ `."""
    return "".join(("│" if more else " ").ljust(step) for more in stem)


def _row_cells(row: Row) -> int:
    return sum(cells_of(text) for text, _ in row)


@lru_cache(10_000)
def cells_of(text: str) -> int:
    """Width of a text in terminal cells: wide characters take two cells, combining characters none."""
    # The lines of a tree need no look at a table of all characters, which takes as long to load as a network.
    if text.isascii() or all(c < "\u0300" or "\u2500" <= c < "\u2580" for c in text):
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def shortened(text: str, width: int, *, tail: float = 0.5) -> str:
    """`text` with its middle left out if it is wider than `width` cells. `tail` is the share of its end in the kept part.

    >>> shortened("depthwise_conv12", 9), shortened("conv 256 × 5×5, pad 2, groups 2", 20, tail=0.25)
    ('dept…nv12', 'conv 256 × 5×5,…ps 2')
    """
    if cells_of(text) <= width:
        return text
    keep = max(width - 1, 0)
    end = int(keep * tail)
    head, rest = text[: keep - end], text[len(text) - end :]
    while cells_of(head) + cells_of(rest) > keep:
        head, rest = (head[:-1], rest) if len(head) >= len(rest) else (head, rest[1:])
    return f"{head}…{rest}" if width > 0 else ""


#: Characters after which a word wider than its column may be broken.
_BREAKS = r"(?<=[./_→,×-])"


def broken(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken between words, else after punctuation, else anywhere.

    >>> broken("conv 256 × 5×5, pad 2, groups 2", 18), broken("depthwise_conv12", 10)
    (['conv 256 × 5×5,', 'pad 2, groups 2'], ['depthwise_', 'conv12'])
    """
    if cells_of(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        space = " " if lines[-1] else ""
        if cells_of(lines[-1]) + len(space) + cells_of(word) <= width:
            lines[-1] += space + word
            continue
        if lines[-1]:
            lines.append("")
        for part in re.split(_BREAKS, word):
            if lines[-1] and cells_of(lines[-1]) + cells_of(part) > width:
                lines.append("")
            for letter in part:
                if lines[-1] and cells_of(lines[-1]) + cells_of(letter) > width:
                    lines.append("")
                lines[-1] += letter
    return lines


def cut(text: str, width: int) -> str:
    """`text` with its end left out if it is wider than `width` cells."""
    if cells_of(text) <= width:
        return text
    while text and cells_of(text) > width - 1:
        text = text[:-1]
    return f"{text.rstrip()}…" if width > 0 else ""


def wrapped(text: str, width: int | None) -> list[str]:
    """A sentence in lines of at most `width` cells, broken between words."""
    if width is None or cells_of(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and cells_of(lines[-1]) + 1 + cells_of(word) > width:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return lines
