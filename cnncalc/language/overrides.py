"""Parses `--input` and `--set` to changes: `32x32x3`, `left=32x32x3`, `width=0.5`, `conv1.stride=1`, `*.bias=false`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, SupportsIndex

from cnncalc.build.changes import Changes, Override, cannot
from cnncalc.dtype import DTYPES
from cnncalc.language.compose import compose
from cnncalc.language.source import value_of
from cnncalc.problem import SpecError
from cnncalc.shape import LAYOUTS
from cnncalc.values import FLOW_KEYS, Value, written
from cnncalc.window import FITS

Sizes = str | Sequence[int] | Mapping[str, int]
"""A shape as text, its sizes, or tokens as {"tokens": 56, "vocabulary": 20000}."""

Shapes = Sizes | Sequence[str] | Mapping[str, Sizes] | None
"""Shapes for `--input`: the shape of the only input, `name=SHAPE` for each input, or a mapping from names to shapes."""

Values = str | Sequence[str] | Mapping[str, Any]
"""Values for `--set`: one or more `NAME=VALUE`, or a mapping from names to values."""


class Options(NamedTuple):
    """The options that change a network, as they are given: as text, or as values of Python."""

    input: Shapes = None
    set: Values | None = None
    fit: str | None = None
    layout: str | None = None
    dtype: str | None = None

    def __bool__(self) -> bool:
        """Whether the network is changed; `layout` and `dtype` only change how shapes and bytes are printed."""
        return bool(self.input or self.set or self.fit is not None)

    def changes(self) -> Changes:
        """Parse the options. Raises SpecError for invalid text, TypeError for values of other types."""
        for value, words, option in ((self.fit, FITS, "fit"), (self.layout, LAYOUTS, "layout"), (self.dtype, DTYPES, "dtype")):
            if value is not None and value not in words:
                from cnncalc.language.foreign import meant_word

                hint = meant_word(str(value), words)
                raise cannot(f"{option} is {', '.join(words[:-1])} or {words[-1]}, not {written(str(value))}{hint}")
        overrides = tuple(_override(one) for one in _texts(_pairs(self.set or ()), "set", "NAME=VALUE"))
        inputs = tuple(map(_input, input_texts(self.input)))
        return Changes(inputs, overrides, self.fit, self.layout, self.dtype)


NO_OPTIONS = Options()


def _pairs(given: Values) -> str | Sequence[str]:
    """Return a mapping of values as a list of `NAME=VALUE`."""
    return [f"{name}={word(value)}" for name, value in given.items()] if isinstance(given, Mapping) else given


def input_texts(given: Shapes) -> tuple[str, ...]:
    """Return shapes as texts of `--input`, one for each input. Raises TypeError for values of other types."""
    return tuple(_texts(_shapes(given), "input", "a shape, as 32x32x3"))


def _shapes(given: Shapes) -> str | Sequence[str]:
    """Return shapes as text; sizes are in the file's own layout."""
    if given is None:
        return ()
    if isinstance(given, Mapping) and not (given and all(name in FLOW_KEYS and _is_size(size) for name, size in given.items())):
        return [f"{name}={shape_text(value)}" for name, value in given.items()]
    if isinstance(given, (list, tuple)) and (not given or any(isinstance(one, str) for one in given)):
        return given
    return shape_text(given)


def _is_size(value: object) -> bool:
    return isinstance(value, SupportsIndex) and not isinstance(value, bool)


def shape_text(value: object) -> str:
    """Return a shape as a file would write it. Raises TypeError for values that are no shape."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and value and all(map(_is_size, value.values())):
        return "{" + ", ".join(f"{name}: {size}" for name, size in value.items()) + "}"
    if isinstance(value, (list, tuple)) and value and all(map(_is_size, value)):
        return "x".join(map(str, value))
    tokens = "{'tokens': 56, 'vocabulary': 20000}"
    raise TypeError(f"a shape is written as '32x32x3' or (32, 32, 3), and tokens as {tokens}; got {value!r:.200}")


def word(value: object) -> str:
    """Return a Python value as a file would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(word, value)) + "]"
    return str(value)


def _texts(given: str | Sequence[str], option: str, example: str) -> Sequence[str]:
    """Return one text or several as a sequence. Raises TypeError for numbers."""
    texts = [given] if isinstance(given, str) else [*given] if isinstance(given, Iterable) else [given]
    if not all(isinstance(one, str) for one in texts):
        raise TypeError(f"{option} is text or a list of texts: {example}; got {given!r}")
    return texts


def _override(text: str) -> Override:
    name, equals, value = text.partition("=")
    target, dot, key = name.strip().rpartition(".")
    if not equals or not key or (dot and not target):
        raise cannot(f"--set takes NAME=VALUE, a var or a field such as conv1.stride=1, not {text!r}")
    try:
        return Override(text, target if dot else None, key, _value(value))
    except SpecError as error:
        raise cannot(f"--set {text}: the value cannot be read: {error.problems[0].message}") from None


def _input(text: str) -> tuple[str | None, Value, str]:
    name, equals, shape = text.rpartition("=")
    if equals and not name:
        raise cannot(f"--input {text}: the name of the input is missing before =")
    try:
        return (name if equals else None), _value(shape), text
    except SpecError:
        raise cannot(f"--input {text}: a shape is written like 32x32x3") from None


def _value(text: str) -> Value:
    node = compose(text, None, [])
    return value_of(node) if node is not None else None
