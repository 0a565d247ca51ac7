"""The memory curve: bytes live while each layer is computed, with the peak."""

from __future__ import annotations

from cnncalc.analysis.memory import Memory
from cnncalc.machine import written
from cnncalc.report.picture.measure import clipped, text_width
from cnncalc.report.picture.scene import Group, Part, Path, Polygon, Rect, Scene, Text

_WIDTH, _HEIGHT = 1100.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 84.0, 16.0, 34.0, 34.0
#: Layers that can be pointed at one by one.
_POINTED = 400


def memory_curve(memory: Memory) -> Scene | None:
    """A step for each layer; None if the network has none."""
    live, nodes = memory.live, memory.graph.nodes
    peak = memory.peak
    if not live or not peak:
        return None
    at = live.index(peak)
    step = (_WIDTH - _LEFT - _RIGHT) / len(live)
    scale = (_HEIGHT - _TOP - _BOTTOM) / peak
    ground = _HEIGHT - _BOTTOM
    outline = []
    for i, size in enumerate(live):
        y = ground - size * scale
        outline += [(_LEFT + i * step, y), (_LEFT + (i + 1) * step, y)]
    parts: list[Part] = [Rect(0, 0, _WIDTH, _HEIGHT, "paper")]
    for part in (0.0, 0.5, 1.0):
        y = ground - part * peak * scale
        parts.append(Path((_LEFT, y), [((_WIDTH - _RIGHT, y),)], "grid"))
        parts.append(Text(_LEFT - 8, y + 4, written(round(part * peak)) if part else "0", "note", "end"))
    parts.append(Polygon([(_LEFT, ground), *outline, (_WIDTH - _RIGHT, ground)], "area"))
    parts.append(Path(outline[0], [(point,) for point in outline[1:]], "curve"))
    if len(live) <= _POINTED:
        for i, (node, size) in enumerate(zip(nodes, live, strict=True)):
            title = f"{clipped(node.name, 11, 400)}: {written(size)}"
            parts.append(Group(title, [Rect(_LEFT + i * step, _TOP, step, ground - _TOP, "hover")]))
    x = _LEFT + (at + 0.5) * step
    label = f"peak {written(peak)} at {clipped(nodes[at].name, 11, 420)}"
    half = text_width(label, 11) / 2
    parts.append(Rect(x - 3, _TOP - 3, 6, 6, "dot", 3))
    parts.append(Text(min(max(x, half + 4), _WIDTH - half - 4), _TOP - 12, label, "size", "middle"))
    first, last = (clipped(node.name, 11, 400) for node in (nodes[0], nodes[-1]))
    parts.append(Text(_LEFT, _HEIGHT - 12, first, "note"))
    if len(nodes) > 1:
        parts.append(Text(_WIDTH - _RIGHT, _HEIGHT - 12, last, "note", "end"))
    about = f"Live bytes from {first} to {last}; {label}."
    return Scene(_WIDTH, _HEIGHT, "Memory during inference", about, parts)
