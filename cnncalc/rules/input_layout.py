"""An input that looks like channels first but is read as channels last, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analysis.layout import other_layout
from cnncalc.rules.base import Finding, Subject


def find(subject: Subject) -> Iterator[Finding]:
    for source in subject.graph.inputs:
        message = other_layout(subject.graph, source, subject.reading.layout)
        if message is not None:
            yield Finding(source.location, message)
