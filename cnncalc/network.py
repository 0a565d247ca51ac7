"""Network, load and loads: the public face."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncalc.build.changes import UNCHANGED, Changes
from cnncalc.build.reading import Reading, Source
from cnncalc.bundled import resolve
from cnncalc.formats import read
from cnncalc.graph import Graph, Input, Node, Producer
from cnncalc.language.overrides import Options, Shapes, Values
from cnncalc.place import Place
from cnncalc.problem import Problem, SpecError
from cnncalc.spelling import did_you_mean

if TYPE_CHECKING:
    from cnncalc.analysis.memory import Memory
    from cnncalc.forward.plan import Plan
    from cnncalc.forward.weights import Weights
    from cnncalc.kernels.arrays import Array
    from cnncalc.report.picture.draw import Picture
    from cnncalc.subject import Before


class Network:
    """A network as its file describes it: layers with names, shapes, parameters and cost, totals, and problems.

    Parameters and buffers are counted in numbers, MACs in multiply-accumulates for one example.
    """

    def __init__(self, reading: Reading, layout: str | None = None) -> None:
        #: The network as the file describes it, for reports and rules.
        self.reading = reading
        #: The order of axes in shapes that are printed: `channels_last` or `channels_first`.
        self.layout = layout or reading.layout
        #: The network without the changes of options, if the difference is to be shown.
        self.before: Before | None = None

    @property
    def graph(self) -> Graph:
        return self.reading.graph

    @property
    def name(self) -> str:
        """The name that the file gives, else the file's own."""
        return self.reading.name or self.reading.source.stem or "network"

    @property
    def description(self) -> str | None:
        return self.reading.description

    @property
    def source(self) -> str | None:
        """The source of the figures, as the file states it."""
        return self.reading.credit

    @property
    def file(self) -> str | None:
        return self.reading.source.file

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on assumptions that were made while the file was read."""
        return self.reading.notes

    @cached_property
    def problems(self) -> list[Problem]:
        """Every problem found, by place."""
        if not any(problem.cause is not None for problem in self.reading.problems):
            return self.reading.problems
        from cnncalc.advice import advised

        return advised(self.reading)

    @property
    def dtype(self) -> str:
        """Type of the numbers, for figures in bytes."""
        return self.reading.dtype

    @cached_property
    def memory(self) -> Memory:
        """Bytes of one example: the peak of inference, and where it is; `Memory(graph, dtype, batch)` has other batches."""
        from cnncalc.analysis.memory import Memory

        return Memory(self.graph, self.dtype)

    @property
    def expect_skipped(self) -> bool:
        """Whether expectations of the file were skipped because options changed the network."""
        return self.reading.expect_skipped

    @property
    def inputs(self) -> list[Input]:
        return self.graph.inputs

    @property
    def layers(self) -> list[Node]:
        """Layers after expansion, each after its inputs; a branches row comes after the rows of its branches."""
        return self.graph.nodes

    @property
    def outputs(self) -> list[Producer]:
        """The outputs of the network, in the order of the file."""
        return self.graph.outputs

    @cached_property
    def totals(self) -> dict[str, int]:
        """`parameters`, `trainable`, `buffers` and `macs` of the whole network."""
        return self.graph.totals

    @property
    def parameters(self) -> int:
        return self.totals["parameters"]

    @property
    def trainable(self) -> int:
        return self.totals["trainable"]

    @property
    def buffers(self) -> int:
        return self.totals["buffers"]

    @property
    def macs(self) -> int:
        return self.totals["macs"]

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.graph.nodes}

    @property
    def rows(self) -> Mapping[str, Place]:
        """The top-level rows of the file by name, in order."""
        return self.reading.rows

    @cached_property
    def _group_results(self) -> dict[str, Producer | None]:
        return {group.name: group.result for group in self.graph.groups}

    def __getitem__(self, name: str) -> Node:
        """The layer called `name`; a group means the layer that gives its result. Raises KeyError with the nearest name."""
        if not isinstance(name, str):
            raise TypeError(f"a layer is found by its name, as net['conv1'] or net.layers[0]; got {name!r:.200}")
        found: Producer | None = self._by_name.get(name)
        if found is None:
            found = self.reading.find(name) if self.reading.find is not None else self._group_results.get(name)
        if not isinstance(found, Node):
            raise KeyError(f"there is no layer {name}{did_you_mean(name, self._by_name)}")
        return found

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and self[name] is not None
        except KeyError:
            return False

    def weights(self, seed: int | None = None) -> Weights:
        """Weights by layer and PyTorch's array name.

        They are the file's own if it has them and no seed is given, else random float32 ones. Adding a layer changes no other
        layer's random numbers.
        """
        from cnncalc.forward.weights import draw_all

        own = self.file_weights() if seed is None else None
        if own is not None:
            return {layer: dict(arrays) for layer, arrays in own.items()}
        return draw_all(self.graph, seed or 0)

    def file_weights(self) -> Mapping[str, Mapping[str, Array]] | None:
        """The file's own weights, read when they are used; None if it has none, or if its data file is missing."""
        from cnncalc.forward.weights import WeightsError, check

        if self.reading.weights is None:
            return None
        found = self.reading.weights()
        try:
            check(self.graph, found)
        except WeightsError:
            return None
        return found

    def forward(
        self,
        x: Array | Mapping[str, Array],
        weights: Mapping[str, Mapping[str, Array]] | None = None,
        seed: int | None = None,
        threads: int | None = None,
        *,
        force: bool = False,
    ) -> Any:
        """Return the output for `x`, (batch, channels, *spatial), in its type; dicts by name for several inputs or outputs.

        `weights` are as `weights()` returns them. Without them and without a `seed`, the file's own are used if it has them, else
        each layer's are drawn from the seed when it runs. `force` runs even if memory may not suffice. Raises CannotRun.
        """
        from cnncalc.forward.runner import forward

        if weights is None and seed is None:
            weights = self.file_weights()
        return forward(self._plan, x, weights, seed or 0, threads, force=force)

    @cached_property
    def _plan(self) -> Plan:
        from cnncalc.forward.plan import Plan

        return Plan(self.graph, self.graph.outputs)

    def __repr__(self) -> str:
        return f"<Network {self.name}: {len(self.layers)} layers, {self.parameters:,} parameters, {len(self.problems)} problems>"

    def draw(self, style: str = "volumes", **options: Any) -> Picture:
        """A picture of the network: a notebook shows it, and `str` of it is the SVG.

        `style` is `volumes`, `graph` or `blocks`; the options are those of `cnncalc draw`: title, legend, columns, width, depth.
        Raises ValueError for an invalid option, and CannotDraw, a ValueError, if the picture would be too large to read.
        """
        from cnncalc.report.picture.formats import picture
        from cnncalc.report.picture.options import Drawing, checked

        unknown = [name for name in options if name not in Drawing._fields]
        if unknown:
            raise TypeError(f"draw has no option {unknown[0]}; options are {', '.join(Drawing._fields)}")
        return picture(self, "svg", checked(Drawing(style=style, **options)))

    def to_frame(self) -> Any:
        """The layers as a pandas DataFrame, a row each. Raises ImportError without pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise ImportError("to_frame needs pandas, which is not installed: pip install pandas") from None
        columns = ("name", "kind", "inputs", "shape", "parameters", "trainable", "buffers", "macs", "fits")
        rows = [
            (
                node.name,
                node.kind,
                [source.name for source in node.inputs],
                None if node.shape is None else tuple(node.shape.ordered(self.layout)),
                node.parameters,
                node.trainable,
                node.buffers,
                node.macs,
                node.fits,
            )
            for node in self.layers
        ]
        return pd.DataFrame(rows, columns=list(columns))

    def html(self, columns: Iterable[str] = ("macs",), depth: int | None = None) -> str:
        """The table as HTML with more columns by name, unfolded to `depth`; by default blocks are folded.

        Raises KeyError for an unknown column, ValueError for a depth that is no whole number.
        """
        from cnncalc.report.network.html import table

        return table(self, columns, depth)

    def _repr_html_(self) -> str:
        from cnncalc.report.network.html import table

        return table(self)


def load(
    path: str | os.PathLike[str],
    *,
    input: Shapes = None,  # noqa: A002 - the word of the language
    set: Values = (),  # noqa: A002 - as on the command line
    fit: str | None = None,
    layout: str | None = None,
    dtype: str | None = None,
) -> Network:
    """The network in a file, or the bundled network of that name; `-` is standard input.

    `input` is a shape, as `"224x224x3"` or (224, 224, 3); of several inputs one or more `name=SHAPE`, or a map. `set` holds
    `NAME=VALUE` of vars and fields, or a map, as {"conv1.stride": 2}. `fit` and `dtype` replace the file's. Raises SpecError if
    the file is not a network at all; a network with problems loads and lists them.
    """
    return of(Source(resolve(os.fsdecode(path))), Options(input, set, fit, layout, dtype).changes())


def text_of(file: str) -> str:
    """The text of a file; `-` is standard input. Raises SpecError if it cannot be read."""
    return Source(file).text


def loads(
    text: str,
    *,
    file: str | None = None,
    input: Shapes = None,  # noqa: A002 - the word of the language
    set: Values = (),  # noqa: A002 - as on the command line
    fit: str | None = None,
    layout: str | None = None,
    dtype: str | None = None,
) -> Network:
    """The network that `text` describes; `file` is its name in problems. As `load` otherwise."""
    if not isinstance(text, str):
        raise TypeError(f"loads takes the text of a network, and load its file; got {text!r:.200}")
    return of(Source(file, text=text), Options(input, set, fit, layout, dtype).changes())


def of(source: Source, changes: Changes = UNCHANGED) -> Network:
    """The network of a source. Raises SpecError if it is not a network at all."""
    # Nothing built here is garbage, and looking for garbage among 100,000 layers takes as long as building them.
    collecting = gc.isenabled()
    gc.disable()
    try:
        reading = read(source, changes)
        if reading.unusable:
            raise SpecError(reading.problems)
        return Network(reading, changes.layout)
    finally:
        if collecting:
            gc.enable()
