"""PyTorch models, `MODULE:CALLABLE`: exported by PyTorch in the model's own environment, in a separate process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from cnncalc.build.reading import Reading, Source, unusable
from cnncalc.problem import Location
from cnncalc.shape import Flow, Tokens

if TYPE_CHECKING:
    from cnncalc.build.changes import Changes

_SPEC = re.compile(r"(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|.+\.py):[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")

#: The Python that runs the model, if it is not the one that runs cnncalc; the option --python sets it.
PYTHON_VARIABLE = "CNNCALC_PYTHON"


def is_spec(text: str | None) -> bool:
    """Whether a text is MODULE:CALLABLE or FILE.py:CALLABLE.

    >>> is_spec("torchvision.models:resnet18"), is_spec("model.py:build"), is_spec("net.yaml"), is_spec("C:/net.yaml")
    (True, True, False, False)
    """
    return text is not None and _SPEC.fullmatch(text) is not None and not os.path.exists(text)


def read(source: Source, changes: Changes) -> Reading:
    """The network of a model. Raises SpecError if it cannot be exported."""
    from cnncalc.formats.pytorch.model import network

    spec = source.file or ""
    layout = changes.layout or "channels_last"
    flows = _inputs(spec, changes, layout)
    described = _export(spec, flows)
    if "error" in described:
        place = described.get("place")
        at, file = (Location(place[1], 1, place[1], 1), _shown(place[0])) if place else (Location(), spec)
        raise unusable("file", file, at, described["error"])
    for node in described["nodes"]:
        if node["place"]:
            node["place"][0] = _shown(node["place"][0])
    reading = network(source, described, flows, changes)
    reading.problems.sort(key=lambda p: (p.file or "", p.location))
    return reading


def _shown(file: str) -> str:
    """A path below the current folder as a relative one."""
    return file.removeprefix(os.path.join(os.getcwd(), ""))


def _inputs(spec: str, changes: Changes, layout: str) -> dict[str | None, Flow]:
    if not changes.input:
        raise unusable("file", spec, Location(), "a PyTorch model needs the shape of its input; give it as --input 224x224x3")
    declared: dict[str, Flow | None] = {name or "input": None for name, _, _ in changes.input}
    found = changes.inputs(declared, layout)
    unnamed = len(changes.input) == 1 and changes.input[0][0] is None
    flows: dict[str | None, Flow] = {}
    for name, flow in found.items():
        if flow is not None:
            flows[None if unnamed else name] = flow
    return flows


def _export(spec: str, flows: dict[str | None, Flow]) -> dict[str, Any]:
    """The output of the exporting process."""
    inputs = []
    for name, flow in flows.items():
        if isinstance(flow, Tokens):
            inputs.append([name, [1, flow.length], "int"])
        else:
            inputs.append([name, [1, *flow.ordered("channels_first")], "float"])
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "capture.py")
    python = os.environ.get(PYTHON_VARIABLE) or sys.executable
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "model.json")
        try:
            done = subprocess.run(
                [python, script, spec, json.dumps(inputs), output],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
            )  # fmt: skip
        except OSError as error:
            raise unusable("file", spec, Location(), f"{python} cannot be run: {error.strerror or error}") from None
        try:
            with open(output, encoding="utf-8") as stream:
                found: dict[str, Any] = json.load(stream)
        except (OSError, ValueError):
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            message = lines[-1] if lines else f"the process ended with status {done.returncode}"
            raise unusable("file", spec, Location(), f"the model cannot be exported: {message}") from None
    return found
