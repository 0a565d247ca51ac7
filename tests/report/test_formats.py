"""Each format is read by somebody else's reader, with names that try to break out of it."""

from __future__ import annotations

import json
import os
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import cnncalc
from cnncalc.problem import ERROR_RULES, Fix, Location, Problem
from cnncalc.report.problems import FORMATS, Result, write
from cnncalc.report.problems.base import fingerprints, relative
from cnncalc.report.problems.text import excerpt, pretty
from cnncalc.rules import RULES

NAMES = [
    "specs/plain.yaml",
    "new\nline ::error::oops.yaml",
    "a,b:c%0A%.yaml",
    "]]><script>alert(1)</script>&amp;.yaml",
    "escape\x1b[31m\x07.yaml",
    "not utf-8 \udcff.yaml",
    "Ünïcode ✓ 漢字.yaml",
    "quotes\"'`.yaml",
]
MESSAGES = [
    "conv1 does not fit: (224 − 11 + 2·0)/4 + 1 = 54.25",
    "name ::warning file=x::\r\n]]> <b> \x00\x1b & \ud800 %25",
    "",
    "x" * 5000,
]


def results() -> list[Result]:
    found = []
    for k, name in enumerate(NAMES):
        at = Location(3 + k, 5, 3 + k, 9)
        problems = [
            Problem("stride-fit", "error", name, at, "conv1", MESSAGES[k % len(MESSAGES)], (Fix(at, "2]]>", False, "stride 2"),)),
            Problem("stride-fit", "error", name, at, "conv1", MESSAGES[k % len(MESSAGES)]),
            Problem("linear-pair", "warning", name, Location(7, 2, 9, 1), None, "two"),
            Problem("unread-cells", "note", name, at, "conv2", "the last row is never read"),
        ]
        found.append(Result(name, problems))
    found.append(
        Result(
            "missing.yaml", [Problem("file", "error", "missing.yaml", Location(), None, "there is no such file")], unusable=True
        )
    )
    found.append(Result("good.yaml", []))
    found.append(Result("docker-compose.yaml", [], skipped=True))
    return found


ALL = [problem for result in results() for problem in result.problems]


def written(form: str) -> str:
    return "".join(write(form, results()))


@pytest.mark.parametrize("form", FORMATS)
def test_is_utf8_without_control_characters(form: str) -> None:
    text = written(form)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", text)
    if form not in ("text",):
        text.encode("utf-8")


def test_text_is_one_line_each() -> None:
    assert len(written("text").splitlines()) == len(ALL)


def test_json() -> None:
    found = json.loads(written("json"))
    assert [one["rule"] for one in found] == [p.rule for p in ALL]
    assert [one["message"] for one in found] == [p.message for p in ALL]
    keys = ["rule", "level", "file", "line", "column", "end_line", "end_column", "layer", "message", "fixes"]
    assert all(list(one) == keys for one in found)
    assert found[0]["fixes"][0] == {
        "title": "stride 2",
        "safe": False,
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 9,
        "text": "2]]>",
    }
    assert json.loads("".join(write("json", []))) == []


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """As GitHub's runner reads a line: actions/runner, ActionCommand.TryParseV2."""
    found = []
    for line in text.split("\n"):
        if not line.lstrip().startswith("::"):
            continue
        head, _, data = line.lstrip()[2:].partition("::")
        name, _, rest = head.partition(" ")
        properties = {}
        for pair in filter(None, rest.split(",")):
            key, _, value = pair.partition("=")
            for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
                value = value.replace(code, character)
            properties[key.strip()] = value
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            data = data.replace(code, character)
        found.append((name, properties, data))
    return found


def test_github() -> None:
    text = written("github")
    found = commands(text)
    assert len(found) == len(ALL) == len(text.splitlines())
    levels = {"error": "error", "warning": "warning", "note": "notice"}
    for (name, properties, _), problem in zip(found, ALL, strict=True):
        assert name == levels[problem.level]
        assert properties["title"] == f"cnncalc {problem.rule}"
        if problem.location.line:
            assert (properties["line"], properties["col"]) == (str(problem.location.line), str(problem.location.column))
    assert found[0][1] == {
        "file": "specs/plain.yaml",
        "line": "3",
        "endLine": "3",
        "col": "5",
        "endColumn": "8",
        "title": "cnncalc stride-fit",
    }
    assert found[0][2] == MESSAGES[0]
    assert [f[1]["file"] for f in found[:24:4]][1] == NAMES[1]
    assert "line" not in found[-1][1]


