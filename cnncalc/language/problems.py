"""The problems of one file, collected while it is read: one a place and rule, sorted by place at the end."""

from __future__ import annotations

from bisect import bisect_right

from cnncalc.language.source import YamlNode, location
from cnncalc.problem import Fix, Location, Problem, SpecError
from cnncalc.shape import LARGEST, LayerError


class Problems:
    """What is wrong so far. `unusable` says that the text is no network at all, `ignored` names rules not to report."""

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.layout = "channels_last"
        self.unusable = False
        self.ignored: frozenset[str] = frozenset()
        self._found: dict[tuple[str, Location, str], Problem] = {}
        self._copies: dict[tuple[str, Location, str], list[str]] = {}
        self._rows: dict[Location, list[str]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(
        self,
        rule: str,
        at: YamlNode | Location,
        message: str,
        *,
        layer: str | None = None,
        fixes: tuple[Fix, ...] = (),
        level: str = "error",
    ) -> None:
        """Reports a problem; of the copies of a row that have it, the first one speaks for all."""
        place = at if isinstance(at, Location) else location(at)
        key = (rule, place, "" if layer else message)
        if key not in self._found:
            self._found[key] = Problem(rule, level, self.file, place, layer, message, fixes)
        if layer:
            self._count(key, layer)

    def known(self, rule: str, at: YamlNode | Location, layer: str) -> bool:
        """Whether a row has this problem already; `layer` is then counted as one more copy that has it."""
        key = (rule, at if isinstance(at, Location) else location(at), "")
        if key not in self._found:
            return False
        self._count(key, layer)
        return True

    def _count(self, key: tuple[str, Location, str], layer: str) -> None:
        copies = self._copies.setdefault(key, [])
        if not copies or copies[-1] != layer:
            copies.append(layer)

    def name_row(self, row: Location, name: str) -> None:
        """Says which layers a row becomes, one for each copy: problems that stand in the row are theirs."""
        self._rows.setdefault(row, []).append(name)

    def _named(self, found: list[Problem]) -> list[Problem]:
        """The problems, those without a layer as the innermost row around them has them."""
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

    def fact(self, fact: LayerError, at: YamlNode | Location, *, prefix: str = "", layer: str | None = None) -> None:
        """Reports a fact from inside, with what it is about before it."""
        self.add(fact.rule, at, prefix + fact.text(self.layout), layer=layer)

    def sorted(self) -> list[Problem]:
        """All of them by place, with how many copies of a row have each."""
        result = []
        for key, problem in self._found.items():
            copies = self._copies.get(key, [])
            result.append(_of_copies(problem, copies) if copies else problem)
        return sorted(self._named(result), key=lambda p: (p.location, p.rule, p.message))

    def take(self, error: SpecError) -> None:
        """Adds the problems of an error that ended the reading."""
        for problem in error.problems:
            self._found.setdefault((problem.rule, problem.location, problem.message), problem)


def _of_copies(problem: Problem, copies: list[str]) -> Problem:
    """The problem as the first of the copies has it, with how many there are."""
    message = problem.message
    if len(copies) > 1:
        message += f" ({len(copies):,} copies have it, the first is {copies[0]})"
    return problem._replace(layer=copies[0], message=message)
