"""Normalisation. A factor without an offset, or the reverse, becomes a separate layer after it."""

from __future__ import annotations

from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.use import Tensor, Use, keras, numbers, opaque, same, short
from cnncalc.graph import Producer


def _with_affine(use: Use, kind: str, x: Producer, **fields: Any) -> Producer:
    """A normalisation with the factor and the offset that the configuration has."""
    scale, center = use.flag("scale", True), use.flag("center", True)
    y: Producer = use.layer(kind, x, affine=scale and center, **fields)
    if scale and not center:
        return use.after("gamma", "scale", y)
    if center and not scale:
        return use.after("beta", "add_bias", y)
    return y


def _epsilon(use: Use, default: float = 1e-3) -> float:
    value = use.number("epsilon", default)
    if value <= 0:
        raise Broken(f"epsilon must be above 0, got {value:g}")
    return value


@keras("BatchNormalization", "SyncBatchNormalization")
def _batch(use: Use) -> Tensor:
    x = use.x
    axis = use.config.get("axis", -1)
    name = x.axis(axis)
    if name != "channels":
        count = x.sizes[x.names.index(name)]
        flags = use.flag("scale", True) + use.flag("center", True)
        return same(use, x, parameters=flags * count, buffers=2 * count)
    if use.flag("renorm", False):
        # A mean, a deviation and a momentum per channel in addition to the usual statistics.
        flags = use.flag("scale", True) + use.flag("center", True)
        return same(use, x, "BatchNormalization renorm", parameters=flags * x.shape.channels, buffers=5 * x.shape.channels)
    return Tensor(_with_affine(use, "batchnorm", x.node, epsilon=_epsilon(use)), x.first)


@keras("LayerNormalization")
def _layer(use: Use) -> Tensor:
    x = use.x
    axes = use.config.get("axis", -1)
    names = {x.axis(one) for one in (axes if isinstance(axes, list) else [axes])}
    count = 1
    for name, size in zip(x.names, x.sizes, strict=True):
        count *= size if name in names else 1
    if use.flag("rms_scaling", False):
        # Only a factor is learned then, and no mean is subtracted.
        if names != {"channels"}:
            return same(use, x, parameters=count)
        return Tensor(use.layer("rmsnorm", x.node, epsilon=_epsilon(use), affine=use.flag("scale", True)), x.first)
    if names == {"channels"}:
        return Tensor(_with_affine(use, "layernorm", x.node, epsilon=_epsilon(use)), x.first)
    flags = use.flag("scale", True) + use.flag("center", True)
    if names == set(x.names) and flags != 1:
        return Tensor(use.layer("layernorm", x.node, over="all", epsilon=_epsilon(use), affine=flags == 2), x.first)
    return same(use, x, parameters=flags * count)


@keras("RMSNormalization")
def _rms(use: Use) -> Tensor:
    x = use.x
    axis = use.config.get("axis", -1)
    if x.axis(axis) != "channels":
        return same(use, x, parameters=x.sizes[x.names.index(x.axis(axis))])
    return Tensor(use.layer("rmsnorm", x.node, epsilon=_epsilon(use, 1e-6)), x.first)


@keras("GroupNormalization")
def _group(use: Use) -> Tensor:
    x = use.x
    groups = use.config.get("groups", 32)
    if x.axis(use.config.get("axis", -1)) != "channels":
        count = x.sizes[x.names.index(x.axis(use.config.get("axis", -1)))]
        return same(use, x, parameters=(use.flag("scale", True) + use.flag("center", True)) * count)
    if groups == -1:
        groups = x.shape.channels
    if not isinstance(groups, int) or isinstance(groups, bool) or groups < 1:
        raise Broken(f"groups must be an integer ≥ 1, or −1 for one per channel, got {short(groups)}")
    return Tensor(_with_affine(use, "groupnorm", x.node, groups=groups, epsilon=_epsilon(use)), x.first)


@keras("Normalization")
def _standardized(use: Use) -> Tensor:
    """Means and variances that were measured once: stored with a counter, or constants of the configuration."""
    x = use.x
    axes = use.config.get("axis", -1)
    names = [x.axis(one) for one in (axes if isinstance(axes, list) else [axes]) if one is not None]
    mean, variance = numbers(use.config.get("mean")), numbers(use.config.get("variance"))
    stored = use.config.get("mean") is None
    count = 1
    for name in names:
        count *= x.sizes[x.names.index(name)]
    known = stored or (mean is not None and variance is not None and len({len(mean), len(variance), 1, count}) <= 2)
    over_channels = names == ["channels"] or (count == 1 and not stored)
    if not known or not over_channels or use.flag("invert", False):
        return same(use, x, buffers=2 * count + 1 if stored else 0)
    return Tensor(use.layer("standardize", x.node, mean=mean, variance=variance), x.first)


@keras("UnitNormalization")
def _unit(use: Use) -> Tensor:
    return same(use, use.x)


@keras("SpectralNormalization")
def _spectral(use: Use) -> Any:
    """The layer inside, and a vector as long as its last axis of weights."""
    config = use.config.get("layer")
    if not isinstance(config, dict):
        raise Broken("it wraps no layer")
    found = use.inner(config, use.name, use.inputs)
    y = found[0]
    inner = config.get("config", {})
    count = inner.get("filters", inner.get("units")) if isinstance(inner, dict) else None
    if not isinstance(count, int):
        return opaque(use)
    made = use.net.custom(use.net.free(f"{use.name}_vector_u"), "spectral norm", y.node, output="same", buffers=count, macs=0)
    return Tensor(made, y.first)
