"""Rows that are code of another tool, `Conv2d(3, 16, 3, padding=1)`, and the rows of the language for them."""

from __future__ import annotations

import ast
import re

from cnncalc.language import suggest
from cnncalc.layers import KINDS
from cnncalc.values import Value

_CALL = re.compile(r"[A-Za-z_][\w.]*\s*\(.*\)\s*[,;]?", re.DOTALL)
#: The arguments by position, by kind. PyTorch's names end in 1d, 2d or 3d, and its layers take the input's channels first.
_WINDOW = ("kernel_size", "stride", "padding", "dilation")
_ARGUMENTS = {
    "conv": ("", "filters", *_WINDOW, "groups", "bias"),
    "conv_transpose": ("", "filters", "kernel_size", "stride", "padding", "output_padding", "groups", "bias", "dilation"),
    "maxpool": _WINDOW,
    "avgpool": ("kernel_size", "stride", "padding", "", "count_include_pad"),
    "linear": ("", "units", "bias"),
    "embedding": ("", "dimension"),
    "groupnorm": ("groups", "", "epsilon"),
    "lstm": ("", "hidden", "layers"),
    "gru": ("", "hidden", "layers"),
    "rnn": ("", "hidden", "layers"),
    "attention": ("", "heads"),
    "batchnorm": ("", "epsilon"),
    "layernorm": ("", "epsilon"),
    "upsample": ("size", "factor", "mode"),
}
_KERAS = {
    "conv": ("filters", "kernel_size", "stride", "padding"),
    "conv_transpose": ("filters", "kernel_size", "stride", "padding"),
    "depthwise_conv": ("kernel_size", "stride", "padding"),
    "maxpool": ("kernel_size", "stride", "padding"),
    "avgpool": ("kernel_size", "stride", "padding"),
    "lstm": ("hidden",),
    "gru": ("hidden",),
    "rnn": ("hidden",),
    "upsample": ("factor",),
}


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
    keras = not re.search(r"[123]d$", name)
    positions = (
        _KERAS.get(kind) if keras and kind in _KERAS and len(call.args) < 5 and kind not in ("lstm", "gru", "rnn") else None
    )
    if positions is None:
        positions = _ARGUMENTS.get(kind, (declared.main.name,) if declared.main is not None else ())
    if kind in ("lstm", "gru", "rnn", "linear", "embedding") and len(call.args) == 1:
        positions = (declared.main.name,) if declared.main is not None else ()
    given: dict[str, Value] = {}
    for field, argument in zip(positions, call.args, strict=False):
        if field:
            given[field] = _value(argument)
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
