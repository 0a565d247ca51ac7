"""Values of fields as a file writes them."""

from __future__ import annotations

from typing import Any

from cnncalc.layers import Layer
from cnncalc.layers.option import AxisNames, Cells, ChannelRange, Every, Option, PerAxis
from cnncalc.shape import Shape


def written(declared: Option[Any], value: Any, layout: str) -> str:
    """A field's value as YAML that needs no quotes inside braces."""
    if isinstance(declared.type, ChannelRange):
        start, end = value
        return f'"{start}:{"" if end is None else end}"'
    if isinstance(value, Shape):
        # A size of 0 means that the size is computed.
        return "x".join("_" if size == 0 else str(size) for size in value.ordered(layout))
    if isinstance(declared.type, AxisNames):
        return f"[{', '.join(value if layout == 'channels_last' else (value[-1], *value[:-1]))}]"
    if isinstance(declared.type, (PerAxis, Cells)) and isinstance(value, tuple):
        return _cells(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, str):
        return word(value)
    return str(value)


def _cells(value: tuple[Any, ...]) -> str:
    """One number for every axis, one per axis, or pairs."""
    if all(isinstance(one, tuple) for one in value):
        if any(before != after for before, after in value):
            pairs = list(value) if not isinstance(value, Every) else [value[0]]
            return f"[{', '.join(f'[{before}, {after}]' for before, after in pairs)}]"
        value = type(value)(before for before, _ in value)
    # The same number along every axis is written once; the rank comes from the input.
    return "x".join(map(str, value)) if len(set(value)) > 1 else str(value[0])


def word(text: str) -> str:
    """Text as a YAML scalar, in quotes if it would be read as something else."""
    plain = text.replace(" ", "").replace("_", "").replace("-", "").replace("/", "")
    if plain.isascii() and plain.isalnum() and not text[0].isdigit() and text == text.strip() and text[0] not in "-/":
        if text.lower() not in ("null", "true", "false", "yes", "no", "on", "off"):
            return text
    import json

    return json.dumps(text, ensure_ascii=False)


def fields_of(layer: Layer, layout: str) -> dict[str, str]:
    """The fields that differ from their defaults, and those without one, by name."""
    found: dict[str, str] = {}
    for name, declared in layer.stored.items():
        value = layer.value(name)
        if declared.required or value != declared.default:
            text = written(declared, value, layout)
            if declared.required or text != default_of(layer, name, layout):
                found[name] = text
    return found


def default_of(layer: Layer, name: str, layout: str) -> str | None:
    """A field's default as text; None if the default is the absence of a value."""
    declared = layer.stored[name]
    if declared.required or declared.default is None:
        return None
    return written(declared, declared.default, layout)
