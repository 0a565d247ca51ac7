"""Vars in which every figure of a network rises: if a combination is over the budget, each with larger values is as well.

A var is rising if rows use it, directly or through parameters of blocks and the channels of their inputs, only for fields that
`Layer.rises_with` names, and only in expressions that never fall as it grows. Networks with errors are not considered.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cnncalc.language.content import Rows
from cnncalc.language.expression import Expression
from cnncalc.language.row import Argument, Body, Row
from cnncalc.language.template import Template, names_in


class Trend(NamedTuple):
    """Whether a value rises with the var or does not depend on it; and whether it is known to be 0 or more."""

    rises: bool
    natural: bool


_CHANNELS = Trend(True, True)
_COUNT = Trend(False, True)
_FIXED = Trend(False, False)


class _Unproven(Exception):
    """Growth is not proven: a value may fall as the var grows, or a larger value may make the network smaller."""


def is_rising(name: str, rows: Rows, natural: Iterable[str] = ()) -> bool:
    """Return whether every figure of a network without errors rises with the var `name`, whose values are 0 or more.

    `natural` are further vars whose values are numbers of 0 or more.
    """
    if name in rows.used:
        return False
    try:
        _Proof(rows, dict.fromkeys(natural, _COUNT) | {name: Trend(True, True)}).check()
    except _Unproven:
        return False
    return True


class _Proof:
    """Follows a var through all rows; `_parameters` are the trends of the parameters of each block in all its uses so far."""

    def __init__(self, rows: Rows, top: Mapping[str, Trend]) -> None:
        self._rows = rows
        self._top = top
        self._parameters: dict[str, dict[str, Trend]] = {title: {} for title in rows.blocks}

    def check(self) -> None:
        """Raises _Unproven. Blocks are read until the trends of their parameters settle: each can change twice at most."""
        settled = False
        while not settled:
            before = {title: dict(known) for title, known in self._parameters.items()}
            self._body(self._rows.layers, self._top)
            for title, block in self._rows.blocks.items():
                # A block that is not used yet may be used by one that is read later.
                if before[title] or not block.parameters:
                    self._body(block.body, {**self._top, **self._parameters[title]})
            settled = self._parameters == before

    def _body(self, body: Body, names: Mapping[str, Trend]) -> None:
        for row in body.rows:
            for key, argument in row.row_keys.items():
                if key != "expect":
                    _fixed(argument, names)
            if row.kind == "branches":
                for branch in row.branches.values():
                    self._body(branch, names)
            elif row.kind == "block":
                self._use(row, names)
            elif row.layer is not None and row.layer.rises_with is not None:
                for key, argument in row.fields.items():
                    if row.layer.field_of(key) not in row.layer.rises_with:
                        _fixed(argument, names)
                    elif argument.dynamic and not _trend(argument, names).natural:
                        raise _Unproven
            else:
                raise _Unproven

    def _use(self, row: Row, names: Mapping[str, Trend]) -> None:
        """Pass the arguments of a use on to the parameters of the block."""
        target = row.fields["block"]
        if target.dynamic or not isinstance(target.value, str):
            raise _Unproven
        known = self._parameters[target.value]
        inside = dict(self._top)
        for parameter, default in self._rows.blocks[target.value].parameters.items():
            if parameter in row.fields:
                found = _trend(row.fields[parameter], names)
            else:
                # A default may use the parameters before it.
                found = _trend(default, inside) if default is not None else _FIXED
            inside[parameter] = found
            earlier = known.get(parameter, found)
            known[parameter] = Trend(earlier.rises or found.rises, earlier.natural and found.natural)


def _fixed(argument: Argument, names: Mapping[str, Trend]) -> None:
    """Raises _Unproven if a value depends on the var or on the channels that flow in."""
    if argument.dynamic and any(_named(name, names).rises for name in names_in(argument.value)):
        raise _Unproven


def _trend(argument: Argument, names: Mapping[str, Trend]) -> Trend:
    value = argument.value
    if isinstance(value, str):
        return _FIXED if is_natural(value) is None else _COUNT
    if isinstance(value, Template) and len(value.parts) == 1 and isinstance(value.parts[0], Expression):
        try:
            tree = ast.parse(value.parts[0].text, mode="eval").body
        except SyntaxError:
            raise _Unproven from None
        return _of(tree, names)
    _fixed(argument, names)
    return _FIXED


def is_natural(text: str) -> float | None:
    """Return the number that a word is, if it is finite and 0 or more."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _named(name: str, names: Mapping[str, Trend]) -> Trend:
    if name in names:
        return names[name]
    return _CHANNELS if name == "in_channels" else _COUNT if name == "i" else _FIXED


def _of(tree: ast.expr, names: Mapping[str, Trend]) -> Trend:
    """Return the trend of an expression. Raises _Unproven."""
    match tree:
        case ast.Constant(value=value):
            return _COUNT if isinstance(value, (int, float)) and value >= 0 else _FIXED
        case ast.Name(id=name):
            return _named(name, names)
        case ast.BinOp(left=left, op=operator, right=right):
            return _operation(operator, _of(left, names), _of(right, names))
        case ast.IfExp(test=test, body=first, orelse=second):
            both = _of(first, names), _of(second, names)
            if not _of(test, names).rises:
                return Trend(any(one.rises for one in both), all(one.natural for one in both))
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            return _call(function, [_of(one, names) for one in arguments])
        case _:
            if not any(_named(one.id, names).rises for one in ast.walk(tree) if isinstance(one, ast.Name)):
                return _FIXED
    raise _Unproven


def _operation(operator: ast.operator, a: Trend, b: Trend) -> Trend:
    rises, natural = a.rises or b.rises, a.natural and b.natural
    if not rises:
        return Trend(False, natural and not isinstance(operator, ast.Sub))
    match operator:
        case ast.Add():
            return Trend(True, natural)
        case ast.Sub() if not b.rises:
            return Trend(True, False)
        case ast.Mult() if natural:
            return Trend(True, True)
        # Division by 0 is an error.
        case ast.Div() | ast.FloorDiv() if not b.rises and b.natural:
            return Trend(True, a.natural)
        case ast.Pow() if natural and not b.rises:
            return Trend(True, True)
    raise _Unproven


def _call(function: str, arguments: list[Trend]) -> Trend:
    rises = any(one.rises for one in arguments)
    match function:
        case "multiple_of" if not arguments[-1].rises:
            # The result of rounding is at least one multiple.
            return Trend(rises, True)
        case "min" | "round" | "floor" | "ceil":
            return Trend(rises, all(one.natural for one in arguments))
        case "max":
            return Trend(rises, any(one.natural for one in arguments))
        case "abs" if not rises or arguments[0].natural:
            return Trend(rises, True)
    if rises:
        raise _Unproven
    return _FIXED
