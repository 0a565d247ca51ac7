"""Sequences of tensors, which old exporters write for Python lists: kept as lists while the file is read."""

from __future__ import annotations

from cnncalc.formats.onnx.call import Call, DataDependent, Result, normal, operator
from cnncalc.formats.onnx.operators.moves import split_sizes
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant, scalar


def _sequence(c: Call) -> list[Result]:
    found = c.args[0] if c.args else None
    if not isinstance(found, list):
        raise DataDependent
    return found


def _index(c: Call, index: int, default: int) -> int:
    if not c.has(index):
        return default
    given = c[index]
    if not isinstance(given, Constant) or given.scalar is None:
        raise DataDependent
    return int(given.scalar)


@operator("SequenceEmpty")
def empty(c: Call) -> Result:
    return []


@operator("SequenceConstruct")
def construct(c: Call) -> Result:
    return list(c.args)


@operator("SequenceAt")
def at(c: Call) -> Result:
    found: Result = _sequence(c)[_index(c, 1, 0)]
    return found


@operator("SequenceInsert")
def insert(c: Call) -> Result:
    items = list(_sequence(c))
    items.insert(_index(c, 2, len(items)), c[1])
    return items


@operator("SequenceErase")
def erase(c: Call) -> Result:
    items = list(_sequence(c))
    del items[_index(c, 1, len(items) - 1)]
    return items


@operator("SequenceLength")
def length(c: Call) -> Result:
    return scalar(len(_sequence(c)), "int")


@operator("SplitToSequence")
def split(c: Call) -> Result:
    shape = c.shape()
    axis = c.axis(0, len(shape))
    keep = bool(c.attribute("keepdims", 1))
    if c.has(1):
        given = c.ints(1, "split") or []
        one = c[1]
        sizes = split_sizes(shape[axis], given[0], None) if one.shape == () else given
    else:
        sizes = [1] * shape[axis]
    parts = build.split(c.program, c[0], axis, sizes)
    if not keep and not c.has(1):
        return [build.reshape(c.program, part, shape[:axis] + shape[axis + 1 :]) for part in parts]
    return list(parts)


@operator("ConcatFromSequence")
def concat(c: Call) -> Result:
    items = [one for one in _sequence(c) if one is not None and not isinstance(one, list)]
    if not items or any(one.shape is None for one in items):
        raise DataDependent
    rank = len(items[0].shape or ())
    axis = c.attribute("axis", 0)
    if c.attribute("new_axis", 0):
        axis = normal(axis, rank + 1)
        items = [build.reshape(c.program, one, (*(one.shape or ())[:axis], 1, *(one.shape or ())[axis:])) for one in items]
        return build.concat(c.program, items, axis)
    return build.concat(c.program, items, normal(axis, rank))
