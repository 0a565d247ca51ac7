"""Recognises rows in the style of other tools, and suggests the row to write instead."""

from __future__ import annotations

from collections.abc import Container

from cnncalc.language import suggest
from cnncalc.language.source import Mapping, Scalar, YamlNode, value_of
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
