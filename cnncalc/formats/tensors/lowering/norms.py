"""Normalisation."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.emit import Cannot
from cnncalc.formats.tensors.lower import Lowering, lowers
from cnncalc.formats.tensors.program import Operation
from cnncalc.formats.tensors.view import flat, whole


def _short(value: float) -> float:
    return float(f"{value:.7g}")


def _affine(o: Operation, channels: int) -> tuple[bool, dict[str, Constant], Constant | None]:
    """Whether there are factors and offsets, their arrays, and a factor that stands alone."""
    weight, bias = o.input(1), o.input(2)
    arrays = {}
    for name, one in (("weight", weight), ("bias", bias)):
        if one is not None:
            if not isinstance(one, Constant):
                raise Cannot("computed weights")
            if one.size != channels:
                raise Cannot("weights of another size")
            arrays[name] = one if one.shape == (channels,) else Constant((channels,), "float", op="reshape", args=(one,))
    return len(arrays) == 2, arrays, None


def _normalised(low: Lowering, o: Operation, kind: str, view: Any, fields: dict[str, Any], channels: int) -> None:
    """A normalisation with factor and offset, or without them and the one that there is as a separate layer."""
    both, arrays, _ = _affine(o, channels)
    if both and not _is(arrays["weight"], 1.0) and not _is(arrays["bias"], 0.0):
        low.give(o, view.on(low.layer(kind, fields | {"affine": True}, [view], arrays)))
        return
    view = view.on(low.layer(kind, fields | {"affine": False}, [view]))
    if "weight" in arrays and not _is(arrays["weight"], 1.0):
        view = view.on(low.layer("scale", {}, [view], {"weight": arrays["weight"]}, aside=True))
    if "bias" in arrays and not _is(arrays["bias"], 0.0):
        view = view.on(low.layer("add_bias", {}, [view], {"bias": arrays["bias"]}, aside=True))
    low.give(o, view)


def _is(constant: Constant | None, number: float) -> bool:
    """Whether all numbers are equal to one and none is learned: they are computed, or constants of the program."""
    return constant is None or (all(part.role == "constant" for part in constant.stored()) and constant.scalar == number)


@lowers("batchnorm")
def batchnorm(low: Lowering, o: Operation) -> None:
    view = low.with_channels(low.view(o.inputs[0]), 1)
    _, weight, bias, mean, variance = o.inputs
    statistics = {"running_mean": mean, "running_var": variance}
    if not all(isinstance(one, Constant) for one in statistics.values()):
        raise Cannot("computed statistics")
    arrays: dict[str, Constant] = {}
    affine = weight is not None and bias is not None and not (_is(_constant(weight), 1.0) and _is(_constant(bias), 0.0))
    if affine:
        arrays = {"weight": _constant(weight), "bias": _constant(bias)}
    arrays |= {name: _constant(one) for name, one in statistics.items()}
    fields: dict[str, Any] = {"epsilon": _short(o.attributes["epsilon"])}
    if not affine:
        fields["affine"] = False
    low.give(o, view.on(low.layer("batchnorm", fields, [view], arrays)))


def _constant(one: Any) -> Constant:
    if not isinstance(one, Constant):
        raise Cannot("computed weights")
    return one


@lowers("instancenorm")
def instancenorm(low: Lowering, o: Operation) -> None:
    view = low.view(o.inputs[0])
    view = low.as_map(view, len(view.dims) - 2)
    if len(view.axes) < 2 or whole(view.dims[0]):
        raise Cannot("no map")
    _normalised(low, o, "instancenorm", view, {"epsilon": _short(o.attributes["epsilon"])}, view.sizes[0])


@lowers("groupnorm")
def groupnorm(low: Lowering, o: Operation) -> None:
    view = low.view(o.inputs[0])
    if len(view.dims) > 2:
        view = low.as_map(view, len(view.dims) - 2)
        if whole(view.dims[0]):
            raise Cannot("no map")
    fields = {"groups": o.attributes["groups"], "epsilon": _short(o.attributes["epsilon"])}
    _normalised(low, o, "groupnorm", view, fields, view.sizes[0])


@lowers("layernorm", "rmsnorm", "grn")
def layernorm(low: Lowering, o: Operation) -> None:
    view = low.real(low.view(o.inputs[0]))
    dims = [i for i in o.attributes["axes"] if whole(view.dims[i])]
    wanted = tuple(atom for i in dims for atom in whole(view.dims[i]))
    fields: dict[str, Any] = {"epsilon": _short(o.attributes["epsilon"])}
    if (
        o.op == "layernorm"
        and wanted
        and set(map(id, wanted)) == set(map(id, flat(view.axes)))
        and len([a for a in view.axes if whole(a)]) > 1
    ):
        if flat(view.axes) != wanted:
            view = low.arranged(view, [whole(view.dims[i]) for i in dims])
        fields["over"] = "all"
        shape = tuple(view.sizes)
        _over_all(low, o, view, fields, shape)
        return
    if wanted != whole(view.axes[0]):
        if len(dims) == 1:
            view = low.with_channels(view, dims[0])
        else:
            others = [whole(d) for i, d in enumerate(view.dims) if i not in dims and whole(d)]
            view = low.arranged(view, [wanted, *others])
    if o.op == "rmsnorm":
        weight = o.input(1)
        arrays = {"weight": _flat(_constant(weight))} if weight is not None else {}
        if arrays and arrays["weight"].size != view.sizes[0]:
            raise Cannot("weights of another size")
        low.give(o, view.on(low.layer("rmsnorm", fields | {"affine": bool(arrays)}, [view], arrays)))
        return
    if o.op == "grn":
        arrays = {"weight": _constant(o.inputs[1]), "bias": _constant(o.inputs[2])}
        low.give(o, view.on(low.layer("global_response_norm", fields, [view], arrays)))
        return
    _normalised(low, o, "layernorm", view, fields, view.sizes[0])


def _flat(constant: Constant) -> Constant:
    return constant if constant.shape == (constant.size,) else Constant((constant.size,), "float", op="reshape", args=(constant,))


def _over_all(low: Lowering, o: Operation, view: Any, fields: dict[str, Any], shape: tuple[int, ...]) -> None:
    arrays = {}
    for name, one in (("weight", o.input(1)), ("bias", o.input(2))):
        if one is not None:
            constant = _constant(one)
            if constant.size != math.prod(shape):
                raise Cannot("weights of another size")
            arrays[name] = constant if constant.shape == shape else Constant(shape, "float", op="reshape", args=(constant,))
    if len(arrays) == 1:
        raise Cannot("a factor alone")
    low.give(o, view.on(low.layer("layernorm", fields | {"affine": bool(arrays)}, [view], arrays)))


@lowers("lrn")
def lrn(low: Lowering, o: Operation) -> None:
    view = low.view(o.inputs[0])
    view = low.with_channels(view, 1)
    fields = {"size": o.attributes["size"], **{name: _short(o.attributes[name]) for name in ("alpha", "beta", "k")}}
    low.give(o, view.on(low.layer("lrn", fields, [view])))
