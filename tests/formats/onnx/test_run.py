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


class Untrained(torch.nn.Module):
    """Norms with factors of one and offsets of zero, and biases of zero, as they are before training."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.conv = nn.Sequential(nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.norms = nn.ModuleList([nn.LayerNorm(8), nn.LayerNorm(8)])
        self.groups = nn.GroupNorm(2, 8)
        self.up = nn.ConvTranspose2d(8, 8, 2, 2)
        self.linear = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])
        for one in (self.up, *self.linear):
            nn.init.zeros_(one.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.up(self.conv(self.stem(x)))
        x = self.groups(x).permute(0, 2, 3, 1)
        for norm, linear in zip(self.norms, self.linear, strict=True):
            x = x + linear(norm(x))
        return x.permute(0, 3, 1, 2)


@pytest.mark.parametrize("training", ["EVAL", "PRESERVE"])
def test_equal_arrays_that_are_stored_once_count_once(training: str, tmp_path: Path) -> None:
    import onnx

    torch.manual_seed(0)
    path, x = tmp_path / "untrained.onnx", torch.randn(1, 3, 10, 9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mode = getattr(torch.onnx.TrainingMode, training)
        torch.onnx.export(
            Untrained().eval(), (x,), str(path), dynamo=False, training=mode, do_constant_folding=training == "EVAL"
        )
    net = compare(path, x.numpy())
    assert net.reading.complete
    stored = [one.dims for one in onnx.load(path).graph.initializer if one.data_type == onnx.TensorProto.FLOAT and one.dims]
    assert net.parameters == sum(int(np.prod(dims)) for dims in stored)
    assert [8] in stored
    assert sum(node.shared is not None for node in net.layers) >= 6
