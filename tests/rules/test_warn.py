"""The files of tests/warn give just the warnings of its table; networks that are published and files that are good give none."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnncalc
from cnncalc.problem import Problem
from cnncalc.rules import RULES, run

WARN = Path("tests/warn")
WARNINGS = [name for name, rule in RULES.items() if rule.level == "warning"]


def expected() -> dict[str, list[tuple[int, int, str, str]]]:
    found: dict[str, list[tuple[int, int, str, str]]] = {path.name: [] for path in WARN.glob("*.yaml")}
    for line in (WARN / "EXPECTED.tsv").read_text("utf-8").splitlines():
        file, row, column, rule, part = line.split("\t")
        found[file].append((int(row), int(column), rule, part))
    return found


EXPECTED = expected()


def check(path: Path, chosen: list[str]) -> list[Problem]:
    net = cnncalc.load(path)
    assert net.problems == []
    return run(net.reading, chosen)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_warnings(name: str) -> None:
    found = check(WARN / name, WARNINGS)
    assert [(p.location.line, p.location.column, p.rule) for p in found] == [e[:3] for e in sorted(EXPECTED[name])]
    for problem, (*_, part) in zip(found, sorted(EXPECTED[name]), strict=True):
        assert part in problem.message
        assert problem.level == "warning"


def test_a_softmax_before_a_layer_of_unknown_weights_is_not_said_to_feed_a_later_one() -> None:
    text = "input: 8x8x4\nlayers: [softmax, {conv: 4, kernel_size: 3, groups: 3}, {fc: 5}, relu, {fc: 6}]\n"
    net = cnncalc.loads(text)
    assert [p.rule for p in net.problems] == ["shape"]
    assert run(net.reading, ["softmax-inside", "linear-pair"]) == []


def test_each_warning_has_a_file() -> None:
    assert {rule for lines in EXPECTED.values() for _, _, rule, _ in lines} == set(WARNINGS)


@pytest.mark.parametrize("path", sorted([*Path("specs").glob("*.yaml"), *Path("tests/good").glob("*.yaml")]), ids=str)
def test_no_noise(path: Path) -> None:
    assert check(path, WARNINGS) == []


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        # ResNet's shortcuts, read in all three stages that halve the size; its first convolution and pool leave padding only.
        ("resnet50", {"strided-pointwise", "unread-cells"}),
        ("squeezenet1_1", {"unread-cells"}),
        ("alexnet", set()),
    ],
)
def test_notes_of_published_networks(name: str, notes: set[str]) -> None:
    assert {p.rule for p in check(Path(f"specs/{name}.yaml"), list(RULES))} == notes
