"""GitLab's Code Quality report: a list of issues, each with a fingerprint of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from cnncalc.report.problems.base import Result, fingerprints, relative

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def write(results: Iterable[Result]) -> Iterator[str]:
    issues = []
    for result, problem, fingerprint in fingerprints(results):
        at = problem.location
        first = max(1, at.line)
        issues.append(
            {
                "description": problem.message,
                "check_name": problem.rule,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[problem.level],
                "location": {
                    "path": relative(problem.file or result.file),
                    "lines": {"begin": first, "end": max(first, at.end_line)},
                },
            }
        )
    yield json.dumps(issues, indent=2) + "\n"
