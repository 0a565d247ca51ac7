"""Matches the layers of two networks: by the names written in the files, and between those by sequence alignment.

An automatic name is a kind and a running number, which changes when a row is inserted before it, so it identifies nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from cnncalc.analysis.items import Element, written_fields
from cnncalc.graph import Node, Twig, tree
from cnncalc.problem import Location
from cnncalc.subject import Subject

Pair = tuple[Node | None, Node | None]
"""A layer before and after the change: None before for a new layer, None after for a removed one."""

#: Cost of inserting or removing a layer.
_STEP = 4
#: Cost of changing one field of a layer, and of any number of fields: less than removing it and inserting another.
_FIELD, _FIELDS = 3, 7
#: Factor of these costs; different names and shapes cost less, and only break ties.
_TIES = 1 << 20
#: Cost of matching two rows that cannot match.
_NEVER = 1 << 60
#: Moves of the alignment: remove a row, insert a row, match two rows.
_OUT, _IN, _BOTH = range(3)
#: The largest number of comparisons for one pair of sequences.
_MOST = 300_000


class Alignment(NamedTuple):
    """Every layer of both networks once, in order; and the rows whose written names were added, removed or changed."""

    pairs: list[Pair]
    renamed: list[tuple[str, str]]


def align(before: Subject, after: Subject, *, same_text: bool = False) -> Alignment:
    """Match the layers of two networks. If both are of the `same_text`, all names match, automatic ones included."""
    return _Aligner(same_text).run(before, after)


_Match = tuple[Element | None, Element | None]


class _Aligner:
    """Matches two networks once."""

    def __init__(self, same_text: bool) -> None:
        self._same_text = same_text
        self._contents: dict[object, int] = {}
        #: Fields of layers by content.
        self._fields: dict[int, dict[str, Any]] = {}
        self._known: dict[tuple[str, int, tuple[str, ...]], int] = {}
        self._bags: dict[int, tuple[Counter[int], Counter[str]]] = {}
        self._steps: dict[tuple[int, int], int] = {}
        #: Matches so far, each with the number of the pair of named rows around it, within which leftovers are matched.
        self._found: list[tuple[Element | None, Element | None, int]] = []
        self._home = 0
        self._homes = 0
        self._renamed: dict[tuple[Location, Location], tuple[str, str]] = {}

    def run(self, before: Subject, after: Subject) -> Alignment:
        first, second = ([self._item(twig, "") for twig in tree(subject.graph)] for subject in (before, after))
        self._siblings(first, second)
        pairs = [(a.node if a else None, b.node if b else None) for a, b in self._gathered()]
        return Alignment(pairs, list(self._renamed.values()))

    # Items and costs

    def _item(self, twig: Twig, prefix: str) -> Element:
        label = twig.name.removeprefix(prefix)
        group, node = twig.group, twig.node
        if group is None:
            assert node is not None
            return self._leaf(node, label, node.named)
        children = [self._item(child, f"{group.name}.") for child in twig.children]
        if node is not None:
            children.append(self._leaf(node, "", False))
        inside = tuple((child.content, child.base if child.named else None) for child in children)
        content = self._content((group.kind, group.title, inside))
        size = sum(child.size for child in children)
        flow = group.result.flow if group.result is not None else None
        return Element(
            group.name,
            label,
            _base(label),
            self._identity(label, group.named),
            group.named,
            group.kind,
            content,
            size,
            flow,
            group.location,
            None,
            children,
        )

    def _leaf(self, node: Node, label: str, named: bool) -> Element:
        # Equal layers on inputs of one shape share their `Inferred`, and so their fields.
        key = (node.kind, id(node.inferred), node.merges.labels if node.merges is not None else ())
        content = self._known.get(key)
        kind = node.kind if node.merges is None else "branches"
        if content is None:
            fields = written_fields(node)
            content = self._content((kind, repr(fields), len(node.inputs)))
            self._fields[content] = fields
            self._known[key] = content
        identity = self._identity(label, named)
        return Element(node.name, label, _base(label), identity, named, kind, content, 1, node.flow, node.location, node, [])

    def _identity(self, label: str, named: bool) -> str | None:
        if self._same_text:
            return label or None
        return _base(label) if named else None

    def _content(self, content: object) -> int:
        return self._contents.setdefault(content, len(self._contents))

    def _bag(self, item: Element) -> tuple[Counter[int], Counter[str]]:
        """Count its layers by content and by kind."""
        found = self._bags.get(item.content)
        if found is None:
            leaves = item.leaves()
            found = self._bags[item.content] = (Counter(leaf.content for leaf in leaves), Counter(leaf.kind for leaf in leaves))
        return found

    def _cost(self, a: Element, b: Element) -> int:
        """Return the cost of changing one item into the other."""
        key = (a.content, b.content)
        steps = self._steps.get(key)
        if steps is None:
            steps = self._steps[key] = self._computed_cost(a, b)
        return steps if steps == _NEVER else steps * _TIES + (a.label != b.label) + (a.flow != b.flow)

    def _computed_cost(self, a: Element, b: Element) -> int:
        if a.kind != b.kind or a.is_group != b.is_group:
            return _NEVER
        if a.content == b.content:
            return 0
        if not a.is_group:
            first, second = self._fields[a.content], self._fields[b.content]
            names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
            return min(_FIELD + max(len(names) - 1, 0), _FIELDS)
        # Groups are compared by their layers in any order, which is quick and enough to tell groups apart.
        (mine, my_kinds), (theirs, their_kinds) = self._bag(a), self._bag(b)
        kept = (mine & theirs).total()
        paired = (my_kinds & their_kinds).total()
        if not paired and (a.size or b.size):
            return _NEVER
        return _FIELD * (paired - kept) + _STEP * (a.size + b.size - 2 * paired)

    # Matching

    def _siblings(self, first: list[Element], second: list[Element]) -> None:
        """Match the rows of one body: rows named on both sides in the order of both, the rows between them by alignment."""
        theirs = _runs(second)
        mine = {name: run for name, run in _runs(first).items() if name in theirs}
        i = j = 0
        for name in _in_order(list(mine), {name: theirs[name][0] for name in mine}):
            (start, end), (other, last) = mine[name], theirs[name]
            self._sequence(first[i:start], second[j:other], mine)
            self._namesakes(first[start:end], second[other:last])
            i, j = end, last
        self._sequence(first[i:], second[j:], mine)

    def _namesakes(self, first: list[Element], second: list[Element]) -> None:
        """Match the copies of a row that is named on both sides."""
        home = self._home
        self._home = self._new_home()
        if len(first) == len(second) == 1:
            self._pair(first[0], second[0])
        else:
            self._sequence(first, second, ())
        self._home = home

    def _sequence(self, first: list[Element], second: list[Element], taken: Collection[str]) -> None:
        """Match rows without names by alignment; rows whose names are `taken` have moved and are not matched."""
        for a, b in self._path(first, second, taken):
            if a is not None and b is not None:
                self._pair(a, b)
            else:
                self._alone(a, b, taken)

    def _pair(self, a: Element, b: Element) -> None:
        if a.is_group and b.is_group:
            self._note_name(a, b)
            self._siblings(a.children, b.children)
        elif a.is_group or b.is_group:
            self._alone(a, b)
        else:
            self._note_name(a, b)
            self._found.append((a, b, self._home))

    def _alone(self, a: Element | None, b: Element | None, taken: Collection[str] = ()) -> None:
        """Record items without a match as removed or inserted."""
        for item in (a, b):
            if item is None:
                continue
            home = self._new_home() if item.identity in taken else self._home
            self._found += [(leaf, None, home) if item is a else (None, leaf, home) for leaf in item.leaves()]

    def _new_home(self) -> int:
        self._homes += 1
        return self._homes

    def _note_name(self, a: Element, b: Element) -> None:
        """Record a row's new name once, however often its block is used."""
        if a.base != b.base and (a.named or b.named):
            self._renamed.setdefault((a.location, b.location), (a.row, b.row))

    def _gathered(self) -> list[_Match]:
        """Return the pairs after matching leftover layers across groups: a row may have moved into a block, or out of one."""
        result: list[_Match] = []
        gone: list[Element] = []
        new: list[Element] = []
        now = 0
        for a, b, home in [*self._found, (None, None, 0)]:
            if (a is None) == (b is None) or home != now:
                result += self._joined(gone, new)
                gone, new, now = [], [], home
            if a is not None and b is not None:
                result.append((a, b))
            elif a is not None:
                gone.append(a)
            elif b is not None:
                new.append(b)
        return result

    def _joined(self, gone: list[Element], new: list[Element]) -> list[_Match]:
        if not gone or not new:
            return [*((a, None) for a in gone), *((None, b) for b in new)]
        found = self._path(gone, new, ())
        for a, b in found:
            if a is not None and b is not None:
                self._note_name(a, b)
        return found

    # The alignment of least cost

    def _path(self, first: Sequence[Element], second: Sequence[Element], taken: Collection[str]) -> list[_Match]:
        """Return the alignment of two sequences, each in its order."""
        head = 0
        least = min(len(first), len(second))
        while head < least and self._alike(first[head], second[head], taken):
            head += 1
        tail = 0
        while tail < least - head and self._alike(first[-1 - tail], second[-1 - tail], taken):
            tail += 1
        middle = (first[head : len(first) - tail], second[head : len(second) - tail])
        return [
            *zip(first[:head], second[:head], strict=True),
            *self._between(*middle, taken),
            *zip(first[len(first) - tail :], second[len(second) - tail :], strict=True),
        ]

    @staticmethod
    def _alike(a: Element, b: Element, taken: Collection[str]) -> bool:
        return a.content == b.content and a.identity == b.identity and a.identity not in taken

    def _between(self, first: Sequence[Element], second: Sequence[Element], taken: Collection[str]) -> list[_Match]:
        n, m = len(first), len(second)
        if not n or not m:
            return [*((a, None) for a in first), *((None, b) for b in second)]
        slack = 8
        if min(n, m) * (abs(n - m) + 2 * slack) > _MOST:
            return _by_turns(first, second, taken)
        # Usually few rows are inserted and removed beyond the difference of the lengths, so the path stays near the diagonal. A
        # path found within a band bounds the band: a path outside it has insertions and removals that cost more.
        while True:
            cost, found = self._least(first, second, taken, slack)
            proven = cost < _TIES * _STEP * (abs(n - m) + 2 * (slack + 1))
            slack *= 3
            if proven or slack >= 3 * max(n, m) or min(n, m) * (abs(n - m) + 2 * slack) > _MOST:
                return found

    def _least(
        self, first: Sequence[Element], second: Sequence[Element], taken: Collection[str], slack: int
    ) -> tuple[int, list[_Match]]:
        """Return the path of least cost within `slack` rows of the diagonal (banded edit distance)."""
        n, m = len(first), len(second)
        left, right = slack + max(0, n - m), slack + max(0, m - n)
        cost = self._cost
        free = [item.identity not in taken for item in second]
        moves: list[tuple[int, bytearray]] = []
        above: list[int] = []
        above_start = 0
        for i in range(n + 1):
            start, end = max(0, i - left), min(m, i + right)
            a = first[i - 1]
            out = a.size * _STEP * _TIES
            matched = i > 0 and a.identity not in taken
            row: list[int] = []
            marks = bytearray(end - start + 1)
            for j in range(start, end + 1):
                best, move = (_NEVER, _OUT) if i or j else (0, _OUT)
                k = j - above_start
                if i and k < len(above):
                    best = above[k] + out
                if row:
                    way = row[-1] + second[j - 1].size * _STEP * _TIES
                    if way <= best:
                        best, move = way, _IN
                if matched and 0 < k <= len(above) and free[j - 1]:
                    way = above[k - 1] + cost(a, second[j - 1])
                    if way <= best:
                        best, move = way, _BOTH
                row.append(best)
                marks[j - start] = move
            moves.append((start, marks))
            above, above_start = row, start
        return above[m - above_start], _walked(first, second, moves)


