"""Runs a graph on NumPy arrays by its plan. Imports NumPy only when it runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncalc.forward import weights as random_weights
from cnncalc.forward.footprint import Held, footprint
from cnncalc.forward.plan import CannotRun, Plan, Step
from cnncalc.graph import Graph, Node, Producer
from cnncalc.layers import Join
from cnncalc.machine import busy, usable_cores
from cnncalc.shape import Flow, Tokens

if TYPE_CHECKING:
    import numpy as np

    from cnncalc.forward.weights import Gains
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.run import Epilogue
    from cnncalc.kernels.workers import Workers


class TooLittleMemory(CannotRun):
    """The plan needs more memory than the machine has."""


class WrongShape(RuntimeError):
    """A layer computed another shape than was inferred: a bug in cnncalc."""

    def __init__(self, node: Node, inferred: tuple[int, ...], computed: tuple[int, ...]) -> None:
        self.node, self.inferred, self.computed = node, inferred, computed
        super().__init__(f"{node.name}: inferred {_times(inferred)}, computed {_times(computed)} (channels first)")


Watch = Callable[[Node, tuple["Array", ...], "Array", float, "Workers"], None]
"""A callback that gets each layer, its inputs and result (overwritten later), its seconds, and the worker threads."""


class Runner:
    """Runs a graph. Without `weights`, each layer's are drawn from `seed` when it runs, and dropped after it.

    `dtype` is the type of the numbers of a network that reads only tokens; otherwise it is that of the inputs.
    """

    def __init__(
        self,
        graph: Graph,
        weights: Mapping[str, Mapping[str, Array]] | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        plan: Plan | None = None,
        dtype: str | None = None,
    ) -> None:
        self._plan = plan
        if threads is not None and threads < 1:
            raise CannotRun(f"threads must be at least 1, got {threads}")
        if weights is not None:
            random_weights.check(graph, weights)
        self.graph = graph
        self.weights = weights
        self.seed = seed
        self.threads = threads
        self.dtype = dtype
        self._gains: Gains | None = None

    @property
    def plan(self) -> Plan:
        """The plan of a run that computes only the outputs. Raises CannotRun."""
        if self._plan is None:
            self._plan = Plan(self.graph, self.graph.outputs)
        return self._plan

    def __call__(
        self,
        inputs: Mapping[str, Array],
        *,
        keep: Iterable[Producer] = (),
        watch: Watch | None = None,
        force: bool = False,
        own_inputs: bool = False,
    ) -> dict[Producer, Array]:
        """Return the outputs and the results in `keep`. With `watch`, layers are not fused, and `watch` is called after each.

        `own_inputs`: the input arrays may be overwritten. Raises TooLittleMemory unless `force`, and WrongShape.
        """
        import numpy as np

        from cnncalc.kernels import import_all
        from cnncalc.kernels.arrays import owner
        from cnncalc.kernels.workers import Workers

        if keep or watch is not None:
            plan = Plan(self.graph, [*self.graph.outputs, *keep], every=watch is not None)
        else:
            plan = self.plan
        batch, dtype = check_inputs(self.graph, inputs, self.dtype)
        # Drawing weights takes longer than using them, and needs all threads. And threads that busy-wait for one
        # another wait long if other processes use the cores.
        parallel_blas = self.weights is not None and plan.parallel_blas(batch) and not busy()
        if not force:
            import_all()
            held = self._held(dtype.name)
            threads = self.threads or usable_cores()
            check_memory(footprint(plan, batch, dtype.itemsize, held, threads, parallel_blas=parallel_blas), held)
        values: dict[Producer, Array] = {source: inputs[source.name] for source in self.graph.inputs}
        with Workers(self.threads, parallel_blas).running() as workers, np.errstate(all="ignore"):
            try:
                self._walk(plan, values, dtype, workers, watch, own_inputs)
            except BaseException:
                # Nobody gets the results of an interrupted run: the next one uses their memory.
                for x in values.values():
                    workers.buffers.give_back(owner(x))
                raise
        return {source: values[source] for source in plan.kept}

    @cached_property
    def _room(self) -> int:
        """Numbers of the layer with the most weights. Memory is taken for all of them, and used as far as a layer needs it."""
        return max(map(random_weights.room, random_weights.owners(self.graph)), default=0)

    def estimate(self, batch: int, dtype: str, *, watched: bool, weights_kept: bool = False) -> int:
        """Return the most bytes that a call needs.

        `watched`: every layer runs by itself; `weights_kept`: all weights are drawn at once.
        """
        plan = Plan(self.graph, self.graph.outputs, every=True) if watched else self.plan
        held: Held = "all" if weights_kept and self.weights is None else self._held(dtype)
        # `observe` runs layers before it times them.
        return footprint(plan, batch, 8 if dtype == "float64" else 4, held, self.threads or usable_cores(), observed=watched)

    def check_room(self, batch: int, dtype: str, *, weights_kept: bool = False) -> None:
        """Raise TooLittleMemory if a call with `watch` would raise it."""
        from cnncalc.kernels import import_all

        import_all()
        needed = self.estimate(batch, dtype, watched=True, weights_kept=weights_kept)
        check_memory(needed, "all" if weights_kept and self.weights is None else self._held(dtype))

    def _held(self, dtype: str) -> Held:
        # Weights are usually float32; other types are converted one layer at a time.
        return "none" if self.weights is not None and dtype == "float32" else "one layer's"

    def _walk(
        self,
        plan: Plan,
        values: dict[Producer, Array],
        dtype: np.dtype[Any],
        workers: Workers,
        watch: Watch | None,
        own_inputs: bool,
    ) -> None:
        """Run the steps. `values` has the inputs, gets the results, and loses those that no later step reads."""
        import numpy as np

        from cnncalc.kernels.arrays import owner
        from cnncalc.kernels.run import NO_EPILOGUE, Run

        batch = len(next(iter(values.values())))
        # The number of results that share a piece of memory as views; shared memory must not be overwritten.
        standing = Counter(id(owner(x)) for x in values.values())
        if not own_inputs:
            standing.update(id(owner(x)) for x in values.values())
        if watch is not None:
            # The start of the threads does not count in the first layer's time.
            workers.parallel_for(lambda _: None, workers.task_threads)
        for step in plan.steps:
            workers.check_interrupt()
            node = step.node
            own = self._own(node, dtype, workers, reused=True)
            xs = tuple(values[source] for source in node.inputs)
            if not xs:
                # A layer that reads nothing gets the batch size from an empty input.
                xs = (np.empty((batch, 0), dtype),)
            first = node.inputs[0] if node.inputs else None
            epilogue = NO_EPILOGUE
            if step.fused:
                epilogue = self._epilogue(step, None if step.added is None else values[step.added], dtype, workers)
            alone = first in step.frees and step.reads.count(first) == 1 and standing[id(owner(xs[0]))] == 1
            run = Run(workers, node.fit, overwrite=alone, epilogue=epilogue)
            begun = time.perf_counter()
            y = node.layer.forward_join(xs, own, run) if isinstance(node.layer, Join) else node.layer.forward(xs[0], own, run)
            seconds = time.perf_counter() - begun
            _check_shape(step.result, y, batch)
            values[step.result] = y
            if watch is not None:
                watch(node, xs, y, seconds, workers)
            standing[id(owner(y))] += 1
            for source in step.frees:
                memory = owner(values.pop(source))
                standing[id(memory)] -= 1
                if standing[id(memory)] == 0:
                    workers.buffers.give_back(memory)
            # References are dropped as soon as the arrays are not needed.
            del own, xs, y, epilogue, run

    def _own(self, node: Node, dtype: np.dtype[Any], workers: Workers, reused: bool = False) -> Mapping[str, Array]:
        """Return the weights of a layer in the type of the run; if `reused`, drawn into memory that the next layer's overwrite.

        Fresh memory for each layer's weights would leave gaps that the allocator cannot return.
        """
        import numpy as np

        if not node.weights:
            return {}
        owner = node.shared or node
        if self.weights is not None:
            found: Mapping[str, Array] = self.weights[owner.name]
            if any(array.dtype != dtype for array in found.values()):
                found = {name: array.astype(dtype) for name, array in found.items()}
            return found
        self._gains = self._gains or random_weights.Gains(self.graph)
        gain = self._gains(owner)
        if not reused or node.layer.reuse(training=False) == "weights":
            drawn = random_weights.draw(owner, self.seed, gain, workers)
            return {name: array.astype(dtype, copy=False) for name, array in drawn.items()}
        memory = workers.scratch("weights", (self._room,), np.float32)
        drawn = random_weights.draw(owner, self.seed, gain, workers, memory)
        if dtype == np.float32:
            return drawn
        return random_weights.convert(drawn, workers.scratch("converted weights", (self._room,), dtype))

    def _epilogue(self, step: Step, added: Array | None, dtype: np.dtype[Any], workers: Workers) -> Epilogue:
        """Return the epilogue of the fused layers: factors and offsets, the sum with `added`, a function."""
        from cnncalc.kernels.pointwise import in_blocks
        from cnncalc.kernels.run import Epilogue

        function = step.result.layer.function()
        epilogue = Epilogue(function=in_blocks(function) if function is not None and workers.parallel_blas else function)
        for node in reversed(step.fused):
            if isinstance(node.layer, Join):
                assert added is not None
                epilogue = epilogue.with_addend(added)
            elif (change := node.layer.per_channel(self._own(node, dtype, workers))) is not None:
                epilogue = epilogue.after_affine(*change)
        return epilogue


def _check_shape(node: Node, y: Array, batch: int) -> None:
    shape = node.shape
    assert shape is not None
    inferred = (shape.channels, *shape.spatial)
    if tuple(y.shape) != (batch, *inferred):
        raise WrongShape(node, inferred, tuple(y.shape[1:]))


def array_shape(flow: Flow) -> tuple[int, ...]:
    """Return the shape of one example as an array: (channels, *spatial), or (length,) for tokens."""
    return (flow.length,) if isinstance(flow, Tokens) else (flow.channels, *flow.spatial)


def check_inputs(graph: Graph, inputs: Mapping[str, Array], dtype_of_tokens: str | None = None) -> tuple[int, np.dtype[Any]]:
    """Return the batch and the type of the numbers. Raises CannotRun if an array is not what the network reads.

    Token ids have no floating-point type: a network that reads nothing else computes in `dtype_of_tokens`, by default float32.
    """
    import numpy as np

    names = [source.name for source in graph.inputs]
    for name in inputs:
        if name not in names:
            raise CannotRun(f"the network has no input {name}; it has {', '.join(names)}")
    batches: dict[str, int] = {}
    dtype: np.dtype[Any] | None = None
    for source in graph.inputs:
        if source.name not in inputs:
            raise CannotRun(f'input "{source.name}" is missing')
        x, flow = inputs[source.name], source.flow
        if flow is None:
            raise CannotRun(f'input "{source.name}" has no shape')
        wanted = array_shape(flow)
        if tuple(x.shape[1:]) != wanted or x.ndim != len(wanted) + 1:
            raise CannotRun(
                f'input "{source.name}" is (batch, {", ".join(map(str, wanted))}), channels first; '
                f"the array has the shape ({', '.join(map(str, x.shape))})"
            )
        batches[source.name] = x.shape[0]
        if isinstance(flow, Tokens):
            if x.dtype.kind not in "iu":
                raise CannotRun(f'input "{source.name}" holds token ids, whole numbers; the array holds {x.dtype}')
            if x.size and (int(x.min()) < 0 or int(x.max()) >= flow.vocabulary):
                raise CannotRun(
                    f'input "{source.name}" holds ids from 0 to {flow.vocabulary - 1}; '
                    f"the array holds {int(x.min())} to {int(x.max())}"
                )
        elif x.dtype not in (np.float32, np.float64):
            raise CannotRun(f'input "{source.name}" holds float32 or float64; the array holds {x.dtype}')
        elif dtype is not None and x.dtype != dtype:
            raise CannotRun(f"the inputs hold {dtype} and {x.dtype}; give all in one type")
        else:
            dtype = x.dtype
    sizes = set(batches.values())
    if len(sizes) > 1:
        raise CannotRun("the inputs have different batches: " + ", ".join(f"{name} {n}" for name, n in batches.items()))
    if 0 in sizes:
        raise CannotRun("the batch is empty")
    return (sizes.pop() if sizes else 1), dtype if dtype is not None else np.dtype(dtype_of_tokens or np.float32)


def random_inputs(graph: Graph, batch: int, dtype: str, seed: int, given: Collection[str] = ()) -> dict[str, Array]:
    """Draw normal numbers, or uniform token ids, for each input that is not `given`; each input has its own seed."""
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


def check_memory(needed: int, held: Held) -> None:
    """Raise TooLittleMemory if a run needs more memory than is available."""
    from cnncalc.machine import free_memory, written

    free = free_memory()
    if free is not None and needed > free:
        from cnncalc.kernels.buffers import idle_bytes

        # The run uses the buffers of the one before, or drops them.
        free += idle_bytes()
    if free is not None and needed > free:
        weights = {"none": "", "one layer's": " and the largest layer's weights", "all": " and weights"}[held]
        raise TooLittleMemory(
            f"activations{weights} need {written(needed)}, and {written(free)} are free; "
            "--force (force=True in Python) runs anyway"
        )


def forward(
    plan: Plan,
    x: Array | Mapping[str, Array],
    weights: Mapping[str, Mapping[str, Array]] | None = None,
    seed: int = 0,
    threads: int | None = None,
    *,
    force: bool = False,
) -> Array | dict[str, Array]:
    """Return the output for `x`, (batch, channels, *spatial); dicts by name if there are several inputs or outputs."""
    import numpy as np

    graph = plan.graph
    if isinstance(x, Mapping):
        inputs: Mapping[str, Array] = x
    elif len(graph.inputs) == 1:
        inputs = {graph.inputs[0].name: np.asarray(x)}
    else:
        names = ", ".join(source.name for source in graph.inputs)
        raise CannotRun(f"the network has the inputs {names}; give a dict from their names to arrays")
    inputs = {name: np.asarray(value) for name, value in inputs.items()}
    values = Runner(graph, weights, seed=seed, threads=threads, plan=plan)(inputs, force=force)
    results = {source.name: np.ascontiguousarray(values[source]) for source in graph.outputs}
    return results if len(results) > 1 else next(iter(results.values()))


def _times(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))
