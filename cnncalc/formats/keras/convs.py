"""Convolutions and pools. `same` is the framework's own padding; cells of the padding do not count in a mean."""

from __future__ import annotations

from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.dense import activated
from cnncalc.formats.keras.use import Tensor, Use, keras, ranks


def _rank(use: Use, x: Tensor) -> int:
    """The spatial axes that the class has; the tensor must have as many. Raises Broken."""
    rank = int(next(letter for letter in use.class_name if letter.isdigit()))
    if x.shape.rank != rank:
        axes = "axis" if rank == 1 else "axes"
        raise Broken(f"it needs {rank} spatial {axes}, and {x.shape.text('channels_last')} flows in")
    return rank


def window(use: Use, rank: int) -> dict[str, Any]:
    """Window, stride and dilation of a convolution."""
    return {
        "kernel_size": use.sizes("kernel_size", rank),
        "stride": use.sizes("strides", rank, 1),
        "dilation": use.sizes("dilation_rate", rank, 1),
    }


def _padding(use: Use, *words: str) -> str | None:
    """The word for the padding; None, the language's default, for no padding at all."""
    found = use.padding("valid", *words)
    return None if found == "valid" else found


@keras(*ranks("Conv"), *ranks("Convolution"))
def _conv(use: Use) -> Tensor:
    x = use.map()
    rank = _rank(use, x)
    made = use.layer(
        "conv",
        x.node,
        filters=use.whole("filters"),
        padding=_padding(use, "same", "causal"),
        groups=use.whole("groups", 1),
        bias=use.flag("use_bias", True),
        **window(use, rank),
    )
    return activated(use, Tensor(made, x.first))


@keras(*ranks("DepthwiseConv", 1, 2))
def _depthwise(use: Use) -> Tensor:
    x = use.map()
    rank = _rank(use, x)
    made = use.layer(
        "depthwise_conv",
        x.node,
        multiplier=use.whole("depth_multiplier", 1),
        padding=_padding(use, "same", "causal"),
        bias=use.flag("use_bias", True),
        **window(use, rank),
    )
    return activated(use, Tensor(made, x.first))


@keras(*ranks("SeparableConv", 1, 2), *ranks("SeparableConvolution", 1, 2))
def _separable(use: Use) -> Tensor:
    x = use.map()
    rank = _rank(use, x)
    fields = window(use, rank)
    with use.net.group(use.name, use.class_name, x.node) as group:
        y = use.net.layer(
            "depthwise",
            "depthwise_conv",
            x.node,
            multiplier=use.whole("depth_multiplier", 1),
            padding=_padding(use, "same", "causal"),
            bias=False,
            **fields,
        )
        y = use.net.layer(
            "pointwise", "conv", y, filters=use.whole("filters"), kernel_size=(1,) * rank, bias=use.flag("use_bias", True)
        )
        group.result = y
    return activated(use, Tensor(y, x.first))


@keras("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "Deconvolution2D", "Convolution2DTranspose")
def _transposed(use: Use) -> Tensor:
    x = use.map()
    rank = _rank(use, x)
    kind = use.padding("valid", "same")
    fields = window(use, rank)
    added = use.config.get("output_padding")
    more = use.sizes("output_padding", rank, least=0) if added is not None else None
    padding: list[tuple[int, int]] = []
    extra: list[int] = []
    for i, (k, s, d) in enumerate(zip(fields["kernel_size"], fields["stride"], fields["dilation"], strict=True)):
        extent = d * (k - 1) + 1
        if more is not None:
            cut = k // 2 if kind == "same" else 0
            padding.append((cut, cut))
            extra.append(more[i])
        else:
            # `same` gives N·S cells; so does `valid` with a window smaller than the stride.
            overlap = max(extent - s, 0) if kind == "same" else 0
            padding.append((overlap // 2, overlap - overlap // 2))
            extra.append(max(s - extent, 0))
    made = use.layer(
        "conv_transpose",
        x.node,
        filters=use.whole("filters"),
        padding=padding,
        output_padding=extra,
        groups=use.whole("groups", 1),
        bias=use.flag("use_bias", True),
        **fields,
    )
    return activated(use, Tensor(made, x.first))


@keras(*ranks("MaxPooling"), *ranks("MaxPool"), *ranks("AveragePooling"), *ranks("AvgPool"))
def _pool(use: Use) -> Tensor:
    x = use.map()
    rank = _rank(use, x)
    size = use.sizes("pool_size", rank, 2)
    stride = size if use.config.get("strides") is None else use.sizes("strides", rank)
    fields: dict[str, Any] = {"kernel_size": size, "stride": stride, "padding": _padding(use, "same")}
    if use.class_name.startswith("Max"):
        return Tensor(use.layer("maxpool", x.node, **fields), x.first)
    return Tensor(use.layer("avgpool", x.node, count_include_pad=False, **fields), x.first)


@keras(*ranks("GlobalAveragePooling"), *ranks("GlobalAvgPool"), *ranks("GlobalMaxPooling"), *ranks("GlobalMaxPool"))
def _global(use: Use) -> Tensor:
    x = use.map()
    rank = _rank(use, x)
    kind = "max" if "Max" in use.class_name else "avg"
    if use.flag("keepdims", False):
        return Tensor(use.layer(f"adaptive_{kind}pool", x.node, output_size=(1,) * rank), x.first)
    return Tensor(use.layer(f"global_{kind}pool", x.node), False)


@keras(*ranks("AdaptiveAveragePooling"), *ranks("AdaptiveMaxPooling"))
def _adaptive(use: Use) -> Tensor:
    x = use.map()
    kind = "max" if "Max" in use.class_name else "avg"
    return Tensor(use.layer(f"adaptive_{kind}pool", x.node, output_size=use.sizes("output_size", _rank(use, x))), x.first)
