"""Many files, in their order, over several processes if that is faster."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from functools import partial

from cnncalc.check.examine import DEFAULT, How
from cnncalc.check.one import check_file
from cnncalc.check.sources import Candidate
from cnncalc.machine import usable_cores
from cnncalc.parallel import parallel_map
from cnncalc.problem import Location, Problem
from cnncalc.report.problems import Result

#: The number of files from which a second process is worth its start; a fork costs less than a fresh interpreter.
_WORTH_A_FORK = 64
_WORTH_A_START = 400


def check_files(
    candidates: list[Candidate], how: How = DEFAULT, *, jobs: int | None = None, scheduler: str | None = None
) -> Iterator[Result]:
    """The results in the order of the files. `jobs` is the number of processes, by default one per core if it pays.

    `scheduler` is `local` or the address of a Dask scheduler whose workers see the same files. Raises ClusterError.
    """
    if scheduler is not None:
        from cnncalc.cluster import cluster_map

        yield from cluster_map(partial(_checked_below, os.getcwd(), how), candidates, scheduler, jobs, lost=_lost)
        return
    # Objects that exist now live until the process ends, so the collector need not visit them.
    gc.freeze()
    yield from parallel_map(partial(_checked, how), candidates, _jobs(len(candidates), jobs), lost=_lost)


def _checked(how: How, candidate: Candidate) -> Result:
    """Check a file with the garbage collector off until everything that was built for the file is garbage."""
    gc.disable()
    try:
        return check_file(candidate, how)
    finally:
        gc.enable()


def _checked_below(folder: str, how: How, candidate: Candidate) -> Result:
    """As `_checked`, by a process that may work in another folder."""
    found = check_file(candidate._replace(file=os.path.join(folder, candidate.file)), how, name=candidate.file)
    return found._replace(file=candidate.file)


def _lost(candidate: Candidate) -> Result:
    """The result of a file that killed two worker processes."""
    message = "the file was not checked: the process that read it was killed twice, perhaps for lack of memory"
    return Result(candidate.file, [Problem("file", "error", candidate.file, Location(), None, message)], unusable=True)


def _jobs(files: int, asked: int | None) -> int:
    if asked is not None:
        return max(1, min(asked, files))
    worth = _WORTH_A_FORK if sys.platform == "linux" else _WORTH_A_START
    return 1 if files < worth else min(usable_cores(), files)
