"""The memory curve: bytes live while each layer is computed, with the peak."""

from __future__ import annotations

import math
from itertools import groupby

from cnncalc.analysis.memory import Memory
from cnncalc.machine import written
from cnncalc.report.picture.measure import clipped, text_width
from cnncalc.report.picture.scene import Part, Path, Polygon, Rect, Scene, ShapeGroup, Text

_WIDTH, _HEIGHT = 1100.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 16.0, 34.0, 34.0
#: Layers that can be pointed at one by one.
_POINTED = 400


def memory_curve(memory: Memory) -> Scene | None:
    """A step for each layer, and a gap where a size is unknown; None if the network has no layer."""
    live, nodes = memory.live, memory.graph.nodes
    peak = memory.peak
    if not live or not peak:
        return None
    at = live.index(peak)
    step = (_WIDTH - _LEFT - _RIGHT) / len(live)
    scale = (_HEIGHT - _TOP - _BOTTOM) / peak
    ground = _HEIGHT - _BOTTOM
    known = [all(producer.flow is not None for producer in (node, *node.inputs)) for node in nodes]
    outlines = []
    for is_known, places in groupby(range(len(live)), key=known.__getitem__):
        if is_known:
            outlines.append([(_LEFT + (i + side) * step, ground - live[i] * scale) for i in places for side in (0, 1)])
    parts: list[Part] = [Rect(0, 0, _WIDTH, _HEIGHT, "paper")]
    parts.append(Text(_LEFT - 8, 16, "live bytes", "frame", "end"))
    for size in ticks(peak):
        y = ground - size * scale
        parts.append(Path((_LEFT, y), [((_WIDTH - _RIGHT, y),)], "grid"))
        parts.append(Text(_LEFT - 8, y + 4, written(size).replace(".0 ", " ") if size else "0", "note", "end"))
    for outline in outlines:
        parts.append(Polygon([(outline[0][0], ground), *outline, (outline[-1][0], ground)], "area"))
        parts.append(Path(outline[0], [(point,) for point in outline[1:]], "curve"))
    if len(live) <= _POINTED:
        for i, (node, size) in enumerate(zip(nodes, live, strict=True)):
            title = f"{clipped(node.name, 11, 400)}: {written(size) if known[i] else 'unknown'}"
            parts.append(ShapeGroup(title, [Rect(_LEFT + i * step, _TOP, step, ground - _TOP, "hover")]))
    x = _LEFT + (at + 0.5) * step
    label = f"peak {'' if all(known) else '≥'}{written(peak)} at {clipped(nodes[at].name, 11, 420)}"
    half = text_width(label, 11) / 2
    parts.append(Rect(x - 3, _TOP - 3, 6, 6, "dot", 3))
    parts.append(Text(min(max(x, _LEFT + half), _WIDTH - half - 4), _TOP - 12, label, "size", "middle"))
    first, last = (clipped(node.name, 11, 400) for node in (nodes[0], nodes[-1]))
    parts.append(Text(_LEFT, _HEIGHT - 12, clipped(first, 11, 300), "note"))
    parts.append(Text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 12, "layers, in the order of computation", "frame", "middle"))
    if len(nodes) > 1:
        parts.append(Text(_WIDTH - _RIGHT, _HEIGHT - 12, clipped(last, 11, 300), "note", "end"))
    about = f"Live bytes from {first} to {last}; {label}."
    return Scene(_WIDTH, _HEIGHT, "Memory during inference", about, parts)


def ticks(largest: int) -> list[int]:
    """Round numbers of bytes from 0 to `largest`, three to six of them.

    >>> [written(size) for size in ticks(6_422_528)[1:]]
    ['2.0 MiB', '4.0 MiB', '6.0 MiB']
    """
    unit = 1024 ** min(3, int(math.log(largest, 1024)))
    step = 10 ** math.floor(math.log10(largest / unit))
    factor = next(factor for factor in (0.2, 0.5, 1, 2) if largest / unit / (step * factor) < 6)
    distance = max(1, round(step * factor * unit))
    return list(range(0, largest + 1, distance))
