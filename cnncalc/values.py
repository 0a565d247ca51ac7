"""Parses the words of a file, by the rules of YAML 1.2, to numbers, booleans, quantities and shapes.

An unparsed value is a word, None for no value, a tuple of values for a list, or a `Map`. Errors raised here
have no location; the caller adds it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Union

from cnncalc.shape import AXES, AXIS_NAMES, LARGEST, Flow, LayerError, OpenShape, Shape, Tokens

Value = Union[str, None, tuple["Value", ...], "Map"]


class Map(tuple[tuple[str, "Value"], ...]):
    """A map's pairs as written; keys are words, each once."""

    __slots__ = ()

    def get(self, key: str) -> Value:
        return next((v for k, v in self if k == key), None)


_NUMBER = re.compile(r"([-+]?)(\d(?:_?\d)*)?(?:\.(\d(?:_?\d)*)?)?(?:[eE]([-+]?\d{1,4}))?", re.ASCII)
_DIGITS = 40
_SUFFIXES = {"K": 10**3, "M": 10**6, "G": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
#: The suffix for other words, in lower case.
_UNITS_MEANT = {
    "k": "K", "kb": "K", "thousand": "K", "m": "M", "mb": "M", "million": "M", "g": "G", "gb": "G", "b": "G", "billion": "G",
    "ki": "KiB", "kib": "KiB", "mi": "MiB", "mib": "MiB", "gi": "GiB", "gib": "GiB",
    "params": "", "parameters": "", "macs": "", "bytes": "",
}  # fmt: skip


def _decimal(text: str) -> tuple[int, int] | None:
    """Return mantissa and power of ten, or None if `text` is not a number of at most 40 digits."""
    match = _NUMBER.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return None
    whole, part = (match[2] or "").replace("_", ""), (match[3] or "").replace("_", "").rstrip("0")
    exponent = int(match[4] or 0) - len(part)
    digits = (whole + part).lstrip("0") or "0"
    if len(digits) > _DIGITS or (digits != "0" and abs(exponent) > _DIGITS):
        return None
    return int(match[1] + digits), exponent


def integer(text: str) -> int | None:
    """Return a whole number, also from `010`, `60_965_224`, `32.0` or `1e3`; None for anything else.

    >>> [integer(t) for t in ("010", "60_965_224", "32.0", "1e3", "0x3", "2.5", "no", "1:1")]
    [10, 60965224, 32, 1000, None, None, None, None]
    """
    if text.isdecimal() and text.isascii() and len(text) <= _DIGITS:
        return int(text)
    return _whole(text, 1)


def _whole(text: str, unit: int, limit: bool = False) -> int | None:
    decimal = _decimal(text)
    if decimal is None:
        return None
    mantissa, exponent = decimal
    if exponent >= 0:
        return mantissa * int(10**exponent) * unit
    value, rest = divmod(mantissa * unit, 10**-exponent)
    return None if rest and not limit else value


def number(text: str) -> float | None:
    """Return a finite number, or None."""
    decimal = _decimal(text)
    return None if decimal is None else float(f"{decimal[0]}e{decimal[1]}")


def quantity(text: str, *, limit: bool = False) -> int | None:
    """Return a count with an optional K, M, G (decimal) or KiB, MiB, GiB: `5M`, `0.5K`, `20MiB`; None for anything else.

    A `limit` that is not whole is rounded down.

    >>> quantity("5M"), quantity("0.5K"), quantity("20MiB"), quantity("1.5"), quantity("0.3KiB", limit=True)
    (5000000, 500, 20971520, None, 307)
    """
    for suffix in ("KiB", "MiB", "GiB", "K", "M", "G"):
        if text.endswith(suffix):
            return _whole(text[: -len(suffix)].rstrip(), _SUFFIXES[suffix], limit)
    return _whole(text, 1, limit)


def quantity_hint(text: str) -> str:
    """Return `; write …` for a count with a unit or a word, `20MB` or `5 million`, else an empty text.

    >>> quantity_hint("20MB"), quantity_hint("5 million"), quantity_hint("8gib"), quantity_hint("lots")
    ('; write 20M', '; write 5M', '; write 8GiB', '')
    """
    match = re.fullmatch(r"([\d_.]+)\s*([A-Za-z]+)", text)
    unit = _UNITS_MEANT.get(match[2].lower()) if match is not None else None
    return f"; write {match[1]}{unit}" if match is not None and unit is not None and quantity(match[1] + unit) is not None else ""


def boolean(text: str) -> bool | None:
    """Return `true` or `false` in the spellings of YAML 1.2, else None; `no` and `off` are words."""
    return {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}.get(text)


def written(value: Value, limit: int = 60) -> str:
    """Return a value as text on one line, shortened to `limit` characters."""
    if value is None:
        text = "nothing"
    elif isinstance(value, str):
        text = value if value else "''"
    elif isinstance(value, Map):
        text = "{" + ", ".join(f"{k}: {written(v, limit)}" for k, v in value[:8]) + "}"
    else:
        text = "[" + ", ".join(written(v, limit) for v in value[:16]) + "]"
    return text if len(text) <= limit else text[: limit - 1] + "…"


_SIZE = re.compile(r"-?\d[\d_]*", re.ASCII)
#: Keys of a shape or of tokens that is written as a map.
FLOW_KEYS = (*AXIS_NAMES, "tokens", "vocabulary")
#: The order of the axes by the sorted keys of a map.
_MAPS = {tuple(sorted((*axes, "channels"))): (*axes, "channels") for axes in AXES.values()}


def is_shape_map(value: Map) -> bool:
    """Return whether a map is one shape with axes as keys, not several named shapes; {h: 32, w: 32, c: 3} is meant as one."""
    if {"h", "w"} <= {key.lower() for key, _ in value}:
        return all(isinstance(v, str) and integer(v) is not None for _, v in value)
    return any(key in FLOW_KEYS and not isinstance(v, Map) and ("x" not in v if isinstance(v, str) else True) for key, v in value)


def size(text: Value, what: str, within: str = "") -> int:
    """Return one size of a shape, 1 … 2³¹ − 1; `within` is the text around it. Raises LayerError about `what`."""
    value = integer(text) if isinstance(text, str) else None
    got = written(text) + (f" in {written(within)}" if within and within != text else "")
    if value is None:
        raise LayerError(f"{what} is a whole number, not {got}", rule="value", field=what)
    if value < 1:
        raise LayerError(f"{what} must be at least 1, got {got}", rule="value", field=what)
    if value > LARGEST:
        raise LayerError(f"{what} must be at most 2147483647 (2³¹ − 1), got {got}", rule="value", field=what)
    return value


def shape(value: Value, layout: str = "channels_last") -> Shape:
    """Read `55x55x96`, `55×55×96`, `[55, 55, 96]`, `3072`, or a map in words. Raises LayerError.

    >>> shape("3x32x64", "channels_first"), shape(("32", "64", "3"))
    (Shape(32, 64, 3), Shape(32, 64, 3))
    """
    if isinstance(value, Map):
        return _shape_in_words(value)
    try:
        sizes = [size(part, "a size", written(value)) for part in _parts(value, layout)]
    except LayerError as error:
        raise LayerError(f"{error.template}{_shape_hint(value)}", rule=error.rule, field=error.field) from None
    return Shape(*sizes) if layout == "channels_last" else Shape(*sizes[1:], sizes[0])


def open_shape(value: Value, layout: str = "channels_last") -> Shape:
    """Read a shape of which one size may be `_`: an OpenShape, 0 for that size. Raises LayerError.

    >>> open_shape("_x512"), str(open_shape("_x512"))
    (OpenShape(0, 512), '_x512')
    """
    if isinstance(value, Map):
        filled = Map((key, "1" if part == "_" else part) for key, part in value)
        found = _shape_in_words(filled)
        names = ("channels",) if len(found) == 1 else (*found.axes, "channels")
        sizes = [0 if value.get(name) == "_" else n for name, n in zip(names, found, strict=True)]
    else:
        try:
            parts = _parts(value, layout, "_")
            sizes = [0 if part == "_" else size(part, "a size", written(value)) for part in parts]
        except LayerError as error:
            raise LayerError(f"{error.template}{_shape_hint(value, '_')}", rule=error.rule, field=error.field) from None
        if layout == "channels_first":
            sizes = [*sizes[1:], sizes[0]]
    if sizes.count(0) > 1:
        raise LayerError(f"only one size may be _, not {sizes.count(0)}: {written(value)}", rule="value")
    return OpenShape(*sizes) if 0 in sizes else Shape(*sizes)


def _parts(value: Value, layout: str, wildcard: str = "") -> list[str]:
    """Return the sizes of a shape as text, in the order written."""
    found: list[str] | None = None
    if isinstance(value, tuple) and value and all(isinstance(part, str) for part in value):
        found = [str(part) for part in value]
    elif isinstance(value, str):
        found = [part.strip() for part in sizes_of(value)]
        if not all(_SIZE.fullmatch(part) or (wildcard and part == wildcard) for part in found) and (
            len(found) > 1 or integer(value) is None
        ):
            found = None
    if found is None:
        raise LayerError(f"a shape is written like {_example(layout)}, not {written(value)}", rule="value")
    if len(found) > 4:
        message = f"a shape has one to three spatial sizes and channels, not {len(found)} numbers: {written(value)}"
        raise LayerError(message, rule="value")
    return found


def sizes_of(text: str) -> list[str]:
    """Split sizes at x, X or ×."""
    return text.replace("×", "x").replace("X", "x").split("x")


#: Other signs for × and words between sizes, with letters of other alphabets that look like x.
_BETWEEN = re.compile(r"\s+by\s+|\s*[x×X*,; ✕✖⨯∗хХχΧ]\s*")
#: Words of other tools for a size that is left open, such as the batch.
_OPEN = frozenset(("-1", "None", "none", "null", "?", "_", "N", "n", "B", "batch", "batch_size"))


def _shape_hint(value: Value, wildcard: str = "") -> str:
    """Return `; write …` for a shape in another notation, `(32, 32, 3)`, `32*32*3` or with a batch, else an empty text.

    `wildcard` is the word for a size left open, if the field allows one.
    """
    if isinstance(value, str):
        # Digits of other scripts become 0 to 9.
        text = unicodedata.normalize("NFKC", re.split(r"//|#", value)[0])
        text = "".join(str(unicodedata.digit(sign, sign)) for sign in text)
        parts: list[str] = _BETWEEN.split(text.strip().strip("()[]").strip(" ,"))
    elif isinstance(value, tuple):
        parts = ["null" if part is None else part for part in value if part is None or isinstance(part, str)]
        if len(parts) != len(value):
            return ""
    else:
        return ""
    batch = len(parts) == 5 or (not wildcard and len(parts) > 1 and parts[0] in _OPEN)
    sizes = [wildcard if wildcard and part in _OPEN else part for part in (parts[1:] if batch else parts)]
    wrong = [part for part in sizes if not (part == wildcard and wildcard) and not 0 < (integer(part) or 0) <= LARGEST]
    if wrong or not 1 <= len(sizes) <= 4 or sizes.count(wildcard) > 1 or sizes == [wildcard]:
        return "; the batch is never written" if batch else ""
    text = "x".join(part if part == wildcard else str(integer(part)) for part in sizes)
    return f"; the batch is never written: write {text}" if batch else f"; write {text}"


def _shape_in_words(value: Map) -> Shape:
    keys = tuple(sorted(key for key, _ in value))
    order = _MAPS.get(keys)
    if order is not None:
        return Shape(*(size(value.get(axis), axis) for axis in order))
    unknown = [key for key in keys if key not in FLOW_KEYS]
    if unknown:
        meant = [_AXES_MEANT.get(key.lower(), key) for key, _ in value]
        help_ = f"{{{', '.join(f'{axis}: {written(v)}' for axis, (_, v) in zip(meant, value, strict=True))}}}"
        instead = help_ if tuple(sorted(meant)) in _MAPS else _MAP_HELP
        raise LayerError(f"a shape has no {written(unknown[0])}; write {instead}", rule="unknown-key", field=unknown[0])
    got = f"not a map of {', '.join(keys) or 'nothing'}"
    if "channels" not in keys and keys:
        got += "; write how many channels, as in channels: 3"
    raise LayerError(f"a shape is {_MAP_HELP}, {got}", rule="value")


#: Axes by their letters.
_AXES_MEANT = {"d": "depth", "h": "height", "w": "width", "l": "length", "c": "channels"}


def _example(layout: str) -> str:
    return "32x32x3" if layout == "channels_last" else "3x32x32"


_MAP_HELP = "{height: …, width: …, channels: …}, {length: …, channels: …} or {depth: …, height: …, width: …, channels: …}"


def flow(value: Value, layout: str = "channels_last") -> Flow:
    """Read an input: a shape, or `{tokens: 56, vocabulary: 20000}`. Raises LayerError."""
    if isinstance(value, Map) and any(key in ("tokens", "vocabulary") for key, _ in value):
        keys = sorted(k for k, _ in value)
        if keys != ["tokens", "vocabulary"]:
            lacking = [k for k in ("tokens", "vocabulary") if k not in keys]
            more = [k for k in keys if k not in ("tokens", "vocabulary")]
            fault = f"lacks {lacking[0]}" if lacking else f"has no {more[0]}"
            rule = "missing" if lacking else "unknown-key"
            field = None if lacking else more[0]
            raise LayerError(f"a token input {fault}; write {{tokens: 56, vocabulary: 20000}}", rule=rule, field=field)
        return Tokens(size(value.get("tokens"), "tokens"), size(value.get("vocabulary"), "vocabulary"))
    return shape(value, layout)
