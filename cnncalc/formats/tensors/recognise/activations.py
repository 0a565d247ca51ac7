"""Activations that are written out in arithmetic: found by the numbers that they give.

A group of operators that computes each number from one number alone is a function of that number. The function is evaluated
at a few points and compared with the functions that have a name, so that every way to write GELU or hard-swish is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cnncalc.formats.tensors import fold
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Operation, Program, Value

POINTS = (-9.0, -4.5, -2.5, -1.25, -0.5, -0.125, 0.0, 0.25, 0.75, 1.5, 2.75, 5.0, 9.5)
MOST = 16


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


_NAMED: list[tuple[dict[str, Any], Callable[[float], float]]] = [
    ({"function": "gelu", "approximate": "none"}, lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2)))),
    (
        {"function": "gelu", "approximate": "tanh"},
        lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    ({"function": "silu"}, lambda x: x * _sigmoid(x)),
    ({"function": "hard_swish"}, lambda x: x * min(max(x + 3, 0), 6) / 6),
    ({"function": "hard_sigmoid", "slope": 1 / 6, "offset": 0.5}, lambda x: min(max(x + 3, 0), 6) / 6),
    ({"function": "hard_sigmoid", "slope": 0.2, "offset": 0.5}, lambda x: min(max(0.2 * x + 0.5, 0), 1)),
    ({"function": "mish"}, lambda x: x * math.tanh(math.log1p(math.exp(x)))),
    ({"function": "softplus"}, lambda x: math.log1p(math.exp(x))),
    ({"function": "clip", "min": 0.0, "max": 6.0}, lambda x: min(max(x, 0), 6)),
]
_WANTED = [(attributes, [function(x) for x in POINTS]) for attributes, function in _NAMED]

_EXTRA: dict[str, Callable[[dict[str, Any], float], float]] = {
    "softplus": lambda a, x: math.log1p(math.exp(x)),
    "hard_sigmoid": lambda a, x: min(max(a["slope"] * x + a["offset"], 0), 1),
    "hard_swish": lambda a, x: x * min(max(x + 3, 0), 6) / 6,
    "silu": lambda a, x: x * _sigmoid(x),
    "leaky_relu": lambda a, x: x if x > 0 else a["slope"] * x,
    "clip": lambda a, x: min(max(x, a["min"]), a["max"]),
    "affine": lambda a, x: a["factor"] * x + a["offset"],
    "power": lambda a, x: x ** a["exponent"],
}


def recognise(program: Program) -> bool:
    """Replaces written-out activations; whether there were any."""
    places = {id(o): i for i, o in enumerate(program.operations)}
    leaving = program.outputs_of()
    gone: set[int] = set()
    found = False
    for operation in reversed(program.operations):
        if id(operation) in gone or not _pointwise(operation):
            continue
        match = _match(operation, places, leaving, program.precision)
        if match is not None:
            attributes, leaf, cone = match
            gone |= {id(one) for one in cone if one is not operation}
            operation.op = "unary"
            operation.inputs = [leaf]
            operation.attributes = dict(attributes)
            found = True
    return found


def _pointwise(operation: Operation) -> bool:
    return operation.op in ("unary", "binary") and operation.output.dtype == "float"


def _match(
    end: Operation, places: dict[int, int], leaving: set[int], precision: float
) -> tuple[dict[str, Any], Value, list[Operation]] | None:
    """The named function that ends in an operator, the value it is of, and the operators that compute it."""
    shape = end.output.shape
    cone = [end]
    inside = {id(end)}
    frontier = _values(end)
    if frontier is None:
        return None
    while len(cone) <= MOST:
        if len(frontier) == 1 and len(cone) > 1 and frontier[0].shape == shape:
            attributes = _named(cone, frontier[0], precision)
            if attributes is not None:
                return attributes, frontier[0], cone
        # The latest operator first, so that nothing is passed over that leads to the same number.
        makers = [v.made_by for v in frontier if v.made_by is not None]
        makers = [
            m for m in makers if _pointwise(m) and all(id(u) in inside for u in m.output.users) and id(m.output) not in leaving
        ]
        if not makers:
            return None
        latest = max(makers, key=lambda m: places[id(m)])
        values = _values(latest)
        if values is None:
            return None
        cone.append(latest)
        inside.add(id(latest))
        frontier = [v for v in frontier if v is not latest.output]
        frontier += [v for v in values if all(v is not other for other in frontier)]
        if len(frontier) > 3:
            return None
    return None


def _values(operation: Operation) -> list[Value] | None:
    """The values that an operator reads; None if it also reads an array of constants."""
    found: list[Value] = []
    for one in operation.inputs:
        if isinstance(one, Value):
            if all(one is not other for other in found):
                found.append(one)
        elif isinstance(one, Constant) and (_is_array(one) or not isinstance(one.scalar, (int, float))):
            return None
    return found


def _is_array(constant: Constant) -> bool:
    return any(part.size > 1 for part in constant.stored())


def _named(cone: list[Operation], leaf: Value, precision: float) -> dict[str, Any] | None:
    """The named function that is nearest to a group of operators, if all its numbers are within the precision."""
    numbers = []
    for point in POINTS:
        try:
            numbers.append(_evaluate(cone, leaf, point))
        except (ArithmeticError, ValueError, KeyError, TypeError):
            return None

    def distance(wanted: list[float]) -> float:
        return max(abs(a - b) / max(1, abs(b)) for a, b in zip(numbers, wanted, strict=True))

    nearest = min(_WANTED, key=lambda named: distance(named[1]))
    return nearest[0] if distance(nearest[1]) <= precision else None


def _evaluate(cone: list[Operation], leaf: Value, point: float) -> float:
    known: dict[int, float] = {id(leaf): point}
    for operation in reversed(cone):
        args = [
            known[id(one)] if isinstance(one, Value) else float(one.scalar) if one is not None else 0.0
            for one in operation.inputs
        ]
        name = operation.attributes["function"]
        if operation.op == "binary":
            known[id(operation.output)] = float(fold.BINARY[name](*args))
        elif name in _EXTRA:
            known[id(operation.output)] = float(_EXTRA[name](operation.attributes, args[0]))
        else:
            known[id(operation.output)] = float(fold.UNARY[name](args[0]))
    return known[id(cone[0].output)]
