"""Adds operators of the vocabulary to a program, with the shape of each result."""

from __future__ import annotations

import itertools
import math
import string
from collections.abc import Sequence
from typing import Any

from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Program, ProgramError, Shape, Tensor, Value, broadcast, written

LOGICAL = frozenset(("equal", "less", "greater", "less_equal", "greater_equal", "and", "or", "xor"))


def _shape(x: Tensor) -> Shape:
    if x.shape is None:
        raise UnknownShape
    return x.shape


class UnknownShape(ProgramError):
    """An argument's shape is not known."""

    def __init__(self) -> None:
        super().__init__("the shape of an input is not known")


def binary(p: Program, function: str, first: Tensor, second: Tensor) -> Tensor:
    """A result element by element of two tensors."""
    shape = None if first.shape is None or second.shape is None else broadcast(first.shape, second.shape)
    dtype = "bool" if function in LOGICAL else first.dtype
    return p.add("binary", [first, second], shape, dtype, function=function)


def unary(p: Program, function: str, x: Tensor, **attributes: Any) -> Tensor:
    """A function of each number."""
    return p.add("unary", [x], x.shape, "bool" if function == "not" else x.dtype, function=function, **attributes)


def cast(p: Program, x: Tensor, to: str) -> Tensor:
    """The numbers as another type; nothing if the type is the same."""
    if x.dtype == to or to == "string":
        return x
    if isinstance(x, Constant):
        return p.add("cast", [x], x.shape, to, to=to)
    return p.add("identity", [x], x.shape, to)


def reshape(p: Program, x: Tensor, shape: Shape) -> Tensor:
    """The same numbers in row-major order in another shape."""
    return x if x.shape == shape else p.add("reshape", [x], shape)


def transpose(p: Program, x: Tensor, axes: Sequence[int]) -> Tensor:
    """The axes in another order: axis i of the result is axis axes[i] of x."""
    shape = _shape(x)
    order = [axis % len(shape) if shape else axis for axis in axes]
    if sorted(order) != list(range(len(shape))):
        raise ProgramError(f"{written(shape)} cannot be transposed by {list(axes)}")
    if order == sorted(order):
        return x
    return p.add("transpose", [x], tuple(shape[axis] for axis in order), axes=tuple(order))


def slice_axis(p: Program, x: Tensor, axis: int, start: int, count: int, step: int) -> Tensor:
    """`count` positions of one axis, from `start` on, `step` apart."""
    shape = _shape(x)
    if (start, count, step) == (0, shape[axis], 1):
        return x
    out = (*shape[:axis], count, *shape[axis + 1 :])
    return p.add("slice", [x], out, axis=axis, start=start, count=count, step=step)


def split(p: Program, x: Tensor, axis: int, sizes: Sequence[int]) -> list[Tensor]:
    """Consecutive parts of one axis."""
    found, start = [], 0
    for size in sizes:
        found.append(slice_axis(p, x, axis, start, size, 1))
        start += size
    return found


def scatter(p: Program, x: Tensor, part: Tensor, axis: int, start: int, step: int) -> Tensor:
    """`x` with the positions start, start + step, … of one axis replaced by those of `part`. Raises ProgramError."""
    shape, count = _shape(x), _shape(part)[axis]
    size = shape[axis]
    if step == 1:
        pieces = [_piece(p, x, axis, 0, start), part, _piece(p, x, axis, start + count, size - start - count)]
        return concat(p, [one for one in pieces if _shape(one)[axis]], axis)
    if start >= step or count * step != size:
        raise ProgramError(f"every {step}th of {size} positions cannot be replaced")
    front, back = shape[:axis], shape[axis + 1 :]
    cells = scatter(
        p, reshape(p, x, (*front, count, step, *back)), reshape(p, part, (*front, count, 1, *back)), axis + 1, start, 1
    )
    return reshape(p, cells, shape)


def _piece(p: Program, x: Tensor, axis: int, start: int, count: int) -> Tensor:
    """Positions of one axis; of a concatenation the part that they are, if they are exactly one."""
    operation = x.made_by if isinstance(x, Value) else None
    if operation is not None and operation.op == "concat" and operation.attributes["axis"] == axis:
        place = 0
        for one in operation.inputs:
            if one is not None and (place, _shape(one)[axis]) == (start, count):
                return one
            place += _shape(one)[axis] if one is not None else 0
    return slice_axis(p, x, axis, start, count, 1)


