"""One use of a Keras layer: its configuration read with checks, its inputs, and the axes that they have in Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cnncalc.formats.draft import Draft, shape_of
from cnncalc.formats.keras.calls import Broken, Dims
from cnncalc.formats.register import register
from cnncalc.graph import Node, Producer
from cnncalc.layers import Layer
from cnncalc.shape import LARGEST, Shape


class Tensor(NamedTuple):
    """A result and where Keras keeps its channels: first of all axes but the batch, or last."""

    node: Producer
    first: bool

    @property
    def shape(self) -> Shape:
        """Its shape. Raises UnknownShape."""
        return shape_of(self.node)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Its sizes in Keras's order, without the batch. Raises UnknownShape."""
        return self.shape.ordered("channels_first" if self.first else "channels_last")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its axes in Keras's order. Raises UnknownShape."""
        axes = self.shape.axes
        return ("channels", *axes) if self.first else (*axes, "channels")

    def axis(self, number: Any) -> str:
        """The name of the axis that Keras numbers, the batch being 0. Raises Broken."""
        rank = len(self.names)
        if isinstance(number, list) and len(number) == 1:
            number = number[0]
        if not isinstance(number, int) or isinstance(number, bool) or not -rank <= number <= rank or number == 0:
            raise Broken(f"the axis must be 1 to {rank} or −1 to −{rank}, got {number}")
        return self.names[number if number < 0 else number - 1]


class KerasDraft(Draft):
    """A draft that knows the names in use, and shares the weights of a layer that is called again."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.taken: set[str] = set()
        #: Layers of the first call of the layer that is laid out, which the present call shares weights with.
        self.shared: list[Node] | None = None
        #: Layers made since the last call began.
        self.made: list[Node] = []
        #: Whether layers without a data_format have channels first.
        self.first = False
        #: Whether the file is of Keras 2, whose hard sigmoid is another function.
        self.keras2 = False

    def add(self, name: str, layer: Layer, *inputs: Producer, trainable: bool = True, fit: str | None = None) -> Node:
        node = super().add(name, layer, *inputs, trainable=trainable, fit=fit)
        self.made.append(node)
        return node

    def owner(self, layer: Layer) -> Node | None:
        if self.shared is None or len(self.made) >= len(self.shared):
            return None
        peer = self.shared[len(self.made)]
        return peer if peer.kind == layer.kind and peer.weights else None

    def free(self, name: str) -> str:
        """`name`, with a number appended if the model has a layer of that name."""
        found, number = name, 2
        while found in self.taken:
            found, number = f"{name}_{number}", number + 1
        self.taken.add(found)
        return found

    def ordered(self, x: Tensor, first: bool, name: str) -> Tensor:
        """`x` with its axes named for a layer that keeps channels first, or last."""
        if x.first == first or x.shape.rank == 0:
            return Tensor(x.node, first)
        names = x.names
        axes = (*names[1:], names[0]) if first else names
        return Tensor(self.layer(self.free(f"{name}_order"), "permute", x.node, axes=axes), first)


class Use:
    """A call of a layer: configuration, arguments with tensors in them, and what the file states of its results."""

    def __init__(
        self, net: KerasDraft, name: str, class_name: str, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        self.net = net
        self.name = name
        self.class_name = class_name
        self.config = config
        self.args = args
        self.kwargs = kwargs
        #: Shapes that the file states of its results, by number.
        self.stated: dict[int, Dims] = {}
        #: Lays out a layer inside this one, such as what a wrapper wraps.
        self.inner: Callable[[dict[str, Any], str, list[Tensor]], list[Tensor]] = _no_inner
        #: Lays out a layer on every step of a sequence alone.
        self.steps: Callable[[dict[str, Any], Tensor], Any] = lambda layer, x: _no_inner(layer, "", [x])

    @property
    def inputs(self) -> list[Tensor]:
        """Every tensor that it reads, in order."""
        return [*tensors(self.args), *tensors(self.kwargs)]

    @property
    def x(self) -> Tensor:
        """The first tensor that it reads. Raises Broken."""
        found = next(iter(tensors(self.args)), None) or next(iter(tensors(self.kwargs)), None)
        if found is None:
            raise Broken("it reads nothing")
        return found

    @property
    def first(self) -> bool:
        """Whether its own configuration, else the tensor it reads, keeps channels first."""
        layout = self.config.get("data_format")
        if layout in ("channels_first", "channels_last"):
            return bool(layout == "channels_first")
        return self.x.first

    def map(self) -> Tensor:
        """The first tensor with its axes as the configuration's data_format has them."""
        return self.net.ordered(self.x, self.first, self.name)

    def layer(self, kind: str, *inputs: Producer, **fields: Any) -> Producer:
        return self.net.layer(self.name, kind, *inputs, **fields)

    def after(self, suffix: str, kind: str, x: Producer, **fields: Any) -> Producer:
        """Add a further layer after the one called `name`."""
        return self.net.layer(self.net.free(f"{self.name}_{suffix}"), kind, x, **fields)

    # The configuration

    def whole(self, key: str, default: Any = None, least: int = 1) -> int:
        value = self.config.get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST:
            raise Broken(f"{key} must be an integer ≥ {least}, got {short(value)}")
        return value

    def number(self, key: str, default: float) -> float:
        value = self.config.get(key, default)
        if isinstance(value, dict):
            value = value.get("config", {}).get("value", value) if isinstance(value.get("config"), dict) else value
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise Broken(f"{key} must be a number, got {short(value)}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.config.get(key, default)
        if not isinstance(value, bool):
            raise Broken(f"{key} must be true or false, got {short(value)}")
        return value

    def sizes(self, key: str, rank: int, default: Any = None, least: int = 1) -> tuple[int, ...]:
        """One number per spatial axis."""
        value = self.config.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = [value] * rank
        if (
            not isinstance(value, (list, tuple))
            or len(value) != rank
            or not all(isinstance(one, int) and not isinstance(one, bool) and least <= one <= LARGEST for one in value)
        ):
            raise Broken(f"{key} must have {rank} integers ≥ {least}, got {short(value)}")
        return tuple(value)

    def word(self, key: str, default: str) -> str:
        value = self.config.get(key, default)
        if not isinstance(value, str):
            raise Broken(f"{key} must be a word, got {short(value)}")
        return value

    def padding(self, *words: str) -> str:
        value = self.word("padding", "valid").lower()
        if value not in words:
            raise Broken(f"padding must be {' or '.join(words)}, got {short(value)}")
        return value


def _no_inner(config: dict[str, Any], name: str, inputs: list[Tensor]) -> list[Tensor]:
    raise Broken("it wraps a layer where none can be wrapped")


def tensors(value: Any) -> list[Tensor]:
    """The tensors in nested arguments, in order."""
    found: list[Tensor] = []
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, Tensor):
            found.append(one)
        elif isinstance(one, (list, tuple)):
            todo.extend(reversed(one))
        elif isinstance(one, dict):
            todo.extend(reversed(list(one.values())))
    return found


