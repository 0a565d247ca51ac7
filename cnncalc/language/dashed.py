"""Fields behind a dash of their own: they belong to the row above."""

from __future__ import annotations

from copy import copy

from cnncalc.language.source import Mapping, Sequence, YamlNode, value_of
from cnncalc.layers import KINDS
from cnncalc.spelling import listed


class Dashed:
    """A row whose fields have dashes of their own, as if they were rows: `- conv: 8`, `- kernel_size: 3`."""

    def __init__(self, row: Mapping, first: Mapping) -> None:
        self.row = copy(row)
        self.row.pairs = dict(row.pairs)
        #: The first of the fields.
        self.first = first
        self.names: list[str] = []

    def add(self, item: Mapping) -> None:
        self.row.pairs.update(item.pairs)
        self.names += item.pairs

    @property
    def message(self) -> str:
        from cnncalc.language.suggest import braces, text

        row = braces({name: text(value_of(value)) for name, (_, value) in self.row.pairs.items()})
        fields = "is a field" if len(self.names) == 1 else "are fields"
        return f"{listed(self.names)} {fields} of the row above and no row; write - {row}"


def joined(node: Sequence) -> tuple[list[YamlNode], list[Dashed]]:
    """Return the rows of a list, with fields on dashes of their own added to the row above, and the rows that got such fields."""
    items: list[YamlNode] = []
    found: list[Dashed] = []
    last: Dashed | None = None
    for item in node.items:
        above = items[-1] if items else None
        if not isinstance(item, Mapping) or not isinstance(above, Mapping) or not _only_fields(item, above):
            items.append(item)
            last = None
            continue
        if last is None:
            last = Dashed(above, item)
            found.append(last)
            items[-1] = last.row
        last.add(item)
    return items, found


def _only_fields(item: Mapping, above: Mapping) -> bool:
    """Return whether a row has no kind, but only fields that the row above could have and does not have yet."""
    if not item.pairs or any(name in KINDS or name in above.pairs for name in item.pairs):
        return False
    kind = next((KINDS[name] for name in above.pairs if name in KINDS), None)
    return kind is not None and all(name in kind.options and not kind.options[name].main for name in item.pairs)
