"""Whether a network works on other inputs: by its graph, or by reading its file again."""

from __future__ import annotations

from functools import cached_property
from math import lcm
from typing import NamedTuple

from cnncalc.analysis.judge import NO, Fault, Judge, Verdict
from cnncalc.analysis.nearest import along, next_size
from cnncalc.build.reading import Source
from cnncalc.graph import Node
from cnncalc.language.overrides import NO_OPTIONS, Options
from cnncalc.network import Network, of
from cnncalc.problem import Problem, SpecError
from cnncalc.shape import Flow, Shape, Tokens

#: Rules that another input size may satisfy.
OF_SIZE = frozenset(("shape", "window", "stride-fit", "join", "share", "limit", "expect", "budget"))
#: Of these, the ones that leave every layer as it would be without them.
_HARMLESS = frozenset(("stride-fit", "expect", "budget"))

#: Sizes tried unless a limit is given: at least so many, and so many periods of the network's strides; never more than MOST.
LEAST, _PERIODS, MOST = 1024, 4, 100_000
#: Readings of a file in which channels decide what the rows are, to find a size at which all of it is known.
_READINGS = 60
#: The work of reading a layer from a file, in layers that are judged by a graph.
_READ_LAYER = 30


class FailingLayer(NamedTuple):
    """The layer that fails on sizes that do not work, and one such input of the network."""

    fault: Fault
    at: Flow


class Oracle:
    """Tells whether a network works on other inputs: from its graph if that is certain, else by reading the file again.

    Raises SpecError if the file is not a network.
    """

    def __init__(self, source: Source, options: Options = NO_OPTIONS) -> None:
        self._source = source
        self._options = options
        self.judge: Judge | None = None
        #: Whether fields of layers depend on the input, as in a program that computes sizes.
        self.computed = False
        self._read_layers = 0
        self.network: Network = of(source, options.changes())
        self._by_channels = "in_channels" in self.network.reading.text
        self.flows: list[Flow] = [source.flow for source in self.network.inputs if source.flow is not None]
        #: Rules of which problems may go away on another input.
        self._of_size = OF_SIZE
        if not self.lasting_problems() and not self._take(self.network):
            self._find_graph()
            if self.judge is None and self._by_channels and not self._has_unshared(self.network):
                # The rows up to the first fault are certain: it decides most sizes, and the file is read for the others.
                self.judge = self._judge_of(self.network)
        self._check_graph()

    @property
    def expects(self) -> bool:
        """Whether the file expects anything; expectations are for the file's own input."""
        return of(self._source, self._options._replace(fit="exact").changes()).expect_skipped

    @property
    def works(self) -> bool:
        """Whether the network has no errors on its own input."""
        return not any(problem.level == "error" for problem in self.network.reading.problems)

    def lasting_problems(self) -> list[Problem]:
        """Errors of the file that no other size removes."""
        found = [p for p in self.network.reading.problems if p.level == "error" and p.rule not in self._of_size]
        if found:
            return found
        graph = self.network.graph
        judge = self.judge or Judge(graph, by_channels=self._by_channels)
        nodes = {fault.node.name for fault in judge.lasting(tuple(self.flows))}
        return [p for p in self.network.reading.problems if p.level == "error" and p.layer in nodes]

    def problems_on(self, flows: tuple[Flow, ...]) -> list[Problem]:
        """The errors of the file when it is read on these inputs."""
        network = self._read(flows)
        if isinstance(network, SpecError):
            return list(network.problems)
        return [problem for problem in network.reading.problems if problem.level == "error"]

    def _take(self, network: Network) -> bool:
        """Judge by the graph of this network from now on, if all of its rows are certain."""
        wrong = {p.rule for p in network.reading.problems if p.level == "error"} - _HARMLESS
        unknown = any(node.shape is None for node in network.layers)
        # A layer that cannot share weights has weights of its own in this graph.
        if wrong - OF_SIZE or "share" in wrong or (self._by_channels and (wrong or unknown)):
            return False
        self.judge = self._judge_of(network)
        return True

    def _judge_of(self, network: Network) -> Judge:
        """Return the judge of a network's graph, with its budget and the strides that need not fit."""
        return Judge(
            network.graph,
            forgiven=[node for node in network.layers if _forgiven(network, node)],
            budget=network.reading.budget,
            dtype=network.dtype,
            by_channels=self._by_channels,
        )

    @staticmethod
    def _has_unshared(network: Network) -> bool:
        return any(problem.rule == "share" for problem in network.reading.problems)

    def _find_graph(self) -> None:
        """Read the file on other sizes until one is found at which every row is known."""
        unshared = True
        for size in (64, 128, 224, 256, 32, 512, *range(1, _READINGS - 5)):
            network = self._read(tuple(along(flow, tuple(range(flow.rank)), size) for flow in self.flows))
            if isinstance(network, Network) and self._take(network):
                return
            unshared = unshared and isinstance(network, Network) and self._has_unshared(network)
        if unshared:
            # Weights cannot be shared on any input that was tried.
            self._of_size = OF_SIZE - {"share"}

    def _check_graph(self) -> None:
        """Do without the graph if other layers, or layers with other fields, result when every input is larger."""
        if self.judge is None or not self.network.graph.fixed_weights:
            return
        network = self._read(tuple(along(flow, tuple(range(flow.rank)), 2 * longest(flow) + 1) for flow in self.flows))
        if isinstance(network, Network) and _fields(network) != _fields(self.network):
            self.computed, self.judge = True, None

    def beside(self, place: int) -> tuple[Flow, ...]:
        """The file's inputs; of those other than `place`, sizes that do not work are replaced by the nearest that do."""
        found = list(self.flows)
        for other, flow in enumerate(found):
            for axis in range(flow.rank) if other != place and self.judge is not None else ():
                assert self.judge is not None
                sizes = [next_size(self.judge, tuple(found), (other,), (axis,), step, LEAST) for step in (-1, 1)]
                near = [size for size in sizes if size is not None]
                if near:
                    found[other] = along(found[other], (axis,), min(near, key=lambda size: abs(size - flow[axis])))
        return tuple(found)

    @property
    def effort(self) -> int:
        """The layers that verdicts needed so far; reading a layer from the file counts several times."""
        return self._read_layers * _READ_LAYER + (self.judge.judged if self.judge is not None else 0)

    def along(self, *places: int) -> OneInput:
        """The verdicts when one input varies, or several that are equal, and the others stay."""
        return OneInput(self, places)

    def __call__(self, flows: tuple[Flow, ...]) -> Verdict:
        verdict = self.judge(flows) if self.judge is not None else None
        if verdict is not None:
            return verdict
        network = self._read(flows)
        if isinstance(network, SpecError) or any(problem.level == "error" for problem in network.reading.problems):
            return NO
        return Verdict(True, all(node.fits for node in network.layers))

    def _read(self, flows: tuple[Flow, ...]) -> Network | SpecError:
        texts = [_written(flow, self.network.reading.layout) for flow in flows]
        names = [source.name for source in self.network.inputs]
        given = [f"{name}={text}" for name, text in zip(names, texts, strict=True)]
        try:
            network = of(self._source, self._options._replace(input=given, layout=None).changes())
            self._read_layers += len(network.layers)
            return network
        except SpecError as error:
            return error


