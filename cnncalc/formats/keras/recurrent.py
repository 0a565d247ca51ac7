"""Recurrent layers and wrappers."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.use import Tensor, Use, in_sequence, keras, opaque
from cnncalc.shape import Shape

_CELLS = {"LSTMCell": "LSTM", "GRUCell": "GRU", "SimpleRNNCell": "SimpleRNN"}
_MERGES = {"sum": "add", "mul": "multiply", "ave": "average", "concat": "concat"}
_WRAPPED_TWICE = ("RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
KINDS = {"LSTM": "lstm", "CuDNNLSTM": "lstm", "GRU": "gru", "CuDNNGRU": "gru", "SimpleRNN": "rnn"}


def _biases(class_name: str, config: dict[str, Any]) -> int:
    """Bias vectors of each gate: cuDNN's form has two, Keras's own one."""
    if config.get("use_bias", True) is False:
        return 0
    if class_name.startswith("CuDNN"):
        return 2
    return 2 if class_name == "GRU" and config.get("reset_after", False) is True else 1


def _states(use: Use, class_name: str, y: Tensor, units: int, sequence: bool, copies: int = 1) -> Any:
    """The result, followed by the final states if the configuration returns them."""
    if not use.config.get("return_state") and not (copies == 2 and _wrapped(use).get("return_state")):
        return y
    count = (2 if "LSTM" in class_name else 1) * copies
    found = [y]
    for i in range(count):
        name = use.net.free(f"{use.name}_state{i}")
        if i == 0 and not sequence and copies == 1:
            found.append(Tensor(use.net.layer(name, "identity", y.node), False))
        else:
            found.append(Tensor(use.net.custom(name, "final state", y.node, output=Shape(units), macs=0), False))
    return found


def _wrapped(use: Use) -> dict[str, Any]:
    layer = use.config.get("layer")
    config = layer.get("config") if isinstance(layer, dict) else None
    return config if isinstance(config, dict) else {}


@keras(*KINDS)
def _recurrent(use: Use) -> Any:
    x = use.net.ordered(use.x, False, use.name)
    units = use.whole("units")
    sequence = use.flag("return_sequences", False)
    made = use.layer(
        KINDS[use.class_name],
        x.node,
        hidden=units,
        biases=_biases(use.class_name, use.config),
        returns="sequence" if sequence else "last",
    )
    return _states(use, use.class_name, Tensor(made, False), units, sequence)


@keras("Bidirectional")
def _bidirectional(use: Use) -> Any:
    layer = use.config.get("layer")
    class_name = layer.get("class_name") if isinstance(layer, dict) else None
    config = _wrapped(use)
    merge = use.config.get("merge_mode", "concat")
    if merge is not None and merge not in _MERGES:
        raise Broken(f"merge_mode must be concat, sum, mul, ave or none, got {merge}")
    backward = use.config.get("backward_layer")
    alike_classes = not isinstance(backward, dict) or backward.get("class_name") == class_name
    if isinstance(layer, dict) and (class_name in _WRAPPED_TWICE or not alike_classes) and not config.get("return_state"):
        return _both_ways(use, layer, merge)
    if not isinstance(layer, dict) or not isinstance(class_name, str) or class_name not in KINDS:
        raise Broken(f"it wraps a recurrent layer, got {class_name}")
    units, sequence = config.get("units"), config.get("return_sequences", False)
    if not isinstance(units, int) or isinstance(units, bool) or units < 1:
        raise Broken(f"units must be an integer ≥ 1, got {units}")
    x = use.net.ordered(use.x, False, use.name)
    fields: dict[str, Any] = {
        "hidden": units,
        "biases": _biases(class_name, config),
        "returns": "sequence" if sequence else "last",
    }
    other = backward.get("config") if isinstance(backward, dict) else None
    alike = not isinstance(other, dict) or all(other.get(key) == config.get(key) for key in ("units", "use_bias", "reset_after"))
    if merge == "concat" and alike:
        made = use.layer(KINDS[class_name], x.node, bidirectional=True, **fields)
        return _states(use, class_name, Tensor(made, False), units, bool(sequence), copies=2)
    with use.net.group(use.name, use.class_name, x.node) as group:
        one = use.net.layer("forward", KINDS[class_name], x.node, **fields)
        if not alike and isinstance(other, dict):
            fields["hidden"] = other.get("units", units)
            fields["biases"] = _biases(class_name, other)
        # It reads the sequence from its end.
        two = use.net.layer("backward", KINDS[class_name], x.node, **fields)
        if merge is None:
            return [Tensor(one, False), Tensor(two, False)]
        group.result = use.net.layer("merge", _MERGES[merge], one, two)
        return Tensor(group.result, False)


def _both_ways(use: Use, layer: dict[str, Any], merge: str | None) -> Any:
    """A layer inside `Bidirectional` that has no kind with two directions."""
    backward = use.config.get("backward_layer")
    with use.net.group(use.name, use.class_name, use.x.node) as group:
        one = use.inner(layer, "forward", [use.x])[0]
        # It reads the sequence from its end.
        two = use.inner(backward if isinstance(backward, dict) else layer, "backward", [use.x])[0]
        if merge is None:
            return [one, two]
        group.result = use.net.layer("merge", _MERGES[merge], one.node, two.node)
    return Tensor(group.result, one.first)


def _described(layer: Any) -> tuple[str, dict[str, Any]]:
    """The class and the configuration of a serialised layer; empty if it is none."""
    if not isinstance(layer, dict):
        return "", {}
    name, config = layer.get("class_name"), layer.get("config")
    return name if isinstance(name, str) else "", config if isinstance(config, dict) else {}


@keras("RNN")
def _of_cells(use: Use) -> Any:
    """A cell over a sequence, or a stack of cells: the layers that Keras names after the cells."""
    class_name, config = _described(use.config.get("cell"))
    stack = config.get("cells") if class_name == "StackedRNNCells" else [use.config.get("cell")]
    cells = [_described(one) for one in stack] if isinstance(stack, list) else []
    if not cells or any(name not in _CELLS for name, _ in cells) or (use.config.get("return_state") and len(cells) > 1):
        return opaque(use, macs=None)
    ways = {key: use.config.get(key) for key in ("go_backwards", "return_state") if key in use.config}
    layers: list[dict[str, Any]] = []
    for i, (name, config) in enumerate(cells):
        sequence = use.flag("return_sequences", False) if i + 1 == len(cells) else True
        layers.append({"class_name": _CELLS[name], "config": {**config, **ways, "return_sequences": sequence}})
    if len(layers) == 1:
        return use.inner(layers[0], use.name, [use.x])
    return in_sequence(use, [(f"cell{i + 1}", layer) for i, layer in enumerate(layers)])


@keras("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def _conv_lstm(use: Use) -> Any:
    x = use.map()
    rank = x.shape.rank - 1
    if rank != int(use.class_name[8]):
        raise Broken(f"it needs a sequence of maps with {use.class_name[8]} spatial axes, and {x.shape} flows in")
    if any(one != 1 for one in use.sizes("dilation_rate", rank, 1)) or not use.flag("use_bias", True):
        filters, window = use.whole("filters"), math.prod(use.sizes("kernel_size", rank))
        weights = 4 * filters * window * (x.shape.channels + filters)
        return opaque(use, parameters=weights + 4 * filters * use.flag("use_bias", True), macs=None)
    made = use.layer(
        "conv_lstm",
        x.node,
        filters=use.whole("filters"),
        kernel_size=use.sizes("kernel_size", rank),
        stride=use.sizes("strides", rank, 1),
        padding=use.padding("valid", "same"),
        returns="sequence" if use.flag("return_sequences", False) else "last",
    )
    y = Tensor(made, x.first)
    if not use.flag("return_state", False):
        return y
    state = Shape(*y.shape[-rank - 1 :])
    names = [use.net.free(f"{use.name}_state{i}") for i in range(2)]
    return [y, *(Tensor(use.net.custom(name, "final state", made, output=state, macs=0), x.first) for name in names)]


@keras("TimeDistributed")
def _time_distributed(use: Use) -> Any:
    layer = use.config.get("layer")
    if not isinstance(layer, dict):
        raise Broken("it wraps no layer")
    x = use.x
    config = layer.get("config")
    name = layer.get("class_name")
    if isinstance(name, str) and isinstance(config, dict) and not x.first:
        found = _per_step(use, x, name, config, layer)
        if found is not None:
            return found
    return use.steps(layer, x)


_POINTWISE = frozenset(
    ("Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "Dropout", "Identity", "Softmax", "LayerNormalization", "Rescaling")
)
_LIFTED = {"Conv1D": "Conv2D", "Conv2D": "Conv3D", "ZeroPadding2D": "ZeroPadding3D", "Cropping2D": "Cropping3D"}
_LIFTED |= {f"{kind}Pooling{n}D": f"{kind}Pooling{n + 1}D" for kind in ("Max", "Average") for n in (1, 2)}
_PER_AXIS = {"kernel_size": 1, "strides": 1, "dilation_rate": 1, "pool_size": 1, "padding": 0, "cropping": 0}


def _per_step(use: Use, x: Tensor, name: str, config: dict[str, Any], layer: dict[str, Any]) -> Any:
    """The layer over all steps at once if a layer of the language does that: along time, its window is one cell."""
    if name in _POINTWISE and config.get("axis", -1) in (-1, [-1]):
        return use.inner(layer, use.name, [x])
    if name == "BatchNormalization" and config.get("axis", -1) in (-1, x.shape.rank, [x.shape.rank]):
        return use.inner({**layer, "config": {**config, "axis": -1}}, use.name, [x])
    lifted = _LIFTED.get(name)
    if lifted is not None and config.get("data_format") in (None, "channels_last") and config.get("padding") != "causal":
        rank = x.shape.rank - 1
        changed = dict(config)
        for key, alone in _PER_AXIS.items():
            value = config.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                changed[key] = [alone, *[value] * rank]
            elif isinstance(value, list):
                changed[key] = [alone, *value]
        if "pool_size" in config and config.get("strides") is None:
            changed["strides"] = changed["pool_size"]
        return use.inner({**layer, "class_name": lifted, "config": changed}, use.name, [x])
    if name in ("GlobalAveragePooling2D", "GlobalMaxPooling2D") and x.shape.rank == 3:
        operation = "max" if "Max" in name else "mean"
        keep = bool(config.get("keepdims"))
        return [Tensor(use.layer("reduce", x.node, operation=operation, axes=("height", "width"), keep=keep), False)]
    if name == "Flatten":
        steps = x.shape[0]
        return [Tensor(use.layer("reshape", x.node, shape=Shape(steps, x.shape.size // steps)), False)]
    return None
