"""A tensor program as layers of the language: each operator by its own function, custom layers for the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cnncalc.formats.register import register
from cnncalc.formats.tensors.arrays import computable
from cnncalc.formats.tensors.constant import Constant, learned, reordered
from cnncalc.formats.tensors.custom import custom
from cnncalc.formats.tensors.emit import Cannot, Emitter, Made, Maker, Port
from cnncalc.formats.tensors.program import Operation, Program, ProgramError, Tensor, Value, written
from cnncalc.formats.tensors.rearrange import rearranged
from cnncalc.formats.tensors.view import MOST_AXES, Atom, Group, TensorView, default_channels, default_order, flat, whole
from cnncalc.shape import AXES, Shape

_WEIGHTED = frozenset(
    ("conv", "conv_transpose", "linear", "batchnorm", "layernorm", "groupnorm", "instancenorm", "rmsnorm", "prelu")
)
"""Operators with weights after their first argument."""

_WITH_PRODUCTS = frozenset(("conv", "depthwise_conv", "conv_transpose", "fc", "linear", "matmul"))
"""Kinds whose MACs would be lost if a constant that they compute were one array."""

Handler = Callable[["Lowering", Operation], None]
HANDLERS: dict[str, Handler] = {}


def lowers(*names: str) -> Callable[[Handler], Handler]:
    """Registers the function that lowers an operator."""
    return register(HANDLERS, *names)


class Lowering:
    """The layers of one program.

    By the name of an input, `channels` gives the axis of its channels, `tokens` its vocabulary, and `batch` the axis that counts
    examples: the first if it is not named, None if all axes are those of one example.
    """

    def __init__(
        self,
        program: Program,
        channels: Mapping[str, int],
        tokens: Mapping[str, int],
        batch: Mapping[str, int | None] | None = None,
    ) -> None:
        self.program = program
        self.emit = Emitter()
        self.views: dict[int, TensorView] = {}
        self.ports: list[Port] = []
        self._parameters: dict[int, TensorView] = {}
        #: Values made here, kept so that no other gets their ids.
        self._kept: list[Value] = []
        self.leaving = program.outputs_of()
        #: Operators that became custom layers because of a fault of this program, not because the vocabulary lacks them.
        self.faults: list[str] = []
        for value in program.inputs:
            port = Port(value.name, value.name in tokens)
            self.ports.append(port)
            shape = value.shape or ()
            if port.tokens:
                self.views[id(value)] = TensorView.fresh(port, shape[1:], range(1, len(shape)), len(shape))
            else:
                self.views[id(value)] = self.plain(port, shape, channels.get(value.name), (batch or {}).get(value.name, 0))

    @staticmethod
    def plain(maker: Maker, shape: Sequence[int], channels: int | None = None, batch: int | None = 0) -> TensorView:
        """A tensor whose axes but the batch are the array's, the axis `channels` in front."""
        rank = len(shape)
        if rank == 0:
            return TensorView(maker, ((Atom(1),),), ())
        if rank == 1:
            return TensorView.fresh(maker, shape, (0,), 1)
        first = channels if channels is not None and channels < rank and channels != batch else default_channels(rank)
        places = [first, *(i for i in range(rank) if i not in (first, batch))]
        return TensorView.fresh(maker, [shape[i] for i in places], places, rank)

    def run(self) -> None:
        """Lowers every operator."""
        for operation in self.program.operations:
            self.emit.operation = operation
            mark = len(self.emit.layers)
            try:
                handler = HANDLERS.get(operation.op)
                if handler is None or any(value.shape is None for value in operation.outputs[:1]):
                    raise Cannot(operation.op)
                if any(isinstance(one, Value) and (one.shape is None or id(one) not in self.views) for one in operation.inputs):
                    raise Cannot("an input without a shape")
                handler(self, operation)
            except (Cannot, LookupError, ValueError, ArithmeticError, StopIteration) as error:
                if not isinstance(error, Cannot) and os.environ.get("CNNCALC_DEBUG"):
                    # A fault of this program, which a custom layer would hide.
                    raise
                if not isinstance(error, Cannot):
                    self.faults.append(f"{operation.path or operation.title} ({type(error).__name__})")
                del self.emit.layers[mark:]
                custom(self.emit, self.views, self.leaving, operation)
        self.emit.operation = None
        for name, value in self.program.outputs:
            if value.shape is not None and 0 in value.shape:
                raise ProgramError(f"the output {name} has the shape {written(value.shape)}; each size must be at least 1")
            if isinstance(value, Value):
                self._leave(value)
            else:
                self.views[id(value)] = self.parameter(value)

    def _leave(self, value: Value) -> None:
        """Arranges an output as its tensor is: rearrangements that no layer has applied yet become layers."""
        view = self.views.get(id(value))
        if view is None or value.shape is None:
            return
        view = self.real(view)
        dims = sorted(_ids(whole(dim)) for dim in view.dims if whole(dim))
        order = default_order(value.shape)
        apart = dims != sorted(_ids(whole(axis)) for axis in view.axes if whole(axis))
        # A map of one cell is not a vector.
        if apart or (not isinstance(view.producer, Port) and len(view.axes) > max(1, len(order))):
            self.emit.operation = value.made_by
            mark = len(self.emit.layers)
            try:
                view = self.arranged(view, [view.dims[i] for i in order] or [()])
            except Cannot:
                del self.emit.layers[mark:]
                return
        self.views[id(value)] = view

    def notes(self) -> tuple[str, ...]:
        """A note on operators that became custom layers because of a fault of this program."""
        if not self.faults:
            return ()
        names = ", ".join(self.faults[:3]) + (f" and {len(self.faults) - 3} more" if len(self.faults) > 3 else "")
        return (f"a fault in cnncalc made custom layers of {names}; please report it with the file",)

    # Inputs and results of handlers

    def view(self, tensor: Tensor | None) -> TensorView:
        """The view of a value, or of a constant as a separate layer."""
        if isinstance(tensor, Value):
            return self.views[id(tensor)]
        if isinstance(tensor, Constant):
            return self.parameter(tensor)
        raise Cannot("an input is left out")

    def parameter(self, constant: Constant) -> TensorView:
        """A constant that enters the network as data."""
        known = self._parameters.get(id(constant))
        if known is not None and known.producer in self.emit.layers:
            return known
        shape = constant.shape
        if constant.dtype not in ("float", "int", "bool"):
            raise Cannot("text")
        places = default_order(shape)
        if len(places) > MOST_AXES:
            raise Cannot("too many axes")
        kept = [shape[i] for i in places] or [1]
        flow = Shape(*kept[1:], kept[0])
        if learned(constant):
            array = reordered(constant, places, kept)
            maker = self.emit.layer("parameter", {"shape": flow}, [], {"weight": array}, aside=False)
        else:
            stored = list(constant.stored())
            learned_ = sum(one.size for one in stored if one.counts and one.role != "constant")
            mark = len(self.emit.layers)
            if learned_ and constant.op is not None:
                view = self._computed(constant)
                kinds = {made.kind for made in self.emit.layers[mark:]}
                if "custom" not in kinds or kinds & _WITH_PRODUCTS:
                    self._parameters[id(constant)] = view
                    return view
                del self.emit.layers[mark:]
            if computable(constant):
                array = reordered(constant, places, kept)
                maker = self.emit.layer("parameter", {"shape": flow, "distinct": learned_}, [], {"weight": array}, aside=False)
            else:
                buffers = sum(one.size for one in stored if one.size > 1 and not one.counts)
                fields: dict[str, Any] = {"operator": "constant", "output": flow, "macs": 0}
                fields |= {"buffers": buffers} if buffers else {}
                arrays = {f"{i}": one for i, one in enumerate(stored) if one.counts and one.role != "constant"}
                maker = self.emit.layer("custom", fields, [], arrays, aside=False)
        if not places:
            view = TensorView(maker, ((Atom(1),),), ((),) * len(shape))
        else:
            view = TensorView.fresh(maker, kept, places, len(shape))
        self._parameters[id(constant)] = view
        return view

    def _computed(self, constant: Constant) -> TensorView:
        """A constant that is computed from arrays of the file, as the layers that compute it."""
        assert constant.op is not None
        inputs: list[Tensor | None] = []
        for arg in constant.args:
            if any(one.counts for one in arg.stored()) and not _is_weight(constant, arg):
                value = Value(arg.shape, arg.dtype)
                self.views[id(value)] = self.parameter(arg)
                self._kept.append(value)
                inputs.append(value)
            else:
                inputs.append(arg)
        outer = self.emit.operation
        path, title = (outer.path, outer.title) if outer is not None else ("", "")
        result = Value(constant.shape, constant.dtype)
        operation = Operation(constant.op, inputs, [result], constant.attributes, path, title)
        self._kept.append(result)
        self.emit.operation = operation
        mark = len(self.emit.layers)
        try:
            handler = HANDLERS.get(constant.op)
            if handler is None:
                raise Cannot(constant.op)
            handler(self, operation)
        except Cannot:
            del self.emit.layers[mark:]
            custom(self.emit, self.views, self.leaving, operation)
        finally:
            self.emit.operation = outer
        return self.views[id(result)]

    def give(self, operation: Operation, view: TensorView, index: int = 0) -> None:
        """The result of an operator. Raises Cannot if its shape is not that of the program."""
        value = operation.outputs[index]
        if view.shape != value.shape:
            raise Cannot(f"{view.shape} instead of {value.shape}")
        self.views[id(value)] = view

    def layer(
        self, kind: str, fields: Mapping[str, Any], views: Sequence[TensorView], weights: Mapping[str, Constant] | None = None,
        *, fit: str = "floor", aside: bool = False,
    ) -> Made:  # fmt: skip
        return self.emit.layer(kind, fields, [view.producer for view in views], weights, fit=fit, aside=aside)

    # Arrangements

    def real(self, view: TensorView) -> TensorView:
        """The view with every atom of the tensor in the array: axes that are only repeated are written out."""
        present = {id(atom) for axis in view.axes for atom in axis}
        missing = [atom for atom in flat(view.dims) if id(atom) not in present]
        while missing:
            atom = missing.pop(0)
            axes = [axis for axis in view.axes if whole(axis)] or [()]
            if len(axes) >= MOST_AXES:
                axes = [axes[0], tuple(one for axis in axes[1:] for one in axis)]
            unit: Group = ()
            view = rearranged(view, (*axes, unit), self.emit)
            factors = [1] * (len(axes) - 1) + [atom.size]
            made = self.emit.layer("upsample", {"factor": tuple(factors)}, [view.producer])
            view = TensorView(made, (*axes, (atom,)), view.dims)
        return view

    def arranged(self, view: TensorView, axes: Sequence[Group]) -> TensorView:
        """The view with these axes; atoms that no axis names must be of size 1."""
        view = self.real(view)
        if len(axes) > MOST_AXES:
            raise Cannot("more than four axes")
        if sorted(id(atom) for atom in flat(axes)) != sorted(id(atom) for atom in flat(view.axes)):
            raise Cannot("an axis would be lost")
        return rearranged(view, axes, self.emit)

    def as_map(self, view: TensorView, rank: int) -> TensorView:
        """The view with the tensor's second axis as channels and the others as space, as convolutions and pools read it.

        `rank` is the number of spatial axes; a batch that is not one example becomes an axis of space in front.
        """
        dims = view.dims
        axes = [dims[1], *dims[2 : 2 + rank]]
        if whole(dims[0]):
            axes.insert(1, dims[0])
        return self.arranged(view, axes)

    def with_channels(self, view: TensorView, dim: int) -> TensorView:
        """The view with one axis of the tensor as channels, and the others as they stand in the tensor."""
        if dim >= len(view.dims):
            raise Cannot("no such axis")
        view = self.real(view)
        wanted = whole(view.dims[dim])
        others = [whole(d) for i, d in enumerate(view.dims) if i != dim and whole(d)]
        have = [whole(axis) for axis in view.axes[1:] if whole(axis)]
        if whole(view.axes[0]) == wanted and sorted(map(_ids, have)) == sorted(map(_ids, others)):
            return view
        while len(others) > MOST_AXES - 1:
            others[0:2] = [others[0] + others[1]]
        return self.arranged(view, [wanted, *others])

    def apart(self, view: TensorView, dims: Sequence[int]) -> TensorView:
        """The view with each of these axes of the tensor as a separate axis of the array."""
        view = self.real(view)
        if all(view.axis_of(d) is not None for d in dims if whole(view.dims[d])):
            return view
        named = [d for d in dims if whole(view.dims[d])]
        inside = {id(atom) for d in named for atom in view.dims[d]}
        kept = [tuple(atom for atom in whole(axis) if id(atom) not in inside) for axis in view.axes]
        first = kept[0]
        axes = [first, *(axis for axis in kept[1:] if axis), *(whole(view.dims[d]) for d in named)]
        if not first:
            # The channels are one of the named axes.
            axes = [whole(view.dims[named[0]]), *(axis for axis in kept[1:] if axis), *(whole(view.dims[d]) for d in named[1:])]
        if len(axes) > MOST_AXES:
            rest = [whole(d) for i, d in enumerate(view.dims) if i not in named and whole(d)]
            axes = [tuple(atom for d in rest for atom in d), *(whole(view.dims[d]) for d in named)]
        return self.arranged(view, axes)

    @staticmethod
    def axis_name(view: TensorView, axis: int) -> str:
        """The language's name of an axis of the array."""
        return "channels" if axis == 0 else AXES[len(view.axes) - 1][axis - 1]


def _ids(group: Group) -> list[int]:
    return [id(atom) for atom in group]


def _is_weight(constant: Constant, arg: Constant) -> bool:
    """Whether an argument is a weight of the operator, not its input."""
    return constant.op in _WEIGHTED and arg is not constant.args[0]
