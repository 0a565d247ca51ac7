"""How long an ONNX file takes to read, and how much memory: whole processes, beside the onnx package's load and shape inference.

Run as `python tests/benchmarks/formats.py [FILE.onnx]`; without a file, one of 250 MiB is made in a temporary folder. The onnx package
must be installed. CPU time, median of several processes; memory is the largest resident set.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 7
OWN = "from cnncalc.cli import main; main()"
PEER = "import sys, onnx; onnx.shape_inference.infer_shapes(onnx.load(sys.argv[2]))"


def measure(code: str, path: str) -> tuple[float, float]:
    """CPU milliseconds and MiB of one process."""
    command = [sys.executable, "-c", code, "show", path]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"reading {path} ended with {os.waitstatus_to_exitcode(status)}")
    return 1000 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss / 1024


def make(path: str) -> None:
    """Writes a file of 250 MiB: 104 convolutions of 256 filters over 256 channels, each with batch norm, ReLU and a shortcut."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    nodes, arrays, x = [], [], "x"
    for i in range(104):
        arrays.append(numpy_helper.from_array(np.full((256, 256, 3, 3), 0.01, np.float32), f"layer{i}.weight"))
        arrays += [
            numpy_helper.from_array(np.ones(256, np.float32), f"layer{i}.{name}") for name in ("gain", "bias", "mean", "var")
        ]
        nodes.append(helper.make_node("Conv", [x, f"layer{i}.weight"], [f"c{i}"], f"/layer{i}/Conv", pads=[1, 1, 1, 1]))
        norm = [f"layer{i}.{name}" for name in ("gain", "bias", "mean", "var")]
        nodes.append(helper.make_node("BatchNormalization", [f"c{i}", *norm], [f"n{i}"], f"/layer{i}/norm/Norm"))
        nodes.append(helper.make_node("Relu", [f"n{i}"], [f"r{i}"], f"/layer{i}/Relu"))
        nodes.append(helper.make_node("Add", [f"r{i}", x], [f"a{i}"], f"/layer{i}/Add"))
        x = f"a{i}"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 256, 28, 28])]
    outputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 256, 28, 28])]
    save(helper.make_model(helper.make_graph(nodes, "large", inputs, outputs, arrays)), path)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Made by another process: a process begins with the memory that its parent has.
        path = sys.argv[1] if len(sys.argv) > 1 else str(Path(folder) / "large.onnx")
        if len(sys.argv) < 2:
            subprocess.run([sys.executable, __file__, "--make", path], check=True)
        print(f"{path}, {os.path.getsize(path) / 2**20:,.0f} MiB: medians of {RUNS}")
        print(f"{'':44}{'CPU ms':>8}{'MiB':>8}")
        for title, code in (("cnncalc show", OWN), ("onnx.load and infer_shapes", PEER)):
            runs = [measure(code, path) for _ in range(1 + RUNS)][1:]
            took, held = (statistics.median(values) for values in zip(*runs, strict=True))
            print(f"{title:44}{took:8.0f}{held:8.0f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(sys.argv[2])
    else:
        main()
