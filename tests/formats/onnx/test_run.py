"""The forward pass of ONNX files with their own weights, compared with onnxruntime."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import cnncalc

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from tests.formats.onnx.networks import NETWORKS, made  # noqa: E402 - needs torch


def export(name: str, path: Path, *, dynamo: bool, keep_norms: bool = False) -> np.ndarray:
    """Writes a network as ONNX and returns an input for it."""
    network, x = made(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            pytest.importorskip("onnxscript")
            torch.onnx.export(network, (x,), str(path), dynamo=True, verbose=False, external_data=False)
        else:
            training = torch.onnx.TrainingMode.PRESERVE if keep_norms else torch.onnx.TrainingMode.EVAL
            torch.onnx.export(network, (x,), str(path), dynamo=False, training=training, do_constant_folding=not keep_norms)
    return x.numpy()


def compare(path: Path, x: np.ndarray) -> cnncalc.Network:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    wanted = session.run(None, {session.get_inputs()[0].name: x})[0]
    net = cnncalc.load(path)
    assert net.problems == []
    assert net.file_weights() is not None
    (source,) = net.inputs
    axes = range(x.ndim)
    found = net.forward(x.transpose(axes) if x.ndim > 2 else x)
    assert source.flow is not None
    assert found.size == wanted.size
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())
    return net


#: The new exporter takes ten seconds for a network; CNNCALC_ALL=1 runs those that are left out here.
DYNAMO = list(NETWORKS) if os.environ.get("CNNCALC_ALL") else list(NETWORKS)[:15:3]
EXPORTS = [(name, exporter) for exporter in ("legacy", "legacy_bn") for name in NETWORKS] + [(name, "dynamo") for name in DYNAMO]


@pytest.mark.parametrize(("name", "exporter"), EXPORTS)
def test_as_onnxruntime(name: str, exporter: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.onnx"
    x = export(name, path, dynamo=exporter == "dynamo", keep_norms=exporter == "legacy_bn")
    net = compare(path, x)
    assert net.reading.complete
    kinds = Counter(node.kind for node in net.layers)
    assert kinds["attention"] == {"transformer": 1, "transformer_tanh": 1, "heads": 2}.get(name, 0)
    assert kinds["global_response_norm"] == (name == "convnext")
    assert kinds["groupnorm"] == {"normalised": 1, "grouped": 2}.get(name, 0)
    network, _ = made(name)
    if name == "grouped" and exporter != "dynamo":
        # The gain of the weight norm and the factors of low rank change weights only: each counts once.
        assert net.parameters == sum(p.numel() for p in network.parameters())
    if name == "masked":
        # A layer norm without offsets has none, although exporters write zeros. A constant mask is not learned.
        assert net.parameters == sum(p.numel() for p in network.parameters())
    if exporter == "legacy_bn":
        assert net.parameters >= sum(p.numel() for p in network.parameters() if p.numel() > 1)
