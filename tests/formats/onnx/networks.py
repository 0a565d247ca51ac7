"""Small networks in PyTorch, made for these tests, in the styles of published ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    """A block with batch norm and a shortcut, as in ResNet."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.down = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Any) -> Any:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.down(x))


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.layer1 = Residual(8, 12, 1)
        self.layer2 = Residual(12, 20, 2)
        self.fc = nn.Linear(20, 10)

    def forward(self, x: Any) -> Any:
        x = self.layer2(self.layer1(self.stem(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class SqueezeExcite(nn.Module):
    """Inverted residuals with hard-swish and a channel gate, as in MobileNetV3."""

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Conv2d(3, 18, 1)
        self.depthwise = nn.Conv2d(18, 18, 5, 2, 2, groups=18)
        self.reduce = nn.Conv2d(18, 6, 1)
        self.restore = nn.Conv2d(6, 18, 1)
        self.project = nn.Conv2d(18, 7, 1)

    def forward(self, x: Any) -> Any:
        x = F.hardswish(self.expand(x))
        x = F.hardswish(self.depthwise(x))
        gate = F.hardsigmoid(self.restore(F.relu(self.reduce(F.adaptive_avg_pool2d(x, 1)))))
        return self.project(x * gate)


class Shuffle(nn.Module):
    """A split, a channel shuffle and a concatenation, as in ShuffleNetV2."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, 2, 1)
        self.branch = nn.Sequential(nn.Conv2d(6, 6, 1), nn.ReLU(), nn.Conv2d(6, 6, 3, 1, 1, groups=6))

    def forward(self, x: Any) -> Any:
        a, b = self.stem(x).chunk(2, 1)
        x = torch.cat([a, self.branch(b)], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class ConvNeXt(nn.Module):
    """Depthwise convolution, layer norm and a gated product over channels last, as in ConvNeXt V1 and V2."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, 4)
        self.depthwise = nn.Conv2d(8, 8, 7, 1, 3, groups=8)
        self.norm = nn.LayerNorm(8, eps=1e-6)
        self.up, self.down = nn.Linear(8, 32), nn.Linear(32, 8)
        self.gamma = nn.Parameter(torch.rand(8))
        self.weight, self.bias = nn.Parameter(torch.rand(32)), nn.Parameter(torch.rand(32))
        self.head = nn.Linear(8, 5)

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = F.gelu(self.up(y))
        length = y.norm(p=2, dim=(1, 2), keepdim=True)
        y = self.bias + self.weight * (y * (length / (length.mean(-1, keepdim=True) + 1e-6))) + y
        y = (self.down(y) * self.gamma).permute(0, 3, 1, 2)
        return self.head((x + y).mean((2, 3)))


class Grouped(nn.Module):
    """Group norm, weight norm and a low-rank addition to weights, as in adapted networks."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 12, 3, 2, 1))
        self.norm1, self.norm2 = nn.GroupNorm(4, 12), nn.GroupNorm(1, 12)
        self.weight = nn.Parameter(torch.rand(10, 12))
        self.down, self.up = nn.Parameter(torch.rand(3, 12)), nn.Parameter(torch.rand(10, 3))

    def forward(self, x: Any) -> Any:
        x = self.norm2(F.relu(self.norm1(self.stem(x))))
        return F.linear(x.mean((2, 3)), self.weight + 0.5 * (self.up @ self.down))


class Transformer(nn.Module):
    """Patches, a class token, position embeddings and self-attention, as in ViT."""

    def __init__(self, activation: str = "none") -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 24, 8, 8)
        self.token = nn.Parameter(torch.rand(1, 1, 24))
        self.position = nn.Parameter(torch.rand(1, 17, 24))
        self.norm1, self.norm2 = nn.LayerNorm(24), nn.LayerNorm(24)
        self.qkv, self.proj = nn.Linear(24, 72), nn.Linear(24, 24)
        self.fc1, self.fc2, self.head = nn.Linear(24, 48), nn.Linear(48, 24), nn.Linear(24, 6)
        self.activation = activation

    def forward(self, x: Any) -> Any:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        n, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, length, 3, 4, 6).permute(2, 0, 3, 1, 4).unbind(0)
        weights = ((q * 6**-0.5) @ k.transpose(-2, -1)).softmax(-1)
        x = x + self.proj((weights @ v).transpose(1, 2).reshape(n, length, width))
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x)), approximate=self.activation))
        return self.head(x[:, 0])


class Heads(nn.Module):
    """PyTorch's own multi-head attention, and its scaled dot product with separate projections of queries and keys."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 24, 8, 8)
        self.attention = nn.MultiheadAttention(24, 4, batch_first=True)
        self.q, self.k, self.v, self.out = (nn.Linear(24, 24) for _ in range(4))
        self.head = nn.Linear(24, 6)
        nn.init.uniform_(self.attention.in_proj_bias, -0.5, 0.5)
        nn.init.uniform_(self.attention.out_proj.bias, -0.5, 0.5)

    def forward(self, x: Any) -> Any:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        q, k, v = (layer(x).unflatten(-1, (3, 8)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return self.head(x.mean(1))


class Windows(nn.Module):
    """Attention inside windows, as in Swin."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.qkv = nn.Conv2d(3, 12, 4, 4), nn.Linear(12, 36)

    def forward(self, x: Any) -> Any:
        x = self.stem(x).permute(0, 2, 3, 1)
        n, h, w, c = x.shape
        x = x.view(n, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        q, k, v = self.qkv(x).reshape(-1, 16, 3, 2, 6).permute(2, 0, 3, 1, 4).unbind(0)
        y = (((q @ k.transpose(-2, -1)) * 0.4).softmax(-1) @ v).transpose(1, 2).reshape(-1, 4, 4, c)
        return y.view(n, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c).permute(0, 3, 1, 2)


class UNet(nn.Module):
    """Transposed convolutions, resizing and concatenation, as in U-Net and FPN."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3, 1, 1), nn.Conv2d(6, 9, 3, 2, 1)
        self.c = nn.Conv2d(9, 11, 3, 2, 1)
        self.up = nn.ConvTranspose2d(11, 5, 3, 2, 1, output_padding=1)
        self.d = nn.Conv2d(14, 4, 3, 1, 1)

    def forward(self, x: Any) -> Any:
        a = F.leaky_relu(self.a(x), 0.2)
        b = F.elu(self.b(a))
        c = F.silu(self.c(b))
        d = self.d(torch.cat([self.up(c), b], 1))
        e = F.interpolate(d, scale_factor=2, mode="nearest")
        return torch.cat([e, a, F.interpolate(d, size=a.shape[2:], mode="bilinear", align_corners=False)], 1)


class Normalised(nn.Module):
    """Group, instance and local response normalisation, PReLU, and pools that take the ceiling."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 5)
        self.group, self.instance = nn.GroupNorm(3, 12), nn.InstanceNorm2d(12, affine=True)
        self.slope, self.lrn = nn.PReLU(12), nn.LocalResponseNorm(5)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, 0.1, 0.9)

    def forward(self, x: Any) -> Any:
        x = self.slope(self.instance(self.group(self.conv(x)) - 0.3))
        x = F.max_pool2d(self.lrn(x), 3, 2, ceil_mode=True)
        x = F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False)
        return F.avg_pool2d(x, 2, 2, ceil_mode=True)


class SpaceToDepth(nn.Module):
    """Focus of YOLOv5 and a pixel shuffle."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(12, 8, 3, 1, 1)

    def forward(self, x: Any) -> Any:
        x = torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)
        return F.pixel_shuffle(F.pad(self.conv(x), (1, 2, 3, 0), mode="reflect"), 2)


class ChannelAttention(nn.Module):
    """A convolution over the channels of a global pool, and maps of means and maxima, as in ECA and CBAM."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.eca = nn.Conv2d(3, 10, 3), nn.Conv1d(1, 1, 3, 1, 1, bias=False)
        self.spatial = nn.Conv2d(2, 1, 3, 1, 1)

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        gate = self.eca(F.adaptive_avg_pool2d(x, 1).squeeze(-1).transpose(1, 2)).transpose(1, 2).unsqueeze(-1)
        x = x * torch.sigmoid(gate)
        maps = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.spatial(maps))


class Recurrent(nn.Module):
    """An embedding, a convolution over time, an LSTM in both directions and a GRU."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 7)
        self.conv = nn.Conv1d(7, 9, 3, 1, 1)
        self.lstm = nn.LSTM(9, 6, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(12, 5, batch_first=True)
        self.fc = nn.Linear(5, 3)

    def forward(self, x: Any) -> Any:
        x = torch.relu(self.conv(self.embedding(x).transpose(1, 2))).transpose(1, 2)
        x, _ = self.lstm(x)
        _, last = self.gru(x)
        return self.fc(last[-1])


class Gate(nn.Module):
    """Arithmetic with numbers and arrays of the file, RMS normalisation and a gate of two halves."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, 1, 1)
        self.weight, self.offset = nn.Parameter(torch.rand(8)), nn.Parameter(torch.rand(8, 1, 1))

    def forward(self, x: Any) -> Any:
        a, b = self.conv(x / 2 - 0.25).chunk(2, 1)
        x = (a * torch.sigmoid(b)).permute(0, 2, 3, 1)
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight
        x = x.permute(0, 3, 1, 2) + self.offset
        return 1.5 - torch.sqrt(torch.exp(-x.abs()) + 1) * x.clamp(-0.5, 0.75) ** 3


class Masked(nn.Module):
    """Causal attention with a mask, linear attention as products of three tensors, a stride over places, and resized sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.qkv, self.proj = nn.Conv2d(3, 12, 4, 4), nn.Linear(12, 36), nn.Linear(12, 12)
        self.gate, self.head = nn.Linear(12, 1), nn.Conv1d(12, 5, 3, 1, 1)
        self.norm = nn.LayerNorm(12, bias=False)
        self.direction = nn.Parameter(torch.rand(12))
        self.register_buffer("mask", torch.tril(torch.ones(16, 16, dtype=torch.bool)))

    def forward(self, x: Any) -> Any:
        x = self.norm(self.patches(x).flatten(2).transpose(1, 2))
        q, k, v = self.qkv(x).reshape(1, 16, 3, 2, 6).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-2, -1)).masked_fill(~self.mask, float("-inf"))
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(1, 16, 12)
        x = x + self.proj(y) + torch.where(self.mask[3, :, None], x, torch.full_like(x, 0.5))
        q, k = F.elu(q) + 1, F.elu(k) + 1
        y = torch.einsum("bhld,bhle,bhm->bhme", k, v, q.sum(-1))
        x = x + y.transpose(1, 2).reshape(1, 16, 12) * torch.einsum("...c,c->...", x, self.direction)[..., None]
        x = x * self.gate(x).mean(1, keepdim=True).softmax(-1)
        x = x.view(1, 4, 4, 12)[:, ::2, ::2].reshape(1, 4, 12).transpose(1, 2)
        return F.interpolate(self.head(x), scale_factor=3, mode="linear")


class Cells(nn.Module):
    """Steps of a recurrent cell that starts from zeros: weights that a constant is multiplied by, and that layers share."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.cell, self.fc = nn.Conv1d(6, 6, 1), nn.LSTMCell(6, 8), nn.Linear(8, 2)

    def forward(self, x: Any) -> Any:
        x = self.conv(x).transpose(1, 2)
        h = c = x.new_zeros(1, 8)
        for step in range(3):
            h, c = self.cell(x[:, step], (h, c))
        return self.fc(h)


class Volumes(nn.Module):
    """Convolutions and pools in three axes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(2, 5, 3, (1, 2, 2), 1)
        self.norm = nn.BatchNorm3d(5)
        self.fc = nn.Linear(5 * 2 * 3 * 4, 4)

    def forward(self, x: Any) -> Any:
        return self.fc(F.avg_pool3d(F.relu(self.norm(self.conv(x))), 2).flatten(1))


IMAGE = (1, 3, 32, 32)
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "resnet": (ResNet, IMAGE),
    "squeeze_excite": (SqueezeExcite, IMAGE),
    "shuffle": (Shuffle, IMAGE),
    "convnext": (ConvNeXt, IMAGE),
    "transformer": (Transformer, IMAGE),
    "transformer_tanh": (lambda: Transformer("tanh"), IMAGE),
    "heads": (Heads, IMAGE),
    "windows": (Windows, IMAGE),
    "unet": (UNet, IMAGE),
    "normalised": (Normalised, (1, 3, 34, 37)),
    "space_to_depth": (SpaceToDepth, IMAGE),
    "channel_attention": (ChannelAttention, (1, 3, 12, 14)),
    "recurrent": (Recurrent, (1, 11)),
    "gate": (Gate, (1, 3, 6, 10)),
    "volumes": (Volumes, (1, 2, 4, 12, 16)),
    "grouped": (Grouped, IMAGE),
    "masked": (Masked, (1, 3, 16, 16)),
    "cells": (Cells, (1, 6, 4)),
}


def made(name: str) -> tuple[nn.Module, Any]:
    """A network with random weights and statistics, and an input for it."""
    torch.manual_seed(sum(map(ord, name)))
    make, shape = NETWORKS[name]
    network = make().eval()
    for module in network.modules():
        if isinstance(module, (nn.LayerNorm, nn.GroupNorm)):
            # Equal arrays are stored once by the exporter, and would be shared.
            nn.init.uniform_(module.weight, 0.5, 1.5)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -0.5, 0.5)
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    x = torch.randint(0, 50, shape) if name == "recurrent" else torch.randn(shape)
    return network, x
