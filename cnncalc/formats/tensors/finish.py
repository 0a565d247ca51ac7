"""From layers without names to a graph: unused ones dropped, weights shared, names and groups, shapes inferred and compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.count import count
from cnncalc.formats.tensors.emit import Made, Maker, Port
from cnncalc.formats.tensors.lower import Lowering
from cnncalc.formats.tensors.part import take_apart
from cnncalc.formats.tensors.program import ProgramError, Value
from cnncalc.graph import Group, Node, Producer
from cnncalc.infer import Inference, Inferred
from cnncalc.layers import KINDS, Layer
from cnncalc.place import NOWHERE
from cnncalc.shape import LARGEST, Flow, LayerError, Shape


class Finished:
    """The arrays of each layer of a lowered program, and whether the language has a kind for every operator."""

    def __init__(self) -> None:
        self.weights: dict[str, dict[str, Constant]] = {}
        #: Sizes of the arrays of custom layers.
        self.unused: dict[str, dict[str, int]] = {}
        self.complete = True


def finish(
    low: Lowering, builder: Builder, problems: Problems, flows: Mapping[str, Flow], fit: str | None, check: bool
) -> Finished:
    """Builds the graph of a lowered program. `check`: compare inferred shapes with those that the program computed."""
    found = Finished()
    layers = _needed(low)
    _simplify(layers)
    layers = take_apart([made for made in layers if made.kind])
    count(layers)
    names = {id(port): legal(port.name) for port in low.ports}
    taken = set(names.values())
    _name(layers, taken)
    builder.graph.fixed_weights = True
    producers: dict[int, Producer] = {id(port): builder.input(names[id(port)], flows[port.name]) for port in low.ports}
    sizes = {id(view.producer): view.sizes for view in low.views.values()}
    groups = _Groups(builder)
    for made in layers:
        groups.enter(made.name)
        inputs = [producers[id(one)] for one in made.inputs]
        layer, kind = _layer(made, sizes.get(id(made)))
        if made.tied is not None and layer is not None:
            layer, kind = _tied(made, layer, [one.flow for one in inputs], fit or made.fit)
        node = builder.layer(
            made.name,
            layer,
            inputs,
            kind=kind,
            location=made.operation.location or NOWHERE if made.operation is not None else NOWHERE,
            fit=fit or made.fit,
            named=made.named,
            trainable=made.operation is None or not made.operation.frozen,
            shares=producers.get(id(made.shares)) if made.shares is not None else None,
        )
        if layer is None:
            # Only its output is unknown: its inputs are those of the file, and the arrays that it owns count.
            node.inputs = tuple(inputs)
            node.inferred = Inferred(node.layer)
            node.inferred.parameters = made.fields.get("parameters", 0)
        producers[id(made)] = node
        groups.last = node
        if layer is None or kind == "custom":
            found.complete = False
            if node.weights:
                found.unused[made.name] = {weight.name: weight.size for weight in node.weights}
        elif made.weights and made.shares is None:
            found.weights[made.name] = made.weights
        wanted = sizes.get(id(made))
        if check and wanted is not None and node.shape is not None and node.shape.ordered("channels_first") != wanted:
            _differs(problems, node, Shape(*wanted[1:], wanted[0]))
    groups.close()
    builder.outputs(_outputs(low, producers))
    return found


def _differs(problems: Problems, node: Node, stated: Shape) -> None:
    layout = problems.layout
    assert node.shape is not None
    message = f"{node.name}: the file's shape is {stated.text(layout)}, and {node.shape.text(layout)} is inferred"
    problems.add("stated-shape", node.place.location, message, layer=node.name)


def _outputs(low: Lowering, producers: Mapping[int, Producer]) -> list[Producer]:
    found: list[Producer] = []
    for _, value in low.program.outputs:
        if id(value) in low.views:
            producer = producers.get(id(low.views[id(value)].producer))
            if producer is not None and producer not in found:
                found.append(producer)
    return found


def _needed(low: Lowering) -> list[Made]:
    """The layers that an output depends on, in order."""
    needed: set[int] = set()
    todo: list[Maker] = [low.views[id(v)].producer for _, v in low.program.outputs if id(v) in low.views]
    while todo:
        one = todo.pop()
        if isinstance(one, Port) or id(one) in needed:
            continue
        needed.add(id(one))
        todo += one.inputs
        if one.shares is not None:
            todo.append(one.shares)
    return [made for made in low.emit.layers if id(made) in needed]


def _simplify(layers: list[Made]) -> None:
    """Joins rearrangements that follow one another, and drops those that change nothing."""
    users: dict[int, list[Made]] = {}
    for made in layers:
        for one in made.inputs:
            users.setdefault(id(one), []).append(made)
    for made in layers:
        if made.kind != "reshape":
            continue
        before = made.inputs[0]
        if isinstance(before, Made) and before.kind in ("reshape", "flatten") and before.aside and len(users[id(before)]) == 1:
            made.inputs = list(before.inputs)
            before.kind = ""


def _layer(made: Made, sizes: tuple[int, ...] | None) -> tuple[Layer | None, str]:
    """The layer, and its kind; None if its shape is unknown."""
    fields = made.fields
    if made.kind == "custom":
        fields = {**fields, "operator": legal(str(fields["operator"]))}
        if fields.get("output") is None:
            return None, str(fields["operator"])
    try:
        return KINDS[made.kind](**fields), made.kind
    except LayerError as error:
        # A value that the language does not take: the file's own operator.
        if sizes is None:
            return None, "custom"
        if made.kind == "custom" or max(sizes) > LARGEST:
            raise ProgramError(f"{made.name}: {error}") from None
        parameters = sum(one.size for one in made.weights.values() if one.dtype == "float")
        shape = Shape(*sizes[1:], sizes[0])
        return KINDS["custom"](operator=legal(made.kind), output=shape, parameters=parameters), "custom"


def _tied(made: Made, layer: Layer, flows: list[Flow | None], fit: str) -> tuple[Layer, str]:
    """A layer whose weights are made of fewer numbers than it counts, as a custom one with the numbers of the file."""
    found = Inference()(layer, tuple(flows), fit)
    if found.shape is None:
        return layer, made.kind
    made.weights = {}
    return KINDS["custom"](operator=made.kind, output=found.shape, parameters=made.tied, macs=found.macs), "custom"


def legal(name: str) -> str:
    """A name with only those characters that names of the language have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "_"


