"""The arguments of a row: YAML → plain values → the parameters of a module's layout."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from cnncalc.formats.ultralytics.catalog import Module
from cnncalc.language.source import Scalar, Sequence, YamlNode
from cnncalc.shape import LARGEST, LayerError

_INTEGER = re.compile(r"[-+]?\d{1,12}")
_NUMBER = re.compile(r"[-+]?(\d{1,12}\.?\d*|\.\d+)([eE][-+]?\d{1,2})?")
_WORDS: dict[str, Any] = {"None": None, "null": None, "~": None, "": None}
_WORDS |= {word: word.lower() == "true" for word in ("True", "true", "TRUE", "False", "false", "FALSE")}

ACTIVATIONS = {
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
    "relu6": "relu6",
    "leakyrelu": "leaky_relu",
    "mish": "mish",
    "gelu": "gelu",
    "elu": "elu",
    "selu": "selu",
    "hardswish": "hard_swish",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "softplus": "softplus",
    "prelu": "prelu",
    "identity": "",
}


def plain(node: YamlNode, names: Mapping[str, Any] | None = None) -> Any:
    """A node as a number, a truth value, None, text or a list of these; text that is one of `names` becomes its value."""
    if isinstance(node, Sequence):
        return [plain(item, names) for item in node.items]
    if not isinstance(node, Scalar):
        return {key: plain(value, names) for key, (_, value) in node.pairs.items()}
    text = node.text.strip()
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return names[text] if names is not None and text in names else text


def activation(text: str) -> str | None:
    """The kind for an activation written as Python, followed by its slope if it has one; None if it is not known.

    >>> activation("nn.LeakyReLU(0.1)"), activation("torch.nn.ReLU()")
    ('leaky_relu 0.1', 'relu')
    """
    match = re.fullmatch(r"(?:torch\.)?(?:nn\.)?(\w+)(?:\(\s*(?:negative_slope\s*=\s*)?([^)]*)\))?", text.strip())
    kind = ACTIVATIONS.get(match[1].lower()) if match else None
    if match is None or kind is None:
        return None
    if kind == "leaky_relu" and match[2]:
        slope = match[2].split(",")[0].strip()
        return f"{kind} {slope}" if _NUMBER.fullmatch(slope) else None
    return kind


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _integers(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(map(_integer, value))


_CHECKS: dict[str, tuple[Any, str]] = {
    "int": (_integer, "an integer"),
    "float": (lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) <= LARGEST, "a number"),
    "bool": (lambda v: isinstance(v, bool) or v in (0, 1), "True or False"),
    "str": (lambda v: isinstance(v, str), "a word"),
    "None": (lambda v: v is None, "None"),
    "Sizes": (lambda v: _integer(v) or _integers(v), "an integer or a list of integers"),
    "list[int]": (_integers, "a list of integers"),
    "Act": (
        lambda v: v is None or isinstance(v, bool) or (isinstance(v, str) and activation(v) is not None),
        "True, False or an activation",
    ),
    "object": (lambda v: True, "anything"),
}


def bind(module: Module, values: list[Any]) -> list[Any]:
    """The values as arguments of the module's layout. Raises LayerError that names the argument at fault."""
    parameters = list(inspect.signature(module.build).parameters.values())[2:]
    places = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    rest = next((p for p in parameters if p.kind is p.VAR_POSITIONAL), None)
    names = ", ".join(p.name for p in places)
    if len(values) > len(places) and rest is None:
        raise LayerError(f"{module.name} takes at most {len(places)} arguments ({names}), got {len(values)}", rule="value")
    missing = [p.name for p in places[len(values) :] if p.default is p.empty]
    if missing:
        raise LayerError(f"{module.name} needs {', '.join(missing)}; its arguments are {names}", rule="missing")
    found = []
    for parameter, given in zip([*places, *[rest] * len(values)], values, strict=False):
        assert parameter is not None
        value = int(given) if isinstance(given, float) and given.is_integer() and parameter.annotation != "float" else given
        kinds = [kind.strip() for kind in str(parameter.annotation).split("|")]
        if not any(_CHECKS[kind][0](value) for kind in kinds):
            wanted = " or ".join(_CHECKS[kind][1] for kind in kinds)
            raise LayerError(f"{module.name}'s {parameter.name} must be {wanted}, got {_short(value)}", rule="value")
        if "Act" in kinds and isinstance(value, str):
            value = activation(value)
        found.append(bool(value) if kinds == ["bool"] else value)
    return found


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
