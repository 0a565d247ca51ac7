"""Dense layers, embeddings, dropout, and layers that change nothing during inference."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.keras.activations import apply
from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.use import Tensor, Use, keras, opaque, same
from cnncalc.graph import Producer
from cnncalc.shape import Tokens


def activated(use: Use, x: Tensor) -> Tensor:
    """Apply the activation of the configuration to `x`."""
    value = use.config.get("activation")
    return Tensor(apply(use.net, x, value, f"{use.name}_{_suffix(value)}"), x.first)


def _suffix(value: Any) -> str:
    return value.lower() if isinstance(value, str) and value.isidentifier() else "activation"


@keras("Dense")
def _dense(use: Use) -> Tensor:
    x = use.net.ordered(use.x, False, use.name)
    units, bias = use.whole("units"), use.flag("use_bias", True)
    kind = "linear" if x.shape.rank else "fc"
    if use.config.get("lora_rank") is not None:
        return activated(use, Tensor(_low_rank(use, kind, x.node, units, bias), False))
    return activated(use, Tensor(use.layer(kind, x.node, units=units, bias=bias), False))


def _low_rank(use: Use, kind: str, x: Producer, units: int, bias: bool) -> Producer:
    """A frozen dense layer, and a learned product of two thin matrices that is added to its weights.

    Source: Hu et al. 2021, LoRA, sec. 4.1.
    """
    rank = use.whole("lora_rank")
    net = use.net
    with net.group(use.name, use.class_name, x) as group:
        fixed = net.layer("kernel", kind, x, units=units, bias=False, trainable=False)
        update = net.layer("lora_b", kind, net.layer("lora_a", kind, x, units=rank, bias=False), units=units, bias=False)
        update = net.layer("lora_scale", "rescale", update, factor=use.number("lora_alpha", rank) / rank)
        y = net.layer("add", "add", fixed, update)
        group.result = net.layer("bias", "add_bias", y) if bias else y
    return group.result


@keras("EinsumDense")
def _einsum(use: Use) -> Any:
    x = use.net.ordered(use.x, False, use.name)
    equation = use.word("equation", "")
    left, _, out = equation.replace("...", "").replace(" ", "").partition("->")
    data, _, kernel = left.partition(",")
    sizes = dict(zip(reversed(data), reversed(x.sizes), strict=False))
    shape = use.config.get("output_shape")
    given = [shape] if isinstance(shape, int) else shape if isinstance(shape, list) else []
    sizes |= {letter: size for letter, size in zip(reversed(out), reversed(given), strict=False) if isinstance(size, int)}
    if not kernel or any(letter not in sizes for letter in kernel):
        raise Broken(f"the sizes of equation {equation} are not in the file")
    weights = math.prod(sizes[letter] for letter in kernel)
    bias_axes = use.config.get("bias_axes") or ""
    bias = math.prod(sizes.get(letter, 1) for letter in bias_axes) if bias_axes else 0
    if data[-1:] and kernel == data[-1] + out[-1:] and data[:-1] == out[:-1] and bias in (0, sizes[out[-1]]):
        return activated(use, Tensor(use.layer("linear", x.node, units=sizes[out[-1]], bias=bool(bias)), False))
    if out[:1] == data[:1] and all(letter in sizes for letter in out[1:]) and None in use.stated.get(0, (None,)):
        use.stated[0] = tuple(sizes[letter] for letter in out[1:])
    places = math.prod(sizes.get(letter, 1) for letter in set(data) | set(kernel) if letter != data[0])
    return opaque(use, parameters=weights + bias, macs=places if data[:1] not in kernel else None)


@keras("Embedding", "ReversibleEmbedding")
def _embedding(use: Use) -> Any:
    x = use.x
    if use.class_name == "ReversibleEmbedding" and not use.flag("tie_weights", True):
        return opaque(use, macs=None)
    words, width = use.whole("input_dim"), use.whole("output_dim")
    if isinstance(x.node.flow, Tokens):
        return Tensor(use.layer("embedding", x.node, dimension=width), False)
    if not use.stated and x.shape.rank == 0:
        use.stated[0] = (x.shape.channels, width)
    return opaque(use, parameters=words * width)


@keras("Dropout", "AlphaDropout", "GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
def _dropout(use: Use) -> Tensor:
    rate = use.number("rate", 0.5)
    if not 0 <= rate <= 1:
        raise Broken(f"rate must be from 0 to 1, got {rate:g}")
    return Tensor(use.layer("dropout", use.x.node, rate=rate) if rate < 1 else use.layer("identity", use.x.node), use.x.first)


@keras(
    "Identity", "Masking", "GaussianNoise", "ActivityRegularization", "StochasticDepth", "DropPath", "RandomFlip",
    "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness", "RandomHue",
    "RandomSaturation", "RandomColorJitter", "RandomColorDegeneration", "RandomGrayscale", "RandomSharpness", "RandomShear",
    "RandomPosterization", "RandomInvert", "RandomPerspective", "RandomErasing", "RandomGaussianBlur",
    "RandomElasticTransform", "RandomHeight", "RandomWidth", "Solarization", "Equalization", "AutoContrast", "RandAugment",
    "AugMix", "MixUp", "CutMix",
)  # fmt: skip
def _identity(use: Use) -> Tensor:
    return Tensor(use.layer("identity", use.x.node), use.x.first)


@keras("LayerScale")
def _layer_scale(use: Use) -> Tensor:
    x = use.x
    if x.first and x.shape.rank:
        return same(use, x, parameters=use.whole("projection_dim"))
    if use.whole("projection_dim") != x.shape.channels:
        raise Broken(f"projection_dim must be the {x.shape.channels} channels that flow in, got {use.config['projection_dim']}")
    return Tensor(use.layer("scale", x.node), x.first)


@keras("CustomScaleLayer")
def _scaled_sum(use: Use) -> Tensor:
    if len(use.inputs) != 2:
        raise Broken("it adds two tensors, the second one times a constant")
    one, other = use.inputs
    scaled: Producer = use.after("scale", "rescale", other.node, factor=use.number("scale", 1.0))
    return Tensor(use.layer("add", one.node, scaled), one.first)
