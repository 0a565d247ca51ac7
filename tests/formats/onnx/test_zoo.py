"""A folder of networks with the truth about them, named by CNNCALC_ZOO: SOURCE/NAME/FLAVOUR.onnx, FLAVOUR.nodes.json, truth.json.

The folder is not part of the repository. nodes.json was computed from the file alone by another program: parameters by role, MACs,
and the shape of each convolution, pool and linear layer; truth.json is the framework's.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

import cnncalc

ZOO = os.environ.get("CNNCALC_ZOO")
FILES = sorted(Path(ZOO).glob("*/*/*.onnx")) if ZOO else []
KINDS = ("conv", "depthwise_conv", "conv_transpose", "maxpool", "avgpool", "fc", "linear")
#: Files whose recorded parameters count arrays that nothing learns, where the framework's number is not that of the file either.
COUNTED_OTHERWISE = {
    "cpubone_nano/legacy": "factors of a resize, and ones and zeros of group norms",
    "efficientformerv2_s0/legacy": "factors of a resize",
}


@pytest.mark.skipif(not FILES, reason="CNNCALC_ZOO does not name a folder of networks")
@pytest.mark.parametrize("path", FILES, ids=["/".join(path.with_suffix("").parts[-3:]) for path in FILES])
def test_zoo(path: Path) -> None:
    truth = json.loads((path.parent / "truth.json").read_text())
    nodes = json.loads(path.with_name(f"{path.stem}.nodes.json").read_text())
    try:
        net = cnncalc.load(path, input="224x224x3" if "dynhw" in path.stem else None)
    except cnncalc.SpecError as error:
        assert "StatefulPartitionedCall" in str(error)
        return
    assert [str(problem) for problem in net.problems if problem.level == "error"] == []
    if f"{path.parent.name}/{path.stem}" not in COUNTED_OTHERWISE:
        # The record counts every stored array: also copies, encodings of places, and ones and zeros of a norm taken apart.
        # The framework counts batch norm whole, of which half is folded away where the file has none.
        folded = truth.get("bn_affine_parameters", 0) - nodes["parameters_by_role"].get("bn_affine", 0)
        assert net.parameters in (nodes["parameters_without_bn_stats_and_scalars"], truth["parameters"] - folded // 2)
    assert net.buffers == nodes["parameters_by_role"].get("bn_stats", 0)
    macs = {sum(nodes["macs"].values()), truth.get("macs_flopcounter")} - {0, None}
    assert not macs or net.macs in macs
    if not nodes["values_of_unknown_shape"]:
        wanted = Counter(tuple(sorted(n for n in layer[3] if n != 1)) for layer in nodes["layers"])
        shapes = [node.shape for node in net.layers if node.kind in KINDS and node.shape is not None]
        found = Counter(tuple(sorted(n for n in shape if n != 1)) for shape in shapes)
        for node in net.layers:
            if node.kind == "attention" and node.shape is not None:
                # Queries, keys and values apart, in pairs or together, and the last linear layer.
                length, channels = node.shape
                found.update(tuple(sorted((length, width * channels))) for width in (1, 1, 1, 1, 2, 3))
        assert not wanted - found
