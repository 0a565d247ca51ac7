"""Expressions `${…}`: arithmetic with a whitelist of operations, read by a small parser; nothing else is evaluated.

Numbers, words, true and false; `+ - * / // % **`, comparisons, `a if c else b`, and the functions of FUNCTIONS.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Union

from cnncalc import values
from cnncalc.shape import LayerError
from cnncalc.spelling import did_you_mean
from cnncalc.values import Value

Result = Union[int, float, bool, str]
Evaluate = Callable[["Names"], Result]

MAX_LENGTH = 10_000
MAX_DEPTH = 50
LARGEST = 10**30

_TOKEN = re.compile(
    r"\s*(?:(\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)|([A-Za-z_]\w*)|('[^']*'|\"[^\"]*\")|(\*\*|//|<=|>=|==|!=|[-+*/%()<>,]))",
    re.ASCII,
)
_COMPARISONS: dict[str, Callable[[Result, Result], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: _number(a, "<") < _number(b, "<"),
    "<=": lambda a, b: _number(a, "<=") <= _number(b, "<="),
    ">": lambda a, b: _number(a, ">") > _number(b, ">"),
    ">=": lambda a, b: _number(a, ">=") >= _number(b, ">="),
}


class Unknown(Exception):
    """The value is unknown because a shape is unknown."""


UNKNOWN = object()
"""The value of a name that depends on an unknown shape."""


def _fault(message: str) -> LayerError:
    return LayerError(message, rule="expression")


def multiple_of(x: float, divisor: float) -> int:
    """The nearest multiple of `divisor`, at least one, never more than 10 % below x.

    Source: Sandler et al. 2018, MobileNetV2, the published code's rounding of channels.

    >>> multiple_of(32 * 0.35, 8), multiple_of(11, 8), multiple_of(12, 8)
    (16, 16, 16)
    """
    if divisor != int(divisor) or divisor < 1:
        raise _fault(f"the second value of multiple_of must be an integer ≥ 1, got {divisor}")
    divisor = int(divisor)
    rounded = max(divisor, int(x + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * x else rounded


FUNCTIONS: dict[str, tuple[Callable[..., float], int, int]] = {
    "min": (lambda *numbers: min(numbers), 1, 99),
    "max": (lambda *numbers: max(numbers), 1, 99),
    "round": (round, 1, 1),
    "floor": (math.floor, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "abs": (abs, 1, 1),
    "multiple_of": (multiple_of, 2, 2),
}
RESERVED = frozenset((*FUNCTIONS, "if", "else", "true", "false", "i", "in_channels"))


Texts = tuple[Mapping[str, Value | object], ...]
"""Texts by name, in the order of lookup: `i`, a block's parameters, the file's vars."""


class Names:
    """The names that an expression can use: vars and parameters as text, and `in_channels`."""

    __slots__ = ("channels", "texts")

    def __init__(self, texts: Texts | Mapping[str, Value | object], channels: object = None) -> None:
        self.texts = texts if isinstance(texts, tuple) else (texts,)
        #: An integer, UNKNOWN, or a LayerError that says why the row has no input channels.
        self.channels = channels

    def value(self, name: str) -> Value:
        """Return the text of a name. Raises LayerError if the name is not defined, Unknown if its value is unknown."""
        if name == "in_channels":
            if isinstance(self.channels, LayerError):
                raise self.channels
            if self.channels is UNKNOWN or self.channels is None:
                raise Unknown
            return str(self.channels)
        for texts in self.texts:
            if name in texts:
                found = texts[name]
                if found is UNKNOWN:
                    raise Unknown
                return found  # type: ignore[return-value]  # UNKNOWN is the only object that is no Value
        raise undefined(name, did_you_mean(name, [*chain(*self.texts), "in_channels"]))


def undefined(name: str, hint: str) -> LayerError:
    """Return the error for an undefined name; `hint` suggests the nearest defined one."""
    if name == "i":
        return LayerError("i counts the copies of a row with repeat, and no row here has one", rule="unknown-name")
    return LayerError(f"{name} is no var or parameter{hint}", rule="unknown-name")


def _typed(text: Value, name: str) -> Result:
    """Return a var's text as a number or a boolean if it is one, else as a word."""
    if text is None:
        raise _fault(f"{name} has no value")
    if not isinstance(text, str):
        raise _fault(f"{name} is a list; it can be passed on, not computed with")
    whole = values.integer(text)
    if whole is not None:
        return whole if "." not in text and "e" not in text.lower() else float(whole)
    decimal = values.number(text)
    if decimal is not None:
        return decimal
    truth = values.boolean(text)
    return text if truth is None else truth


