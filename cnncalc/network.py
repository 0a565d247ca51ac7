"""Network, load and loads: the public face."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncalc import values
from cnncalc.graph import Graph, Input, Node, Producer
from cnncalc.language.comments import Ignores
from cnncalc.language.document import Document, DocumentReader
from cnncalc.language.expand import Expander
from cnncalc.language.overrides import Override, fault
from cnncalc.language.problems import Problems
from cnncalc.language.scope import Scope
from cnncalc.language.source import compose, decode, read, value_of
from cnncalc.language.suggest import did_you_mean
from cnncalc.language.uses import check_uses
from cnncalc.problem import Location, Problem, SpecError
from cnncalc.shape import LAYOUTS, Flow, LayerError
from cnncalc.values import written
from cnncalc.window import FITS

if TYPE_CHECKING:
    from cnncalc.forward.plan import Plan
    from cnncalc.forward.weights import Weights
    from cnncalc.kernels.arrays import Array
    from cnncalc.subject import Before


class Network:
    """A network as its text says it: layers in order with names, shapes, parameters and cost, totals, and what is wrong.

    Parameters and buffers are counted in numbers, MACs in multiply-accumulates for one example.
    """

    def __init__(
        self, graph: Graph, scope: Scope, document: Document, problems: list[Problem], file: str | None, layout: str
    ) -> None:
        self._scope = scope
        self.graph = graph
        #: What the file says, and its comments that hide problems.
        self.document = document
        self.ignores = Ignores("", None)
        #: As the file says, else the file's own name.
        self.name = document.name or (Path(file).stem if file and file != "-" else "network")
        self.description = document.description
        self.source = document.source
        self.file = file
        #: How shapes are printed: `channels_last` or `channels_first`.
        self.layout = layout
        #: Every problem found, by place.
        self.problems = problems
        #: Whether the file's expectations were left out because it was changed from outside.
        self.expect_skipped = False
        #: Rules that the whole file opts out of.
        self.ignored: frozenset[str] = frozenset()
        #: What it was before it was changed from outside, where that is to be shown.
        self.before: Before | None = None

    @property
    def inputs(self) -> list[Input]:
        return self.graph.inputs

    @property
    def layers(self) -> list[Node]:
        """Layers after expansion, each after what it reads; a branches row stands behind the rows of its branches."""
        return self.graph.nodes

    @property
    def outputs(self) -> list[Producer]:
        """What leaves the network, in the order the file names it."""
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
    def rows(self) -> dict[str, Location]:
        """The names of the top-level rows, in order, with where each stands in the text."""
        names = [name for name in self._scope.names if name not in {source.name for source in self.graph.inputs}]
        return {name: row.at for name, row in zip(names, self._scope.body.rows, strict=False)}

    def __getitem__(self, name: str) -> Node:
        """The layer called `name`; a block stands for the layer that gives its result. Raises KeyError with the nearest name."""
        found: Producer | None = self._by_name.get(name)
        if found is None:
            try:
                found = self._scope.find(name).source
            except LayerError:
                found = None
        if not isinstance(found, Node):
            raise KeyError(f"there is no layer {name}{did_you_mean(name, self._by_name)}")
        return found

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and self[name] is not None
        except KeyError:
            return False

    def weights(self, seed: int = 0) -> Weights:
        """Random weights by layer and PyTorch's array name, float32; adding a layer changes no other's numbers."""
        from cnncalc.forward.weights import draw_all

        return draw_all(self.graph, seed)

    def forward(
        self,
        x: Array | Mapping[str, Array],
        weights: Mapping[str, Mapping[str, Array]] | None = None,
        seed: int = 0,
        threads: int | None = None,
        *,
        force: bool = False,
    ) -> Any:
        """What comes out of `x`, (batch, channels, *spatial), in x's dtype; dicts by name where inputs or outputs are several.

        `weights` as `weights()` gives them; without them each layer's are drawn from `seed` and forgotten again. `force` skips
        the comparison of the memory needed with what there is. Raises forward.CannotRun.
        """
        from cnncalc.forward.runner import forward

        return forward(self._plan, x, weights, seed, threads, force=force)

    @cached_property
    def _plan(self) -> Plan:
        from cnncalc.forward.plan import Plan

        return Plan(self.graph, self.graph.outputs)

    def __repr__(self) -> str:
        return f"<Network {self.name}: {len(self.layers)} layers, {self.parameters:,} parameters, {len(self.problems)} problems>"

    def _repr_html_(self) -> str:
        from cnncalc.report.network.html import table

        return table(self)


def load(
    path: str | os.PathLike[str],
    *,
    input: str | Sequence[str] | None = None,  # noqa: A002 - the word of the language
    set: str | Sequence[str] = (),  # noqa: A002 - as on the command line
    fit: str | None = None,
    layout: str | None = None,
) -> Network:
    """The network in a file; `-` is standard input.

    `input` is a shape (of several inputs `name=SHAPE`, one or more), `set` holds `NAME=VALUE` of vars and fields, `fit` replaces
    the file's. Raises SpecError where the text is no network at all; a network with problems loads and says them.
    """
    file = os.fspath(path)
    return loads(text_of(file), file=file, input=input, set=set, fit=fit, layout=layout)


def text_of(file: str) -> str:
    """The text of a file; `-` is standard input. Raises SpecError where it cannot be had."""
    return decode(read(file), file)


def loads(
    text: str,
    *,
    file: str | None = None,
    input: str | Sequence[str] | None = None,  # noqa: A002 - the word of the language
    set: str | Sequence[str] = (),  # noqa: A002 - as on the command line
    fit: str | None = None,
    layout: str | None = None,
) -> Network:
    """The network that `text` says; `file` is what problems call it. As `load` otherwise."""
    for value, words, what in ((fit, FITS, "fit"), (layout, LAYOUTS, "layout")):
        if value is not None and value not in words:
            raise fault(f"{what} is {', '.join(words[:-1])} or {words[-1]}, not {written(str(value))}")
    overrides = [Override(one) for one in _texts(set, "set", "NAME=VALUE")]
    inputs = _texts(() if input is None else input, "input", "a shape, as 32x32x3")
    # Nothing built here is garbage, and looking for it in 100,000 layers takes as long as building them.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _load(text, file, inputs, overrides, fit, layout)
    finally:
        if collecting:
            gc.enable()


def _texts(given: str | Sequence[str], what: str, example: str) -> Sequence[str]:
    """One text or several as several; raises TypeError where numbers stand instead."""
    texts = [given] if isinstance(given, str) else [*given] if isinstance(given, Iterable) else [given]
    if not all(isinstance(one, str) for one in texts):
        raise TypeError(f"{what} is text or a list of texts: {example}; got {given!r}")
    return texts


def _load(
    text: str,
    file: str | None,
    inputs: Sequence[str],
    overrides: list[Override],
    fit: str | None,
    layout: str | None,
) -> Network:
    problems = Problems(file)
    early: list[Problem] = []
    try:
        root = compose(text, file, early)
    except SpecError as error:
        raise SpecError(sorted(error.problems, key=lambda p: p.location)) from None
    for problem in early:
        problems.add(problem.rule, problem.location, problem.message)
    document = DocumentReader(root, problems, {o.key: o.value for o in overrides if o.target is None}).read()
    _set_vars(document, overrides)
    for shape in inputs:
        _set_input(document, shape)
        problems.unusable = problems.unusable and not document.layers.rows
    check_uses(document, problems)
    changed = bool(overrides) or bool(inputs) or fit is not None
    expander = Expander(document, problems, overrides, check_expect=not changed)
    graph, scope = expander.run(fit or document.fit)
    for override in overrides:
        if override.target is not None and not override.used:
            if override.is_pattern:
                raise fault(f"--set {override.text}: no layer that {override.target} stands for has a field {override.key}")
            hint = did_you_mean(override.target, [node.name for node in graph.nodes])
            raise fault(f"--set {override.text}: there is no layer {override.target}{hint}")
    if not problems.unusable:
        _totals(document, graph, scope, problems, check_expect=not changed)
    ignores = Ignores(text, root)
    found = [problem for problem in problems.sorted() if not ignores.hides(problem)]
    if problems.unusable:
        raise SpecError(found)
    network = Network(graph, scope, document, found, file, layout or document.layout)
    network.ignores = ignores
    network.ignored = problems.ignored
    network.expect_skipped = changed and bool(document.expect or document.expect_output or expander.expected)
    return network


def _set_vars(document: Document, overrides: list[Override]) -> None:
    for override in overrides:
        if override.target is None and override.key not in document.vars:
            said = (
                did_you_mean(override.key, document.vars)
                if document.vars
                else "; the file has no vars; a field is set by conv1.stride=1"
            )
            if override.key in document.inputs:
                said = f"; another input is given by --input {written(override.value)}"
            raise fault(f"--set {override.text}: there is no var {override.key}{said}")


def _set_input(document: Document, text: str) -> None:
    """Puts the shape given from outside in the place of the file's; `name=SHAPE` says which of several inputs."""
    name, equals, shape = text.rpartition("=")
    if not equals and len(document.inputs) > 1:
        names = ", ".join(document.inputs)
        raise fault(
            f"--input {text}: the network has the inputs {names}; say which: --input {next(iter(document.inputs))}={text}"
        )
    if equals and name not in document.inputs:
        raise fault(f"--input {text}: there is no input {name}{did_you_mean(name, document.inputs)}")
    try:
        node = compose(shape, None, [])
        flow: Flow = values.flow(value_of(node) if node is not None else None, document.layout)
    except LayerError as fact:
        raise fault(f"--input {text}: {fact.text(document.layout)}") from None
    except SpecError:
        raise fault(f"--input {text}: a shape is written like 32x32x3") from None
    document.inputs[name if equals else next(iter(document.inputs), "input")] = flow


