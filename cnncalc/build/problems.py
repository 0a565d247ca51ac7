"""The problems of one file, collected while it is read: one per place and rule, sorted by place at the end."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from typing import Any

from cnncalc.place import Spot, location_of
from cnncalc.problem import Fix, Location, Problem, SpecError
from cnncalc.shape import LARGEST, LayerError
from cnncalc.spelling import did_you_mean

#: Names that are compared for suggestions in one file: a file with thousands of unknown names has another fault.
MOST_COMPARED = 100_000


class Problems:
    """The problems found so far.

    `unusable`: the text is not a network at all. `ignored`: rules that the whole file opts out of; they are not reported.
    `layout`: the order of axes in messages.
    """

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.layout = "channels_last"
        self.unusable = False
        self.ignored: frozenset[str] = frozenset()
        self._found: dict[tuple[str, Location, str], Problem] = {}
        self._copies: dict[tuple[str, Location, str], list[str]] = {}
        self._rows: dict[Location, list[str]] = {}
        self._compared = 0
        #: Rises with every report.
        self.reports = 0

    def __len__(self) -> int:
        return len(self._found)

    def add(
        self,
        rule: str,
        at: Spot,
        message: str,
        *,
        layer: str | None = None,
        fixes: tuple[Fix, ...] = (),
        level: str = "error",
        cause: Any = None,
    ) -> None:
        """Reports a problem. If several copies of a row have it, it is reported once, for the first copy."""
        place = location_of(at)
        self.reports += 1
        # Without lines, layers are distinguished by name.
        key = (rule, place, "" if layer and place.line else f"{layer}: {message}")
        if key not in self._found:
            # A place in another file, the source of a PyTorch model, names that file.
            file = getattr(place, "file", self.file)
            self._found[key] = Problem(rule, level, file, place, layer, message, fixes, cause)
        if layer:
            self._count(key, layer)

    def has(self, rule: str) -> bool:
        """Return whether the rule has a problem anywhere."""
        return any(key[0] == rule for key in self._found)

    def known(self, rule: str, at: Spot, layer: str) -> bool:
        """Whether the row at this place has this problem already; `layer` is then counted as one more copy that has it."""
        key = (rule, location_of(at), "")
        if key not in self._found:
            return False
        self._count(key, layer)
        return True

    def _count(self, key: tuple[str, Location, str], layer: str) -> None:
        self.reports += 1
        copies = self._copies.setdefault(key, [])
        if not copies or copies[-1] != layer:
            copies.append(layer)

    def name_row(self, row: Location, name: str) -> None:
        """Records a layer that a row becomes, one call per copy: problems inside the row are then reported for these layers."""
        self.reports += 1
        self._rows.setdefault(row, []).append(name)

    def _named(self, found: list[Problem]) -> list[Problem]:
        """The problems, each without a layer given that of the innermost row around it."""
        if not found:
            return found
        from bisect import bisect_right

        rows = sorted(self._rows)
        result = []
        for problem in found:
            at = problem.location
            before = bisect_right(rows, Location(at.line, at.column, LARGEST, LARGEST)) if problem.layer is None else 0
            ends = (at.end_line, at.end_column)
            around = next(
                (row for row in map(rows.__getitem__, range(before - 1, -1, -1)) if ends <= (row.end_line, row.end_column)), None
            )
            result.append(problem if around is None else _of_copies(problem, self._rows[around]))
        return result

    def error(self, error: LayerError, at: Spot, *, prefix: str = "", layer: str | None = None) -> None:
        """Report an error about one layer or value; `prefix` names the layer or value."""
        self.add(error.rule, at, prefix + error.text(self.layout), layer=layer)

    def did_you_mean(self, word: str, *candidates: Collection[str]) -> str:
        """As `spelling.did_you_mean`; empty once a file has had so many unknown names that comparing them would take seconds."""
        if self._compared > MOST_COMPARED:
            return ""
        self._compared += sum(map(len, candidates))
        return did_you_mean(word, chain(*candidates)) if self._compared <= MOST_COMPARED else ""

    def sorted(self) -> list[Problem]:
        """All problems by place, each with the number of copies that have it."""
        result = []
        for key, problem in self._found.items():
            copies = self._copies.get(key, [])
            result.append(_of_copies(problem, copies) if copies else problem)
        return sorted(self._named(result), key=_order)

    def take(self, error: SpecError) -> None:
        """Adds the problems of an error that ended the reading; the file is unusable."""
        self.unusable = True
        for problem in error.problems:
            self._found.setdefault((problem.rule, problem.location, problem.message), problem)


def _order(problem: Problem) -> tuple[object, ...]:
    """By place, rule and message; problems without a line keep the order in which they were found."""
    at = problem.location
    return (at, problem.rule, problem.message) if at.line else (at,)


def _of_copies(problem: Problem, copies: list[str]) -> Problem:
    """The problem as the first of the copies has it, with the number of copies."""
    message = problem.message
    if len(copies) > 1:
        message += f" ({len(copies):,} copies have it, the first is {copies[0]})"
    return problem._replace(layer=copies[0], message=message)
