"""Recognises rows in the style of other tools, and suggests the row to write instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Container
from copy import copy
from typing import NamedTuple

from cnncalc.language import suggest
from cnncalc.language.calls import row_of
from cnncalc.language.colons import pairs_meant
from cnncalc.language.foreign import advice
from cnncalc.language.row import MERGES, ROW_KEYS, Row
from cnncalc.language.source import Mapping, Scalar, YamlNode, location, value_of
from cnncalc.layers import KINDS, Layer
from cnncalc.problem import Fix
from cnncalc.shape import LayerError
from cnncalc.spelling import listed, meant, normal
from cnncalc.values import Value, written

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


def block_use(name: str, blocks: Container[str], value: YamlNode | None) -> str:
    """Return the row that uses a block, with its parameters that have no default; `value` is that of the only one."""
    block = blocks[name] if isinstance(blocks, dict) else None
    needed = [key for key, default in block.parameters.items() if default is None] if block is not None else []
    given = suggest.text(value_of(value)) if isinstance(value, Scalar) and not value.null else "…"
    return suggest.braces({"block": name, **{key: given if len(needed) == 1 else "…" for key in needed}})


def unknown_kind(
    at: Scalar, word: str, blocks: Container[str], value: YamlNode | None = None
) -> tuple[str, Scalar, str, tuple[Fix, ...]]:
    """Return rule, place, message and fixes of a row whose kind is not known; `value` is the value of that key."""
    shown = written(word)
    fixes: tuple[Fix, ...] = ()
    row = row_of(word)
    glued = glued_word(word)
    words = words_row(word)
    if glued is not None:
        return "unknown-kind", at, glued, fixes
    if word in blocks:
        message = f"{shown} is a block; write {block_use(word, blocks, value)}"
    elif word in ("block", "branches"):
        message = f"{word} wants a map: {{block: NAME}}, or branches with its rows and merge"
    elif row is not None:
        message = f"{shown} is code of another tool; write - {row}"
    elif words is not None:
        message = f"{shown} is no row; write - {words}"
    elif value is not None and advice(normal(word)) is None and (named := named_row(word, value)) is not None:
        message = f"{shown} is the name of a row, not a layer kind; write - {named}"
    else:
        message = f"{shown} is no layer kind{suggest.kind_hint(word)}"
        fixes = renamed(at, suggest.kind_for(word))
    return "unknown-kind", at, message, fixes


def renamed(at: Scalar, word: str | None) -> tuple[Fix, ...]:
    """Return the fix that writes another word in place of a key or a row; none if there is no word to suggest."""
    return (Fix(location(at), word, False, f"Write {word}"),) if word is not None else ()


class Kindless(NamedTuple):
    """The problem of a row without a kind; `name` is the key in place of the kind, `meant` the kind that it certainly means."""

    rule: str
    at: YamlNode
    message: str
    fixes: tuple[Fix, ...] = ()
    name: str | None = None
    meant: str | None = None


def without_kind(node: Mapping, blocks: Container[str]) -> Kindless:
    """Return the problem of a row that has keys but no kind."""
    fields = {name for kind in KINDS.values() for name in kind.options if not (kind.main and name == kind.main.name)}
    name = next((name for name in node.pairs if name not in ROW_KEYS and name not in fields and name != "merge"), None)
    if name is None:
        keys = ", ".join(map(written, list(node.pairs)[:5]))
        message = f"this row has no layer kind, only {keys}; begin it with one, as in {{conv: 64, kernel_size: 3}}"
        return Kindless("row", node, message)
    in_words = letters_alone(node)
    if in_words is not None:
        message = f"{name} is no layer kind: a row is written in words; write {in_words}"
        return Kindless("unknown-kind", node.pairs[name][0], message, name=name)
    typed = kind_as_value(node, name, blocks)
    if typed is not None:
        message = f"{typed[0].text} is no key of a row: the kind itself is the key; {typed[1]}"
        return Kindless("unknown-kind", typed[0], message, name=name)
    key, value = node.pairs[name]
    return Kindless(*unknown_kind(key, name, blocks, value), name, suggest.kind_called(name))


def is_field_of(first: str, kind: str) -> bool:
    """Return whether a row's first key is another tool's name of a kind that has a field called `kind`: Darknet's `pad`."""
    called = suggest.kind_called(first)
    return called is not None and suggest.field_for(KINDS[called], kind) is not None


class Glued(NamedTuple):
    """A row with a colon that no space follows, or an equals sign: the row that is meant."""

    row: Mapping
    first: Scalar
    message: str


_GLUED = re.compile(r"([A-Za-z_][\w.]*)(:|\s*=\s*)([^\s:=].*)")


def glued_row(node: Mapping) -> Glued | None:
    """Return the row that is meant by `{conv:16, kernel_size:3}` or `{conv=16}`; None for any other row."""
    found = {name: match for name, (_, value) in node.pairs.items() if _is_null(value) and (match := _GLUED.fullmatch(name))}
    if not found:
        return None
    row = copy(node)
    row.pairs = {}
    for name, (key, value) in node.pairs.items():
        if name in found:
            word, rest = copy(key), copy(key)
            word.text, rest.text, rest.null = found[name][1], found[name][3], False
            row.pairs[word.text] = (word, rest)
        else:
            row.pairs[name] = (key, value)
    first = next(iter(found))
    text = suggest.braces({name: suggest.text(value_of(value)) for name, (_, value) in row.pairs.items()})
    return Glued(row, node.pairs[first][0], f"{written(first)} {_glue(found[first][2])}; write {text}")


