"""The rules of `check`, one a file; a file's docstring is its manual. A new rule is a file, and a name in problem.py."""

from __future__ import annotations

from collections.abc import Collection

from cnncalc.graph import Graph
from cnncalc.language.comments import Ignores
from cnncalc.language.document import Document
from cnncalc.language.problems import Problems
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


def run(
    graph: Graph,
    document: Document,
    ignores: Ignores,
    errors: list[Problem],
    text: str,
    file: str | None,
    chosen: Collection[str],
) -> list[Problem]:
    """The problems that the `chosen` rules find beside the `errors` of the same text, without those that it ignores."""
    subject = Subject(graph, document, ignores, errors, text)
    problems = Problems(file)
    ignored = {name for name, _ in document.ignored}
    if not all(node.fits or node.fit != "exact" for node in graph.nodes):
        subject.hidden.add("stride-fit")
    subject.tried.add("stride-fit")
    for name, rule in RULES.items():
        if name not in chosen:
            continue
        subject.tried.add(name)
        for finding in rule.find(subject):
            if name in ignored:
                subject.hidden.add(name)
            elif not ignores.hides(Problem(name, rule.level, file, finding.location, finding.layer, finding.message)):
                problems.add(name, finding.location, finding.message, layer=finding.layer, fixes=finding.fixes, level=rule.level)
    return problems.sorted()
