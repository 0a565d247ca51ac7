"""One run of `check`: paths and settings in, results out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from cnncalc.check.changed import changed_files
from cnncalc.check.examine import How
from cnncalc.check.many import check_files
from cnncalc.check.one import check_file
from cnncalc.check.settings import Settings, SettingsError, settings_for
from cnncalc.check.sources import Candidate, Sources
from cnncalc.problem import Location, Problem
from cnncalc.report.problems import Result


class CheckRequest(NamedTuple):
    """The files to check and how; `settings` are those of the command line, which pyproject.toml completes."""

    paths: list[str]
    settings: Settings = Settings()
    how: How = How()
    #: Only files that differ from this git ref.
    diff_base: str | None = None
    #: The name of standard input in problems.
    stdin_name: str | None = None
    #: Whether named files are skipped if they are no networks or are excluded, as files in folders are.
    skip_others: bool = False
    #: Processes; None for as many as pay.
    jobs: int | None = None
    #: A Dask scheduler whose workers see the same files, or `local`.
    scheduler: str | None = None


class CheckSession:
    """Finds the files at once and checks them as `results` is read. Raises SettingsError."""

    def __init__(self, request: CheckRequest) -> None:
        if request.how.write and "-" in request.paths:
            raise SettingsError("--fix changes files, and standard input is no file; --diff shows the fixes")
        self._request = request
        sources = Sources(request.paths, request.settings, skip_others=request.skip_others)
        self._faults = sources.faults
        self._candidates = sources.candidates
        #: Sentences about requests that had no effect.
        self.warnings = sources.warnings
        if request.diff_base is not None:
            changed = changed_files(request.diff_base)
            self._candidates = [one for one in self._candidates if one.file == "-" or os.path.realpath(one.file) in changed]
        if request.stdin_name is not None:
            self._candidates = [self._as_named(one, request.stdin_name) for one in self._candidates]

    def _as_named(self, one: Candidate, name: str) -> Candidate:
        return one._replace(settings=settings_for(name, self._request.settings)) if one.file == "-" else one

    def results(self) -> Iterator[Result]:
        """Places that cannot be read, then standard input, then files in their order."""
        request = self._request
        for place, message in self._faults:
            yield Result(place, [Problem("file", "error", place, Location(), None, message)], unusable=True)
        for one in self._candidates:
            if one.file == "-":
                yield check_file(one, request.how, name=request.stdin_name or "-")
        files = [one for one in self._candidates if one.file != "-"]
        yield from check_files(files, request.how, jobs=request.jobs, scheduler=request.scheduler)
