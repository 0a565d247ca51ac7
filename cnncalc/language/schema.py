"""The JSON Schema (2020-12) of the language, generated from the kinds, for completion in editors and other validators.

It covers keys, kinds, fields and their values, but not the shapes that flow from row to row. A
string with `${…}` in it may stand anywhere.
"""

from __future__ import annotations

from typing import Any

from cnncalc.dtype import DEFAULT, DTYPES
from cnncalc.language.document import BUDGETED, EXPECTED
from cnncalc.language.row import MERGES, ROW_KEYS
from cnncalc.layers import KINDS, Layer
from cnncalc.layers.option import Option
from cnncalc.problem import IGNORABLE
from cnncalc.shape import LARGEST, LAYOUTS, Shape
from cnncalc.window import FITS

Schema = dict[str, Any]

_NAME = "^(?![0-9]+$)(?!input$)[A-Za-z0-9_-]+$"
_IDENTIFIER = "^[A-Za-z_][A-Za-z0-9_]*$"
_EXPRESSION: Schema = {"type": "string", "pattern": r"\$\{"}
_SIZE: Schema = {"type": "integer", "minimum": 1, "maximum": LARGEST}
#: A reference to a row; a name such as 3a or no may be read as a number or a boolean.
_WORD: Schema = {"type": ["string", "number", "boolean"]}

#: Descriptions of the keys that every row can have.
#: The values of the keys of a row.
_ROW_VALUES: dict[str, Schema] = {
    "name": {"type": "string", "pattern": _NAME},
    "from": _WORD,
    "repeat": {"type": "integer", "minimum": 0},
    "expect": {"$ref": "#/$defs/shape"},
    "fit": {"enum": list(FITS)},
    "share": _WORD,
    "trainable": {"type": "boolean"},
}
_FIT = "What a stride that does not fit means; ceil is for pools, convolutions then take the floor."


