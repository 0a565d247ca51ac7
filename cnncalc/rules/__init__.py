"""The rules of `check`, one a file; a file's docstring is its manual. A new rule is a file, and a name in problem.py."""

from __future__ import annotations

from collections.abc import Collection

from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading
from cnncalc.problem import Problem
from cnncalc.rules import (
    bias_before_norm,
    checkerboard,
    even_same_padding,
    linear_pair,
    padding_too_large,
    skipped_cells,
    small_receptive_field,
    softmax_inside,
    strided_pointwise,
    unread_cells,
    unused_definition,
    unused_ignore,
    unused_result,
)
from cnncalc.rules.base import Rule, Subject

#: By name; `unused-ignore` is last, as it looks at what became of the others.
RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in map(
        Rule.of,
        (
            bias_before_norm,
            checkerboard,
            even_same_padding,
            linear_pair,
            padding_too_large,
            skipped_cells,
            small_receptive_field,
            softmax_inside,
            strided_pointwise,
            unread_cells,
            unused_definition,
            unused_result,
            unused_ignore,
        ),
    )
}


def run(reading: Reading, chosen: Collection[str]) -> list[Problem]:
    """The problems that the `chosen` rules find, without those that the file ignores."""
    subject = Subject(reading)
    problems = Problems(reading.source.file)
    ignored = {one.rule for one in reading.ignores.whole}
    if not all(node.fits or node.fit != "exact" for node in reading.graph.nodes):
        subject.hidden.add("stride-fit")
    subject.tried.add("stride-fit")
    for name, rule in RULES.items():
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
