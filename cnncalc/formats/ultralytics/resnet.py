"""Torchvision's residual networks, without the children that a row cuts off at the end."""

from __future__ import annotations

from cnncalc.formats.draft import channels
from cnncalc.formats.ultralytics.blocks import add
from cnncalc.formats.ultralytics.catalog import Net
from cnncalc.graph import Producer

RESNETS: dict[str, tuple[tuple[int, int, int, int], int, int, int]] = {
    "resnet18": ((2, 2, 2, 2), 1, 1, 64),
    "resnet34": ((3, 4, 6, 3), 1, 1, 64),
    "resnet50": ((3, 4, 6, 3), 4, 1, 64),
    "resnet101": ((3, 4, 23, 3), 4, 1, 64),
    "resnet152": ((3, 8, 36, 3), 4, 1, 64),
    "resnext50_32x4d": ((3, 4, 6, 3), 4, 32, 4),
    "resnext101_32x8d": ((3, 4, 23, 3), 4, 32, 8),
    "wide_resnet50_2": ((3, 4, 6, 3), 4, 1, 128),
    "wide_resnet101_2": ((3, 4, 23, 3), 4, 1, 128),
}
"""Blocks of each stage, expansion, groups and width per group. Source: He et al. 2015; Xie et al. 2016; Zagoruyko 2016."""


def resnet(net: Net, x: Producer, model: str, truncate: int, split: bool) -> Producer | list[Producer]:
    """All children of the network but the last `truncate`: stem, four stages, pool and classifier."""
    blocks, expansion, groups, width = RESNETS[model]
    results = [x]
    kept = 10 - truncate if truncate else 10
    with net.group("m", model, x):
        for i in range(max(kept, 0)):
            x = results[-1]
            if i == 0:
                x = net.layer("0", "conv", x, filters=64, kernel_size=7, stride=2, padding=3, bias=False)
            elif i == 1:
                x = net.layer("1", "batchnorm", x)
            elif i == 2:
                x = net.layer("2", "relu", x)
            elif i == 3:
                x = net.layer("3", "maxpool", x, kernel_size=3, stride=2, padding=1)
            elif i < 8:
                x = _stage(net, i, x, 64 << (i - 4), blocks[i - 4], expansion, groups, width)
            elif i == 8:
                x = net.layer("8", "adaptive_avgpool", x, output_size=1)
            else:
                x = net.layer("9", "linear", x, units=1000)
            results.append(x)
    return results if split else results[-1]


def _stage(net: Net, i: int, x: Producer, c: int, n: int, expansion: int, groups: int, width: int) -> Producer:
    with net.group(str(i), "Sequential", x):
        for j in range(n):
            x = _block(net, str(j), x, c, 2 if j == 0 and i > 4 else 1, expansion, groups, width)
    return x


def _block(net: Net, name: str, x: Producer, c: int, s: int, expansion: int, groups: int, width: int) -> Producer:
    inner = c * width // 64 * groups if expansion == 4 else c
    # Filters, window, stride, padding and groups of each convolution.
    convs = (
        [(inner, 1, 1, 0, 1), (inner, 3, s, 1, groups), (4 * c, 1, 1, 0, 1)]
        if expansion == 4
        else [(c, 3, s, 1, 1), (c, 3, 1, 1, 1)]
    )
    with net.group(name, "Bottleneck" if expansion == 4 else "BasicBlock", x):
        y = x
        for i, (filters, k, stride, p, g) in enumerate(convs, 1):
            y = net.layer(f"conv{i}", "conv", y, filters=filters, kernel_size=k, stride=stride, padding=p, groups=g, bias=False)
            y = net.layer(f"bn{i}", "batchnorm", y)
            if i < len(convs):
                y = net.layer(f"relu{i}", "relu", y)
        if s != 1 or channels(x) != c * expansion:
            with net.group("downsample", "Sequential", x):
                x = net.layer("0", "conv", x, filters=c * expansion, kernel_size=1, stride=s, bias=False)
                x = net.layer("1", "batchnorm", x)
        return net.layer("relu", "relu", add(net, y, x))
