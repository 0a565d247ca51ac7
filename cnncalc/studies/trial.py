"""Networks with values set from outside, many of them: in this process, or in as many as there are cores."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cnncalc.machine import usable_cores

#: Below this number starting processes takes longer than it saves.
_FEW = 150
_CHUNK = 25


class Trial(NamedTuple):
    """What one combination gives: numbers, outputs in the reader's layout, and problems as rule and message."""

    values: tuple[str, ...]
    totals: dict[str, int]
    output: str
    problems: tuple[tuple[str, str], ...]
    #: Whether it is a network at all.
    usable: bool = True
    #: Whether the file's expectations were left out.
    expect_skipped: bool = False
    #: Whether the MACs of every layer are known; otherwise their total leaves some out.
    macs_complete: bool = True

    @property
    def fits(self) -> bool:
        return not self.problems


class Recipe(NamedTuple):
    """The text of a network, and how the names of a sweep change it: `fields` by --set, `inputs` by --input, or the fit."""

    text: str
    file: str
    names: tuple[str, ...]
    #: For each name, `set`, `fit`, or the layout's shape of the input with `{}` where the size goes.
    kinds: tuple[str, ...]
    input: str | None
    fit: str | None
    layout: str | None

    def try_out(self, values: tuple[str, ...]) -> Trial:
        """Loads the network with these values."""
        from cnncalc.network import loads
        from cnncalc.problem import SpecError

        overrides, inputs, fit = [], [self.input] if self.input else [], self.fit
        for name, kind, value in zip(self.names, self.kinds, values, strict=True):
            if kind == "set":
                overrides.append(f"{name}={value}")
            elif kind == "fit":
                fit = value
            else:
                inputs.append(kind.replace("{}", value) if value.isdigit() else f"{kind.partition('=')[0]}={value}")
        try:
            network = loads(self.text, file=self.file, input=inputs, set=overrides, fit=fit, layout=self.layout)
        except SpecError as error:
            return Trial(values, {}, "?", tuple((p.rule, p.message) for p in error.problems), usable=False)
        problems = tuple((p.rule, p.message) for p in network.problems if p.level == "error")
        # The output stands for the whole row: where a layer is unknown, so are the totals.
        known = all(node.shape is not None for node in network.layers)
        flows = [source.flow if known else None for source in network.outputs]
        output = ", ".join("?" if flow is None else flow.text(network.layout) for flow in flows)
        return Trial(
            values,
            network.totals,
            output,
            problems,
            expect_skipped=network.expect_skipped,
            macs_complete=not network.graph.uncounted,
        )


def trials(recipe: Recipe, combinations: Sequence[tuple[str, ...]], processes: int | None = None) -> Iterator[Trial]:
    """Tries every combination, in order."""
    cores = processes or usable_cores()
    if cores < 2 or len(combinations) < _FEW:
        yield from map(recipe.try_out, combinations)
        return
    import multiprocessing

    # A forked process has all modules loaded; elsewhere than on Linux that is not safe with the system's own libraries.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with context.Pool(cores, _begin, (recipe,)) as pool:
        yield from pool.imap(_try_out, combinations, _CHUNK)


_recipe: Recipe | None = None


def _begin(recipe: Recipe) -> None:
    """In a process of the pool: what it works on; an interrupt is the first process's business."""
    import gc
    import signal

    # What was there before is never garbage: looking through it after every network would take longer than the network.
    gc.freeze()
    global _recipe  # noqa: PLW0603 - a pool has no other way to hand each process what stays the same
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _recipe = recipe


def _try_out(values: tuple[str, ...]) -> Trial:
    assert _recipe is not None
    return _recipe.try_out(values)
