"""Operations between layers that select, move, reduce or resize: brackets, `expand_dims`, `pad`, `var`, pools as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncalc.formats.keras.calls import Broken
from cnncalc.formats.keras.moves import reordered, to_shape
from cnncalc.formats.keras.use import LAYOUTS, Tensor, Use, argument, shaped
from cnncalc.graph import Producer


def _axis(x: Tensor, number: Any, more: int = 0) -> int | None:
    """The index of an axis in Keras's sizes without the batch; None if it is the batch or not an axis."""
    rank = len(x.sizes) + more
    if not isinstance(number, int) or isinstance(number, bool) or not -rank <= number <= rank:
        return None
    return number % (rank + 1) - 1 if number >= 0 else rank + number


def _item(use: Use, x: Tensor) -> Any:
    """Ranges and single cells of axes: a slice for each, and a reshape if axes vanish. None for anything else in the brackets."""
    given = use.args[1] if len(use.args) > 1 else None
    parts = given if isinstance(given, list) else [given]
    missing = len(x.sizes) + 1 - (len(parts) - sum(_is_ellipsis(part) for part in parts))
    full: list[Any] = []
    for part in parts:
        full += [None] * max(missing, 0) if _is_ellipsis(part) else [part]
    full += [None] * (len(x.sizes) + 1 - len(full))
    ranges = [_range(part, size) for part, size in zip(full[1:], x.sizes, strict=False)]
    if len(full) != len(x.sizes) + 1 or _range(full[0], 1) != range(1) or any(not found for found in ranges):
        return None
    steps = [found for found in ranges if found is not None]
    lost = [i for i, part in enumerate(full[1:]) if isinstance(part, int)]
    sizes = [len(found) for i, found in enumerate(steps) if i not in lost]
    if any(found.step != 1 for found in steps):
        return shaped(use, sizes)
    left = [(name, found) for name, size, found in zip(x.names, x.sizes, steps, strict=True) if len(found) < size]
    y = x.node
    for i, (name, found) in enumerate(left):
        own = use.name if i + 1 == len(left) and not lost else use.net.free(f"{use.name}_{name}")
        y = _slice(use, own, y, name, found[0], found[-1] + 1)
    if not lost:
        return Tensor(y if left else use.layer("identity", y), x.first)
    return to_shape(use, Tensor(y, x.first), sizes) if sizes else None


def _slice(use: Use, name: str, x: Producer, axis: str, start: int, end: int) -> Producer:
    """The cells from `start` to before `end` of the axis called `axis`."""
    fields: dict[str, Any] = {} if axis == "channels" else {"axis": axis}
    return use.net.layer(name, "slice", x, channels=(start, end), **fields)


def _is_ellipsis(part: Any) -> bool:
    return isinstance(part, dict) and part.get("class_name") == "__ellipsis__"


def _range(part: Any, size: int) -> range | None:
    """The cells of an axis that a part between brackets takes, None if it is neither a slice nor a number."""
    if part is None:
        return range(size)
    if isinstance(part, int) and not isinstance(part, bool):
        return range(part % size, part % size + 1) if -size <= part < size else None
    config = part.get("config") if isinstance(part, dict) and part.get("class_name") == "__slice__" else None
    if not isinstance(config, dict):
        return None
    ends = [config.get(key) for key in ("start", "stop", "step")]
    if not all(end is None or (isinstance(end, int) and not isinstance(end, bool)) for end in ends) or ends[2] == 0:
        return None
    return range(size)[slice(*ends)]


def _expand(use: Use, x: Tensor) -> Any:
    axis = _axis(x, argument(use, "axis", 1), 1)
    return None if axis is None or axis < 0 else to_shape(use, x, [*x.sizes[:axis], 1, *x.sizes[axis:]])


def _squeeze(use: Use, x: Tensor) -> Any:
    given = argument(use, "axis", 1)
    axes = [_axis(x, one) for one in (given if isinstance(given, list) else [given])]
    if given is None:
        axes = [i for i, size in enumerate(x.sizes) if size == 1]
    sizes = [size for i, size in enumerate(x.sizes) if i not in axes]
    return to_shape(use, x, sizes) if sizes and None not in axes else None


def _swapped(use: Use, x: Tensor) -> Any:
    one, other = (_axis(x, argument(use, key, place)) for key, place in (("axis1", 1), ("axis2", 2)))
    return None if one is None or other is None or one < 0 or other < 0 else _moved(use, x, one, other, swap=True)


def _move_axis(use: Use, x: Tensor) -> Any:
    given = (argument(use, "source", 1), argument(use, "destination", 2))
    one, other = (_axis(x, value[0] if isinstance(value, list) and len(value) == 1 else value) for value in given)
    return None if one is None or other is None or one < 0 or other < 0 else _moved(use, x, one, other, swap=False)


def _moved(use: Use, x: Tensor, one: int, other: int, *, swap: bool) -> Tensor:
    names = list(x.names)
    if swap:
        names[one], names[other] = names[other], names[one]
    else:
        names.insert(other, names.pop(one))
    return reordered(use, x, names)


