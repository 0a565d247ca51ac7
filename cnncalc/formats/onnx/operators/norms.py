"""Normalisation."""

from __future__ import annotations

import math

from cnncalc.formats.onnx.call import Call, DataDependent, Result, normal, operator
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Tensor


def arrays(c: Call, first: int, count: int) -> list[Constant | None]:
    """Stored arguments, None for those that are left out. Raises DataDependent if one is computed."""
    found: list[Constant | None] = []
    for i in range(first, first + count):
        one = c.optional(i)
        if one is not None and not isinstance(one, Constant):
            raise DataDependent
        found.append(one)
    return found


@operator("BatchNormalization")
def batchnorm(c: Call) -> Result:
    training = bool(c.attribute("training_mode", 0))
    try:
        weights = arrays(c, 1, 4)
    except DataDependent:
        return c.program.add("custom", [one for one in c.args if not isinstance(one, list)], c.shape(), operator=c.node.op)
    epsilon = c.attribute("epsilon", 1e-5)
    return c.program.add("batchnorm", [c[0], *weights], c.shape(), epsilon=epsilon, training=training)


@operator("InstanceNormalization")
def instancenorm(c: Call) -> Result:
    return c.program.add("instancenorm", [c[0], *arrays(c, 1, 2)], c.shape(), epsilon=c.attribute("epsilon", 1e-5))


@operator("LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization")
@operator("LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization", domain="com.microsoft")
def layernorm(c: Call) -> Result:
    rank = len(c.shape())
    first = c.axis(-1, rank)
    axes = tuple(range(first, rank))
    epsilon = c.attribute("epsilon", 1e-5)
    if c.node.op == "LayerNormalization":
        return c.program.add("layernorm", [c[0], *arrays(c, 1, 2)], c.shape(), axes=axes, epsilon=epsilon)
    return c.program.add("rmsnorm", [c[0], *arrays(c, 1, 1)], c.shape(), axes=axes, epsilon=epsilon)


@operator("GroupNormalization")
def groupnorm(c: Call) -> Result:
    groups = c.attribute("num_groups", 1)
    weight, bias = arrays(c, 1, 2)
    if c.version < 21 and weight is not None and weight.shape == (groups,) and groups != c.shape()[1]:
        # Version 18 has a factor per group.
        raise DataDependent
    return c.program.add("groupnorm", [c[0], weight, bias], c.shape(), groups=groups, epsilon=c.attribute("epsilon", 1e-5))


@operator("LRN")
def lrn(c: Call) -> Result:
    return c.program.add(
        "lrn", [c[0]], c.shape(), size=c.attribute("size", 5), alpha=c.attribute("alpha", 1e-4), beta=c.attribute("beta", 0.75),
        k=c.attribute("bias", 1.0),
    )  # fmt: skip


@operator("LpNormalization")
def lp(c: Call) -> Result:
    axis = c.axis(-1, len(c.shape()))
    if c.attribute("p", 2) != 2:
        raise DataDependent
    length = build.reduce(c.program, "norm", c[0], [axis], True)
    # Vectors of length 0 stay as they are.
    return build.binary(c.program, "divide", c[0], build.unary(c.program, "clip", length, min=1e-12, max=math.inf))


@operator("MeanVarianceNormalization")
def mean_variance(c: Call) -> Result:
    axes = tuple(sorted(normal(a, len(c.shape())) for a in c.attribute("axes", [0, 2, 3])))
    if axes != (0, *range(2, len(c.shape()))) or c.shape()[0] != 1:
        raise DataDependent
    return c.program.add("instancenorm", [c[0], None, None], c.shape(), epsilon=1e-9)


@operator("Attention", "RotaryEmbedding")
def attention(c: Call) -> Result:
    """Scaled dot products of queries with keys, and of their softmax with values."""
    if c.node.op != "Attention" or len(c.node.outputs) > 1 or c.attribute("is_causal", 0) or c.attribute("softcap", 0.0):
        raise DataDependent
    p, q, k, v = c.program, c[0], c[1], c[2]
    flat = len(c.shape()) == 3
    if flat:
        heads, others = c.attribute("q_num_heads"), c.attribute("kv_num_heads")
        q, k, v = (_heads(c, i, count) for i, count in enumerate((heads, others, others)))
    shape, keys = q.shape or (), k.shape or ()
    if shape[1] != keys[1]:
        raise DataDependent
    scale = c.attribute("scale") or 1 / math.sqrt(shape[-1])
    scores = build.matmul(p, q, build.transpose(p, k, [0, 1, 3, 2]))
    scores = build.unary(p, "affine", scores, factor=scale, offset=0.0)
    if c.has(3):
        mask = c.shape(3)
        if c[3].dtype != "float" or mask[-1] not in (1, keys[2]):
            # True keeps a score and False drops it; keys that a short mask lacks are dropped.
            raise DataDependent
        scores = build.binary(p, "add", scores, c[3])
    weights = p.add("softmax", [scores], scores.shape, axis=3)
    found = build.matmul(p, weights, v)
    if flat:
        n, h, length, d = found.shape or ()
        found = build.reshape(p, build.transpose(p, found, [0, 2, 1, 3]), (n, length, h * d))
    return found


def _heads(c: Call, index: int, heads: int) -> Tensor:
    n, length, width = c.shape(index)
    split = build.reshape(c.program, c[index], (n, length, heads, width // heads))
    return build.transpose(c.program, split, [0, 2, 1, 3])