def schema() -> Schema:
    """The whole schema, as data."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cnncalc spec",
        "description": "A network, read by cnncalc: a row is a layer, and rows run from top to bottom.",
        "type": "object",
        "required": ["input", "layers"],
        "properties": _top(),
        "patternProperties": {"^x-": True},
        "additionalProperties": False,
        "$defs": {
            "expression": _EXPRESSION,
            "shape": _shape(),
            "flow": _flow(),
            "quantity": _quantity(),
            "rows": {"type": "array", "items": {"$ref": "#/$defs/row"}},
            "row": _row(),
            "no-kind": _no_kind(),
            "block-row": _block_row(),
            "branches-row": _branches_row(),
            **{f"key-{name}": _described(text, _open(_ROW_VALUES[name])) for name, text in ROW_KEYS.items()},
            "key-from-several": _described(
                "The row, or a list of the rows, that it reads instead of the one above.",
                _open({"anyOf": [_WORD, {"type": "array", "items": _WORD, "minItems": 1}]}),
            ),
            **{f"kind-{name}": _kind(kind) for name, kind in KINDS.items()},
        },
    }


def _open(inside: Schema) -> Schema:
    """Return a schema for `inside` or a string with an expression; `if` gives better errors than `anyOf`."""
    found: Schema = {"if": {"$ref": "#/$defs/expression"}, "else": _open_items(inside)}
    words = _words(inside)
    # Editors complete words from `examples` and do not read `else`.
    return {**found, "examples": words} if words else found


def _words(inside: Schema) -> list[Any]:
    """Return the words that a value may be, true and false included."""
    if inside.get("type") == "boolean":
        return [True, False]
    return [*inside.get("enum", ()), *(word for one in inside.get("anyOf", ()) for word in _words(one))]


def _open_items(inside: Schema) -> Schema:
    found = dict(inside)
    if "anyOf" in found:
        found["anyOf"] = [_open_items(one) for one in found["anyOf"]]
    if isinstance(found.get("items"), dict):
        found["items"] = _open(found["items"])
    return found


def _described(text: str, inside: Schema) -> Schema:
    return {"description": text, **inside}


def _top() -> Schema:
    text: Schema = {"type": ["string", "number", "boolean", "null"]}
    names: Schema = {"anyOf": [_WORD, {"type": "array", "items": _WORD, "minItems": 1}]}
    rules: Schema = {"enum": list(IGNORABLE)}
    block = {
        "type": "object",
        "required": ["layers"],
        "properties": {
            "description": _described("Free text.", text),
            "parameters": _described(
                "Names, with a default each; without one, every use must give it.",
                {"type": ["object", "null"], "propertyNames": {"pattern": _IDENTIFIER, "not": {"enum": [*KINDS, *ROW_KEYS]}}},
            ),
            "layers": _described("The rows that a use stands for.", {"$ref": "#/$defs/rows"}),
        },
        "additionalProperties": False,
    }
    return {
        "name": _described("The network's name; by default the file's name.", text),
        "description": _described("Free text.", text),
        "source": _described("Where its figures come from.", text),
        "input": _described("What flows in: a shape, tokens, or a map from names to these.", _open(_inputs())),
        "layers": _described("The rows, from top to bottom.", {"$ref": "#/$defs/rows", "minItems": 1}),
        "blocks": _described(
            "Groups of rows to use again.",
            {
                "type": ["object", "null"],
                "propertyNames": {"pattern": _NAME, "not": {"enum": [*KINDS, "branches"]}},
                "additionalProperties": block,
            },
        ),
        "vars": _described(
            "Numbers and words that ${…} may use; --set overrides them.",
            {
                "type": ["object", "null"],
                "propertyNames": {"pattern": _IDENTIFIER},
                "additionalProperties": {"not": {"type": "object"}},
            },
        ),
        "fit": _described(
            _FIT,
            {"default": "exact", **_open({"enum": list(FITS)})},
        ),
        "dtype": _described(
            "Type of the numbers, for every figure in bytes.", {"default": DEFAULT, **_open({"enum": list(DTYPES)})}
        ),
        "layout": _described(
            "How shapes are written: 32x32x3 or 3x32x32.", {"default": "channels_last", **_open({"enum": list(LAYOUTS)})}
        ),
        "outputs": _described("The rows whose results leave the network; by default the last row.", names),
        "expect": _described("What must come out, exactly.", _map_of(EXPECTED, "output")),
        "budget": _described("What may not be exceeded.", _map_of(BUDGETED)),
        "ignore": _described("Rules that this file opts out of.", _open({"anyOf": [rules, {"type": "array", "items": rules}]})),
    }


def _map_of(keys: tuple[str, ...], shaped: str = "") -> Schema:
    """Return the schema of a map from totals to counts; the key `shaped` has a shape, or a shape for each output."""
    properties = {key: _open({"$ref": "#/$defs/quantity"}) for key in keys}
    if shaped:
        shapes = {"type": "object", "additionalProperties": _open({"$ref": "#/$defs/shape"})}
        properties[shaped] = _open({"if": _named_map(), "then": shapes, "else": {"$ref": "#/$defs/shape"}})
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}


_AXES = ("depth", "height", "width", "length", "channels")


def _named_map(*more: str) -> Schema:
    """Return the schema of a map from names to shapes, as opposed to a shape with axes as keys."""
    return {"type": "object", "not": {"anyOf": [{"required": [key]} for key in (*_AXES, *more)]}}


def _inputs() -> Schema:
    several = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^(?![0-9]+$)[A-Za-z0-9_-]+$"},
        "additionalProperties": _open({"$ref": "#/$defs/flow"}),
    }
    return {"if": _named_map("tokens", "vocabulary"), "then": several, "else": {"$ref": "#/$defs/flow"}}


def _shape() -> Schema:
    sets = [("channels",), ("length", "channels"), ("height", "width", "channels"), ("depth", "height", "width", "channels")]
    maps: list[Schema] = [
        {
            "type": "object",
            "required": list(axes),
            "properties": {axis: _open(_SIZE) for axis in axes},
            "additionalProperties": False,
        }
        for axes in sets
    ]
    return {
        "description": "Spatial sizes and channels, as 32x32x3; 3072 is a vector.",
        "if": {"type": "object"},
        "then": {"anyOf": maps},
        "else": {
            "anyOf": [
                _SIZE,
                {"type": "string", "pattern": r"^[1-9][0-9_]*([x×X][1-9][0-9_]*){0,3}$"},
                {"type": "array", "items": _open(_SIZE), "minItems": 1, "maxItems": 4},
            ]
        },
    }


def _flow() -> Schema:
    tokens: Schema = {
        "description": "Integer ids, each below the size of the vocabulary.",
        "required": ["tokens", "vocabulary"],
        "properties": {"tokens": _open(_SIZE), "vocabulary": _open(_SIZE)},
        "additionalProperties": False,
    }
    is_tokens = {"anyOf": [{"required": ["tokens"]}, {"required": ["vocabulary"]}], "type": "object"}
    return {"if": is_tokens, "then": tokens, "else": {"$ref": "#/$defs/shape"}}


def _quantity() -> Schema:
    units = "(K|M|G|KiB|MiB|GiB)"
    return {
        "description": "A count, also as 5M or 20MiB.",
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": rf"^\+?[0-9][0-9_]*(\.[0-9_]*)?([eE]\+?[0-9]+)?\s*{units}?$"},
        ],
    }


def _row() -> Schema:
    """Return the schema of a row: a word, or a map with exactly one kind, whose own schema has the fields.

    Editors complete kinds from `properties`, and a kind's fields from `then` if the condition is a bare `required`.
    """
    words = [name for name, kind in KINDS.items() if all(not o.required for o in kind.options.values())]
    refs = {name: f"#/$defs/kind-{name}" for name in KINDS}
    refs |= {"block": "#/$defs/block-row", "branches": "#/$defs/branches-row"}
    one: list[Schema] = [{"required": [name]} for name in refs]
    return {
        "description": "One layer: a word such as relu, or a map with a kind, its fields, and keys of every row.",
        "type": ["string", "object"],
        "properties": _kinds(),
        "allOf": [
            {"if": {"type": "string"}, "then": {"enum": words}},
            {"if": {"type": "object", "not": {"anyOf": one}}, "then": {"$ref": "#/$defs/no-kind"}},
            *({"if": {"required": [name]}, "then": {"$ref": ref}} for name, ref in refs.items()),
        ],
    }


def _kinds() -> Schema:
    """Return every kind with its description; the type of its value is in the kind's own schema."""
    found: Schema = {name: {"description": (kind.__doc__ or "").split("\n\n", 1)[0]} for name, kind in KINDS.items()}
    found["block"] = {"description": "A use of a block."}
    found["branches"] = {"description": "Branches that all read the same, and how their results are joined."}
    return found


