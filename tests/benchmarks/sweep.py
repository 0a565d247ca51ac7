"""The cost of a variant of a network in a sweep, how it grows with layers and workers, and what peak_memory adds.

Run as `python -m tests.benchmarks.sweep [NUMBER]`. The peer is the same number of `cnncalc.load` calls in one process.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from cnncalc import loads
from cnncalc.machine import usable_cores
from cnncalc.studies.grid import Axis
from cnncalc.studies.sweep import plan

SPECS = Path(__file__).parents[2] / "specs"


def seconds(name: str, count: int, processes: int, figures: tuple[str, ...] = ()) -> float:
    """The time of a sweep of `count` variants."""
    widths = tuple(f"{0.25 + k / count:.6f}" for k in range(count))
    field = "width" if name == "mobilenet_v2" else "input"
    values = widths if field == "width" else tuple(str(224 + 32 * (k % 64)) for k in range(count))
    found = plan(str(SPECS / f"{name}.yaml"), [Axis(field, values)], figures=figures)
    begin = time.perf_counter()
    rows = sum(1 for _ in found.run(processes=processes))
    assert rows == count
    return time.perf_counter() - begin


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    text = (SPECS / "mobilenet_v2.yaml").read_text(encoding="utf-8")
    begin = time.perf_counter()
    for k in range(count // 10):
        loads(text, set=f"width={0.25 + k / count}")
    peer = (time.perf_counter() - begin) * 10
    print(f"{count:,} times cnncalc.loads in one process  {peer:7.1f} s  {1000 * peer / count:6.2f} ms each")
    for processes in dict.fromkeys((1, usable_cores())):
        for figures in ((), ("peak_memory",)):
            took = seconds("mobilenet_v2", count, processes, figures)
            name = f"mobilenet_v2, processes {processes}{', peak_memory' if figures else ''}"
            print(f"{name:40}  {took:7.1f} s  {1000 * took / count:6.2f} ms each  {took / peer:.2f} of the peer")
    for name in ("lenet5", "resnet18", "resnet50", "resnet101"):
        few = max(20, count // 20)
        took = seconds(name, few, 1)
        layers = len(loads((SPECS / f"{name}.yaml").read_text(encoding="utf-8")).layers)
        print(f"{name:12} {layers:4} layers  {1000 * took / few:6.2f} ms each  {1e6 * took / few / layers:6.1f} µs a layer")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"largest resident set {peak:.0f} MiB")


if __name__ == "__main__":
    main()
