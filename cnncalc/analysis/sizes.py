"""For which input sizes a network works: every stride fits, every join matches, nothing vanishes, and the budget holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from cnncalc.graph import Graph, Node
from cnncalc.infer import Inference, Outcome, outcome
from cnncalc.layers import Layer
from cnncalc.layers.base import check_flow
from cnncalc.shape import Flow, LayerError


class Verdict(NamedTuple):
    """Whether a network works on an input, and whether every stride fits there, whatever `fit` makes of it."""

    works: bool
    exact: bool


NO = Verdict(False, False)


class Judge:
    """Says whether the layers of a graph work on other inputs, without reading the file again.

    Each layer on the same input is worked out once, so that sizes which meet behind a stride cost nothing more. A graph in which
    channels decide what the rows are (`in_channels`) may be another network on another input: then the answer is None.
    """

    def __init__(
        self, graph: Graph, *, ignored: Collection[str] = (), budget: Mapping[str, int] | None = None, by_channels: bool = False
    ) -> None:
        self._forgiving = "stride-fit" in ignored
        self._budget = dict(budget or {})
        self._by_channels = by_channels
        self._outcomes: dict[tuple[object, ...], Outcome | None] = {}
        self._infer = Inference()
        places: dict[object, int] = {source: i for i, source in enumerate(graph.inputs)}
        self._steps: list[tuple[Node, tuple[int, ...]]] = []
        for node in graph.nodes:
            self._steps.append((node, tuple(places[source] for source in node.inputs)))
            places[node] = len(places)
        self._shared = any(node.shared is not None for node in graph.nodes)

    def __call__(self, inputs: tuple[Flow, ...]) -> Verdict | None:
        """The verdict for what flows in, in the order of the graph's inputs; None where the file must be read again."""
        flows: list[Flow] = list(inputs)
        exact = True
        for node, reads in self._steps:
            found = self._outcome(node.layer, tuple(flows[i] for i in reads), node.fit)
            if found is None:
                return NO
            shape, _, fits = found
            if not fits:
                exact = False
                if node.fit == "exact" and not self._forgiving:
                    return NO
            if self._by_channels and (node.shape is None or shape.channels != node.shape.channels):
                return None
            flows.append(shape)
        if self._shared and not self._matching(flows):
            return NO
        return Verdict(True, exact) if self._affordable(flows) else NO

    def _outcome(self, layer: Layer, flows: tuple[Flow, ...], fit: str) -> Outcome | None:
        key = (id(layer), flows, fit)
        if key not in self._outcomes:
            try:
                self._outcomes[key] = outcome(layer, flows, fit)
            except LayerError:
                self._outcomes[key] = None
        return self._outcomes[key]

    def _matching(self, flows: list[Flow]) -> bool:
        """Whether layers that share weights want arrays of the same shapes."""
        weights = {
            node: node.layer.weights(check_flow(node.layer, flows[reads[0]])) for node, reads in self._steps if node.weights
        }
        return all(weights[node] == weights[node.shared] for node in weights if node.shared is not None)

    def _affordable(self, flows: list[Flow]) -> bool:
        """Whether the network stays within its budget."""
        if not self._budget:
            return True
        totals = dict.fromkeys(("parameters", "trainable", "macs"), 0)
        for node, reads in self._steps:
            inferred = self._infer(node.layer, tuple(flows[i] for i in reads), node.fit)
            totals["macs"] += inferred.macs or 0
            if node.shared is None:
                totals["parameters"] += inferred.parameters
                totals["trainable"] += 0 if node.frozen else inferred.parameters
        totals["weights"] = 4 * totals["parameters"]
        return all(totals[key] <= most for key, most in self._budget.items())


class Rule(NamedTuple):
    """Sizes that repeat: from `start` on those that leave one of `rests` when divided by `step`; before it only `before`.

    `start` is a size that works.
    """

    step: int
    start: int
    rests: tuple[int, ...]
    before: tuple[int, ...]

    def __contains__(self, size: object) -> bool:
        if not isinstance(size, int):
            return False
        return size in self.before or (size >= self.start and size % self.step in self.rests)


#: A rule must be seen this often before it is one, and may want this many rests and exceptions before it is none.
_SEEN, _RESTS, _BEFORE = 3, 6, 8


def rule(sizes: Collection[int], most: int) -> Rule | None:
    """The simplest rule for which of 1 … `most` are in `sizes`; None where they keep to none."""
    members = frozenset(sizes)
    if not members:
        return None
    for step in range(1, most // _SEEN + 1):
        first = most - step + 1
        while first > 1 and (first - 1 in members) == (first - 1 + step in members):
            first -= 1
        if most - first + 1 < _SEEN * step:
            continue
        start = next((n for n in range(first, first + step) if n in members), None)
        if start is None:
            continue
        rests = tuple(sorted({n % step for n in range(start, start + step) if n in members}))
        before = tuple(sorted(n for n in members if n < start))
        if len(rests) <= _RESTS and len(before) <= _BEFORE:
            return Rule(step, start, rests, before)
    return None


def said(sizes: Collection[int], most: int) -> str:
    """Sizes in words: as a rule where there is one, as a list otherwise.

    >>> said(range(188, 1025, 16), 1024), said(range(32, 1025, 32), 1024), said(range(7, 1025), 1024), said([5, 6, 9], 1024)
    ('16·n + 188, from 188', 'any multiple of 32; smallest 32', 'any size from 7', '5–6, 9')
    """
    if not sizes:
        return "none"
    found = rule(sizes, most)
    if found is None:
        return _listed(sorted(sizes))
    step, start, rests, before = found
    if step == 1:
        text = f"any size from {start}" if start > 1 else "any size"
    elif len(rests) > 1:
        firsts = [start + (rest - start) % step for rest in rests]
        text = f"{step}·n + {_either(sorted(map(str, firsts), key=int))}, from {start}"
    elif start % step == 0:
        text = f"any multiple of {step}; smallest {start}" if not before else f"any multiple of {step} from {start}"
    else:
        text = f"{step}·n + {start}, from {start}"
    return text + (f", and {_listed(before)}" if before else "")


def _either(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _listed(sizes: Collection[int]) -> str:
    """Sizes one by one, runs of them as 5–9."""
    runs: list[list[int]] = []
    for size in sizes:
        if runs and runs[-1][1] == size - 1:
            runs[-1][1] = size
        else:
            runs.append([size, size])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs)
