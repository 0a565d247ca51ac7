"""A program: operators on tensors with known shapes, in the order in which they can be computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Union

from cnncalc.formats.tensors.constant import Constant
from cnncalc.problem import Location

Shape = tuple[int, ...]

QUANTISED = "quantised"
"""The dtype of a value between a quantisation and its inverse."""


class Value:
    """A tensor that depends on an input. `shape` is None if it is unknown; `dtype` is `float`, `int` or `bool`."""

    __slots__ = ("dtype", "made_by", "name", "shape", "users")

    def __init__(self, shape: Shape | None, dtype: str = "float", name: str = "") -> None:
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self.made_by: Operation | None = None
        #: The operators that read it, once per argument; filled in by `Program.link`.
        self.users: list[Operation] = []

    def __repr__(self) -> str:
        return f"<value {self.name} {self.shape}>"


Tensor = Union[Value, Constant]


class Operation:
    """One operator: a word of the vocabulary, its inputs, and its results.

    `path` is the file's name for the module it stands in, parts separated by dots; `title` the operator's name in the file.
    """

    __slots__ = ("attributes", "frozen", "inputs", "location", "op", "outputs", "path", "title")

    def __init__(
        self,
        op: str,
        inputs: Sequence[Tensor | None],
        outputs: Sequence[Value],
        attributes: dict[str, Any],
        path: str = "",
        title: str = "",
        location: Location | None = None,
    ) -> None:
        self.op = op
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.attributes = attributes
        self.path = path
        self.title = title or op
        self.location = location
        self.frozen = False
        for value in self.outputs:
            value.made_by = self

    @property
    def output(self) -> Value:
        return self.outputs[0]

    def input(self, index: int) -> Tensor | None:
        """The argument at `index`, None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def __repr__(self) -> str:
        return f"<{self.op} {self.path} {[getattr(i, 'shape', None) for i in self.inputs]} -> {[o.shape for o in self.outputs]}>"


class Program:
    """Inputs, operators and outputs. `path`, `title` and `location` are those of the operators added next."""

    def __init__(self) -> None:
        self.inputs: list[Value] = []
        self.operations: list[Operation] = []
        self.outputs: list[tuple[str, Tensor]] = []
        self.path = ""
        self.title = ""
        self.location: Location | None = None
        #: The relative precision of numbers in the file, which a decomposed function may differ by from the exact one.
        self.precision = 1e-5

    def add(
        self, op: str, inputs: Sequence[Tensor | None], shape: Shape | None, dtype: str | None = None, **attributes: Any
    ) -> Tensor:
        """The result of an operator: a constant if its arguments are constants, else the value of a new operation."""
        constants = [one for one in inputs if isinstance(one, Constant)]
        first = next((one for one in inputs if one is not None), None)
        kind = dtype or (first.dtype if first is not None else "float")
        if len(constants) == len(inputs) and constants and shape is not None:
            return Constant(shape, kind, op=op, args=tuple(constants), attributes=attributes)
        made = Value(shape, kind)
        self.operations.append(Operation(op, inputs, [made], attributes, self.path, self.title, self.location))
        return made

    def link(self) -> None:
        """Fills in who reads each value, and drops operators whose results are not used."""
        needed: set[int] = set()
        todo = [made.made_by for _, made in self.outputs if isinstance(made, Value)]
        while todo:
            one = todo.pop()
            if one is None or id(one) in needed:
                continue
            needed.add(id(one))
            todo.extend(value.made_by for value in one.inputs if isinstance(value, Value))
        self.operations = [one for one in self.operations if id(one) in needed]
        for operation in self.operations:
            for value in (*operation.inputs, *operation.outputs):
                if isinstance(value, Value):
                    value.users = []
        for operation in self.operations:
            for value in operation.inputs:
                if isinstance(value, Value):
                    value.users.append(operation)

    def outputs_of(self) -> set[int]:
        """The ids of the values that leave the program."""
        return {id(value) for _, value in self.outputs}


class ProgramError(ValueError):
    """An operator that cannot be applied to its inputs; a short sentence."""


def broadcast(first: Shape, second: Shape) -> Shape:
    """The shape of an element by element result. Raises ProgramError."""
    rank = max(len(first), len(second))
    a = (1,) * (rank - len(first)) + first
    b = (1,) * (rank - len(second)) + second
    found = []
    for m, n in zip(a, b, strict=True):
        if m != n and 1 not in (m, n):
            raise ProgramError(f"{written(first)} and {written(second)} cannot be combined element by element")
        found.append(n if m == 1 else m)
    return tuple(found)


def written(shape: Shape | None) -> str:
    """A tensor's shape as ONNX and PyTorch print it: [1, 3, 224, 224]."""
    return "an unknown shape" if shape is None else str(list(shape))


def resolve(wanted: Sequence[int], shape: Shape) -> Shape:
    """The sizes of a reshape: -1 is whatever is left. Raises ProgramError."""
    size = math.prod(shape)
    known = math.prod(n for n in wanted if n != -1)
    found = tuple(wanted)
    if found.count(-1) == 1 and known > 0 and size % known == 0:
        found = tuple(size // known if n == -1 else n for n in found)
    if -1 in found or math.prod(found) != size:
        raise ProgramError(f"{written(shape)} holds {size:,} numbers and cannot become {list(wanted)}")
    return found