_MODULES = ("flatten", "reshape", "pixel_shuffle", "space_to_depth", "channel_shuffle")
"""Rearrangements that are modules of their own in a framework."""


def _rearranging(made: Made) -> str:
    """The module whose rearrangement became a layer only when the next operator needed it; empty if there is none."""
    operation = made.operation
    if not made.aside or made.kind not in _MODULES or operation is None:
        return ""
    own = operation.path
    while operation is not None:
        if operation.op in ("reshape", "transpose"):
            if operation.path and (operation.path != own or operation is made.operation):
                return _legal_path(operation.path)
        elif operation is not made.operation and operation.op != "identity":
            return ""
        value = next((one for one in operation.inputs if isinstance(one, Value)), None)
        operation = value.made_by if value is not None else None
    return ""


def _legal_path(path: str) -> str:
    return ".".join(legal(part) for part in re.split(r"[./:]+", path) if part)


def _path(made: Made) -> str:
    """The module of a layer as the file names it."""
    operation = made.operation
    path = operation.path if operation is not None else ""
    if made.kind != "custom" and not made.aside and "." not in path:
        # Names of weights are more informative than the numbered names of old exporters.
        for one in made.weights.values():
            part = next(one.stored(), None)
            if part is not None and part.name is not None and part.name.endswith(".weight") and "::" not in part.name:
                path = part.name.removesuffix(".weight")
                break
    return _legal_path(path)


def _name(layers: Iterable[Made], taken: set[str]) -> None:
    """Names: the module's own if it has one layer, else the module's with kind and number."""
    layers = list(layers)
    paths = {id(made): _path(made) for made in layers}
    with_layers = {paths[id(made)] for made in layers if not made.aside}
    for made in layers:
        module = _rearranging(made)
        if module and module not in with_layers:
            made.aside, paths[id(made)] = False, module
    own: dict[str, int] = {}
    kinds: dict[str, set[str]] = {}
    inner: set[str] = set()
    for made in layers:
        path = paths[id(made)]
        if not made.aside:
            own[path] = own.get(path, 0) + 1
            kinds.setdefault(path, set()).add(made.kind)
        parts = path.split(".")
        inner |= {".".join(parts[:i]) for i in range(1, len(parts))}
    counts: dict[str, int] = {}
    for made in layers:
        path = paths[id(made)]
        alone = path and not made.aside and path not in inner and len(kinds[path]) == 1
        if alone and (path not in taken or own[path] > 1):
            # A module that is used several times is numbered from its second use on.
            number = counts[path] = counts.get(path, 0) + 1
            made.name, made.named = (path if number == 1 else f"{path}_{number}"), True
            if made.name in taken:
                made.name = f"{path}.{made.kind}{number}"
        else:
            kind = legal(str(made.fields["operator"])).lower() if made.kind == "custom" else made.kind
            if made.aside and len(kinds.get(path, ())) == 1 and path not in inner:
                # Beside the layer of the module, not inside it.
                path = path.rpartition(".")[0]
            stem = f"{path}.{kind}" if path else kind
            while True:
                counts[stem] = counts.get(stem, 0) + 1
                made.name = f"{stem}{counts[stem]}"
                if made.name not in taken:
                    break
        taken.add(made.name)


class _Groups:
    """Opens and closes a group for each part of a layer's dotted name."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._open: list[tuple[str, Group]] = []
        self.last: Producer | None = None

    def enter(self, name: str) -> None:
        parts = name.split(".")[:-1]
        shared = 0
        while shared < min(len(parts), len(self._open)) and self._open[shared][0] == parts[shared]:
            shared += 1
        self.close(shared)
        for i in range(shared, len(parts)):
            group = self._builder.open(".".join(parts[: i + 1]), "block", parts[i], reads=self.last)
            self._open.append((parts[i], group))

    def close(self, depth: int = 0) -> None:
        while len(self._open) > depth:
            _, group = self._open.pop()
            self._builder.close(group, self.last)
