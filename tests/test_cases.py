"""Networks that were once judged wrongly: their errors and warnings, line by line, as EXPECTED.tsv has them.

A file without a line there has neither.
"""

from pathlib import Path

import pytest

import cnncalc
from cnncalc.problem import RULES
from cnncalc.rules import run

HERE = Path(__file__).parent / "cases"
WARNINGS = [name for name, level in RULES.items() if level == "warning"]
EXPECTED = {path.name: [] for path in sorted(HERE.glob("*.yaml"))}
for line in (HERE / "EXPECTED.tsv").read_text("utf-8").splitlines():
    name, row, column, rule, part = line.split("\t")
    EXPECTED[name].append((int(row), int(column), rule, part))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_case_has_its_problems_at_their_places(name):
    net = cnncalc.load(HERE / name)
    found = sorted([*net.problems, *run(net.reading, WARNINGS)], key=lambda p: (p.location, p.rule))
    assert [(p.location.line, p.location.column, p.rule) for p in found] == [one[:3] for one in EXPECTED[name]], found
    for problem, (*_, part) in zip(found, EXPECTED[name], strict=True):
        assert part in problem.message


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        # (500 − 3 + 2·100)/1 + 1 = 698
        ("01-fit-ceil-conv-padding-ge-window", {"conv1": (698, 698, 64)}),
        ("07-spatial-gate-one-channel", {"multiply1": (28, 28, 64)}),
        # Windows start at cells −2, 2 and 6; one at 10 would lie behind the input.
        ("20-ceiling-is-taken-but-is-not", {"avgpool1": (3, 3, 1)}),
    ],
)
def test_shapes(name, shapes):
    net = cnncalc.load(HERE / f"{name}.yaml")
    assert {layer: tuple(net[layer].shape) for layer in shapes} == shapes