def numbers(value: Any) -> list[float] | None:
    """The numbers of a constant, however its axes of one cell are nested; None if it has none."""
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        return numbers(value["config"].get("value"))
    found = value if isinstance(value, list) else [value]
    plain = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in found)
    return [float(one) for one in found] if found and plain else None


def argument(use: Use, key: str, place: int, default: Any = None) -> Any:
    """An argument by name or position, else the value in the configuration."""
    if key in use.kwargs:
        return use.kwargs[key]
    if len(use.args) > place:
        return use.args[place]
    return use.config.get(key, default)


def short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


Layout = Callable[[Use], Any]
"""Lays out a layer: a tensor, or a list of them for several results."""

LAYOUTS: dict[str, Layout] = {}
"""Layouts by the names of Keras's classes."""


def keras(*names: str) -> Callable[[Layout], Layout]:
    """Register the function below for classes of these names."""
    return register(LAYOUTS, *names)


def ranks(name: str, *numbers: int) -> tuple[str, ...]:
    """The names of a class for several numbers of spatial axes: Conv1D, Conv2D, Conv3D."""
    return tuple(f"{name}{number}D" for number in numbers or (1, 2, 3))


def opaque(use: Use, operator: str | None = None, parameters: int = 0, buffers: int = 0, macs: int | None = 0) -> Any:
    """A custom layer for each result that the file states a shape of; the first has the weights.

    Raises Broken if the file states none.
    """
    if not use.stated:
        raise Broken("its class is not known here, and the file does not state its output shape")
    found: list[Tensor | None] = []
    first = use.x.first if use.inputs else use.net.first
    for output in range(max(use.stated) + 1):
        sizes = use.stated.get(output)
        name = use.name if output == 0 else use.net.free(f"{use.name}_output{output}")
        if sizes is None or None in sizes or not sizes or len(sizes) > 4:
            if output == 0:
                raise Broken(f"its class is not known here, and the file states its output shape as {sizes}")
            found.append(None)
            continue
        known = [size for size in sizes if size is not None]
        shape = Shape(*known[1:], known[0]) if first and len(known) > 1 else Shape(*known)
        weights = (parameters, buffers, macs) if output == 0 else (0, 0, 0)
        inputs = [one.node for one in use.inputs]
        made = use.net.custom(
            name, operator or use.class_name, *inputs, output=shape, parameters=weights[0], buffers=weights[1], macs=weights[2]
        )
        found.append(Tensor(made, first and shape.rank > 0))
    return found if len(found) > 1 else found[0]


def in_sequence(use: Use, layers: Sequence[tuple[str, dict[str, Any]]]) -> Tensor:
    """Named layers, each reading the one before, as a group."""
    y = use.x
    with use.net.group(use.name, use.class_name, y.node) as group:
        for name, layer in layers:
            y = use.inner(layer, name, [y])[0]
        group.result = y.node
    return y


def shaped(use: Use, sizes: Sequence[int], operator: str | None = None) -> Tensor:
    """A custom layer without weights whose sizes, in Keras's order, are known. Raises Broken if they are too many."""
    if not 1 <= len(sizes) <= 4:
        raise Broken(f"its result has {len(sizes)} axes without the batch, and cnncalc reads 1 to 4")
    first = len(sizes) > 1 and use.x.first
    shape = Shape(*sizes[1:], sizes[0]) if first else Shape(*sizes)
    inputs = [one.node for one in dict.fromkeys(use.inputs)]
    return Tensor(use.net.custom(use.name, operator or use.class_name, *inputs, output=shape, macs=0), first)


def same(use: Use, x: Tensor, operator: str | None = None, parameters: int = 0, buffers: int = 0) -> Tensor:
    """A custom layer that changes no size."""
    made = use.net.custom(
        use.name, operator or use.class_name, x.node, output="same", parameters=parameters, buffers=buffers, macs=0
    )
    return Tensor(made, x.first)
