"""How long loading takes, after imports: a spec of 200 rows, and 100,000 layers said in several ways.

Run as `python tests/benchmarks/load.py`; prints medians. PyYAML's `safe_load` of the same text stands beside as a measure of the machine.
"""

import statistics
import time
from collections.abc import Callable

import yaml

import cnncalc

ROWS = "  - {conv: 64, kernel_size: 3, padding: 1, bias: false}\n  - batchnorm\n  - relu\n"
BLOCK = """\
blocks:
  unit:
    parameters: {out: }
    layers: [{conv: "${out}", kernel_size: 3, padding: "${3 // 2}"}, batchnorm, relu]
"""
CASES = {
    "200 rows": ("layers:\n" + ROWS * 67, 31),
    "100,000 rows": ("layers:\n" + ROWS * 33_333, 3),
    "a row repeated 100,000 times": ("layers:\n  - {conv: 64, kernel_size: 3, padding: 1, repeat: 100000}\n", 3),
    "a block repeated 33,333 times": (BLOCK + "layers:\n  - {block: unit, out: 64, repeat: 33333}\n", 3),
    "100,000 different layers": ("layers:\n  - {conv: '${i + 1}', kernel_size: 3, padding: 1, repeat: 100000}\n", 3),
}


def median_ms(work: Callable[[], object], times: int) -> float:
    work()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return statistics.median(took) * 1000


def main() -> None:
    print(f"{'':32}{'layers':>8}{'ms':>10}{'µs a layer':>12}{'safe_load ms':>14}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for name, (rows, times) in CASES.items():
        text = "input: 32x32x3\n" + rows
        layers = len(cnncalc.loads(text).layers)
        took = median_ms(lambda text=text: cnncalc.loads(text), times)
        peer = median_ms(lambda text=text: yaml.load(text, loader), times)
        print(f"{name:32}{layers:8,}{took:10.1f}{took / layers * 1000:12.1f}{peer:14.1f}")


if __name__ == "__main__":
    main()
