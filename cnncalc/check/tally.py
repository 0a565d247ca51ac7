"""Counts of checked files and their problems, for the summary and the exit status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnncalc.report.problems import Result
from cnncalc.report.words import plural

#: Exit statuses: as in cnncalc.cli.
_PROBLEMS, _UNUSABLE = 1, 2


class Tally:
    """Counts the results that pass through `counted`. `fixes` is what happens to safe fixes: offered, shown or made."""

    def __init__(self, *, fixes: str = "offered") -> None:
        self._fixes = fixes
        self.files = self.skipped = self.with_problems = self.changed = self.fixable = self.status = 0
        self.expect_skipped = False
        self.levels = {"error": 0, "warning": 0, "note": 0}

    def counted(self, results: Iterable[Result]) -> Iterator[Result]:
        for result in results:
            if result.skipped:
                self.skipped += 1
            else:
                self._count(result)
            yield result

    def _count(self, result: Result) -> None:
        self.files += 1
        self.expect_skipped |= result.expect_skipped
        self.changed += result.change is not None
        self.with_problems += bool(result.problems)
        for problem in result.problems:
            self.levels[problem.level] += 1
            self.fixable += any(fix.safe for fix in problem.fixes)
        self.status = max(self.status, _UNUSABLE if result.unusable else _PROBLEMS if result.failed else 0)

    def __str__(self) -> str:
        if not self.files and self.skipped:
            return f"no network among {plural(self.skipped, 'YAML file')}, nothing was checked"
        found = ", ".join(plural(n, level) for level, n in self.levels.items() if n)
        files = plural(self.files, "file")
        text = f"{found} in {self.with_problems:,} of {files}" if found else f"{files} checked, no problems"
        if self._fixes == "offered" and self.fixable:
            text += f"; {self.fixable:,} fixable with --fix"
        elif self.changed:
            text += f"; {plural(self.changed, 'file')} " + ("fixed" if self._fixes == "made" else "would be fixed")
        if self.skipped:
            text += f"; {plural(self.skipped, 'other YAML file')} skipped"
        return text
