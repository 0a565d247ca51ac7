"""The frame of a picture: paper, title, totals, legend, and problems."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cnncalc.problem import Problem, one_line
from cnncalc.report import words
from cnncalc.report.picture.family import FAMILIES
from cnncalc.report.picture.measure import clipped, text_width, wrapped
from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.scene import FONTS, REST_GAP, Part, Path, Polygon, Rect, Scene, ShapeGroup, Text
from cnncalc.subject import Subject

MARGIN = 20
_PROBLEMS = 4
_WIDEST_TITLE = 800
#: Lines of a problem and of a note at most.
_LINES = 3
#: Width of a picture at least, with problems and with a legend.
_LEAST_PROBLEM, _LEAST_LEGEND = 460.0, 310.0
_SWATCH = 11


def framed(subject: Subject, options: Drawing, body: list[Part], families: Sequence[str], note: str) -> Scene:
    """Return `body` on paper, with the title above and legend and problems below, moved so that everything is inside."""
    left, top, right, bottom = bounds(body)
    head = _title(subject, options)
    errors = [problem for problem in subject.problems if problem.level == "error"] if options.problems else []
    least = _LEAST_PROBLEM if errors else _LEAST_LEGEND if options.legend else 0.0
    room = options.width - 2 * MARGIN
    width = max(right - left, max((_right(text) for text in head), default=0), min(least, room))
    foot: list[Part] = []
    y = 0.0
    if options.legend:
        notes = [note] if note else []
        if _has_unread(body):
            notes.append("~ the input's last cells are never read")
        y, legend = _legend(families, notes, width)
        foot += legend
    y, problems = _problems(errors, width, y)
    foot += problems
    height_of_head = 46.0 if len(head) > 1 else 30.0 if head else 0.0
    moved: list[Part] = list(head)
    moved += shifted(body, -left + (width - (right - left)) / 2, height_of_head - top)
    foot_top = height_of_head + (bottom - top) + (18 if foot else 0)
    moved += shifted(foot, 0, foot_top)
    total_height = foot_top + y
    paper = Rect(0, 0, math.ceil(width + 2 * MARGIN), math.ceil(total_height + 2 * MARGIN), "paper", 6)
    return Scene(
        paper.width,
        paper.height,
        words.sentence(subject.name)[:200],
        _description(subject),
        [paper, *shifted(moved, MARGIN, MARGIN)],
    )


def _has_unread(parts: Iterable[Part]) -> bool:
    return any(
        _has_unread(part.parts) if isinstance(part, ShapeGroup) else isinstance(part, Text) and part.text.startswith("~ ")
        for part in parts
    )


def _title(subject: Subject, options: Drawing) -> list[Text]:
    room = min(_WIDEST_TITLE, options.width - 2 * MARGIN)
    if options.title is not None:
        return [Text(0, 16, clipped(options.title, 17, room, bold=True), "title")] if options.title else []
    about = f"{words.total(subject, 'parameters')} parameters, {words.total(subject, 'macs')} MACs"
    return [Text(0, 16, clipped(words.sentence(subject.name), 17, room, bold=True), "title"), Text(0, 35, about, "sub")]


def _right(text: Text) -> float:
    size, bold = FONTS[text.style]
    return text.x + text_width(text.text, size, bold=bold)


def _legend(families: Iterable[str], notes: Iterable[str], width: float) -> tuple[float, list[Part]]:
    """Swatches in the order of the palette, broken into lines; gives its height too."""
    used = set(families)
    parts: list[Part] = []
    x, y = 0.0, 0.0
    for family in FAMILIES.values():
        if family.name not in used:
            continue
        room = _SWATCH + 6 + text_width(family.title, 11) + 16
        if x and x + room > width:
            x, y = 0.0, y + 18
        parts.append(Rect(x, y + 1, _SWATCH, _SWATCH, f"f-{family.name}", 2))
        parts.append(Text(x + _SWATCH + 6, y + 11, family.title, "note"))
        x += room
    x = 0.0
    for note in notes:
        if not x or x + text_width(note, 11) > width:
            x, y = 0.0, y + 18
        first, *more = wrapped(note, 11, width, _LINES)
        parts.append(Text(x, y + 11, first, "note"))
        x += text_width(first, 11) + 16
        for line in more:
            y += 14
            parts.append(Text(0, y + 11, line, "note"))
    return y + 16, parts


def _problems(problems: Sequence[Problem], width: float, y: float) -> tuple[float, list[Part]]:
    """The first problems, below each other."""
    parts: list[Part] = []
    for problem in problems[:_PROBLEMS]:
        y += 16
        # The message names the file; a picture has no room for it.
        for i, line in enumerate(wrapped(one_line(f"✗ {problem.message}"), 11, width, _LINES)):
            y += 14 if i else 0
            parts.append(Text(0, y, line, "error"))
    if len(problems) > _PROBLEMS:
        y += 16
        parts.append(Text(0, y, f"✗ {words.plural(len(problems) - _PROBLEMS, 'more error')}", "error"))
    return (y + 4 if parts else y), parts


def _description(subject: Subject) -> str:
    inputs = ", ".join(words.flow(source.flow, subject.layout) for source in subject.inputs)
    outputs = ", ".join(words.flow(source.flow, subject.layout) for source in subject.outputs)
    return (
        f"{words.plural(len(subject.layers), 'layer')} from {inputs} to {outputs}, "
        f"{words.total(subject, 'parameters')} parameters, {words.total(subject, 'macs')} multiply-accumulates"
    )


def bounds(parts: Iterable[Part]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of shapes."""
    xs: list[float] = []
    ys: list[float] = []
    for part in parts:
        if isinstance(part, ShapeGroup):
            left, top, right, bottom = bounds(part.parts)
            xs += (left, right)
            ys += (top, bottom)
        elif isinstance(part, Text):
            size, bold = FONTS[part.style]
            width = text_width(part.text, size, bold=bold)
            if part.rest:
                width += REST_GAP + text_width(part.rest, FONTS["kind"][0])
            left = part.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[part.anchor] * width
            xs += (left, left + width)
            ys += (part.y - size, part.y + 0.3 * size)
        elif isinstance(part, Rect):
            xs += (part.x, part.x + part.width)
            ys += (part.y, part.y + part.height)
        else:
            points = part.points if isinstance(part, Polygon) else [part.start, *(p for step in part.steps for p in step)]
            xs += [x for x, _ in points]
            ys += [y for _, y in points]
    return (min(xs), min(ys), max(xs), max(ys)) if xs else (0, 0, 0, 0)


def shifted(parts: Iterable[Part], dx: float, dy: float) -> list[Part]:
    """The shapes, moved."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, ShapeGroup):
            found.append(ShapeGroup(part.title, shifted(part.parts, dx, dy)))
        elif isinstance(part, Text):
            found.append(replace(part, x=part.x + dx, y=part.y + dy))
        elif isinstance(part, Rect):
            found.append(Rect(part.x + dx, part.y + dy, part.width, part.height, part.style, part.radius))
        elif isinstance(part, Polygon):
            found.append(Polygon([(x + dx, y + dy) for x, y in part.points], part.style))
        else:
            steps = [tuple((x + dx, y + dy) for x, y in step) for step in part.steps]
            found.append(Path((part.start[0] + dx, part.start[1] + dy), steps, part.style))
    return found
