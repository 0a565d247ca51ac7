"""A node with its arguments resolved, and the functions that operators are registered by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Union

from cnncalc.formats.onnx.context import Context
from cnncalc.formats.onnx.proto import NodeProto
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import ProgramError, Shape, Tensor

Result = Union[Tensor, None, list[Any]]
"""The value of a name: a tensor, or a list for a sequence; None if it is left out."""


class Call:
    """A node with its arguments resolved, for the handler of its operator."""

    def __init__(self, context: Context, node: NodeProto, args: list[Result], version: int) -> None:
        self.context = context
        self.program = context.program
        self.node = node
        self.args = args
        self.version = version
        self.read: set[str] = set()

    def __getitem__(self, index: int) -> Tensor:
        """The argument at `index`. Raises ProgramError if it is left out or a sequence."""
        found = self.args[index] if index < len(self.args) else None
        if found is None or isinstance(found, list):
            raise ProgramError(f"its input {index + 1} is missing")
        return found

    def optional(self, index: int) -> Tensor | None:
        found = self.args[index] if index < len(self.args) else None
        return None if isinstance(found, list) else found

    def has(self, index: int) -> bool:
        return index < len(self.args) and self.args[index] is not None

    def shape(self, index: int = 0) -> Shape:
        """The shape of an argument. Raises Unknown if it is not known."""
        found = self[index].shape
        if found is None:
            raise DataDependent
        return found

    def attribute(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return self.node.attributes.get(name, default)

    @property
    def understood(self) -> bool:
        """Whether every attribute of the node was read: another one may change the result."""
        return all(name in self.read or name in WITHOUT_EFFECT for name in self.node.attributes)

    def ints(self, index: int, attribute: str, default: Any = None) -> list[int] | None:
        """Whole numbers given as an input or, in older versions, as an attribute. Raises Unknown if they are computed."""
        if self.has(index):
            given = self[index]
            data = given.data if isinstance(given, Constant) else None
            if data is None:
                raise DataDependent
            return [int(value) for value in data]
        found = self.attribute(attribute, default)
        return [int(found)] if isinstance(found, (int, float)) else found

    def ints_or_floats(self, index: int, attribute: str) -> list[float] | None:
        """Numbers given as an input or, in older versions, as an attribute. Raises Unknown if they are computed."""
        if self.has(index):
            given = self[index]
            data = given.data if isinstance(given, Constant) else None
            if data is None:
                raise DataDependent
            return data
        found: list[float] | None = self.attribute(attribute)
        return found

    def number(self, index: int, attribute: str, default: Any = None) -> Any:
        """A number given as an input or, in older versions, as an attribute. Raises Unknown if it is computed."""
        if self.has(index):
            given = self[index]
            found = given.scalar if isinstance(given, Constant) else None
            if found is None:
                raise DataDependent
            return found
        return self.attribute(attribute, default)

    def axis(self, default: int, rank: int) -> int:
        return normal(self.attribute("axis", default), rank)


WITHOUT_EFFECT = frozenset((
    "momentum", "spatial", "is_test", "consumed_inputs", "seed", "storage_order", "stash_type", "precision",
    "softmax_precision", "extrapolation_value", "activation_alpha", "activation_beta",
))  # fmt: skip
"""Attributes that change neither the shape nor the numbers of an inference, or only their rounding."""


class DataDependent(Exception):
    """The result of an operator depends on numbers that are known only when the network runs."""


def normal(axis: int, rank: int) -> int:
    """An axis counted from the front. Raises ProgramError if there is no such axis."""
    if not -rank <= axis < max(rank, 1):
        raise ProgramError(f"there is no axis {axis} in a tensor of {rank} axes")
    return axis % rank if rank else 0


Results = Union[Result, tuple[Result, ...]]
"""The result of a handler, or a tuple of several."""

Handler = Callable[[Call], Results]
HANDLERS: dict[tuple[str, str], Handler] = {}


def operator(*names: str, domain: str = "") -> Callable[[Handler], Handler]:
    """Registers the handler of operators."""

    def register(function: Handler) -> Handler:
        for name in names:
            HANDLERS[domain, name] = function
        return function

    return register
