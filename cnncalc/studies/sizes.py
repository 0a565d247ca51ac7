"""All sizes of an input tried along its axes: tied together, each alone, and whether the axes depend on one another."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cnncalc.analysis.judge import LARGE, NO, Fault, Judge, Verdict
from cnncalc.analysis.nearest import along, next_size
from cnncalc.analysis.sizes import rule
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
#: How often each axis is changed to find an input that works: a fault along one axis hides layers behind it.
_ROUNDS = 4
#: Pairs of sizes that are tried to see whether axes depend on one another.
_PAIRS = 300
#: Up to this size every pair is tried.
_NEAR = 32
#: How far all axes are tried at once if no square works.
_BOX = 96
#: Sizes for which a network is read again if its layers' fields depend on the input; its own size and the next are tried as well.
_AGAIN = (32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 512)


class FailingLayer(NamedTuple):
    """The layer that fails on sizes that do not work, and one such input of the network."""

    fault: Fault
    at: Flow


class Scan(NamedTuple):
    """Sizes from 1 to `most` that work along axes of the same size, the other axes as in `at`.

    `exact`: every stride fits, beside other axes along which that is so. `stop`: which layer fails on larger sizes, if the
    sizes that work follow no rule. `tried`: the sizes that were tried, if not all from 1 to `most`.
    """

    axes: tuple[str, ...]
    at: Flow
    works: list[int]
    exact: list[int]
    most: int
    stop: FailingLayer | None = None
    tried: tuple[int, ...] = ()


class Survey(NamedTuple):
    """The sizes of one input. `independent`: any size of one axis goes with any of another, as far as tried.

    `smallest` is the input of fewest cells that works, None if none was found.
    """

    scans: list[Scan]
    independent: bool
    smallest: Flow | None
    #: The other inputs of the network while it varied, if the file's others do not work themselves.
    beside: tuple[Flow, ...] = ()


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
        self.network: Network = of(source, options.changes())
        self._by_channels = "in_channels" in self.network.reading.text
        self.flows: list[Flow] = [source.flow for source in self.network.inputs if source.flow is not None]
        #: Rules of which problems may go away on another input.
        self._of_size = OF_SIZE
        if not self.lasting_problems() and not self._take(self.network):
            self._find_graph()
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
        self.judge = Judge(
            network.graph,
            forgiven=[node for node in network.layers if _forgiven(network, node)],
            budget=network.reading.budget,
            dtype=network.dtype,
            by_channels=self._by_channels,
        )
        return True

    def _find_graph(self) -> None:
        """Read the file on other sizes until one is found at which every row is known."""
        unshared = True
        for size in (64, 128, 224, 256, 32, 512, *range(1, _READINGS - 5)):
            network = self._read(tuple(along(flow, tuple(range(_rank(flow))), size) for flow in self.flows))
            if isinstance(network, Network) and self._take(network):
                return
            unshared = unshared and isinstance(network, Network) and any(p.rule == "share" for p in network.reading.problems)
        if unshared:
            # Weights cannot be shared on any input that was tried.
            self._of_size = OF_SIZE - {"share"}

    def _check_graph(self) -> None:
        """Do without the graph if other layers, or layers with other fields, result when every input is larger."""
        if self.judge is None or not self.network.graph.fixed_weights:
            return
        network = self._read(tuple(along(flow, tuple(range(_rank(flow))), 2 * _longest(flow) + 1) for flow in self.flows))
        if isinstance(network, Network) and _fields(network) != _fields(self.network):
            self.computed, self.judge = True, None

    def beside(self, place: int) -> tuple[Flow, ...]:
        """The file's inputs; of those other than `place`, sizes that do not work are replaced by the nearest that do."""
        found = list(self.flows)
        for other, flow in enumerate(found):
            for axis in range(_rank(flow)) if other != place and self.judge is not None else ():
                assert self.judge is not None
                sizes = [next_size(self.judge, tuple(found), other, (axis,), step, LEAST) for step in (-1, 1)]
                near = [size for size in sizes if size is not None]
                if near:
                    found[other] = along(found[other], (axis,), min(near, key=lambda size: abs(size - flow[axis])))
        return tuple(found)

    def along(self, place: int) -> OneInput:
        """The verdicts when one input varies and the others stay."""
        return OneInput(self, place)

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
            return of(self._source, self._options._replace(input=given, layout=None).changes())
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
    """One input of a network varies, the others stay."""

    def __init__(self, oracle: Oracle, place: int) -> None:
        self._oracle = oracle
        self.inputs = oracle.beside(place)
        self.place = place
        self.flow = oracle.flows[place]
        self.judge = oracle.judge
        self.computed = oracle.computed

    def flows(self, flow: Flow) -> tuple[Flow, ...]:
        """The inputs of the network with `flow` in its place."""
        return (*self.inputs[: self.place], flow, *self.inputs[self.place + 1 :])

    def __call__(self, flow: Flow) -> Verdict:
        return self._oracle(self.flows(flow))

    def bounds(self, most: int | None) -> list[int]:
        """How far each axis is tried: a few periods of its strides after the first size that can work."""
        rank = _rank(self.flow)
        if most is not None:
            return [most] * rank
        found = [LEAST] * rank
        if self.judge is not None:
            for probe in (self.flow, along(self.flow, tuple(range(rank)), LEAST)):
                reach = self.judge.trace(self.flows(probe)).reach
                for axis in range(rank):
                    step, extent = reach[self.place, axis]
                    found[axis] = min(MOST, max(found[axis], int(extent) + _PERIODS * int(step)))
        return found

    def stop(self, flows: list[Flow]) -> FailingLayer | None:
        """The first layer that fails on all of these inputs, though the strides may fit."""
        if self.judge is None or not flows:
            return None
        first, *others = (self.judge.trace(self.flows(flow)).faults for flow in flows)
        common = {id(fault.node) for fault in first}.intersection(*({id(fault.node) for fault in other} for other in others))
        return next(
            (FailingLayer(fault, flows[0]) for fault in first if id(fault.node) in common and fault.error is not None), None
        )


