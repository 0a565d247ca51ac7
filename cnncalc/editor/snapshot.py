"""One version of a text, as the editor features use it: its tree, its names, its network and its problems."""

from __future__ import annotations

from functools import cached_property

from cnncalc.build.cache import Cache
from cnncalc.build.reading import MAX_BYTES, TOO_LARGE, Source
from cnncalc.check.claims import claims
from cnncalc.check.examine import examine
from cnncalc.check.settings import Settings
from cnncalc.editor.outline import Outline
from cnncalc.editor.positions import BOM, Positions
from cnncalc.editor.recovery import Compose, Recovered, hidden, recover
from cnncalc.formats import claims as foreign_claims
from cnncalc.language.compose import compose
from cnncalc.language.content import Parsed
from cnncalc.network import Network
from cnncalc.problem import Location, Problem


class Snapshot:
    """A reading of a text. `network` is None if the text is not a network; `problems` then give the reason.

    `cache` keeps layers and inferences between versions of the text, and `composed` keeps parsed rows.
    """

    def __init__(
        self,
        text: str,
        file: str | None = None,
        settings: Settings | None = None,
        cache: Cache | None = None,
        composed: Compose = compose,
    ) -> None:
        self.text = text
        self._cache = cache if cache is not None else Cache()
        self.file = file
        self.settings = settings or Settings()
        self.positions = Positions(text)
        #: Whether the text is a network or is meant as one; other YAML gets no diagnostics.
        data = text.encode("utf-8", "replace")
        too_large = len(data) > MAX_BYTES
        self.claimed = claims(data)
        #: Whether it is YAML of another format, which gets diagnostics and nothing else.
        self.foreign = not self.claimed and foreign_claims("network.yaml", data[:4096])
        self.recovered = Recovered(text, None, [], frozenset(), False, [])
        if self.claimed and not too_large:
            self.recovered = recover(text.removeprefix(BOM), file, composed)
        self.network: Network | None = None
        self.problems: list[Problem] = []
        if too_large and (self.claimed or self.foreign):
            self.problems = [Problem("limit", "error", file, Location(1, 1, 1, 1), None, TOO_LARGE)]
        elif self.claimed:
            self._check()
        elif self.foreign:
            _, self.problems = examine(Source(file, text=text), self.settings)

    def _check(self) -> None:
        recovered = self.recovered
        if not recovered.readable:
            self.problems = recovered.problems
            return
        source = Source(self.file, text=recovered.text)
        source.parsed = Parsed(recovered.root, recovered.repeated)
        source.cache = self._cache
        self.network, found = examine(source, self.settings)
        if recovered.blanked and self.network is None:
            # The text may be a network with the rows that were left out.
            found = []
        elif recovered.blanked:
            # A row that was left out causes these problems, not the text.
            found = [p for p in found if not hidden(p.location, recovered.blanked, self.positions) and p.rule not in _OF_ALL_ROWS]
        self.problems = sorted([*recovered.problems, *found], key=lambda p: (p.location, p.rule, p.message))

    @cached_property
    def outline(self) -> Outline:
        """The names of the text and their uses."""
        return Outline(self.recovered.root, self.positions)

    def problems_at(self, start: int, end: int) -> list[Problem]:
        """Return the problems whose ranges touch the offsets from `start` to `end`."""
        found = []
        for problem in self.problems:
            first, last = self.range(problem.location)
            if first <= end and start <= last:
                found.append(problem)
        return found

    def range(self, location: Location) -> tuple[int, int]:
        """Return the offsets of a location."""
        at = self.positions.offset_at
        if not location.line:
            return 0, 0
        start = at(location.line, location.column)
        return start, max(start, at(location.end_line, location.end_column))


#: Rules that need every row; they are not reported while a row cannot be read.
_OF_ALL_ROWS = frozenset(("expect", "budget", "unused-definition", "unused-result", "unused-ignore", "unknown-name"))
