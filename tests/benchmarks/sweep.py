"""The cost of a variant of a network in a sweep: against reading each alone, with peak_memory, by layers, by workers, and in memory.

Run as `python -m tests.benchmarks.sweep [NUMBER]`. Each line is a process of its own. Seconds are CPU time of all its processes,
start included; the peers are as many `cnncalc.loads` calls and, if they are installed, as many networks of torchvision on PyTorch's
meta device, which infers shapes without computing; their parameters are compared. Limits: peak_memory at most 1.5 times the time without it,
10,000 variants in 20 s on two idle cores, a sample of 10,000 out of 10⁷ combinations below 200 MiB.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from cnncalc import loads
from cnncalc.machine import usable_cores
from cnncalc.studies.grid import Axis, axis
from cnncalc.studies.sweep import Sweep, plan

SPECS = Path(__file__).parents[2] / "specs"
RUNS = 5


def measured(work: Callable[[], object]) -> tuple[float, float, float]:
    """CPU seconds and wall seconds of `work` in a process of its own, its workers included, and MiB of the largest of them."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        work()
        sys.stdout.flush()
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit("a measured process failed")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024


def widths(count: int) -> Axis:
    return Axis("width", tuple(f"{0.25 + k / 10_000:.4f}" for k in range(count)))


def sizes(count: int) -> Axis:
    return Axis("input", tuple(str(224 + 32 * (k % 64)) for k in range(count)))


def sweep_of(name: str, values: Axis, figures: tuple[str, ...] = ()) -> Sweep:
    return plan(str(SPECS / f"{name}.yaml"), [values], figures=figures)


def sweep(name: str, values: Axis, processes: int = 1, figures: tuple[str, ...] = ()) -> Callable[[], None]:
    def work() -> None:
        rows = sum(1 for _ in sweep_of(name, values, figures).run(processes=processes))
        assert rows == len(values.values)

    return work


def peer(count: int) -> Callable[[], None]:
    text = (SPECS / "mobilenet_v2.yaml").read_text(encoding="utf-8")

    def work() -> None:
        for width in widths(count).values:
            loads(text, set=f"width={width}")

    return work


def torchvision(count: int) -> Callable[[], None]:
    """The same networks as PyTorch builds them and infers their shapes."""

    def work() -> None:
        import torch

        torch.set_num_threads(1)
        # torchvision registers fake kernels of operators that its extension, where it is installed, defines.
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            with suppress(RuntimeError):
                library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        from torchvision.models import mobilenet_v2

        trials = sweep_of("mobilenet_v2", widths(count)).run(processes=1)
        with torch.device("meta"), torch.no_grad():
            for width, trial in zip(widths(count).values, trials, strict=True):
                net = mobilenet_v2(width_mult=float(width)).eval()
                assert net(torch.empty(1, 3, 224, 224)).shape == (1, 1000)
                assert sum(array.numel() for array in net.parameters()) == trial.totals["parameters"]

    return work


def sample() -> None:
    axes = [axis("width=0.01..1:0.01"), axis("input=32..3200:32"), axis("fc1.fc=1..1000")]
    found = plan(str(SPECS / "mobilenet_v2.yaml"), axes, sample=10_000, seed=1)
    assert found.grid.count == 10**7
    start = time.perf_counter()
    assert len(list(islice(found.run(processes=1), 500))) == 500
    print(f"  500 of a sample of 10,000 out of {found.grid.count:,}: {time.perf_counter() - start:.1f} s")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    few = count // 10
    print(f"{'':44} {'CPU s':>7} {'ms each':>8} {'wall s':>7} {'MiB':>5}")

    def line(title: str, work: Callable[[], object], number: int) -> float:
        took, wall, most = measured(work)
        print(f"{title:44} {took:7.1f} {1000 * took / number:8.2f} {wall:7.1f} {most:5.0f}", flush=True)
        return took

    line(f"mobilenet_v2, {few:,} times cnncalc.loads", peer(few), few)
    if find_spec("torchvision") is not None:
        line(f"mobilenet_v2, {few // 5:,} of torchvision on meta", torchvision(few // 5), few // 5)
    line(f"mobilenet_v2, {few:,} variants", sweep("mobilenet_v2", widths(few)), few)
    for processes in dict.fromkeys((1, usable_cores())):
        title = f"mobilenet_v2, {count:,} variants, {processes} process{'es' if processes > 1 else ''}"
        line(title, sweep("mobilenet_v2", widths(count), processes), count)
    ratios = []
    for _ in range(RUNS):
        plain, *_ = measured(sweep("mobilenet_v2", widths(few)))
        peak, *_ = measured(sweep("mobilenet_v2", widths(few), figures=("peak_memory",)))
        ratios.append(peak / plain)
    shown = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"peak_memory: {statistics.median(ratios):.2f} times the time without it ({shown}), at most 1.5")
    for name in ("lenet5", "resnet18", "resnet50", "resnet101"):
        layers = len(loads((SPECS / f"{name}.yaml").read_text(encoding="utf-8")).layers)
        line(f"{name}, {layers} layers, {few // 2:,} inputs", sweep(name, sizes(few // 2)), few // 2)
    line("a sample", sample, 500)


if __name__ == "__main__":
    main()
