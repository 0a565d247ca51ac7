"""Takes a layer apart if it shares only some of its arrays with other layers.

Exporters store equal arrays once: in a model that was never trained, biases of zeros and factors of ones. Layers can share only
all of their weights, so such a bias becomes an `add_bias` and such a factor a `scale`, which share theirs as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.emit import Made

_WEIGHTED = ("conv", "depthwise_conv", "conv_transpose", "linear", "fc")
_NORMS = ("batchnorm", "layernorm", "groupnorm", "instancenorm", "rmsnorm")
STATISTICS = ("running_mean", "running_var")
"""Weights that are not learned. A file may store one of them and a learned one as the same array."""


def take_apart(layers: Sequence[Made]) -> list[Made]:
    """Return the layers, with those that share a part of their weights in pieces: the layer, its `scale` and its `add_bias`."""
    owners: dict[int, set[tuple[object, ...]]] = {}
    for made in layers:
        arrays = _arrays(made)
        for array in arrays.values():
            owners.setdefault(array, set()).add((made.kind, *arrays.values()))
    found: list[Made] = []
    for made in layers:
        if any(len(owners[array]) > 1 for array in _arrays(made).values()):
            found += _pieces(made)
        found.append(made)
    return found


def _arrays(made: Made) -> dict[str, int]:
    """The ids of the stored arrays of a layer, except statistics."""
    return {
        name: id(one.base)
        for name, one in made.weights.items()
        if name not in STATISTICS and any(part.counts for part in one.stored())
    }


def _pieces(made: Made) -> list[Made]:
    """The pieces before the last one, which a layer itself becomes; none if it cannot be taken apart."""
    if made.kind in _WEIGHTED and "bias" in made.weights:
        option, left = "bias", {"weight": made.weights["weight"]}
    elif made.kind in _NORMS and "weight" in made.weights and made.fields.get("over") != "all":
        option, left = "affine", {name: one for name, one in made.weights.items() if name in STATISTICS}
    else:
        return []
    steps = [("scale", "weight", made.weights["weight"])] if option == "affine" else []
    if "bias" in made.weights:
        steps.append(("add_bias", "bias", made.weights["bias"]))
    pieces = [Made(made.kind, made.fields | {option: False}, made.inputs, left, made.operation, made.fit, made.aside)]
    for kind, name, array in steps:
        pieces.append(Made(kind, {}, [pieces[-1]], {name: _vector(array)}, made.operation, aside=True))
    last = pieces.pop()
    # Later layers read this object.
    made.kind, made.fields, made.inputs, made.weights, made.aside = last.kind, last.fields, last.inputs, last.weights, True
    return pieces


def _vector(constant: Constant) -> Constant:
    base = constant.base
    return base if base.shape == (base.size,) and base.size == constant.size else constant
