"""Runs a network layer by layer, and observes shape, spread and time of every result."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncalc.forward.runner import Runner
from cnncalc.forward.spread import Spread
from cnncalc.graph import Node

if TYPE_CHECKING:
    from cnncalc.forward.npz import ArrayFile
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.workers import Workers

#: Seconds for which layers run before they are timed.
_WARM_UP = 0.2


@dataclass(slots=True)
class Observation:
    """A layer's result: `computed` is its shape without the batch, channels first; seconds once per repetition."""

    node: Node
    computed: tuple[int, ...]
    spread: Spread
    times: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median of the repetitions."""
        return median(self.times)


@dataclass
class Observations:
    """A run of a whole network: all layers in order, and the first layer with finite inputs whose result is not finite."""

    layers: list[Observation]
    totals: list[float]
    broken: Node | None = None
    #: Layers without a forward pass, and the number of other layers that depend on them and were not computed.
    stopped: list[Node] = field(default_factory=list)
    skipped: int = 0

    @property
    def seconds(self) -> float:
        """The median over repetitions of the total time of all layers."""
        return median(self.totals)


Progress = Callable[[int, Node | None], None]
"""A callback that gets the number of finished layers, and the last one."""


def observe(
    runner: Runner,
    inputs: Mapping[str, Array],
    *,
    repeat: int = 1,
    force: bool = False,
    progress: Progress | None = None,
    outputs: ArrayFile | None = None,
    chosen: Collection[Node] | None = None,
) -> Observations:
    """Run a network `repeat` times, layer by layer; `outputs` takes the results of the `chosen` layers, or of all.

    The first layers run once before the timing starts: the first use of threads, of BLAS and of fresh memory is slow.
    """
    import numpy as np

    from cnncalc.kernels import import_all

    import_all()
    found: dict[Node, Observation] = {}
    result = Observations([], [])
    done = 0

    def watch(node: Node, xs: tuple[Array, ...], y: Array, seconds: float, workers: Workers) -> None:
        nonlocal done
        if node not in found:
            spread = Spread.of(y, workers)
            found[node] = Observation(node, tuple(y.shape[1:]), spread)
            if not spread.finite and result.broken is None:
                result.broken = node
            if outputs is not None and (chosen is None or node in chosen):
                outputs.write(node.name, np.ascontiguousarray(y))
        done += 1
        found[node].times.append(seconds)
        result.totals[-1] += seconds
        if progress is not None:
            progress(done, node)

    _warm_up(runner, inputs, force)
    for _ in range(repeat):
        result.totals.append(0.0)
        runner(inputs, watch=watch, force=force)
    result.layers = list(found.values())
    result.stopped = [node for node in runner.graph.nodes if node.layer.opaque]
    result.skipped = len(runner.graph.nodes) - len(found) - len(result.stopped)
    return result


class _Warm(Exception):
    """Raised when enough layers have run."""


def _warm_up(runner: Runner, inputs: Mapping[str, Array], force: bool) -> None:
    """Run layers for a moment; a small network runs as a whole."""
    end = time.perf_counter() + _WARM_UP

    def watch(*_: object) -> None:
        if time.perf_counter() > end:
            raise _Warm

    with suppress(_Warm):
        runner(inputs, watch=watch, force=force)


def median(values: list[float]) -> float:
    """Return the middle value, or the mean of the two middle values."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
