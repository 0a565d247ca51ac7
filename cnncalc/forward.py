"""Runs a graph on NumPy arrays; the one place that plans buffers and threads. Imports NumPy only when it runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnncalc import weights as random_weights
from cnncalc.graph import Graph, Input, Node, Source
from cnncalc.layers import Join, Layer
from cnncalc.shape import Flow, Shape, Tokens

if TYPE_CHECKING:
    import numpy as np

    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import After
    from cnncalc.kernels.team import Team
    from cnncalc.weights import Gains

#: Bytes that tiles, products and the interpreter's own arrays take per thread, at most.
SCRATCH = 24 << 20


class CannotRun(ValueError):
    """The network, or what was given to it, cannot be run; the message says why."""


class TooLittleMemory(CannotRun):
    """The plan needs more than the machine has."""


class WrongShape(RuntimeError):
    """A layer computed another shape than was inferred: a fault of cnncalc."""

    def __init__(self, node: Node, inferred: tuple[int, ...], computed: tuple[int, ...]) -> None:
        self.node, self.inferred, self.computed = node, inferred, computed
        super().__init__(f"{node.name}: inferred {_times(inferred)}, computed {_times(computed)} (channels first)")


@dataclass
class Step:
    """A layer to run, with the layers behind it that are done to its result while that is in the cache."""

    node: Node
    fused: list[Node] = field(default_factory=list)

    @property
    def result(self) -> Node:
        return self.fused[-1] if self.fused else self.node


class Plan:
    """Which layers run in which order, what is kept, and who reads what last."""

    def __init__(self, graph: Graph, kept: Iterable[Source], every: bool = False) -> None:
        self.graph = graph
        self.kept = set(kept)
        wanted = set(graph.nodes) if every else self._needed()
        nodes = [node for node in graph.nodes if node in wanted]
        #: How many times each result is still to be read; what is kept is read once more, by the caller.
        self.readers: Counter[Source] = Counter(self.kept)
        for node in nodes:
            self.readers.update(node.inputs)
        self.steps = self._fuse(nodes) if not every else [Step(node) for node in nodes]

    def _needed(self) -> set[Source]:
        needed: set[Source] = set()
        open_ = list(self.kept)
        while open_:
            source = open_.pop()
            if source not in needed:
                needed.add(source)
                open_ += source.inputs if isinstance(source, Node) else ()
        return needed

    def _fuse(self, nodes: list[Node]) -> list[Step]:
        """Layers that only change channels or numbers join the layer before them, where nobody else reads that."""
        steps: list[Step] = []
        giving: dict[Source, Step] = {}
        for node in nodes:
            step = giving.get(node.inputs[0]) if len(node.inputs) == 1 else None
            before = node.inputs[0]
            if step is not None and self.readers[before] == 1 and before not in self.kept and _joins(step, node):
                step.fused.append(node)
            else:
                step = Step(node)
                steps.append(step)
            giving[node] = step
        return steps

    def peak(self, batch: int, itemsize: int, weights_kept: bool) -> int:
        """Bytes needed at most at once: live results, weights (all of them, or the largest layer's), and scratch."""
        left = Counter(self.readers)
        live = sum(_bytes(source.flow, batch, itemsize) for source in self.graph.inputs)
        most = live
        total = largest = 0
        for step in self.steps:
            own = sum(w.size for w in step.node.weights) * itemsize
            largest = max(largest, own)
            total += own if step.node.shared is None else 0
            made = _bytes(step.result.flow, batch, itemsize)
            live += made
            most = max(most, live + (0 if weights_kept else own))
            for source in step.node.inputs:
                left[source] -= 1
                if left[source] == 0 and isinstance(source, Node):
                    live -= _bytes(source.flow, batch, itemsize)
            if left[step.result] == 0:
                live -= made
        return most + (total if weights_kept else 0)


def _joins(step: Step, node: Node) -> bool:
    """Whether `node` can be done on the way out of `step`: a factor and an offset, and in the end one function."""
    if not step.node.layer.takes_after or (step.fused and step.fused[-1].layer.function() is not None):
        return False
    return type(node.layer).per_channel is not Layer.per_channel or node.layer.function() is not None


def _bytes(flow: Flow | None, batch: int, itemsize: int) -> int:
    if isinstance(flow, Tokens):
        return batch * flow.length * 8
    return batch * flow.size * itemsize if flow is not None else 0


Watch = Callable[[Node, tuple["Array", ...], "Array", float, "Team"], None]
"""Is told each layer, what it read and gave, and the seconds it took, and may use the threads."""


class Runner:
    """Runs a graph. `weights` are drawn layer by layer from `seed` where they are not given, and forgotten again."""

    def __init__(
        self,
        graph: Graph,
        weights: Mapping[str, Mapping[str, Array]] | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        _runnable(graph)
        if threads is not None and threads < 1:
            raise CannotRun(f"threads must be at least 1, got {threads}")
        if weights is not None:
            random_weights.check(graph, weights)
        self.graph = graph
        self.weights = weights
        self.seed = seed
        self.threads = threads
        self._gains: Gains | None = None

    def __call__(
        self,
        inputs: Mapping[str, Array],
        *,
        keep: Iterable[Source] = (),
        watch: Watch | None = None,
        force: bool = False,
        own_inputs: bool = False,
    ) -> dict[Source, Array]:
        """The outputs and what is in `keep`. With `watch` every layer runs by itself and is shown; else layers are fused.

        `own_inputs`: the input arrays may be written over. Raises TooLittleMemory unless `force`, and WrongShape.
        """
        import numpy as np

        from cnncalc.kernels.team import Team

        kept = [*self.graph.outputs, *keep]
        plan = Plan(self.graph, kept, every=watch is not None)
        batch, dtype = check_inputs(self.graph, inputs)
        if not force:
            check_memory(plan.peak(batch, dtype.itemsize, self.weights is not None), self.weights is not None)
        with Team(self.threads).at_work() as team, np.errstate(all="ignore"):
            return self._walk(plan, inputs, dtype, team, watch, own_inputs)

    def check_room(self, batch: int, dtype: str, *, weights_kept: bool = False) -> None:
        """Raises TooLittleMemory where a call that shows every layer would; with `weights_kept`, all of them in memory."""
        kept = weights_kept or self.weights is not None
        itemsize = 8 if dtype == "float64" else 4
        check_memory(Plan(self.graph, self.graph.outputs, every=True).peak(batch, itemsize, kept), kept)

    def _walk(
        self,
        plan: Plan,
        inputs: Mapping[str, Array],
        dtype: np.dtype[Any],
        team: Team,
        watch: Watch | None,
        own_inputs: bool,
    ) -> dict[Source, Array]:
        from cnncalc.kernels.arrays import owner
        from cnncalc.kernels.buffers import Buffers
        from cnncalc.kernels.run import NOTHING, Run

        left = Counter(plan.readers)
        # Whoever is shown results may keep them.
        buffers = Buffers() if watch is None else None
        values: dict[Source, Array] = {source: inputs[source.name] for source in self.graph.inputs}
        # How many results stand in one piece of memory: views do, and then none of them may be written over.
        standing = Counter(id(owner(x)) for x in values.values())
        if not own_inputs:
            standing.update(id(owner(x)) for x in values.values())
        for step in plan.steps:
            node = step.node
            own = self._own(node, dtype, team)
            after = self._after(step.fused, dtype, team) if step.fused else NOTHING
            xs = tuple(values[source] for source in node.inputs)
            first = node.inputs[0]
            alone = standing[id(owner(xs[0]))] == 1 and node.inputs.count(first) == 1
            run = Run(team, node.fit, overwrite=alone and left[first] == 1, after=after, buffers=buffers)
            begun = time.perf_counter()
            y = node.layer.forward_join(xs, run) if isinstance(node.layer, Join) else node.layer.forward(xs[0], own, run)
            seconds = time.perf_counter() - begun
            result = step.result
            _check_shape(result, y, len(xs[0]))
            if watch is not None:
                watch(node, xs, y, seconds, team)
            values[result] = y
            standing[id(owner(y))] += 1
            for source in (*node.inputs, result):
                left[source] -= source is not result
                if left[source] <= 0 and source in values:
                    memory = owner(values.pop(source))
                    standing[id(memory)] -= 1
                    if buffers is not None and standing[id(memory)] == 0:
                        buffers.give_back(memory)
            del xs, y, own
        return {source: values[source] for source in plan.kept}

    def _own(self, node: Node, dtype: np.dtype[Any], team: Team) -> Mapping[str, Array]:
        """The weights that a layer uses, in the numbers' type."""
        if not node.weights:
            return {}
        owner = node.shared or node
        if self.weights is not None:
            found: Mapping[str, Array] = self.weights[owner.name]
        else:
            self._gains = self._gains or random_weights.Gains(self.graph)
            found = random_weights.draw(owner, self.seed, self._gains(owner), team)
        return {name: array.astype(dtype, copy=False) for name, array in found.items()}

    def _after(self, fused: list[Node], dtype: np.dtype[Any], team: Team) -> After:
        """Factors and offsets of several layers as one."""
        from cnncalc.kernels.run import NOTHING, After

        after = NOTHING
        for node in reversed(fused):
            change = node.layer.per_channel(self._own(node, dtype, team))
            after = After(apply=node.layer.function()) if change is None else after.behind(*change)
        return after


def _runnable(graph: Graph) -> None:
    """Raises CannotRun where a layer has no forward pass or a shape is not known."""
    for node in graph.nodes:
        if node.shape is None:
            raise CannotRun(f"{node.name} has no shape; a network with errors cannot run")
        if not _has_forward(node.layer):
            raise CannotRun(f"{node.name}: the kind {node.layer.kind} has no forward pass yet; it can be checked and not run")
    if not graph.outputs:
        raise CannotRun("the network has no output")


def _has_forward(layer: Layer) -> bool:
    from cnncalc.layers.base import Pointwise

    if isinstance(layer, Join):
        return type(layer).forward_join is not Join.forward_join
    kind = type(layer)
    if kind.forward is Pointwise.forward:
        return kind.per_channel is not Layer.per_channel or kind.function is not Layer.function
    return kind.forward is not Layer.forward


def _check_shape(node: Node, y: Array, batch: int) -> None:
    shape = node.shape
    assert shape is not None
    inferred = (shape.channels, *shape.spatial)
    if tuple(y.shape) != (batch, *inferred):
        raise WrongShape(node, inferred, tuple(y.shape[1:]))


def array_shape(flow: Flow) -> tuple[int, ...]:
    """The shape of one example as an array: (channels, *spatial), or (length,) for tokens."""
    return (flow.length,) if isinstance(flow, Tokens) else (flow.channels, *flow.spatial)


def check_inputs(graph: Graph, inputs: Mapping[str, Array]) -> tuple[int, np.dtype[Any]]:
    """The batch and the type of the numbers. Raises CannotRun where an array is not what the network reads."""
    import numpy as np

    names = [source.name for source in graph.inputs]
    for name in inputs:
        if name not in names:
            raise CannotRun(f"the network has no input {name}; it has {', '.join(names)}")
    batches: dict[str, int] = {}
    dtype: np.dtype[Any] | None = None
    for source in graph.inputs:
        if source.name not in inputs:
            raise CannotRun(f"the input {source.name} is missing")
        x, flow = inputs[source.name], source.flow
        if flow is None:
            raise CannotRun(f"the input {source.name} has no shape")
        wanted = array_shape(flow)
        if tuple(x.shape[1:]) != wanted or x.ndim != len(wanted) + 1:
            raise CannotRun(
                f"the input {source.name} is (batch, {', '.join(map(str, wanted))}), channels first; "
                f"the array has the shape ({', '.join(map(str, x.shape))})"
            )
        batches[source.name] = x.shape[0]
        if isinstance(flow, Tokens):
            if x.dtype.kind not in "iu":
                raise CannotRun(f"the input {source.name} holds token ids, whole numbers; the array holds {x.dtype}")
            if x.size and (int(x.min()) < 0 or int(x.max()) >= flow.vocabulary):
                raise CannotRun(
                    f"the input {source.name} holds ids from 0 to {flow.vocabulary - 1}; "
                    f"the array holds {int(x.min())} to {int(x.max())}"
                )
        elif x.dtype not in (np.float32, np.float64):
            raise CannotRun(f"the input {source.name} holds float32 or float64; the array holds {x.dtype}")
        elif dtype is not None and x.dtype != dtype:
            raise CannotRun(f"the inputs hold {dtype} and {x.dtype}; give all in one type")
        else:
            dtype = x.dtype
    sizes = set(batches.values())
    if len(sizes) > 1:
        raise CannotRun("the inputs have different batches: " + ", ".join(f"{name} {n}" for name, n in batches.items()))
    if 0 in sizes:
        raise CannotRun("the batch is empty")
    return (sizes.pop() if sizes else 1), dtype if dtype is not None else np.dtype(np.float32)


def random_inputs(graph: Graph, batch: int, dtype: str, seed: int, given: Collection[str] = ()) -> dict[str, Array]:
    """Normal numbers, and token ids drawn evenly, for each input that is not `given`; each from a seed of its own."""
    import hashlib

    import numpy as np

    found: dict[str, Array] = {}
    for source in graph.inputs:
        if source.name in given:
            continue
        assert source.flow is not None
        name = int.from_bytes(hashlib.blake2b(f"input {source.name}".encode(), digest_size=8).digest(), "little")
        rng = np.random.default_rng([seed, name])
        shape = (batch, *array_shape(source.flow))
        if isinstance(source.flow, Tokens):
            found[source.name] = rng.integers(0, source.flow.vocabulary, shape)
        else:
            found[source.name] = rng.standard_normal(shape, np.float32).astype(dtype, copy=False)
    return found


def check_memory(needed: int, weights_kept: bool) -> None:
    """Raises TooLittleMemory where the machine has less than `needed` bytes to give."""
    from cnncalc.memory import available, written

    there = available()
    if there is not None and needed + SCRATCH > there:
        what = "activations and weights" if weights_kept else "activations and the largest layer's weights"
        raise TooLittleMemory(
            f"{what} need {written(needed + SCRATCH)}, and {written(there)} are free; "
            "--force, in Python force=True, runs all the same"
        )


def forward(
    graph: Graph,
    x: Array | Mapping[str, Array],
    weights: Mapping[str, Mapping[str, Array]] | None = None,
    seed: int = 0,
    threads: int | None = None,
    *,
    force: bool = False,
) -> Array | dict[str, Array]:
    """What comes out of `x`, (batch, channels, *spatial); dicts by name where there are several inputs or outputs."""
    import numpy as np

    if isinstance(x, Mapping):
        inputs: Mapping[str, Array] = x
    elif len(graph.inputs) == 1:
        inputs = {graph.inputs[0].name: np.asarray(x)}
    else:
        names = ", ".join(source.name for source in graph.inputs)
        raise CannotRun(f"the network has the inputs {names}; give a dict from their names to arrays")
    inputs = {name: np.asarray(value) for name, value in inputs.items()}
    values = Runner(graph, weights, seed=seed, threads=threads)(inputs, force=force)
    results = {source.name: np.ascontiguousarray(values[source]) for source in graph.outputs}
    return results if len(results) > 1 else next(iter(results.values()))


def _times(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))


__all__ = [
    "CannotRun",
    "Input",
    "Plan",
    "Runner",
    "Shape",
    "TooLittleMemory",
    "WrongShape",
    "check_inputs",
    "forward",
    "random_inputs",
]
