"""Rows that are code of another tool, `Conv2d(3, 16, 3, padding=1)`, and the rows of the language for them."""

from __future__ import annotations

import ast
import re

from cnncalc.language import suggest
from cnncalc.layers import KINDS
from cnncalc.values import Value

_CALL = re.compile(r"[A-Za-z_][\w.]*\s*\(.*\)\s*[,;]?", re.DOTALL)


def row_of(text: str) -> str | None:
    """Return the row to write for a call that makes a layer; None for any other text, or if the layer has no kind.

    >>> row_of("nn.Conv2d(3, 16, kernel_size=3, padding=1)"), row_of("ReLU(inplace=True)")
    ('{conv: 16, kernel_size: 3, padding: 1}', 'relu')
    """
    if len(text) > 400 or _CALL.fullmatch(text) is None:
        return None
    try:
        call = ast.parse(text.rstrip(" ,;"), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    if not isinstance(call, ast.Call):
        return None
    name = ast.unparse(call.func).rpartition(".")[2]
    if name == "Activation" and call.args and isinstance(call.args[0], ast.Constant):
        return suggest.kind_called(str(call.args[0].value))
    kind = "linear" if name == "Linear" else suggest.kind_called(name)
    return _row(kind, name, call) if kind is not None else None


def _row(kind: str, name: str, call: ast.Call) -> str:
    declared = KINDS[kind]
    # PyTorch writes Conv2d, Keras Conv2D; a name without dimensions is Keras's if its class there has as many arguments.
    dimensions = re.search(r"[123]([dD])$", name)
    keras = dimensions[1] == "D" if dimensions else len(call.args) <= len(declared.keras_order)
    main = (declared.main.name,) if declared.main is not None else ()
    order = (declared.keras_order if keras else declared.torch_order) or main
    given: dict[str, Value] = {field: _value(argument) for field, argument in zip(order, call.args, strict=False) if field}
    for keyword in call.keywords:
        option = suggest.field_for(declared, keyword.arg or "")
        if option is not None:
            given[option.name] = _value(keyword.value)
    row = suggest.rewritten(kind, {field: value for field, value in given.items() if field in declared.options and value})
    return row.removeprefix("- ")


def _value(node: ast.expr) -> Value:
    """Return a number, a word, or a list of them, as the file would hold it; None for any other expression."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return _plain(value)


def _plain(value: object) -> Value:
    if isinstance(value, (tuple, list)):
        return tuple(map(_plain, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value.lower() if value.lower() in ("same", "valid", "causal") else value
    return None if value is None else str(value)
