"""Problems of a network as data, and the names of the rules that report them."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from cnncalc.modules import modules

#: Every rule that makes a network impossible or wrong, with its meaning. Names are a contract: they never change meaning.
ERROR_RULES: dict[str, str] = {
    "file": "the file is missing, cannot be read, is a folder, or is not UTF-8 text",
    "yaml": "the text is not the YAML that the language uses",
    "limit": "a limit on size, nesting or rows is exceeded",
    "duplicate-key": "a key is written twice in one map",
    "unknown-key": "a key or field that nothing reads",
    "unknown-kind": "a row whose layer kind does not exist",
    "row": "a row that is not one layer: two kinds, none, or not a word or a map",
    "missing": "something required is not there",
    "value": "a value of the wrong type or out of bounds",
    "name": "a name that cannot be used, or is taken",
    "unknown-name": "a row, block, var or parameter that is not defined, or not yet",
    "cycle": "a block that contains itself",
    "expression": "a ${…} that cannot be read or computed",
    "shape": "a layer that cannot take what flows into it",
    "window": "a window larger than its padded input",
    "stride-fit": "(N − F + 2P)/S + 1 is not whole",
    "join": "results that are joined but do not match",
    "share": "weights shared between layers that differ",
    "expect": "what came out is not what was expected",
    "budget": "more than the budget allows",
    "set": "an override from outside the file that cannot be applied",
    "stated-shape": "a shape that a file states and that is not the inferred one",
}

#: The rules that `check` adds: each is a file of cnncalc/rules/ with its level and its manual. Names never change meaning.
RULES = tuple(
    name.replace("_", "-") for name in modules([os.path.join(os.path.dirname(__file__), "rules")], without=("base", "manual"))
)

#: Names that `ignore` accepts: of the errors only stride-fit, because PyTorch and others drop the remaining cells on purpose.
IGNORABLE = ("stride-fit", *RULES)


class Location(NamedTuple):
    """A range of text: lines and columns count characters from 1, the end is exclusive. Line 0 is no place in the text."""

    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


class Fix(NamedTuple):
    """Text to put in place of a range; `safe` where it cannot change what was meant."""

    location: Location
    text: str
    safe: bool
    title: str


class Problem(NamedTuple):
    """One fault: a rule's name, its level, where it is, and a sentence that says what would be right.

    `cause` holds the figures behind the sentence, as plain data, for code that adds advice.
    """

    rule: str
    level: str
    file: str | None
    location: Location
    layer: str | None
    message: str
    fixes: tuple[Fix, ...] = ()
    cause: Any = None

    def __str__(self) -> str:
        """The text form: `file:line:column: level: message [rule]`, on one line."""
        where = []
        if self.file is not None:
            where.append(self.file)
        if self.location.line:
            where += [str(self.location.line), str(self.location.column)]
        place = ":".join(where)
        text = f"{self.level}: {self.message} [{self.rule}]"
        return f"{one_line(place)}: {one_line(text)}" if place else one_line(text)


def one_line(text: str) -> str:
    """`text` with every control and line-separating character written as an escape, so that it cannot break a format."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class SpecError(Exception):
    """The text is not a network at all; `problems` says why, sorted by place."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))
