"""Combinations that cannot be within the budget because one with smaller values is not: they need not be tried."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.studies.grid import Grid
from cnncalc.studies.rising import is_natural, is_rising
from cnncalc.studies.trial import Recipe

#: The largest number of combinations over the budget that are remembered.
_MOST = 10_000


class Pruner:
    """Remembers combinations over the budget, and finds those that have no smaller value of any rising var.

    Sound only if networks with problems are left out: a network with an error may lack the layers that exceed the budget.
    """

    def __init__(self, recipe: Recipe, grid: Grid) -> None:
        self._numbers = _rising(recipe, grid)
        #: By the values of the other names, the points over the budget and the figure that each exceeds.
        self._over: dict[tuple[str, ...], list[tuple[tuple[float, ...], str]]] = {}
        self._count = 0

    @property
    def useful(self) -> bool:
        """Whether any var is rising."""
        return bool(self._numbers)

    def learn(self, values: Sequence[str], figure: str) -> None:
        """Remember a combination that exceeds the budget in a figure."""
        if self._count >= _MOST:
            self._over.clear()
            self._count = 0
        others, point = self._split(values)
        self._over.setdefault(others, []).append((point, figure))
        self._count += 1

    def over(self, values: Sequence[str]) -> str:
        """Return the figure that a combination must exceed; empty if that is not known."""
        others, point = self._split(values)
        for least, figure in self._over.get(others, ()):
            if all(a <= b for a, b in zip(least, point, strict=True)):
                return figure
        return ""

    def _split(self, values: Sequence[str]) -> tuple[tuple[str, ...], tuple[float, ...]]:
        others = tuple(value for i, value in enumerate(values) if i not in self._numbers)
        return others, tuple(known[values[i]] for i, known in self._numbers.items())


def _rising(recipe: Recipe, grid: Grid) -> dict[int, dict[str, float]]:
    """Return the places of the axes that are rising vars, each with the number that each of its values is."""
    rows = recipe.rows()
    if rows is None:
        return {}
    numbers: dict[int, dict[str, float]] = {}
    for i, (one, kind) in enumerate(zip(grid.axes, recipe.kinds, strict=True)):
        if kind != "set":
            continue
        found = {value: number for value in one.values if (number := is_natural(value)) is not None}
        if len(found) == len(one.values):
            numbers[i] = found
        elif "." in one.name:
            # A field of a layer, or an argument of a block that the proof takes for another value.
            return {}
    natural = [grid.names[i] for i in numbers if "." not in grid.names[i]]
    return {i: known for i, known in numbers.items() if "." not in grid.names[i] and is_rising(grid.names[i], rows, natural)}
