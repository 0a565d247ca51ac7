"""Operators that write over a part of a tensor, compared with PyTorch; skipped without it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import cnncalc

torch = pytest.importorskip("torch")

WRITES = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.added, self.factor = nn.Parameter(torch.randn(8)), nn.Parameter(torch.randn(8))

    def forward(self, x):
        y = self.conv(x)
        y[:, :4] += 1
        z = torch.zeros_like(y)
        z[:, :, ::2] = y[:, :, 1::2]
        z[:, :, 1::2] = y[:, :, ::2]
        view = y.view(1, 8, 24)
        first, second = view.chunk(2, 1)
        first.mul_(2)
        y.permute(0, 2, 3, 1).add_(self.added)
        y[:, 0] = 0
        y[:, 1, 1:3, 2:5] = 1.5
        y.unbind(1)[3].relu_()
        last = y[:, 2]
        last[:, :, -1] = y[:, 4, :, 0]
        y.transpose(2, 3)[:, 5].sigmoid_()
        y.narrow(1, 6, 2).clamp_(min=0)
        return y + z, view, second * self.factor[4:].view(1, 4, 1)
"""


def test_a_write_changes_the_tensor_and_all_of_its_views(tmp_path: Path) -> None:
    path = tmp_path / "writes.py"
    path.write_text(textwrap.dedent(WRITES), "utf-8")
    names: dict[str, object] = {}
    exec(WRITES, names)
    model = names["Net"]().eval()
    net = cnncalc.load(f"{path}:Net", input="4x6x3")
    assert net.reading.complete
    weights = {node: dict(arrays) for node, arrays in net.weights(seed=0).items()}
    weights["conv"] = {name: one.detach().numpy() for name, one in model.conv.named_parameters()}
    for node in net.layers:
        if node.kind == "add_bias":
            weights[node.name] = {"bias": model.added.detach().numpy()}
        elif node.kind in ("scale", "parameter") and node.parameters == 8:
            weights[node.name] = {"weight": model.factor.detach().numpy().reshape(weights[node.name]["weight"].shape)}
        elif node.kind == "parameter":
            weights[node.name] = {"weight": weights[node.name]["weight"] * 0 + (1.5 if node.shape == (2, 3) else 0)}
    x = torch.randn(1, 3, 4, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = [one.numpy() for one in model(x)]
    found = net.forward(x.numpy(), weights=weights)
    assert net.parameters == 8 * 28 + 8 + 8
    for one, other in zip(found.values(), expected, strict=True):
        # A tensor of three axes is a sequence, whose channels are its last axis.
        assert (one if one.ndim == 4 else one.transpose(0, 2, 1)) == pytest.approx(other, rel=1e-5, abs=1e-6)
