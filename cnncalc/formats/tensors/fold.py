"""Arithmetic on small constants in plain Python, so that shapes are computed without importing NumPy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

Data = list[Any]
Shape = tuple[int, ...]


def compute(op: str, datas: Sequence[Data | None], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data | None:
    """The numbers of the result, or None if the numbers of an argument are not known or the operator is not computed here."""
    function = _COMPUTE.get(op)
    if function is None or math.prod(shape) > 1 << 16:
        return None
    known = [data for data in datas if data is not None]
    if len(known) < len(datas):
        return None
    try:
        return function(known, shapes, attributes, shape)
    except (ArithmeticError, ValueError, IndexError, TypeError, KeyError):
        return None


def strides(shape: Shape) -> list[int]:
    """The distance between neighbours along each axis in row-major order."""
    found = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        found[axis] = found[axis + 1] * shape[axis + 1]
    return found


def broadcast(data: Data, shape: Shape, to: Shape) -> Data:
    """`data` repeated along axes of size 1 and axes in front."""
    if shape == to:
        return data
    if len(data) == 1:
        return data * math.prod(to)
    padded = (1,) * (len(to) - len(shape)) + shape
    steps = [0 if n == 1 else step for n, step in zip(padded, strides(padded), strict=True)]
    return _take(data, to, steps, 0)


def _take(data: Data, shape: Shape, steps: Sequence[int], start: int) -> Data:
    """The numbers at start + Σ index·step, in row-major order of `shape`."""
    places = [start]
    for size, step in zip(shape, steps, strict=True):
        offsets = [i * step for i in range(size)]
        places = [place + offset for place in places for offset in offsets]
    return [data[place] for place in places]


def _reshape(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    return datas[0]


def _transpose(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    steps = strides(shapes[0])
    return _take(datas[0], shape, [steps[axis] for axis in attributes["axes"]], 0)


def _slice(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    steps = strides(shapes[0])
    axis, start, step = attributes["axis"], attributes["start"], attributes["step"]
    first = start * steps[axis]
    steps[axis] *= step
    return _take(datas[0], shape, steps, first)


def _concat(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    axis = attributes["axis"]
    found: Data = []
    widths = [math.prod(s[axis:]) for s in shapes]
    for row in range(math.prod(shape[:axis])):
        for data, width in zip(datas, widths, strict=True):
            found += data[row * width : (row + 1) * width]
    return found


def _gather(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    axis = attributes["axis"]
    size = shapes[0][axis]
    inner = math.prod(shapes[0][axis + 1 :])
    found: Data = []
    for outer in range(math.prod(shapes[0][:axis])):
        for index in datas[1]:
            if not -size <= index < size:
                raise IndexError(index)
            first = (outer * size + index % size) * inner
            found += datas[0][first : first + inner]
    return found


def _expand(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    return broadcast(datas[0], shapes[0], shape)


def _where(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    parts = [broadcast(data, s, shape) for data, s in zip(datas, shapes, strict=True)]
    return [a if c else b for c, a, b in zip(*parts, strict=True)]


def _binary(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    function = BINARY[attributes["function"]]
    first, second = (broadcast(data, s, shape) for data, s in zip(datas, shapes, strict=True))
    return [function(a, b) for a, b in zip(first, second, strict=True)]


def _unary(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    name = attributes["function"]
    if name == "clip":
        low, high = attributes["min"], attributes["max"]
        return [max(low, min(high, value)) for value in datas[0]]
    if name == "affine":
        factor, offset = attributes["factor"], attributes["offset"]
        return [factor * value + offset for value in datas[0]]
    if name == "power":
        return [value ** attributes["exponent"] for value in datas[0]]
    function = UNARY[name]
    return [function(value) for value in datas[0]]


def _cast(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    convert: Callable[[Any], Any] = {"int": int, "float": float, "bool": bool}[attributes["to"]]
    return [convert(value) for value in datas[0]]


def _reduce(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    axes = attributes["axes"]
    function = REDUCE[attributes["function"]]
    kept = [axis for axis in range(len(shapes[0])) if axis not in axes]
    steps = strides(shapes[0])
    inner_shape = tuple(shapes[0][axis] for axis in axes)
    inner_steps = [steps[axis] for axis in axes]
    starts = _take(list(range(len(datas[0]))), tuple(shapes[0][axis] for axis in kept), [steps[axis] for axis in kept], 0)
    return [function(_take(datas[0], inner_shape, inner_steps, start)) for start in starts]


def _cumsum(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    axis = attributes["axis"]
    step, size = strides(shape)[axis], shape[axis]
    found = list(datas[0])
    for place in range(len(found)):
        if place // step % size:
            found[place] += found[place - step]
    return found


def _pad(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    if attributes["mode"] != "zeros":
        raise ValueError(attributes["mode"])
    found: Data = [attributes["value"]] * math.prod(shape)
    to = strides(shape)
    first = sum(before * step for (before, _), step in zip(attributes["pads"], to, strict=True))
    ranges = [range(0, n * step, step) for n, step in zip(shapes[0], to, strict=True)]
    for value, offsets in zip(datas[0], itertools.product(*ranges), strict=True):
        found[first + sum(offsets)] = value
    return found


def _divide(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        # Integers are divided towards zero, as in C.
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return a / b


def _power(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and (b > 64 or abs(a) > 1 << 32):
        raise ValueError("too large")
    found = a**b
    return int(found) if isinstance(a, int) and not isinstance(found, complex) else found


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": _divide,
    "floor_divide": lambda a, b: a // b,
    "modulo": lambda a, b: a % b,
    "fmod": math.fmod,
    "power": _power,
    "maximum": max,
    "minimum": min,
    "equal": lambda a, b: a == b,
    "less": lambda a, b: a < b,
    "greater": lambda a, b: a > b,
    "less_equal": lambda a, b: a <= b,
    "greater_equal": lambda a, b: a >= b,
    "and": lambda a, b: bool(a and b),
    "or": lambda a, b: bool(a or b),
    "xor": lambda a, b: bool(a) != bool(b),
}

UNARY: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "ceil": lambda a: float(math.ceil(a)),
    "floor": lambda a: float(math.floor(a)),
    "round": lambda a: float(round(a)),
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "erf": math.erf,
    "square": lambda a: a * a,
    "reciprocal": lambda a: 1 / a,
    "not": lambda a: not a,
    "negative": lambda a: -a,
    "sign": lambda a: (a > 0) - (a < 0),
    "relu": lambda a: max(a, 0),
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
}

REDUCE: dict[str, Callable[[Data], Any]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "product": math.prod,
    "mean": lambda values: sum(values) / len(values),
}


def _dequantise(datas: list[Data], shapes: list[Shape], attributes: dict[str, Any], shape: Shape) -> Data:
    """Integers less their zero point, times their scale; one scale for all of them."""
    (scale,), (zero,) = datas[1], datas[2] if len(datas) > 2 else [0]
    return [(number - zero) * scale for number in datas[0]]


_COMPUTE: dict[str, Callable[[list[Data], list[Shape], dict[str, Any], Shape], Data]] = {
    "reshape": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "concat": _concat,
    "gather": _gather,
    "expand": _expand,
    "where": _where,
    "binary": _binary,
    "unary": _unary,
    "cast": _cast,
    "reduce": _reduce,
    "cumsum": _cumsum,
    "pad": _pad,
    "dequantise": _dequantise,
}
