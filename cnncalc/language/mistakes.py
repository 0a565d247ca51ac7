"""Recognises rows in the style of other tools, and suggests the row to write instead."""

from __future__ import annotations

from collections.abc import Container
from copy import copy

from cnncalc.language import suggest
from cnncalc.language.source import Mapping, Scalar, Sequence, YamlNode, value_of
from cnncalc.layers import KINDS, Layer
from cnncalc.spelling import listed
from cnncalc.values import Value

_TYPE_KEYS = ("type", "kind", "layer", "layer_type", "class_name", "class", "op", "op_type", "module")


def two_kinds(first: str, second: str, value: Value) -> str:
    """Return the advice for a row with two kinds."""
    declared = suggest.field_for(KINDS[first], second) if first in KINDS else None
    if declared is not None and not declared.main:
        return f"write {declared.name}: {suggest.text(value)} for the field of {first}, or two rows"
    return suggest.own_row(second, value) if second in KINDS else "write two rows"


def kind_as_value(node: Mapping, unknown: str, blocks: Container[str]) -> tuple[Scalar, str] | None:
    """Return a key such as `type` whose value is the kind, and the advice; `unknown` is the row's first unknown key."""
    for name in _TYPE_KEYS:
        key, value = node.pairs.get(name, (None, None))
        if key is None or not isinstance(value, Scalar) or value.null:
            continue
        rest = {k: value_of(v) for k, (_, v) in node.pairs.items() if k != name}
        word = value.text.removesuffix("()")
        if word in blocks:
            return key, f"write {suggest.braces({'block': word, **{k: suggest.text(v) for k, v in rest.items()}})}"
        kind = suggest.kind_called(word)
        if kind is not None:
            return key, f"write {suggest.rewritten(kind, rest)}"
        if name == unknown:
            return key, "as in {conv: 64, kernel_size: 3}"
    return None


def is_letter(word: str) -> bool:
    """Return whether `word` is a letter of the lecture's formula: N, F, S, P, K, D."""
    return len(word) == 1 and word.isupper()


def in_letters(kind: type[Layer], pairs: dict[str, tuple[Scalar, YamlNode]], letters: list[str]) -> str:
    """Return the message for a row with letters as field names."""
    row = suggest.rewritten(kind.kind, {name: value_of(node) for name, (_, node) in pairs.items() if name != kind.kind})
    main = value_of(pairs[kind.kind][1]) if kind.kind in pairs else None
    if main is not None:
        row = row.replace(f"{kind.kind}: …", f"{kind.kind}: {suggest.text(main)}")
    return f"{kind.kind} has no {listed(letters)}: fields are written in words; write {row}"


def letters_alone(node: Mapping) -> str | None:
    """Return the row to write instead of a row of letters alone, `{K: 8, F: 3, S: 1}`; None for any other row."""
    if "K" not in node.pairs or not all(map(is_letter, node.pairs)):
        return None
    return suggest.rewritten("conv", {name: value_of(value) for name, (_, value) in node.pairs.items()})


def fields_below(kind: type[Layer], value: YamlNode) -> str | None:
    """Return the message for fields nested under the kind, `conv: {filters: 64, kernel_size: 7}`; None for other values."""
    if not isinstance(value, Mapping) or not value.pairs or any(suggest.field_for(kind, name) is None for name in value.pairs):
        return None
    fields = {name: value_of(node) for name, (_, node) in value.pairs.items()}
    return f"the fields of {kind.kind} stand beside it, not below it; write {suggest.rewritten(kind.kind, fields)}"


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
        row = suggest.braces({name: suggest.text(value_of(value)) for name, (_, value) in self.row.pairs.items()})
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
