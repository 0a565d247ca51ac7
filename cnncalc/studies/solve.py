"""Fields left open: every value within bounds for which a layer fits, or gives the output asked for. Found by trying them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from cnncalc.infer import Inference, Inferred
from cnncalc.layers import Layer
from cnncalc.layers.option import Cells, Count, Every, PerAxis
from cnncalc.shape import Shape
from cnncalc.window import Window

#: Fields that are searched if they are left out; others are searched on request only.
USUAL = ("kernel_size", "stride", "padding")
#: The default largest value of a field. A stride goes up to the window, padding up to half of the window.
BOUNDS = {"kernel_size": 11, "dilation": 4, "output_padding": 4}
OTHERWISE = 16
#: Largest number of combinations; more take minutes.
MOST = 1_000_000


class Solution(NamedTuple):
    """Values of the open fields by name, and the layer with these values."""

    values: dict[str, Any]
    layer: Layer
    inferred: Inferred

    @property
    def shape(self) -> Shape:
        assert self.inferred.shape is not None
        return self.inferred.shape


class TooMany(ValueError):
    """More combinations than are tried."""


class Search:
    """A kind with some fields given and some open, on one input. `bounds` says how far an open field goes."""

    def __init__(
        self, kind: type[Layer], given: Mapping[str, Any], x: Shape, opened: Iterable[str], bounds: Mapping[str, int]
    ) -> None:
        self.kind = kind
        self.given = dict(given)
        self.x = x
        self.opened = [name for name in kind.options if name in set(opened)]
        self.bounds = dict(bounds)

    def solutions(self, output: tuple[int, ...] | None = None) -> list[Solution]:
        """All that fit, best first: least padding, symmetric before asymmetric, fewer parameters, fewer MACs, smaller numbers.

        `output` is a whole shape or its spatial sizes alone. First one value is tried for all axes; if none fits and the axes
        differ, stride and padding are searched for each axis. Raises TooMany.
        """
        found = list(self._along_all(self.x, output))
        if not found and self._differ(output):
            found = list(self._along_each(output))
        return sorted(found, key=_rank)

    def nearest(self, output: tuple[int, ...], count: int) -> list[Solution]:
        """The solutions that come nearest to an output that is not possible."""

        def distance(solution: Solution) -> tuple[int, ...]:
            shape = solution.shape if len(output) == len(solution.shape) else solution.shape.spatial
            far = sum(abs(a - b) for a, b in zip(shape, output, strict=False)) if len(shape) == len(output) else 2**31
            return (far,)

        return sorted(self.solutions(), key=lambda s: (distance(s), _rank(s)))[:count]

    def combinations(self) -> int:
        """The largest number of combinations tried."""
        count = 1
        for name in self.opened:
            bound = self.bound(name)
            count *= (2 * bound + 1) if isinstance(self.kind.options[name].type, Cells) else bound + 1
        return count

    def bound(self, name: str) -> int:
        """The largest value of a field that is tried; by default a stride up to the window, padding up to half of it."""
        if name in self.bounds:
            return self.bounds[name]
        if name in ("stride", "padding"):
            kernel = self._largest("kernel_size")
            extent = self._largest("dilation") * (kernel - 1) + 1
            return extent if name == "stride" else extent // 2
        return BOUNDS.get(name, OTHERWISE)

    def _largest(self, name: str) -> int:
        if name in self.opened:
            return self.bounds.get(name, BOUNDS[name])
        value = self.given.get(name)
        return max(value) if isinstance(value, tuple) and value else 1

    def _along_all(self, x: Shape, output: tuple[int, ...] | None) -> Iterator[Solution]:
        if self.combinations() > MOST:
            raise TooMany(f"{self.combinations():,} combinations are more than {MOST:,}; give a field, or a smaller bound")
        ranges = [list(self._candidates(name, output)) for name in self.opened]
        for values in product(*ranges):
            chosen = dict(zip(self.opened, values, strict=True))
            if self._sensible(chosen):
                solution = self._try(chosen, x, output)
                if solution is not None:
                    yield solution

    def _candidates(self, name: str, output: tuple[int, ...] | None) -> Iterator[Any]:
        declared = self.kind.options[name].type
        bound = self.bound(name)
        if isinstance(declared, Cells):
            # Only the sum of both sides is in the formula: the odd cell goes to the end.
            for total in range(2 * bound + 1):
                yield Every(((total // 2, total - total // 2),))
        elif isinstance(declared, PerAxis):
            for value in range(declared.count.least, bound + 1):
                yield Every((value,))
        elif isinstance(declared, Count):
            wanted = output[-1] if output and self.kind.main is not None and self.kind.main.name == name else 0
            yield from range(declared.least, bound + 1)
            if wanted > bound:
                yield wanted

    def _sensible(self, chosen: dict[str, Any]) -> bool:
        """Whether no window skips cells or sees padding alone, as far as that is open and no bound was given for it."""
        fields = {**self.given, **chosen}
        kernel = fields.get("kernel_size")
        if not isinstance(kernel, tuple):
            return True
        extent = Window(min(kernel), dilation=min(fields.get("dilation", (1,)))).extent
        if "stride" in chosen and "stride" not in self.bounds and max(chosen["stride"]) > extent:
            return False
        padding = chosen.get("padding")
        return padding is None or "padding" in self.bounds or max(map(max, padding)) <= extent // 2

    def _try(self, chosen: dict[str, Any], x: Shape, output: tuple[int, ...] | None) -> Solution | None:
        layer = self.kind(**{**self.given, **chosen})
        inferred = Inference()(layer, (x,), "exact")
        if inferred.shape is None or not inferred.fits:
            return None
        if output is not None and output not in (tuple(inferred.shape), inferred.shape.spatial):
            return None
        return Solution(chosen, layer, inferred)

    # Axes with separate values

    def _differ(self, output: tuple[int, ...] | None) -> bool:
        sizes = zip(self.x.spatial, output or self.x.spatial, strict=False)
        return len(set(sizes)) > 1 and any(name in self.opened for name in ("stride", "padding"))

    def _along_each(self, output: tuple[int, ...] | None) -> Iterator[Solution]:
        """Stride and padding for each axis; other open fields are the same along all."""
        rank = self.x.rank
        shared = [name for name in self.opened if name not in ("stride", "padding")]
        per_axis: list[dict[tuple[Any, ...], list[dict[str, Any]]]] = []
        for i, size in enumerate(self.x.spatial):
            one = Search(self.kind, {k: _of_axis(v, i) for k, v in self.given.items()}, self.x, self.opened, self.bounds)
            wanted = None if output is None else (*((output[i],) * rank), *output[rank:])
            groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
            found = sorted(one._along_all(Shape(*((size,) * rank), self.x.channels), wanted), key=_rank)
            for solution in found:
                groups.setdefault(tuple(solution.values[name] for name in shared), []).append(solution.values)
            per_axis.append(groups)
        for key, first in per_axis[0].items():
            others = [groups.get(key) for groups in per_axis[1:]]
            if all(others):
                for values in product(*(list(axis or [])[:_PER_AXIS] for axis in (first, *others))):
                    chosen = dict(zip(shared, key, strict=True))
                    for name in self.opened:
                        if name not in shared:
                            chosen[name] = tuple(value[name][0] for value in values)
                    whole = self._try(chosen, self.x, output)
                    if whole is not None:
                        yield whole


#: Best values kept for each axis if axes differ; their combinations are listed.
_PER_AXIS = 8


def _of_axis(value: Any, i: int) -> Any:
    """Return the value along axis `i` of a field that has a value for each axis."""
    if isinstance(value, tuple) and not isinstance(value, Every) and len(value) > i:
        return Every((value[i],))
    return value


def _rank(solution: Solution) -> tuple[Any, ...]:
    padding = solution.values.get("padding", ())
    sides = [side for pair in padding for side in pair]
    uneven = any(before != after for before, after in padding)
    numbers = tuple(str(value).rjust(12) for value in solution.values.values())
    sizes = tuple(max(value) if name != "padding" and isinstance(value, tuple) else 0 for name, value in solution.values.items())
    return (max(sides, default=0), uneven, solution.inferred.parameters, solution.inferred.macs or 0, sizes, numbers)