def _pad(use: Use, x: Tensor) -> Any:
    """Cells before and after each axis; a custom layer if the mode or the axes have no kind."""
    widths = argument(use, "pad_width", 1)
    if not isinstance(widths, list) or not widths or not all(isinstance(one, list) and len(one) == 2 for one in widths):
        return None
    pairs = [(one[0], one[1]) for one in (widths if len(widths) > 1 else widths * (len(x.sizes) + 1))]
    numbers = [cells for pair in pairs for cells in pair]
    if len(pairs) != len(x.sizes) + 1 or pairs[0] != (0, 0) or not all(isinstance(one, int) and one >= 0 for one in numbers):
        return None
    sides = dict(zip(x.names, pairs[1:], strict=True))
    plain = argument(use, "mode", 2, "constant") == "constant" and not argument(use, "constant_values", 3)
    if plain and sides["channels"] == (0, 0) and x.shape.rank:
        return Tensor(use.layer("pad", x.node, cells=[sides[name] for name in x.shape.axes]), x.first)
    return shaped(use, [size + sum(pair) for size, pair in zip(x.sizes, pairs[1:], strict=True)])


def _reduced(use: Use, x: Tensor) -> Any:
    """Variance, minimum and the like over axes, which have no kind."""
    given = argument(use, "axis", 1)
    axes = [_axis(x, one) for one in (given if isinstance(given, list) else [given])]
    if any(axis is None or axis < 0 for axis in axes):
        return None
    keep = bool(argument(use, "keepdims", 2, False))
    sizes = [1 if i in axes else size for i, size in enumerate(x.sizes) if keep or i not in axes]
    return shaped(use, sizes) if sizes else None


def _repeated(use: Use, x: Tensor) -> Any:
    count, axis = argument(use, "repeats", 1), _axis(x, argument(use, "axis", 2))
    if not isinstance(count, int) or axis is None or axis < 0:
        return None
    return shaped(use, [size * count if i == axis else size for i, size in enumerate(x.sizes)])


def _tiled(use: Use, x: Tensor) -> Any:
    counts = argument(use, "repeats", 1)
    if not isinstance(counts, list) or len(counts) != len(x.sizes) + 1 or not all(isinstance(one, int) for one in counts):
        return None
    return shaped(use, [size * count for size, count in zip(x.sizes, counts[1:], strict=True)]) if counts[0] == 1 else None


def _stacked(use: Use, x: Tensor) -> Any:
    axis = _axis(x, argument(use, "axis", 1, 0), 1)
    return None if axis is None or axis < 0 else shaped(use, [*x.sizes[:axis], len(use.inputs), *x.sizes[axis:]])


def _split(use: Use, x: Tensor) -> Any:
    """Equal parts of an axis, or parts between indices: a slice for each."""
    given, axis = argument(use, "indices_or_sections", 1), _axis(x, argument(use, "axis", 2, 0))
    if axis is None or axis < 0:
        return None
    size = x.sizes[axis]
    cuts = [size * i // given for i in range(1, given)] if isinstance(given, int) and given > 0 and size % given == 0 else given
    if not isinstance(cuts, list) or not all(isinstance(cut, int) for cut in cuts):
        return None
    ends = [0, *cuts, size]
    if sorted(set(ends)) != ends:
        return None
    names = [use.name if i == 0 else use.net.free(f"{use.name}_output{i}") for i in range(len(ends) - 1)]
    return [
        Tensor(_slice(use, name, x.node, x.names[axis], a, b), x.first) for name, a, b in zip(names, ends, ends[1:], strict=False)
    ]


def _resized(use: Use, x: Tensor) -> Any:
    size = argument(use, "size", 1)
    if not isinstance(size, list) or len(size) != 2 or x.shape.rank != 2:
        return None
    use.config = {**use.config, "height": size[0], "width": size[1]}
    return LAYOUTS["Resizing"](use)


def _pooled(kind: str) -> Callable[[Use, Tensor], Any]:
    def layout(use: Use, x: Tensor) -> Any:
        keys = ("pool_size", "strides", "padding", "data_format")
        use.config = {**use.config, **{key: use.kwargs[key] for key in keys if key in use.kwargs}}
        use.class_name = f"{kind}{x.shape.rank}D"
        found = LAYOUTS.get(use.class_name)
        if found is None:
            raise Broken(f"it pools {x.shape.rank} spatial axes")
        return found(use)

    return layout


MOVES: dict[str, Callable[[Use, Tensor], Any]] = {
    "getitem": _item, "expanddims": _expand, "expand_dims": _expand, "squeeze": _squeeze, "swapaxes": _swapped,
    "moveaxis": _move_axis, "pad": _pad, "repeat": _repeated, "tile": _tiled, "stack": _stacked, "split": _split,
    "resize": _resized, "maxpool": _pooled("MaxPooling"), "averagepool": _pooled("AveragePooling"),
    **dict.fromkeys(
        ("var", "std", "min", "prod", "norm", "argmax", "argmin", "logsumexp", "any", "all", "median", "countnonzero"), _reduced
    ),
}  # fmt: skip
"""Layouts by the plain names of operations."""
