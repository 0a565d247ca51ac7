"""The memory of a network as rows of the footer and as data. `explain memory` has the definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.dtype import bytes_of
from cnncalc.machine import written
from cnncalc.problem import one_line
from cnncalc.record import Record
from cnncalc.report.network.total import Total

if TYPE_CHECKING:
    from cnncalc.analysis.memory import Memory
    from cnncalc.subject import Subject

#: The limits of the figures.
NOT_COUNTED = "tensors only: no allocator, no workspaces of kernels, no fragmentation"


class Figures(Record):
    """The memory figures to show. `training` is the optimizer if the terms of training are shown, else None.

    `limit` is in bytes; `largest_batch` is the largest batch that can be trained in it with `optimizer`.
    """

    memory: Memory
    training: str | None = None
    optimizer: str = "sgd"
    limit: int | None = None
    largest_batch: int | None = None

    @classmethod
    def of(cls, subject: Subject) -> Figures:
        """Return the figures of one example in inference."""
        return cls(subject.memory)


def totals(figures: Figures) -> list[Total]:
    """Return the peak of inference, then the terms of training and their sum, then the largest batch."""
    memory = figures.memory
    least = not memory.complete
    at = f" at {one_line(memory.peak_at.name)}" if memory.peak_at is not None else ""
    found = [
        Total(
            "peak memory",
            memory.peak,
            f"{_bytes(memory.peak)} of activations in inference{at}{_of(memory)}",
            least,
            label=f"peak memory{at}, bytes{_of(memory)}",
        )
    ]
    if figures.training is not None:
        found += _training(figures, figures.training, least)
    if figures.limit is not None and figures.largest_batch is not None:
        found.append(_largest(figures, figures.limit, figures.largest_batch))
    return found


def _training(figures: Figures, optimizer: str, least: bool) -> list[Total]:
    from cnncalc.analysis.memory import OPTIMIZERS

    memory = figures.memory
    terms = memory.training(optimizer)
    numbers = OPTIMIZERS[optimizer]
    each = f"{numbers} {'number' if numbers == 1 else 'numbers'} for each trainable parameter ({optimizer})"
    return [
        Total(name, size, f"{_bytes(size)}{note}", partial, label=f"{name}, bytes")
        for name, size, note, partial in (
            ("weights", terms.weights, f" in {memory.dtype}", least),
            ("gradients", terms.gradients, ", one number for each trainable parameter", least),
            ("optimizer", terms.optimizer, f", {each}", least and numbers > 0),
            ("kept", terms.kept, f" kept for the backward pass{_of(memory)}", least),
            ("input", terms.inputs, "", False),
            ("training", terms.total, f", the sum; {NOT_COUNTED}", least),
        )
    ]


def _largest(figures: Figures, limit: int, batch: int) -> Total:
    from cnncalc.analysis.memory import Memory

    memory = figures.memory
    needed = Memory(memory.graph, memory.dtype, max(batch, 1)).training(figures.optimizer).total
    fits = f"training needs {written(needed)} of {written(limit)}" if batch else f"one example needs {written(needed)}"
    # A layer of unknown shape would need more, and fewer examples would fit.
    most = "" if memory.complete else "at most, because some layers could not be computed: "
    return Total("largest batch", batch, f"{most}{fits} with {figures.optimizer}; {NOT_COUNTED}")


def _bytes(size: int) -> str:
    return f"bytes ({written(size)})" if size >= 1024 else "bytes"


def _of(memory: Memory) -> str:
    batch = f", batch {memory.batch:,}" if memory.batch > 1 else ""
    return f", {memory.dtype}{batch}"


def data(figures: Figures) -> dict[str, Any]:
    """Return `totals.memory` of JSON; `peak_memory`, `kept` and `training` are null if a layer's shape is unknown."""
    memory = figures.memory
    found: dict[str, Any] = {
        "dtype": memory.dtype,
        "batch": memory.batch,
        "weights": memory.weights,
        "peak_memory": memory.peak if memory.complete else None,
        "peak_at": memory.peak_at.name if memory.peak_at is not None else None,
        "live_at_peak": [source.name for source in memory.live_at_peak],
    }
    if figures.training is not None:
        terms = memory.training(figures.training)
        found |= {
            "gradients": terms.gradients,
            "optimizer": terms.optimizer,
            "kept": terms.kept if memory.complete else None,
            "input": terms.inputs,
            "training": terms.total if memory.complete else None,
        }
    if figures.limit is not None:
        found["limit"] = figures.limit
        found["largest_batch"] = figures.largest_batch
    return found


def short(subject: Subject, dtype: str) -> str:
    """Return MACs, parameters and the bytes of the parameters in a few characters: `4.09 G MACs, 25.6 M parameters, 97.5 MiB`."""
    from cnncalc.report.words import at_least, rounded

    parameters = subject.totals["parameters"]
    least = at_least(subject, "parameters")
    return (
        f"{at_least(subject, 'macs')}{rounded(subject.totals['macs'])} MACs, "
        f"{least}{rounded(parameters)} parameters, {least}{written(bytes_of(parameters, dtype))}"
    )
