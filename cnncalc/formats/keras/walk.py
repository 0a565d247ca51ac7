"""A serialised model → layers: inputs, nested models, shared layers, and the comparison with the shapes that the file states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncalc.build.builder import Builder
from cnncalc.formats.draft import UnknownInput
from cnncalc.formats.keras.calls import Broken, Dims, LayerCall, Model, Ref, dims
from cnncalc.formats.keras.layouts import LAYOUTS
from cnncalc.formats.keras.operations import function_of, operation
from cnncalc.formats.keras.use import KerasDraft, Tensor, Use, opaque
from cnncalc.graph import Node
from cnncalc.place import NOWHERE
from cnncalc.shape import LayerError, Shape

if TYPE_CHECKING:
    from cnncalc.build.problems import Problems

MODELS = ("Functional", "Sequential", "Model")
#: Models inside models; a published one has three.
MAX_NESTED = 30

Result = Tensor | None
"""A result, None if it is not known."""


class Walk:
    """Lays out a model and the models inside it."""

    def __init__(self, net: KerasDraft, problems: Problems, file: str | None) -> None:
        self.net = net
        self._problems = problems
        self._file = file
        #: Layers of the first call of each layer, by its path, for later calls to share with.
        self._made: dict[str, list[Node]] = {}
        #: Whether shapes that the file states are compared: not if the input was changed.
        self.compares = True
        #: Names of classes that became custom layers.
        self.unknown: dict[str, int] = {}
        self._depth = 0

    def model(self, model: Model, inputs: list[Result], path: str, *, trainable: bool) -> list[Result]:
        """The results of a model called on `inputs`."""
        results: dict[Ref, Result] = dict(zip(model.inputs, inputs, strict=False))
        outside, self.net.taken = self.net.taken, set(model.layers)
        try:
            for call in model.calls:
                if Ref(call.name, call.number, 0) in results:
                    continue
                self._call(model, call, results, path, trainable=trainable)
        finally:
            self.net.taken = outside
        return [results.get(ref) for ref in model.outputs]

    def _call(self, model: Model, call: LayerCall, results: dict[Ref, Result], path: str, *, trainable: bool) -> None:
        net = self.net
        name = call.name if call.number == 0 else net.free(f"{call.name}_call{call.number + 1}")
        full = f"{path}{call.name}"
        stated = {ref.output: shape for ref, shape in _results_of(model, call)}
        net.trainable = trainable and self._config(call.layer).get("trainable", True) is not False
        outside, before = net.shared, net.made
        first_made = self._made.get(full)
        if outside is not None:
            # Inside a model that is called again, its layers stand in the same order as the first time.
            net.shared, net.made = outside, before
        elif call.number and first_made is not None:
            net.shared, net.made = first_made, []
        else:
            net.made = []
        found: Any = None
        lost = [results.get(ref) is None for ref in call.refs()]
        nodes = len(net.builder.graph.nodes)
        try:
            if any(lost):
                raise UnknownInput
            found = self._layer(name, full, call, results, stated)
        except UnknownInput:
            self._lost(call, results, nodes)
        except (Broken, LayerError) as error:
            message = error.text(self._problems.layout) if isinstance(error, LayerError) else str(error)
            shown = f"{net.prefix}{name}"
            self._problems.add("value", NOWHERE, f"{shown} ({call.layer['class_name']}): {message}", layer=shown)
            self._lost(call, results, nodes)
        made = net.made
        if outside is None:
            net.shared, net.made = None, [*before, *made]
            if call.number == 0:
                self._made[full] = list(made)
        for number, one in enumerate(found if isinstance(found, list) else [found]):
            results[Ref(call.name, call.number, number)] = one
            if one is not None and number in stated:
                self._compare(name, one, stated[number])

    def _lost(self, call: LayerCall, results: dict[Ref, Result], before: int) -> None:
        """Add a placeholder for a layer that could not be laid out."""
        net = self.net
        if len(net.builder.graph.nodes) > before:
            return
        reads = [one.node for ref in call.refs() if (one := results.get(ref)) is not None]
        net.builder.layer(f"{net.prefix}{call.name}", None, reads, kind=str(call.layer["class_name"]))

    @staticmethod
    def _config(layer: dict[str, Any]) -> dict[str, Any]:
        config = layer.get("config")
        return config if isinstance(config, dict) else {}

    def _layer(self, name: str, full: str, call: LayerCall, results: dict[Ref, Result], stated: dict[int, Dims]) -> Any:
        """Lay out one call. Raises Broken, LayerError or UnknownShape."""
        layer = call.layer
        class_name = str(layer["class_name"])
        if class_name in MODELS and isinstance(layer.get("config"), (dict, list)) and _has_layers(layer["config"]):
            inputs = [results[ref] for ref in call.refs()]
            return self._nested(layer, name, full, inputs, trainable=self.net.trainable)
        use = Use(self.net, name, class_name, self._config(layer), _filled(call.args, results), _filled(call.kwargs, results))
        use.stated = dict(stated) if self.compares else {key: value for key, value in stated.items() if None not in value}
        use.inner = self._inner
        use.steps = lambda inner, x: self._steps(use, inner, x)
        function = function_of(use, _module(layer))
        if function is not None:
            return operation(use, function)
        if use.config.get("lora_rank") is not None and class_name != "Dense":
            raise Broken(f"the low-rank update (lora_rank) of {class_name} is not known here; Dense layers may have one")
        layout = LAYOUTS.get(class_name.rsplit(">", 1)[-1]) if _is_keras(layer) else None
        if layout is not None:
            return layout(use)
        self.unknown[class_name] = self.unknown.get(class_name, 0) + 1
        return opaque(use, macs=None)

    def _inner(self, layer: dict[str, Any], name: str, xs: list[Tensor]) -> list[Tensor]:
        """A layer inside a wrapper, under the wrapper's name."""
        class_name = layer.get("class_name")
        config = self._config(layer)
        if not isinstance(class_name, str) or class_name not in LAYOUTS:
            raise Broken(f"it wraps {class_name}, which is not known here")
        use = Use(self.net, name, class_name, config, list(xs), {})
        use.inner = self._inner
        use.steps = lambda inner, x: self._steps(use, inner, x)
        found = LAYOUTS[class_name](use)
        return found if isinstance(found, list) else [found]

    def _steps(self, use: Use, layer: dict[str, Any], x: Tensor) -> Tensor:
        """A layer that works on each step alone, as a custom layer with the weights and arithmetic of one step."""
        if x.first or x.shape.rank < 1:
            raise Broken("its steps must be the first axis of the input")
        inside = KerasDraft(Builder(self._problems), self.net.fit)
        inside.keras2 = self.net.keras2
        one = inside.builder.input("step", Shape(*x.shape[1:]))
        walk = Walk(inside, self._problems, self._file)
        made = walk.model(_single(layer, x.sizes[1:]), [Tensor(one, False)], "", trainable=self.net.trainable)
        if not made or made[0] is None:
            raise Broken("the layer inside is not known here")
        graph = inside.builder.graph
        totals = graph.totals
        steps = x.shape[0]
        macs = (
            None
            if any(node.inferred.macs is None for node in graph.nodes)
            else steps * sum(node.inferred.macs or 0 for node in graph.nodes)
        )
        node = self.net.custom(
            use.name,
            f"TimeDistributed {layer.get('class_name')}",
            x.node,
            output=Shape(steps, *made[0].shape),
            parameters=totals["parameters"],
            buffers=totals["buffers"],
            macs=macs,
            trainable=totals["trainable"] == totals["parameters"],
        )
        return Tensor(node, False)

    def _nested(self, layer: dict[str, Any], name: str, full: str, inputs: list[Result], *, trainable: bool) -> list[Result]:
        """A model inside this one, as a group."""
        if self._depth >= MAX_NESTED:
            raise Broken(f"models are nested more than {MAX_NESTED} deep")
        self._depth += 1
        try:
            inner = Model(layer["config"], str(layer["class_name"]))
            title = self._config(layer).get("name") or layer["class_name"]
            reads = inputs[0].node if inputs and inputs[0] is not None else None
            compares, self.compares = self.compares, self.compares and self._fits(inner, inputs)
            try:
                with self.net.group(name, str(title), reads) as group:
                    found = self.model(inner, inputs, f"{full}.", trainable=trainable)
                    if found and found[0] is not None:
                        group.result = found[0].node
            finally:
                self.compares = compares
            return found
        finally:
            self._depth -= 1

    def _fits(self, inner: Model, inputs: list[Result]) -> bool:
        """Whether a model is called on the shapes that it was built for; else the stated shapes of its results do not apply."""
        for ref, given in zip(inner.inputs, inputs, strict=False):
            config = self._config(inner.layers.get(ref.layer, {}))
            shape = dims(config.get("batch_shape") or config.get("batch_input_shape"))
            if shape is None or given is None or not isinstance(given.node.flow, Shape):
                return True
            if len(shape) != len(given.sizes) or any(a is not None and a != b for a, b in zip(shape, given.sizes, strict=True)):
                return False
        return True

    def _compare(self, name: str, found: Tensor, stated: Dims) -> None:
        """Report a result whose inferred shape is not the one that the file states."""
        flow = found.node.flow
        if not self.compares or not isinstance(flow, Shape):
            return
        sizes = found.sizes
        if len(sizes) == len(stated) and all(b is None or a == b for a, b in zip(sizes, stated, strict=True)):
            return
        shown = f"{self.net.prefix}{name}"
        text = "x".join("?" if one is None else str(one) for one in stated)
        own = "x".join(map(str, sizes))
        message = f"{shown}: the shape is {own} by its fields, and the file states {text}"
        self._problems.add("stated-shape", NOWHERE, message, layer=shown)


