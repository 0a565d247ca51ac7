"""Limits of an expansion."""

from __future__ import annotations

from cnncalc.build.problems import Problems
from cnncalc.language.row import Row

MAX_ROWS = 200_000
MAX_NESTING = 100


class Stop(Exception):
    """The expansion stops because a limit is reached."""


class RowCounter:
    """Counts rows after expansion."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.seen = 0

    @property
    def left(self) -> int:
        """The number of rows that may follow."""
        return MAX_ROWS - self.seen

    def add(self, row: Row) -> None:
        """Count a row. Raises Stop if the network has too many."""
        self.seen += 1
        if self.seen > MAX_ROWS:
            at = row.row_keys["repeat"].location if "repeat" in row.row_keys else row.kind_at
            message = f"the network has more than {MAX_ROWS:,} rows after expansion; block and branches rows count too"
            self._problems.add("limit", at, message)
            raise Stop

    def expect(self, row: Row, count: int) -> None:
        """Raise Stop if `count` copies of a row are too many."""
        if count > self.left:
            message = f"repeat {count:,} makes more than {MAX_ROWS:,} rows; a network has at most that many after expansion"
            self._problems.add("limit", row.row_keys["repeat"].location, message)
            raise Stop