def test_gitlab() -> None:
    """What docs.gitlab.com says of a Code Quality report: required properties, severities, relative paths, unique fingerprints."""
    found = json.loads(written("gitlab"))
    assert len(found) == len(ALL)
    for one in found:
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= one.keys()
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert isinstance(one["location"]["lines"]["begin"], int)
        assert not one["location"]["path"].startswith(("./", "/"))
    assert len({one["fingerprint"] for one in found}) == len(found)


def test_fingerprints_stay_when_lines_move() -> None:
    moved = [
        r._replace(
            problems=[p._replace(location=Location(p.location.line + 7, 1, p.location.end_line + 7, 2)) for p in r.problems]
        )
        for r in results()
    ]
    assert [f for *_, f in fingerprints(results())] == [f for *_, f in fingerprints(moved)]


def test_sarif_is_read_by_its_object_model() -> None:
    model = pytest.importorskip("sarif_pydantic", reason="sarif-pydantic is not installed")
    log = model.Sarif.model_validate_json(written("sarif"))
    (run,) = log.runs
    assert len(run.results) == len(ALL)
    assert run.tool.driver.semantic_version == cnncalc.__version__


def test_sarif() -> None:
    log: dict[str, Any] = json.loads(written("sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [*ERROR_RULES, *RULES]
    for one, problem in zip(run["results"], ALL, strict=True):
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"] == problem.rule
        assert one["level"] == problem.level
        place = one["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
        if problem.location.line:
            region = place["region"]
            assert 1 <= region["startLine"] <= region["endLine"]
            assert region["startColumn"] >= 1
    prints = [one["partialFingerprints"]["cnncalc/v1"] for one in run["results"]]
    assert len(set(prints)) == len(prints)
    (change,) = run["results"][0]["fixes"][0]["artifactChanges"]
    assert change["replacements"][0] == {
        "deletedRegion": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
        "insertedContent": {"text": "2]]>"},
    }


def test_junit_is_read_by_junitparser() -> None:
    junitparser = pytest.importorskip("junitparser", reason="junitparser is not installed")
    xml = junitparser.JUnitXml.fromstring(written("junit").encode())
    (suite,) = xml
    failures = [case for case in suite if case.result and any(isinstance(r, junitparser.Failure) for r in case.result)]
    errors = [p for p in ALL if p.level == "error"]
    assert (xml.tests, xml.failures, len(failures)) == (len(errors) + 1, len(errors), len(errors))
    assert failures[0].result[0].message == MESSAGES[0]
    assert "docker-compose" not in written("junit")


def test_junit_of_a_strict_run_fails_on_warnings() -> None:
    strict = [r._replace(strict=True) for r in results()]
    root = ET.fromstring("".join(write("junit", strict)))
    assert len(root.findall(".//failure")) == len([p for p in ALL if p.level != "note"])


def test_relative(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert relative(f"{tmp_path}/a/b.yaml") == "a/b.yaml"
    assert relative("./a/../c.yaml") == "c.yaml"
    assert relative("/elsewhere/x.yaml") == "/elsewhere/x.yaml"


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
def test_sarif_of_a_file_elsewhere() -> None:
    problem = Problem("file", "error", "/else where/x.yaml", Location(), None, "there is no such file")
    log = json.loads("".join(write("sarif", [Result("/else where/x.yaml", [problem])])))
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "file:///else%20where/x.yaml"}}


@pytest.mark.parametrize(
    ("line", "at", "below"),
    [
        ("  - {conv: 1}", Location(4, 6, 4, 10), "     ^^^^"),
        ("\t- {conv: 1}", Location(4, 5, 4, 6), "    ^"),
        ("漢字: 5", Location(4, 5, 4, 6), "      ^"),
        ("é\u0301x", Location(4, 3, 4, 4), " ^"),
        ("ab\x1b[0mcd", Location(4, 7, 4, 9), "         ^^"),
        ("- branches:", Location(4, 3, 9, 1), "  ^^^^^^^^^"),
        ("", Location(4, 1, 4, 1), "^"),
    ],
)
def test_caret(line: str, at: Location, below: str) -> None:
    shown = excerpt(Problem("value", "error", None, at, None, ""), line).splitlines()
    assert shown[1] == f"    | {below}"
    assert shown[0].isprintable()


def test_pretty_colours_the_level_alone() -> None:
    problem = Problem("value", "error", "a.yaml", Location(1, 1, 1, 3), None, "an error: no")
    text = "".join(pretty([Result("a.yaml", [problem], lines={("a.yaml", 1): "input: 0"})], colour=True))
    assert text == "\x1b[1ma.yaml:1:1: \x1b[31merror: \x1b[0man error: no [value]\n  1 | input: 0\n    | ^^\n"
