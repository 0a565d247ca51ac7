"""Manuals of rules, layer kinds, and the rows `block` and `branches`."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

from cnncalc.docstring import docstring
from cnncalc.infer import Inference
from cnncalc.language.row import ROW_KEYS
from cnncalc.layers import KINDS, Join, Layer
from cnncalc.layers.option import Option
from cnncalc.problem import ERROR_RULES
from cnncalc.report.network.table import Row, wrapped
from cnncalc.report.topics import default, fields, meant, topics
from cnncalc.rules import RULES
from cnncalc.rules.manual import level, manual, summary
from cnncalc.shape import Tokens

ROWS = {
    "block": """A use of a block: a group of rows with parameters, defined under `blocks`.

            blocks:
              conv_bn:
                parameters: {out: , kernel_size: 1}
                layers:
                  - {conv: "${out}", kernel_size: "${kernel_size}", padding: "${kernel_size // 2}", bias: false}
                  - batchnorm
            layers:
              - {block: conv_bn, out: 64, kernel_size: 3}

        The keys beside `block` are the block's parameters. A parameter without a default is required. A block can use the file's
        vars and its own parameters, but not those of the block that uses it. Inside, `input` is the input of the block. The
        output of its last row is the output of the block.
        """,
    "branches": """Several lists of rows that read the same input. `merge` joins their outputs: add, concat or multiply.

            - branches:
                residual: [{conv: 64, kernel_size: 3, padding: 1}, relu]
                shortcut: []
              merge: add

        A branch without rows passes its input on. `add` needs the same shape from each branch, `concat` the same spatial sizes,
        `multiply` the same shape or one number per channel. The row's name, by default `add1`, is the name of the joined output.
        """,
}


def names() -> list[str]:
    """All names of kinds, rows and rules."""
    return [*KINDS, *ROWS, *ERROR_RULES, *RULES]


def words() -> list[str]:
    """Everything that can be explained."""
    return list(dict.fromkeys([*names(), *topics(), *fields()]))


def listing(room: int | None = None) -> list[Row]:
    """One entry for each kind, rule and topic, wrapped to `room` cells."""
    width = max(map(len, [*names(), *topics()]))

    def entry(name: str, role: str, text: str) -> list[Row]:
        lines = wrapped(text, None if room is None else max(20, room - width - 4))
        first: Row = [(f"  {name:<{width}}", role), (f"  {lines[0]}", "")]
        return [first, *([(" " * (width + 4) + line, "")] for line in lines[1:])]

    rows: list[Row] = [[("Layer kinds", "title")]]
    for name in (*KINDS, *ROWS):
        text = ROWS[name] if name in ROWS else docstring(KINDS[name])
        rows += entry(name, "number", _summary(text))
    for wanted in ("error", "warning", "note"):
        rows += [[], [(f"{wanted.capitalize()}s", "title")]]
        found = [name for name in (*ERROR_RULES, *RULES) if level(name) == wanted]
        for name in found:
            rows += entry(name, wanted, summary(name))
    rows += [[], [("Keys, expressions and figures", "title")]]
    for name, text in topics().items():
        rows += entry(name, "number", _summary(text))
    return rows


def _summary(text: str) -> str:
    return " ".join(text.split("\n\n", 1)[0].split())


def explain(name: str, width: int) -> list[Row]:
    """All manuals of a name. Lines have at most `width` cells, except in examples. Raises KeyError if there is no manual."""
    parts: list[list[Row]] = []
    if name in ROWS:
        rows: list[Row] = [[(name, "title"), ("  a row", "note")], []]
        parts.append([*rows, *_text(inspect.cleandoc(ROWS[name]), width), [], *_row_keys(width)])
    if name in KINDS:
        parts.append(_kind(KINDS[name], width))
    word = name if name in names() else meant(name)
    if word in topics():
        parts.append([[(word, "title"), (_sort(word), "note")], [], *_text(topics()[word], width)])
    if word in fields():
        parts.append(_meanings(word, width))
    if name in (*ERROR_RULES, *RULES):
        rows = [[(name, "title"), ("  ", ""), (level(name), level(name))], []]
        parts.append([*rows, *_markdown(manual(name), width)])
    if not parts:
        raise KeyError(name)
    return [row for i, part in enumerate(parts) for row in ([[], *part] if i else part)]


def suggestion(name: str) -> str:
    """`; did you mean …?` for a name that has no manual."""
    from cnncalc.language.suggest import kind_for
    from cnncalc.spelling import did_you_mean, nearest

    near = nearest(name, words()) or kind_for(name)
    return f"; did you mean {near}?" if near else did_you_mean(name, words())


def _sort(topic: str) -> str:
    """The sort of a topic: a key of every row, a key of the file, or nothing."""
    from cnncalc.language.document import TOP_KEYS

    found = [text for keys, text in ((ROW_KEYS, "a key of every row"), (TOP_KEYS, "a key of the file")) if topic in keys]
    return f"  {' and '.join(found)}" if found else ""


def _meanings(name: str, width: int) -> list[Row]:
    """The meanings of a field, each with the kinds that use it."""
    rows: list[Row] = [[(name, "title"), ("  a field", "note")], []]
    for declared, kinds in fields()[name]:
        value = " (the kind's value)" if declared.main else ""
        sentence = f"{declared.doc}: {declared.type.describe()}; {default(declared)}. In {', '.join(kinds)}{value}."
        rows += _text(sentence[0].upper() + sentence[1:], width)
    rows += [[], *_text(f"`cnncalc explain {fields()[name][0][1][0]}` shows an example.", width)]
    return rows


_HEADING = re.compile(r"(Source):")


def _markdown(text: str, width: int) -> list[Row]:
    """A manual without its title: headings, filled paragraphs, and examples indented instead of fenced."""
    rows: list[Row] = []
    fenced = False
    for line in text.split("\n")[1:]:
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            rows.append([(f"    {line}", "output")])
        elif line.startswith("## "):
            rows.append([(line.removeprefix("## "), "title")])
        elif line:
            rows += [[(part, "")] for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)]
        elif rows and rows[-1] and not (len(rows[-1]) == 1 and rows[-1][0][1] == "title"):
            rows.append([])
    return rows[:-1] if rows and not rows[-1] else rows


def _text(text: str, width: int) -> list[Row]:
    """Fill paragraphs; keep indented examples unchanged."""
    rows: list[Row] = []
    for paragraph in text.strip().split("\n\n"):
        rows += [[]] if rows else []
        if paragraph.startswith("    "):
            rows += [[(line, "output")] for line in paragraph.splitlines()]
            continue
        lines = textwrap.wrap(" ".join(paragraph.split()), width, break_long_words=False, break_on_hyphens=False)
        heading = _HEADING.match(lines[0])
        for i, line in enumerate(lines):
            at = heading.end() if heading is not None and i == 0 else 0
            rows.append([(line[:at], "title"), (line[at:], "")] if at else [(line, "")])
    return rows


def _kind(kind: type[Layer], width: int) -> list[Row]:
    rows: list[Row] = [[(kind.kind, "title"), ("  a layer kind", "note")], []]
    rows += _text(docstring(kind), width)
    if kind.options:
        rows += [[], [("Fields", "title")]]
        for name, declared in kind.options.items():
            rows += _field(kind.kind if declared.main else name, name, declared, width)
    elsewhere = [f"{kind.kind}: {', '.join(kind.also)}"] if kind.also else []
    for name, declared in kind.options.items():
        key = f"the value of {kind.kind}" if declared.main else name
        elsewhere += [f"{key}: {', '.join(declared.also)}"] if declared.also else []
    if elsewhere:
        rows += [[], [("Other names", "title")]]
        for text in elsewhere:
            lines = textwrap.wrap(text, width - 2, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
            rows += [[(f"  {line}", "")] for line in lines]
    return [*rows, [], *_row_keys(width), [], [("Example", "title")], *_example(kind)]


def _field(key: str, name: str, declared: Option[Any], width: int) -> list[Row]:
    what = f"{declared.doc}" + (f" ({name})" if key != name else "")
    default = "" if declared.required or declared.default is None else f"; {declared.type.show(declared.default)} by default"
    text = f"{what}: {declared.type.describe()}{default}"
    lines = textwrap.wrap(text, max(20, width - 22), break_long_words=False, break_on_hyphens=False)
    rows: list[Row] = [[(f"  {key:<18}", "number"), (f"  {lines[0]}", "")]]
    return rows + [[(" " * 22 + line, "")] for line in lines[1:]]


def _row_keys(width: int) -> list[Row]:
    return _text(f"Every row may also have {', '.join(ROW_KEYS)}.", width)


def _example(kind: type[Layer]) -> list[Row]:
    """The kind's example with its inputs, output shape and parameters."""
    row, inputs = kind.example.row, kind.example.inputs
    written = kind.kind if list(row) == [kind.kind] and row[kind.kind] is None else _flow_map(row)
    layer, _ = kind.read({key: _value(value) for key, value in row.items()})
    assert layer is not None
    inferred = Inference()(layer, inputs, "exact")
    parameters = inferred.parameters
    names = row[kind.kind] if isinstance(layer, Join) else ["input"][: len(inputs)]
    rows: list[Row] = []
    for name, flow in zip(names, inputs, strict=True):
        shown = f"{{tokens: {flow.length}, vocabulary: {flow.vocabulary}}}" if isinstance(flow, Tokens) else str(flow)
        rows.append([(f"    {name}: {shown}", "output")])
    rows.append([(f"    - {written}", "output")])
    rows.append([(f"    gives {inferred.shape}, {parameters:,} parameter{'' if parameters == 1 else 's'}", "")])
    return rows


def _flow_map(value: Any) -> str:
    """A value as YAML in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow_map(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow_map, value)) + "]"
    if value is None:
        return ""
    if isinstance(value, str) and ":" in value:
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(value: Any) -> Any:
    """A value of an example as the reader of a file returns it."""
    if isinstance(value, list):
        return tuple(map(_value, value))
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