def _fields(network: Network) -> list[object]:
    """Return kind and fields of each layer, without the sizes of its input."""
    return [(node.name, node.kind, node.layer.fields(None)) for node in network.layers]


def _forgiven(network: Network, node: Node) -> bool:
    """Whether the file or a comment on the layer's row ignores strides that do not fit."""
    problem = Problem("stride-fit", "error", network.file, node.location, node.name, "")
    return "stride-fit" in network.reading.ignored or network.reading.ignores.hides(problem)


def _written(flow: Flow, layout: str) -> str:
    if isinstance(flow, Shape):
        return flow.text(layout)
    return f"{{tokens: {flow.length}, vocabulary: {flow.vocabulary}}}"


class OneInput:
    """One input of a network varies, or several that stay equal; the others do not change."""

    def __init__(self, oracle: Oracle, places: tuple[int, ...]) -> None:
        self._oracle = oracle
        self.inputs = oracle.beside(places[0]) if len(places) == 1 else tuple(oracle.flows)
        self.places = places
        self.flow = oracle.flows[places[0]]
        self.judge = oracle.judge
        self.computed = oracle.computed

    @property
    def effort(self) -> int:
        """The work of all verdicts so far, in layers."""
        return self._oracle.effort

    def flows(self, flow: Flow) -> tuple[Flow, ...]:
        """The inputs of the network with `flow` in its places."""
        return tuple(flow if place in self.places else other for place, other in enumerate(self.inputs))

    def __call__(self, flow: Flow) -> Verdict:
        return self._oracle(self.flows(flow))

    @cached_property
    def reach(self) -> list[int]:
        """For each axis a size by which a rule shows: a few periods of its strides after the first size that can work."""
        rank = self.flow.rank
        found = [LEAST] * rank
        if self.judge is not None:
            for probe in (self.flow, along(self.flow, tuple(range(rank)), LEAST)):
                reach = self.judge.trace(self.flows(probe)).reach
                for place in self.places:
                    for axis in range(rank):
                        step, extent = reach[place, axis]
                        found[axis] = min(MOST, max(found[axis], int(extent) + _PERIODS * int(step)))
        return found

    def periods(self, flow: Flow, axes: tuple[int, ...]) -> set[int]:
        """Return how many cells more along these axes change nothing about a stride that does not fit; empty if all fit."""
        if self.judge is None:
            return set()
        trace = self.judge.trace(self.flows(flow))
        return {
            lcm(fault.periods[place, axis], trace.reach[place, axis][0].numerator)
            for fault in trace.faults
            for place in self.places
            for axis in axes
            if (place, axis) in fault.periods
        }

    def stop(self, flows: list[Flow]) -> FailingLayer | None:
        """The first layer that fails on all of these inputs, though the strides may fit."""
        if self.judge is None or not flows:
            return None
        first, *others = (self.judge.trace(self.flows(flow)).faults for flow in flows)
        common = {id(fault.node) for fault in first}.intersection(*({id(fault.node) for fault in other} for other in others))
        return next(
            (FailingLayer(fault, flows[0]) for fault in first if id(fault.node) in common and fault.error is not None), None
        )


def longest(flow: Flow) -> int:
    """The size of an input's longest axis."""
    return flow.length if isinstance(flow, Tokens) else max(flow.spatial, default=1)
