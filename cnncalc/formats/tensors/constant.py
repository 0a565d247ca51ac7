"""Tensors that are known without an input: weights, and small numbers that shapes and factors are computed from.

A constant knows its shape. Its numbers are read on demand, and only if they are few; a constant computed from others
remembers how, so that `run` can compute it with NumPy from the file's weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array

SMALL = 1 << 16
"""Numbers that are computed with while a file is read, at most, per tensor."""

Shape = tuple[int, ...]


class Constant:
    """A tensor known without an input. `dtype` is `float`, `int`, `bool` or `string`.

    `name` is the file's name for it if it is stored there; `read` gives its numbers, in row-major order, or None if they are not
    available; `array` the same for NumPy. `op`, `args` and `attributes` say how it is computed from other constants.
    """

    __slots__ = ("_asked", "_data", "args", "array", "attributes", "dtype", "name", "op", "read", "role", "shape")

    def __init__(
        self,
        shape: Shape,
        dtype: str,
        data: list[Any] | None = None,
        *,
        name: str | None = None,
        read: Callable[[], list[Any] | None] | None = None,
        array: Callable[[], Array] | None = None,
        op: str | None = None,
        args: tuple[Constant, ...] = (),
        attributes: dict[str, Any] | None = None,
        role: str = "array",
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self.read = read
        self.array = array
        self.op = op
        self.args = args
        self.attributes = attributes or {}
        #: `parameter` or `buffer`; in a file that does not tell them apart `array`, or `constant` in the program itself.
        self.role = role
        self._data = data
        self._asked = data is not None

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def data(self) -> list[Any] | None:
        """Its numbers in row-major order; None if they are too many or not in the file."""
        if not self._asked:
            self._asked = True
            if self.size <= SMALL:
                if self.read is not None:
                    self._data = self.read()
                elif self.op is not None:
                    from cnncalc.formats.tensors import fold

                    datas, shapes = [one.data for one in self.args], [one.shape for one in self.args]
                    self._data = fold.compute(self.op, datas, shapes, self.attributes, self.shape)
        return self._data

    @property
    def scalar(self) -> Any:
        """Its only number, or the number that all of its numbers are equal to; None if there is no such number."""
        if self.op in ("expand", "reshape") and self.size:
            return self.args[0].scalar
        data = self.data
        if not data:
            return None
        first = data[0]
        return first if all(value == first for value in data) else None

    @property
    def counts(self) -> bool:
        """Whether it is stored and learned: a parameter, or an array of numbers, of which a single one is a constant."""
        if self.name is None or self.role == "buffer" or self.dtype != "float":
            return False
        return self.size > 1 or self.role == "parameter"

    @property
    def partly_counts(self) -> bool:
        """Whether it is computed from learned arrays and from arrays that are not: a bias whose middle is always zero."""
        parts = [one for one in self.stored() if one.size > 1 and one.dtype == "float"]
        return any(one.counts for one in parts) and not all(one.counts for one in parts)

    @property
    def base(self) -> Constant:
        """The array of the file that it rearranges; itself if its numbers are computed."""
        one = self
        while one.name is None and one.op in ("reshape", "transpose", "cast") and len(one.args) == 1:
            one = one.args[0]
        return one

    def parts(self, arguments: Callable[[Constant], Iterable[Constant]] = lambda one: one.args) -> Iterator[Constant]:
        """Itself and the constants that it is computed from, each once; `arguments` may leave out some of a constant's own."""
        seen: set[int] = set()
        todo = [self]
        while todo:
            one = todo.pop()
            if id(one) not in seen:
                seen.add(id(one))
                yield one
                todo.extend(arguments(one))

    def stored(self) -> Iterator[Constant]:
        """The constants stored in the file that it is computed from: itself, or those of its arguments, each once."""
        return (one for one in self.parts() if one.name is not None)

    def __repr__(self) -> str:
        return f"<constant {self.name or self.op} {self.shape} {self.dtype}>"


def scalar(value: float, dtype: str = "float") -> Constant:
    """A constant of one number."""
    return Constant((), dtype, [value])


def integers(values: list[int] | tuple[int, ...]) -> Constant:
    """A vector of integers."""
    return Constant((len(values),), "int", list(values))


def learned(constant: Constant) -> bool:
    """Whether a constant is an array of the file that holds more than one number, perhaps rearranged."""
    if constant.dtype != "float":
        return False
    one = constant.base
    if one.op == "dequantise":
        return one.args[0].name is not None and one.size > 1
    return one.name is not None and one.counts and one.size > 1


def reordered(constant: Constant, places: Sequence[int], sizes: Sequence[int]) -> Constant:
    """A constant with its axes in the order `places`, those of size 1 left out."""
    rest = [i for i in range(len(constant.shape)) if i not in places]
    order = [*places, *rest]
    moved = constant
    if order != sorted(order):
        moved = Constant(
            tuple(constant.shape[i] for i in order),
            constant.dtype,
            op="transpose",
            args=(constant,),
            attributes={"axes": tuple(order)},
        )
    if moved.shape == tuple(sizes):
        return moved
    return Constant(tuple(sizes), constant.dtype, op="reshape", args=(moved,))
