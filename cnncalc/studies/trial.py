"""One network with values set from outside: the figures and problems of one combination."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cnncalc.build.changes import BudgetExceeded, Changes
from cnncalc.build.reading import Source
from cnncalc.dtype import DEFAULT, bytes_of
from cnncalc.language.content import Parsed, Rows
from cnncalc.language.overrides import Options, input_texts
from cnncalc.language.replay import variant
from cnncalc.network import Network, of
from cnncalc.problem import SpecError


class Trial(NamedTuple):
    """The result of one combination: totals, outputs in the chosen layout, and problems as rule and message.

    `totals` is empty if they are unknown: the shape of a layer is, or there is no network.
    """

    values: tuple[str, ...]
    totals: dict[str, int]
    output: str
    problems: tuple[tuple[str, str], ...]
    #: Whether it is a network at all.
    usable: bool = True
    #: Whether expectations of the file were skipped.
    expect_skipped: bool = False
    #: Whether the MACs of every layer are known; otherwise their total leaves some out.
    macs_complete: bool = True
    #: The type of the numbers, for figures in bytes.
    dtype: str = DEFAULT
    #: The figure whose limit was exceeded before the whole network was built; its totals are then unknown.
    over: str = ""

    @property
    def fits(self) -> bool:
        return not self.problems


class Recipe(NamedTuple):
    """A network, and how each name of a sweep changes it: `fields` by --set, `inputs` by --input, or the fit.

    `text` is None for a file that is not text; each process reads such a file itself.
    """

    text: str | None
    file: str
    names: tuple[str, ...]
    #: For each name: `set`, `fit`, or the shape of the input with `{}` in place of the size.
    kinds: tuple[str, ...]
    #: Changes of every combination.
    options: Options = Options()
    #: The most of each figure; building stops as soon as one is exceeded.
    limits: tuple[tuple[str, int], ...] = ()
    #: Figures to compute beside the totals.
    extra: tuple[str, ...] = ()
    #: The network's name.
    title: str = ""

    def network(self, values: Sequence[str]) -> Network:
        """The network with these values. Raises SpecError, and BudgetExceeded as soon as a limit is exceeded."""
        return of(_source(self.file, self.text), self._changes(values))

    def _changes(self, values: Sequence[str]) -> Changes:
        overrides, inputs, fit = [], [*input_texts(self.options.input)], self.options.fit
        for name, kind, value in zip(self.names, self.kinds, values, strict=True):
            if kind == "set":
                overrides.append(f"{name}={value}")
            elif kind == "fit":
                fit = value
            else:
                inputs.append(kind.replace("{}", value) if value.isdigit() else f"{kind.partition('=')[0]}={value}")
        changed = self.options._replace(input=inputs, set=overrides, fit=fit).changes()
        return changed._replace(limits=self.limits) if self.limits else changed

    def rows(self) -> Rows | None:
        """Return the rows of the file without any change; None if they have problems, or if the file is not cnncalc's YAML."""
        if self.text is None:
            return None
        source = _source(self.file, self.text)
        network = of(source, self.options.changes())
        return source.parsed.rows(network.reading.layout) if isinstance(source.parsed, Parsed) else None

    def check_names(self, values: Sequence[str]) -> None:
        """Raises SpecError for a name that is no var, field, input or `fit` of the file without any change."""
        reading = of(_source(self.file, self.text), self.options.changes()).reading
        self._changes(values).check_vars(reading.vars, [one.name for one in reading.graph.inputs])

    def try_out(self, values: tuple[str, ...]) -> Trial:
        """The figures and problems of the network with these values."""
        try:
            source, changed = _source(self.file, self.text), self._changes(values)
            found = variant(source, changed)
            network = of(source, changed) if found is None else Network(found, changed.layout)
        except SpecError as error:
            return Trial(values, {}, "?", tuple((p.rule, p.message) for p in error.problems), usable=False)
        except BudgetExceeded as stop:
            return Trial(values, {}, "?", (), over=stop.figure)
        problems = tuple((p.rule, p.message) for p in network.reading.problems if p.level == "error")
        # If a layer is unknown, so are the output and the totals.
        known = all(node.shape is not None for node in network.layers)
        flows = [source.flow if known else None for source in network.outputs]
        output = ", ".join("?" if flow is None else flow.text(network.layout) for flow in flows)
        figures = _figures(network, self.extra)
        return Trial(
            values,
            figures if known else {},
            output,
            problems,
            over="" if known else _exceeded(figures, self.limits),
            expect_skipped=network.expect_skipped,
            macs_complete=not network.graph.uncounted,
            dtype=network.dtype,
        )


