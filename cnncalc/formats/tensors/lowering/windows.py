"""Convolutions, pools, resizing and padding."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.emit import Cannot
from cnncalc.formats.tensors.lower import Lowering, lowers
from cnncalc.formats.tensors.program import Operation
from cnncalc.formats.tensors.view import Atom, TensorView, whole


def real_bias(bias: Any) -> Constant | None:
    """The bias of a layer; None if there is none, or only zeros that an exporter made up."""
    if bias is None:
        return None
    if not isinstance(bias, Constant):
        raise Cannot("a bias that is computed")
    if not any(one.size > 1 for one in bias.stored()) and bias.size > 1 and bias.scalar == 0:
        return None
    return bias


def _window(o: Operation, extra: int) -> dict[str, Any]:
    """The window's fields; `extra` axes of space in front are not part of it."""
    a = o.attributes
    if any(side < 0 for pair in a["padding"] for side in pair):
        raise Cannot("negative padding")
    return {
        "kernel_size": (1,) * extra + a["kernel"],
        "stride": (1,) * extra + a["stride"],
        "padding": ((0, 0),) * extra + a["padding"],
    }


def _dilation(o: Operation, extra: int) -> dict[str, Any]:
    dilation = (1,) * extra + o.attributes["dilation"]
    return {"dilation": dilation} if any(d != 1 for d in dilation) else {}


def _extra(view: TensorView, rank: int) -> int:
    extra = 1 if whole(view.dims[0]) else 0
    if rank + extra > 3:
        raise Cannot("more than three axes of space")
    return extra


def _spread(view: TensorView, o: Operation, sizes: list[int], extra: int) -> TensorView:
    """The view of a result with new sizes of the window's axes."""
    rank = len(o.attributes["kernel"])
    shape = o.output.shape or ()
    channels = view.axes[0] if not sizes else (Atom(sizes[0]),)
    new = [(Atom(n),) for n in shape[2 : 2 + rank]]
    front = view.axes[1 : 1 + extra]
    dims = [front[0] if front else (), channels, *new]
    return TensorView(view.producer, (channels, *front, *new), tuple(dims))


def _arguments(low: Lowering, o: Operation) -> tuple[Constant, Constant | None, TensorView, int]:
    """Weights, bias and input of a convolution, and the number of its further spatial axes, along which the window has size 1."""
    weight = o.inputs[1]
    if not isinstance(weight, Constant):
        raise Cannot("weights that are computed")
    rank = len(weight.shape) - 2
    view = low.view(o.inputs[0])
    extra = _extra(view, rank)
    return weight, real_bias(o.input(2)), low.as_map(view, rank), extra


@lowers("conv")
def conv(low: Lowering, o: Operation) -> None:
    weight, bias, view, extra = _arguments(low, o)
    filters, groups = weight.shape[0], o.attributes["groups"]
    channels = weight.shape[1] * groups
    fields = _window(o, extra) | _dilation(o, extra) | {"bias": bias is not None}
    if groups == channels and groups > 1 and filters % channels == 0:
        kind = "depthwise_conv"
        fields["multiplier"] = filters // channels
    else:
        kind = "conv"
        fields["filters"] = filters
        if groups != 1:
            fields["groups"] = groups
    parts = _with_gain(weight)
    if parts is not None:
        # A factor per filter has the same effect after the convolution as in its weights; the offset then follows it.
        weight, gain = parts
        made = low.layer(kind, fields | {"bias": False}, [view], _weights(weight, None, extra))
        found = _spread(view, o, [filters], extra).on(made)
        found = found.on(low.layer("scale", {}, [found], {"weight": gain}, aside=True))
        if bias is not None:
            found = found.on(low.layer("add_bias", {}, [found], {"bias": bias}, aside=True))
        low.give(o, found)
        return
    made = low.layer(kind, fields, [view], _weights(weight, bias, extra))
    low.give(o, _spread(view, o, [filters], extra).on(made))


