"""Rows that join, resize and cut, and the layers that rows take from PyTorch by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncalc.formats.draft import channels, shape_of
from cnncalc.formats.ultralytics.blocks import cut
from cnncalc.formats.ultralytics.catalog import Net, module
from cnncalc.formats.ultralytics.conv import Sizes, conv_bn, same_channels, same_pad
from cnncalc.graph import Producer
from cnncalc.shape import LayerError, Shape


@module("Concat", many=True, single=True)
def _concat(net: Net, xs: list[Producer], dimension: int = 1) -> Producer:
    if dimension == 1:
        return net.layer("", "concat", *xs)
    rank = shape_of(xs[0]).rank
    if not 2 <= dimension < rank + 2:
        raise LayerError(
            f"Concat's axis is 1 for channels, up to {rank + 1} for the last spatial axis, got {dimension}", rule="value"
        )
    return net.layer("", "concat", *xs, axis=shape_of(xs[0]).axes[dimension - 2])


@module("nn.Upsample", single=True)
def _upsample(net: Net, x: Producer, size: Sizes | None = None, factor: Sizes | None = None, mode: str = "nearest") -> Producer:
    if (size is None) == (factor is None):
        raise LayerError("nn.Upsample takes a size or a factor: [None, 2, nearest] doubles the map", rule="value")
    resized: dict[str, Any] = {"size": size} if factor is None else {"factor": factor}
    return net.layer("", "upsample", x, mode=mode, **resized)


@module("nn.MaxPool2d", single=True)
def _maxpool(net: Net, x: Producer, k: Sizes, s: Sizes | None = None, p: Sizes = 0, d: Sizes = 1) -> Producer:
    return net.layer("", "maxpool", x, kernel_size=k, stride=k if s is None else s, padding=p, dilation=d)


@module("nn.AvgPool2d", single=True)
def _avgpool(net: Net, x: Producer, k: Sizes, s: Sizes | None = None, p: Sizes = 0) -> Producer:
    return net.layer("", "avgpool", x, kernel_size=k, stride=k if s is None else s, padding=p)


@module("nn.AdaptiveAvgPool2d", single=True)
def _adaptive(net: Net, x: Producer, size: Sizes) -> Producer:
    return net.layer("", "adaptive_avgpool", x, output_size=size)


@module("nn.ZeroPad2d", single=True)
def _pad(net: Net, x: Producer, cells: Sizes) -> Producer:
    if isinstance(cells, int):
        return net.layer("", "pad", x, cells=cells)
    if len(cells) != 4:
        raise LayerError(f"nn.ZeroPad2d takes one number or left, right, top and bottom, got {list(cells)}", rule="value")
    left, right, top, bottom = cells
    return net.layer("", "pad", x, cells=((top, bottom), (left, right)))


@module("nn.BatchNorm2d", single=True)
def _batchnorm(net: Net, x: Producer, *_: int) -> Producer:
    return net.layer("", "batchnorm", x)


@module("nn.Conv2d", single=True)
def _conv2d(
    net: Net, x: Producer, c1: int, c2: int, k: Sizes, s: Sizes = 1, p: Sizes = 0, d: Sizes = 1, g: int = 1, bias: bool = True
) -> Producer:
    same_channels(x, c1)
    return net.layer("", "conv", x, filters=c2, kernel_size=k, stride=s, padding=p, dilation=d, groups=g, bias=bias)


@module("nn.Linear", single=True)
def _linear(net: Net, x: Producer, c1: int, c2: int, bias: bool = True) -> Producer:
    if shape_of(x).rank or c1 != channels(x):
        raise LayerError(f"nn.Linear reads a vector of {c1} numbers, and {{}} flows in", shape_of(x))
    return net.layer("", "fc", x, units=c2, bias=bias)


@module("nn.Dropout", single=True)
def _dropout(net: Net, x: Producer, rate: float = 0.5) -> Producer:
    return net.layer("", "dropout", x, rate=rate)


def _word(name: str, kind: str) -> None:
    """Register a layer of PyTorch that takes no arguments."""

    @module(name, single=True)
    def build(net: Net, x: Producer) -> Producer:
        return net.layer("", kind, x)


for _name, _kind in {
    "nn.Identity": "identity",
    "nn.ReLU": "relu",
    "nn.ReLU6": "relu6",
    "nn.SiLU": "silu",
    "nn.Mish": "mish",
    "nn.GELU": "gelu",
    "nn.Sigmoid": "sigmoid",
    "nn.Tanh": "tanh",
    "nn.Hardswish": "hard_swish",
    "nn.Flatten": "flatten",
}.items():
    _word(_name, _kind)


@module("nn.LeakyReLU", single=True)
def _leaky(net: Net, x: Producer, slope: float = 0.01) -> Producer:
    return net.layer("", "leaky_relu", x, slope=slope)


@module("Contract", single=True)
def _contract(net: Net, x: Producer, gain: int = 2) -> Producer:
    return net.layer("", "space_to_depth", x, factor=gain)


@module("Expand", single=True)
def _expand(net: Net, x: Producer, gain: int = 2) -> Producer:
    return net.layer("", "pixel_shuffle", x, factor=gain)


@module("CBLinear")
def _cb_linear(
    net: Net, x: Producer, sizes: list[int], k: int = 1, s: int = 1, p: int | None = None, g: int = 1
) -> list[Producer]:
    y = net.layer(
        "conv", "conv", x, filters=sum(sizes), kernel_size=k, stride=s, padding=same_pad(k) if p is None else p, groups=g
    )
    return cut(net, y, *sizes, name="split")


@module("CBFuse", many=True)
def _cb_fuse(net: Net, xs: list[Producer | list[Producer]], chosen: list[int]) -> Producer:
    *others, last = xs
    if isinstance(last, list):
        raise LayerError("CBFuse's last row gives one map, which the others are resized to")
    if len(chosen) != len(others):
        raise LayerError(
            f"CBFuse reads {len(others)} rows beside the last one, and the list of places has {len(chosen)}", rule="value"
        )
    target = shape_of(last).spatial
    parts = []
    for i, (x, place) in enumerate(zip(others, chosen, strict=True)):
        found = x if isinstance(x, list) else [x]
        if not -len(found) <= place < len(found):
            raise LayerError(f"CBFuse takes part {place} of a row that gives {len(found)}", rule="value")
        parts.append(net.layer(f"resize{i}", "upsample", found[place], size=target))
    return net.layer("add", "add", *parts, last)


@module("Index", single=True)
def _index(net: Net, x: Producer | list[Producer], c2: int, place: int = 0) -> Producer:
    found = x if isinstance(x, list) else [x]
    if not -len(found) <= place < len(found):
        raise LayerError(f"Index takes part {place} of a row that gives {len(found)}", rule="value")
    return net.layer("", "identity", found[place])


@module("TorchVision")
def _torchvision(
    net: Net,
    x: Producer,
    c2: int,
    model: str,
    weights: str | None = "DEFAULT",
    unwrap: bool = True,
    truncate: int = 2,
    split: bool = False,
) -> Producer | list[Producer]:
    from cnncalc.formats.ultralytics.resnet import RESNETS, resnet

    if model not in RESNETS or not unwrap:
        known = ", ".join(RESNETS)
        raise LayerError(f"only {known} of torchvision are known here, unwrapped; {model} is not", rule="value")
    return resnet(net, x, model, truncate, split)


@module("MixConv2d")
def _mix(net: Net, x: Producer, c2: int, k: list[int] = [1, 3], s: int = 1, equal: bool = True) -> Producer:  # noqa: B006 - read only
    raise LayerError("MixConv2d is not known here; write its convolutions as separate rows")


def flat_map(net: Net, name: str, x: Producer) -> Producer:
    """The cells of a map as a sequence of as many steps."""
    height, width, c = shape_of(x)
    return net.layer(name, "reshape", x, shape=Shape(height * width, c))


def prototypes(net: Net, x: Producer, c: int, out: int) -> Producer:
    """The maps that masks are mixed from, at twice the size of the largest level."""
    y = conv_bn(net, "cv1", x, c, 3)
    if net.anchored:
        y = net.layer("upsample", "upsample", y, factor=2)
    else:
        y = net.layer("upsample", "conv_transpose", y, filters=c, kernel_size=2, stride=2)
    return conv_bn(net, "cv3", conv_bn(net, "cv2", y, c, 3), out)


def proto(net: Net, xs: Sequence[Producer], c: int, out: int) -> Producer:
    with net.group("proto", "Proto", xs[0]):
        return prototypes(net, xs[0], c, out)
