"""A sweep as a scatter plot in SVG: two figures of every result, with the Pareto front marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from cnncalc.machine import written
from cnncalc.problem import one_line
from cnncalc.report.words import plural

if TYPE_CHECKING:
    from cnncalc.studies.trial import Trial

_WIDTH, _HEIGHT = 720, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 24, 56, 60
_BYTES = ("weights", "peak_memory")
#: An axis is logarithmic if the ratio of its largest to its smallest value is at least this.
_LOGARITHMIC = 30
#: Largest number of points drawn beside the front; of more points, every n-th is drawn.
_POINTS = 5_000
#: Characters of the title that have room above the plot.
_TITLE = 60

_STYLE = """
:root { color-scheme: light dark }
.page { fill: #ffffff } .ink { fill: #1b1f24 } .soft { fill: #57606a } .grid { stroke: #d0d7de } .axis { stroke: #57606a }
.point { fill: #0072b2; fill-opacity: .55 } .front { fill: #d55e00 } .edge { stroke: #d55e00; fill: none }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9198a1 } .grid { stroke: #30363d } .axis { stroke: #9198a1 }
.point { fill: #56b4e9 } .front { fill: #e69f00 } .edge { stroke: #e69f00 }
}
text { font-family: Helvetica, Arial, sans-serif; font-size: 12px }
.title { font-size: 16px; font-weight: bold }
"""


class _PlotAxis:
    """An axis of the plot: the coordinates of its values, and its ticks."""

    def __init__(self, name: str, values: Sequence[int], start: float, end: float) -> None:
        self.name = name
        self._start, self._end = start, end
        low, high = min(values), max(values)
        self._log = low > 0 and high / low >= _LOGARITHMIC
        self.ticks = self._powers(low, high) if self._log else self._round(low, high)
        self._low, self._high = self._scale(min(low, self.ticks[0])), self._scale(max(high, self.ticks[-1]))

    def _scale(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def place(self, value: float) -> float:
        """The coordinate of a value."""
        extent = self._high - self._low
        part = (self._scale(value) - self._low) / extent if extent else 0.5
        return round(self._start + part * (self._end - self._start), 1)

    def _round(self, low: int, high: int) -> list[float]:
        """Round numbers from at most `low` to at least `high`."""
        rough = max(high - low, abs(high) * 0.1, 1) / 5
        if self.name in _BYTES:
            step: float = 2.0 ** max(0, math.ceil(math.log2(rough)))
        else:
            power = 10 ** math.floor(math.log10(rough))
            step = max(1, next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough))
        first = math.floor(low / step)
        return [k * step for k in range(first, max(first + 1, math.ceil(high / step)) + 1)]

    def _powers(self, low: int, high: int) -> list[float]:
        """Powers of ten, of bytes powers of a power of two, from at most `low` to at least `high`."""
        base = 10
        if self.name in _BYTES:
            base = next((one for one in (4, 16, 64) if high / low <= one**6), 1024)
        first, last = math.floor(math.log(low, base) + 1e-9), math.ceil(math.log(high, base) - 1e-9)
        return [float(base**k) for k in range(first, last + 1)]

    def text(self, value: float) -> str:
        """The label of a tick."""
        if self.name in _BYTES:
            return written(int(value)).replace(".0 ", " ")
        for unit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
            if value >= unit:
                return f"{value / unit:g} {letter}"
        return f"{value:g}"

    @property
    def title(self) -> str:
        return {"macs": "MACs", "peak_memory": "peak memory"}.get(self.name, self.name)


def svg(outcomes: Sequence[Trial], figures: tuple[str, str], names: Sequence[str], *, title: str = "") -> str:
    """The plot of two figures. Results with an unknown figure are left out."""
    known = [one for one in outcomes if all(name in one.totals for name in figures)]
    unknown = f"; not drawn: {len(outcomes) - len(known):,} with unknown figures" if len(known) < len(outcomes) else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{_text(title)}: {_text(figures[0])} and {_text(figures[1])}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="ink title" x="{_LEFT}" y="28">{_text(title, _TITLE)}</text>',
    ]
    if not known:
        return "\n".join(
            [*parts, f'<text class="soft" x="{_LEFT}" y="60">no result has both figures{unknown}</text>', "</svg>", ""]
        )
    x = _PlotAxis(figures[0], [one.totals[figures[0]] for one in known], _LEFT, _WIDTH - _RIGHT)
    y = _PlotAxis(figures[1], [one.totals[figures[1]] for one in known], _HEIGHT - _BOTTOM, _TOP)
    points = [(one.totals[figures[0]], one.totals[figures[1]], one) for one in known]
    best = _front([(a, b) for a, b, _ in points])
    parts += _frame(x, y)
    others = [point for point in points if (point[0], point[1]) not in best]
    step = max(1, math.ceil(len(others) / _POINTS))
    for a, b, one in others[::step]:
        parts.append(_point(x.place(a), y.place(b), "point", 3, _label(one, names)))
    edge = sorted(best)
    line = " ".join(f"{x.place(a)},{y.place(b)}" for a, b in edge)
    parts.append(f'<polyline class="edge" points="{line}"/>')
    drawn: set[tuple[int, int]] = set()
    for a, b, one in points:
        if (a, b) in best and (a, b) not in drawn:
            drawn.add((a, b))
            parts.append(_point(x.place(a), y.place(b), "front", 4.5, _label(one, names)))
    thinned = f"; beside the front one of {step:,} is drawn" if step > 1 else ""
    note = f"{plural(len(known), 'combination')}{unknown}{thinned}; marked: no other is smaller in both"
    return "\n".join([*parts, f'<text class="soft" x="{_LEFT}" y="46">{_text(note)}</text>', "</svg>", ""])


def _front(points: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The Pareto front: points for which no other point is at most as large in both figures."""
    best: set[tuple[int, int]] = set()
    least: float = math.inf
    for a, b in sorted(set(points)):
        if b < least:
            best.add((a, b))
            least = b
    return best


def _frame(x: _PlotAxis, y: _PlotAxis) -> list[str]:
    """The grid lines, tick labels and titles of both axes."""
    parts = []
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for value in x.ticks:
        at = x.place(value)
        parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="soft" x="{at}" y="{bottom + 18}" text-anchor="middle">{x.text(value)}</text>')
    for value in y.ticks:
        at = y.place(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text class="soft" x="{_LEFT - 8}" y="{at + 4}" text-anchor="end">{y.text(value)}</text>')
    middle = (_TOP + bottom) / 2
    parts.append(f'<text class="ink" x="{(_LEFT + right) / 2}" y="{_HEIGHT - 16}" text-anchor="middle">{_text(x.title)}</text>')
    turn = f"rotate(-90 18 {middle})"
    parts.append(f'<text class="ink" x="18" y="{middle}" text-anchor="middle" transform="{turn}">{_text(y.title)}</text>')
    return parts


def _point(x: float, y: float, kind: str, radius: float, label: str) -> str:
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}"><title>{_text(label)}</title></circle>'


def _label(one: Trial, names: Sequence[str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in zip(names, one.values, strict=True))


def _text(text: str, most: int = 200) -> str:
    """Text escaped for XML, on one line, cut at `most` characters."""
    clean = one_line(text)
    return escape(clean if len(clean) <= most else clean[: most - 1] + "…")
