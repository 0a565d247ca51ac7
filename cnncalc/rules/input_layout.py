"""An input that looks like channels first but is read as channels last."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analysis.layout import channels_last, looks_channels_first
from cnncalc.rules.base import Finding, Subject
from cnncalc.shape import Shape


def find(subject: Subject) -> Iterator[Finding]:
    if subject.reading.layout != "channels_last":
        return
    for source in subject.graph.inputs:
        x = source.flow
        if isinstance(x, Shape) and looks_channels_first(subject.graph, source):
            channels = f"{x[0]} channel{'s' * (x[0] > 1)}"
            message = (
                f"{source.name} {x} is read as {' × '.join(x.axes)} × channels; "
                f"for {channels} write {channels_last(x)}, or layout: channels_first"
            )
            yield Finding(source.location, message)
