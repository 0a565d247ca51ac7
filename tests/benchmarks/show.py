"""How long `cnncalc show` takes, and how much memory: medians of whole processes, beside torchinfo on the same network.

Run as `python tests/benchmarks/show.py`. torchinfo is left out where it or torch is not installed. Byte code is written before
anything is measured, as on any installation; memory is the largest resident set of a process.
"""

from __future__ import annotations

import os
import pty
import statistics
import sys
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 15
CNNCALC = (sys.executable, "-c", "from cnncalc.cli import main; main()")
TORCHINFO = [sys.executable, "tests/benchmarks/torch_resnet50.py"]
CASES = [
    ("cnncalc --help", [*CNNCALC, "--help"], False, 80, None),
    ("cnncalc show resnet50, into a pipe", [*CNNCALC, "show", "specs/resnet50.yaml"], False, 130, 45),
    ("cnncalc show resnet50, on a terminal", [*CNNCALC, "show", "specs/resnet50.yaml"], True, 190, 45),
    ("cnncalc show resnet50 --format json", [*CNNCALC, "show", "specs/resnet50.yaml", "--format", "json"], False, None, None),
    ("cnncalc specs", [*CNNCALC, "specs"], False, None, None),
    ("import typer, rich.console, yaml", [sys.executable, "-c", "import typer, rich.console, yaml"], False, None, None),
]


def measure(command: list[str], terminal: bool) -> tuple[float, float]:
    """Milliseconds and MiB of one process."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    if terminal:
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(command[0], command, environment)
        while True:
            try:
                if not os.read(fd, 65536):
                    break
            except OSError:
                break
        os.close(fd)
    else:
        pid = os.posix_spawn(
            command[0], command, environment, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return 1000 * (time.perf_counter() - start), usage.ru_maxrss / 1024


def main() -> None:
    os.chdir(ROOT)
    cases = list(CASES)
    if all(map(find_spec, ("torch", "torchinfo"))):
        cases.append(("torchinfo, resnet50", TORCHINFO, False, None, None))
    print(f"{'median of ' + str(RUNS):40} {'ms':>7} {'at most':>8} {'MiB':>7} {'at most':>8}")
    for title, command, terminal, most_time, most_memory in cases:
        runs = [measure(command, terminal) for _ in range(1 + RUNS)][1:]
        took, held = (statistics.median(values) for values in zip(*runs, strict=True))
        print(f"{title:40} {took:7.0f} {most_time or '':>8} {held:7.0f} {most_memory or '':>8}")


if __name__ == "__main__":
    main()
