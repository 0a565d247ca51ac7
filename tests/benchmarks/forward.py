"""How long a forward pass takes beside PyTorch eager, onnxruntime and onnx's ReferenceEvaluator on the same network.

Run as `python tests/benchmarks/forward.py`, with `--threads N` for other than two. Medians in milliseconds, batch 1, float32; what
is not installed is left out. cnncalc's weights lie as `Network.weights` gives them, the others' as they like best. Ends with the peak memory of VGG-16 above its weights, and with the time of a whole `cnncalc run`.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import statistics
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import cnncalc  # noqa: E402 - from this checkout
from cnncalc.forward.runner import random_inputs  # noqa: E402

NAMES = ("alexnet", "resnet50", "mobilenet_v2", "vgg16")
#: Everyone has several turns, so that a busy machine is as unfair to each, and several runs at a turn after one that does not count.
ROUNDS, RUNS = 5, 6


def contestants(name: str, threads: int) -> dict[str, Callable[[], Any]]:
    """Who runs the network, each with its output as the result."""
    net = cnncalc.load(ROOT / "specs" / f"{name}.yaml")
    weights = net.weights(0)
    x = random_inputs(net.graph, 1, "float32", 0)["input"]
    found: dict[str, Callable[[], Any]] = {"cnncalc": lambda: net.forward(x, weights=weights, threads=threads)}
    if importlib.util.find_spec("torch") is None:
        return found
    import torch

    from tests.torch_networks import NETWORKS, Taking

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    taking = Taking(weights)
    image = torch.from_numpy(x)

    def eager() -> Any:
        taking.start()
        return NETWORKS[name](taking, image).numpy()

    found["PyTorch"] = eager
    try:
        model = exported(name, Taking(weights), image)
    except ImportError:
        return found
    if importlib.util.find_spec("onnxruntime") is not None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        found["onnxruntime"] = lambda: session.run(None, {"x": x})[0]
    import onnx
    from onnx.reference import ReferenceEvaluator

    reference = ReferenceEvaluator(onnx.load_from_string(model))
    found["onnx reference"] = lambda: reference.run(None, {"x": x})[0]
    return found


def exported(name: str, taking: Any, image: Any) -> bytes:
    """The network of tests/torch_networks.py as ONNX. Raises ImportError where onnx is not installed."""
    import onnx  # noqa: F401 - the export needs it
    import torch

    from tests.torch_networks import NETWORKS

    class Module(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            taking.start()
            return NETWORKS[name](taking, x)

    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Module(), (image,), stream, input_names=["x"], dynamo=False)
    return stream.getvalue()


def measure(name: str, threads: int) -> None:
    """A line: medians, and cnncalc's share of each."""
    who = contestants(name, threads)
    wanted = None
    times: dict[str, list[float]] = {key: [] for key in who}
    for _ in range(ROUNDS):
        for key, run in who.items():
            # The threads of the one before stay awake for a while, and would take a core from this one.
            time.sleep(0.3)
            y = run()
            wanted = y if wanted is None else wanted
            assert np.abs(y - wanted).max() <= 1e-4 * np.abs(wanted).max(), key
            for _ in range(1 if key == "onnx reference" else RUNS):
                begun = time.perf_counter()
                run()
                times[key].append(time.perf_counter() - begun)
    own = statistics.median(times["cnncalc"])
    parts = [f"{name:14}"]
    for key, values in times.items():
        middle = statistics.median(values)
        parts.append(
            f"{key} {middle * 1000:7.1f}" + (f" (cnncalc takes {own / middle:5.2f} times that)" if key != "cnncalc" else "")
        )
    print("  ".join(parts), flush=True)


def peak() -> None:
    """The largest resident set while VGG-16 runs, above that before, beside what is aimed at."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return
    page = os.sysconf("SC_PAGE_SIZE")
    net = cnncalc.load(ROOT / "specs" / "vgg16.yaml")
    weights = net.weights(0)
    x = random_inputs(net.graph, 1, "float32", 0)["input"]
    before = most = int(statm.read_text().split()[1]) * page
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            most = max(most, int(statm.read_text().split()[1]) * page)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(3):
        net.forward(x, weights=weights)
    done.set()
    watcher.join()
    pair = max(4 * (node.shape.size + node.inputs[0].flow.size) for node in net.layers)
    print(f"vgg16 above its weights: {(most - before) / 2**20:.1f} MiB, aim {1.3 * pair / 2**20 + 64:.1f} MiB")


def process() -> None:
    """Whole processes of `cnncalc run specs/resnet50.yaml`."""
    command = [sys.executable, "-c", "from cnncalc.cli import main; main()", "run", "specs/resnet50.yaml"]
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    print(f"cnncalc run specs/resnet50.yaml: {statistics.median(times):.2f} s, aim 1.2 s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("names", nargs="*", default=NAMES, help="networks of specs/; all of these four unless given")
    parser.add_argument("--only", choices=["peak"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only == "peak":
        peak()
        return
    for name in options.names:
        measure(name, options.threads)
    # In a process of its own, so that nobody else's memory is counted.
    subprocess.run([sys.executable, __file__, "--only", "peak"], check=True)
    process()


if __name__ == "__main__":
    main()
