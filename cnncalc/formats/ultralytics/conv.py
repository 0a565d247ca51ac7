"""Convolutions with their batch normalisation and activation, and the small modules around them."""

from __future__ import annotations

from math import gcd
from typing import Any

from cnncalc.formats.draft import channels
from cnncalc.formats.ultralytics.catalog import Net, module
from cnncalc.graph import Producer
from cnncalc.shape import LayerError

Sizes = int | list[int] | tuple[int, ...]
Act = bool | str | None


def same_pad(k: Sizes, d: int = 1) -> Sizes:
    """Padding that keeps the size of a map at stride 1, for odd windows."""
    if isinstance(k, int):
        return (d * (k - 1) + 1) // 2
    return tuple((d * (each - 1) + 1) // 2 for each in k)


def activate(net: Net, x: Producer, act: Act, name: str = "act") -> Producer:
    """Apply the default activation for True, none for False and None, else the named kind."""
    kind = net.activation if act is True else act or None
    if kind is None:
        return x
    kind, _, slope = kind.partition(" ")
    fields: dict[str, Any] = {"slope": float(slope)} if slope else {}
    return net.layer(name, kind, x, **fields)


def conv_bn(
    net: Net,
    name: str,
    x: Producer,
    c2: int,
    k: Sizes = 1,
    s: Sizes = 1,
    p: Sizes | None = None,
    g: int = 1,
    d: int = 1,
    act: Act = True,
    title: str = "Conv",
) -> Producer:
    """A convolution without bias, batch normalisation and activation, as the group `name`."""
    return net.part(name, title, conv_rows, x, c2, k, s, p, g, d, act)


@module("Conv", scaled=True)
def conv_rows(
    net: Net, x: Producer, c2: int, k: Sizes = 1, s: Sizes = 1, p: Sizes | None = None, g: int = 1, d: int = 1, act: Act = True
) -> Producer:
    """The three layers of a convolution module in the open group."""
    return activate(net, net.layer("bn", "batchnorm", unbiased(net, x, c2, k, s, p, g, d)), act)


def unbiased(net: Net, x: Producer, c2: int, k: Sizes, s: Sizes, p: Sizes | None, g: int, d: int) -> Producer:
    """A convolution without bias, named `conv`."""
    padding = same_pad(k, d) if p is None else p
    return net.layer("conv", "conv", x, filters=c2, kernel_size=k, stride=s, padding=padding, dilation=d, groups=g, bias=False)


def plain_conv(net: Net, name: str, x: Producer, c2: int, k: int = 1, p: int = 0, bias: bool = True) -> Producer:
    """A convolution alone."""
    return net.layer(name, "conv", x, filters=c2, kernel_size=k, padding=p, bias=bias)


def depthwise(net: Net, name: str, x: Producer, c2: int, k: Sizes = 1, s: Sizes = 1, d: int = 1, act: Act = True) -> Producer:
    """A convolution with as many groups as channels in and out have in common."""
    return conv_bn(net, name, x, c2, k, s, None, gcd(channels(x), c2), d, act, "DWConv")


@module("GhostConv", scaled=True)
def ghost(net: Net, x: Producer, c2: int, k: Sizes = 1, s: Sizes = 1, g: int = 1, act: Act = True) -> Producer:
    """Half of the channels by a convolution, the other half from them by a cheap depthwise one."""
    half = c2 // 2
    first = conv_bn(net, "cv1", x, half, k, s, None, g, 1, act)
    second = conv_bn(net, "cv2", first, half, 5, 1, None, half, 1, act)
    return net.layer("concat", "concat", first, second)


@module("DWConv", scaled=True)
def _depthwise(net: Net, x: Producer, c2: int, k: Sizes = 1, s: Sizes = 1, d: int = 1, act: Act = True) -> Producer:
    return conv_rows(net, x, c2, k, s, None, gcd(channels(x), c2), d, act)


def same_channels(x: Producer, c1: int) -> None:
    """Raises LayerError unless the row has the number of channels of its input."""
    if c1 != channels(x):
        raise LayerError(f"the row has {c1} channels, and the input has {channels(x)}; write {channels(x)}", rule="value")


@module("LightConv")
def _light(net: Net, x: Producer, c1: int, c2: int, k: int = 1, act: Act = "relu") -> Producer:
    same_channels(x, c1)
    return light_rows(net, x, c2, k, act)


def light_rows(net: Net, x: Producer, c2: int, k: int, act: Act) -> Producer:
    """A 1×1 convolution without activation, then a depthwise one."""
    return depthwise(net, "conv2", conv_bn(net, "conv1", x, c2, act=False), c2, k, act=act)


@module("Conv2")
def _double(
    net: Net, x: Producer, c1: int, c2: int, k: int = 3, s: int = 1, p: int | None = None, g: int = 1, d: int = 1, act: Act = True
) -> Producer:
    same_channels(x, c1)
    wide = unbiased(net, x, c2, k, s, p, g, d)
    point = net.layer("cv2", "conv", x, filters=c2, kernel_size=1, stride=s, padding=p or 0, groups=g, dilation=d, bias=False)
    return activate(net, net.layer("bn", "batchnorm", net.layer("add", "add", wide, point)), act)


def rep_conv(net: Net, x: Producer, c2: int, s: int = 1, g: int = 1, act: Act = True) -> Producer:
    """A 3×3 and a 1×1 convolution side by side, added, as in training; inference merges the two into one."""
    wide = conv_bn(net, "conv1", x, c2, 3, s, 1, g, act=False)
    point = conv_bn(net, "conv2", x, c2, 1, s, 0, g, act=False)
    return activate(net, net.layer("add", "add", wide, point), act)


@module("RepConv")
def _rep(
    net: Net, x: Producer, c1: int, c2: int, k: int = 3, s: int = 1, p: int = 1, g: int = 1, d: int = 1, act: Act = True
) -> Producer:
    same_channels(x, c1)
    if k != 3 or p != 1:
        raise LayerError(f"RepConv has a 3×3 window and padding 1, got {k} and {p}", rule="value")
    return rep_conv(net, x, c2, s, g, act)


@module("Focus", scaled=True)
def _focus(
    net: Net, x: Producer, c2: int, k: Sizes = 1, s: Sizes = 1, p: Sizes | None = None, g: int = 1, act: Act = True
) -> Producer:
    folded = net.layer("focus", "space_to_depth", x, factor=2)
    return conv_bn(net, "conv", folded, c2, k, s, p, g, 1, act)


@module("ConvTranspose", scaled=True)
def _transposed(net: Net, x: Producer, c2: int, k: int = 2, s: int = 2, p: int = 0, bn: bool = True, act: Act = True) -> Producer:
    x = net.layer("conv_transpose", "conv_transpose", x, filters=c2, kernel_size=k, stride=s, padding=p, bias=not bn)
    return activate(net, net.layer("bn", "batchnorm", x) if bn else x, act)


@module("nn.ConvTranspose2d", scaled=True, single=True)
def _raw_transposed(
    net: Net, x: Producer, c2: int, k: Sizes, s: Sizes = 1, p: Sizes = 0, out: Sizes = 0, g: int = 1, bias: bool = True
) -> Producer:
    return net.layer(
        "", "conv_transpose", x, filters=c2, kernel_size=k, stride=s, padding=p, output_padding=out, groups=g, bias=bias
    )


@module("DWConvTranspose2d", scaled=True, single=True)
def _depthwise_transposed(net: Net, x: Producer, c2: int, k: Sizes = 1, s: Sizes = 1, p: Sizes = 0, out: Sizes = 0) -> Producer:
    g = gcd(channels(x), c2)
    return net.layer("", "conv_transpose", x, filters=c2, kernel_size=k, stride=s, padding=p, output_padding=out, groups=g)


def channel_gate(net: Net, x: Producer) -> Producer:
    """A gate per channel from the mean of the whole map."""
    y = net.layer("pool", "adaptive_avgpool", x, output_size=1)
    y = net.layer("act", "sigmoid", plain_conv(net, "fc", y, channels(x)))
    return net.layer("gate", "multiply", x, y)


@module("ChannelAttention")
def _channel_gate(net: Net, x: Producer, c1: int) -> Producer:
    same_channels(x, c1)
    return net.part("gate", "ChannelAttention", channel_gate, x)


def place_gate(net: Net, x: Producer, k: int) -> Producer:
    """A gate per cell from the mean and the maximum over the channels."""
    mean = net.layer("mean", "reduce", x, operation="mean", axes=("channels",), keep=True)
    peak = net.layer("max", "reduce", x, operation="max", axes=("channels",), keep=True)
    y = net.layer("concat", "concat", mean, peak)
    y = plain_conv(net, "cv1", y, 1, k, 3 if k == 7 else 1, bias=False)
    return net.layer("gate", "multiply", x, net.layer("act", "sigmoid", y))


@module("SpatialAttention")
def _place_gate(net: Net, x: Producer, k: int = 7) -> Producer:
    return net.part("gate", "SpatialAttention", place_gate, x, k)


@module("CBAM")
def _cbam(net: Net, x: Producer, c1: int, k: int = 7) -> Producer:
    same_channels(x, c1)
    x = net.part("channel_attention", "ChannelAttention", channel_gate, x)
    return net.part("spatial_attention", "SpatialAttention", place_gate, x, k)
