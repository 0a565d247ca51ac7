"""The graph inside a serialised model: the calls of its layers, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

Dims = tuple[int | None, ...]
"""Sizes without the batch; None for an open axis."""


class Ref(NamedTuple):
    """A result, by layer, number of the call and number of the output."""

    layer: str
    call: int
    output: int


@dataclass(slots=True)
class LayerCall:
    """One use of a layer: positional and named arguments, with references in the place of tensors."""

    layer: dict[str, Any]
    name: str
    number: int
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)

    def refs(self) -> list[Ref]:
        """Everything it reads, in order."""
        return [*_refs(self.args), *_refs(self.kwargs)]


class Broken(ValueError):
    """The configuration is invalid; the message says why."""


def _refs(value: Any) -> Iterator[Ref]:
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, Ref):
            yield one
        elif isinstance(one, list):
            todo.extend(reversed(one))
        elif isinstance(one, dict):
            todo.extend(reversed(list(one.values())))


def dims(value: Any) -> Dims | None:
    """A shape of the file without its batch; None if it is not one."""
    if (
        isinstance(value, (list, tuple))
        and value
        and all(one is None or (isinstance(one, int) and not isinstance(one, bool)) for one in value)
    ):
        return tuple(value[1:])
    return None


class Model:
    """The layers and calls of a Functional or Sequential model, and the shapes that its file states."""

    def __init__(self, config: dict[str, Any], class_name: str) -> None:
        #: Layers by name.
        self.layers: dict[str, dict[str, Any]] = {}
        self.calls: list[LayerCall] = []
        self.inputs: list[Ref] = []
        self.outputs: list[Ref] = []
        #: The shapes of results that the file states.
        self.stated: dict[Ref, Dims] = {}
        if class_name == "Sequential":
            self._sequential(config)
        else:
            self._functional(config)

    # Sequential

    def _sequential(self, config: Any) -> None:
        layers = config.get("layers") if isinstance(config, dict) else config
        if not isinstance(layers, list):
            raise Broken("a Sequential model has a list of layers")
        above: Ref | None = None
        build = config.get("build_input_shape") if isinstance(config, dict) else None
        for i, layer in enumerate(layers):
            name = _name(layer, i)
            if name in self.layers:
                raise Broken(f"two layers are called {name}")
            if above is None and layer.get("class_name") != "InputLayer":
                own = layer.get("config")
                own = own if isinstance(own, dict) else {}
                shape = own.get("batch_input_shape") or own.get("batch_shape") or build or _build_shape(layer)
                made = {"class_name": "InputLayer", "config": {"name": f"{name}_input", "batch_shape": shape}}
                above = self._add(made, f"{name}_input", None)
                self.inputs.append(above)
            above = self._add(layer, name, above)
            if layer.get("class_name") == "InputLayer":
                if self.inputs:
                    raise Broken("a Sequential model has one InputLayer, the first")
                self.inputs.append(above)
        if above is None:
            raise Broken("the model has no layers")
        self.outputs.append(above)

    def _add(self, layer: dict[str, Any], name: str, reads: Ref | None) -> Ref:
        self.layers[name] = layer
        self.calls.append(LayerCall(layer, name, 0, [reads] if reads is not None else []))
        if reads is not None:
            stated = dims(_build_shape(layer))
            if stated is not None:
                self.stated.setdefault(reads, stated)
        return Ref(name, 0, 0)

    # Functional

    def _functional(self, config: Any) -> None:
        layers = config.get("layers") if isinstance(config, dict) else None
        if not isinstance(layers, list) or not layers:
            raise Broken("the model has no list of layers")
        for i, layer in enumerate(layers):
            name = _name(layer, i)
            if name in self.layers:
                raise Broken(f"two layers are called {name}")
            self.layers[name] = layer
        found: list[LayerCall] = []
        for name, layer in self.layers.items():
            nodes = layer.get("inbound_nodes") or []
            if not isinstance(nodes, list):
                raise Broken(f"inbound_nodes of {name} is not a list")
            if not nodes:
                found.append(LayerCall(layer, name, 0))
            for number, node in enumerate(nodes):
                found.append(self._call(layer, name, number, node))
        self._state(found)
        self.calls = self._ordered(found)
        self.inputs = self._ends(config.get("input_layers"), "input_layers")
        self.outputs = self._ends(config.get("output_layers"), "output_layers")
        if not self.inputs or not self.outputs:
            raise Broken("the model has no input_layers or output_layers")

    def _call(self, layer: dict[str, Any], name: str, number: int, node: Any) -> LayerCall:
        call = LayerCall(layer, name, number)
        if isinstance(node, dict):
            args, kwargs = node.get("args", []), node.get("kwargs", {})
            call.args = self._keras3(args if isinstance(args, list) else [args])
            call.kwargs = self._keras3(kwargs if isinstance(kwargs, dict) else {})
            return call
        if not isinstance(node, list):
            raise Broken(f"a node of {name} is neither an object nor a list")
        flat = [node] if _is_old(node) else node
        tensors: list[Any] = []
        for one in flat:
            if not _is_old(one):
                tensors.append(self._old(one))
                continue
            tensors.append(Ref(one[0], one[1], one[2]))
            if len(one) > 3 and isinstance(one[3], dict):
                call.kwargs.update({key: self._old(value) for key, value in one[3].items()})
        # Layers that join get one list, all others the tensors one by one.
        call.args = tensors if len(tensors) == 1 else [tensors]
        return call

    def _old(self, value: Any, depth: int = 0) -> Any:
        """Arguments of Keras 2: a tensor is a list of a name and two numbers."""
        if depth > 20:
            raise Broken("arguments of a layer are nested too deep")
        if _is_old(value):
            return Ref(value[0], value[1], value[2])
        if isinstance(value, list):
            return [self._old(one, depth + 1) for one in value]
        if isinstance(value, dict):
            return {key: self._old(one, depth + 1) for key, one in value.items()}
        return value

    def _keras3(self, value: Any, depth: int = 0) -> Any:
        """Arguments of Keras 3: a tensor is an object with its shape and history."""
        if depth > 20:
            raise Broken("arguments of a layer are nested too deep")
        if isinstance(value, list):
            return [self._keras3(one, depth + 1) for one in value]
        if not isinstance(value, dict):
            return value
        if value.get("class_name") == "__keras_tensor__":
            config = value.get("config")
            history = config.get("keras_history") if isinstance(config, dict) else None
            if not isinstance(config, dict) or history is None or not _is_old(history):
                raise Broken("a tensor has no keras_history")
            ref = Ref(history[0], history[1], history[2])
            stated = dims(config.get("shape"))
            if stated is not None:
                self.stated.setdefault(ref, stated)
            return ref
        return {key: self._keras3(one, depth + 1) for key, one in value.items()}

    def _state(self, calls: list[LayerCall]) -> None:
        """Keras 2 states the shapes that a layer was built for, which are those of its inputs."""
        for call in calls:
            if call.number:
                continue
            shape = _build_shape(call.layer)
            refs = list(_refs(call.args))
            if len(refs) == 1 and dims(shape) is not None:
                self.stated.setdefault(refs[0], dims(shape) or ())
            elif isinstance(shape, list) and len(shape) == len(refs):
                for ref, one in zip(refs, shape, strict=True):
                    found = dims(one)
                    if found is not None:
                        self.stated.setdefault(ref, found)

    def _ordered(self, calls: list[LayerCall]) -> list[LayerCall]:
        """Return the calls, each after the calls that it reads, otherwise in the order of the file."""
        places = {(call.name, call.number): i for i, call in enumerate(calls)}
        readers: dict[int, list[int]] = {}
        waiting = [0] * len(calls)
        for i, call in enumerate(calls):
            for ref in set(call.refs()):
                target = places.get((ref.layer, ref.call))
                if target is None:
                    raise Broken(f"{call.name} reads call {ref.call} of {ref.layer}, which the file does not have")
                readers.setdefault(target, []).append(i)
                waiting[i] += 1
        ready = [i for i, count in enumerate(waiting) if not count]
        heapify(ready)
        order = []
        while ready:
            i = heappop(ready)
            order.append(calls[i])
            for reader in readers.get(i, ()):
                waiting[reader] -= 1
                if not waiting[reader]:
                    heappush(ready, reader)
        if len(order) < len(calls):
            first = next(calls[i].name for i, count in enumerate(waiting) if count)
            raise Broken(f"{first} reads its own result, directly or through other layers")
        return order

    def _ends(self, value: Any, key: str) -> list[Ref]:
        """The references of `input_layers` or `output_layers`, in order."""
        if _is_old(value):
            value = [value]
        found: list[Ref] = []
        todo = [value]
        while todo:
            one = todo.pop()
            if _is_old(one):
                if one[0] not in self.layers:
                    raise Broken(f"{key} names {one[0]}, which is not a layer of the model")
                found.append(Ref(one[0], one[1], one[2]))
            elif isinstance(one, list):
                todo.extend(reversed(one))
            elif isinstance(one, dict):
                todo.extend(reversed(list(one.values())))
        return found


def _is_old(value: Any) -> bool:
    """Whether a list is a name and two numbers, optionally followed by arguments."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(one, int) and not isinstance(one, bool) for one in value[1:3])
    )


def _name(layer: Any, index: int) -> str:
    if not isinstance(layer, dict) or not isinstance(layer.get("class_name"), str):
        raise Broken(f"layer {index} has no class_name")
    if not isinstance(layer.get("config", {}), dict) and layer["class_name"] not in ("Sequential", "Functional", "Model"):
        raise Broken(f"layer {index} has no configuration")
    config = layer.get("config")
    name = layer.get("name") or (config.get("name") if isinstance(config, dict) else None)
    return str(name) if name else f"{layer['class_name'].lower()}_{index}"


def _build_shape(layer: dict[str, Any]) -> Any:
    build = layer.get("build_config")
    return build.get("input_shape") if isinstance(build, dict) else None