def _number(value: Result, operator: str) -> int | float:
    if isinstance(value, (bool, str)):
        got = str(value).lower() if isinstance(value, bool) else f"'{values.written(value)}'"
        raise _fault(f"{operator} needs numbers, got {got}")
    return value


def _bounded(value: int | float) -> int | float:
    if isinstance(value, complex) or (isinstance(value, float) and math.isnan(value)):
        raise _fault("the result is not a number")
    if abs(value) > LARGEST:
        raise _fault("the result is larger than 10³⁰")
    return value


def _power(base: float, exponent: float) -> int | float:
    if abs(exponent) > 128:
        raise _fault(f"the exponent is at most 128, got {values.written(str(exponent))}")
    if base == 0 and exponent < 0:
        raise _fault("0 to a negative power divides by zero")
    return base**exponent  # type: ignore[no-any-return]  # _bounded refuses a complex result


def _divide(operator: str, a: float, b: float) -> int | float:
    if b == 0:
        raise _fault(f"{values.written(str(a))} {operator} 0 divides by zero")
    if operator == "/":
        return a / b
    return a // b if operator == "//" else a % b


def _arithmetic(operator: str, left: Result, right: Result) -> Result:
    a, b = _number(left, operator), _number(right, operator)
    try:
        if operator == "+":
            found = a + b
        elif operator == "-":
            found = a - b
        elif operator == "*":
            found = a * b
        elif operator == "**":
            found = _power(a, b)
        else:
            found = _divide(operator, a, b)
    except OverflowError:
        raise _fault("the result is larger than 10³⁰") from None
    return _bounded(found)


