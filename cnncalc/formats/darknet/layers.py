"""Sections → layers. Defaults and output sizes are Darknet's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cnncalc.formats.darknet.sections import Values
from cnncalc.formats.draft import Draft, channels, map_of, shape_of
from cnncalc.graph import Producer
from cnncalc.shape import LayerError, Shape

ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("", {}),
    "leaky": ("leaky_relu", {"slope": 0.1}),
    "logistic": ("sigmoid", {}),
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {}),
    "mish": ("mish", {}),
    "hard_mish": ("", {}),
    "swish": ("silu", {}),
    "tanh": ("tanh", {}),
    "softplus": ("softplus", {}),
}
#: Darknet's activations without a layer kind.
OTHERS = (
    "hard_mish", "loggy", "relie", "ramp", "plse", "stair", "hardtan", "lhtan", "revleaky",
    "normalize_channels", "normalize_channels_softmax", "normalize_channels_softmax_maxval",
)  # fmt: skip


class DarknetDraft(Draft):
    """A draft that knows the layers above by their numbers in the file."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        #: The result of each section; None if it is not known.
        self.results: list[Producer | None] = []
        self._taken: set[str] = set()

    def free(self, name: str) -> str:
        """A name in the open group that no layer has."""
        found, number = name, 2
        while self.prefix + found in self._taken:
            found, number = f"{name}_{number}", number + 1
        self._taken.add(self.prefix + found)
        return found


Layout = Callable[[DarknetDraft, str, Values, Producer], Producer]
"""Lays out a section: (net, name, values, the result above) → its result."""


def activated(net: DarknetDraft, name: str, x: Producer, word: str) -> Producer:
    """Apply an activation to `x`. Raises LayerError for a word that Darknet does not have."""
    if word in OTHERS:
        return net.custom(name, word, x, output="same", macs=0)
    if word not in ACTIVATIONS:
        raise LayerError(
            f"activation must be one of {', '.join(ACTIVATIONS)} or {', '.join(OTHERS[:-1])}, got {word}", rule="value"
        )
    kind, fields = ACTIVATIONS[word]
    return net.layer(name, kind, x, **fields) if kind else x


def _padding(values: Values, size: int) -> int:
    """`pad=1` is half the window; else `padding` cells."""
    return size // 2 if values.whole("pad", 0) else values.whole("padding", 0)


def _finish(net: DarknetDraft, name: str, kind: str, x: Producer, values: Values, normalised: bool, **fields: Any) -> Producer:
    """A layer with weights, its batch normalisation and activation: a group if it has either."""
    word = values.word("activation", "logistic")
    if not normalised and word == "linear":
        return net.layer(name, kind, x, **fields)
    with net.group(name, values.section.kind, x):
        y: Producer = net.layer(kind, kind, x, **fields)
        if normalised:
            y = net.layer("batchnorm", "batchnorm", y)
        return activated(net, word if word.isidentifier() else "activation", y, word)


