"""Maps that are written as lists, and inputs that are written as rows."""

from __future__ import annotations

from copy import copy

from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode
from cnncalc.spelling import normal


def listed_map(node: YamlNode) -> Mapping | None:
    """Return the map that a list means, `[width: 8]` or `[{name: stem, layers: […]}]`; words become keys without a value."""
    if not isinstance(node, Sequence) or not node.items:
        return None
    found = Mapping(True, _Start(node))
    found.end_line, found.end_column = node.end_line, node.end_column
    for item in node.items:
        if isinstance(item, Scalar) and not item.null:
            nothing = copy(item)
            nothing.text, nothing.null = "", True
            found.pairs.setdefault(item.text, (item, nothing))
        elif isinstance(item, Mapping) and isinstance(item.get("name"), Scalar) and len(item.pairs) > 1:
            name, rest = item.pairs["name"][1], copy(item)
            rest.pairs = {key: pair for key, pair in item.pairs.items() if key != "name"}
            assert isinstance(name, Scalar)
            found.pairs.setdefault(name.text, (name, rest))
        elif isinstance(item, Mapping):
            for key, pair in item.pairs.items():
                found.pairs.setdefault(key, pair)
        else:
            return None
    return found


class _Start:
    """The place where a node begins, as PyYAML counts."""

    def __init__(self, node: YamlNode) -> None:
        self.line = node.line - 1
        self.column = node.column - 1


def begins_with_input(rows: YamlNode | None) -> bool:
    """Return whether the first of the rows is the input as other tools have it, `{input: 32x32x3}` or `{InputLayer: …}`."""
    row = rows.items[0] if isinstance(rows, Sequence) and rows.items else None
    first = next(iter(row.pairs), "") if isinstance(row, Mapping) else ""
    return normal(first) in ("input", "inputlayer", "data", "inputs")
