"""A layer, block or branches row whose result nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    if not subject.whole:
        return
    for node in subject.graph.nodes:
        if subject.readers(node) or id(node) in subject.outputs:
            continue
        # The problem is reported at the outermost block or branches row that has this result.
        giving = [group for group in subject.groups.get(id(node), []) if group.kind != "branch"]
        name, place = (giving[0].name, giving[0].place) if giving else (node.name, node.place)
        message = f"nothing uses what {name} gives; read it, name it in outputs, or take it out"
        yield Finding(place.of("name"), message, name)