def convolutional(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    size = values.whole("size", 1, 1)
    stride = values.whole("stride", 1, 1)
    strides = (values.whole("stride_y", stride, 1), values.whole("stride_x", stride, 1))
    dilation = values.whole("dilation", 1, 1)
    padding = _padding(values, size) * dilation
    normalised = bool(values.whole("batch_normalize", 0) or values.whole("cbn", 0))
    return _finish(
        net,
        name,
        "conv",
        x,
        values,
        normalised,
        filters=values.whole("filters", 1, 1),
        kernel_size=size,
        stride=stride if strides == (stride, stride) else strides,
        padding=padding,
        dilation=1 if size == 1 else dilation,
        groups=values.whole("groups", 1, 1),
        bias=not normalised,
    )


def deconvolutional(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    size = values.whole("size", 1, 1)
    normalised = bool(values.whole("batch_normalize", 0))
    return _finish(
        net,
        name,
        "conv_transpose",
        x,
        values,
        normalised,
        filters=values.whole("filters", 1, 1),
        kernel_size=size,
        stride=values.whole("stride", 1, 1),
        padding=_padding(values, size),
        bias=not normalised,
    )


def connected(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    normalised = bool(values.whole("batch_normalize", 0))
    return _finish(net, name, "fc", x, values, normalised, units=values.whole("output", 1, 1), bias=not normalised)


def local(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    """A convolution with separate weights at each position."""
    height, width, c = map_of(x, "section")
    size, stride = values.whole("size", 1, 1), values.whole("stride", 1, 1)
    filters = values.whole("filters", 1, 1)
    less = 1 if values.whole("pad", 0) else size
    if min(height, width) < less:
        raise LayerError(
            f"a window of {size} cells is larger than {{}}; write pad=1, or a smaller size", shape_of(x), rule="window"
        )
    out = Shape((height - less) // stride + 1, (width - less) // stride + 1, filters)
    places = out[0] * out[1]
    weights = places * size * size * c * filters
    word = values.word("activation", "logistic")
    if word == "linear":
        return net.custom(name, "locally connected", x, output=out, parameters=weights + out.size, macs=weights)
    with net.group(name, values.section.kind, x):
        y = net.custom("local", "locally connected", x, output=out, parameters=weights + out.size, macs=weights)
        return activated(net, word if word.isidentifier() else "activation", y, word)


def maxpool(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    if values.whole("maxpool_depth", 0):
        height, width, _ = map_of(x, "section")
        return net.custom(
            name, "maxpool over channels", x, output=Shape(height, width, values.whole("out_channels", 1, 1)), macs=0
        )
    return net.layer(name, "maxpool", x, **_window(values))


def local_avgpool(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    return net.layer(name, "avgpool", x, count_include_pad=False, **_window(values))


def _window(values: Values) -> dict[str, Any]:
    """A pool's window: `padding` cells in all, by default one less than the window; an odd cell is at the end."""
    stride = values.whole("stride", 1, 1)
    strides = (values.whole("stride_y", stride, 1), values.whole("stride_x", stride, 1))
    size = values.whole("size", stride, 1)
    padding = values.whole("padding", size - 1)
    pair = (padding // 2, padding - padding // 2)
    shown: Any = pair[0] if pair[0] == pair[1] else (pair, pair)
    return {"kernel_size": size, "stride": stride if strides == (stride, stride) else strides, "padding": shown}


def avgpool(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    map_of(x, "section")
    return net.layer(name, "adaptive_avgpool", x, output_size=1)


def batchnorm(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    return net.layer(name, "batchnorm", x)


def dropout(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    rate = values.number("probability", 0.5)
    if not 0 <= rate < 1:
        raise LayerError(f"probability must be at least 0 and below 1, got {rate:g}", rule="value", field="rate")
    return net.layer(name, "dropout", x, rate=rate)


def normalization(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    # Darknet multiplies the sum with alpha, PyTorch and the language with alpha/size.
    size = values.whole("size", 5, 1)
    alpha = values.number("alpha", 0.0001) * size
    return net.layer(name, "lrn", x, size=size, alpha=alpha, beta=values.number("beta", 0.75), k=values.number("kappa", 1.0))


def softmax(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    shape = shape_of(x)
    groups = values.whole("groups", 1, 1)
    if shape.size % groups:
        raise LayerError(f"groups={groups} does not divide the {shape.size} numbers of {{}}", shape, rule="value", field="groups")
    if groups > 1 or "tree" in values or (math.prod(shape.spatial) > 1 and not values.whole("spatial", 0)):
        return net.custom(name, "softmax over parts", x, output="same", macs=0)
    return net.layer(name, "softmax", x)


def activation(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    word = values.word("activation", "linear")
    return net.layer(name, "identity", x) if word == "linear" else activated(net, name, x, word)


def logistic(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    return net.layer(name, "sigmoid", x)


def identity(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    return net.layer(name, "identity", x)


def crop(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    height, width, c = map_of(x, "section")
    wanted = (values.whole("crop_height", 1, 1), values.whole("crop_width", 1, 1))
    over = (height - wanted[0], width - wanted[1])
    if min(over) < 0:
        return net.custom(name, "crop", x, output=Shape(*wanted, c), macs=0)
    if over == (0, 0):
        return net.layer(name, "identity", x)
    return net.layer(name, "crop", x, cells=tuple((n // 2, n - n // 2) for n in over))


def upsample(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    stride = values.whole("stride", 2, -1024, 1024)
    if stride == 0:
        raise LayerError("stride must not be 0", rule="value", field="stride")
    if stride < 0:
        return net.layer(name, "sumpool", x, kernel_size=-stride, stride=-stride)
    return net.layer(name, "upsample", x, factor=stride)


def reorg(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    stride = values.whole("stride", 1, 1)
    if values.whole("flatten", 0):
        return net.layer(name, "flatten", x)
    return net.layer(name, "pixel_shuffle" if values.whole("reverse", 0) else "space_to_depth", x, factor=stride)


def l2norm(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    return net.custom(name, values.section.kind, x, output="same", macs=0)


def yolo(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    classes = values.whole("classes", 20, 1)
    boxes = len(values.numbers("mask")) or values.whole("num", 1, 1)
    # The Gaussian form predicts how sure it is of each side as well.
    sides = 8 if values.section.kind.startswith("gaussian") else 4
    _check(x, boxes * (classes + sides + 1), f"{boxes} boxes · ({classes} classes + {sides} + 1)")
    return net.custom(name, values.section.kind, x, output="same", macs=0)


def region(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    classes, boxes, sides = values.whole("classes", 20, 1), values.whole("num", 1, 1), values.whole("coords", 4, 1)
    _check(x, boxes * (classes + sides + 1), f"{boxes} boxes · ({classes} classes + {sides} + 1)")
    return net.custom(name, values.section.kind, x, output="same", macs=0)


def _check(x: Producer, wanted: int, formula: str) -> None:
    """Raises LayerError unless the layer above has the filters that a head needs."""
    if channels(x) != wanted:
        raise LayerError(f"the layer above must have filters={wanted}: {formula}, and {{}} flows in", shape_of(x))


def detection(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    side, classes = values.whole("side", 7, 1), values.whole("classes", 1, 1)
    boxes, sides = values.whole("num", 1, 1), values.whole("coords", 1, 1)
    wanted = side * side * (boxes * (sides + 1) + classes)
    if shape_of(x).size != wanted:
        formula = f"{side}² cells · ({boxes} boxes · ({sides} + 1) + {classes} classes)"
        raise LayerError(f"the layer above must give {wanted} numbers: {formula}, and {{}} flows in", shape_of(x))
    return net.custom(name, values.section.kind, x, output="same", macs=0)


def _dense(n: int, k: int, normalised: bool) -> int:
    """Parameters of a connected layer."""
    return n * k + k * (2 if normalised else 1)


def recurrent(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    """RNN, GRU and LSTM step over examples, not over a sequence: one step is a vector in and a vector out."""
    kind = values.section.kind
    n, k = shape_of(x).size, values.whole("output", 1, 1)
    normalised = bool(values.whole("batch_normalize", 0))
    hidden = values.whole("hidden", k, 1)
    pairs = {
        "rnn": [(n, hidden), (hidden, hidden), (hidden, k)],
        "gru": [(n, k)] * 3 + [(k, k)] * 3,
        "lstm": [(n, k)] * 4 + [(k, k)] * 4,
    }[kind]
    parameters = sum(_dense(a, b, normalised) for a, b in pairs)
    buffers = sum(2 * b for _, b in pairs) if normalised else 0
    macs = sum(a * b for a, b in pairs)
    return net.custom(name, f"{kind} step", x, output=Shape(k), parameters=parameters, buffers=buffers, macs=macs)


def crnn(net: DarknetDraft, name: str, values: Values, x: Producer) -> Producer:
    """Three convolutions: into the state, of the state, and out of it."""
    shape = shape_of(x)
    height, width, c = (1, 1, shape.channels) if shape.rank == 0 else map_of(x, "section")
    out = values.whole("output" if "output" in values else "output_filters", 1, 1)
    hidden = values.whole("hidden" if "hidden" in values else "hidden_filters", 1, 1)
    size = values.whole("size", 3, 1)
    normalised = bool(values.whole("batch_normalize", 0))
    pairs = [(c, hidden), (hidden, hidden), (hidden, out)]
    weights = size * size * sum(a * b for a, b in pairs)
    parameters = weights + sum(b for _, b in pairs) * (2 if normalised else 1)
    buffers = 2 * sum(b for _, b in pairs) if normalised else 0
    result = Shape(height, width, out)
    return net.custom(name, "crnn step", x, output=result, parameters=parameters, buffers=buffers, macs=weights * height * width)


LAYOUTS: dict[str, Layout] = {
    "convolutional": convolutional,
    "deconvolutional": deconvolutional,
    "connected": connected,
    "local": local,
    "maxpool": maxpool,
    "local_avgpool": local_avgpool,
    "avgpool": avgpool,
    "batchnorm": batchnorm,
    "dropout": dropout,
    "normalization": normalization,
    "softmax": softmax,
    "activation": activation,
    "logistic": logistic,
    "cost": identity,
    "empty": identity,
    "crop": crop,
    "upsample": upsample,
    "reorg": reorg,
    "reorg3d": reorg,
    "l2norm": l2norm,
    "contrastive": l2norm,
    "iseg": l2norm,
    "yolo": yolo,
    "gaussian_yolo": yolo,
    "region": region,
    "detection": detection,
    "rnn": recurrent,
    "gru": recurrent,
    "lstm": recurrent,
    "crnn": crnn,
}

ALIASES = {
    "conv": "convolutional",
    "deconv": "deconvolutional",
    "conn": "connected",
    "max": "maxpool",
    "avg": "avgpool",
    "local_avg": "local_avgpool",
    "lrn": "normalization",
    "soft": "softmax",
    "silence": "empty",
    "reorg_old": "reorg",
}
