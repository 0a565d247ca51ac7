"""The blocks of PP-HGNet and of residual networks, which RT-DETR's backbones are made of."""

from __future__ import annotations

from cnncalc.formats.draft import channels
from cnncalc.formats.ultralytics.blocks import add, concat
from cnncalc.formats.ultralytics.catalog import Net, module
from cnncalc.formats.ultralytics.conv import conv_bn, light_rows, same_channels
from cnncalc.graph import Producer


@module("HGStem")
def _hg_stem(net: Net, x: Producer, cm: int, c2: int) -> Producer:
    x = conv_bn(net, "stem1", x, cm, 3, 2, act="relu")
    x = net.layer("pad1", "pad", x, cells=((0, 1), (0, 1)))
    y = conv_bn(net, "stem2a", x, cm // 2, 2, 1, 0, act="relu")
    y = net.layer("pad2", "pad", y, cells=((0, 1), (0, 1)))
    y = conv_bn(net, "stem2b", y, cm, 2, 1, 0, act="relu")
    x = net.layer("pool", "maxpool", x, kernel_size=2, stride=1, fit="ceil")
    x = conv_bn(net, "stem3", concat(net, x, y), cm, 3, 2, act="relu")
    return conv_bn(net, "stem4", x, c2, act="relu")


@module("HGBlock")
def _hg_block(
    net: Net,
    x: Producer,
    cm: int,
    c2: int,
    k: int = 3,
    n: int = 6,
    lightconv: bool = False,
    shortcut: bool = False,
    act: str | None = None,
) -> Producer:
    kind = act or "relu"
    ys = [x]
    with net.group("m", "ModuleList", x):
        for i in range(n):
            if lightconv:
                with net.group(str(i), "LightConv", ys[-1]):
                    ys.append(light_rows(net, ys[-1], cm, k, kind))
            else:
                ys.append(conv_bn(net, str(i), ys[-1], cm, k, act=kind))
    y = conv_bn(net, "sc", concat(net, *ys), c2 // 2, act=kind)
    y = conv_bn(net, "ec", y, c2, act=kind)
    return add(net, y, x) if shortcut and channels(x) == c2 else y


def resnet_block(net: Net, name: str, x: Producer, c2: int, s: int, e: int) -> Producer:
    with net.group(name, "ResNetBlock", x):
        y = conv_bn(net, "cv1", x, c2)
        y = conv_bn(net, "cv2", y, c2, 3, s, 1)
        y = conv_bn(net, "cv3", y, e * c2, act=False)
        if s != 1 or channels(x) != e * c2:
            with net.group("shortcut", "Sequential", x):
                x = conv_bn(net, "0", x, e * c2, 1, s, act=False)
        return net.layer("relu", "relu", add(net, y, x))


@module("ResNetLayer")
def _resnet_layer(
    net: Net, x: Producer, c1: int, c2: int, s: int = 1, is_first: bool = False, n: int = 1, e: int = 4
) -> Producer:
    same_channels(x, c1)
    with net.group("layer", "Sequential", x):
        if is_first:
            x = conv_bn(net, "0", x, c2, 7, 2, 3)
            return net.layer("1", "maxpool", x, kernel_size=3, stride=2, padding=1)
        for i in range(n):
            x = resnet_block(net, str(i), x, c2, s if i == 0 else 1, e)
    return x
