"""A list of problems as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from cnncalc.report.problems.base import Result
from cnncalc.report.problems.listing import data


def write(results: Iterable[Result]) -> Iterator[str]:
    # Pure ASCII, so that no character of a file name can break it.
    found = [json.dumps(data(problem)) for result in results for problem in result.problems]
    yield "[" + ",".join(f"\n  {one}" for one in found) + ("\n]\n" if found else "]\n")
