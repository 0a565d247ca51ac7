"""1,000 spec files of 100 rows: `cnncalc check` on one core and on two beside yamllint, in one run.

    python tests/benchmarks/check.py [FILES]

Prints seconds and the largest resident size of a process; the limits are those that the tool promises. yamllint stands for what
people are used to waiting; it is left out where it is not installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMITS = {1: 5.0, 2: 3.0}


def spec(number: int) -> str:
    """A network of 100 rows: convolutions of several widths, norms, pools, a block and branches; each file another one."""
    rows = [f"  - {{conv: {8 + number % 57}, kernel_size: 3, padding: 1, bias: false, name: stem}}", "  - batchnorm", "  - relu"]
    for stage in range(4):
        width = 16 + 2 * ((number + stage) % 31)
        for layer in range(7):
            rows += [
                f"  - {{conv: {width + layer}, kernel_size: {3 + 2 * (layer % 2)}, padding: {1 + layer % 2}, bias: false}}",
                "  - batchnorm",
                "  - {leaky_relu: 0.1}",
            ]
        rows.append("  - {maxpool: 2}")
    rows += [
        "  - {block: unit, out: 32, name: last}",
        "  - {add: last}",
        "  - global_avgpool",
        "  - {dropout: 0.2}",
        "  - {fc: 10}",
    ]
    rows += ["  - relu", "  - {fc: 10}", "  - softmax", "  - identity"][: 100 - len(rows)]
    block = 'blocks:\n  unit:\n    parameters: {out: }\n    layers:\n      - {conv: "${out}", kernel_size: 1, bias: false}\n      - batchnorm\n'
    return f"name: network {number}\ninput: 32x32x3\n{block}layers:\n" + "\n".join(rows) + "\n"


def measure(command: list[str], cores: set[int]) -> tuple[float, float, int]:
    """Seconds of the wall clock, of work, and the largest resident size in KiB of a process of `command`, kept to some cores."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.sched_setaffinity(0, cores)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command[:4])} … ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    cores = sorted(os.sched_getaffinity(0))
    check = [sys.executable, "-c", "from cnncalc.cli import main; main()", "check"]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            Path(folder, f"net{number:05}.yaml").write_text(spec(number), "utf-8")
        rows = {spec(number).split("\nlayers:\n")[1].count("\n") for number in range(count)}
        print(f"{count:,} files of {', '.join(map(str, rows))} rows")
        *_, small = measure([*check, f"{folder}/net0000*.yaml", "--jobs", "1"], set(cores[:1]))
        took: dict[int, float] = {}
        for number, limit in LIMITS.items():
            if number > len(cores):
                continue
            took[number], work, size = measure([*check, folder], set(cores[:number]))
            note = "" if count != 1000 or took[number] <= limit else f"  MORE THAN {limit} s"
            print(f"cnncalc check, {number} core(s): {took[number]:6.2f} s, {work:.2f} s of work, {size / 1024:.0f} MiB{note}")
        print(f"ten of the files alone: {small / 1024:.0f} MiB")
        try:
            subprocess.run([sys.executable, "-m", "yamllint", "--version"], check=True, capture_output=True)
        except subprocess.CalledProcessError:
            print("yamllint is not installed")
            return
        relaxed = "{extends: default, rules: {line-length: disable, braces: disable, document-start: disable, colons: disable}}"
        lint, work, _ = measure([sys.executable, "-m", "yamllint", "-d", relaxed, folder], set(cores[:1]))
        print(f"yamllint, 1 core:        {lint:6.2f} s, {work:.2f} s of work, {lint / took[1]:.1f} times as long")


if __name__ == "__main__":
    main()
