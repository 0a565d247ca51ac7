"""From a keystroke to diagnostics and hints, through the server; beside it PyYAML's time to parse the same text.

Run as `python -m tests.benchmarks.editor`. Prints the median and the 99th percentile in milliseconds: of the wall clock, and of
the server's own CPU time, which a busy machine disturbs less. A keystroke comes 0.1 seconds after the answers to the one before.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from pathlib import Path

import yaml

from tests.editor.client import Client

SPECS = Path(__file__).parents[2] / "specs"
KEYS = 150
PAUSE = 0.1
EVERYTHING = {"start": {"line": 0, "character": 0}, "end": {"line": 99_999, "character": 0}}


def long_text(rows: int) -> str:
    """A network of `rows` rows."""
    return "input: 32x32x3\nlayers:\n" + "  - {conv: 10, kernel_size: 3, padding: 1}\n  - relu\n" * (rows // 2)


def measure(client: Client, name: str, text: str, keys: int = KEYS) -> None:
    """Types digits into random numbers of a text, one at a time, and takes each away again."""
    uri = f"file:///nets/{name}.yaml"
    document = {"uri": uri, "languageId": "yaml", "version": 0, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": document})
    client.diagnostics(uri, 0)
    lines = text.split("\n")
    places = [(n, at) for n, line in enumerate(lines) for at in range(len(line)) if line[at].isdigit() and "{" in line[:at]]
    draw, times, busy, parses = random.Random(0), [], [], []
    for key in range(keys):
        line, at = draw.choice(places)
        spot = {"line": line, "character": at}
        typed = {"range": {"start": spot, "end": spot}, "text": "1"}
        taken = {"range": {"start": spot, "end": {"line": line, "character": at + 1}}, "text": ""}
        for step, change in enumerate((typed, taken)):
            version = 2 * key + step + 1
            client.notifications.clear()
            time.sleep(PAUSE)
            used, begin = cpu(client), time.perf_counter()
            changed = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
            client.notify("textDocument/didChange", changed)
            client.request("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": EVERYTHING})
            client.diagnostics(uri, version)
            times.append(1000 * (time.perf_counter() - begin))
            busy.append(cpu(client) - used)
        if key % 10 == 0:
            begin = time.perf_counter()
            yaml.compose(text, yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)
            parses.append(1000 * (time.perf_counter() - begin))
    parse = statistics.median(parses)
    print(f"{name:20} wall {spread(times)}  CPU {spread(busy)}  PyYAML compose {parse:6.1f} ms", flush=True)


def spread(times: list[float]) -> str:
    times = sorted(times)
    return f"median {statistics.median(times):6.1f} p99 {times[int(0.99 * len(times))]:6.1f} ms"


def cpu(client: Client) -> float:
    """CPU time of the server so far, in milliseconds; 0 where the system does not say it to the nanosecond."""
    try:
        ran = Path(f"/proc/{client.process.pid}/schedstat").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0.0
    return int(ran) / 1e6


def main() -> None:
    client = Client()
    for name in sys.argv[1:] or ("densenet121", "resnet50"):
        measure(client, name, (SPECS / f"{name}.yaml").read_text(encoding="utf-8"))
    measure(client, "2000-rows", long_text(2000), KEYS // 3)
    client.close()


if __name__ == "__main__":
    main()
