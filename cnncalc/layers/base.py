"""The base class of all layer kinds. Each kind is one class with its fields, output shape, weights and cost.

Defining a class registers the kind: `class Conv(Layer, kind="conv")`. The language, the schema, the tables and the checks
read everything from the class. Families of kinds are in the other files of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, dataclass_transform

from cnncalc import kernels
from cnncalc.layers.memory import NOTHING_SAVED, Grad, MatrixProduct, Reuse, Saved
from cnncalc.layers.option import Cells, Every, Option, PerAxis, RowNames, option
from cnncalc.layers.view import SAME, View, whole
from cnncalc.record import Record
from cnncalc.shape import Flow, LayerError, OpenShape, Shape
from cnncalc.values import Value
from cnncalc.window import Window

if TYPE_CHECKING:
    from cnncalc.kernels.arrays import Array
    from cnncalc.kernels.pointwise import Apply
    from cnncalc.kernels.run import Arrays, Run

T = TypeVar("T")

KINDS: dict[str, type[Layer]] = {}
"""Every kind by its name in the language."""


class Weight(NamedTuple):
    """An array that a layer owns: PyTorch's name and layout; role `weight` and `bias` are learned, `buffer` is not.

    `counted` is how many learned numbers the array is made of, if not as many as it has.
    """

    name: str
    shape: tuple[int, ...]
    role: str = "weight"
    counted: int | None = None

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Example(Record):
    """An example of a kind: its row, inputs and output; sizes differ on every axis, so that swapped axes are noticed."""

    row: dict[str, Any]
    inputs: tuple[Flow, ...]
    output: Shape


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(option,))
class Layer:
    """A layer with its hyper-parameters, independent of its input."""

    kind: ClassVar[str] = ""
    #: The fields of a row of this kind, and those that an instance stores.
    options: ClassVar[dict[str, Option[Any]]] = {}
    stored: ClassVar[dict[str, Option[Any]]] = {}
    main: ClassVar[Option[Any] | None] = None
    #: Names of the kind in other tools, in lower case and without 1d, 2d, 3d.
    also: ClassVar[tuple[str, ...]] = ()
    #: Fields in the order of the arguments of PyTorch's and of Keras's class, `""` for an argument that is no field, such as the
    #: channels of the input; the main field alone if empty.
    torch_order: ClassVar[tuple[str, ...]] = ()
    keras_order: ClassVar[tuple[str, ...]] = ()
    #: Input that it takes: `any` shape, a `map` (at least one spatial axis), a `sequence` (exactly one), `tokens`,
    #: `everything` (any number of results of any sort), or `nothing`.
    accepts: ClassVar[str] = "any"
    #: Leading axes, such as time, over which no window slides and for which window fields have no number.
    unwindowed: ClassVar[int] = 0
    #: Whether a file's `fit: ceil` applies to it, as to pools in Caffe and PyTorch; other kinds need `fit: ceil` in their row.
    ceils: ClassVar[bool] = False
    #: Fields with which its sizes, parameters and MACs rise, as they do with the sizes of its input; None if they may fall.
    rises_with: ClassVar[tuple[str, ...] | None] = None
    #: Whether its result is a vector for each position of a sequence.
    per_position: ClassVar[bool] = False
    #: Whether its output depends on its input in an unknown way: such a layer has no forward pass.
    opaque: ClassVar[bool] = False
    #: Whether its result need not be read.
    ends_branch: ClassVar[bool] = False
    example: ClassVar[Example]
    #: Whether its result, a view, is a part of its input or a new order of the input's numbers.
    strided: ClassVar[bool] = False
    #: Whether its forward pass first copies a map that does not lie channels last in memory.
    packs: ClassVar[bool] = True
    #: Whether its forward pass applies an epilogue, operations of the next layers on each channel and number (`Run.epilogue`).
    fuses_epilogue: ClassVar[bool] = False
    #: Whether the epilogue may also add another result.
    fuses_add: ClassVar[bool] = False
    #: Arrays of the size of a chunk that each thread allocates while it computes a function of each number.
    temporaries: ClassVar[int] = 0

    def __init_subclass__(cls, kind: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        own = {attribute: value for attribute, value in vars(cls).items() if isinstance(value, Option)}
        for attribute, declared in own.items():
            declared.attribute = attribute
            declared.name = declared.name or attribute
        cls.options = {**cls.options, **{declared.name: declared for declared in own.values()}}
        cls.stored = {name: declared for name, declared in cls.options.items() if not declared.wires}
        cls.main = next((o for o in cls.options.values() if o.main), None)
        if kind:
            if kind in KINDS:
                raise TypeError(f"there is a kind {kind} already: {KINDS[kind].__qualname__}")
            cls.kind = kind
            KINDS[kind] = cls

    def __init__(self, **fields: Any) -> None:
        for name, declared in self.stored.items():
            value = fields.pop(name, declared.default)
            if declared.required and value is declared.default:
                raise TypeError(f"{self.kind} needs {name}")
            if value is not declared.default:
                try:
                    value = declared.type.check(value)
                except LayerError as error:
                    raise LayerError(f"{self.kind}: {name} {error.template}", rule=error.rule, field=name) from None
            self.__dict__[declared.attribute] = value
        if fields:
            raise TypeError(f"{self.kind} has no {', '.join(fields)}")
        self.check()

    @classmethod
    def key_of(cls, field: str) -> str:
        """Return the key of a row that sets a field: the kind itself for the main field."""
        return cls.kind if cls.main is not None and cls.main.name == field else field

    @classmethod
    def field_of(cls, key: str) -> str:
        """Return the field that a key of a row sets."""
        return cls.main.name if cls.main is not None and key == cls.kind else key

    @classmethod
    def of_parsed(cls, fields: Mapping[str, Any]) -> Layer:
        """Return the layer with fields that their types have parsed, every required one among them; no value is checked again.

        Raises LayerError if two fields contradict each other.
        """
        layer = cls.__new__(cls)
        stored = layer.__dict__
        for name, declared in cls.stored.items():
            stored[declared.attribute] = fields.get(name, declared.default)
        layer.check()
        return layer

    def check(self) -> None:
        """Raise LayerError if two fields contradict each other."""

    def written(self, layout: str = "channels_last") -> dict[str, str]:
        """Return the fields of its row as text, the kind's own key first; fields with default values are left out."""
        main = self.main.name if self.main is not None else None
        found = {self.kind: ""}
        for name, declared in self.stored.items():
            value = self.value(name)
            if value != declared.default and value is not None:
                found[self.kind if name == main else name] = declared.type.write(value, layout)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen; make a new one")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={self.value(name)!r}' for name in self.stored)})"

    def value(self, name: str) -> Any:
        """Return the value of the field that the language calls `name`."""
        return getattr(self, self.stored[name].attribute)

    @classmethod
    def read(
        cls, given: Mapping[str, Value], layout: str = "channels_last", *, whole: bool = True
    ) -> tuple[Layer | None, list[tuple[str, LayerError]]]:
        """Return the layer of a row's keys, or None and the errors by key; the main field's key is the kind's name.

        Not `whole`: the row has more fields, whose values are not known, so that no layer is made.
        """
        faults: list[tuple[str, LayerError]] = []
        fields: dict[str, Any] = {}

        def fault(key: str, message: str, rule: str = "missing", field: str | None = None) -> None:
            faults.append((key, LayerError(message, rule=rule, field=field)))

        for key, value in given.items():
            declared = cls.main if key == cls.kind else cls.options.get(key)
            if declared is None:
                if value is not None:
                    fault(key, f"{cls.kind} takes no value; write {{{cls.kind}: null}}, or - {cls.kind} alone", "value")
                continue
            if value is None and key == cls.kind:
                if declared.required:
                    fault(key, f"{cls.kind} needs a value, {declared.name}: {declared.type.describe()}")
                    fields[declared.name] = None
                continue
            try:
                fields[declared.name] = declared.type.parse(value, layout)
            except LayerError as fact:
                fields[declared.name] = None
                message = f"{key} {fact.template}"
                if value in ("None", "default", "auto") and not declared.required and "; write" not in message:
                    message += "; leave it out"
                fault(key, message, fact.rule)
        for name, declared in cls.options.items():
            if declared.required and name not in fields:
                what = f"a value, {name}" if declared.main else name
                fault(cls.kind, f"{cls.kind} needs {what}: {declared.type.describe()}", field=name)
        if faults or not whole:
            return None, faults
        try:
            return cls.of_parsed(fields), []
        except LayerError as error:
            return None, [(error.field if error.field in given and error.field is not None else cls.kind, error)]

    def output_shape(self, x: Shape, fit: str) -> Shape:
        """Return the output shape for `x`; a stride that does not fit is floored unless `fit` is `ceil`. Raises LayerError."""
        raise NotImplementedError

    def certain_shape(self) -> Shape | None:
        """Return the output shape if it does not depend on the input, else None."""
        return None

    def weights(self, x: Shape) -> tuple[Weight, ...]:
        """Return the arrays that it owns if its input is `x`."""
        return ()

    def macs(self, x: Shape, y: Shape) -> int | None:
        """Return the MACs of one example, None if unknown; bias, activations and normalisation count none."""
        return 0

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """Return the windows that slide over `x`, one per spatial axis; empty if the layer has no sliding window."""
        return ()

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        """Return the part of each spatial axis of `x` that an output cell sees; `SAME` for the cell at its own position.

        By default its sliding `windows`, or the whole axis if there are none; other kinds override this method.
        """
        return tuple(View.of(w, axis) for axis, w in enumerate(windows)) if windows else whole(x.spatial)

    def formulas(self, x: Shape) -> list[tuple[str, str]]:
        """Return the formulas of the sizes that it changes: an axis or `channels`, and the formula with its numbers."""
        return []

    @property
    def must_fit(self) -> bool:
        """Return whether a stride of its windows can fail to fit."""
        return False

    def reuse(self, training: bool) -> Reuse:
        """Return whether the result needs memory of its own, in training or in inference."""
        return "none"

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        """Return the tensors kept for the backward pass; `grad` says which gradients will be computed, at least one.

        By default the inputs. Source: PyTorch's derivatives (tools/autograd/derivatives.yaml), activations in place.
        """
        return Saved(inputs=tuple(range(len(xs))))

    def scratch(self, xs: tuple[Shape, ...], y: Shape) -> int:
        """Return the numbers of one example that the forward pass needs beside input, result and weights, tiles left out."""
        return 0

    def shared_scratch(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> int:
        """Return the numbers that all threads hold for the parts of a batch they work on, in addition to `scratch`."""
        return 0

    def product(self, xs: tuple[Shape, ...], y: Shape, batch: int, threads: int) -> MatrixProduct | None:
        """Return the largest matrix product of the forward pass, None if there is none. Kinds with windows need not say it."""
        return None

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        """Return the output for `x`, (batch, channels, *spatial), and weights `w`; its shape results from the arithmetic alone.

        The result may be a view of `x`, and may overwrite `x` if `run.overwrite` allows it.
        """
        raise NotImplementedError

    def per_channel(self, w: Arrays) -> tuple[Array | None, Array | None] | None:
        """Return the factor and the offset per channel if the layer does nothing else, else None."""
        return None

    def function(self) -> Apply | None:
        """Return the function of each number if the layer does nothing else, else None."""
        return None

    #: The gain of random weights before it that makes the spread of its result about 1.
    gain: ClassVar[float | None] = None

    def fan_in(self, weight: Weight) -> float:
        """Return the number of terms that each output of `weight` adds up."""
        return math.prod(weight.shape[1:])

    def spread(self, weight: Weight, gain: float) -> tuple[float, float]:
        """Return mean and standard deviation of random numbers for `weight`; `gain` is the gain of the next activation.

        Source: Glorot & Bengio 2010; He et al. 2015, Delving Deep into Rectifiers, sec. 2.2.
        """
        return (0, 0.05) if weight.role == "bias" else (0, gain / math.sqrt(self.fan_in(weight)))

    def fields(self, x: Flow | None) -> dict[str, Any]:
        """Return its fields as JSON shows them, with windows per axis if the input is known."""
        rank = x.rank if isinstance(x, Shape) else 0
        return {
            name: _plain(declared, self.value(name), rank)
            for name, declared in self.stored.items()
            if not declared.rare or self.value(name) != declared.default
        }

    def summary(self, x: Flow | None, layout: str = "channels_last") -> str:
        """Return its hyper-parameters in a few words: the value, then each field that differs from its default."""
        first, parts = [], []
        for name, declared in self.stored.items():
            value = self.value(name)
            if declared.main:
                first = [declared.type.show(value, layout)] if value is not None else []
            elif value != declared.default:
                parts.append(self.shown(name, layout))
        return ", ".join(first + parts)

    def shown(self, name: str, layout: str = "channels_last") -> str:
        """Return a field in a few words: its name and value; for a flag, `bias` or `no bias`."""
        value = self.value(name)
        if isinstance(value, bool):
            return name if value else f"no {name}"
        return f"{name} {self.stored[name].type.show(value, layout)}"


def _plain(declared: Option[Any], value: Any, rank: int) -> Any:
    if isinstance(declared.type, (PerAxis, Cells)) and isinstance(value, tuple):
        expanded = tuple(value) * rank if isinstance(value, Every) and rank else value
        return [list(v) if isinstance(v, tuple) else v for v in expanded]
    if isinstance(value, OpenShape):
        return [n or None for n in value]
    return list(value) if isinstance(value, tuple) else value


class Pointwise(Layer):
    """A layer that changes numbers but not sizes."""

    rises_with = ()

    def output_shape(self, x: Shape, fit: str) -> Shape:
        return x

    def views(self, x: Shape, windows: tuple[Window, ...]) -> tuple[View, ...]:
        return SAME

    def forward(self, x: Array, w: Arrays, run: Run) -> Array:
        function = self.function()
        if function is not None:
            return kernels.pointwise.apply(function, x, run)
        change = self.per_channel(w)
        if change is None:
            raise NotImplementedError
        return kernels.pointwise.per_channels(x, *change, run)


class Join(Layer):
    """A layer that joins several results. The row names them in the kind's value; the layer does not store the names."""

    names: tuple[str, ...] | str = option(
        RowNames(), "rows to join: one name, which is joined with the row above, or a list of names", main=True, wires=True
    )

    #: Whether it adds the results, so that their variances add up.
    sums: ClassVar[bool] = False

    def saved(self, xs: tuple[Flow, ...], y: Shape, grad: Grad) -> Saved:
        return NOTHING_SAVED

    def join(self, shapes: tuple[Shape, ...]) -> Shape:
        """Return the output shape for `shapes`. Raises Mismatch with two inputs that do not match."""
        raise NotImplementedError

    def joined_views(self, shapes: tuple[Shape, ...]) -> tuple[tuple[View, ...], ...]:
        """Return the part of each axis of each input that an output cell sees; `SAME` for the cell at its own position."""
        return (SAME,) * len(shapes)

    def joined_weights(self, shapes: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """Return the arrays that it owns if its inputs are `shapes`."""
        return ()

    def joined_macs(self, shapes: tuple[Shape, ...], y: Shape) -> int:
        """Return the MACs of one example, given the shapes of its inputs and of its output."""
        return 0

    def forward_join(self, xs: tuple[Array, ...], w: Arrays, run: Run) -> Array:
        """Return the output for `xs` and the weights `w`; `run.overwrite` applies to the first of `xs`."""
        raise NotImplementedError
