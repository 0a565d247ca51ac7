"""Checks whether a graph works on other inputs, and which layer fails along which axis of the input if it does not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from cnncalc.analysis.memory import peak_of
from cnncalc.dtype import DEFAULT, bytes_of
from cnncalc.graph import Graph, Node, Producer
from cnncalc.infer import Inference, Outcome, Unreadable, outcome
from cnncalc.layers import Join, Layer
from cnncalc.layers.accept import check_flow
from cnncalc.shape import Flow, LayerError, Shape, Tokens


class Verdict(NamedTuple):
    """Whether a network works on an input, and whether every stride fits there, whatever `fit` makes of it."""

    works: bool
    exact: bool


NO = Verdict(False, False)
#: Sizes that are larger than any window: one with many divisors, one prime.
LARGE = (65_536, 99_991)

Axis = tuple[int, int]
"""An axis of the network's inputs: the place of the input, and of the axis in its shape."""


class Origin(NamedTuple):
    """The origin of an axis of a result.

    `step` is the distance between neighbouring cells in cells of the input, `extent` the number of input cells that a cell sees.
    """

    axis: Axis
    step: Fraction = Fraction(1)
    extent: Fraction = Fraction(1)


class Fault(NamedTuple):
    """A layer that does not work, and the input axes that it depends on; `axes` is None if that is not known.

    `flows` are the layer's inputs. `error` is None for a stride that does not fit, which `periods` cells more of an axis do not
    change.
    """

    node: Node
    axes: frozenset[Axis] | None
    flows: tuple[Flow, ...]
    error: LayerError | None
    periods: Mapping[Axis, int] = {}


class Trace(NamedTuple):
    """Everything that is wrong on one input, and the largest step and extent seen along each input axis.

    `missed` are the ids of layers behind a fault, which are not checked. `stretched` are the ids of joins that repeat a result
    of one cell over a map of several.
    """

    faults: list[Fault]
    reach: dict[Axis, tuple[Fraction, Fraction]]
    missed: set[int]
    stretched: set[int]


_Origins = tuple["Origin | None", ...]