def glued_word(text: str) -> str | None:
    """Return the message for the row `conv:16` or `conv=16`; None for any other word."""
    match = _GLUED.fullmatch(text)
    if match is None or suggest.kind_called(match[1]) is None:
        return None
    return f"{written(text)} {_glue(match[2])}; write - {match[1]}: {match[3]}"


def glued_field(kind: type[Layer], name: str) -> str | None:
    """Return the message for the field `kernel_size:3` or `kernel_size=3`; None for any other key."""
    match = _GLUED.fullmatch(name)
    if match is None or suggest.field_for(kind, match[1]) is None:
        return None
    return f"{written(name)} {_glue(match[2])}; write {match[1]}: {match[3]}"


def _glue(sign: str) -> str:
    return "needs a space behind the colon" if sign == ":" else "needs a colon and a space in place of ="


def _is_null(node: YamlNode) -> bool:
    return isinstance(node, Scalar) and node.null


def advised(row: Row, name: str, fact: LayerError, names: Collection[str]) -> LayerError:
    """Return the error in the field `name` with the row or the value to write, if these are known."""
    assert row.layer is not None
    if fact.rule == "missing" and name == row.kind:
        main = row.layer.main.name if row.layer.main is not None else None
        found = {key: value_of(a.node) for key, a in row.fields.items()}
        readable = {key: suggest.text(value) for key, value in found.items() if suggest.is_readable(row.layer, key, value)}
        given = readable.pop(row.kind, "") if fact.field not in (None, main) else ""
        others = {key: value for key, value in readable.items() if key != row.kind}
        return LayerError(f"{fact.template}; write {suggest.usage(row.layer, others, given)}", rule=fact.rule)
    value = row.fields.get(name)
    if fact.rule == "value" and value is not None and isinstance(value.value, str):
        return LayerError(f"{fact.template}{value_hint(row.kind, value.value, names)}", rule=fact.rule)
    return fact


def value_hint(kind: str, text: str, names: Collection[str]) -> str:
    """Return the hint for a value that is an expression without its ${…}, `in_channels // 2`, or the word of another kind."""
    if text == "global" and f"global_{kind}" in KINDS:
        return f"; write - global_{kind}"
    inner = text.strip().removeprefix("$").strip("{}() ").removeprefix("$")
    words = re.findall(r"[A-Za-z_]\w*", inner)
    if not words or not all(word in names or word == "in_channels" for word in words):
        return ""
    return f'; write "${{{inner}}}"'


def merge_hint(word: str) -> str:
    """Return the hint for an unknown merge."""
    kind = suggest.kind_called(word)
    if kind in MERGES:
        return f"; did you mean {kind}?"
    return (
        f"; name the branches' last rows, and join them by a row: - {{{kind}: [a, b]}}"
        if kind is not None
        else meant(word, MERGES)
    )


def dash_hint(node: YamlNode) -> str:
    """Return how the first row is written, for rows that are no list."""
    if isinstance(node, Mapping) and node.pairs:
        name, (_, value) = next(iter(node.pairs.items()))
        row = named_row(name, value)
        return f"; begin each row with a dash, as in - {row or f'{name}: …'}"
    if isinstance(node, Scalar) and not node.null:
        first = re.sub(r"^[-*\d.)\s]+", "", node.text).split(" ")[0]
        sign = "a dash and a space" if node.text.startswith("-") else "a dash"
        return f"; begin each row with {sign}, as in - {first or 'relu'}"
    return ""


def named_row(name: str, value: YamlNode) -> str | None:
    """Return the row for a name with the layer as its value, `conv1: {conv: 8, kernel_size: 3}`; None for anything else."""
    named = {} if name.isdecimal() else {"name": name}
    if isinstance(value, Scalar) and name not in KINDS:
        row = row_of(value.text)
        kind = value.text if value.text in KINDS else None
        if kind is not None:
            return suggest.braces({kind: "", **named}) if named else kind
        if row is not None and named:
            return f"{row[:-1]}, name: {name}}}" if row.endswith("}") else suggest.braces({row: "", **named})
        return row
    if not isinstance(value, Mapping):
        return None
    fields = {key: value_of(node) for key, (_, node) in value.pairs.items()}
    kind = next((key for key in fields if key in KINDS), None)
    if kind is not None:
        return suggest.braces({**{key: suggest.text(one) for key, one in fields.items()}, **named})
    typed = kind_as_value(value, "", ())
    return typed[1].removeprefix("write ").replace("}", f", name: {name}}}" if named else "}") if typed is not None else None


def words_row(text: str) -> str | None:
    """Return the row for a kind and its value without a colon, `maxpool 2`, or for the lecture's `conv3-64`; None for others."""
    match = re.fullmatch(r"conv(\d{1,2})-(\d{1,5})", text)
    if match is not None:
        return f"{{conv: {match[2]}, kernel_size: {match[1]}, padding: {int(match[1]) // 2}}}"
    first, *rest = re.split(r"[\s,]+", text.strip(" ,"), maxsplit=20)
    kind = suggest.kind_called(first)
    if kind is None or not rest:
        return None
    pairs = pairs_meant(KINDS[kind], rest)
    if pairs is not None:
        return suggest.braces({kind: "", **pairs})
    return suggest.usage(KINDS[kind], {}, rest[0]) if KINDS[kind].main is not None and rest[0].isdecimal() else None
