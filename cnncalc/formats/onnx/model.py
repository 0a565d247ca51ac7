"""A model's network: inputs with sizes, the program of its nodes, and the layers that it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source, own_name, unusable
from cnncalc.formats.onnx.batch import examples
from cnncalc.formats.onnx.inputs import InputPort, ports
from cnncalc.formats.onnx.order import ModelRefused
from cnncalc.formats.onnx.proto import GraphProto, ModelProto, Parser
from cnncalc.formats.onnx.translate import Translator
from cnncalc.formats.onnx.weights import folder_of
from cnncalc.formats.onnx.wire import Buffer
from cnncalc.formats.tensors.arrays import FileWeights
from cnncalc.formats.tensors.finish import finish
from cnncalc.formats.tensors.lowering import Lowering
from cnncalc.formats.tensors.program import ProgramError, Value, written
from cnncalc.formats.tensors.recognise import recognise
from cnncalc.problem import Location
from cnncalc.shape import Flow, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncalc.build.changes import Changes


def read_model(source: Source, buffer: Buffer, changes: Changes) -> Reading:
    """The network of an ONNX model. Raises SpecError, ModelRefused or WireError."""
    model = Parser(buffer).model(len(buffer))
    graph = model.graph
    if graph is None:
        raise ModelRefused("the ONNX model has no graph")
    if not graph.nodes and not graph.outputs:
        raise ModelRefused("the graph of the ONNX model is empty")
    problems = Problems(source.file)
    layout = changes.layout or "channels_last"
    problems.layout = layout
    found = ports(graph)
    changes.check_vars((), [port.name for port in found])
    folder = folder_of(source.file)

    def translated(chosen: Sequence[InputPort], sizes: Mapping[str, tuple[int, ...]], batch: int) -> Translator:
        translator = Translator(model, buffer, folder)
        translator.batch = batch
        translator.tokens = {port.name for port in chosen if port.vocabulary}
        inputs = {}
        for port in chosen:
            shape = sizes[port.name]
            for size, number in zip(port.sizes, shape, strict=False):
                if isinstance(size, str):
                    translator.sizes.setdefault(size, number)
            inputs[port.name] = Value(shape, port.dtype, port.name)
        translator.main(graph, inputs)
        return translator

    found, batch, as_stated = examples(found, translated)
    flows, sizes = _sizes(found, changes, layout, source)
    try:
        translator = translated(found, sizes, batch)
    except (ModelRefused, ProgramError) as error:
        raise _fixed_size(found, flows, error) from None
    if not changes.input:
        _compare(translator, as_stated, problems)
    program = translator.program
    recognise(program)
    tokens = {port.name: port.vocabulary for port in found if isinstance(flows[port.name], Tokens)}
    low = Lowering(program, {port.name: port.channels for port in found}, tokens, {port.name: port.batch for port in found})
    low.run()
    builder = Builder(problems, changes)
    finished = finish(low, builder, problems, flows, changes.fit, check=not changes)
    changes.check_used(node.name for node in builder.graph.nodes)
    return Reading(
        source,
        builder.graph,
        problems.sorted(),
        name=own_name(graph.name),
        description=_description(model),
        layout="channels_last",
        complete=finished.complete,
        changed=bool(changes),
        weights=lambda: FileWeights(finished.weights, finished.unused),
        notes=(*_notes(graph), *low.notes()),
    )


def _sizes(
    found: list[InputPort], changes: Changes, layout: str, source: Source
) -> tuple[dict[str, Flow], dict[str, tuple[int, ...]]]:
    """The shape of each input as the language writes it, and as tensors of one example."""
    stated = {port.name: port.shape() for port in found}
    declared = {port.name: port.flow(shape) if (shape := stated[port.name]) is not None else None for port in found}
    channels = {port.name: size for port in found if port.sizes and isinstance(size := port.sizes[port.channels], int)}
    given = changes.inputs(declared, layout, channels)
    flows: dict[str, Flow] = {}
    sizes: dict[str, tuple[int, ...]] = {}
    for port in found:
        flow, shape = given[port.name], stated[port.name]
        if flow is None:
            raise unusable("file", source.file, Location(), _open(port, len(found)))
        if flow != declared[port.name] or shape is None:
            shape = port.given(flow)
            if shape is None:
                axes = ", ".join(port.names)
                message = f'input "{port.name}" has the axes {axes}, and {flow.text(layout)} does not give their sizes'
                raise unusable("set", source.file, Location(), message)
            flow = port.flow(shape)
        flows[port.name], sizes[port.name] = flow, shape
    return flows, sizes


def _fixed_size(found: list[InputPort], flows: Mapping[str, Flow], error: Exception) -> Exception:
    """The error of a file whose operators work on its own sizes only, if --input gives other ones."""
    for port in found:
        shape = port.shape()
        if shape is not None and port.flow(shape) != flows[port.name]:
            own = port.flow(shape)
            return ModelRefused(f"the file takes {port.name} as {own.text()}, and not as {flows[port.name].text()}: {error}")
    return error


def _open(port: InputPort, count: int) -> str:
    names = port.open()
    sizes = [size if isinstance(size, int) else 224 for size in port.sizes]
    example = port.flow((1, *sizes[1:]) if len(sizes) > 1 else tuple(sizes))
    text = example.text() if not isinstance(example, Tokens) else str(example)
    option = f"--input {port.name}={text}" if count > 1 else f"--input {text}"
    axes = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f'the file leaves {axes} of input "{port.name}" open; give the shape, as {option}'


def _compare(translator: Translator, as_stated: Translator | None, problems: Problems) -> None:
    """Reports shapes that the file states and that are not those of its operators, for the file's own number of examples."""
    named = (as_stated or translator).named
    for name, info in translator.stated.items():
        made = named.get(name)
        if made is None or made.shape is None or info.shape is None:
            continue
        stated = info.shape
        differs = len(stated) != len(made.shape) or any(
            isinstance(size, int) and size != number and not (i == 0 and number == 1 and as_stated is None)
            for i, (size, number) in enumerate(zip(stated, made.shape, strict=False))
        )
        if differs:
            sizes = ", ".join("?" if size is None else str(size) for size in stated)
            problems.add(
                "stated-shape",
                Location(),
                f"the file states [{sizes}] for {name}, and {written(made.shape)} is inferred",
                layer=name,
            )


def _description(model: ModelProto) -> str:
    opset = model.opsets.get("", 0)
    by = " ".join(part for part in (model.producer, model.producer_version) if part)
    return f"ONNX, opset {opset}" + (f", written by {by}" if by else "")


def _notes(graph: GraphProto) -> tuple[str, ...]:
    found = []
    norms = [node for node in graph.nodes if node.op == "BatchNormalization"]
    folded = any(
        node.op == "Conv" and len(node.inputs) == 3 and all(name.startswith("onnx::Conv_") for name in node.inputs[1:])
        for node in graph.nodes
    )
    if folded and not norms:
        found.append("the exporter folded batch norm into the convolutions: their weights and biases are those of the file")
    if any("QuantizeLinear" in node.op or node.op.startswith("QLinear") for node in graph.nodes):
        found.append("the file is quantised: cnncalc reads the network without it, and run computes with real numbers")
    stored = {tensor.name for tensor in graph.initializers}
    if any(node.attributes.get("training_mode") and node.inputs[:1] and node.inputs[0] not in stored for node in norms):
        found.append("the file was exported in training mode: cnncalc normalises by the stored mean and variance")
    return tuple(found)
