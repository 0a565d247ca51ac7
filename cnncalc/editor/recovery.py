"""Parses a text with syntax errors: rows that cannot be parsed are left out one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Union

from cnncalc.editor.positions import Positions
from cnncalc.language.compose import compose
from cnncalc.language.source import YamlNode
from cnncalc.problem import Location, Problem, SpecError

#: The most rows left out; a text of many lines gets fewer attempts.
_ATTEMPTS = 24
_LINES = 20_000
#: The kind of the row that replaces one that cannot be parsed. No layer kind has this name, so its shape is unknown.
PLACEHOLDER = "_"
Compose = Callable[[str, Union[str, None], list[Problem]], Union[YamlNode, None]]


class Recovered(NamedTuple):
    """A valid YAML text of the original's length; `problems` explain the rows left out, `blanked` has their 0-based lines.

    `repeated` are the problems of duplicate keys; the text is readable with them.
    """

    text: str
    root: YamlNode | None
    problems: list[Problem]
    blanked: frozenset[int]
    readable: bool
    repeated: list[Problem]


def recover(text: str, file: str | None = None, composed: Compose = compose) -> Recovered:
    """Return the text if it is valid YAML, else the text without the rows that are not.

    `composed` parses a text, as `compose` does.
    """
    problems: list[Problem] = []
    blanked: set[int] = set()
    current = text
    lines = text.count("\n") + 1
    for _ in range(min(_ATTEMPTS, max(3, _LINES // lines))):
        try:
            repeated: list[Problem] = []
            root = composed(current, file, repeated)
            return Recovered(current, root, problems, frozenset(blanked), True, repeated)
        except SpecError as error:
            # Later errors may be consequences of the first.
            if not problems:
                problems = list(error.problems)
            fault = error.problems[-1]
            if fault.rule != "yaml" or not fault.location.line:
                break
            positions = Positions(current)
            first, last = _row_around(positions, _faulty_line(positions, fault))
            if all(line in blanked for line in range(first, last + 1)):
                break
            current = _without(positions, first, last)
            blanked.update(range(first, last + 1))
    return Recovered(text, None, problems, frozenset(blanked), False, [])


def _faulty_line(positions: Positions, fault: Problem) -> int:
    """Return the 0-based line of an error; of an unclosed quote, the line of its opening."""
    if "quoted scalar" in fault.message:
        for line in range(positions.lines):
            content = positions.text[positions.line_start(line) : positions.line_end(line)].split(" #")[0]
            if content.count('"') % 2 or (content.count("'") % 2 and not content.count('"')):
                return line
    return positions.line_at(positions.offset_at(fault.location.line, fault.location.column))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _row_around(positions: Positions, line: int) -> tuple[int, int]:
    """Return the first and last 0-based line of the row that contains `line`, or `line` twice if no row does."""
    texts = positions.text

    def content(number: int) -> str:
        return texts[positions.line_start(number) : positions.line_end(number)]

    own = content(line)
    start: int | None = None
    smallest = _indent(own) + (0 if own.strip() else 1_000)
    for number in range(line, -1, -1):
        candidate = content(number)
        if not candidate.strip():
            continue
        indent = _indent(candidate)
        if candidate.lstrip().startswith(("- ", "-\t")) or candidate.strip() == "-":
            if number == line or indent < smallest or (indent == smallest and not content(line).strip()):
                start = number
                break
        smallest = min(smallest, indent)
        if indent == 0:
            break
    if start is None:
        return line, line
    indent = _indent(content(start))
    last = start
    for number in range(start + 1, positions.lines):
        candidate = content(number)
        if candidate.strip() and _indent(candidate) <= indent:
            break
        if candidate.strip():
            last = number
    return start, max(last, min(line, last))


def _without(positions: Positions, first: int, last: int) -> str:
    """Return the text with the lines blanked and a placeholder row where a row began."""
    text = positions.text
    begin, end = positions.line_start(first), positions.line_end(last)
    kept = "".join(char if char in "\r\n" else " " for char in text[begin:end])
    line = text[begin : positions.line_end(first)]
    dash = _indent(line)
    if line[dash:].startswith("-") and len(line) >= dash + 3:
        kept = kept[:dash] + "- " + PLACEHOLDER + kept[dash + 3 :]
    return text[:begin] + kept + text[end:]


def hidden(location: Location, blanked: frozenset[int], positions: Positions) -> bool:
    """Return whether a location is on a line that was left out."""
    if not blanked or not location.line:
        return False
    return positions.line_at(positions.offset_at(location.line, location.column)) in blanked