def _with_gain(weight: Constant) -> tuple[Constant, Constant] | None:
    """Standardised weights without their learned factor per filter, and that factor; None if there is none.

    Source: Qiao et al. 2019, Weight Standardization; exporters write it as batch normalisation of the weights.
    """
    inner = weight
    while inner.op == "reshape":
        inner = inner.args[0]
    if inner.op != "batchnorm" or inner.shape[:2] != (1, weight.shape[0]):
        return None
    x, gain, offset, mean, variance = inner.args
    if not any(part.size > 1 for part in gain.stored()) or gain.scalar == 1 or offset.scalar not in (0, None):
        return None
    ones = Constant(gain.shape, "float", op="expand", args=(Constant((), "float", [1.0]),))
    plain = Constant(inner.shape, "float", op="batchnorm", args=(x, ones, offset, mean, variance), attributes=inner.attributes)
    return Constant(weight.shape, "float", op="reshape", args=(plain,)), gain


def _weights(weight: Constant, bias: Constant | None, extra: int) -> dict[str, Constant]:
    if extra:
        shape = (*weight.shape[:2], *(1,) * extra, *weight.shape[2:])
        weight = Constant(shape, weight.dtype, op="reshape", args=(weight,))
    return {"weight": weight} if bias is None else {"weight": weight, "bias": bias}


@lowers("conv_transpose")
def conv_transpose(low: Lowering, o: Operation) -> None:
    weight, bias, view, extra = _arguments(low, o)
    groups, added = o.attributes["groups"], (0,) * extra + o.attributes["output_padding"]
    fields = _window(o, extra) | _dilation(o, extra) | {"filters": weight.shape[1] * groups, "bias": bias is not None}
    if groups != 1:
        fields["groups"] = groups
    if any(added):
        for more, stride, dilation in zip(added, fields["stride"], fields.get("dilation", (1,) * len(added)), strict=True):
            if more >= max(stride, dilation):
                raise Cannot("output padding as large as the stride")
        fields["output_padding"] = added
    made = low.layer("conv_transpose", fields, [view], _weights(weight, bias, extra))
    low.give(o, _spread(view, o, [weight.shape[1] * groups], extra).on(made))


@lowers("pool")
def pool(low: Lowering, o: Operation) -> None:
    a = o.attributes
    rank = len(a["kernel"])
    view = low.view(o.inputs[0])
    extra = _extra(view, rank)
    view = low.as_map(view, rank)
    fields = _window(o, extra)
    if fields["stride"] == fields["kernel_size"]:
        del fields["stride"]
    if a["function"] == "max":
        fields |= _dilation(o, extra)
        kind = "maxpool"
    else:
        if _dilation(o, extra):
            raise Cannot("a dilated average")
        kind = "avgpool"
        if any(side for pair in fields["padding"] for side in pair) or a["ceil"]:
            fields["count_include_pad"] = a["count_include_pad"]
    if not any(side for pair in fields["padding"] for side in pair):
        del fields["padding"]
    made = low.layer(kind, fields, [view], fit="ceil" if a["ceil"] else "floor")
    low.give(o, _spread(view, o, [], extra).on(made))


@lowers("resize")
def resize(low: Lowering, o: Operation) -> None:
    a, view = o.attributes, low.view(o.inputs[0])
    before, after = view.shape, o.output.shape or ()
    changed = [i for i, (m, n) in enumerate(zip(before, after, strict=True)) if m != n]
    if not changed:
        low.give(o, view)
        return
    rank = len(before) - 2
    if rank < 1 or whole(view.dims[0]) or any(i < 2 for i in changed):
        raise Cannot("a resize of channels")
    view = low.as_map(view, rank)
    fields = _resize_fields(a, before[2:], after[2:])
    made = low.layer("upsample", fields, [view])
    new = [(Atom(n),) for n in after[2:]]
    low.give(o, TensorView(made, (view.axes[0], *new), ((), view.axes[0], *new)))


