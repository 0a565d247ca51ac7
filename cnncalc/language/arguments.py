"""Reads values from YAML nodes, with the expressions in them."""

from __future__ import annotations

from collections.abc import Collection

from cnncalc.build.problems import Problems
from cnncalc.language.expression import undefined
from cnncalc.language.row import FAULTY, Argument, has_fault
from cnncalc.language.source import Scalar, Sequence, YamlNode
from cnncalc.language.template import Dynamic, Pairs, Parts, Template, names_in
from cnncalc.shape import LayerError
from cnncalc.values import Map, Value


class ArgumentReader:
    """Reads arguments. `names` are those that expressions may use: vars and, inside a block, its parameters.

    `in_rows`: expressions may use `in_channels` too.
    """

    def __init__(self, problems: Problems, names: Collection[str], *, in_rows: bool = True) -> None:
        self._problems = problems
        self._names = names
        self._in_rows = in_rows
        #: The number of repeated rows around the value.
        self._repeats = 0

    def argument(self, key: Scalar, node: YamlNode, repeats: int | None = None) -> Argument:
        """Read the value of a key; report undefined names in its expressions."""
        value = self._value(node)
        argument = Argument(key, node, FAULTY if has_fault(value) else value)
        if argument.dynamic:
            counted = self._repeats if repeats is None else repeats
            for name in sorted(names_in(value)):
                if name in self._names or name == "in_channels" or (name == "i" and counted):
                    continue
                more = ("in_channels",) if self._in_rows else ()
                fact = undefined(name, self._problems.did_you_mean(name, self._names, more))
                if name == "i" and self._repeats:
                    fact = LayerError("i is the number of a copy, and this key applies to all copies of the row", rule=fact.rule)
                self._problems.error(fact, argument.location)
                argument.value, argument.dynamic = FAULTY, False
        return argument

    def _value(self, node: YamlNode) -> Value | Dynamic:
        if isinstance(node, Scalar):
            if "${" not in node.text:
                return None if node.null else node.text
            try:
                return Template(node.text)
            except LayerError as fact:
                self._problems.error(fact, node)
                return FAULTY
        if isinstance(node, Sequence):
            parts = tuple(self._value(item) for item in node.items)
            dynamic = any(isinstance(p, (Template, Parts, Pairs)) for p in parts)
            return Parts(parts) if dynamic else parts  # type: ignore[return-value]  # static: every part is a value
        pairs = tuple((key, self._value(value)) for key, (_, value) in node.pairs.items())
        dynamic = any(isinstance(p, (Template, Parts, Pairs)) for _, p in pairs)
        return Pairs(pairs) if dynamic else Map(pairs)  # type: ignore[arg-type]  # static: every value is one
