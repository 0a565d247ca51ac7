"""Many networks from Python: sweeps as generators, and one combination at a time for your own search."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cnncalc.build.changes import BudgetExceeded
from cnncalc.bundled import resolve
from cnncalc.language.overrides import Options, Shapes, input_texts, word
from cnncalc.network import Network
from cnncalc.problem import SpecError
from cnncalc.studies.grid import Axis
from cnncalc.studies.sweep import COUNTED, plan
from cnncalc.studies.sweep import Sweep as _Sweep
from cnncalc.studies.trial import Recipe, Stamp, Trial, recipe_for, stamp
from cnncalc.values import quantity

#: Files and names whose recipes `feasible` keeps.
_KEPT = 16


def sweep(
    spec: str,
    set: Mapping[str, Iterable[Any]],  # noqa: A002 - as on the command line
    *,
    input: Shapes = None,  # noqa: A002 - the word of the language
    fit: str | None = None,
    layout: str | None = None,
    dtype: str | None = None,
    budget: Mapping[str, int | str] | None = None,
    keep_working: bool = False,
    sample: int | None = None,
    seed: int = 0,
    figures: Iterable[str] = (),
    processes: int | None = None,
    scheduler: str | None = None,
) -> Iterator[Trial]:
    """Yield the figures of every combination of values, in order; those over the budget are left out.

    `set` has the values of vars, fields, inputs or `fit` by name. A trial has `values`, `totals` (parameters, trainable, buffers,
    macs, weights in bytes, and `peak_memory` if `figures` names it), `output` and `problems`. Raises SpecError for a file that is
    not a network, ValueError for a budget or figure that does not exist, TypeError for a value that is not in a list.
    """
    if not isinstance(set, Mapping):
        raise TypeError(f"the values of a sweep are written as {{'conv1.stride': [1, 2]}}; got {set!r:.200}")
    figures = (figures,) if isinstance(figures, str) else tuple(figures)
    unknown = [name for name in figures if name not in COUNTED]
    if unknown:
        raise ValueError(f"there is no figure {unknown[0]}; there are {', '.join(COUNTED)}")
    axes = [Axis(name, _words(name, values)) for name, values in set.items()]
    found = plan(
        resolve(spec),
        axes,
        Options(input, None, fit, layout, dtype),
        limits=_limits(budget),
        keep_working=keep_working,
        sample=sample,
        seed=seed,
        figures=figures,
    )
    return _kept(found, processes, scheduler)


def _words(name: str, values: Iterable[Any]) -> tuple[str, ...]:
    """Return the values of a name as text. Raises TypeError for a value that is not in a list."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} needs a list of values, as in {{{name!r}: [{values!r}]}}")
    return tuple(map(word, values))


def _kept(found: _Sweep, processes: int | None, scheduler: str | None) -> Iterator[Trial]:
    yield from filter(found.keeps, found.run(processes=1 if processes is None else processes, scheduler=scheduler))


def feasible(
    spec: str,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - as on the command line
    *,
    input: Shapes = None,  # noqa: A002 - the word of the language
    fit: str | None = None,
    layout: str | None = None,
    dtype: str | None = None,
    budget: Mapping[str, int | str] | None = None,
) -> Network | None:
    """The network with these values if it has no errors and is within the budget, else None.

    Building stops as soon as the budget is exceeded, and the file is parsed once, so that a search can ask for thousands of
    candidates. Raises SpecError for a file that is not a network at all, and for a var that it does not have.
    """
    limits = _limits(budget)
    names, values = [*(set or {})], [word(value) for value in (set or {}).values()]
    recipe = _recipe(resolve(spec), names, Options(input_texts(input), None, fit, layout, dtype), limits)
    try:
        network = recipe.network(values)
    except BudgetExceeded:
        return None
    except SpecError:
        recipe.check_names(values)
        return None
    if any(problem.level == "error" for problem in network.problems):
        return None
    figures = {**network.totals, "weights": network.memory.weights}
    if "peak_memory" in limits:
        figures["peak_memory"] = network.memory.peak
    return network if all(figures[name] <= most for name, most in limits.items()) else None


_RECIPES: dict[Hashable, tuple[Stamp, Recipe]] = {}


def _recipe(file: str, names: Sequence[str], options: Options, limits: Mapping[str, int]) -> Recipe:
    """Return how `names` change a file; kept from one candidate to the next as long as the file does not change."""
    key = file, tuple(names), options, tuple(limits.items())
    now = stamp(file)
    known = _RECIPES.get(key)
    if known is not None and known[0] == now:
        return known[1]
    found = recipe_for(file, names, options, text=None, limits=limits, extra=())
    if now is not None:
        if len(_RECIPES) >= _KEPT:
            _RECIPES.clear()
        _RECIPES[key] = now, found
    return found


def _limits(budget: Mapping[str, int | str] | None) -> dict[str, int]:
    found = {}
    for name, value in (budget or {}).items():
        most = quantity(value) if isinstance(value, str) else value
        if name not in COUNTED or most is None:
            raise ValueError(f"{name}={value} is no budget; a budget has {', '.join(COUNTED)}, as {{'parameters': '5M'}}")
        found[name] = most
    return found