class Judge:
    """Judge a graph on other inputs without reading the file again.

    Each layer is inferred once per input shape. `forgiven` are layers whose strides need not fit. If `by_channels`, channels
    decide what the rows are (`in_channels`), so that the graph may be another one on another input: then the answer is None.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        forgiven: Collection[Node] = (),
        budget: Mapping[str, int] | None = None,
        dtype: str = DEFAULT,
        by_channels: bool = False,
    ) -> None:
        self._forgiven = frozenset(map(id, forgiven))
        self._graph = graph
        self._budget = dict(budget or {})
        self._dtype = dtype
        self._by_channels = by_channels
        self._outcomes: dict[tuple[object, ...], Outcome | LayerError] = {}
        self._infer = Inference()
        places: dict[object, int] = {source: i for i, source in enumerate(graph.inputs)}
        self._steps: list[tuple[Node, tuple[int, ...]]] = []
        #: The first layer that could not be read, or has inputs that are not in the graph; None if there is no such gap.
        self._gap: int | None = None
        for place, node in enumerate(graph.nodes, len(graph.inputs)):
            known = not isinstance(node.layer, Unreadable) and all(source in places for source in node.inputs)
            if not known and self._gap is None:
                self._gap = len(self._steps)
            # A layer after a gap gets itself as its input, whose shape is not known yet.
            self._steps.append((node, tuple(places[source] for source in node.inputs) if known else (place,)))
            places[node] = place
        self._ends = self._runs()
        self._producers: list[Producer] = [*graph.inputs, *graph.nodes]
        self._shared = any(node.shared is not None for node in graph.nodes)
        #: The number of layers traced so far, which bounds a search.
        self.traced = 0
        #: The number of layers that verdicts needed so far.
        self.judged = 0

    def _runs(self) -> list[int]:
        """For each step the end of the run of equal layers it is in, each of which reads the one before it alone."""
        ends = list(range(1, len(self._steps) + 1))
        first = len(self._graph.inputs)
        for k in range(len(self._steps) - 2, -1, -1):
            node, (after, reads) = self._steps[k][0], self._steps[k + 1]
            if after.layer is node.layer and after.fit == node.fit and reads == (first + k,):
                ends[k] = ends[k + 1]
        return ends

    def __call__(self, inputs: tuple[Flow, ...]) -> Verdict | None:
        """Return the verdict for these inputs, in the graph's order; None if the file must be read again.

        A layer that fails before any gap, on the channels that it has in the graph, decides the verdict.
        """
        flows: list[Flow] = list(inputs)
        exact = True
        k = -1
        while (k := k + 1) < len(self._steps):
            if k == self._gap:
                return None
            node, reads = self._steps[k]
            self.judged += 1
            found = self._outcome_of(node, tuple(flows[i] for i in reads))
            if isinstance(found, LayerError):
                return NO
            shape, _, fits = found
            if not fits:
                exact = False
                if self._must_fit(node):
                    return NO
            if self._by_channels and (node.shape is None or shape.channels != node.shape.channels):
                return None
            flows.append(shape)
            if self._ends[k] > k + 1 and fits and shape == flows[reads[0]]:
                # The other layers of the run change nothing either.
                flows += [shape] * (self._ends[k] - k - 1)
                k = self._ends[k] - 1
        if self._shared and not self._matching(flows):
            return NO
        return Verdict(True, exact) if self._affordable(flows) else NO

    def spares(self, inputs: tuple[Flow, ...], axes: frozenset[Axis]) -> bool:
        """Return whether no fault on these inputs depends on any of `axes`; a fault of unknown axes does."""
        faults = self.trace(inputs, axes).faults
        # The trace ends with the first fault that does.
        return not faults or not _depends(faults[-1], axes)

    def trace(self, inputs: tuple[Flow, ...], until: frozenset[Axis] | None = None) -> Trace:
        """Return every fault on these inputs: a stride that does not fit is floored, a mismatch takes the first shape.

        Layers after a layer with a fault are not checked. The trace ends with the first fault that depends on axes in `until`;
        steps and extents are then left out.
        """
        flows: list[Flow | None] = list(inputs)
        origins: list[_Origins] = [tuple(Origin((i, axis)) for axis in range(flow.rank)) for i, flow in enumerate(inputs)]
        result = Trace(
            [], {origin.axis: (origin.step, origin.extent) for one in origins for origin in one if origin}, set(), set()
        )
        k = -1
        while (k := k + 1) < len(self._steps):
            self.traced += 1
            node, reads = self._steps[k]
            xs = tuple(flow for flow in (flows[i] for i in reads if i < len(flows)) if flow is not None)
            if len(xs) < len(reads) or (not reads and node.shape is None):
                flows.append(None)
                origins.append(())
                result.missed.add(id(node))
                continue
            before = [origins[i] for i in reads]
            known = len(result.faults)
            tried = self._outcome_of(node, xs)
            found = None if isinstance(tried, LayerError) else tried
            if isinstance(tried, LayerError):
                result.faults.append(Fault(node, self._guilty(node.layer, xs, before), xs, tried))
                found = self._aligned(node, xs)
            elif found is not None and not found.fits and self._must_fit(node):
                result.faults.append(_misfit(node, found, xs, before[0]))
            if until is not None and len(result.faults) > known and _depends(result.faults[-1], until):
                return result
            if isinstance(node.layer, Join) and _stretches(xs):
                result.stretched.add(id(node))
            flows.append(None if found is None else found.shape)
            origins.append(() if found is None else _behind(node.layer, found, xs, before, measured=until is None))
            for origin in origins[-1] if until is None else ():
                if origin is not None:
                    step, extent = result.reach[origin.axis]
                    result.reach[origin.axis] = (max(step, origin.step), max(extent, origin.extent))
            more = self._ends[k] - k - 1
            if more and len(result.faults) == known and flows[-1] == xs[0] and origins[-1] == before[0]:
                # The other layers of the run change nothing either.
                flows += [flows[-1]] * more
                origins += [origins[-1]] * more
                k += more
        return result

    def lasting(self, inputs: tuple[Flow, ...]) -> list[Fault]:
        """Return the faults that no size of the inputs removes: channels or ranks that do not match, and axes of a fixed size."""
        first = self.trace(inputs).faults
        if not first:
            return []
        others = [self.trace(probe) for probe in _probes(inputs)]
        found = []
        for fault in first:
            # A probe on which a layer before it fails says nothing; some must have reached it.
            seen = [{id(f.node): f for f in other.faults} for other in others if id(fault.node) not in other.missed]
            if seen and all(_same(fault, other.get(id(fault.node))) for other in seen) and self._always(fault):
                found.append(fault)
        return found

    def _always(self, fault: Fault) -> bool:
        """Whether the layer fails on inputs of every spatial size, with the ranks and channels that it has here."""
        if fault.axes is not None:
            return True
        errors = []
        for size in (1, 2, 3, 7, 8, 64, 97, 1024):
            xs = tuple(Shape(*((size,) * x.rank), x.channels) if isinstance(x, Shape) else x for x in fault.flows)
            found = self._outcome(fault.node.layer, xs, "floor")
            if not isinstance(found, LayerError):
                return False
            errors.append(found)
        if isinstance(fault.node.layer, Join):
            return True
        # A message whose numbers change with the size is about sizes.
        return len({(e.template, tuple(v for v in e.values if not isinstance(v, Shape))) for e in errors}) == 1

    def _must_fit(self, node: Node) -> bool:
        return node.fit == "exact" and id(node) not in self._forgiven

    def _outcome_of(self, node: Node, flows: tuple[Flow, ...]) -> Outcome | LayerError:
        """Return the outcome of a layer, or why it fails; weights of a fixed size are one more reason."""
        found = self._outcome(node.layer, flows, node.fit)
        if self._graph.fixed_weights and node.weights and not isinstance(found, LayerError):
            needed = node.layer.weights(check_flow(node.layer, flows[0]))
            for weight, other in zip(node.weights, needed, strict=True):
                if weight.shape != other.shape:
                    return LayerError(
                        "its {} has the size {}, and this input needs {}", weight.name, *map(_text, (weight.shape, other.shape))
                    )
        return found

    def _outcome(self, layer: Layer, flows: tuple[Flow, ...], fit: str) -> Outcome | LayerError:
        key = (id(layer), flows, fit)
        found = self._outcomes.get(key)
        if found is None:
            try:
                found = outcome(layer, flows, fit)
            except LayerError as error:
                found = error
            self._outcomes[key] = found
        return found

    def _guilty(self, layer: Layer, xs: tuple[Flow, ...], before: list[_Origins]) -> frozenset[Axis] | None:
        """The input axes along which shapes differ, or the layer does not take the size; None if it fails for another reason."""
        shapes = [x for x in xs if isinstance(x, Shape)]
        if not shapes or len(shapes) < len(xs):
            return None
        if isinstance(layer, Join):
            if len({shape.rank for shape in shapes}) > 1:
                return None
            differ = [k for k in range(shapes[0].rank) if len({shape[k] for shape in shapes}) > 1]
            found = [known[k] for known in before for k in differ if k < len(known)]
        else:
            try:
                windows = layer.windows(shapes[0])
            except LayerError:
                return None
            differ = [k for k, (w, n) in enumerate(zip(windows, shapes[0].spatial, strict=False)) if w.span(n) < 0]
            differ = differ or self._refused(layer, shapes[0])
            found = [before[0][k] for k in differ if k < len(before[0])]
        return frozenset(origin.axis for origin in found if origin is not None) if differ else None

    def _refused(self, layer: Layer, x: Shape) -> list[int]:
        """The axes of which each has a size that a layer does not take, whatever the others; empty if there are other reasons."""
        for large in LARGE:
            shapes = [Shape(*(n if i == k else large for i, n in enumerate(x.spatial)), x.channels) for k in range(x.rank + 1)]
            *each, whole = [isinstance(self._outcome(layer, (shape,), "floor"), LayerError) for shape in shapes]
            if not whole:
                return [k for k, fails in enumerate(each) if fails]
        return []

    def _aligned(self, node: Node, xs: tuple[Flow, ...]) -> Outcome | None:
        """Return the outcome of a join if all inputs had the spatial sizes of the first; None if it fails, or is not a join."""
        shapes = [x for x in xs if isinstance(x, Shape)]
        if not isinstance(node.layer, Join) or len(shapes) < len(xs) or len({shape.rank for shape in shapes}) > 1:
            return None
        found = self._outcome(node.layer, tuple(Shape(*shapes[0].spatial, x.channels) for x in shapes), node.fit)
        return None if isinstance(found, LayerError) else found

    def _matching(self, flows: list[Flow]) -> bool:
        """Return whether layers that share weights have weights of the same shapes."""
        weights = {
            node: node.layer.weights(check_flow(node.layer, flows[reads[0]])) for node, reads in self._steps if node.weights
        }
        return all(weights[node] == weights.get(node.shared) for node in weights if node.shared is not None)

    def _affordable(self, flows: list[Flow]) -> bool:
        """Return whether the network stays within its budget."""
        if not self._budget:
            return True
        totals = dict.fromkeys(("parameters", "trainable", "macs"), 0)
        for node, reads in self._steps:
            inferred = self._infer(node.layer, tuple(flows[i] for i in reads), node.fit)
            totals["macs"] += inferred.macs or 0
            if node.shared is None:
                totals["parameters"] += inferred.parameters
                totals["trainable"] += 0 if node.frozen else inferred.parameters
        totals["weights"] = bytes_of(totals["parameters"], self._dtype)
        if "peak_memory" in self._budget:
            totals["peak_memory"] = peak_of(self._graph, dict(zip(self._producers, flows, strict=True)), self._dtype)
        return all(totals[key] <= most for key, most in self._budget.items())


def _depends(fault: Fault, axes: frozenset[Axis]) -> bool:
    """Return whether a fault depends on any of `axes`, or on axes that are not known."""
    return fault.axes is None or not axes.isdisjoint(fault.axes)


def _text(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))


def _stretches(xs: tuple[Flow, ...]) -> bool:
    """Return whether one of the inputs of a join has a single cell and another has several."""
    cells = {max(x.spatial) for x in xs if isinstance(x, Shape) and x.rank}
    return len(cells) > 1 and 1 in cells


def _misfit(node: Node, found: Outcome, xs: tuple[Flow, ...], before: _Origins) -> Fault:
    """Return the fault of a layer whose stride does not fit, with the input axes along which it does not."""
    sizes = xs[0].spatial if isinstance(xs[0], Shape) else (xs[0].length,)
    periods: dict[Axis, int] = {}
    for origin, window, size in zip(before, found.windows, sizes, strict=False):
        if origin is not None and window.remainder(size):
            # The numerator of cells of the input is a whole number of them, and of strides.
            periods[origin.axis] = (origin.step * window.stride).numerator
    return Fault(node, frozenset(periods), xs, None, periods)


def _behind(layer: Layer, found: Outcome, xs: tuple[Flow, ...], before: list[_Origins], *, measured: bool) -> _Origins:
    """Return the origins of a result's axes, with step and extent if they are `measured`."""
    rank = found.shape.rank
    if isinstance(layer, Join) or not xs:
        sides = [(known, x) for known, x in zip(before, xs, strict=False) if len(known) == rank]
        # A result of one cell that is repeated decides no size.
        sides.sort(key=lambda side: side[1][:rank] != found.shape.spatial)
        return tuple(next((known[k] for known, _ in sides if known[k] is not None), None) for k in range(rank))
    try:
        views = layer.views(check_flow(layer, xs[0]), found.windows)
    except LayerError:
        return (None,) * rank
    if not views:
        return before[0] if len(before[0]) == rank else (None,) * rank
    result: list[Origin | None] = [None] * rank
    for origin, view in zip(before[0], views, strict=False):
        if origin is not None and view.to is not None and view.to < rank:
            if not measured:
                result[view.to] = origin
                continue
            extent = origin.extent + (view.last - view.first) * origin.step
            result[view.to] = Origin(origin.axis, origin.step * view.step, extent)
    return tuple(result)


def _probes(inputs: tuple[Flow, ...]) -> Iterator[tuple[Flow, ...]]:
    """Yield inputs of other sizes: divisible by many strides, or by none, or with the same remainders as the inputs."""
    for more in (64, 960, 46_080):
        yield tuple(
            Tokens(x.length + more, x.vocabulary) if isinstance(x, Tokens) else Shape(*(n + more for n in x.spatial), x.channels)
            for x in inputs
        )
    for size in (64, 97, 224, 512, 1023, *LARGE):
        yield tuple(
            Tokens(size, x.vocabulary) if isinstance(x, Tokens) else Shape(*((size,) * x.rank), x.channels) for x in inputs
        )


def _same(fault: Fault, other: Fault | None) -> bool:
    """Whether a layer fails for the same reason on other sizes: on the same shapes, or on the same ranks and channels."""
    if other is None or fault.axes != other.axes:
        return False
    if fault.axes is not None:
        return fault.flows == other.flows
    return [(len(x), x[-1]) for x in fault.flows] == [(len(x), x[-1]) for x in other.flows]
