"""CPU time and size of each picture of the bundled networks and of onnx's light models, beside graphviz on the same graph.

Run as `python tests/benchmarks/draw.py`. graphviz's `dot` gets the boxes, labels and edges of the style `graph`, without frames,
and writes SVG; its time is that of the whole process less that of a process with an empty graph. It is left out if `dot` is not
installed, and so are the light models without onnx. A picture should take at most 300 ms and 100 kB.
"""

from __future__ import annotations

import importlib.util
import resource
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import cnncalc
from cnncalc.report.picture.formats import picture
from cnncalc.report.picture.options import STYLES, Drawing
from cnncalc.report.picture.rows import _fold

ROOT = Path(__file__).parents[2]
RUNS = 5
MOST_TIME, MOST_SIZE = 300, 100


def networks() -> list[Path]:
    """The bundled networks, and the light models that the onnx package has for its own tests."""
    found = sorted((ROOT / "specs").glob("*.yaml"))
    spec = importlib.util.find_spec("onnx")
    if spec is not None and spec.origin is not None:
        found += sorted((Path(spec.origin).parent / "backend" / "test" / "data" / "light").glob("*.onnx"))
    return found


def drawn(network: cnncalc.Network, style: str) -> tuple[float, float]:
    """Milliseconds of CPU time and kB of a picture; loading is not counted, and neither are imports."""
    times = []
    text = ""
    for _ in range(1 + RUNS):
        start = time.process_time()
        text = picture(network, "svg", Drawing(style)).text
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times[1:]), len(text.encode()) / 1000


def as_dot(network: cnncalc.Network) -> str:
    """The boxes and edges of the style `graph` in graphviz's language."""
    fold = _fold(network, Drawing("graph"))
    names = {id(leaf): f"n{i}" for i, leaf in enumerate(leaf for item in fold.items for leaf in item.leaves())}
    boxes = [
        f'{names[id(leaf)]} [shape=box label="{leaf.label} {leaf.kind} {leaf.text}"]'
        for item in fold.items
        for leaf in item.leaves()
    ]
    edges = [f'{names[id(edge.start)]} -> {names[id(edge.end)]} [label="{edge.flow}"]' for edge in fold.edges]
    return "digraph {\n" + "\n".join([*boxes, *edges]) + "\n}\n"


def dot(text: str) -> float:
    """Milliseconds of CPU time of a process."""
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["dot", "-Tsvg"], input=text.encode(), stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return statistics.median(times)


def main() -> None:
    has_dot = shutil.which("dot") is not None
    empty = dot("digraph {}") if has_dot else 0
    print(f"{'CPU ms and kB, medians of ' + str(RUNS):32}" + "".join(f" {style:>14}" for style in STYLES) + "   dot")
    worst = (0.0, 0.0)
    for path in networks():
        network = cnncalc.load(path)
        cells = [drawn(network, style) for style in STYLES]
        worst = max(worst[0], *(took for took, _ in cells)), max(worst[1], *(size for _, size in cells))
        row = "".join(f" {took:7.0f} {size:6.0f}" for took, size in cells)
        print(f"{path.stem:32}{row}" + (f" {dot(as_dot(network)) - empty:5.0f}" if has_dot else ""))
    print(f"{'worst, at most':32} {worst[0]:7.0f} ms of {MOST_TIME}, {worst[1]:.0f} kB of {MOST_SIZE}")


if __name__ == "__main__":
    main()