def _resize_fields(a: dict[str, Any], before: tuple[int, ...], after: tuple[int, ...]) -> dict[str, Any]:
    """The fields of `upsample`. Raises Cannot if it would compute other numbers."""
    mode, coordinates, rounding = a["mode"], a["coordinates"], a["rounding"]
    whole_factor = all(n % m == 0 for m, n in zip(before, after, strict=True))
    if a["antialias"] or a["exclude_outside"]:
        raise Cannot("antialiasing")
    fields: dict[str, Any] = {}
    if mode == "nearest":
        for scale, m, n in zip(a["scales"][2:], before, after, strict=True):
            if any(_nearest(x, scale, m, n, coordinates, rounding) != x * m // n for x in range(n)):
                raise Cannot("other cells")
    else:
        fields["mode"] = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
        if mode == "cubic" and abs(a["cubic"] + 0.75) > 1e-6:
            raise Cannot("another cubic")
        if coordinates == "align_corners":
            fields["align_corners"] = True
        elif coordinates not in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
            raise Cannot("other coordinates")
        elif coordinates == "pytorch_half_pixel" and any(n == 1 < m for m, n in zip(before, after, strict=True)):
            raise Cannot("the first cell instead of the middle")
        if mode == "cubic" and len(before) != 2:
            raise Cannot("two axes only")
    exact = all(abs(s * m - n) < 1e-4 for s, m, n in zip(a["scales"][2:], before, after, strict=True))
    if whole_factor:
        fields["factor"] = tuple(n // m for m, n in zip(before, after, strict=True))
    elif exact or mode == "nearest":
        fields["size"] = after
    else:
        # The file's factor is no ratio of the sizes: the cells in between lie elsewhere.
        raise Cannot("a fractional factor")
    return fields


def _nearest(x: int, scale: float, size: int, resized: int, coordinates: str, rounding: str) -> int:
    """The cell that a place of the result is copied from.

    Source: github.com/onnx/onnx, docs/Operators.md, Resize.
    """
    if coordinates == "asymmetric":
        place = x / scale
    elif coordinates == "align_corners":
        place = x * (size - 1) / (resized - 1) if resized > 1 else 0.0
    elif coordinates in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
        place = (x + 0.5) / scale - 0.5
        if coordinates == "half_pixel_symmetric":
            place += size / 2 * (1 - resized / (scale * size))
        elif coordinates == "pytorch_half_pixel" and resized == 1:
            place = 0.0
    else:
        raise Cannot("other coordinates")
    rounded = {
        "floor": math.floor(place), "ceil": math.ceil(place), "round_prefer_floor": math.ceil(place - 0.5),
        "round_prefer_ceil": math.floor(place + 0.5),
    }  # fmt: skip
    return min(max(rounded.get(rounding, -1), 0), size - 1)


@lowers("pad")
def pad(low: Lowering, o: Operation) -> None:
    pads, mode, value = o.attributes["pads"], o.attributes["mode"], float(o.attributes["value"] or 0)
    view = low.view(o.inputs[0])
    padded = [i for i, pair in enumerate(pads) if any(pair)]
    view = low.apart(view, padded)
    places = {i: view.axis_of(i) for i in padded}
    if any(place is None for place in places.values()):
        axes = [dim for i, dim in enumerate(view.dims) if i]
        view = low.arranged(view, axes)
        places = {i: (i - 1 if i else None) for i in padded}
    cells = [(0, 0)] * (len(view.axes) - 1)
    fields: dict[str, Any] = {}
    for i, place in places.items():
        if place is None:
            raise Cannot("padding of the batch")
        if place == 0:
            fields["channels"] = tuple(pads[i])
        else:
            cells[place - 1] = tuple(pads[i])
    if not cells:
        raise Cannot("padding of a vector")
    fields["cells"] = tuple(cells)
    if mode != "zeros":
        fields["mode"] = mode
    elif value:
        fields["value"] = value
    made = low.layer("pad", fields, [view])
    axes_after, dims = list(view.axes), list(view.dims)
    for i, place in places.items():
        new = (Atom((o.output.shape or ())[i]),)
        dims[i] = new
        axes_after[place or 0] = new
    low.give(o, TensorView(made, tuple(axes_after), tuple(dims)))


@lowers("adaptive_pool")
def adaptive_pool(low: Lowering, o: Operation) -> None:
    view, after = low.view(o.inputs[0]), o.output.shape or ()
    rank = len(after) - 2
    view = low.as_map(view, rank)
    if whole(view.dims[0]):
        raise Cannot("no map")
    kind = "adaptive_avgpool" if o.attributes["function"] == "mean" else "adaptive_maxpool"
    made = low.layer(kind, {"output_size": after[2:]}, [view])
    new = [(Atom(n),) for n in after[2:]]
    low.give(o, TensorView(made, (view.axes[0], *new), ((), view.axes[0], *new)))
