"""The rules of `check`. Each file has one rule, named for the file: its manual (the docstring), its LEVEL, and `find`."""

from __future__ import annotations

from collections.abc import Collection

from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading
from cnncalc.problem import RULES as NAMES
from cnncalc.problem import Problem
from cnncalc.rules.base import CheckedNetwork, Rule

#: All rules by name, warnings before notes.
RULES: dict[str, Rule] = {rule.name: rule for rule in sorted(map(Rule.of, NAMES), key=lambda rule: rule.level == "note")}
#: The rules in the order in which they run: unused-ignore reads the findings of the others.
_ORDER = sorted(RULES.values(), key=lambda rule: rule.name == "unused-ignore")


def run(reading: Reading, chosen: Collection[str]) -> list[Problem]:
    """Return the problems that the `chosen` rules find, without problems that the file ignores."""
    subject = CheckedNetwork(reading)
    problems = Problems(reading.source.file)
    ignored = {one.rule for one in reading.ignores.whole}
    if not all(node.fits or node.fit != "exact" for node in reading.graph.nodes):
        subject.hidden.add("stride-fit")
    subject.tried.add("stride-fit")
    for rule in _ORDER:
        name = rule.name
        if name not in chosen:
            continue
        subject.tried.add(name)
        for finding in rule.find(subject):
            at, file = finding.location, reading.source.file
            if name in ignored:
                subject.hidden.add(name)
            elif not reading.ignores.hides(Problem(name, rule.level, file, at, finding.layer, finding.message)):
                problems.add(name, at, finding.message, layer=finding.layer, fixes=finding.fixes, level=rule.level)
    return problems.sorted()
