"""A network with every combination of values: which combinations are tried, and which of the results are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from cnncalc.language.overrides import NO_OPTIONS, Options
from cnncalc.machine import usable_cores
from cnncalc.parallel import parallel_map
from cnncalc.studies.grid import Axis, Grid
from cnncalc.studies.trial import Recipe, Trial, lost, recipe_for

if TYPE_CHECKING:
    from cnncalc.studies.prune import Pruner

#: Below this number of combinations, starting processes takes longer than it saves.
_FEW = 150
#: Figures for --budget, --sort, --plot, --pareto and --columns.
COUNTED = ("parameters", "trainable", "buffers", "macs", "weights", "peak_memory")
#: Figures that are computed only if a sweep asks for them.
EXTRA = ("peak_memory",)


@dataclass(frozen=True)
class Sweep:
    """The combinations to try. `indexes` are places in the grid; `limits` are the largest values of figures."""

    recipe: Recipe
    grid: Grid
    indexes: Sequence[int]
    limits: Mapping[str, int] = field(default_factory=dict)
    keep_working: bool = False

    @property
    def total(self) -> int:
        """The number of combinations to try."""
        return self.grid.count if isinstance(self.indexes, range) else len(self.indexes)

    def keeps(self, trial: Trial) -> bool:
        """Whether a result is within the limits, and free of problems if `keep_working` requires it."""
        if self.keep_working and trial.problems:
            return False
        return not self.limits or within(trial, self.limits)

    def run(self, *, start: int = 0, processes: int | None = None, scheduler: str | None = None) -> Iterator[Trial]:
        """Every result from the place `start` of `indexes` on, in order, whether it is kept or not.

        By default as many local processes as pay; `scheduler` is `local` or the address of a Dask scheduler. If networks with
        problems are left out, combinations that must be over a limit, as smaller ones are, are not tried.
        """
        if processes is None and scheduler is None:
            processes = usable_cores() if self.total - start > _FEW else 1
        if self.limits and self.keep_working:
            from cnncalc.studies.prune import Pruner

            pruner = Pruner(self.recipe, self.grid)
            if pruner.useful:
                yield from self._pruned(pruner, start, processes, scheduler)
                return
        yield from self._tried(self._combinations(start), processes, scheduler)

    def _tried(self, combinations: Iterable[tuple[str, ...]], processes: int | None, scheduler: str | None) -> Iterator[Trial]:
        if scheduler is None:
            return parallel_map(self.recipe.try_out, combinations, processes or 1, lost=lost)
        from cnncalc.cluster import cluster_map

        return cluster_map(self.recipe.try_out, combinations, scheduler, processes, lost=lost)

    def _pruned(self, pruner: Pruner, start: int, processes: int | None, scheduler: str | None) -> Iterator[Trial]:
        """Yield every result; combinations that `pruner` finds over the budget when their turn comes are not tried."""
        #: Consecutive combinations that were drawn and not yielded yet: their number, and the figure they exceed if not tried.
        runs: deque[tuple[int, str]] = deque()

        def chosen() -> Iterator[tuple[str, ...]]:
            for values in self._combinations(start):
                figure = pruner.over(values)
                same = runs.pop()[0] if runs and runs[-1][1] == figure else 0
                runs.append((same + 1, figure))
                if not figure:
                    yield values

        written = self._combinations(start)

        def passed_over() -> Iterator[Trial]:
            while runs and runs[0][1]:
                number, figure = runs.popleft()
                for values in islice(written, number):
                    yield Trial(values, {}, "?", (), over=figure)

        for trial in self._tried(chosen(), processes, scheduler):
            yield from passed_over()
            next(written)
            number, _ = runs.popleft()
            if number > 1:
                runs.appendleft((number - 1, ""))
            figure = exceeded(trial, self.limits)
            if figure:
                pruner.learn(trial.values, figure)
            yield trial
        yield from passed_over()

    def _combinations(self, start: int) -> Iterator[tuple[str, ...]]:
        return map(self.grid.combination, islice(self.indexes, start, None))


def plan(
    spec: str,
    axes: Sequence[Axis],
    options: Options = NO_OPTIONS,
    *,
    text: str | None = None,
    limits: Mapping[str, int] | None = None,
    keep_working: bool = False,
    sample: int | None = None,
    seed: int = 0,
    figures: Iterable[str] = (),
) -> Sweep:
    """The sweep of a file over the values of `axes`. Raises SpecError for a bad file, ValueError for a grid that cannot be."""
    grid = Grid(axes)
    wanted = tuple(name for name in EXTRA if name in {*figures, *(limits or ())})
    recipe = recipe_for(spec, grid.names, options, text=text, limits=limits or {}, extra=wanted)
    indexes = range(grid.count) if sample is None else grid.sample(sample, seed)
    return Sweep(recipe, grid, indexes, dict(limits or {}), keep_working)


def within(trial: Trial, limits: Mapping[str, int]) -> bool:
    """Whether no figure is above its limit; a network that could not be read is not within any."""
    return trial.usable and not exceeded(trial, limits)


def exceeded(trial: Trial, limits: Mapping[str, int]) -> str:
    """Return the first figure that is above its limit; empty if there is none."""
    return trial.over or next((name for name, most in limits.items() if trial.totals.get(name, 0) > most), "")


def front(trials: Iterable[Trial], names: Sequence[str]) -> list[Trial]:
    """The results that no other beats: at least as good in every figure of `names` and better in one.

    Smaller is better; larger if a name begins with `-`. Results that are equal in every figure are all kept. Results come in
    any order and only the front so far is held; those with unknown figures are left out.
    """
    keys = [(name.removeprefix("-"), -1 if name.startswith("-") else 1) for name in names]
    best: list[tuple[tuple[int, ...], Trial]] = []
    for trial in trials:
        if not trial.totals:
            continue
        point = tuple(sign * trial.totals.get(name, 0) for name, sign in keys)
        if any(other != point and all(a <= b for a, b in zip(other, point, strict=True)) for other, _ in best):
            continue
        best = [
            (other, one) for other, one in best if other == point or not all(a <= b for a, b in zip(point, other, strict=True))
        ]
        best.append((point, trial))
    return [trial for _, trial in best]


def arrange(trials: Iterable[Trial], grid: Grid, best: Sequence[str] = (), sort: str | None = None) -> Iterable[Trial]:
    """The Pareto front of the figures `best`, or every result; sorted by a figure or by the position of a value in its list.

    `-` before the name of `sort` reverses the order. Combinations with unknown figures come last.
    """
    if best:
        trials = front(trials, best)
    if sort is None:
        return trials
    name = sort.removeprefix("-")
    if name in grid.names:
        axis = grid.names.index(name)
        places = {value: place for place, value in enumerate(grid.axes[axis].values)}
        rows = sorted(trials, key=lambda trial: places[trial.values[axis]], reverse=name != sort)
    else:
        rows = sorted(trials, key=lambda trial: trial.totals.get(name, 0), reverse=name != sort)
    return sorted(rows, key=lambda trial: not trial.totals)