class Expression:
    """A parsed ${…}; `names` are the names it uses. Raises LayerError if the text cannot be parsed."""

    __slots__ = ("_evaluate", "_is_name", "names", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            parser = _Parser(text)
            self._evaluate = parser.parse()
        except LayerError as fact:
            from cnncalc.language.expression_advice import advice

            better = advice(text) if len(text) <= MAX_LENGTH else None
            raise self._in(LayerError(better, rule=fact.rule) if better else fact) from None
        self.names = frozenset(parser.names)
        #: Whether it is one name alone, whose value is passed on.
        self._is_name = self.names == {text}

    def __call__(self, names: Names) -> Value:
        """Return the result as text. Raises LayerError or Unknown."""
        if self._is_name:
            return names.value(self.text)
        try:
            return _text(self._evaluate(names))
        except LayerError as fact:
            raise self._in(fact) from None

    def _in(self, fact: LayerError) -> LayerError:
        """Return the error with the expression added to its message."""
        if fact.rule != "expression" or not self.text:
            return fact
        return LayerError(f"{fact.template}, in ${{{values.written(self.text, 40)}}}", rule=fact.rule)


def _text(result: Result) -> str:
    if isinstance(result, bool):
        return "true" if result else "false"
    return result if isinstance(result, str) else repr(result)


class _Parser:
    """A precedence-climbing parser that compiles tokens to closures."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise _fault(f"an expression has at most {MAX_LENGTH} characters")
        self.names: set[str] = set()
        self._tokens = self._split(text)
        self._at = 0
        self._depth = 0

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        tokens = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                rest = values.written(text[at:].strip(), 20)
                raise _fault(
                    f"{rest} cannot stand in ${{…}}: it takes numbers, names, + - * / // % **, comparisons and functions"
                )
            kind = ("number", "name", "word", "operator")[(match.lastindex or 1) - 1]
            tokens.append((kind, match[match.lastindex or 1]))
            at = match.end()
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _fault("the expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _want(self, token: str) -> None:
        if self._peek() != token:
            raise _fault(
                f"{token} is missing" + (f" before {values.written(self._peek(), 20)}" if self._peek() else " at the end")
            )
        self._at += 1

    def parse(self) -> Evaluate:
        if not self._tokens:
            raise _fault("${} is empty")
        found = self._conditional()
        if self._at < len(self._tokens):
            raise _fault(f"{values.written(self._peek(), 20)} is not expected here")
        return found

    def _conditional(self) -> Evaluate:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _fault(f"an expression is nested at most {MAX_DEPTH} levels deep")
        then = self._comparison()
        if self._peek() == "if":
            self._at += 1
            condition = self._comparison()
            self._want("else")
            other = self._conditional()
            first = then

            def choose(names: Names) -> Result:
                return first(names) if _truth(condition(names)) else other(names)

            then = choose
        self._depth -= 1
        return then

    def _comparison(self) -> Evaluate:
        left = self._sum()
        if self._peek() in _COMPARISONS:
            compare = _COMPARISONS[self._take()[1]]
            right = self._sum()
            if self._peek() in _COMPARISONS:
                raise _fault("comparisons do not chain")
            return lambda names: compare(left(names), right(names))
        return left

    def _sum(self) -> Evaluate:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Evaluate:
        return self._chain(("*", "/", "//", "%"), self._unary)

    def _chain(self, operators: tuple[str, ...], operand: Callable[[], Evaluate]) -> Evaluate:
        """Parse operands from left to right in a loop, so that a long chain does not recurse."""
        first = operand()
        if self._peek() not in operators:
            return first
        rest: list[tuple[str, Evaluate]] = []
        while self._peek() in operators:
            rest.append((self._take()[1], operand()))

        def fold(names: Names) -> Result:
            found = first(names)
            for operator, evaluate in rest:
                found = _arithmetic(operator, found, evaluate(names))
            return found

        return fold

    def _unary(self) -> Evaluate:
        if self._peek() in ("-", "+"):
            sign = self._take()[1]
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise _fault(f"an expression is nested at most {MAX_DEPTH} levels deep")
            operand = self._unary()
            self._depth -= 1
            return lambda names: -_number(operand(names), sign) if sign == "-" else _number(operand(names), sign)
        base = self._atom()
        if self._peek() == "**":
            self._at += 1
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise _fault(f"an expression is nested at most {MAX_DEPTH} levels deep")
            exponent = self._unary()
            self._depth -= 1
            return lambda names: _arithmetic("**", base(names), exponent(names))
        return base

    def _atom(self) -> Evaluate:
        kind, token = self._take()
        if token == "(":
            found = self._conditional()
            self._want(")")
            return found
        if kind == "number":
            number = _typed(token, token)
            if isinstance(number, str):
                raise _fault(f"{values.written(token, 20)} is not a number")
            return lambda names: number
        if kind == "word":
            word = token[1:-1]
            return lambda names: word
        if kind == "name" and token in ("true", "false"):
            truth = token == "true"
            return lambda names: truth
        if kind == "name" and token not in ("if", "else"):
            return self._call(token) if self._peek() == "(" else self._name(token)
        raise _fault(f"{token} is not expected here")

    def _name(self, name: str) -> Evaluate:
        if name in FUNCTIONS:
            raise _fault(f"{name} is a function; write {name}(…)")
        if name in ("True", "False"):
            raise _fault(f"write {name.lower()}")
        self.names.add(name)
        return lambda names: _typed(names.value(name), name)

    def _call(self, name: str) -> Evaluate:
        if name not in FUNCTIONS:
            raise _fault(f"there is no function {name}; the functions are {', '.join(FUNCTIONS)}")
        function, least, most = FUNCTIONS[name]
        self._at += 1
        arguments: list[Evaluate] = []
        while self._peek() != ")":
            arguments.append(self._conditional())
            if self._peek() != ")":
                self._want(",")
        self._at += 1
        if not least <= len(arguments) <= most:
            raise _fault(f"{name} takes {'one value or more' if most == 99 else least}, got {len(arguments)}")

        def call(names: Names) -> Result:
            return _bounded(function(*(_number(argument(names), name) for argument in arguments)))

        return call


def _truth(value: Result) -> bool:
    if isinstance(value, str):
        raise _fault(f"the condition of if must be a comparison, got '{values.written(value)}'")
    return bool(value)
