"""How long `cnncalc show` takes, and how much memory: medians of whole processes, beside torchinfo on the same network.

Run as `python tests/benchmarks/show.py`. torchinfo is left out where it or torch is not installed. Byte code is written before
anything is measured, as on any installation; memory is the largest resident set of a process. The share of the memory analysis
is the CPU time of the figures in the footer over that of the process.
"""

from __future__ import annotations

import os
import pty
import statistics
import subprocess
import sys
import tempfile
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

#: Runs `show resnet50` and prints the share of its CPU time that the memory figures of the footer take.
ANALYSIS = """
import sys, time
from cnncalc.cli import main
from cnncalc.report.network import footer, memory
shown, took = memory.totals, 0.0
def timed(figures):
    global took
    begin = time.process_time()
    try:
        return shown(figures)
    finally:
        took = time.process_time() - begin
memory.totals = timed
sys.argv = ["cnncalc", "show", "specs/resnet50.yaml"]
try:
    main()
finally:
    sys.stderr.write(str(took / time.process_time()))
"""


#: Bytes that make the largest network that the language has: output and memory grow with the layers, not with their product.
COPIES = """input: 8x8x3
layers:
  - {conv: 3, kernel_size: 1, repeat: 199000}
"""
#: Commands on it, with the most seconds of CPU time and the most MiB.
MANY = {"show": (12, 250), "show --format json": (15, 200), "show --format csv": (10, 200), "sizes": (15, 300)}


def many() -> None:
    """Print CPU time and memory of commands on 199,000 equal layers."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(COPIES)
        file.flush()
        for words, (seconds, mebibytes) in MANY.items():
            command, *options = words.split()
            pid = os.posix_spawn(
                CNNCALC[0],
                [*CNNCALC, command, file.name, *options],
                os.environ,
                file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
            )
            usage = os.wait4(pid, 0)[2]
            took, held = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
            print(f"199,000 layers, {words:24} {took:7.1f} s {seconds:8} {held:7.0f} {mebibytes:8}")


def analysis() -> float:
    """The share of the memory analysis in the CPU time of one process of `show resnet50`."""
    done = subprocess.run(
        [sys.executable, "-c", ANALYSIS], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    return float(done.stderr)


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
    share = statistics.median(analysis() for _ in range(RUNS))
    many()
    print(f"show resnet50: the memory analysis takes {share:.1%} of the CPU time, at most 3 %")


if __name__ == "__main__":
    main()
