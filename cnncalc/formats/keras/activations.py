"""Activations, as separate layers and inside other layers."""

from __future__ import annotations

from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.use import KerasDraft, Tensor, Use, keras, same, short
from cnncalc.graph import Producer

#: Kinds and fields by the names of Keras's functions; an empty kind changes nothing.
FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("", {}),
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
    "mish": ("mish", {}),
    "softplus": ("softplus", {}),
    "sigmoid": ("sigmoid", {}),
    "hard_silu": ("hard_swish", {}),
    "hard_swish": ("hard_swish", {}),
    "tanh": ("tanh", {}),
    "softmax": ("softmax", {}),
    "leaky_relu": ("leaky_relu", {"slope": 0.2}),
    "exponential": ("exp", {}),
    "celu": ("elu", {}),
    "hard_tanh": ("clip", {"min": -1.0, "max": 1.0}),
}


def function_name(value: Any) -> str | None:
    """The name of an activation as a configuration has it: a word, or an object around one; None for none."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.rsplit(">", 1)[-1].lower() if ">" in value else value.lower()
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") == "function" and isinstance(config, str):
            return config.lower()
        if isinstance(value.get("class_name"), str):
            return str(value["class_name"]).lower()
    raise Broken(f"activation must be a word, got {short(value)}")


def apply(net: KerasDraft, tensor: Tensor, value: Any, name: str) -> Producer:
    """Apply the activation of a configuration to a tensor; the layer, if there is one, is called `name`."""
    function = function_name(value)
    x = tensor.node
    if function is None or function == "linear":
        return x
    if function == "hard_sigmoid":
        # Keras 2 has 0.2·x + 0.5 between 0 and 1, Keras 3 relu6(x + 3)/6.
        older: dict[str, Any] = {"slope": 0.2, "offset": 0.5} if net.keras2 else {}
        return net.layer(net.free(name), "hard_sigmoid", x, **older)
    if isinstance(value, dict) and isinstance(value.get("config"), dict) and function in ("relu", "leakyrelu", "elu"):
        kind, fields = _of_layer(function, value["config"])
        return (
            net.layer(net.free(name), kind, x, **fields)
            if kind
            else net.custom(net.free(name), function, x, output="same", macs=0)
        )
    kind, fields = FUNCTIONS.get(function.replace("leakyrelu", "leaky_relu"), ("", {}))
    if not kind:
        return net.custom(net.free(name), function, x, output="same", macs=0)
    if kind == "softmax" and tensor.first and tensor.shape.rank:
        # Keras takes its last axis, which is not the channels here.
        fields = {"axis": tensor.names[-1]}
    return net.layer(net.free(name), kind, x, **fields)


def _of_layer(function: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of a ReLU with its fields; an empty kind if the language has none."""
    slope = config.get(
        "negative_slope", config.get("alpha", 0.3 if function == "leakyrelu" else 0.0 if function == "relu" else 1.0)
    )
    most, threshold = config.get("max_value"), config.get("threshold") or 0
    slope = slope if isinstance(slope, (int, float)) else 0.0
    if function == "elu":
        return ("elu", {} if slope == 1 else {"alpha": float(slope)})
    if threshold or (most is not None and slope):
        return "", {}
    if most is not None:
        if not isinstance(most, (int, float)) or most <= 0:
            return "", {}
        return ("relu6", {}) if most == 6 else ("clip", {"min": 0.0, "max": float(most)})
    return ("leaky_relu", {"slope": float(slope)}) if slope else ("relu", {})


@keras("ReLU", "LeakyReLU", "ELU")
def _relu(use: Use) -> Tensor:
    x = use.x
    kind, fields = _of_layer(use.class_name.lower(), use.config)
    return Tensor(use.layer(kind, x.node, **fields), x.first) if kind else same(use, x)


@keras("PReLU")
def _prelu(use: Use) -> Tensor:
    x = use.x
    shared = use.config.get("shared_axes") or []
    if not isinstance(shared, list):
        raise Broken(f"shared_axes must be a list of axes, got {short(shared)}")
    names = {x.axis(one) for one in shared}
    if names == set(x.shape.axes):
        return Tensor(use.layer("prelu", x.node), x.first)
    weights = 1
    for name, size in zip(x.names, x.sizes, strict=True):
        weights *= 1 if name in names else size
    return same(use, x, parameters=weights)


@keras("Softmax")
def _softmax(use: Use) -> Tensor:
    x = use.x
    axis = use.config.get("axis", -1)
    if isinstance(axis, list) and len({x.axis(one) for one in axis}) > 1:
        return same(use, x)
    name = x.axis(axis)
    fields = {} if name == "channels" else {"axis": name}
    return Tensor(use.layer("softmax", x.node, **fields), x.first)


@keras("Activation")
def _activation(use: Use) -> Tensor:
    x = use.x
    value = use.config.get("activation")
    function = function_name(value)
    if function in (None, "linear"):
        return Tensor(use.layer("identity", x.node), x.first)
    use.net.taken.discard(use.name)
    return Tensor(apply(use.net, x, value, use.name), x.first)
