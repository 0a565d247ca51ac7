"""Makes the layer of a row: computes its expressions and applies `--set`."""

from __future__ import annotations

from collections.abc import Mapping

from cnncalc.build.cache import Cache
from cnncalc.build.changes import Given
from cnncalc.build.problems import Problems
from cnncalc.graph import Producer
from cnncalc.language.expression import Texts, Unknown
from cnncalc.language.keys import names_for, values_of
from cnncalc.language.row import FAULTY, Row
from cnncalc.language.template import evaluate
from cnncalc.layers import Layer
from cnncalc.place import NOWHERE
from cnncalc.shape import LayerError
from cnncalc.values import Value

Joined = tuple[str, ...] | str | None
"""The rows that a join names: a list, or one name that is joined with the row above; None if the layer is not a join."""


class LayerReader:
    """Makes the layers of rows; rows with equal values share one layer."""

    def __init__(self, problems: Problems, cache: Cache) -> None:
        self._problems = problems
        self._layers = cache.layers

    def read(self, row: Row, name: str, texts: Texts, source: Producer | None, given: Given) -> tuple[Layer | None, Joined]:
        """Return the layer of a row that has expressions or fields set by `--set`, and the rows it joins; it reads `source`.

        The layer is None if a field is invalid; the problem is reported.
        """
        if row.layer is None or (row.broken and not given):
            return None, None
        values = values_of(row, texts, source) if not given else None
        if values in row.computed:
            known: tuple[Layer, Joined] = row.computed[values]
            return known
        names = names_for(texts, source)
        fields: dict[str, Value] = {}
        for field, argument in row.fields.items():
            if field in given or argument.value is FAULTY:
                continue
            try:
                fields[field] = evaluate(argument.value, names) if argument.dynamic else argument.value  # type: ignore[assignment]  # static
            except LayerError as error:
                self._problems.error(error, argument.location, prefix=f"{name}: ", layer=name)
                return None, None
            except Unknown:
                return None, None
        fields.update((field, one.value) for field, one in given.items())
        key = (row.kind, self._problems.layout, *fields.items())
        found = self._layers.get(key)
        if found is None:
            found = self._layers[key] = row.layer.read(fields, self._problems.layout)
        layer, faults = found
        for field, wrong in faults:
            if field in given:
                self._problems.add("set", NOWHERE, given[field].fault(wrong.text(self._problems.layout)))
            else:
                at = row.kind_at if wrong.rule == "missing" or field not in row.fields else row.fields[field].location
                self._problems.error(wrong, at, prefix=f"{name}: ", layer=name)
        result = layer, joined(row.layer, fields) if layer is not None else None
        if values is not None and not faults:
            row.keep(values, result)
        return result


def joined(kind: type[Layer], fields: Mapping[str, Value]) -> Joined:
    """Return the rows that a row of this kind joins. Raises LayerError if the field is invalid."""
    if kind.main is None or not kind.main.wires:
        return None
    names: Joined = kind.main.type.parse(fields[kind.kind], "channels_last")
    return names
