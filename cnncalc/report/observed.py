"""The results of a forward pass as a table and as data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from cnncalc.forward.observe import Observation, Observations
from cnncalc.problem import one_line
from cnncalc.report import words
from cnncalc.report.network.table import GAP, LEAST, Row, broken, wrapped
from cnncalc.shape import Shape
from cnncalc.subject import Subject

TITLES = ("layer", "kind", "inferred", "computed", "mean", "std", "min", "max", "zeros", "time", "share")
_LEFT = 2
#: Columns left out on a narrow terminal, in this order, so that names keep `_KEPT` cells. A computed shape is the inferred one.
_SPARE = ("share", "max", "min", "inferred", "std")
_KEPT = 24
#: Largest number of layers named in a note.
_NAMED = 5


def rows(
    subject: Subject, run: Observations, shown: Sequence[Observation], inferred: Sequence[str], width: int | None = None
) -> Iterator[Row]:
    """Yield title, one line per layer, and notes. If `width` is too small, columns are left out and names wrapped."""
    layout = subject.layout
    whole = run.seconds
    same: dict[str, str] = {}
    lines = [
        _interned(
            same,
            one_line(one.node.name),
            one_line(one.node.kind),
            one.node.shape.text(layout) if one.node.shape is not None else "?",
            computed(one).text(layout),
            *(number(value) for value in (one.spread.mean, one.spread.deviation, one.spread.least, one.spread.most)),
            percent(one.spread.zeros),
            duration(one.seconds),
            percent(one.seconds / whole if whole else 0),
        )
        for one in shown
    ]
    widths = [max(len(title), *(len(cells[k]) for cells in lines)) if lines else len(title) for k, title in enumerate(TITLES)]
    hidden = _fit(widths, width)
    columns = [k for k, title in enumerate(TITLES) if title not in hidden]
    yield [(one_line(subject.name), "title")]
    yield []
    for i, cells in enumerate(chain((TITLES,), lines)):
        infinite = i > 0 and not shown[i - 1].spread.finite
        names = broken(cells[0], widths[0])
        row: Row = []
        for k in columns:
            cell = names[0] if k == 0 else cells[k]
            padded = cell.ljust(widths[k]) if k < _LEFT else cell.rjust(widths[k])
            row += [(" " * GAP if k else "", ""), (padded, "header" if i == 0 else _role(k, cell, infinite=infinite))]
        yield row
        yield from ([(name, "error" if infinite else "")] for name in names[1:])
    notes = [*inferred, *([f"no room for {', '.join(hidden)}: a wider terminal or a pipe shows more"] if hidden else [])]
    yield []
    yield from ([(line, "note")] for note in notes for line in wrapped(note, width))


def _fit(widths: list[int], width: int | None) -> list[str]:
    """Return the titles of the columns left out to fit `width`, and narrow the column of names in `widths`."""
    if width is None:
        return []
    hidden: set[str] = set()
    missing = sum(widths) + GAP * (len(TITLES) - 1) - width
    for title in _SPARE:
        if widths[0] - missing < min(widths[0], _KEPT):
            hidden.add(title)
            missing -= widths[TITLES.index(title)] + GAP
    widths[0] = max(widths[0] - max(missing, 0), min(widths[0], LEAST))
    return [title for title in TITLES if title in hidden]


def _role(column: int, cell: str, *, infinite: bool) -> str:
    """Return the style of a cell; `infinite` if the layer's result has NaN or infinity."""
    title = TITLES[column]
    if infinite and title in ("layer", "min", "max"):
        return "error"
    if title == "computed":
        return "output"
    return "zero" if cell == "0%" else ""


def _interned(known: dict[str, str], *cells: str) -> tuple[str, ...]:
    """The cells of a line. Equal texts are one string, because a network can have 200,000 layers."""
    return tuple([known.setdefault(cell, cell) for cell in cells])


def stopped(run: Observations) -> list[str]:
    """The layers without a forward pass, and how many layers were not computed because they depend on them."""
    if not run.stopped:
        return []
    names = ", ".join(
        f"{one_line(node.name)} ({one_line(str(next(iter(node.fields.values()))))})" for node in run.stopped[:_NAMED]
    )
    more = f" and {len(run.stopped) - _NAMED:,} more" if len(run.stopped) > _NAMED else ""
    depending = f"; layers not computed because they depend on {'it' if len(run.stopped) == 1 else 'them'}: {run.skipped:,}"
    return [f"no forward pass of {names}{more}{depending if run.skipped else ''}"]


def document(subject: Subject, run: Observations, shown: Sequence[Observation], inferred: dict[str, Any]) -> dict[str, Any]:
    """The results as plain data, for JSON; NaN and infinity become null."""
    layout = subject.layout
    return {
        "schema_version": 1,
        "name": subject.name,
        "file": subject.file,
        "layout": layout,
        **inferred,
        "layers": [
            {
                "name": one.node.name,
                "kind": words.kind(one.node),
                "inferred": list(one.node.shape.ordered(layout)) if one.node.shape is not None else None,
                "computed": list(computed(one).ordered(layout)),
                "mean": _finite(one.spread.mean),
                "std": _finite(one.spread.deviation),
                "min": _finite(one.spread.least),
                "max": _finite(one.spread.most),
                "zeros": one.spread.zeros,
                "finite": one.spread.finite,
                "seconds": one.seconds,
                "share": one.seconds / run.seconds if run.seconds else 0.0,
            }
            for one in shown
        ],
        "seconds": run.seconds,
        "stopped_at": [node.name for node in run.stopped],
        "not_computed": run.skipped + len(run.stopped),
        "not_finite": None if run.broken is None else run.broken.name,
    }


def computed(one: Observation) -> Shape:
    """The shape of a computed array, channels last."""
    channels, *spatial = one.computed
    return Shape(*spatial, channels)


def number(value: float) -> str:
    """Format a number with at most five significant digits."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    size = abs(value)
    text = f"{value:.3f}" if 0.001 <= size < 100 else f"{value:.1f}" if 100 <= size < 10_000 else f"{value:.1e}"
    return text.replace("-", "−")


def percent(value: float) -> str:
    """Format a share between 0 and 1 as a percentage."""
    return "0%" if value == 0 else "<0.1%" if value < 0.0005 else f"{100 * value:.1f}%"


def duration(seconds: float) -> str:
    """Format seconds in µs, ms or s, at most 8 characters up to a day.

    >>> duration(0.0000123), duration(0.0123), duration(1.234), duration(123.456)
    ('12.3 µs', '12.3 ms', '1.234 s', '123.5 s')
    """
    if seconds < 0.001:
        return f"{seconds * 1e6:.1f} µs"
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.3f} s" if seconds < 10 else f"{seconds:.1f} s"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
