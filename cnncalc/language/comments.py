"""`# cnncalc: ignore[rule]`: comments that hide a rule's problems on the row they stand on."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from cnncalc.build.reading import Ignore, Ignores
from cnncalc.language.content import Document
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode, last_line
from cnncalc.place import line_starts
from cnncalc.problem import IGNORABLE, Fix, Location, Problem
from cnncalc.shape import LARGEST

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*cnncalc:[ \t]*([^\r\n\x85\u2028\u2029]*)", re.MULTILINE)
_IGNORE = re.compile(r"ignore\[([^\]]*)\]")


class _RowIgnore(Ignore):
    """An ignore in a comment. `row` is the row on the comment's line, None if there is no row on that line."""

    __slots__ = ("row",)

    def __init__(self, rule: str, at: Location, removal: Location | None, row: YamlNode | None, fault: str | None) -> None:
        super().__init__(rule, at, Fix(removal, "", True, f"without {rule}") if removal is not None else None, fault)
        self.row = row


class FileIgnores(Ignores):
    """The ignores of a file."""

    def __init__(self, text: str, root: YamlNode | None, document: Document) -> None:
        removals = _removals(document.ignore_node)
        self.whole = [Ignore(name, at, removals.get(at[:2])) for name, at in document.ignored]
        #: The positions at which rows begin, in order, and the rows with their last lines.
        self._starts: list[tuple[int, int]] = []
        self._rows: list[tuple[int, YamlNode]] = []
        #: The comments that can hide a problem, by rule and line, and by rule and row.
        self._by_line: dict[tuple[str, int], list[Ignore]] = {}
        self._by_row: dict[tuple[str, int], list[Ignore]] = {}
        comments: list[_RowIgnore] = []
        self._read(text, root, comments)
        self.found = [*comments]
        for one in comments:
            if one.fault is None:
                self._by_line.setdefault((one.rule, one.location.line), []).append(one)
                if one.row is not None:
                    self._by_row.setdefault((one.rule, id(one.row)), []).append(one)

    def hides(self, problem: Problem) -> bool:
        """Return whether a comment on the problem's row or line names the problem's rule."""
        if not self._by_line:
            return False
        at = problem.location
        hiding = self._by_line.get((problem.rule, at.line), []) + self._by_row.get((problem.rule, id(self._row_at(at))), [])
        for one in hiding:
            one.used = True
        return bool(hiding)

    def _read(self, text: str, root: YamlNode | None, found: list[_RowIgnore]) -> None:
        comments = list(_COMMENT.finditer(text))
        if not comments:
            return
        words: list[Scalar] = []
        rows: list[YamlNode] = []
        for node, row in _nodes(root):
            if isinstance(node, Scalar):
                words.append(node)
            if row:
                rows.append(node)
        words.sort(key=_start)
        begins = [_start(word) for word in words]
        rows.sort(key=_start)
        self._starts = [_start(row) for row in rows]
        self._rows = [(last_line(row), row) for row in rows]
        starts = line_starts(text)
        line = 0
        for match in comments:
            while line < len(starts) and starts[line] <= match.start():
                line += 1
            column = match.start() - starts[line - 1] + 1
            # Words do not overlap, so only the last word that begins before the comment can contain it.
            before_it = bisect_right(begins, (line, column))
            if not before_it or not _inside(line, column, words[before_it - 1]):
                before = text[starts[line - 1] : match.start()]
                self._comment(match, line, column, not before.strip(), len(before) - len(before.rstrip(" \t")), found)

    def _comment(self, match: re.Match[str], line: int, column: int, alone: bool, gap: int, found: list[_RowIgnore]) -> None:
        """Read one comment. `alone`: nothing else is on its line; `gap` is the number of blanks before it."""
        text = match[1].rstrip()
        end = column + len(match[0].rstrip())
        whole = Location(line, column, line, end)
        listed = _IGNORE.match(text)
        if listed is None:
            found.append(_RowIgnore("", whole, None, None, "write # cnncalc: ignore[rule]"))
            return
        row = self._row_on(line)
        offset = column + match.start(1) - match.start() + listed.start(1)
        parts = list(re.finditer(r"[^,]+|^$", listed[1]))
        for k, part in enumerate(parts):
            name = part[0].strip()
            start = offset + part.start() + len(part[0]) - len(part[0].lstrip())
            fault = None
            if name not in IGNORABLE:
                from cnncalc.spelling import did_you_mean

                fault = f"there is no rule {name or 'named'} that can be ignored{did_you_mean(name, IGNORABLE)}"
            removal: Location | None
            if len(parts) > 1:
                first = offset + (part.start() if k + 1 < len(parts) else parts[k - 1].end())
                removal = Location(line, first, line, offset + (parts[k + 1].start() if k + 1 < len(parts) else part.end()))
            elif listed.end() < len(text):
                removal = None
            elif alone:
                removal = Location(line, 1, line + 1, 1)
            else:
                removal = Location(line, column - gap, line, end)
            found.append(_RowIgnore(name, Location(line, start, line, start + max(1, len(name))), removal, row, fault))

    def _row_on(self, line: int) -> YamlNode | None:
        """Return the row that `line` belongs to: of the rows that span the line, the one that begins last."""
        return self._innermost(bisect_right(self._starts, (line, LARGEST)), line)

    def _row_at(self, at: Location) -> YamlNode | None:
        """Return the innermost row that contains `at`."""
        return self._innermost(bisect_right(self._starts, (at.line, at.column)), at.line)

    def _innermost(self, begun: int, line: int) -> YamlNode | None:
        """Return, of the first `begun` rows, the last one that reaches `line`."""
        return next((row for last, row in (self._rows[k] for k in range(begun - 1, -1, -1)) if line <= last), None)


def _removals(node: YamlNode | None) -> dict[tuple[int, int], Fix]:
    """Return the edits that remove one name from `ignore: [a, b]`, by the name's position; none if each name has its own line."""
    if not isinstance(node, Sequence) or not node.flow:
        return {}
    found = {}
    for k, item in enumerate(node.items):
        first, last = _start(item), (item.end_line, item.end_column)
        if k + 1 < len(node.items):
            last = _start(node.items[k + 1])
        elif k > 0:
            first = (node.items[k - 1].end_line, node.items[k - 1].end_column)
        found[_start(item)] = Fix(Location(*first, *last), "", True, "ignore it no more")
    return found


def _nodes(root: YamlNode | None) -> Iterator[tuple[YamlNode, bool]]:
    """Yield every node once, keys included, and whether it is an item of a list, as rows are."""
    stack: list[tuple[YamlNode, bool]] = [(root, False)] if root is not None else []
    seen: set[int] = set()
    while stack:
        node, listed = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node, listed and isinstance(node, (Mapping, Scalar))
        if isinstance(node, Sequence):
            stack += [(item, True) for item in node.items]
        elif isinstance(node, Mapping):
            for key, value in node.pairs.values():
                stack += [(key, False), (value, False)]


def _start(node: YamlNode) -> tuple[int, int]:
    return node.line, node.column


def _inside(line: int, column: int, word: Scalar) -> bool:
    return (word.line, word.column) <= (line, column) < (word.end_line, word.end_column)
