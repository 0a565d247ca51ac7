"""Attention over the cells of a map, and the blocks around it."""

from __future__ import annotations

from cnncalc.formats.draft import channels, map_of, shape_of
from cnncalc.formats.ultralytics.blocks import add, bottleneck, c2f_rows, c3k, concat, cut, ladder, sequence
from cnncalc.formats.ultralytics.catalog import Net, module
from cnncalc.formats.ultralytics.conv import Act, conv_bn, plain_conv
from cnncalc.formats.ultralytics.products import attend_cells, attend_steps, by_head, multi_head
from cnncalc.graph import Producer
from cnncalc.shape import LayerError, Shape


def self_attention(net: Net, name: str, x: Producer, heads: int) -> Producer:
    """Attention between all cells: queries and keys of half the channels, and a depthwise encoding of positions."""
    with net.group(name, "Attention", x):
        c = channels(x)
        head = c // heads
        key = head // 2
        qkv = conv_bn(net, "qkv", x, c + 2 * key * heads, act=False)
        y, v = attend_cells(net, qkv, heads, key)
        return conv_bn(net, "proj", add(net, y, conv_bn(net, "pe", v, c, 3, g=c, act=False)), c, act=False)


def psa_rows(net: Net, x: Producer, heads: int) -> Producer:
    """Attention and a feed-forward pair of convolutions, each with its input added."""
    c = channels(x)
    x = add(net, x, self_attention(net, "attn", x, heads), name="add1")
    with net.group("ffn", "Sequential", x):
        y = conv_bn(net, "1", conv_bn(net, "0", x, 2 * c), c, act=False)
    return add(net, x, y, name="add2")


def psa_block(net: Net, name: str, x: Producer, heads: int) -> Producer:
    with net.group(name, "PSABlock", x):
        return psa_rows(net, x, heads)


