"""The estimate that decides whether a run may start, beside what NumPy allocates in it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cnncalc
from cnncalc.kernels.buffers import acquire_pool, idle_bytes
from cnncalc.layers.activation import ReLU

ROOT = Path(__file__).parents[2]

#: Networks of some MiB, and one spec.
NETWORKS = {
    "lstm": "input: 1500x128\nlayers: [{lstm: 256, return: sequence}]\n",
    "bidirectional gru": "input: 1500x128\nlayers: [{gru: 256, bidirectional: true, return: sequence}]\n",
    "bilinear": "input: 96x96x64\nlayers: [relu, {upsample: 2, mode: bilinear}]\n",
    "adaptive pool": "input: 192x192x64\nlayers: [relu, {adaptive_avgpool: 96}]\n",
    "lrn": "input: 192x192x64\nlayers: [relu, lrn]\n",
    "groupnorm": "input: 192x192x64\nlayers: [relu, {groupnorm: 8}]\n",
    "layernorm": "input: 192x192x64\nlayers: [relu, layernorm]\n",
    "depthwise 7x7": "input: 160x160x64\nlayers: [relu, {depthwise_conv: 1, kernel_size: 7, padding: 3}]\n",
    "1-D convolution": "input: 40000x64\nlayers: [relu, {conv: 64, kernel_size: 9, padding: 4}]\n",
    "3-D convolution": "input: 20x48x48x32\nlayers: [relu, {conv: 32, kernel_size: 3, padding: 1}]\n",
    "transposed": "input: 96x96x64\nlayers: [relu, {conv_transpose: 64, kernel_size: 4, stride: 2, padding: 1}]\n",
    "conv_lstm": "input: 6x48x48x4\nlayers: [{conv_lstm: 32, kernel_size: 3, padding: same, return: sequence}]\n",
    "gelu": "input: 96x96x64\nlayers: [{conv: 128, kernel_size: 1}, gelu]\n",
    "matrix products of attention": "input: 900x192\nlayers: [{attention: 3}, {linear: 768}, gelu, {linear: 192}]\n",
    "skips": "input: 128x128x32\nlayers:\n  - {conv: 64, kernel_size: 3, name: a}\n  - relu\n  - {maxpool: 2}\n"
    "  - {conv_transpose: 64, kernel_size: 2, stride: 2}\n  - {crop: 0, from: relu1, name: c}\n  - {concat: conv_transpose1}\n"
    "  - {conv: 32, kernel_size: 3}\n",
    "squeezenet1_1": "",
}

CODE = """
import sys, tracemalloc
import numpy as np
import cnncalc
from cnncalc.forward.observe import observe
from cnncalc.forward.runner import Runner, random_inputs
from cnncalc.kernels import buffers, import_all
import_all()
# Memory that the system maps is not traced.
buffers.fresh = lambda size: np.empty(size, np.uint8)
net = cnncalc.load(sys.argv[1]) if sys.argv[1].endswith(".yaml") else cnncalc.loads(sys.argv[1])
assert not net.problems
runner = Runner(net.graph, threads=2, dtype=sys.argv[2])
batch = int(sys.argv[3])
estimate = runner.estimate(batch, sys.argv[2], watched=True)
tracemalloc.start()
observe(runner, random_inputs(net.graph, batch, sys.argv[2], 0), force=True)
print(tracemalloc.get_traced_memory()[1], estimate)
"""


#: Kernels that hold parts of a batch at a time, however many examples it has.
IN_PARTS = {
    "lrn": NETWORKS["lrn"],
    "gru": "input: 600x64\nlayers: [{gru: 256, return: sequence}]\n",
    "attention": "input: 600x64\nlayers: [{attention: 4}]\n",
}


def compared(network: str, dtype: str, batch: int) -> tuple[int, int]:
    """Return the bytes that a run takes, and the estimate."""
    done = subprocess.run([sys.executable, "-c", CODE, network, dtype, str(batch)], check=True, capture_output=True, text=True)
    taken, estimate = map(int, done.stdout.split())
    return taken, estimate


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_estimate_is_not_below_what_is_taken_and_near_it(name: str, dtype: str) -> None:
    network = NETWORKS[name] or str(ROOT / "specs" / f"{name}.yaml")
    taken, estimate = compared(network, dtype, 1)
    # tests/benchmarks/memory.py compares with the resident set, which also holds what NumPy does not see.
    assert taken <= estimate <= 2 * taken


def test_the_order_of_each_result_is_determined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 300
    net = cnncalc.loads(f"input: 4x4x2\nlayers: [{{relu: null, repeat: {count}}}]\n")
    asked: list[object] = []
    function = ReLU.function
    monkeypatch.setattr(ReLU, "function", lambda self: asked.append(self) or function(self))
    net.forward(np.zeros((1, 2, 4, 4), np.float32), weights={})
    # A layer is asked a few times, and not once per layer before it: those would be 300·299/2 = 44,850.
    assert count <= len(asked) <= 20 * count


@pytest.mark.parametrize("name", IN_PARTS)
def test_the_estimate_of_a_batch(name: str) -> None:
    taken, estimate = compared(IN_PARTS[name], "float32", 6)
    assert taken <= estimate <= 2 * taken + (1 << 20)


def test_a_recurrent_convolution_uses_the_memory_of_its_gates_again() -> None:
    def bytes_of_buffers(steps: int) -> int:
        net = cnncalc.loads(f"input: {steps}x24x24x4\nlayers: [{{conv_lstm: 16, kernel_size: 3, padding: same}}]\n")
        acquire_pool()
        net.forward(np.zeros((1, 4, steps, 24, 24), np.float32), threads=1)
        return idle_bytes()

    assert bytes_of_buffers(3) == bytes_of_buffers(12)
