"""An exported PyTorch model as a tensor program: ATen's operators in the vocabulary of tensor programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

from cnncalc.formats.pytorch.aliases import Aliases
from cnncalc.formats.register import register
from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.custom import without_products
from cnncalc.formats.tensors.program import Operation, Program, ProgramError, Shape, Tensor, Value
from cnncalc.problem import Location

Result = Union[Tensor, None, list[Any]]
Handler = Callable[["OperatorCall"], Result]
HANDLERS: dict[str, Handler] = {}


class InFile(Location):
    """A line of one of the model's source files."""

    file: str


def in_file(file: str, line: int) -> InFile:
    """The start of a line."""
    found = InFile(line, 1, line, 1)
    found.file = file
    return found


def operator(*names: str) -> Callable[[Handler], Handler]:
    """Registers the handler of operators, without the names of their overloads."""
    return register(HANDLERS, *names)


class Unsupported(Exception):
    """The vocabulary cannot express this use of an operator."""


class OperatorCall:
    """One operator with its arguments resolved."""

    def __init__(
        self, program: Program, node: dict[str, Any], args: list[Any], kwargs: dict[str, Any], reads_states: bool
    ) -> None:
        self.program = program
        self.node = node
        self.op: str = node["op"]
        #: Whether a later operator reads another result than the first.
        self.reads_states = reads_states
        self.args = args
        self.kwargs = kwargs

    def tensor(self, index: int) -> Tensor:
        found = self.args[index] if index < len(self.args) else None
        if not isinstance(found, (Value, Constant)):
            raise Unsupported
        return found

    def shape(self, index: int = 0) -> Shape:
        found = self.tensor(index).shape
        if found is None:
            raise Unsupported
        return found

    def get(self, index: int, name: str, default: Any = None) -> Any:
        """An argument by place or by name."""
        return self.args[index] if index < len(self.args) else self.kwargs.get(name, default)

    def ints(self, index: int, name: str, count: int, default: Any = None) -> tuple[int, ...]:
        """Numbers for each of `count` axes; one number applies to all."""
        found = self.get(index, name, default)
        if isinstance(found, int):
            return (found,) * count
        numbers = tuple(found) if found is not None else ()
        if not all(isinstance(one, int) for one in numbers):
            raise Unsupported
        return numbers * count if len(numbers) == 1 else numbers

    def axis(self, index: int, name: str, default: int | None = None) -> int:
        found = self.get(index, name, default)
        rank = len(self.shape())
        if not isinstance(found, int) or not -rank <= found < max(rank, 1):
            raise Unsupported
        return found % rank if rank else 0

    def axes(self, index: int, name: str) -> list[int]:
        found = self.get(index, name)
        rank = len(self.shape())
        if found is None or found == []:
            return list(range(rank))
        return sorted(axis % rank for axis in ([found] if isinstance(found, int) else found))

    def out(self) -> Shape:
        """The shape of the result, as PyTorch computed it."""
        values = self.node["values"]
        if not isinstance(values, dict) or values["shape"] is None:
            raise Unsupported
        return tuple(values["shape"])


class Translated:
    """The program of a model, and the names of arrays that are parameters."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.program = Program()
        self.model = model
        self.frozen: set[str] = set()
        items = (node["args"] for node in model["nodes"] if node["op"] == "getitem")
        self._with_states = {source["node"] for source, index in items if index}
        self._aliases = Aliases(self.program, self._computed)
        constants = {name: self._constant(name, one) for name, one in model["arrays"].items()}
        for place, name in model["places"].items():
            self._aliases.values[place] = constants[name]
        for one in model["inputs"]:
            value = Value(tuple(one["shape"]), one["dtype"], one["name"])
            self._aliases.values[one["name"]] = value
            self.program.inputs.append(value)
        for node in model["nodes"]:
            self._aliases.computed(node, self._computed(node))
        for name in model["outputs"]:
            for part in _flat(self._aliases.get(name)):
                self.program.outputs.append((name, part))

    def _constant(self, name: str, one: dict[str, Any]) -> Constant:
        if one["kind"] == "parameter" and not one["trainable"]:
            self.frozen.add(name)
        role = "parameter" if one["kind"] == "parameter" else "buffer"
        return Constant(tuple(one["shape"]), one["dtype"], one["data"], name=name, role=role)

    def _computed(self, node: dict[str, Any]) -> Any:
        """The result of a node, whose operators are added to the program."""
        program = self.program
        program.path, program.title = node["path"], node["op"]
        program.location = in_file(*node["place"]) if node["place"] else None
        args = [self._resolved(one) for one in node["args"]]
        kwargs = {key: self._resolved(one) for key, one in node["kwargs"].items()}
        before = len(program.operations)
        if node["op"] == "getitem":
            return _item(args)
        try:
            handler = HANDLERS.get(node["op"].rstrip("_")) or HANDLERS.get(node["op"].partition(".")[0].rstrip("_"))
            if handler is None:
                raise Unsupported
            found = handler(OperatorCall(program, node, args, kwargs, node["name"] in self._with_states))
            if not _agrees(found, node["values"]):
                raise Unsupported
        except (Unsupported, ProgramError, IndexError, TypeError, KeyError, ValueError, AttributeError):
            del program.operations[before:]
            found = self._custom(node, args, kwargs)
        for operation in program.operations[before:]:
            arrays = [part.name for one in operation.inputs if isinstance(one, Constant) for part in one.stored() if part.counts]
            operation.frozen = bool(arrays) and all(name in self.frozen for name in arrays)
        return found

    def _resolved(self, one: Any) -> Any:
        if isinstance(one, dict):
            if "node" in one:
                return self._aliases.get(one["node"])
            return one.get("word")
        return [self._resolved(part) for part in one] if isinstance(one, list) else one

    def _custom(self, node: dict[str, Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Result:
        """Values of the shapes that PyTorch computed, made by an operator that the vocabulary lacks."""
        inputs = [one for one in _flat([*args, *kwargs.values()]) if isinstance(one, (Value, Constant))]
        values = node["values"]
        if not isinstance(values, (dict, list)):
            return None
        many = values if isinstance(values, list) else [values]
        made = [
            Value(None if one["shape"] is None else tuple(one["shape"]), one["dtype"]) if one else Value(None) for one in many
        ]
        program = self.program
        name = node["op"].partition(".")[0]
        if inputs and all(isinstance(one, Constant) for one in inputs) and len(made) == 1:
            first = made[0]
            constants = tuple(one for one in inputs if isinstance(one, Constant))
            return Constant(first.shape or (), first.dtype, op="custom", args=constants, attributes={"operator": name})
        if not inputs and len(made) == 1:
            return Constant(made[0].shape or (), made[0].dtype, op="custom", attributes={"operator": name})
        macs = {} if "::" in name else without_products(name)
        program.operations.append(
            Operation("custom", inputs, made, {"operator": name, **macs}, program.path, program.title, program.location)
        )
        return made if isinstance(values, list) else made[0]


def _item(args: list[Any]) -> Any:
    return args[0][args[1]] if isinstance(args[0], list) and isinstance(args[1], int) and args[1] < len(args[0]) else None


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [part for one in value for part in _flat(one)]
    return [] if value is None else [value]


def _agrees(found: Result, values: Any) -> bool:
    """Whether a result has the shape that PyTorch computed."""
    if isinstance(found, list):
        return isinstance(values, list) and all(
            one is None or part is None or _agrees(part, one) for part, one in zip(found, values, strict=False)
        )
    return found is not None and isinstance(values, dict) and found.shape == tuple(values["shape"])


__all__ = ["OperatorCall", "Translated", "Unsupported", "build", "operator"]
