"""Input sizes that work, as rules to read and as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncalc.analysis.sizes import said
from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.grid import grid
from cnncalc.report.network.table import Row, wrapped
from cnncalc.studies.sizes import Scan, Survey
from cnncalc.subject import Subject

_SKIPPED = "expect is skipped: it speaks of the input that the file has"


def rows(
    subject: Subject, surveys: Mapping[str, Survey], most: int, width: int | None, *, expect_skipped: bool = False
) -> list[Row]:
    """A line for each way to vary an input, with a second column where a floor or a ceiling is taken."""
    found: list[Row] = [[(f"{words.sentence(subject.name)}: sizes up to {most:,}", "title")]]
    for name, survey in surveys.items():
        found.append([])
        if len(surveys) > 1 or name != "input":
            found.append(
                [(f"{one_line(name)}, the other inputs as in the file" if len(surveys) > 1 else one_line(name), "header")]
            )
        found += _survey(subject, survey, most, width)
    if expect_skipped:
        found += [[(line, "note")] for line in wrapped(_SKIPPED, width)]
    return found


def _survey(subject: Subject, survey: Survey, most: int, width: int | None) -> list[Row]:
    layout = subject.layout
    if not survey.scans:
        works = "it works" if survey.smallest is not None else "and the network does not work on it"
        return [[(f"a vector has no size to vary, {works}", "")]]
    rounded = any(scan.works != scan.exact for scan in survey.scans)
    lines = []
    shown = _merged(survey)
    for name, scan in shown:
        line = [name, said(scan.works, most)]
        if rounded:
            line.append(said(scan.exact, most))
        lines.append(line)
    found = grid(["", "works", *(["every stride fits"] if rounded else [])], lines, width=width)
    notes = []
    if survey.smallest is not None:
        notes.append(f"the smallest that works: {words.flow(survey.smallest, layout)}")
    else:
        notes.append(f"no size up to {most:,} works; --max looks farther")
    if not survey.independent:
        notes.append(
            f"the axes depend on one another: each is varied beside the others of {words.flow(survey.scans[-1].at, layout)}"
        )
    return [*found, [], *([(line, "note")] for note in notes for line in wrapped(note, width))]


def _merged(survey: Survey) -> list[tuple[str, Scan]]:
    """Scans by name; axes alike that depend on nothing else are one line."""
    tied = [(f"{' = '.join(scan.axes)}", scan) for scan in survey.scans if len(scan.axes) > 1]
    single = [scan for scan in survey.scans if len(scan.axes) == 1]
    groups: list[tuple[list[str], Scan]] = []
    for scan in single:
        twin = next((g for g in groups if survey.independent and g[1].works == scan.works and g[1].exact == scan.exact), None)
        if twin is not None:
            twin[0].append(scan.axes[0])
        else:
            groups.append(([scan.axes[0]], scan))
    return tied + [(", ".join(names) + (" each" if len(names) > 1 else ""), scan) for names, scan in groups]


def document(subject: Subject, surveys: Mapping[str, Survey], most: int) -> dict[str, Any]:
    """The same as plain data, with every size."""
    return {
        "schema_version": 1,
        "name": subject.name,
        "file": subject.file,
        "max": most,
        "inputs": [
            {
                "name": name,
                "smallest": _flow(survey.smallest, subject.layout),
                "independent": survey.independent,
                "axes": [
                    {
                        "axes": list(scan.axes),
                        "at": _flow(scan.at, subject.layout),
                        "rule": said(scan.works, most),
                        "works": scan.works,
                        "exact": scan.exact,
                    }
                    for scan in survey.scans
                ],
            }
            for name, survey in surveys.items()
        ],
    }


def _flow(flow: Any, layout: str) -> Any:
    if flow is None:
        return None
    return list(flow.ordered(layout)) if hasattr(flow, "ordered") else {"tokens": flow.length, "vocabulary": flow.vocabulary}
