"""Parses a text again after a change: the changed lines alone if each holds one row or one pair, else the whole text."""

from __future__ import annotations

import re

from cnncalc.language.compose import MAX_REREAD, compose
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode
from cnncalc.problem import Problem, SpecError

#: The most changed lines that are parsed one by one.
_MOST = 16
#: The most brackets and characters of such a line: limits on nesting and on the length of keys then cannot be met.
_BRACKETS = 40
_LENGTH = 1000
#: A row on one line; block scalars and complex keys are left to the whole parser.
_ROW = re.compile(r"( *- )[^\s#|>?-]")
#: A key with its value on one line.
_PAIR = re.compile(r"( *)[A-Za-z_][\w-]*: +[^\s#|>?&*!-]")
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
        #: The map and the key of each pair outside of rows that is complete on its line.
        self._pairs: dict[int, tuple[Mapping, str]] = {}

    def __call__(self, text: str, file: str | None, problems: list[Problem]) -> YamlNode | None:
        """As `compose`."""
        lines = text.split("\n")
        changed = self._changed(lines)
        if changed is not None:
            rows = {line: self._row(line, lines[line]) for line in changed if line in self._rows}  # type: ignore[operator]  # known
            pairs = {line: self._pair(line, lines[line]) for line in changed if line not in rows}
            if None not in rows.values() and None not in pairs.values():
                self._replace(lines, rows, pairs)  # type: ignore[arg-type]  # none is None
                return self._root
            if not pairs and "&" not in text and len(text) <= MAX_REREAD and _BREAKS.search(text) is None:
                # The rows before the change are sound; an empty line for each leaves the error and its place as they are.
                compose(self._shortened(lines, changed[0]), file, [])
        self._rows = None
        early: list[Problem] = []
        root = compose(text, file, early)
        problems += early
        if not early and isinstance(root, Mapping) and _BREAKS.search(text) is None:
            self._lines, self._root, self._rows = lines, root, _one_line_rows(root)
            # With anchors, a pair may also belong to a map on other lines.
            self._pairs = _one_line_pairs(root) if "&" not in text else {}
        return root

    def _changed(self, lines: list[str]) -> list[int] | None:
        """Return the lines that differ from those of the last version; None if they are not all known rows and pairs."""
        if self._rows is None or len(lines) != len(self._lines):
            return None
        changed = [line for line, (old, new) in enumerate(zip(self._lines, lines, strict=True)) if old != new]
        if len(changed) > _MOST:
            return None
        if any("&" in self._lines[line] or (line not in self._rows and line not in self._pairs) for line in changed):
            return None
        return changed

    def _row(self, number: int, line: str) -> YamlNode | None:
        """Return the node of a row that is complete on its line; None if it must be read with the lines around it."""
        assert self._rows is not None
        begin = _ROW.match(line)
        body, at = self._rows[number]
        if begin is None or begin.end(1) != body.items[at].column - 1:
            return None
        root = _alone(number, line)
        if not isinstance(root, Sequence) or root.flow or len(root.items) != 1:
            return None
        return root.items[0] if _is_complete(root.items[0]) else None

    def _pair(self, number: int, line: str) -> tuple[Scalar, YamlNode] | None:
        """Return the key and the value of a pair that is complete on its line; None as in `_row`."""
        parent, name = self._pairs[number]
        begin = _PAIR.match(line)
        if begin is None or begin.end(1) != parent.pairs[name][0].column - 1:
            return None
        root = _alone(number, line)
        if not isinstance(root, Mapping) or root.flow or list(root.pairs) != [name]:
            return None
        return root.pairs[name] if _is_complete(root.pairs[name][1]) else None

    def _replace(self, lines: list[str], rows: dict[int, YamlNode], pairs: dict[int, tuple[Scalar, YamlNode]]) -> None:
        assert self._rows is not None
        for line, node in rows.items():
            body, at = self._rows[line]
            body.items[at] = node
        for line, pair in pairs.items():
            parent, name = self._pairs[line]
            parent.pairs[name] = pair
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


def _alone(number: int, line: str) -> YamlNode | None:
    """Return the tree of a line alone, at its place; None if it cannot be read alone."""
    if len(line) > _LENGTH or "&" in line or line.count("{") + line.count("[") > _BRACKETS or _BREAKS.search(line) is not None:
        return None
    problems: list[Problem] = []
    try:
        # An alias is an error here, because its anchor stands on another line.
        root = compose("\n" * number + line, None, problems)
    except SpecError:
        return None
    return None if problems else root


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


def _one_line_pairs(root: Mapping) -> dict[int, tuple[Mapping, str]]:
    """Return the map and the key of each pair that is complete on its line, by 0-based line, in the maps outside of rows.

    Those are the top level, the maps directly below its keys, and the blocks.
    """
    maps = [root]
    for key, (_, value) in root.pairs.items():
        if isinstance(value, Mapping) and key == "blocks":
            maps += [block for _, block in value.pairs.values() if isinstance(block, Mapping)]
        elif isinstance(value, Mapping) and not key.startswith("x-"):
            maps.append(value)
    found: dict[int, tuple[Mapping, str]] = {}
    for parent in maps:
        for name, (word, value) in parent.pairs.items() if not parent.flow else ():
            if value.line == word.line and _is_complete(value) and not (isinstance(value, Scalar) and value.null):
                found[word.line - 1] = parent, name
    return found
