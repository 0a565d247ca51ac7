"""Operators of PyTorch that become several layers, compared with PyTorch's own results; skipped without PyTorch."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnncalc

torch = pytest.importorskip("torch")

MANY = """
import math
import torch
from torch import nn
from torch.nn import functional as F

class Many(nn.Module):
    def forward(self, x):
        rows, columns = torch.meshgrid(torch.linspace(-1, 1, 4), torch.arange(6.0), indexing="ij")
        grid = torch.outer(torch.linspace(0, 1, 4), torch.ones(6)) + torch.eye(4, 6) + rows * columns
        mask = torch.ones(4, 6, dtype=torch.bool).tril(1)
        tokens = x.flatten(2).mT
        heads = tokens.reshape(1, 24, 2, 3).transpose(1, 2)
        return [
            x.var((2, 3)), x.std(1), x.var(1, unbiased=False), x.max(1)[0], x.min(2)[0], torch.amin(x, (1, 2)),
            F.glu(x, 1), F.logsigmoid(x), F.tanhshrink(x), F.softsign(x), torch.expm1(x), torch.log1p(x.abs()),
            torch.logsumexp(x, 1), torch.lerp(x, 2 * x, 0.25), F.softplus(x, beta=2), torch.sin(x), torch.cos(x),
            x.movedim(1, -1).exp(), x.unfold(2, 2, 2).sum(-1), F.unfold(x, 2, stride=2), torch.maximum(x, -x),
            F.fold(F.unfold(x, 2, stride=2).tanh(), (4, 6), 2, stride=2), x.repeat_interleave(2, 1), x.tile(1, 1, 2, 1),
            F.interpolate(x[:, :, None], scale_factor=2, mode="trilinear"),
            # With numbers of the program, which the exported network has not:
            x + grid, x.masked_fill(~mask, 0.5), torch.where(mask, x, 2 * x),
            F.scaled_dot_product_attention(heads, heads, heads, is_causal=True),
        ]
"""


def same(one, other) -> bool:
    """Whether two arrays have the same numbers, in an order of the axes that the layout allows."""
    import itertools

    import numpy as np

    one, other = np.squeeze(one), np.squeeze(other)
    orders = (one.transpose(order) for order in itertools.permutations(range(one.ndim)))
    return any(turned.shape == other.shape and np.allclose(turned, other, 1e-5, 1e-6) for turned in orders)


def test_results_are_those_of_pytorch(tmp_path: Path) -> None:
    path = tmp_path / "many.py"
    path.write_text(MANY, "utf-8")
    net = cnncalc.load(f"{path}:Many", input="4x6x6")
    assert net.reading.complete
    names: dict[str, type] = {}
    exec(MANY, names)
    x = torch.randn(1, 6, 4, 6, generator=torch.Generator().manual_seed(0))
    wanted = [one.numpy() for one in names["Many"]()(x)]
    found = list(net.forward(x.numpy(), seed=0).values())
    assert [one.size for one in found] == [one.size for one in wanted]
    assert [i for i, (one, other) in enumerate(zip(found[:-4], wanted, strict=False)) if not same(one, other)] == []


STATES = """
import torch
from torch import nn

class States(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)
        self.cell, self.gru = nn.LSTMCell(3, 5), nn.GRUCell(3, 5)

    def forward(self, x):
        _, (last, _) = self.lstm(x)
        h = c = g = torch.zeros(1, 5)
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
            g = self.gru(step, g)
        return last[-1], h, g
"""


def test_states_of_several_layers_and_of_cells(tmp_path: Path) -> None:
    path = tmp_path / "states.py"
    path.write_text(STATES, "utf-8")
    net = cnncalc.load(f"{path}:States", input="3x3")
    assert net.reading.complete
    # 4 gates of 4 units for 3 and 2·4 inputs in two directions, and cells of 4 and 3 gates of 5 units, with two biases each.
    assert net.parameters == 2 * 16 * (3 + 4 + 2) + 2 * 16 * (8 + 4 + 2) + 20 * (3 + 5 + 2) + 15 * (3 + 5 + 2)
    assert [(node.kind, node.shape) for node in net.layers if node.kind == "lstm"] == [("lstm", (3, 8)), ("lstm", (8,))]
    assert [node.shape for node in net.outputs] == [(4,), (5,), (5,)]


LATENT = """
import torch
from torch import nn
from torch.nn import functional as F

class Latent(nn.Module):
    def __init__(self):
        super().__init__()
        self.latents, self.positions = nn.Parameter(torch.randn(1, 4, 8)), nn.Embedding(6, 8)
        self.queries, self.both = nn.Linear(8, 8), nn.Linear(3, 16)
        self.lstm = nn.LSTM(8, 8, batch_first=True)

    def forward(self, x):
        keys, values = self.both(x.mT).chunk(2, -1)
        x = F.scaled_dot_product_attention(self.queries(self.latents), keys, values)
        x = x + self.positions(torch.arange(4))
        first = x[:, :1].transpose(0, 1)
        return self.lstm(x, (first, torch.zeros_like(first)))[0], x.topk(2, 1)[0]
"""


def test_layers_on_learned_arrays_and_given_states(tmp_path: Path) -> None:
    path = tmp_path / "latent.py"
    path.write_text(LATENT, "utf-8")
    net = cnncalc.load(f"{path}:Latent", input="5x3")
    assert net.parameters == 4 * 8 + 6 * 8 + 8 * (8 + 1) + 16 * (3 + 1) + 4 * 8 * (8 + 8 + 2)
    assert net["queries"].inputs[0].kind == "parameter"
    # Initial states that are given make the LSTM a custom layer, of which the MACs are known: 4 steps of 4·8 gates. The largest
    # numbers of a sequence are custom too and multiply nothing. Products with 4 queries and 5 places count 8 each, twice.
    assert [(node.layer.operator, node.macs) for node in net.layers if node.kind == "custom"] == [
        ("lstm", 4 * 32 * (8 + 8)),
        ("topk", 0),
    ]
    assert net.macs == 5 * 3 * 16 + 4 * 8 * 8 + 2 * 4 * 5 * 8 + 4 * 32 * (8 + 8)
    assert not net.graph.uncounted
