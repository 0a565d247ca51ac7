"""How much memory a run takes beside the estimate that decides whether it may start: each bundled network, and kinds alone.

Run as `python tests/benchmarks/memory.py`, with `--batch N` for more than one example, or with names of networks or kinds.
Each runs in a process of its own; taken is the peak of the resident set above that before the run, with all modules imported,
as `cnncalc run` has them when it compares the estimate with the free memory. The estimate must be between 1 and 1.3 times what
is taken.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

#: Kinds alone, each large enough that its own memory is most of what is taken.
KINDS = {
    "lstm": "input: 4000x256\nlayers: [{lstm: 512, return: sequence}]\n",
    "bidirectional gru": "input: 4000x256\nlayers: [{gru: 512, bidirectional: true, return: sequence}]\n",
    "rnn": "input: 4000x256\nlayers: [{rnn: 512}]\n",
    "bilinear": "input: 256x256x64\nlayers: [relu, {upsample: 2, mode: bilinear}]\n",
    "adaptive pool": "input: 512x512x64\nlayers: [relu, {adaptive_avgpool: 256}]\n",
    "lrn": "input: 512x512x64\nlayers: [relu, lrn]\n",
    "groupnorm": "input: 512x512x64\nlayers: [relu, {groupnorm: 8}]\n",
    "instancenorm": "input: 512x512x64\nlayers: [relu, instancenorm]\n",
    "layernorm": "input: 512x512x64\nlayers: [relu, layernorm]\n",
    "batchnorm": "input: 512x512x64\nlayers: [relu, batchnorm]\n",
    "depthwise 7x7": "input: 256x256x128\nlayers: [relu, {depthwise_conv: 1, kernel_size: 7, padding: 3}]\n",
    "1-D convolution": "input: 100000x64\nlayers: [relu, {conv: 64, kernel_size: 9, padding: 4}]\n",
    "3-D convolution": "input: 32x64x64x32\nlayers: [relu, {conv: 32, kernel_size: 3, padding: 1}]\n",
    "transposed": "input: 128x128x64\nlayers: [relu, {conv_transpose: 64, kernel_size: 4, stride: 2, padding: 1}]\n",
    "maxpool": "input: 512x512x64\nlayers: [relu, {maxpool: 3, stride: 2, padding: 1, fit: floor}]\n",
    "attention": "input: 4000x256\nlayers: [{attention: 8}]\n",
    "pixel shuffle": "input: 256x256x64\nlayers: [relu, {pixel_shuffle: 2}]\n",
    "channel shuffle": "input: 512x512x64\nlayers: [relu, {channel_shuffle: 4}]\n",
    "flatten": "input: 512x512x64\nlayers: [relu, flatten, relu]\n",
    "conv_lstm": "input: 8x48x48x4\nlayers: [{conv_lstm: 16, kernel_size: 3, padding: same, return: sequence}]\n",
    "gelu": "input: 512x512x64\nlayers: [relu, gelu]\n",
    "fc": "input: 128x128x64\nlayers: [relu, {fc: 32}]\n",
}


def measure(name: str, dtype: str, watched: bool, batch: int) -> tuple[int, int]:
    """Bytes that a run takes, and the estimate."""
    import cnncalc
    from cnncalc.forward.observe import observe
    from cnncalc.forward.runner import Runner, random_inputs
    from cnncalc.kernels import import_all

    import_all()
    net = cnncalc.loads(KINDS[name]) if name in KINDS else cnncalc.load(ROOT / "specs" / f"{name}.yaml")
    runner = Runner(net.graph, dtype=dtype)
    estimate = runner.estimate(batch, dtype, watched=watched)
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    inputs = random_inputs(net.graph, batch, dtype, 0)
    if watched:
        observe(runner, inputs, force=True)
    else:
        runner(inputs, force=True)
    return _status("VmHWM") - before, estimate


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(key))


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(*measure(sys.argv[2], sys.argv[3], sys.argv[4] == "watched", int(sys.argv[5])))
        return
    names, batch = sys.argv[1:], "1"
    if names[:1] == ["--batch"]:
        batch, names = names[1], names[2:]
    specs = sorted(path.stem for path in (ROOT / "specs").glob("*.yaml"))
    print(f"{'MiB':30} {'taken':>8} {'estimate':>9} {'ratio':>6}")
    for name in names or [*specs, *KINDS]:
        for dtype, mode in (("float32", "watched"), ("float32", "fused"), ("float64", "watched")):
            command = [sys.executable, __file__, "--one", name, dtype, mode, batch]
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
            if done.returncode:
                print(f"{name} {dtype} {mode}: {done.stderr.splitlines()[-1]}")
                continue
            taken, estimate = map(int, done.stdout.split())
            mark = " below" if estimate < taken else " above 1.3" if estimate > 1.3 * taken else ""
            print(
                f"{name + ' ' + dtype + ' ' + mode:42} {taken / 2**20:8.1f} {estimate / 2**20:9.1f} {estimate / taken:6.2f}{mark}",
                flush=True,
            )


if __name__ == "__main__":
    main()