def _figures(network: Network, extra: Sequence[str]) -> dict[str, int]:
    totals = network.totals
    found = {**totals, "weights": bytes_of(totals["parameters"], network.dtype)}
    if "peak_memory" in extra:
        found["peak_memory"] = network.memory.peak
    return found


def _exceeded(figures: Mapping[str, int], limits: Iterable[tuple[str, int]]) -> str:
    """Return the first figure that is above its limit; empty if there is none. Layers of unknown shape can only add to it."""
    return next((name for name, most in limits if figures.get(name, 0) > most), "")


Stamp = tuple[int, int, int]
"""What changes with the contents of a file: the time of its last change, its size and its inode."""


def stamp(file: str) -> Stamp | None:
    """Return the stamp of a file; None if there is no such file."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


_SOURCES: dict[tuple[str, str | Stamp | None], Source] = {}


def _source(file: str, text: str | None) -> Source:
    """The file, kept from one combination to the next as long as it does not change: each process parses it once."""
    key = (file, text if text is not None else stamp(file))
    found = _SOURCES.get(key)
    if found is None:
        _SOURCES.clear()
        found = _SOURCES[key] = Source(file, text=text) if text is not None else Source(file)
    return found


def recipe_for(
    file: str, names: Sequence[str], options: Options, *, text: str | None, limits: Mapping[str, int], extra: Sequence[str]
) -> Recipe:
    """The changes that `names` make in the network of a file. Raises SpecError if it is not a network at all."""
    source = Source(file, text=text) if text is not None else Source(file)
    found = of(source, options.changes())
    kept = found.reading.text or None
    kinds = tuple(_kind(name, found) for name in names)
    # A shape of an input that a name replaces is of no use, and PyTorch would take two shapes for two inputs.
    replaced = {kind.partition("=")[0] for kind in kinds if "=" in kind}
    if replaced and len(found.inputs) == 1:
        replaced.add("")
    plain = options._replace(input=tuple(one for one in input_texts(options.input) if one.rpartition("=")[0] not in replaced))
    return Recipe(kept, file, tuple(names), kinds, plain, tuple(limits.items()), tuple(extra), found.name)


def _kind(name: str, network: Network) -> str:
    """The change that a name makes; for an input its shape as text, with {} for the size of every spatial axis."""
    from cnncalc.shape import Shape

    if name == "fit":
        return "fit"
    found = next((source for source in network.inputs if source.name == name), None)
    if found is None and name == "input" and len(network.inputs) == 1 and name not in network.reading.vars:
        # As for --input, the only input needs no name of its own.
        (found,) = network.inputs
    flow = found.flow if found is not None else None
    if found is None or flow is None:
        return "set"
    if isinstance(flow, Shape):
        sizes = Shape(*((-1,) * flow.rank), flow.channels).text(network.reading.layout).replace("-1", "{}")
    else:
        sizes = f"{{tokens: {{}}, vocabulary: {flow.vocabulary}}}"
    return f"{found.name}={sizes}"


def lost(values: tuple[str, ...]) -> Trial:
    """The trial of a combination that killed two worker processes."""
    message = "not tried: the process that computed it was killed twice, perhaps for lack of memory"
    return Trial(values, {}, "?", (("limit", message),), usable=False)