def _filled(value: Any, results: dict[Ref, Result]) -> Any:
    """Arguments with tensors in the place of references."""
    if isinstance(value, Ref):
        return results[value]
    if isinstance(value, list):
        return [_filled(one, results) for one in value]
    if isinstance(value, dict):
        return {key: _filled(one, results) for key, one in value.items()}
    return value


def _results_of(model: Model, call: LayerCall) -> list[tuple[Ref, Dims]]:
    """The results of a call that the file states shapes of."""
    found = []
    for output in range(8):
        ref = Ref(call.name, call.number, output)
        if ref in model.stated:
            found.append((ref, model.stated[ref]))
    return found


def _has_layers(config: Any) -> bool:
    return isinstance(config, list) or (isinstance(config, dict) and isinstance(config.get("layers"), list))


def _is_keras(layer: dict[str, Any]) -> bool:
    """Whether a layer is part of Keras; a user-defined class may have the same name."""
    module, registered = layer.get("module"), layer.get("registered_name")
    if isinstance(module, str) and module and not module.startswith(("keras", "tensorflow", "tf_keras", "tf.keras")):
        return False
    return not (isinstance(registered, str) and ">" in registered and not registered.startswith(("Keras", "keras")))


def _single(layer: dict[str, Any], sizes: tuple[int, ...]) -> Model:
    """A model of one layer."""
    return Model({"build_input_shape": [None, *sizes], "layers": [layer]}, "Sequential")


def _module(layer: dict[str, Any]) -> str:
    """The module of a node's class. HDF5 files leave it out; there an operation is a node without a type of numbers."""
    module = layer.get("module")
    if isinstance(module, str) and module:
        return module
    config, nodes = layer.get("config"), layer.get("inbound_nodes")
    operation = isinstance(config, dict) and "name" in config and "dtype" not in config and "trainable" not in config
    called = isinstance(nodes, list) and bool(nodes) and isinstance(nodes[0], dict) and "args" in nodes[0]
    return "keras.ops" if operation and called else ""