def _rank(flow: Flow) -> int:
    return 1 if isinstance(flow, Tokens) else flow.rank


def _longest(flow: Flow) -> int:
    """The size of an input's longest axis."""
    return flow.length if isinstance(flow, Tokens) else max(flow.spatial, default=1)


def survey(judge: OneInput, most: int | None = None) -> Survey:
    """Try the sizes of an input up to `most`, or as far as the strides of the network suggest."""
    return _survey(judge, most)._replace(beside=judge.inputs)


def _survey(judge: OneInput, most: int | None) -> Survey:
    flow = judge.flow
    rank = _rank(flow)
    if not rank:
        return Survey([], True, flow if judge(flow).works else None)
    if judge.computed:
        return _read_again(judge, flow, most)
    bounds = judge.bounds(most)
    if rank == 1:
        scan = _scan(judge, flow, (0,), bounds[0])
        return Survey([scan], True, along(flow, (0,), scan.works[0]) if scan.works else None)
    assert isinstance(flow, Shape)
    base = _base(judge, flow, bounds)
    # The two axes of an image are tried together.
    image = (rank - 2, rank - 1)
    at = base or flow
    square = _scan(judge, at, image, max(bounds[-2:]))
    if base is None and not square.works:
        base = next((shape for shape in _box(flow) if judge(shape).works), None)
        if base is None:
            return Survey([square, *(_scan(judge, flow, (i,), bounds[i]) for i in range(rank))], True, None)
    if base is None:
        found = along(flow, image, square.works[0])
        assert isinstance(found, Shape)
        base = found
    scans = [square, *(_scan(judge, base, (i,), bounds[i]) for i in range(rank))]
    if any(scan.works != scan.exact for scan in scans):
        scans = _fitting(judge, base, scans)
    return Survey(scans, _independent(judge, base, scans[1:]), _smallest(judge, base, scans, image))


def _read_again(judge: OneInput, flow: Flow, most: int | None) -> Survey:
    """Try a few sizes of all axes at once: each takes a reading of the file, or an export of the model."""
    axes = tuple(range(_rank(flow)))[-2:]
    own = _longest(flow)
    tried = tuple(sorted(size for size in {*_AGAIN, own, own + 1} if size <= (most or MOST)))
    verdicts = {size: judge(along(flow, axes, size)) for size in tried}
    works = [size for size in tried if verdicts[size].works]
    exact = [size for size in works if verdicts[size].exact]
    scan = Scan(_names(flow, axes), flow, works, exact, tried[-1] if tried else 0, None, tried)
    return Survey([scan], True, along(flow, axes, works[0]) if works else None)


def _names(flow: Flow, axes: tuple[int, ...]) -> tuple[str, ...]:
    return ("tokens",) if isinstance(flow, Tokens) else tuple(flow.axes[i] for i in axes)