def concat(p: Program, parts: Sequence[Tensor], axis: int) -> Tensor:
    """Concatenate the parts along an axis."""
    if len(parts) == 1:
        return parts[0]
    shapes = [_shape(part) for part in parts]
    first = shapes[0]
    for shape in shapes:
        if len(shape) != len(first) or any(m != n for i, (m, n) in enumerate(zip(shape, first, strict=True)) if i != axis):
            raise ProgramError(f"{written(first)} and {written(shape)} cannot be concatenated along axis {axis}")
    out = (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])
    return p.add("concat", list(parts), out, axis=axis)


def gather(p: Program, x: Tensor, indices: Constant, axis: int) -> Tensor:
    """The positions of one axis that the indices name; evenly spaced ones are a slice."""
    shape = _shape(x)
    out = (*shape[:axis], *indices.shape, *shape[axis + 1 :])
    if isinstance(x, Constant) and indices.size > 1 and x.size > 1 << 12:
        return p.add("gather", [x, indices], out, x.dtype, axis=axis)
    data = indices.data
    if data and all(isinstance(i, int) and -shape[axis] <= i < shape[axis] for i in data):
        places = [i % shape[axis] for i in data]
        step = places[1] - places[0] if len(places) > 1 else 1
        if step > 0 and all(b - a == step for a, b in itertools.pairwise(places)):
            return reshape(p, slice_axis(p, x, axis, places[0], len(places), step), out)
    return p.add("gather", [x, indices], out, x.dtype, axis=axis)


def expand(p: Program, x: Tensor, shape: Shape) -> Tensor:
    """The tensor repeated along axes of size 1 and new axes in front."""
    if x.shape == shape:
        return x
    broadcast(_shape(x), shape)
    return p.add("expand", [x], shape)


def full(shape: Shape, value: Any, dtype: str) -> Constant:
    """A constant whose numbers are all equal."""
    one = Constant((), dtype, [value])
    return one if shape == () else Constant(shape, dtype, op="expand", args=(one,))


