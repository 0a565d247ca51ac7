"""Parses a text again after a change: the changed rows alone if each stands on a line of its own, else the whole text."""

from __future__ import annotations

import re

from cnncalc.language.source import MAX_REREAD, Mapping, Scalar, Sequence, YamlNode, compose
from cnncalc.problem import Problem, SpecError

#: The most changed lines that are parsed one by one.
_MOST = 16
#: The most brackets and characters of such a line: limits on nesting and on the length of keys then cannot be met.
_BRACKETS = 40
_LENGTH = 1000
#: A row on one line; block scalars and complex keys are left to the whole parser.
_ROW = re.compile(r"( *- )[^\s#|>?-]")
#: A line that libyaml and PyYAML's own parser, which locates errors, read alike; they differ about `?` and tabs, for example.
_USUAL = re.compile(r"""[\w \[\]{},:."'$/+()#-]*""")
#: Line breaks of YAML that are none for `str.split("\n")`.
_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


class Recomposer:
    """Composes versions of one text. The nodes of a version may change when the next version is composed.

    Every answer equals that of `compose`: a changed line is parsed alone only if the lines before it leave the parser in the
    same state, and if it leaves the parser in the same state for the lines after it.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._root: YamlNode | None = None
        #: The list and the index in it of each row on a line of its own, by 0-based line; None if they are not known.
        self._rows: dict[int, tuple[Sequence, int]] | None = None

    def __call__(self, text: str, file: str | None, problems: list[Problem]) -> YamlNode | None:
        """As `compose`."""
        lines = text.split("\n")
        changed = self._changed(lines)
        if changed is not None:
            nodes = [self._row(line, lines[line]) for line in changed]
            if all(node is not None for node in nodes):
                self._replace(lines, changed, nodes)  # type: ignore[arg-type]  # none is None
                return self._root
            if "&" not in text and len(text) <= MAX_REREAD and _BREAKS.search(text) is None:
                # The rows before the change are sound; an empty line for each leaves the error and its place as they are.
                compose(self._shortened(lines, changed[0]), file, [])
        self._rows = None
        early: list[Problem] = []
        root = compose(text, file, early)
        problems += early
        if not early and isinstance(root, Mapping) and _BREAKS.search(text) is None:
            self._lines, self._root, self._rows = lines, root, _one_line_rows(root)
        return root

    def _changed(self, lines: list[str]) -> list[int] | None:
        """Return the lines that differ from those of the last version; None if they are not all known rows."""
        if self._rows is None or len(lines) != len(self._lines):
            return None
        changed = [line for line, (old, new) in enumerate(zip(self._lines, lines, strict=True)) if old != new]
        if len(changed) > _MOST or any(line not in self._rows or "&" in self._lines[line] for line in changed):
            return None
        return changed

    def _row(self, number: int, line: str) -> YamlNode | None:
        """Return the node of a row that is complete on its line; None if it must be read with the lines around it."""
        assert self._rows is not None
        begin = _ROW.match(line)
        body, at = self._rows[number]
        old = body.items[at]
        if begin is None or begin.end(1) != old.column - 1 or len(line) > _LENGTH or _BREAKS.search(line) is not None:
            return None
        if "&" in line or "*" in line or line.count("{") + line.count("[") > _BRACKETS:
            return None
        problems: list[Problem] = []
        try:
            root = compose("\n" * number + line, None, problems)
        except SpecError:
            return None
        if problems or not isinstance(root, Sequence) or root.flow or len(root.items) != 1:
            return None
        return root.items[0] if _is_complete(root.items[0]) else None

    def _replace(self, lines: list[str], changed: list[int], nodes: list[YamlNode]) -> None:
        assert self._rows is not None
        for line, node in zip(changed, nodes, strict=True):
            body, at = self._rows[line]
            body.items[at] = node
        self._lines = lines

    def _shortened(self, lines: list[str], first: int) -> str:
        """Return the text with empty lines for the rows before `first`.

        The first row of each list stays, and the row above `first`, since the changed line may continue its word.
        """
        assert self._rows is not None
        short = lines[:]
        above = [line for line, (_, at) in self._rows.items() if at and line < first]
        for line in sorted(above)[:-1]:
            if _USUAL.fullmatch(short[line]) is not None:
                short[line] = ""
        return "\n".join(short)


def _is_complete(node: YamlNode) -> bool:
    """Return whether a row ends on its line whatever follows."""
    return node.line == node.end_line and (isinstance(node, Scalar) or node.flow)


def _one_line_rows(root: YamlNode) -> dict[int, tuple[Sequence, int]]:
    """Return the list and the index of each item behind a dash that is complete on its line, by 0-based line."""
    found: dict[int, tuple[Sequence, int]] = {}
    twice: set[int] = set()
    todo = [root]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Mapping):
            todo += [value for _, value in node.pairs.values() if not isinstance(value, Scalar)]
        elif isinstance(node, Sequence) and not node.flow:
            for at, item in enumerate(node.items):
                if _is_complete(item):
                    line = item.line - 1
                    if line in found:
                        # An alias to it stands elsewhere.
                        twice.add(line)
                    found[line] = node, at
                else:
                    todo.append(item)
    for line in twice:
        del found[line]
    return found
