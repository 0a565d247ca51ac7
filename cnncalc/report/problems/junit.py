"""JUnit XML: a test case with a failure for each problem that fails the check, and one for each file without such problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from cnncalc.problem import one_line
from cnncalc.report.problems.base import Result, clean, relative

#: Characters that XML 1.0 cannot contain, even escaped.
_NEVER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(results: Iterable[Result]) -> Iterator[str]:
    cases: list[str] = []
    tests = failures = 0
    for result in results:
        if result.skipped:
            continue
        name = _attribute(relative(result.file))
        failing = [p for p in result.problems if p.level == "error" or (result.strict and p.level == "warning")]
        others = [p for p in result.problems if p not in failing]
        # Readers show one failure per case, so each failure is a case. A file without failures is one case that passed.
        for problem in failing:
            at = problem.location
            file = relative(problem.file or result.file)
            case = _attribute(f"{file}:{at.line}:{at.column} {problem.rule}" if at.line else problem.rule)
            cases.append(
                f"    <testcase classname={name} name={case} file={_attribute(file)} line={_attribute(str(max(1, at.line)))}>\n"
                f"      <failure type={_attribute(problem.rule)} message={_attribute(problem.message)}>"
                f"{_content(str(problem))}</failure>\n    </testcase>\n"
            )
        if not failing:
            text = "".join(f"{problem}\n" for problem in others)
            inside = f">\n      <system-out>{_content(text)}</system-out>\n    </testcase>\n" if text else "/>\n"
            cases.append(f"    <testcase classname={name} name={name} file={name}{inside}")
        elif others:
            text = "".join(f"{problem}\n" for problem in others)
            cases[-1] = cases[-1].replace(
                "\n    </testcase>\n", f"\n      <system-out>{_content(text)}</system-out>\n    </testcase>\n"
            )
        tests += max(1, len(failing))
        failures += len(failing)
    counts = f'tests="{tests}" failures="{failures}" errors="0"'
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="cnncalc" {counts} time="0">\n'
    yield f'  <testsuite name="cnncalc" {counts} skipped="0" time="0">\n'
    yield from cases
    yield "  </testsuite>\n</testsuites>\n"


def _plain(text: str) -> str:
    return _NEVER.sub("\ufffd", clean(text))


def _attribute(text: str) -> str:
    return quoteattr(one_line(_plain(text)))


def _content(text: str) -> str:
    return escape(_plain(text))