def reduce(p: Program, function: str, x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    """A number for all that lie along the axes."""
    shape = _shape(x)
    out = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
    return p.add("reduce", [x], out, function=function, axes=tuple(axes), keep=keep)


def log_sum_exp(p: Program, x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    """The logarithm of the sum of the exponentials of the numbers along the axes."""
    return unary(p, "log", reduce(p, "sum", unary(p, "exp", x), axes, keep))


def pad(p: Program, x: Tensor, pads: Sequence[tuple[int, int]], mode: str, value: Any) -> Tensor:
    """Cells added before and after each axis; negative ones are cut off."""
    for axis, (before, after) in enumerate(pads):
        if before < 0 or after < 0:
            size = _shape(x)[axis]
            x = slice_axis(p, x, axis, max(0, -before), size - max(0, -before) - max(0, -after), 1)
    added = tuple((max(0, before), max(0, after)) for before, after in pads)
    if not any(sum(pair) for pair in added):
        return x
    out = tuple(n + before + after for n, (before, after) in zip(_shape(x), added, strict=True))
    return p.add("pad", [x], out, pads=added, mode=mode, value=value)


def matmul(p: Program, first: Tensor, second: Tensor) -> Tensor:
    """The product over the last axis of the first and the last but one of the second, as NumPy's matmul."""
    a, b = _shape(first), _shape(second)
    if not a or not b or a[-1] != b[-2 if len(b) > 1 else 0]:
        raise ProgramError(f"{written(a)} and {written(b)} cannot be multiplied as matrices")
    rows, columns = len(a) > 1, len(b) > 1
    left = first if rows else reshape(p, first, (1, *a))
    right = second if columns else reshape(p, second, (*b, 1))
    a, b = _shape(left), _shape(right)
    front = broadcast(a[:-2], b[:-2])
    found = p.add("matmul", [left, right], (*front, a[-2], b[-1]))
    # Axes that were added to vectors are removed again.
    return reshape(p, found, (*front, *((a[-2],) if rows else ()), *((b[-1],) if columns else ())))


def indices(equation: str, shapes: Sequence[Shape]) -> tuple[list[str], str, dict[str, int]]:
    """The index letters of each argument and of the result of an einsum, and their sizes; `...` becomes letters as well.

    Raises ProgramError if they do not fit the arguments.
    """
    left, arrow, right = "".join(equation.split()).partition("->")
    terms = left.split(",")
    unused = [letter for letter in string.ascii_letters if letter not in equation]
    more = [len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, shapes, strict=False)]
    axes = "".join(unused[: max((n for term, n in zip(terms, more, strict=False) if "..." in term), default=0)])
    terms = [term.replace("...", axes[len(axes) - n :]) for term, n in zip(terms, more, strict=False)]
    if not arrow:
        letters = "".join(terms)
        right = "..." + "".join(sorted(letter for letter in set(letters) - set(axes) if letters.count(letter) == 1))
    right = right.replace("...", axes)
    if [*map(len, terms)] != [*map(len, shapes)] or set(right) - set("".join(terms)):
        raise ProgramError(f"the equation {equation} does not fit {' and '.join(map(written, shapes))}")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, size in zip(term, shape, strict=True):
            if sizes.setdefault(letter, size) in (1, size):
                sizes[letter] = size
            elif size != 1:
                raise ProgramError(f"the equation {equation} does not fit {' and '.join(map(written, shapes))}")
    return terms, right, sizes


def einsum(p: Program, equation: str, args: Sequence[Tensor]) -> Tensor:
    """A product by index letters, two arguments at a time: a product of matrices if they share a sum, else number by number."""
    terms, right, sizes = indices(equation, [_shape(one) for one in args])
    shapes = [tuple(sizes[letter] for letter in term) for term in terms]
    once = all(len(set(term)) == len(term) for term in (*terms, right))
    if not once or any(one.shape != shape for one, shape in zip(args, shapes, strict=True)):
        return p.add("custom", list(args), tuple(sizes[letter] for letter in right), operator="Einsum")
    term, x = terms[0], args[0]
    for i, (other, y) in enumerate(zip(terms[1:], args[1:], strict=True), 2):
        kept = set(right).union(*terms[i:])
        term, x = _product(p, term, x, other, y, kept, sizes)
    term, x = _summed(p, term, x, set(right))
    return transpose(p, x, [term.index(letter) for letter in right])


def _summed(p: Program, term: str, x: Tensor, kept: set[str]) -> tuple[str, Tensor]:
    """A tensor without the axes of other letters than those, which are summed over."""
    axes = [i for i, letter in enumerate(term) if letter not in kept]
    return "".join(letter for letter in term if letter in kept), reduce(p, "sum", x, axes, False) if axes else x


def _product(p: Program, a: str, x: Tensor, b: str, y: Tensor, kept: set[str], sizes: dict[str, int]) -> tuple[str, Tensor]:
    """The product of two tensors, by the letters of their axes; letters that are not kept are summed over."""
    a, x = _summed(p, a, x, kept | set(b))
    b, y = _summed(p, b, y, kept | set(a))
    both = [letter for letter in a if letter in b and letter in kept]
    summed = [letter for letter in a if letter in b and letter not in kept]
    left, other = [letter for letter in a if letter not in b], [letter for letter in b if letter not in a]
    order = "".join((*both, *left, *other))

    def arranged(x: Tensor, term: str, groups: list[list[str]]) -> Tensor:
        moved = transpose(p, x, [term.index(letter) for group in groups for letter in group])
        return reshape(p, moved, tuple(math.prod(sizes[letter] for letter in group) for group in groups))

    if not summed:
        first = arranged(x, a, [*([letter] for letter in both), *([letter] for letter in left), *([] for _ in other)])
        second = arranged(y, b, [*([letter] for letter in both), *([] for _ in left), *([letter] for letter in other)])
        return order, binary(p, "multiply", first, second)
    first = arranged(x, a, [*([letter] for letter in both), left, summed])
    second = arranged(y, b, [*([letter] for letter in both), summed, other])
    return order, reshape(p, matmul(p, first, second), tuple(sizes[letter] for letter in order))