def _walked(first: Sequence[Element], second: Sequence[Element], moves: list[tuple[int, bytearray]]) -> list[_Match]:
    """Trace the moves back from the end; return the matches in order."""
    found: list[_Match] = []
    i, j = len(first), len(second)
    while i or j:
        start, marks = moves[i]
        move = marks[j - start]
        i -= move != _IN
        j -= move != _OUT
        found.append((first[i] if move != _IN else None, second[j] if move != _OUT else None))
    return found[::-1]


def _by_turns(first: Sequence[Element], second: Sequence[Element], taken: Collection[str]) -> list[_Match]:
    """Match each row with the next row of its kind, for sequences that are too long and too different to align."""
    places: dict[tuple[str, bool], list[int]] = {}
    for i, a in enumerate(first):
        if a.identity not in taken:
            places.setdefault((a.kind, a.is_group), []).append(i)
    found: list[_Match] = []
    done = 0
    for b in second:
        queue = places.get((b.kind, b.is_group), [])
        at = bisect_left(queue, done)
        if b.identity in taken or at == len(queue):
            found.append((None, b))
            continue
        found += [(a, None) for a in first[done : queue[at]]]
        found.append((first[queue[at]], b))
        done = queue[at] + 1
    return found + [(a, None) for a in first[done:]]


def _base(label: str) -> str:
    return label.partition(".")[0]


def _runs(items: Sequence[Element]) -> dict[str, tuple[int, int]]:
    """Return the range of the copies of each row that is matched by name."""
    found: dict[str, tuple[int, int]] = {}
    for i, item in enumerate(items):
        name = item.identity
        if name is None:
            continue
        start, end = found.get(name, (i, i))
        if end == i:
            found[name] = (start, i + 1)
    return found


def _in_order(names: list[str], places: dict[str, int]) -> list[str]:
    """Return the longest subsequence of the names whose places increase."""
    ends: list[int] = []
    chosen: list[str] = []
    before: dict[str, str | None] = {}
    for name in names:
        at = bisect_left(ends, places[name])
        before[name] = chosen[at - 1] if at else None
        ends[at : at + 1] = [places[name]]
        chosen[at : at + 1] = [name]
    found: list[str] = []
    name_before = chosen[-1] if chosen else None
    while name_before is not None:
        found.append(name_before)
        name_before = before[name_before]
    return found[::-1]