def _heads(c: int) -> int:
    return max(c // 64, 1)


def _same_width(x: Producer, c2: int, name: str) -> None:
    if channels(x) != c2:
        raise LayerError(f"{name} keeps the number of channels: the input has {channels(x)}, and the row has {c2}", rule="value")


@module("PSA", scaled=True)
def _psa(net: Net, x: Producer, c2: int, e: float = 0.5) -> Producer:
    _same_width(x, c2, "PSA")
    c = int(channels(x) * e)
    a, b = cut(net, conv_bn(net, "cv1", x, 2 * c), c, c)
    return conv_bn(net, "cv2", concat(net, a, psa_rows(net, b, _heads(c))), c2)


@module("C2PSA", scaled=True, repeats=True)
def _c2_psa(net: Net, x: Producer, c2: int, n: int = 1, e: float = 0.5) -> Producer:
    _same_width(x, c2, "C2PSA")
    c = int(channels(x) * e)
    a, b = cut(net, conv_bn(net, "cv1", x, 2 * c), c, c)
    b = sequence(net, "m", "Sequential", b, n, lambda net, i, x: psa_block(net, i, x, _heads(c)))
    return conv_bn(net, "cv2", concat(net, a, b), c2)


@module("C2fPSA", scaled=True, repeats=True)
def _c2f_psa(net: Net, x: Producer, c2: int, n: int = 1, e: float = 0.5) -> Producer:
    _same_width(x, c2, "C2fPSA")
    return c2f_rows(net, x, c2, n, e, lambda net, i, x, c: psa_block(net, i, x, _heads(c)))


@module("C3k2", scaled=True, repeats=True)
def _c3k2(
    net: Net,
    x: Producer,
    c2: int,
    n: int = 1,
    c3k: bool = False,
    e: float = 0.5,
    attn: bool = False,
    g: int = 1,
    shortcut: bool = True,
) -> Producer:
    return c2f_rows(net, x, c2, n, e, lambda net, i, x, c: _c3k2_step(net, i, x, c, c3k, attn, g, shortcut))


def _c3k2_step(net: Net, name: str, x: Producer, c: int, deep: bool, attn: bool, g: int, shortcut: bool) -> Producer:
    if attn:
        with net.group(name, "Sequential", x):
            return psa_block(net, "1", bottleneck(net, "0", x, c, shortcut, g), _heads(c))
    return c3k(net, name, x, c, 2, shortcut, g) if deep else bottleneck(net, name, x, c, shortcut, g)


def area_block(net: Net, name: str, x: Producer, heads: int, ratio: float, area: int) -> Producer:
    """Attention inside each of `area` parts of the map, and a feed-forward pair of convolutions."""
    c = channels(x)
    with net.group(name, "ABlock", x):
        with net.group("attn", "AAttn", x):
            wide = c // heads * heads
            cells = shape_of(x).size // c
            if cells % area:
                raise LayerError(f"a map of {cells} cells does not divide into {area} areas; change the input's size")
            qkv = conv_bn(net, "qkv", x, 3 * wide, act=False)
            y, v = attend_cells(net, qkv, heads, wide // heads, area)
            y = conv_bn(net, "proj", add(net, y, conv_bn(net, "pe", v, wide, 7, 1, 3, wide, act=False)), c, act=False)
        x = add(net, x, y, name="add1")
        with net.group("mlp", "Sequential", x):
            y = conv_bn(net, "1", conv_bn(net, "0", x, int(c * ratio)), c, act=False)
        return add(net, x, y, name="add2")


@module("A2C2f", scaled=True, repeats=True)
def _a2c2f(
    net: Net,
    x: Producer,
    c2: int,
    n: int = 1,
    a2: bool = True,
    area: int = 1,
    residual: bool = False,
    mlp_ratio: float = 2.0,
    e: float = 0.5,
    g: int = 1,
    shortcut: bool = True,
) -> Producer:
    c = int(c2 * e)
    if c % 32:
        raise LayerError(f"A2C2f attends over {c} channels, and its heads have 32 each; make it a multiple of 32", rule="value")

    def step(net: Net, name: str, x: Producer) -> Producer:
        if not a2:
            return c3k(net, name, x, c, 2, shortcut, g)
        return sequence(net, name, "Sequential", x, 2, lambda net, i, x: area_block(net, i, x, c // 32, mlp_ratio, area))

    ys = ladder(net, [conv_bn(net, "cv1", x, c)], n, step)
    y = conv_bn(net, "cv2", concat(net, *ys), c2)
    return add(net, x, net.layer("gamma", "scale", y)) if a2 and residual else y


@module("AIFI")
def _aifi(
    net: Net, x: Producer, cm: int = 2048, heads: int = 8, dropout: float = 0.0, act: Act = "gelu", normalize_before: bool = False
) -> Producer:
    height, width, c = map_of(x, "row")
    x = net.layer("flatten", "reshape", x, shape=Shape(height * width, c))
    y = net.layer("norm1", "layernorm", x, epsilon=1e-5) if normalize_before else x
    # Sines and cosines of the place are added to queries and keys, but not to values.
    placed = add(net, y, net.constant("pos_embed", shape_of(x)), name="add_pos")
    y = add(net, x, multi_head(net, "ma", placed, placed, y, heads), name="add1")
    y = z = net.layer("norm2" if normalize_before else "norm1", "layernorm", y, epsilon=1e-5)
    z = net.layer("act", "gelu" if act is True else act or "identity", net.layer("fc1", "linear", z, units=cm))
    y = add(net, y, net.layer("fc2", "linear", z, units=c), name="add2")
    if not normalize_before:
        y = net.layer("norm2", "layernorm", y, epsilon=1e-5)
    return net.layer("unflatten", "reshape", y, shape=Shape(height, width, c))


def transformer(net: Net, name: str, x: Producer, c2: int, n: int) -> Producer:
    """Attention layers over the cells of a map."""
    with net.group(name, "TransformerBlock", x):
        if channels(x) != c2:
            x = conv_bn(net, "conv", x, c2)
        height, width, _ = map_of(x, "row")
        x = net.layer("flatten", "reshape", x, shape=Shape(height * width, c2))
        x = add(net, x, net.layer("linear", "linear", x, units=c2))
        x = sequence(net, "tr", "Sequential", x, n, _transformer_layer)
        return net.layer("unflatten", "reshape", x, shape=Shape(height, width, c2))


def _transformer_layer(net: Net, name: str, x: Producer) -> Producer:
    c = channels(x)
    with net.group(name, "TransformerLayer", x):
        q, k, v = (net.layer(part, "linear", x, units=c, bias=False) for part in "qkv")
        x = add(net, multi_head(net, "ma", q, k, v, 4), x, name="add1")
        y = net.layer("fc2", "linear", net.layer("fc1", "linear", x, units=c, bias=False), units=c, bias=False)
        return add(net, y, x, name="add2")


@module("C3TR", scaled=True, repeats=True)
def _c3_transformer(net: Net, x: Producer, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> Producer:
    hidden = int(c2 * e)
    y = transformer(net, "m", conv_bn(net, "cv1", x, hidden), hidden, n)
    return conv_bn(net, "cv3", concat(net, y, conv_bn(net, "cv2", x, hidden)), c2)


def text_gate(net: Net, name: str, x: Producer, c2: int, heads: int, embed: int, width: int) -> Producer:
    """A gate per head and cell: the largest product of the map with the text of any class."""
    with net.group(name, "MaxSigmoidAttnBlock", x):
        text = net.text(width)
        guide = net.layer("gl", "linear", text, units=embed)
        y = conv_bn(net, "ec", x, embed, act=False) if channels(x) != embed else x
        height, wide, _ = map_of(x, "row")
        cells, words = by_head(net, "cells", y, heads), by_head(net, "words", guide, heads)
        gate = net.layer("products", "matmul", cells, words, transpose="first", factor=(c2 // heads) ** -0.5)
        gate = net.layer("largest", "reduce", gate, operation="max", axes=("channels",), keep=True)
        gate = net.layer("gate.turn", "permute", gate, axes=("channels", "width", "height"))
        gate = net.layer("sigmoid", "sigmoid", net.layer("bias", "add_bias", gate))
        gate = net.layer("gate", "permute", gate, axes=("channels", "width", "height"))
        y = conv_bn(net, "proj_conv", x, c2, 3, act=False)
        y = net.layer("parts", "reshape", y, shape=Shape(c2 // heads, height * wide, heads))
        y = net.layer("parts.turn", "permute", y, axes=("channels", "width", "height"))
        y = net.layer(
            "multiply.turn", "permute", net.layer("multiply", "multiply", y, gate), axes=("channels", "width", "height")
        )
        return net.layer("multiply.map", "reshape", y, shape=Shape(height, wide, c2))


@module("C2fAttn", scaled=True, repeats=True)
def _c2f_attn(
    net: Net,
    x: Producer,
    c2: int,
    n: int = 1,
    ec: int = 128,
    nh: int = 1,
    gc: int = 512,
    shortcut: bool = False,
    g: int = 1,
    e: float = 0.5,
) -> Producer:
    c = int(c2 * e)
    ys = cut(net, conv_bn(net, "cv1", x, 2 * c), c, c)
    ys = ladder(net, ys, n, lambda net, i, x: bottleneck(net, i, x, c, shortcut, g, (3, 3), 1.0))
    ys.append(text_gate(net, "attn", ys[-1], c, nh, ec, gc))
    return conv_bn(net, "cv2", concat(net, *ys), c2)


@module("ImagePoolingAttn", many=True)
def _text_from_maps(
    net: Net, xs: list[Producer], ec: int = 256, ct: int = 512, nh: int = 8, k: int = 3, scale: bool = False
) -> Producer:
    parts = []
    for i, x in enumerate(xs):
        y = plain_conv(net, f"projections.{i}", x, ec)
        y = net.layer(f"im_pools.{i}", "adaptive_maxpool", y, output_size=k)
        parts.append(net.layer(f"flatten{i}", "reshape", y, shape=Shape(k * k, ec)))
    keys = net.layer("concat", "concat", *parts, axis="length")
    text = net.text(ct)
    q = net.layer("query.1", "linear", net.layer("query.0", "layernorm", text, epsilon=1e-5), units=ec)
    key = net.layer("key.1", "linear", net.layer("key.0", "layernorm", keys, epsilon=1e-5), units=ec)
    value = net.layer("value.1", "linear", net.layer("value.0", "layernorm", keys, epsilon=1e-5), units=ec)
    y = net.layer("proj", "linear", attend_steps(net, q, key, value, nh), units=ct)
    if scale:
        y = net.layer("scale", "rescale", y, learned=True)
    net.words = add(net, y, text)
    return net.words
