"""Finds the anchor of a YAML alias in a text."""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

_LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class Alias(NamedTuple):
    """An alias, its range, the line and column of its anchor from 1, and the range of the anchor with its value."""

    name: str
    span: tuple[int, int]
    at: tuple[int, int]
    anchored: tuple[int, int]


def alias_at(text: str, offset: int) -> Alias | None:
    """Return the alias at an offset; None if there is none, or if the text cannot be parsed up to there."""
    anchors: dict[str, tuple[Any, int]] = {}
    opened: list[tuple[str | None, Any]] = []
    events: Any = yaml.parse(text, _LOADER)
    try:
        for event in events:
            start, end = event.start_mark, event.end_mark
            if isinstance(event, yaml.AliasEvent):
                if start.index <= offset <= end.index and event.anchor in anchors:
                    mark, last = anchors[event.anchor]
                    place = mark.line + 1, mark.column + 1
                    return Alias(event.anchor, (start.index, end.index), place, (mark.index, last))
                if start.index > offset:
                    break
            elif isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, start))
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, first = opened.pop()
                if anchor is not None:
                    anchors[anchor] = first, end.index
            elif isinstance(event, yaml.ScalarEvent) and event.anchor is not None:
                anchors[event.anchor] = start, end.index
    except yaml.YAMLError:
        pass
    return None
