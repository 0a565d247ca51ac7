"""Attention, with and without projections: the language's own self-attention, or the layers that it consists of.

Source: keras.io, MultiHeadAttention, GroupQueryAttention, Attention; Vaswani et al. 2017, sec. 3.2.
"""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.use import Tensor, Use, keras, tensors
from cnncalc.graph import Producer
from cnncalc.shape import Shape


@keras("MultiHeadAttention", "GroupedQueryAttention", "GroupQueryAttention")
def _attention(use: Use) -> Any:
    query, value, key = _query_value_key(use)
    heads = use.whole("num_heads" if "num_heads" in use.config else "num_query_heads")
    pairs = use.whole("num_key_value_heads", heads) if "num_key_value_heads" in use.config else heads
    width = use.whole("key_dim" if "key_dim" in use.config else "head_dim")
    value_width = width if use.config.get("value_dim") is None else use.whole("value_dim")
    bias = use.flag("use_bias", True)
    c = query.shape.channels
    out = use.config.get("output_shape")
    given = c if out is None else out[-1] if isinstance(out, list) and out else out
    if not isinstance(given, int) or given < 1:
        raise Broken(f"output_shape must be an integer or none, got {out}")
    if heads % pairs:
        raise Broken(f"num_key_value_heads must divide the {heads} heads of the query, got {pairs}")
    sequences = all(one.shape.rank == 1 for one in (query, value, key)) and not _has_mask(use) and not use.config.get("use_gate")
    if not sequences:
        return _opaque(use, query, value, key, (heads, pairs, width, value_width, given, bias))
    alike = query == value == key and heads * width == c == heads * value_width == given and pairs == heads
    if alike and not _wants_scores(use) and not _causal(use):
        return Tensor(use.layer("attention", query.node, heads=heads, bias=bias), False)
    net = use.net
    with net.group(use.name, use.class_name, query.node) as group:
        rows = [("query", query, heads, width), ("key", key, pairs, width), ("value", value, pairs, value_width)]
        q, k, v = (_heads(use, *row, bias=bias) for row in rows)
        if pairs != heads:
            k, v = (
                net.layer(f"{name}_repeat", "upsample", one, factor=(heads // pairs, 1))
                for name, one in (("key", k), ("value", v))
            )
        mixed, scores = _mixed(use, q, k, v, width**-0.5, Shape(heads, query.shape[0], key.shape[0]))
        mixed = net.layer("permute", "permute", mixed, axes=("channels", "width", "height"))
        mixed = net.layer("join", "reshape", mixed, shape=Shape(query.shape[0], heads * value_width))
        group.result = net.layer("output", "linear", mixed, units=given, bias=bias)
    made = Tensor(group.result, False)
    return [made, Tensor(scores, False)] if _wants_scores(use) else made


def _heads(use: Use, name: str, x: Tensor, heads: int, width: int, *, bias: bool) -> Producer:
    """A projection, length × (heads · width), as a map heads × length × width."""
    made = use.net.layer(name, "linear", x.node, units=heads * width, bias=bias)
    made = use.net.layer(f"{name}_split", "reshape", made, shape=Shape(width, x.shape[0], heads))
    return use.net.layer(f"{name}_heads", "permute", made, axes=("channels", "width", "height"))


def _mixed(use: Use, q: Producer, k: Producer, v: Producer, factor: float, scores: Shape) -> tuple[Producer, Producer]:
    """Values mixed by the softmax of the products of queries and keys, and that softmax."""
    net = use.net
    products = net.layer("scores", "matmul", q, k, transpose="second", factor=factor)
    if _causal(use):
        mask = net.layer("causal_mask", "parameter", shape=scores, distinct=0)
        products = net.layer("masked", "add", products, mask)
    weights = net.layer("softmax", "softmax", products)
    return net.layer("mix", "matmul", weights, v), weights


def _causal(use: Use) -> bool:
    return bool(use.kwargs.get("use_causal_mask", use.config.get("causal", False)))


def _wants_scores(use: Use) -> bool:
    return bool(use.kwargs.get("return_attention_scores"))


def _has_mask(use: Use) -> bool:
    """Whether a mask flows in, which the language cannot apply."""
    return any(tensors(value) for key, value in use.kwargs.items() if "mask" in key)


def _opaque(use: Use, query: Tensor, value: Tensor, key: Tensor, sizes: tuple[int, int, int, int, int, bool]) -> Any:
    """Attention over maps, or with a mask that flows in, as a custom layer."""
    heads, pairs, width, value_width, given, bias = sizes
    c, k, v = query.shape.channels, key.shape.channels, value.shape.channels
    one = int(bias)
    parameters = (c + one) * heads * width + (k + one) * pairs * width + (v + one) * pairs * value_width
    parameters += heads * value_width * given + one * given
    cells, others = math.prod(query.shape.spatial), math.prod(value.shape.spatial)
    macs = cells * c * heads * width + others * (k * pairs * width + v * pairs * value_width)
    macs += cells * others * heads * (width + value_width) + cells * heads * value_width * given
    shape = Shape(*query.shape.spatial, given)
    inputs = [one.node for one in dict.fromkeys((query, value, key))]
    made = Tensor(use.net.custom(use.name, use.class_name, *inputs, output=shape, parameters=parameters, macs=macs), False)
    if not _wants_scores(use) or query.shape.rank != 1 or value.shape.rank != 1:
        return made
    name = use.net.free(f"{use.name}_scores")
    scores = use.net.custom(name, "attention scores", made.node, output=Shape(heads, cells, others), macs=0)
    return [made, Tensor(scores, False)]


def _query_value_key(use: Use) -> tuple[Tensor, Tensor, Tensor]:
    """The three tensors of an attention layer; the key is the value if it is not given. Raises Broken."""
    given = tensors(use.args)
    named = {key: one[0] for key, value in use.kwargs.items() if (one := tensors(value))}
    query = given[0] if given else named.get("query")
    value = given[1] if len(given) > 1 else named.get("value")
    key = given[2] if len(given) > 2 else named.get("key", value)
    if query is None or value is None or key is None:
        raise Broken("it needs a query and a value")
    return query, value, key


@keras("Attention", "AdditiveAttention")
def _products(use: Use) -> Any:
    """Attention without projections: a learned factor, or one number per channel in the additive form."""
    xs = tensors(use.args)
    if len(xs) < 2:
        raise Broken(f"it reads a query and a value, and {len(xs)} tensors flow in")
    query, value = xs[0], xs[1]
    key = xs[2] if len(xs) > 2 else value
    width = key.shape.channels
    learned = use.flag("use_scale", use.class_name == "AdditiveAttention")
    sequences = all(one.shape.rank == 1 for one in (query, value, key)) and not _has_mask(use)
    if use.class_name == "Attention" and not learned and use.config.get("score_mode", "dot") == "dot" and sequences:
        with use.net.group(use.name, use.class_name, query.node) as group:
            shape = Shape(query.shape[0], key.shape[0])
            group.result, scores = _mixed(use, query.node, key.node, value.node, 1.0, shape)
        made = Tensor(group.result, False)
        return [made, Tensor(scores, False)] if _wants_scores(use) else made
    parameters = (width if use.class_name == "AdditiveAttention" else 1) if learned else 0
    if use.config.get("score_mode") == "concat":
        parameters += 1
    shape = Shape(*query.shape.spatial, value.shape.channels)
    cells, others = math.prod(query.shape.spatial), math.prod(value.shape.spatial)
    macs = cells * others * (width + value.shape.channels)
    inputs = [x.node for x in dict.fromkeys(xs)]
    custom = use.net.custom(use.name, use.class_name, *inputs, output=shape, parameters=parameters, macs=macs)
    return Tensor(custom, False)
