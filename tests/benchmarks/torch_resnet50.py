"""ResNet-50 of PyTorch modules, summed up by torchinfo: what `show.py` holds `cnncalc show resnet50` against."""

import torch
import torchinfo
from torch import nn


def conv_bn(inside: int, out: int, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out))


class Bottleneck(nn.Module):
    """Three convolutions, added to what comes in, which is projected where sizes or channels change."""

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(inside, width), nn.ReLU(), conv_bn(width, width, 3, stride), nn.ReLU(), conv_bn(width, 4 * width)
        )
        self.shortcut = conv_bn(inside, 4 * width, 1, stride) if inside != 4 * width else nn.Identity()
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(self.body(x) + self.shortcut(x))


def resnet50() -> nn.Sequential:
    layers: list[nn.Module] = [conv_bn(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inside = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            layers.append(Bottleneck(inside, width, 2 if stage and not block else 1))
            inside = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inside, 1000))


if __name__ == "__main__":
    found = torchinfo.summary(resnet50(), (1, 3, 224, 224), device="cpu", depth=9, verbose=1)
    # torchvision's total: the same network.
    assert found.total_params == 25_557_032
