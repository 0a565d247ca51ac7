"""Input sizes that work, as a table of rules and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnncalc.analysis.layout import other_layout
from cnncalc.analysis.sizes import in_words, listed, rule
from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.grid import grid
from cnncalc.report.network.table import Row, wrapped
from cnncalc.studies.oracle import FailingLayer
from cnncalc.studies.sizes import Scan, Survey
from cnncalc.subject import Subject

_SKIPPED = "expect not checked: it applies to the file's own input"


def rows(subject: Subject, surveys: Mapping[str, Survey], width: int | None, *, expect_skipped: bool = False) -> list[Row]:
    """Return a line for each way to vary an input, with a second column if a floor or a ceiling is taken.

    The name of a survey is that of its input, or ` = ` between those of several that stay equal.
    """
    found: list[Row] = [[(f"{words.sentence(subject.name)}: {_title(surveys)}", "title")]]
    for name, survey in surveys.items():
        found.append([])
        if len(surveys) > 1 or name != "input":
            found.append([(f"{one_line(name)}{_others(subject, name, survey)}", "header")])
        found += _survey(subject, survey, width)
    for source in subject.inputs:
        doubt = other_layout(subject.graph, source, subject.layout)
        found += [[(line, "note")] for line in wrapped(doubt, width)] if doubt is not None else []
    if expect_skipped:
        found += [[(line, "note")] for line in wrapped(_SKIPPED, width)]
    return found


def _others(subject: Subject, name: str, survey: Survey) -> str:
    """The sizes of the other inputs: those of the file, or the nearest on which the network works."""
    varied = name.split(" = ")
    pairs = [(source, flow) for source, flow in zip(subject.inputs, survey.beside, strict=False) if source.name not in varied]
    changed = [f"{one_line(source.name)} {words.flow(flow, subject.layout)}" for source, flow in pairs if flow != source.flow]
    if changed:
        return f", with {' and '.join(changed)}, the nearest on which the network works"
    return ", the other inputs as in the file" if pairs else ""


def _title(surveys: Mapping[str, Survey]) -> str:
    """The title: the largest sizes that were tried."""
    most = {
        (axis, scan.most) for survey in surveys.values() for scan in survey.scans for axis in scan.axes if len(scan.axes) == 1
    }
    most = most or {(axis, scan.most) for survey in surveys.values() for scan in survey.scans for axis in scan.axes}
    limits = {limit for _, limit in most}
    if len(limits) == 1:
        return f"sizes up to {limits.pop():,}"
    return "sizes up to " + ", ".join(f"{axis} {limit:,}" for axis, limit in sorted(most)) if most else "sizes"


def _survey(subject: Subject, survey: Survey, width: int | None) -> list[Row]:
    if not survey.scans:
        works = "it works" if survey.smallest is not None else "and the network does not work on it"
        return [[(f"a vector has no size to vary, {works}", "")]]
    rounded = any(scan.works != scan.exact for scan in survey.scans)
    lines = []
    for name, scan in _merged(survey):
        line = [name, _sizes(scan, scan.works)]
        if rounded:
            line.append(_sizes(scan, scan.exact))
        lines.append(line)
    found = grid(["", "works", *(["every stride fits"] if rounded else [])], lines, width=width)
    return [*found, [], *([(line, "note")] for note in _notes(subject, survey) for line in wrapped(note, width))]


def _notes(subject: Subject, survey: Survey) -> Iterator[str]:
    """Yield the smallest size, the layers that limit the sizes, and the sizes that were not tried."""
    layout, scans = subject.layout, survey.scans
    most = max(scan.most for scan in scans)
    stops = {stop.fault.node.name: stop for stop in (scan.stop for scan in scans) if stop is not None}
    cut = any(scan.cut for scan in scans)
    reason = "because that would take long" if cut else "--max searches further"
    if survey.smallest is None:
        yield f"no size was found; not searched beyond {most:,}, {reason}"
    elif survey.independent and not any(scan.tried for scan in scans) and any(scan.stop is None for scan in scans):
        yield f"the smallest that works: {words.flow(survey.smallest, layout)}"
    for name, stop in stops.items():
        limited = [axis for scan in scans if scan.stop is not None and scan.stop.fault.node.name == name for axis in scan.axes]
        yield _stopped(list(dict.fromkeys(limited)), stop, layout)
    if survey.smallest is not None and not stops and any(_unknown(scan) for scan in scans):
        yield f"no rule covers sizes beyond {most:,}, which were not searched{',' if cut else ';'} {reason}"
    elif cut:
        yield f"sizes beyond {most:,} were not searched, {reason}"
    for scan in scans:
        if scan.tried:
            yield f"only these sizes were tried, because layers of this network change with its input: {listed(scan.tried)}"
    declared = [node.name for node in subject.layers if node.layer.opaque]
    if declared:
        more = f" and {len(declared) - 1:,} more" if len(declared) > 1 else ""
        yield f"{one_line(declared[0])}{more} only states its output: whether it takes other sizes is not known"
    if not survey.independent:
        at = words.flow(scans[-1].at, layout)
        yield f"the axes depend on one another: each is varied while the others are those of {at}"


def _sizes(scan: Scan, sizes: list[int]) -> str:
    """The sizes of a scan in words."""
    return (listed(sizes) or "none of those tried") if scan.tried else in_words(sizes, scan.most)


def _unknown(scan: Scan) -> bool:
    """Whether larger sizes may work that were not tried."""
    return not scan.tried and rule(scan.works, scan.most) is None


def _stopped(axes: list[str], stop: FailingLayer, layout: str) -> str:
    """Which layer limits the sizes, with its message on one of those that do not work."""
    node, error = stop.fault.node, stop.fault.error
    reason = "its stride does not fit" if error is None else error.text(layout)
    line = f" (line {node.line})" if node.line else ""
    return f"{one_line(node.name)}{line} limits {' and '.join(axes)}: on {words.flow(stop.at, layout)}, {reason}"


def _merged(survey: Survey) -> list[tuple[str, Scan]]:
    """Return the scans by name, independent axes with the same sizes in one line."""
    single = [scan for scan in survey.scans if len(scan.axes) == 1]
    # If a layer limits every axis, equal sizes that work are a coincidence.
    limited = bool(single) and all(scan.stop is not None and scan.works for scan in single)
    tied = [(f"{' = '.join(scan.axes)}", scan) for scan in survey.scans if len(scan.axes) > 1 and not limited]
    groups: list[tuple[list[str], Scan]] = []
    for scan in single:
        twin = next((g for g in groups if survey.independent and g[1].works == scan.works and g[1].exact == scan.exact), None)
        if twin is not None:
            twin[0].append(scan.axes[0])
        else:
            groups.append(([scan.axes[0]], scan))
    return tied + [(", ".join(names) + (" each" if len(names) > 1 else ""), scan) for names, scan in groups]


def document(subject: Subject, surveys: Mapping[str, Survey]) -> dict[str, Any]:
    """Return the same as plain data, with every size."""
    return {
        "schema_version": 1,
        "name": subject.name,
        "file": subject.file,
        "max": max((scan.most for survey in surveys.values() for scan in survey.scans), default=0),
        "inputs": [
            {
                "name": name,
                "smallest": _flow(survey.smallest, subject.layout),
                "independent": survey.independent,
                "axes": [
                    {
                        "axes": list(scan.axes),
                        "at": _flow(scan.at, subject.layout),
                        "max": scan.most,
                        "rule": _sizes(scan, scan.works),
                        "limited_by": scan.stop.fault.node.name if scan.stop is not None else None,
                        **({"tried": list(scan.tried)} if scan.tried else {}),
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
