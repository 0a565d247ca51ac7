"""The blocks that backbones and necks are made of: bottlenecks, their cross-stage forms, pyramid pooling and downsampling."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.formats.draft import channels
from cnncalc.formats.ultralytics.catalog import Net, module
from cnncalc.formats.ultralytics.conv import Sizes, activate, conv_bn, depthwise, ghost, plain_conv, rep_conv
from cnncalc.graph import Producer
from cnncalc.shape import LayerError

Step = Callable[[Net, str, Producer], Producer]
"""Lays out one repeat of a block under a name."""


def cut(net: Net, x: Producer, *sizes: int, name: str = "chunk") -> list[Producer]:
    """Consecutive ranges of channels."""
    found: list[Producer] = []
    start = 0
    for i, size in enumerate(sizes):
        found.append(net.layer(f"{name}{i}", "slice", x, channels=(start, start + size)))
        start += size
    return found


def halves(net: Net, x: Producer) -> list[Producer]:
    return cut(net, x, channels(x) // 2, channels(x) - channels(x) // 2)


def concat(net: Net, *xs: Producer, name: str = "concat") -> Producer:
    return net.layer(name, "concat", *xs)


def add(net: Net, *xs: Producer, name: str = "add") -> Producer:
    return net.layer(name, "add", *xs)


def sequence(net: Net, name: str, title: str, x: Producer, n: int, step: Step) -> Producer:
    """`n` steps, each reading the one before."""
    if n < 1:
        return x
    with net.group(name, title, x):
        for i in range(n):
            x = step(net, str(i), x)
    return x


def ladder(net: Net, ys: list[Producer], n: int, step: Step) -> list[Producer]:
    """`ys` and the results of `n` steps, each reading the one before: what a C2f joins."""
    if n > 0:
        with net.group("m", "ModuleList", ys[-1]):
            for i in range(n):
                ys.append(step(net, str(i), ys[-1]))
    return ys


def bottleneck(
    net: Net, name: str, x: Producer, c2: int, shortcut: bool, g: int, k: tuple[Sizes, Sizes] = (3, 3), e: float = 0.5
) -> Producer:
    return net.part(name, "Bottleneck", bottleneck_rows, x, c2, shortcut, g, k, e)


def bottleneck_rows(
    net: Net, x: Producer, c2: int, shortcut: bool, g: int, k: tuple[Sizes, Sizes], e: float, rep: bool = False
) -> Producer:
    """Two convolutions, and the input added if it has as many channels."""
    hidden = int(c2 * e)
    y = net.part("cv1", "RepConv", rep_conv, x, hidden) if rep else conv_bn(net, "cv1", x, hidden, k[0])
    y = conv_bn(net, "cv2", y, c2, k[1], g=g)
    return add(net, x, y) if shortcut and channels(x) == c2 else y


@module("Bottleneck", scaled=True)
def _bottleneck(
    net: Net, x: Producer, c2: int, shortcut: bool = True, g: int = 1, k: Sizes | None = None, e: float = 0.5
) -> Producer:
    pair: tuple[Sizes, Sizes] = (1, 3) if net.anchored else (3, 3)
    if isinstance(k, (list, tuple)) and len(k) == 2:
        pair = (k[0], k[1])
    elif k is not None:
        raise LayerError(f"Bottleneck's windows are a list of two, got {k}", rule="value")
    return bottleneck_rows(net, x, c2, shortcut, g, pair, e)


@module("BottleneckCSP", scaled=True, repeats=True)
def _bottleneck_csp(net: Net, x: Producer, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> Producer:
    hidden = int(c2 * e)
    y = conv_bn(net, "cv1", x, hidden)
    y = sequence(net, "m", "Sequential", y, n, lambda net, i, x: bottleneck(net, i, x, hidden, shortcut, g, _windows(net), 1.0))
    y = plain_conv(net, "cv3", y, hidden, bias=False)
    z = plain_conv(net, "cv2", x, hidden, bias=False)
    y = net.layer("bn", "batchnorm", concat(net, y, z))
    return conv_bn(net, "cv4", activate(net, y, "silu"), c2)


def _windows(net: Net) -> tuple[Sizes, Sizes]:
    """The default windows of a bottleneck."""
    return (1, 3) if net.anchored else (3, 3)


@module("C1", scaled=True, repeats=True)
def _c1(net: Net, x: Producer, c2: int, n: int = 1) -> Producer:
    y = conv_bn(net, "cv1", x, c2)
    return add(net, sequence(net, "m", "Sequential", y, n, lambda net, i, x: conv_bn(net, i, x, c2, 3)), y)


@module("C2", scaled=True, repeats=True)
def _c2(net: Net, x: Producer, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> Producer:
    hidden = int(c2 * e)
    a, b = cut(net, conv_bn(net, "cv1", x, 2 * hidden), hidden, hidden)
    a = sequence(net, "m", "Sequential", a, n, lambda net, i, x: bottleneck(net, i, x, hidden, shortcut, g, (3, 3), 1.0))
    return conv_bn(net, "cv2", concat(net, a, b), c2)


def c2f_rows(net: Net, x: Producer, c2: int, n: int, e: float, step: Callable[[Net, str, Producer, int], Producer]) -> Producer:
    """Two halves of a convolution and every step's result, joined and mixed."""
    hidden = int(c2 * e)
    ys = cut(net, conv_bn(net, "cv1", x, 2 * hidden), hidden, hidden)
    ys = ladder(net, ys, n, lambda net, i, x: step(net, i, x, hidden))
    return conv_bn(net, "cv2", concat(net, *ys), c2)


