"""Computes the values of keys that every row can have: `repeat`, `fit`, `trainable` and others."""

from __future__ import annotations

import re

from cnncalc import values
from cnncalc.build.problems import Problems
from cnncalc.graph import Producer
from cnncalc.language.content import Rows
from cnncalc.language.expression import UNKNOWN, Names, Texts, Unknown
from cnncalc.language.names import name_fault, number
from cnncalc.language.row import FAULTY, Argument, Body, Row
from cnncalc.language.template import evaluate
from cnncalc.shape import LayerError, Tokens
from cnncalc.spelling import meant
from cnncalc.values import Value, written


def names_for(texts: Texts, source: Producer | None) -> Names:
    """Return the names that expressions of a row can use; `source` is the row's input."""
    flow = source.flow if source is not None else None
    if isinstance(flow, Tokens):
        return Names(texts, LayerError("tokens have no channels; in_channels is known behind an embedding", rule="expression"))
    return Names(texts, flow.channels if flow is not None else UNKNOWN)


def values_of(row: Row, texts: Texts, source: Producer | None) -> tuple[object, ...] | None:
    """Return the values of the names that a row uses, by which `Row.computed` is known; None if one has no value."""
    found: list[object] = []
    for name in row.uses:
        value: object = UNKNOWN
        if name == "in_channels":
            value = names_for(texts, source).channels
        else:
            for known in texts:
                if name in known:
                    value = known[name]
                    break
        if value is UNKNOWN or value is None or isinstance(value, LayerError):
            return None
        found.append(value)
    return tuple(found)


class KeyReader:
    """Reads row keys and reports invalid values."""

    def __init__(self, problems: Problems, rows: Rows) -> None:
        self._problems = problems
        self._rows = rows

    def value(self, argument: Argument, texts: Texts, source: Producer | None, row: Row, layer: str | None = None) -> Value:
        """Return a key's value where `source` is read; report it for `layer` and return None if it cannot be computed."""
        if not argument.dynamic:
            return argument.value if argument.value is not FAULTY else None  # type: ignore[return-value]  # static
        return self._computed(argument, names_for(texts, source), row, layer)

    def _computed(self, argument: Argument, names: Names, row: Row, layer: str | None = None) -> Value:
        if argument.value is FAULTY:
            return None
        try:
            return evaluate(argument.value, names)
        except LayerError as error:
            self._problems.error(error, argument.location, layer=layer)
        except Unknown:
            pass
        row.broken = True
        self._rows.sound = False
        return None

    def word(self, row: Row, layer: str, key: str, words: tuple[str, ...], texts: Texts, source: Producer | None) -> str | None:
        """Return the key's value, one of `words`; None if the row lacks the key or its value is invalid, which is reported."""
        argument = row.row_keys.get(key)
        if argument is None:
            return None
        value = self.value(argument, texts, source, row, layer)
        if value is None:
            return None
        if isinstance(value, str) and values.boolean(value) is not None:
            # `True` and `TRUE` also mean true.
            value = value.lower()
        if value not in words:
            allowed = ", ".join(words[:-1]) + f" or {words[-1]}"
            plain = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).lower(), str(value).lower())
            hint = f"; write {plain}" if plain in words else meant(str(value), words)
            self._problems.add("value", argument.location, f"{key} is {allowed}, not {written(value)}{hint}", layer=layer)
            return None
        return str(value)

    def repeat(self, row: Row, layer: str, texts: Texts, source: Producer | None) -> int:
        """Return the number of copies; report an invalid `repeat` and return 1."""
        argument = row.row_keys["repeat"]
        value = self.value(argument, texts, source, row, layer)
        if value is None:
            return 1
        count = values.integer(value) if isinstance(value, str) else None
        if count is None or count < 0:
            digits = re.fullmatch(r"x?\s*(\d+)\s*(x|times)?", written(value))
            hint = f"; write {digits[1]}" if digits is not None else ""
            message = f"repeat is a whole number of at least 0, not {written(value)}{hint}"
            self._problems.add("value", argument.location, message, layer=layer)
            return 1
        return count

    def names(self, body: Body, texts: Texts) -> list[str]:
        """Return the rows' names if some are expressions; an invalid name is reported, and the row is named by its kind."""
        given: list[Value] = []
        stems = []
        names = Names(texts, LayerError("in_channels cannot name a row", rule="expression"))
        seen: set[str] = set()
        for row in body.rows:
            argument = row.row_keys.get("name")
            name = self._computed(argument, names, row) if argument is not None else None
            if argument is not None and argument.dynamic and name is not None:
                fault = name_fault(str(name)) or (f"the name {written(name)} is taken" if name in seen else None)
                if fault:
                    self._problems.add("name", argument.location, fault)
                    row.reported = True
                    self._rows.sound = False
                    name = None
            if isinstance(name, str):
                seen.add(name)
            given.append(name)
            stem = row.stem
            if isinstance(stem, Argument):
                stem = str(self._computed(stem, names, row) or row.kind)
            stems.append(stem)
        return number(given, stems)
