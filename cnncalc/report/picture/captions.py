"""What is written at an item, line by line."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.graph import Node
from cnncalc.report import words
from cnncalc.report.picture.fold import Item
from cnncalc.report.picture.measure import clipped
from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.scene import FONTS
from cnncalc.subject import Subject

#: Pixels of a line at most.
_WIDEST = 130
_SIGNS = {"error": "✗ ", "unread": "~ ", "changed": "* "}


class Caption(NamedTuple):
    """A line of text and its style."""

    text: str
    style: str


def captions(item: Item, subject: Subject, options: Drawing) -> list[Caption]:
    """The lines that `options` ask for: name, kind and output unless they say otherwise."""
    wanted = options.columns if options.columns is not None else ("name", "kind", "output")
    lines = []
    for column in wanted:
        text, style = _line(item, subject, column)
        if text:
            size, bold = FONTS[style]
            lines.append(Caption(clipped(text, size, _WIDEST, bold=bold), style))
    return lines


def _line(item: Item, subject: Subject, column: str) -> tuple[str, str]:
    if column == "name":
        return named(item), "name"
    if column == "kind":
        return kind(item), "kind"
    if column == "output":
        return words.flow(item.flow, subject.layout), "size"
    if not item.nodes:
        return "", "kind"
    if column == "receptive_field":
        return _receptive(item.nodes[-1], subject), "kind"
    number = sum(getattr(node, column) or 0 for node in item.nodes)
    return f"{number:,} {'MACs' if column == 'macs' else column}", "kind"


def named(item: Item) -> str:
    """Its name with its mark, and how often it is repeated."""
    times = f" ×{item.count}" if item.count > 1 else ""
    return (
        clipped(_SIGNS.get(item.mark, "") + item.label, 12, _WIDEST - 14 if item.count < 2 else _WIDEST - 40, bold=True) + times
    )


def kind(item: Item) -> str:
    """Its kind and the window that it slides, `conv 11×11 /4`; the title of a block; whether its weights are another's."""
    return _kind(item) + (", shared" if item.is_shared else "")


def _kind(item: Item) -> str:
    if item.source is not None:
        return item.text if item.label == item.kind else item.kind
    if item.kind == item.label:
        return item.text
    windows = item.nodes[0].inferred.windows if not item.is_folded and item.nodes else ()
    if not windows:
        return item.kind
    sizes = "×".join(str(window.kernel_size) for window in windows)
    strides = [str(window.stride) for window in windows]
    step = strides[0] if len(set(strides)) == 1 else "×".join(strides)
    dilations = {window.dilation for window in windows} - {1}
    return f"{item.kind} {sizes}" + (f" /{step}" if step != "1" else "") + (f" d{max(dilations)}" if dilations else "")


def _receptive(node: Node, subject: Subject) -> str:
    from cnncalc.analysis.receptive import receptive_fields, text

    found = receptive_fields(subject.graph).get(node.name)
    return f"sees {text(found)}" if found else ""
