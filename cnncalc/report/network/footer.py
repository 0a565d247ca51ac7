"""The lines below a table: totals, definitions of the figures, and the meaning of the marks in its rows."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.analysis.layout import other_layout
from cnncalc.dtype import bytes_of
from cnncalc.graph import Node
from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.network import memory
from cnncalc.report.network.memory import Figures
from cnncalc.report.network.total import Total
from cnncalc.shape import Flow, Shape
from cnncalc.subject import Subject

COUNTED = "one multiply-accumulate each; bias, pooling, activations and normalisation count none"
SKIPPED = "expect not checked: it applies to the file without changes by input, set or fit"
_NAMED = 6


def totals(subject: Subject, figures: Figures | None = None) -> list[Total]:
    """Return parameters, trainable ones and buffers if they differ, MACs, and memory if `figures` are given."""
    dtype = (figures.memory if figures is not None else subject.memory).dtype
    found = subject.totals
    parameters, trainable, buffers = found["parameters"], found["trainable"], found["buffers"]
    least = subject.graph.leaves_out("parameters")
    sign = words.at_least(subject, "parameters")
    result = [Total("parameters", parameters, f"{sign}{words.memory(bytes_of(parameters, dtype))} in {dtype}", least)]
    if trainable != parameters:
        result.append(Total("trainable", trainable, f"the other {parameters - trainable:,} are frozen", least))
    if buffers:
        kept = f"kept, not learned: {sign}{words.memory(bytes_of(buffers, dtype))} in {dtype}"
        result.append(Total("buffers", buffers, kept, least))
    result.append(Total("MACs", found["macs"], COUNTED, subject.graph.leaves_out("macs")))
    return result + (memory.totals(figures) if figures is not None else [])


def unknown(subject: Subject) -> str:
    """The number of layers that the totals leave out, in words; empty if there are none."""
    number = sum(node.shape is None for node in subject.layers)
    if not number:
        return ""
    return f"{words.plural(number, 'layer')} could not be computed, and the totals leave {'it' if number == 1 else 'them'} out"


def opaque(subject: Subject) -> list[str]:
    """The custom layers, and how many of them have unknown MACs."""
    found = [node for node in subject.layers if node.layer.opaque]
    if not found:
        return []
    uncounted = subject.graph.uncounted
    parts = [f"{words.plural(len(found), 'custom layer')} with declared shapes and counts: {_names(found)}"]
    if uncounted:
        macs = "its MACs are" if len(uncounted) == 1 else f"MACs of {len(uncounted):,} are"
        parts.append(f"{macs} unknown, and the total leaves them out")
    return ["; ".join(parts)]


def _names(nodes: list[Node]) -> str:
    more = f" and {len(nodes) - _NAMED:,} more" if len(nodes) > _NAMED else ""
    return ", ".join(one_line(node.name) for node in nodes[:_NAMED]) + more


def notes(subject: Subject, signs: Iterable[str] = ()) -> list[str]:
    """Return notes on rows: the meaning of their marks, of the `signs` of columns, unknown figures, and skipped checks."""
    found = [*subject.notes, *doubtful(subject), *(f"~ {text}" for text in unread(subject))]
    found += opaque(subject)
    missing = unknown(subject)
    if missing:
        found.append(f"? {missing}")
    found += [*signs, *changed(subject)]
    if subject.expect_skipped:
        found.append(SKIPPED)
    return found


def doubtful(subject: Subject) -> list[str]:
    """Inputs whose shape was probably meant differently: `28x28` as an image, `3x32x32` in PyTorch's order."""
    found = []
    for source in subject.inputs:
        if image := maybe_image(source.flow, subject.layout):
            found.append(f"{one_line(source.name)} {image}")
        elif doubt := other_layout(subject.graph, source, subject.layout):
            found.append(doubt)
    return found


def maybe_image(x: Flow | None, layout: str) -> str:
    """The note on a sequence such as `28x28` that was probably meant as an image; empty for other shapes."""
    if layout == "channels_last" and isinstance(x, Shape) and x.rank == 1 and x[0] == x.channels > 1:
        return f"{x} is read as length × channels; for an image of one channel write {x}x1"
    return ""


def unread(subject: Subject) -> list[str]:
    """Unread input cells of layers whose stride is not an error: one sentence for all layers with the same numbers."""
    alike: dict[str, list[str]] = {}
    for node in subject.layers:
        if any(node.unread) and (node.fit != "exact" or not _reported(subject)):
            from cnncalc.build import misfit

            alike.setdefault(misfit.never_read(node), []).append(node.name)
    result = []
    for text, names in alike.items():
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        result.append(f"{text}: {', '.join(map(one_line, names[:_NAMED]))}{more}")
    return result


def changed(subject: Subject) -> list[str]:
    """The changes by options, their consequences in other layers, and the difference of the totals."""
    before = subject.before
    if before is None:
        return []
    found = []
    follow = f"{words.plural(before.following, 'other layer')} {'has' if before.following == 1 else 'have'}"
    if before.changed:
        because = f"; {follow} other sizes or figures because of it" if before.following else ""
        found.append(f"* changed from outside the file{because}")
    elif before.following:
        found.append(f"{follow} other sizes or figures than in the file")
    if before.totals is None:
        return [*found, "the totals are not compared with the file's: some layers could not be computed"]
    differences = [
        f"{name} {words.difference(before.totals[key], subject.totals[key])}"
        for key, name in (("parameters", "parameters"), ("buffers", "buffers"), ("macs", "MACs"))
        if before.totals[key] != subject.totals[key]
    ]
    return [*found, f"against the file: {', '.join(differences) or 'the same totals'}"]


def _reported(subject: Subject) -> bool:
    return any(problem.rule == "stride-fit" for problem in subject.problems)
