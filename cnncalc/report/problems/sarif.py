"""SARIF 2.1.0 for code scanning: rules with their manuals, results with positions, fingerprints and fixes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from cnncalc.problem import ERROR_RULES, Fix, Location, Problem
from cnncalc.report.problems.base import Result, clean, fingerprints, relative
from cnncalc.rules import RULES
from cnncalc.rules.manual import manual, summary

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {**dict.fromkeys(ERROR_RULES, "error"), **{name: rule.level for name, rule in RULES.items()}}


def write(results: Iterable[Result]) -> Iterator[str]:
    from cnncalc import __version__

    names = list(_LEVELS)
    found: list[dict[str, Any]] = []
    for result, problem, fingerprint in fingerprints(results):
        found.append(_result(problem.file or result.file, problem, fingerprint, names.index(problem.rule)))
    driver = {"name": "cnncalc", "semanticVersion": __version__, "rules": [_rule(name) for name in names]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The root of the repository, or the folder in which cnncalc was started."}}
        },
        "results": found,
    }
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(name: str) -> dict[str, Any]:
    text, short = manual(name), summary(name)
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": short},
        "fullDescription": {"text": short},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[name]},
    }


def _result(file: str, problem: Problem, fingerprint: str, index: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(file)}
    if problem.location.line:
        place["region"] = _region(problem.location)
    found: dict[str, Any] = {
        "ruleId": problem.rule,
        "ruleIndex": index,
        "level": problem.level,
        "message": {"text": clean(problem.message)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"cnncalc/v1": fingerprint},
    }
    if problem.layer:
        found["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": problem.layer, "kind": "member"}]
    if problem.fixes:
        found["fixes"] = [_fix(file, fix) for fix in problem.fixes]
    return found


def _artifact(file: str) -> dict[str, str]:
    path = relative(file)
    if PurePath(path).is_absolute():
        return {"uri": PurePath(path).as_uri()}
    return {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": "%SRCROOT%"}


def _region(at: Location) -> dict[str, int]:
    last = at.end_line if at.end_line >= at.line else at.line
    return {
        "startLine": at.line,
        "startColumn": max(1, at.column),
        "endLine": last,
        "endColumn": max(1, at.end_column, at.column if last == at.line else 1),
    }


def _fix(file: str, fix: Fix) -> dict[str, Any]:
    replacement = {"deletedRegion": _region(fix.location), "insertedContent": {"text": fix.text}}
    change = {"artifactLocation": _artifact(file), "replacements": [replacement]}
    return {"description": {"text": fix.title}, "artifactChanges": [change]}