def _scan(judge: OneInput, flow: Flow, axes: tuple[int, ...], most: int) -> Scan:
    works, exact = [], []
    for size in range(1, most + 1):
        verdict = judge(along(flow, axes, size))
        if verdict.works:
            works.append(size)
            if verdict.exact:
                exact.append(size)
    stop = None
    if rule(works, most) is None:
        last = works[-1] if works else 0
        larger = [(last + most) // 2 + 1, most, 2 * most + 1, *LARGE]
        stop = judge.stop([along(flow, axes, size) for size in larger if size > last])
    return Scan(_names(flow, axes), flow, works, exact, most, stop)


def _base(judge: OneInput, flow: Shape, bounds: Sequence[int]) -> Shape | None:
    """An input that works, to vary one axis of: the file's own, or the one nearest to it along each axis by itself."""
    if judge(flow).works:
        return flow
    if judge.judge is None:
        return None
    other = flow
    for _ in range(_ROUNDS):
        for axis, bound in enumerate(bounds):
            found = [next_size(judge.judge, judge.flows(other), judge.place, (axis,), step, bound) for step in (-1, 1)]
            near = [size for size in found if size is not None and size <= bound]
            if not near:
                return None
            size = min(near, key=lambda size: abs(size - flow[axis]))
            other = Shape(*(size if i == axis else n for i, n in enumerate(other)))
        if judge(other).works:
            return other
    return None


def _box(flow: Shape) -> Iterator[Shape]:
    """Small inputs, heights and widths in every combination, the smallest first."""
    for total in range(2, 2 * _BOX):
        for height in range(max(1, total - _BOX), min(_BOX, total - 1) + 1):
            yield Shape(*flow[:-3], height, total - height, flow.channels)


def _fitting(judge: OneInput, flow: Shape, scans: list[Scan]) -> list[Scan]:
    """The scans with `exact` seen beside other axes along which every stride fits, if there are such."""
    square = scans[0]
    places = [tuple(flow.axes.index(axis) for axis in scan.axes) for scan in scans]
    if square.exact:
        at = along(square.at, places[0], square.exact[0])
    else:
        cubes = (along(flow, tuple(range(flow.rank)), size) for size in range(1, square.most + 1))
        found = next((cube for cube in cubes if judge(cube).exact), None)
        if found is None:
            return scans
        at = found
    result = []
    for scan, axes in zip(scans, places, strict=True):
        exact = [size for size in range(1, scan.most + 1) if judge(along(at, axes, size)).exact]
        result.append(scan._replace(exact=exact))
    return result


def _independent(judge: Callable[[Flow], Verdict], base: Shape, scans: list[Scan]) -> bool:
    """Whether sizes that work along each axis work together, and others do not; tried on pairs drawn the same way each time."""
    if not all(scan.works for scan in scans):
        return True
    sets = [frozenset(scan.works) for scan in scans]
    draw = random.Random(0)
    for height in range(1, min(_NEAR, scans[-2].most) + 1):
        for width in range(1, min(_NEAR, scans[-1].most) + 1):
            if judge(Shape(*base[:-3], height, width, base.channels)).works != (height in sets[-2] and width in sets[-1]):
                return False
    for k in range(_PAIRS):
        # Half of the draws are sizes that work: they are few, and they must go together.
        sizes = [draw.choice(scan.works) if k % 2 else draw.randint(1, scan.most) for scan in scans]
        if judge(Shape(*sizes, base.channels)).works != all(n in s for n, s in zip(sizes, sets, strict=True)):
            return False
    return True


def _smallest(judge: Callable[[Flow], Verdict], base: Shape, scans: list[Scan], image: tuple[int, ...]) -> Flow | None:
    """The input of fewest cells among those tried; None if none of them is within reach."""
    square, *axes = scans
    candidates: list[Flow] = [base] if all(n <= scan.most for n, scan in zip(base.spatial, axes, strict=True)) else []
    if square.works and square.stop is None:
        candidates.append(along(square.at, image, square.works[0]))
    candidates += [along(base, (i,), scan.works[0]) for i, scan in enumerate(axes) if scan.works]
    if all(scan.works for scan in axes):
        candidates.append(Shape(*(scan.works[0] for scan in axes), base.channels))
    works = [flow for flow in candidates if judge(flow).works]
    return min(works, key=lambda flow: flow.size if isinstance(flow, Shape) else flow.length, default=None)
