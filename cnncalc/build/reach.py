"""The change of a row that gives the shape that is expected."""

from __future__ import annotations

from typing import Any

from cnncalc.graph import Node
from cnncalc.layers import Layer
from cnncalc.layers.axis import Every
from cnncalc.shape import LayerError, Shape

#: Fields that are tried, with the values of each.
_TRIED: dict[str, tuple[Any, ...]] = {
    "output_padding": tuple(Every((n,)) for n in range(1, 8)),
    "padding": ("same", *(Every(((n, n),)) for n in range(33))),
    "stride": tuple(Every((n,)) for n in range(1, 5)),
}


def field_for(node: Node, expected: Shape) -> str:
    """Return `; write …` with the one field that gives `expected` instead of the layer's shape; empty if no field does."""
    x = node.inputs[0].flow if len(node.inputs) == 1 else None
    layer = node.layer
    if not isinstance(x, Shape) or node.shape is None or "kernel_size" not in layer.options:
        return ""
    main = layer.main.name if layer.main is not None else ""
    if expected.spatial == node.shape.spatial:
        same = main == "filters" and _gives(layer, x, {main: expected.channels}, expected)
        return f"; write {layer.kind}: {expected.channels}" if same else ""
    for name, values in _TRIED.items():
        for value in values if name in layer.options else ():
            if _gives(layer, x, {name: value}, expected):
                return f"; write {name}: {layer.options[name].type.write(value)}"
    return ""


def _gives(layer: Layer, x: Shape, change: dict[str, Any], expected: Shape) -> bool:
    fields = {name: layer.value(name) for name in layer.stored}
    try:
        changed = type(layer).of_parsed({**fields, **change})
        windows = changed.windows(x)
        if changed.must_fit and any(window.remainder(n) for window, n in zip(windows, x.spatial, strict=True)):
            return False
        return changed.output_shape(x, "exact") == expected
    except LayerError:
        return False
