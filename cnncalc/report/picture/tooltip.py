"""Everything that is known of an item, for those who point at it."""

from __future__ import annotations

from cnncalc.report import words
from cnncalc.report.picture.fold import Item
from cnncalc.report.picture.measure import clipped
from cnncalc.subject import Subject

_MOST = 10


def tooltip(item: Item, subject: Subject) -> str:
    """Full names, hyper-parameters, size and parameters, a line each."""
    lines = [
        f"{clipped(node.name, 10, 400)}: {getattr(node.layer, 'kind', node.kind)} {clipped(node.summary, 10, 400)}".rstrip()
        for node in item.nodes[:_MOST]
    ]
    if len(item.nodes) > _MOST:
        lines.append(f"and {words.plural(len(item.nodes) - _MOST, 'more layer')}")
    lines.append(f"output {words.flow(item.flow, subject.layout)}")
    if item.nodes:
        lines.append(words.parameters(item.nodes))
    return "\n".join(lines)
