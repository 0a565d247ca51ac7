"""The columns that come with cnncalc."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnncalc.machine import written
from cnncalc.report.network.columns.base import Column, Whole
from cnncalc.shape import Tokens

if TYPE_CHECKING:
    from cnncalc.report.network.lines import Counts, Line


def _counted(name: str, title: str, about: str, wanted: bool, get: Callable[[Counts], int]) -> Column:
    def value(line: Line, whole: Whole) -> int | None:
        return None if line.counts is None else get(line.counts)

    def cell(line: Line, whole: Whole) -> str:
        return _unknown(line) if line.counts is None else f"{get(line.counts):,}"

    return Column(name, title, about, True, wanted, value, cell)


def _macs(line: Line, whole: Whole) -> int | None:
    return None if line.counts is None or not line.counts.macs_known else line.counts.macs


def _macs_cell(line: Line, whole: Whole) -> str:
    counts = line.counts
    if counts is None:
        return _unknown(line)
    return f"{counts.macs:,}" if counts.macs_known else f"≥{counts.macs:,}" if counts.macs else "?"


def _unknown(line: Line) -> str:
    """`?` if a line's numbers are unknown; nothing if the line has no numbers of its own."""
    return "?" if line.unknown else ""


def _share(line: Line, whole: Whole) -> float | None:
    return None if line.counts is None else line.counts.parameters / whole.parameters if whole.parameters else 0.0


def _share_cell(line: Line, whole: Whole) -> str:
    from cnncalc.report import words

    found = _share(line, whole)
    return _unknown(line) if found is None else words.share(found)


def _per_parameter(line: Line, whole: Whole) -> float | None:
    counts = line.counts
    return counts.macs / counts.parameters if counts is not None and counts.macs_known and counts.parameters else None


def _per_parameter_cell(line: Line, whole: Whole) -> str:
    found = _per_parameter(line, whole)
    if found is not None:
        return f"{found:,.1f}"
    return _unknown(line) if line.counts is None else "" if line.counts.macs_known else "?"


def _kind_cell(line: Line, whole: Whole) -> str:
    return f"{line.kind} {line.fields}".strip()


def _reads(line: Line, whole: Whole) -> str:
    if line.is_input or not line.says_output:
        return ""
    return whole.flow(line.reads)


def _sees(line: Line, whole: Whole) -> str:
    return whole.receptive.get(line.result, "")


def _unequal(whole: Whole) -> list[str]:
    if not any("≠" in text for text in whole.receptive.values()):
        return []
    return ["≠ the joined paths have receptive fields with different strides or centres; the largest is shown"]


def _gives(line: Line, whole: Whole) -> str:
    return whole.flow(line.gives) if line.says_output else ""


def _activation(line: Line, whole: Whole) -> int | None:
    flow = line.producer.flow if line.producer is not None else None
    return None if flow is None or line.unknown else flow.length if isinstance(flow, Tokens) else flow.size


def _memory(line: Line, whole: Whole) -> int | None:
    if line.producer is None or line.unknown:
        return None
    return whole.memory.size(line.producer)


def _live(line: Line, whole: Whole) -> int | None:
    return None if line.unknown else max((whole.live[node] for node in line.nodes), default=None)


def _kept(line: Line, whole: Whole) -> int | None:
    return sum(whole.kept[node] for node in line.nodes) if line.nodes and not line.unknown else None


def _bytes(name: str, title: str, about: str, value: Callable[[Line, Whole], int | None], *, explained: bool = False) -> Column:
    """A column of bytes: a raw number for programs, text with a unit for readers."""

    def cell(line: Line, whole: Whole) -> str:
        found = value(line, whole)
        return _unknown(line) if found is None else "0" if found == 0 else written(found)

    return Column(name, title, about, True, False, value, cell, explained=explained)


def _activation_cell(line: Line, whole: Whole) -> str:
    found = _activation(line, whole)
    return _unknown(line) if found is None else f"{found:,}"


COLUMNS = (
    Column("name", "layer", "its name", False, True, lambda line, _: line.name, lambda line, _: line.label),
    Column("kind", "kind", "what it is, with hyper-parameters", False, True, lambda line, _: line.kind, _kind_cell),
    Column("fields", "", "hyper-parameters", False, True, lambda line, _: line.fields, lambda line, _: "", shown=False),
    Column("input", "input", "shape that flows in", False, False, _reads, _reads),
    Column("output", "output", "shape that comes out", False, True, _gives, _gives),
    _counted("parameters", "parameters", "learned numbers", True, lambda c: c.parameters),
    _counted("trainable", "trainable", "parameters that are not frozen", False, lambda c: c.trainable),
    _counted("weights", "weights", "parameters that multiply", False, lambda c: c.parameters - c.biases),
    _counted("biases", "biases", "parameters that are only added", False, lambda c: c.biases),
    _counted("buffers", "buffers", "numbers kept and not learned", False, lambda c: c.buffers),
    Column("macs", "MACs", "multiply-accumulates of one example", True, False, _macs, _macs_cell),
    Column("share", "share", "part of all parameters", True, False, _share, _share_cell, explained=True),
    Column(
        "macs_per_parameter", "MACs/parameter", "how often a parameter is used", True, False, _per_parameter, _per_parameter_cell
    ),
    Column("activation", "activation", "numbers in the output for one example", True, False, _activation, _activation_cell),
    _bytes("memory", "memory", "bytes of the output", _memory),
    _bytes("live", "live", "bytes that are live while the layer is computed in inference", _live, explained=True),
    _bytes("kept", "kept", "bytes that the layer keeps for the backward pass and no earlier layer keeps", _kept, explained=True),
    Column(
        "receptive_field",
        "receptive field",
        "input cells that a cell depends on, /step",
        False,
        False,
        _sees,
        _sees,
        explained=True,
        notes=_unequal,
    ),
)
