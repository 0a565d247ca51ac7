"""The caption of an item, line by line."""

from __future__ import annotations

import re
from typing import NamedTuple

from cnncalc.report import words
from cnncalc.report.network.columns import COLUMNS
from cnncalc.report.network.columns.base import Whole
from cnncalc.report.network.lines import line_of
from cnncalc.report.picture.fold import Item
from cnncalc.report.picture.measure import clipped, text_width
from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.scene import FONTS
from cnncalc.shape import Flow, Shape
from cnncalc.subject import Subject

#: Pixels of a line and of a name at most.
_WIDEST, _WIDEST_NAME = 150, 136
#: A sign inside a name behind which a line may end.
_BREAK = re.compile(r"(?<=\w)[_./:-](?=\w)|(?<=[a-z])(?=[A-Z])")
_SIGNS = {"error": "✗ ", "unread": "~ ", "changed": "* "}


class Caption(NamedTuple):
    """A line of text and its style."""

    text: str
    style: str


class Captions:
    """The captions of the items of one network."""

    def __init__(self, subject: Subject, options: Drawing) -> None:
        self._subject = subject
        self._columns = options.columns
        self._whole = Whole(subject)

    def has(self, column: str, *, usual: bool = True) -> bool:
        """Whether a column is written; `usual` is the answer if no columns were chosen."""
        return usual if self._columns is None else column in self._columns

    def lines(self, item: Item) -> list[Caption]:
        """Name, kind and output below each other, or the columns chosen, in their order."""
        found = []
        for column in self._columns if self._columns is not None else ("name", "kind", "output"):
            if column == "name":
                found += [Caption(line, "name") for line in name_lines(item)]
                continue
            if column == "kind":
                text, style = kind(item, is_named=self.has("name")), "kind"
            elif column == "output":
                text, style = printed_size(item.flow, self._subject.layout), "size"
            else:
                text, style = self._amount(item, column), "kind"
            if text:
                pixels, bold = FONTS[style]
                found.append(Caption(clipped(text, pixels, _WIDEST, bold=bold), style))
        return found

    def amounts(self, item: Item) -> list[str]:
        """The numbers that were chosen, in words."""
        columns = [column for column in self._columns or () if column not in ("name", "kind", "output")]
        return list(filter(None, (self._amount(item, column) for column in columns)))

    def _amount(self, item: Item, column: str) -> str:
        if not item.nodes:
            return ""
        if column == "parameters":
            return words.parameters(item.nodes)
        declared = next(one for one in COLUMNS if one.name == column)
        cell = declared.cell(line_of(item.nodes), self._whole)
        if column == "receptive_field":
            return f"sees {cell}" if cell else ""
        return f"{cell} {declared.title}" if cell else ""


def printed_size(flow: Flow | None, layout: str) -> str:
    """An output's size as figures print it: 55×55×96."""
    text = words.flow(flow, layout)
    return text.replace("x", "×") if isinstance(flow, Shape) else text


def named(item: Item, room: float) -> str:
    """The item's name with its mark, and its number of copies; its middle is left out if it takes more than `room` pixels."""
    times = f" ×{item.count}" if item.count > 1 else ""
    return clipped(_name(item), 12, room - text_width(times, 12, bold=True), bold=True) + times


def name_lines(item: Item) -> list[str]:
    """The name on one line or, if it is too long, on two: the first ends behind a sign inside the name."""
    whole = named(item, 10_000)
    if text_width(whole, 12, bold=True) <= _WIDEST_NAME:
        return [whole]
    breaks = [match.end() for match in _BREAK.finditer(whole)]
    lines = min(
        ([whole[:place], whole[place:]] for place in breaks),
        key=lambda lines: max(text_width(line, 12, bold=True) for line in lines),
        default=[],
    )
    if not lines or any(text_width(line, 12, bold=True) > _WIDEST_NAME for line in lines):
        return [named(item, _WIDEST_NAME)]
    return lines


def _name(item: Item) -> str:
    # "vgg161" is the first use of the block vgg16.
    label = item.kind if is_called_by_kind(item) and item.kind[-1:].isdigit() else item.label
    return _SIGNS.get(item.mark, "") + label


def is_called_by_kind(item: Item) -> bool:
    """Whether the label is the kind, or the kind with a number such as `conv1`, so that the kind need not be printed."""
    return item.label.startswith(item.kind) and (item.label == item.kind or item.label.removeprefix(item.kind).isdigit())


def is_called_by_title(item: Item) -> bool:
    """Whether the label of a folded block is its title, or ends with it as an imported module's does: stages.0."""
    return item.label == item.kind or item.label.endswith(f".{item.kind}")


def kind(item: Item, *, is_named: bool) -> str:
    """Kind and window, such as `conv 11×11 /4`; for a block its title. Shared weights are noted.

    The kind is left out if the item's name is printed and says it.
    """
    return ", ".join(filter(None, (_kind(item, is_named), "shared" if item.is_shared else "")))


def _kind(item: Item, is_named: bool) -> str:
    if item.source is not None:
        return item.text if item.label == item.kind else item.kind
    if item.is_folded and is_called_by_title(item):
        return item.text
    windows = item.nodes[0].inferred.windows if not item.is_folded and item.nodes else ()
    # "k=3" alone below "conv1" is less clear than "3×3".
    prefix = "" if is_named and is_called_by_kind(item) and len(windows) != 1 else item.kind
    if not windows:
        return prefix
    sizes = "×".join(str(window.kernel_size) for window in windows)
    strides = [str(window.stride) for window in windows]
    step = strides[0] if len(set(strides)) == 1 else "×".join(strides)
    dilations = {window.dilation for window in windows} - {1}
    window = (
        (sizes if len(windows) > 1 else f"k={sizes}")
        + (f" /{step}" if step != "1" else "")
        + (f" d{max(dilations)}" if dilations else "")
    )
    return f"{prefix} {window}".lstrip()
