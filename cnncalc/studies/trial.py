"""Networks with values set from outside, many of them: in this process, or in as many as there are cores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cnncalc.machine import usable_cores
from cnncalc.parallel import parallel_map

#: Below this number starting processes takes longer than it saves.
_FEW = 150


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


def trials(recipe: Recipe, combinations: Iterable[tuple[str, ...]], processes: int | None = None) -> Iterator[Trial]:
    """The trials of all combinations, in order, in as many processes as asked for; by default one per core if it pays."""
    import itertools

    combinations = iter(combinations)
    if processes is None:
        first = list(itertools.islice(combinations, _FEW))
        processes = usable_cores() if len(first) == _FEW else 1
        combinations = itertools.chain(first, combinations)
    yield from parallel_map(recipe.try_out, combinations, processes, lost=_lost)


def _lost(values: tuple[str, ...]) -> Trial:
    """The trial of a combination that killed two worker processes."""
    message = "not tried: the process that computed it was killed twice, perhaps for lack of memory"
    return Trial(values, {}, "?", (("limit", message),), usable=False)
