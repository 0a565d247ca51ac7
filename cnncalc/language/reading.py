"""The layer that a row says in one of its places: expressions computed, and fields that are set from outside put in."""

from __future__ import annotations

from cnncalc.language.document import Document
from cnncalc.language.expression import Names, Unknown
from cnncalc.language.overrides import Override
from cnncalc.language.problems import Problems
from cnncalc.language.rows import FAULTY, Row
from cnncalc.language.suggest import did_you_mean
from cnncalc.language.template import evaluate
from cnncalc.layers import Layer
from cnncalc.problem import Location
from cnncalc.shape import LayerError
from cnncalc.values import Value

Given = dict[str, tuple[Value, str]]
"""Fields set from outside, each with the text that set it."""


class LayerReader:
    """Reads the layers of rows, each combination of values once."""

    def __init__(self, document: Document, problems: Problems, overrides: list[Override]) -> None:
        self._document = document
        self._problems = problems
        self._overrides = overrides
        self._layers: dict[object, tuple[Layer | None, list[tuple[str, LayerError]]]] = {}

    def given(self, row: Row, name: str, path: tuple[tuple[str, int | None, bool], ...]) -> Given:
        """What is set from outside in this place; an override that names a field the row does not have is reported."""
        found: Given = {}
        for override in self._overrides:
            if override.matches(name, path):
                key = self._key(row, override)
                if key is None and override.is_pattern:
                    continue
                override.used = True
                if key is not None:
                    found[key] = (override.value, override.text)
                    continue
                options = list(row.layer.options) if row.layer is not None else []
                hint = did_you_mean(override.key, options)
                self._problems.add("set", Location(), f"--set {override.text}: {name} has no {override.key}{hint}")
        return found

    def _key(self, row: Row, override: Override) -> str | None:
        """The row's key that an override sets, None where it has no such field."""
        key = override.key
        if row.kind == "block":
            block = self._document.blocks.get(str(row.fields["block"].value)) if "block" in row.fields else None
            return key if block is not None and key in block.parameters else None
        if row.layer is None:
            return None
        if row.layer.main is not None and key in (row.kind, row.layer.main.name):
            return row.kind
        return key if key in row.layer.options else None

    def read(self, row: Row, name: str, names: Names, given: Given) -> Layer | None:
        """The layer of a row with expressions or fields set from outside; None where it cannot be had, which is reported."""
        if row.layer is None or (row.broken and not given):
            return None
        fields: dict[str, Value] = {}
        for key, argument in row.fields.items():
            if key in given or argument.value is FAULTY:
                continue
            try:
                fields[key] = evaluate(argument.value, names) if argument.dynamic else argument.value  # type: ignore[assignment]  # static
            except LayerError as fact:
                self._problems.fact(fact, argument.location, prefix=f"{name}: ", layer=name)
                return None
            except Unknown:
                return None
        fields.update((key, value) for key, (value, _) in given.items())
        known = (row.kind, tuple(fields.items()))
        found = self._layers.get(known)
        if found is None:
            found = self._layers[known] = row.layer.read(fields, self._problems.layout)
        layer, faults = found
        for key, wrong in faults:
            if key in given:
                self._problems.add("set", Location(), f"--set {given[key][1]}: {wrong.text(self._problems.layout)}")
            else:
                at = row.kind_at if wrong.rule == "missing" or key not in row.fields else row.fields[key].location
                self._problems.fact(wrong, at, prefix=f"{name}: ", layer=name)
        return layer
