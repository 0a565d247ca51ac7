"""Keras models: `.keras` files, a model's JSON of Keras 2 and 3, and `.h5` files.

Only the configuration is read, never the weights.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source, own_name, unusable
from cnncalc.formats.draft import is_complete
from cnncalc.problem import Location
from cnncalc.shape import Flow, Shape, Tokens

if TYPE_CHECKING:
    from cnncalc.build.changes import Changes
    from cnncalc.formats.keras.calls import Dims, Model

SUFFIXES = (".keras", ".json", ".h5", ".hdf5")
ABOUT = "Keras (.keras, a model's JSON, .h5)"

_JSON = re.compile(rb"\s*\{")
_CLASS = re.compile(rb"\"class_name\"\s*:\s*\"(?:Functional|Sequential|Model)\"|\"keras_version\"|\"module\"\s*:\s*\"keras")


def claims(first_bytes: bytes) -> bool:
    """Whether a file begins like a zip file, an HDF5 file or the JSON of a Keras model.

    >>> claims(b'{"module": "keras", "class_name": "Sequential", "config": {}}'), claims(b'{"nodes": []}')
    (True, False)
    """
    from cnncalc.formats.keras.container import HDF5, ZIP

    if first_bytes.startswith((ZIP, HDF5)):
        return True
    return _JSON.match(first_bytes) is not None and _CLASS.search(first_bytes) is not None


def read(source: Source, changes: Changes) -> Reading:
    """The network of a file. Raises SpecError if it is not a Keras model or a change cannot be applied."""
    from cnncalc.formats.keras.calls import Broken, Model
    from cnncalc.formats.keras.container import configuration

    config = configuration(source)
    problems = Problems(source.file)
    try:
        class_name = config["class_name"]
        if not _is_model(config["config"]):
            message = f"{class_name} is a user-defined class without a list of layers; save a Functional or Sequential model"
            raise unusable("file", source.file, Location(), message)
        return _lay_out(Model(config["config"], class_name), config, problems, source, changes)
    except Broken as error:
        raise unusable("file", source.file, Location(), f"the Keras model cannot be read: {error}") from None
    except RecursionError:
        raise unusable("limit", source.file, Location(), "the model is nested too deep") from None


def _is_model(config: Any) -> bool:
    return isinstance(config, list) or (isinstance(config, dict) and isinstance(config.get("layers"), list))


def _lay_out(model: Model, config: dict[str, Any], problems: Problems, source: Source, changes: Changes) -> Reading:
    from cnncalc.formats.draft import TooManyLayers
    from cnncalc.formats.keras.use import KerasDraft, Tensor
    from cnncalc.formats.keras.walk import Walk

    first = _channels_first(config)
    layout = "channels_first" if first else "channels_last"
    problems.layout = changes.layout or layout
    stated = {ref.layer: _input_dims(model.layers.get(ref.layer, {})) for ref in model.inputs}
    declared = {name: _flow(model, name, sizes, first) for name, sizes in stated.items()}
    changes.check_vars((), declared)
    channels = {name: last for name, sizes in stated.items() if sizes and (last := sizes[0 if first else -1]) is not None}
    flows = changes.inputs(declared, changes.layout or layout, channels)
    for name, flow in flows.items():
        if flow is None:
            raise unusable("value", source.file, Location(), _open(name, stated[name], len(stated), first))
    builder = Builder(problems, changes)
    net = KerasDraft(builder, changes.fit or "floor")
    net.first = first
    net.keras2 = _is_keras2(config)
    walk = Walk(net, problems, source.file)
    walk.compares = not changes.input or all(_allows(stated[name], flow, first) for name, flow in flows.items())
    inputs: list[Tensor | None] = []
    for ref in model.inputs:
        flow = flows[ref.layer]
        inputs.append(Tensor(builder.input(ref.layer, flow), first and isinstance(flow, Shape) and flow.rank > 0))
    settings = config["config"]
    trainable = not isinstance(settings, dict) or settings.get("trainable", True) is not False
    try:
        outputs = walk.model(model, inputs, "", trainable=trainable)
    except TooManyLayers as error:
        raise unusable("limit", source.file, Location(), str(error)) from None
    builder.outputs([one.node for one in outputs if one is not None])
    changes.check_used([node.name for node in builder.graph.nodes])
    title = settings.get("name") if isinstance(settings, dict) else None
    return Reading(
        source,
        builder.graph,
        problems.sorted(),
        name=own_name(title),
        layout=layout,
        complete=is_complete(builder.graph),
        changed=bool(changes),
        notes=_notes(walk.unknown),
    )


def _notes(unknown: dict[str, int]) -> tuple[str, ...]:
    if not unknown:
        return ()
    names = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in sorted(unknown.items()))
    message = (
        "classes that are not part of Keras became custom layers; the file does not state their parameters, which count as 0"
    )
    return (f"{message}: {names}",)


def _input_dims(layer: dict[str, Any]) -> Dims | None:
    """The shape of an InputLayer without its batch; None if the file has none."""
    from cnncalc.formats.keras.calls import dims

    config = layer.get("config")
    if not isinstance(config, dict):
        return None
    for key in ("batch_shape", "batch_input_shape"):
        if config.get(key) is not None:
            return dims(config[key])
    shape = config.get("shape")
    return tuple(shape) if isinstance(shape, list) and all(one is None or isinstance(one, int) for one in shape) else None


def _flow(model: Model, name: str, sizes: Dims | None, first: bool) -> Flow | None:
    """The shape of an input; None if an axis is open or the shape is missing."""
    if not sizes or len(sizes) > 4:
        return None
    known = [size for size in sizes if size is not None and size > 0]
    if len(known) < len(sizes):
        return None
    words = _vocabulary(model, name)
    if words is not None and len(known) == 1:
        return Tokens(known[0], words)
    return Shape(*known[1:], known[0]) if first and len(known) > 1 else Shape(*known)


def _vocabulary(model: Model, name: str, depth: int = 0) -> int | None:
    """The words of the embedding that reads an input, also inside a nested model; None if none reads it."""
    from cnncalc.formats.keras.calls import Broken, Model

    for call in model.calls:
        for place, ref in enumerate(call.refs()):
            if ref.layer != name:
                continue
            config = call.layer.get("config")
            if call.layer["class_name"] == "Embedding" and isinstance(config, dict):
                words = config.get("input_dim")
                return words if isinstance(words, int) and not isinstance(words, bool) and words > 0 else None
            if call.layer["class_name"] in ("Functional", "Sequential", "Model") and _is_model(config) and depth < 10:
                try:
                    inner = Model(config, call.layer["class_name"])  # type: ignore[arg-type]  # _is_model has looked
                except Broken:
                    continue
                found = _vocabulary(inner, inner.inputs[place].layer, depth + 1) if place < len(inner.inputs) else None
                if found is not None:
                    return found
    return None


def _open(name: str, sizes: Dims | None, count: int, first: bool) -> str:
    """Why an input needs `--input`."""
    if sizes is None or not sizes:
        return f"input {name} has no shape in the file; give one: --input {f'{name}=' if count > 1 else ''}224x224x3"
    if len(sizes) > 4:
        return f"input {name} has {len(sizes)} axes without the batch, and cnncalc reads up to 4"
    shown = "x".join("?" if size is None else str(size) for size in sizes)
    example = "x".join("224" if size is None else str(size) for size in sizes)
    option = f"--input {f'{name}=' if count > 1 else ''}{example}"
    return f"input {name} is {shown}: the file leaves an axis open; give its size: {option}"


def _allows(sizes: Dims | None, flow: Flow | None, first: bool) -> bool:
    """Whether a shape of --input is compatible with the file's input."""
    if sizes is None or not isinstance(flow, Shape):
        return True
    given = flow.ordered("channels_first" if first else "channels_last")
    return len(given) == len(sizes) and all(size is None or size == one for size, one in zip(sizes, given, strict=True))


def _formats(value: Any) -> set[str]:
    """Every data_format in a configuration."""
    found: set[str] = set()
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            if isinstance(one.get("data_format"), str):
                found.add(one["data_format"])
            todo.extend(one.values())
        elif isinstance(one, list):
            todo.extend(one)
    return found


def _channels_first(config: dict[str, Any]) -> bool:
    """Whether every layer with a data_format has channels first."""
    return _formats(config) == {"channels_first"}


def _is_keras2(config: dict[str, Any]) -> bool:
    version = config.get("keras_version")
    return (isinstance(version, str) and version.startswith(("1.", "2."))) or "module" not in config