def _totals(document: Document, graph: Graph, scope: Scope, problems: Problems, check_expect: bool) -> None:
    """Holds the whole network against what the file expects and allows."""
    known = all(node.shape is not None for node in graph.nodes)
    totals = graph.totals
    if check_expect:
        _expected_outputs(document, graph, scope, problems)
        uncounted = graph.uncounted
        for key, (count, at) in document.expect.items():
            if key == "macs" and uncounted:
                names = ", ".join(node.name for node in uncounted[:5]) + (", …" if len(uncounted) > 5 else "")
                problems.add("expect", at, f"MACs cannot be compared: those of {names} are unknown; write macs in its row")
            elif known and totals[key] != count:
                problems.add(
                    "expect",
                    at,
                    f"the network has {totals[key]:,} {_WORDS[key]}, and {count:,} are expected ({totals[key] - count:+,})",
                )
    totals["weights"] = 4 * totals["parameters"]
    for key, (most, said, at) in document.budget.items():
        # What is known already counts, though more may be hidden behind a row that could not be read.
        if totals[key] > most:
            message = f"the network has {totals[key]:,} {_WORDS[key]}, {totals[key] - most:,} more than the budget of {said}"
            problems.add("budget", at, message)


_WORDS = {
    "parameters": "parameters",
    "trainable": "trainable parameters",
    "buffers": "buffers",
    "macs": "MACs",
    "weights": "bytes of weights in float32",
}


def _expected_outputs(document: Document, graph: Graph, scope: Scope, problems: Problems) -> None:
    layout = document.layout
    for name, expected, at in document.expect_output:
        if name is None:
            if len(graph.outputs) > 1:
                names = ", ".join(source.name for source in graph.outputs)
                problems.add("expect", at, f"the network has the outputs {names}; expect a map from their names to shapes")
                continue
            source = graph.outputs[0] if graph.outputs else None
        else:
            try:
                source = scope.find(name).source
            except LayerError as fact:
                problems.fact(fact, at, prefix="expect output: ")
                continue
            if source is not None and source not in graph.outputs:
                problems.add("expect", at, f"{written(name)} is no output of the network; name it in outputs")
        flow: Any = source.flow if source is not None else None
        if flow is not None and flow != expected and source is not None:
            said = f"the network gives {flow.text(layout)} ({source.name}), and {expected.text(layout)} is expected"
            problems.add("expect", at, said)