def _no_kind() -> Schema:
    """Return the schema that rejects a map without a kind and names a misspelt kind if there is one."""
    kinds = [*KINDS, "block", "branches"]
    fields = {name for kind in KINDS.values() for name, o in kind.options.items() if not o.main}
    known = sorted({*ROW_KEYS, *fields, "merge"})
    return {
        "if": {"propertyNames": {"enum": known}},
        "then": {"anyOf": [{"required": [name]} for name in kinds]},
        "else": {"propertyNames": {"enum": [*kinds, *known]}},
    }


def _row_keys() -> Schema:
    return {name: {"$ref": f"#/$defs/key-{name}"} for name in ROW_KEYS}


def _kind(kind: type[Layer]) -> Schema:
    summary = (kind.__doc__ or "").split("\n\n", 1)[0]
    properties: Schema = {kind.kind: _described(summary, {"type": "null"})}
    required = []
    for name, declared in kind.options.items():
        if declared.main:
            properties[kind.kind] = _described(
                f"{_sentence(declared.doc)} {summary}", _value(declared, empty=not declared.required)
            )
        else:
            properties[name] = _described(_sentence(declared.doc), _value(declared, empty=False))
            required += [name] if declared.required else []
    keys = _row_keys()
    if kind.opaque:
        keys["from"] = {"$ref": "#/$defs/key-from-several"}
    found: Schema = {"description": summary, "properties": {**properties, **keys}, "additionalProperties": False}
    if required:
        found["required"] = required
    return found


def _value(declared: Option[Any], *, empty: bool) -> Schema:
    inside = declared.type.schema()
    if empty:
        inside = {"anyOf": [{"type": "null"}, inside]}
    found = _open(inside)
    default = _plain(declared.default)
    if not declared.required and default is not None:
        found["default"] = default
    return found


def _plain(value: Any) -> Any:
    """Return a default as a file would write it: 0 for ((0, 0),), 1 for (1,)."""
    while isinstance(value, tuple) and not isinstance(value, Shape) and len(set(value)) == 1:
        value = value[0]
    return value


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _block_row() -> Schema:
    about = "The block to put here; beside it stand its parameters."
    return {
        "description": "A use of a block.",
        "properties": {"block": _described(about, _open({"type": "string", "pattern": _NAME})), **_row_keys()},
    }


def _branches_row() -> Schema:
    branches = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": {"$ref": "#/$defs/rows"},
    }
    return {
        "description": "Branches that all read the same, and how their results are joined.",
        "required": ["merge"],
        "properties": {
            "branches": _described("A list of rows for each branch; [] passes on what comes in.", branches),
            "merge": _described("How the results are joined.", _open({"enum": list(MERGES)})),
            **_row_keys(),
        },
        "additionalProperties": False,
    }