@module("C2f", scaled=True, repeats=True)
def _c2f(net: Net, x: Producer, c2: int, n: int = 1, shortcut: bool = False, g: int = 1, e: float = 0.5) -> Producer:
    return c2f_rows(net, x, c2, n, e, lambda net, i, x, c: bottleneck(net, i, x, c, shortcut, g, (3, 3), 1.0))


def c3(net: Net, x: Producer, c2: int, e: float, n: int, step: Callable[[Net, str, Producer, int], Producer]) -> Producer:
    """Two 1×1 convolutions side by side, one of them followed by steps, joined and mixed by a third."""
    hidden = int(c2 * e)
    y = conv_bn(net, "cv1", x, hidden)
    y = sequence(net, "m", "Sequential", y, n, lambda net, i, x: step(net, i, x, hidden))
    return conv_bn(net, "cv3", concat(net, y, conv_bn(net, "cv2", x, hidden)), c2)


@module("C3", scaled=True, repeats=True)
def _c3(net: Net, x: Producer, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> Producer:
    return c3(net, x, c2, e, n, lambda net, i, x, c: bottleneck(net, i, x, c, shortcut, g, (1, 3), 1.0))


@module("C3x", scaled=True, repeats=True)
def _c3x(net: Net, x: Producer, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> Producer:
    if not net.anchored:
        return c3(net, x, c2, e, n, lambda net, i, x, c: bottleneck(net, i, x, c, shortcut, g, ((1, 3), (3, 1)), 1.0))
    return c3(net, x, c2, e, n, lambda net, i, x, c: net.part(i, "CrossConv", cross, x, c, 3, 1, g, 1.0, shortcut))


@module("CrossConv", scaled=True)
def cross(net: Net, x: Producer, c2: int, k: int = 3, s: int = 1, g: int = 1, e: float = 1.0, shortcut: bool = False) -> Producer:
    """A convolution along each axis in turn."""
    y = conv_bn(net, "cv1", x, int(c2 * e), (1, k), (1, s))
    y = conv_bn(net, "cv2", y, c2, (k, 1), (s, 1), g=g)
    return add(net, x, y) if shortcut and channels(x) == c2 else y


def c3k(net: Net, name: str, x: Producer, c2: int, n: int, shortcut: bool, g: int, k: int = 3) -> Producer:
    with net.group(name, "C3k", x):
        return c3(net, x, c2, 0.5, n, lambda net, i, x, c: bottleneck(net, i, x, c, shortcut, g, (k, k), 1.0))


@module("RepC3", scaled=True, repeats=True)
def _rep_c3(net: Net, x: Producer, c2: int, n: int = 3, e: float = 1.0) -> Producer:
    hidden = int(c2 * e)
    y = conv_bn(net, "cv1", x, hidden)
    y = sequence(net, "m", "Sequential", y, n, lambda net, i, x: net.part(i, "RepConv", rep_conv, x, hidden))
    y = add(net, y, conv_bn(net, "cv2", x, hidden))
    return y if hidden == c2 else conv_bn(net, "cv3", y, c2)


@module("GhostBottleneck", scaled=True)
def ghost_bottleneck(net: Net, x: Producer, c2: int, k: int = 3, s: int = 1) -> Producer:
    with net.group("conv", "Sequential", x):
        y = net.part("0", "GhostConv", ghost, x, c2 // 2)
        if s == 2:
            y = depthwise(net, "1", y, c2 // 2, k, s, act=False)
        y = net.part("2", "GhostConv", ghost, y, c2, act=False)
    if s == 2:
        with net.group("shortcut", "Sequential", x):
            x = conv_bn(net, "1", depthwise(net, "0", x, channels(x), k, s, act=False), c2, act=False)
    return add(net, y, x)


@module("C3Ghost", scaled=True, repeats=True)
def _c3_ghost(net: Net, x: Producer, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> Producer:
    return c3(net, x, c2, e, n, lambda net, i, x, c: net.part(i, "GhostBottleneck", ghost_bottleneck, x, c))


def pools(net: Net, x: Producer, windows: list[int]) -> list[Producer]:
    """Max pools of several windows that keep the size, side by side."""
    with net.group("m", "ModuleList", x):
        return [net.layer(str(i), "maxpool", x, kernel_size=k, stride=1, padding=k // 2) for i, k in enumerate(windows)]


@module("SPP", scaled=True)
def spp(net: Net, x: Producer, c2: int, k: list[int] = [5, 9, 13]) -> Producer:  # noqa: B006 - read only
    y = conv_bn(net, "cv1", x, channels(x) // 2)
    return conv_bn(net, "cv2", concat(net, y, *pools(net, y, k)), c2)


@module("C3SPP", scaled=True)
def _c3_spp(
    net: Net,
    x: Producer,
    c2: int,
    k: list[int] = [5, 9, 13],  # noqa: B006 - read only
    n: int = 1,
    shortcut: bool = True,
    g: int = 1,
    e: float = 0.5,
) -> Producer:
    hidden = int(c2 * e)
    y = conv_bn(net, "cv1", x, hidden)
    y = net.part("m", "SPP", spp, y, hidden, k)
    return conv_bn(net, "cv3", concat(net, y, conv_bn(net, "cv2", x, hidden)), c2)


@module("SPPF", scaled=True)
def _sppf(net: Net, x: Producer, c2: int, k: int = 5, n: int = 3, shortcut: bool = False, *, given: int = 0) -> Producer:
    # Rows that say only channels and window are older than the form whose first convolution has no activation.
    ys = [conv_bn(net, "cv1", x, channels(x) // 2, act=given <= 2)]
    for i in range(n):
        ys.append(net.layer(f"m{i}", "maxpool", ys[-1], kernel_size=k, stride=1, padding=k // 2))
    y = conv_bn(net, "cv2", concat(net, *ys), c2)
    return add(net, y, x) if shortcut and channels(x) == c2 else y


@module("SPPELAN", scaled=True)
def _sppelan(net: Net, x: Producer, c2: int, c3: int, k: int = 5) -> Producer:
    ys = [conv_bn(net, "cv1", x, c3)]
    for name in ("cv2", "cv3", "cv4"):
        ys.append(net.layer(name, "maxpool", ys[-1], kernel_size=k, stride=1, padding=k // 2))
    return conv_bn(net, "cv5", concat(net, *ys), c2)


def _rep_bottleneck(net: Net, x: Producer, c2: int) -> Producer:
    return bottleneck_rows(net, x, c2, True, 1, (3, 3), 1.0, rep=True)


def rep_csp(net: Net, name: str, x: Producer, c2: int, n: int) -> Producer:
    with net.group(name, "RepCSP", x):
        return c3(net, x, c2, 0.5, n, lambda net, i, x, c: net.part(i, "RepBottleneck", _rep_bottleneck, x, c))


@module("RepNCSPELAN4", scaled=True)
def _rep_elan(net: Net, x: Producer, c2: int, c3: int, c4: int, n: int = 1) -> Producer:
    ys = halves(net, conv_bn(net, "cv1", x, c3))
    for name in ("cv2", "cv3"):
        with net.group(name, "Sequential", ys[-1]):
            ys.append(conv_bn(net, "1", rep_csp(net, "0", ys[-1], c4, n), c4, 3))
    return conv_bn(net, "cv4", concat(net, *ys), c2)


@module("ELAN1", scaled=True)
def _elan(net: Net, x: Producer, c2: int, c3: int, c4: int) -> Producer:
    ys = halves(net, conv_bn(net, "cv1", x, c3))
    for name in ("cv2", "cv3"):
        ys.append(conv_bn(net, name, ys[-1], c4, 3))
    return conv_bn(net, "cv4", concat(net, *ys), c2)


@module("AConv", scaled=True)
def _aconv(net: Net, x: Producer, c2: int) -> Producer:
    return conv_bn(net, "cv1", net.layer("pool", "avgpool", x, kernel_size=2, stride=1), c2, 3, 2, 1)


@module("ADown", scaled=True)
def _adown(net: Net, x: Producer, c2: int) -> Producer:
    a, b = halves(net, net.layer("pool", "avgpool", x, kernel_size=2, stride=1))
    a = conv_bn(net, "cv1", a, c2 // 2, 3, 2, 1)
    b = conv_bn(net, "cv2", net.layer("maxpool", "maxpool", b, kernel_size=3, stride=2, padding=1), c2 // 2)
    return concat(net, a, b)


@module("SCDown", scaled=True)
def _scdown(net: Net, x: Producer, c2: int, k: int, s: int) -> Producer:
    return conv_bn(net, "cv2", conv_bn(net, "cv1", x, c2), c2, k, s, g=c2, act=False)


def cib(net: Net, name: str, x: Producer, c2: int, shortcut: bool, e: float, large: bool) -> Producer:
    """An inverted block: depthwise, wide, depthwise, narrow, depthwise."""
    hidden = 2 * int(c2 * e)
    with net.group(name, "CIB", x):
        with net.group("cv1", "Sequential", x):
            y = conv_bn(net, "0", x, channels(x), 3, g=channels(x))
            y = conv_bn(net, "1", y, hidden)
            if large:
                with net.group("2", "RepVGGDW", y):
                    wide = conv_bn(net, "conv", y, hidden, 7, 1, 3, hidden, act=False)
                    narrow = conv_bn(net, "conv1", y, hidden, 3, 1, 1, hidden, act=False)
                    y = activate(net, add(net, wide, narrow), "silu")
            else:
                y = conv_bn(net, "2", y, hidden, 3, g=hidden)
            y = conv_bn(net, "4", conv_bn(net, "3", y, c2), c2, 3, g=c2)
        return add(net, x, y) if shortcut and channels(x) == c2 else y


@module("C2fCIB", scaled=True, repeats=True)
def _c2f_cib(
    net: Net, x: Producer, c2: int, n: int = 1, shortcut: bool = False, lk: bool = False, g: int = 1, e: float = 0.5
) -> Producer:
    return c2f_rows(net, x, c2, n, e, lambda net, i, x, c: cib(net, i, x, c, shortcut, 1.0, lk))
