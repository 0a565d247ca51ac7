"""Counts each array of the file once: shared weights, arrays of several layers, and arrays that weights are computed from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.emit import Made
from cnncalc.formats.tensors.part import STATISTICS
from cnncalc.formats.tensors.program import Operation
from cnncalc.layers import KINDS
from cnncalc.shape import Shape

_JOINED = {"add_bias": "add", "scale": "multiply"}
"""Kinds with one learned number per channel, and the joins that do the same with a tensor."""


def count(layers: list[Made]) -> None:
    """Let a layer with the same arrays as an earlier one of its kind share them, and count every other array of the file once.

    Weights may be computed from several arrays, as in low-rank adaptation and weight normalisation: those that are not the
    layer's own become `parameter` layers, which nothing reads. If weights are made of fewer numbers than a layer would count,
    its field `distinct` says how many; a kind without that field becomes a custom layer with the numbers of the file.
    """
    known: dict[tuple[Any, ...], Made] = {}
    parameters: dict[int, Made] = {}
    owned: set[int] = set()
    entered = [made for made in layers if made.weights and _enters(made)]
    for made in list(layers):
        if not made.weights:
            continue
        constant = next(iter(made.weights.values()))
        array = id(constant.base)
        if _enters(made):
            if made.kind == "parameter":
                parameters.setdefault(array, made)
            continue
        if made.kind in _JOINED and array in parameters:
            # The array is also a `parameter` layer, whose result is used here.
            vector = Made("reshape", {"shape": Shape(constant.size)}, [parameters[array]], {}, made.operation, aside=True)
            made.kind, made.weights, made.inputs = _JOINED[made.kind], {}, [*made.inputs, vector]
            layers.insert(layers.index(made), vector)
            continue
        _counted(layers, made, known, owned)
    for made in entered:
        # An array that is a layer's weight as well counts there.
        _counted(layers, made, known, owned)


def _enters(made: Made) -> bool:
    """Whether a layer is an array of the file, or computed from arrays of the file alone."""
    return made.kind == "parameter" or (made.kind == "custom" and not made.inputs)


def _counted(layers: list[Made], made: Made, known: dict[tuple[Any, ...], Made], owned: set[int]) -> None:
    """Count the arrays of one layer that are not `owned`; `known` are the layers so far, by kind and arrays."""
    learned = [one for name, one in made.weights.items() if name not in STATISTICS]
    parts = {id(part): part for one in learned for part in one.stored() if part.counts}
    if made.kind == "custom" or "distinct" in made.fields:
        name = "parameters" if made.kind == "custom" else "distinct"
        # Constants of positions are no learned numbers if the file stores those elsewhere.
        made.fields[name] = sum(part.size for key, part in parts.items() if key not in owned and part.role != "constant")
    elif made.shares is None:
        key = (made.kind, tuple((name, _key(one)) for name, one in made.weights.items()))
        first = known.get(key)
        if first is not None and first.tied is not None:
            # A custom layer has no weights to share; all of these numbers are counted already.
            made.tied = 0
        elif first is not None and (parts or "distinct" in made.fields):
            made.shares = first
        else:
            known[key] = made
            _own(layers, made, owned)
    owned.update(parts)


def _own(layers: list[Made], made: Made, owned: set[int]) -> None:
    """Compare the arrays that a layer's weights are computed from with the numbers that the layer counts."""
    sources = [(one, list(_learned(one))) for name, one in made.weights.items() if name not in STATISTICS]
    arrays = {id(part): part for _, parts in sources for part in parts}
    # A weight that the file fills with one number has no array, and counts as the layer says; buffers count no parameters.
    declared = sum(one.size for one, parts in sources if parts or any(part.role == "buffer" for part in one.stored()))
    stored = sum(part.size for key, part in arrays.items() if key not in owned)
    if stored == declared:
        return
    if stored < declared:
        if made.kind == "parameter":
            made.fields["distinct"] = stored
        elif all(one.op != "dequantise" for one in made.weights.values()):
            bias = made.weights["bias"].size if "bias" in made.weights else 0
            if "distinct" in KINDS[made.kind].options and stored >= bias:
                made.fields["distinct"] = stored - bias
            else:
                made.tied = stored
        return
    left = [part for key, part in arrays.items() if key not in owned]
    for one, parts in sources:
        same = [part for part in left if part.size == one.size and part in parts]
        if same:
            left.remove(next((part for part in same if not _is_mask(part)), same[0]))
    masks = [part for part in left if _is_mask(part)]
    left = [part for part in left if part not in masks]
    stored -= sum(part.size for part in masks)
    exact = sum(part.size for part in left) == stored - declared
    place = layers.index(made)
    for part in left if exact else left[:1]:
        sizes = part.shape if exact and 1 <= len(part.shape) <= 4 else (part.size,)
        if not exact:
            sizes = (stored - declared,)
        flow = Shape(*sizes[1:], sizes[0])
        array = Constant(sizes, "float", op="reshape" if exact else "take", args=(part,))
        path = part.name if part.name is not None and "::" not in part.name else ""
        operation = Operation("parameter", [], [], {}, path or (made.operation.path if made.operation is not None else ""))
        layers.insert(place, Made("parameter", {"shape": flow}, [], {"weight": array}, operation))
        place += 1


def _is_mask(constant: Constant) -> bool:
    """Whether an array holds only zeros and ones."""
    return constant.data is not None and all(number in (0, 1) for number in constant.data)


def _learned(constant: Constant) -> Iterator[Constant]:
    """The stored arrays whose numbers a weight is made of.

    Left out are the scales of integers, and a second copy of the weights that only their mean and variance are taken from.
    """

    def arguments(one: Constant) -> tuple[Constant, ...]:
        if one.op == "dequantise":
            return ()
        return one.args[:3] if one.op == "batchnorm" and one.args[3].op is not None else one.args

    for one in constant.parts(arguments):
        if one.name is not None and (one.counts or (one is constant and one.role != "buffer")):
            yield one
        if one.op == "dequantise":
            yield from one.args[0].stored()


def _key(constant: Constant) -> Any:
    """Return a key that is equal for constants with the same numbers of the file."""
    if constant.op is None:
        return id(constant)
    attributes = tuple(sorted((name, str(value)) for name, value in constant.attributes.items()))
    return (constant.op, constant.shape, attributes, tuple(_key(arg) for arg in constant.args))
