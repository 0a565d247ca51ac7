"""Many files, in their order, over several processes where that pays."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from functools import partial

from cnncalc.check.one import DEFAULT, How, check_file
from cnncalc.check.sources import Candidate
from cnncalc.machine import usable_cores
from cnncalc.report.problems import Result

#: From how many files on a second process is worth its start; a fork costs less than a fresh start.
_WORTH_A_FORK = 64
_WORTH_A_START = 400


def check_files(candidates: list[Candidate], how: How = DEFAULT, *, jobs: int | None = None) -> Iterator[Result]:
    """The results in the order of the files. `jobs` is the number of processes; by default as many as pay."""
    # What is there now stays; the collector need not look at it again and again.
    gc.freeze()
    check = partial(_checked, how)
    jobs = _jobs(len(candidates), jobs)
    if jobs == 1:
        yield from map(check, candidates)
        return
    import multiprocessing

    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with context.Pool(jobs, _quietly) as pool:
        yield from pool.imap(check, candidates, chunksize=max(1, min(16, len(candidates) // (4 * jobs))))


def _checked(how: How, candidate: Candidate) -> Result:
    """As `check_file`, with the collector of cycles held off until what is built for the file is garbage as a whole."""
    gc.disable()
    try:
        return check_file(candidate, how)
    finally:
        gc.enable()


def _jobs(files: int, asked: int | None) -> int:
    if asked is not None:
        return max(1, min(asked, files))
    worth = _WORTH_A_FORK if sys.platform == "linux" else _WORTH_A_START
    return 1 if files < worth else min(usable_cores(), files)


def _quietly() -> None:
    """Leaves an interrupt to the first process."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
