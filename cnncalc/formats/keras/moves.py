"""Layers that pad, cut, resize and reorder."""

from __future__ import annotations

import math
from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.use import Tensor, Use, keras, numbers, opaque, ranks, same, short
from cnncalc.graph import Producer
from cnncalc.shape import Shape


def _pairs(use: Use, key: str, rank: int) -> list[tuple[int, int]]:
    """Cells before and after, per axis: one number, one per axis, or pairs."""
    value = use.config.get(key, 1)
    if rank == 1 and isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(one, int) for one in value):
        value = [value]
    values = [value] * rank if isinstance(value, int) else value
    found = []
    for one in values if isinstance(values, (list, tuple)) else []:
        sides = [one, one] if isinstance(one, int) else one
        if (
            isinstance(sides, (list, tuple))
            and len(sides) == 2
            and all(isinstance(s, int) and not isinstance(s, bool) and s >= 0 for s in sides)
        ):
            found.append((sides[0], sides[1]))
    if len(found) != rank:
        raise Broken(f"{key} must be an integer ≥ 0, one per axis, or pairs, got {short(value)}")
    return found


def _rank(use: Use) -> int:
    return int(next(letter for letter in use.class_name if letter.isdigit()))


@keras(*ranks("ZeroPadding"))
def _pad(use: Use) -> Tensor:
    x = use.map()
    return Tensor(use.layer("pad", x.node, cells=_pairs(use, "padding", _rank(use))), x.first)


@keras(*ranks("Cropping"))
def _crop(use: Use) -> Tensor:
    x = use.map()
    return Tensor(use.layer("crop", x.node, cells=_pairs(use, "cropping", _rank(use))), x.first)


@keras(*ranks("UpSampling"))
def _upsample(use: Use) -> Any:
    x = use.map()
    rank = _rank(use)
    mode = use.word("interpolation", "nearest")
    factor = use.sizes("size", rank, 2)
    if mode not in ("nearest", "bilinear", "bicubic"):
        grown = Shape(*(n * f for n, f in zip(x.shape.spatial, factor, strict=True)), x.shape.channels)
        return Tensor(use.net.custom(use.name, f"{use.class_name} {mode}", x.node, output=grown, macs=0), x.first)
    return Tensor(use.layer("upsample", x.node, factor=factor, mode=mode), x.first)


@keras("Resizing")
def _resize(use: Use) -> Tensor:
    x = use.map()
    size = (use.whole("height"), use.whole("width"))
    mode = use.word("interpolation", "bilinear")
    special = use.config.get("crop_to_aspect_ratio") or use.config.get("pad_to_aspect_ratio") or use.config.get("antialias")
    if special or mode not in ("nearest", "bilinear", "bicubic"):
        made = use.net.custom(use.name, use.class_name, x.node, output=Shape(*size, x.shape.channels), macs=0)
        return Tensor(made, x.first)
    return Tensor(use.layer("upsample", x.node, size=size, mode=mode), x.first)


@keras("CenterCrop", "RandomCrop")
def _center_crop(use: Use) -> Tensor:
    x = use.map()
    size = (use.whole("height"), use.whole("width"))
    over = [n - wanted for n, wanted in zip(x.shape.spatial, size, strict=False)]
    if use.class_name == "CenterCrop" and len(over) == x.shape.rank and min(over) >= 0:
        return Tensor(use.layer("crop", x.node, cells=[(n // 2, n - n // 2) for n in over]), x.first)
    # A smaller image is resized first.
    return Tensor(use.net.custom(use.name, use.class_name, x.node, output=Shape(*size, x.shape.channels), macs=0), x.first)


@keras("Flatten")
def _flatten(use: Use) -> Tensor:
    return Tensor(use.layer("flatten", use.x.node), False)


def to_shape(use: Use, x: Tensor, wanted: list[int]) -> Any:
    """`x` in the sizes `wanted`, in Keras's order, one of which may be −1."""
    size = x.shape.size
    known = math.prod(one for one in wanted if one != -1)
    if wanted.count(-1) > 1 or any(one < 1 and one != -1 for one in wanted) or not known:
        raise Broken(f"target_shape must have sizes ≥ 1 and at most one −1, got {short(wanted)}")
    sizes = [size // known if one == -1 else one for one in wanted]
    if math.prod(sizes) != size:
        raise Broken(f"{size:,} numbers flow in, and {'x'.join(map(str, wanted))} does not hold as many")
    if not 1 <= len(sizes) <= 4:
        return opaque(use)
    first = x.first and len(sizes) > 1
    shape = Shape(*sizes[1:], sizes[0]) if first else Shape(*sizes)
    return Tensor(use.layer("reshape", x.node, shape=shape), first)


@keras("Reshape")
def _reshape(use: Use) -> Any:
    wanted = use.config.get("target_shape")
    if (
        not isinstance(wanted, list)
        or not wanted
        or not all(isinstance(one, int) and not isinstance(one, bool) for one in wanted)
    ):
        raise Broken(f"target_shape must be a list of integers, got {short(wanted)}")
    return to_shape(use, use.x, wanted)


@keras("Permute")
def _permute(use: Use) -> Tensor:
    x = use.x
    order = use.config.get("dims")
    names = x.names
    if not isinstance(order, list) or sorted(map(str, order)) != [str(i + 1) for i in range(len(names))]:
        raise Broken(f"dims must have each of 1 to {len(names)} once, got {short(order)}")
    return reordered(use, x, [names[one - 1] for one in order])


def reordered(use: Use, x: Tensor, names: list[str]) -> Tensor:
    """`x` with its axes in another order, by their names; the tensor keeps its channels where they were."""
    axes = (*names[1:], names[0]) if x.first else tuple(names)
    return Tensor(use.layer("permute", x.node, axes=axes) if x.shape.rank else use.layer("identity", x.node), x.first)


@keras("RepeatVector")
def _repeat(use: Use) -> Tensor:
    x = use.x
    if x.shape.rank:
        raise Broken(f"it repeats a vector, and {x.shape} flows in")
    row: Producer = use.after("row", "reshape", x.node, shape=Shape(1, x.shape.channels))
    return Tensor(use.layer("upsample", row, factor=(use.whole("n"),)), False)


@keras("Rescaling")
def _rescale(use: Use) -> Tensor:
    x = use.x
    factors, offsets = numbers(use.config.get("scale", 1.0)), numbers(use.config.get("offset", 0.0))
    if factors is None or offsets is None or not {len(factors), len(offsets)} <= {1, x.sizes[-1]}:
        return same(use, x)
    if len(factors) == len(offsets) == 1:
        return Tensor(use.layer("rescale", x.node, factor=factors[0], offset=offsets[0]), x.first)
    if x.first or min(factors) <= 0:
        return same(use, x)
    # a·x + b = (x + b/a)/√(1/a²), for each channel.
    count = x.shape.channels
    pairs = list(zip(factors * (count // len(factors)), offsets * (count // len(offsets)), strict=True))
    mean, variance = [-b / a for a, b in pairs], [1 / a**2 for a, _ in pairs]
    return Tensor(use.layer("standardize", x.node, mean=mean, variance=variance), x.first)
