"""Folders of files: one fault each with its place and rule, and tricky ones that are right."""

from collections import defaultdict
from pathlib import Path

import pytest

import cnncalc

HERE = Path(__file__).parent
EXPECTED = defaultdict(list)
for _line in (HERE / "bad" / "EXPECTED.tsv").read_text(encoding="utf-8").splitlines():
    if _line.strip() and not _line.startswith("#"):
        _file, *_what = _line.split("\t")
        EXPECTED[_file].append(_what)


def problems(path):
    try:
        return cnncalc.load(path).problems
    except cnncalc.SpecError as error:
        return error.problems


def test_every_bad_file_is_expected_and_every_expected_file_there():
    assert {path.name for path in (HERE / "bad").glob("*.y*ml")} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_bad_file_has_its_problems_at_their_places(name):
    found = problems(HERE / "bad" / name)
    said = "\n".join(map(str, found))
    assert len(found) == len(EXPECTED[name]), said
    for (line, column, rule, part), problem in zip(EXPECTED[name], found, strict=True):
        assert problem.rule == rule, said
        assert line in ("*", str(problem.location.line)), said
        assert column in ("*", str(problem.location.column)), said
        assert part in problem.message, said
        assert str(problem).isprintable()


@pytest.mark.parametrize("path", sorted((HERE / "good").glob("*.y*ml")), ids=lambda path: path.stem)
def test_a_good_file_has_none(path):
    net = cnncalc.load(path)
    assert [str(problem) for problem in net.problems] == []
    assert all(node.shape is not None for node in net.layers)
