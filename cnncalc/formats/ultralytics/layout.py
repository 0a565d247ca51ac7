"""Rows → layers: channels scaled, modules laid out one after the other, the results of rows joined."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cnncalc.build.reading import Reading
from cnncalc.formats.draft import TooManyLayers, UnknownInput, is_complete
from cnncalc.formats.ultralytics.arguments import bind
from cnncalc.formats.ultralytics.catalog import Module, Net, Results
from cnncalc.formats.ultralytics.modules import MODULES
from cnncalc.graph import Input, Producer
from cnncalc.place import Place
from cnncalc.problem import Location, SpecError
from cnncalc.shape import LayerError, Shape, Tokens
from cnncalc.spelling import did_you_mean
from cnncalc.values import written

if TYPE_CHECKING:
    from cnncalc.build.builder import Builder
    from cnncalc.build.changes import Changes
    from cnncalc.build.problems import Problems
    from cnncalc.build.reading import Source
    from cnncalc.formats.ultralytics.rows import ModuleRow, ScaledModel

#: Ultralytics' default sizes.
DETECTION_SIZE, CLASSIFICATION_SIZE = 640, 224

TEXT_MODULES = ("C2fAttn", "ImagePoolingAttn", "WorldDetect", "YOLOEDetect", "YOLOESegment", "YOLOESegment26")
"""Modules that read the embeddings of the classes' names."""

Result = Producer | list[Producer]
"""The result of a row, or several that later rows pick from."""


def lay_out(model: ScaledModel, builder: Builder, problems: Problems, source: Source, changes: Changes) -> Reading:
    """The reading of a model. Raises SpecError if the shape of --input is impossible."""
    last = next((row for row in reversed(model.rows) if row is not None), None)
    size = CLASSIFICATION_SIZE if last is not None and last.module == "Classify" else DETECTION_SIZE
    layout = changes.layout or "channels_first"
    # Beside a second input, the language has no input of the name `input`.
    name = "image" if any(row is not None and row.module in TEXT_MODULES for row in model.rows) else "input"
    flow = changes.inputs({name: Shape(size, size, model.channels)}, layout, {name: model.channels})[name]
    made = builder.input(name, flow)
    net = Net(builder, changes.fit or "floor")
    net.image = made
    net.activation = model.activation
    net.anchored = model.anchors is not None
    net.scale = model.scale
    net.classes = model.classes
    net.reg_max = model.names["reg_max"]
    net.end2end = bool(model.names["end2end"])
    if isinstance(flow, Tokens):
        problems.add("shape", Location(), "the input is a map such as 3x640x640, not tokens")
    walk = _Walk(model, net, problems, made)
    walk.run()
    builder.outputs(walk.outputs)
    changes.check_used([node.name for node in builder.graph.nodes])
    return Reading(
        source,
        builder.graph,
        problems.sorted(),
        description=_description(model),
        notes=_notes(model, size if not changes.input else None),
        layout="channels_first",
        complete=is_complete(builder.graph),
        changed=bool(changes),
        vars=("scale", "nc", "ch", "depth_multiple", "width_multiple"),
    )


def _description(model: ScaledModel) -> str | None:
    """The scale, and the numbers that it multiplies."""
    if model.scale:
        most = f", at most {model.most:,.0f} channels" if model.most < math.inf else ""
        return f"scale {model.scale}: depth × {model.depth:g}, width × {model.width:g}{most}"
    if model.depth != 1 or model.width != 1:
        return f"depth × {model.depth:g}, width × {model.width:g}"
    return None


def _notes(model: ScaledModel, size: int | None) -> tuple[str, ...]:
    """Notes on assumptions, for values that neither the file nor an option gives."""
    found = []
    if model.assumed:
        others = ", ".join(letter for letter in model.scales if letter != model.scale)
        found.append(f"scale {model.scale} assumed, the first of the file; --set scale=LETTER for {others}")
    if size is not None:
        shape = f"{model.channels}x{size}x{size}"
        found.append(f"input {shape} assumed, as Ultralytics does; --input for another")
    return tuple(found)


def divisible(x: float, divisor: int = 8) -> int:
    """The least multiple of `divisor` that is not below x."""
    return math.ceil(x / divisor) * divisor


def _misread(row: ModuleRow, module: Module) -> str | None:
    """The fault of a row that reads a list although its module reads one row, or the reverse."""
    if row.reads_list and not module.many:
        if len(row.reads) == 1:
            return f"{module.name} reads one row; write from as {row.reads[0]}, not as a list"
        return f"{module.name} reads one row, and from names {len(row.reads)}"
    if module.many and not row.reads_list and module.name != "Classify":
        return f"{module.name} reads a list of rows; write from as [{row.reads[0]}]"
    return None


class RowPlace(Place):
    """The place of the layers of a row: their fields are its arguments, which are edited by hand."""

    __slots__ = ("_arguments",)

    def __init__(self, row: ModuleRow) -> None:
        super().__init__(row.place)
        self._arguments = row.arguments_at

    def field(self, name: str) -> Location | None:
        return None if name in ("name", "names") else self._arguments


class _Walk:
    """Lays out the rows in order and keeps their results."""

    def __init__(self, model: ScaledModel, net: Net, problems: Problems, made: Input) -> None:
        self._model = model
        self._net = net
        self._problems = problems
        self._input = made
        #: The result of each row; None if it could not be laid out.
        self._results: list[Result | None] = []
        #: The modules of heads, by row.
        self._heads: dict[int, str] = {}
        self.outputs: list[Producer] = []

    def run(self) -> None:
        for row in self._model.rows:
            self.outputs = []
            result: Result | None = None
            if row is not None:
                self._net.location, self._net.place = row.place, RowPlace(row)
                try:
                    result = self._row(row)
                except TooManyLayers as error:
                    self._problems.add("limit", row.place, str(error))
                    raise SpecError(self._problems.sorted()) from None
            self._results.append(result)
            if result is not None:
                first = result[0] if isinstance(result, list) else result
                self.outputs = self.outputs or [first]

    def _row(self, row: ModuleRow) -> Result | None:
        name = f"model.{row.index}"
        sources = [self._source(row, place) for place in row.reads]
        module = MODULES.get(row.module)
        if module is None:
            known = did_you_mean(row.module, MODULES)
            self._problems.add("unknown-kind", row.module_at, f"module {written(row.module)} is not known{known}", layer=name)
            self._lost(row)
            return None
        if any(source is None for source in sources):
            self._lost(row)
            return None
        inputs = [source for source in sources if source is not None]
        message = _misread(row, module)
        if message is not None:
            self._problems.add("value", row.reads_at, f"{name}: {message}", layer=name)
            self._lost(row)
            return None
        try:
            return self._module(row, module, inputs)
        except UnknownInput:
            self._lost(row)
            return None
        except LayerError as error:
            at = row.arguments_at if error.rule in ("value", "missing", "limit") else row.place
            self._problems.add(error.rule, at, f"{name}: {error.text(self._problems.layout)}", layer=name)
            self._lost(row)
            return None

    def _source(self, row: ModuleRow, place: int) -> Result | None:
        """The inputs of a row; a number that no row above has is reported."""
        index = row.index
        if place == -1 and index == 0:
            return self._input
        target = index + place if place < 0 else place
        if not 0 <= target < index:
            above = f"rows 0 to {index - 1} and -1" if index else "only -1, the input"
            where = f"row {target}" if place >= 0 else f"{-place} rows above"
            if target == index:
                where = "itself"
            elif target < 0 or target >= len(self._model.rows):
                where += ", which does not exist"
            else:
                where += ", which comes later"
            message = f"model.{index} reads {where}; it can read {above}"
            self._problems.add("unknown-name", row.reads_at, message, layer=f"model.{index}")
            return None
        if target in self._heads:
            message = (
                f"model.{index} reads row {target}, a {self._heads[target]}, which gives several results and ends the network"
            )
            self._problems.add("value", row.reads_at, message, layer=f"model.{index}")
            return None
        return self._results[target]

    def _lost(self, row: ModuleRow) -> None:
        """Add a placeholder for a row that cannot be laid out."""
        found = next((self._results[p] for p in row.reads if -len(self._results) <= p < len(self._results)), None)
        reads = found[0] if isinstance(found, list) else found
        builder = self._net.builder
        builder.layer(f"model.{row.index}", None, [reads] if reads is not None else [], kind=row.module, location=row.place)

    def _module(self, row: ModuleRow, module: Module, inputs: list[Result]) -> Result:
        model = self._model
        number = max(round(row.number * model.depth), 1) if row.number > 1 else row.number
        arguments = list(row.arguments)
        title = [module.name]
        if module.scaled:
            title += self._scale_channels(row, module, arguments, inputs)
        if number != row.number:
            title.append(f"{row.number} × {model.depth:g} → {number} repeats")
        if module.repeats:
            arguments.insert(1, number)
        elif module.name == "HGBlock":
            arguments.insert(3, number)
        self._adjust(module, arguments)
        given = len(arguments)
        bound = bind(module, arguments)
        more = {"given": given} if module.name == "SPPF" else {}
        x: Any = inputs if module.many else inputs[0]
        if module.many and module.name != "CBFuse" and any(isinstance(one, list) for one in inputs):
            raise LayerError(f"{module.name} reads rows that give one map each")
        if not module.many and isinstance(x, list) and module.name != "Index":
            raise LayerError(f"the row above gives {len(x)} maps; pick one with Index or CBFuse")
        times = 1 if module.repeats or module.name == "HGBlock" else number
        return self._laid(f"model.{row.index}", ", ".join(title), module, x, bound, more, times)

    def _laid(self, name: str, title: str, module: Module, x: Any, bound: list[Any], more: dict[str, Any], times: int) -> Result:
        """The module once, or `times` in sequence inside a group."""
        net = self._net
        reads = x[0] if isinstance(x, list) else x
        reads = reads[0] if isinstance(reads, list) else reads
        if times > 1:
            with net.group(name, title, reads):
                for i in range(times):
                    if len(self._results) in self._heads:
                        raise LayerError(f"{module.name} gives several results, so it cannot be repeated; write 1 for {times}")
                    x = self._laid(str(i), module.name, module, x, bound, more, 1)
            return x  # type: ignore[no-any-return]  # the last module's result
        if module.single:
            outside = net.prefix
            net.prefix = f"{outside}{name}."
            try:
                return module.build(net, x, *bound, **more)  # type: ignore[no-any-return]  # layouts give results
            finally:
                net.prefix = outside
        with net.group(name, title, reads) as group:
            found = module.build(net, x, *bound, **more)
            if isinstance(found, Results):
                self._heads[len(self._results)] = module.name
                self.outputs = [found.main, *found.others]
                found = found.main
            group.result = found[0] if isinstance(found, list) else found
        return found  # type: ignore[no-any-return]  # layouts give results

    def _scale_channels(self, row: ModuleRow, module: Module, arguments: list[Any], inputs: list[Result]) -> list[str]:
        """Multiply the first argument by the width, and show it in the row's title."""
        model = self._model
        written_as = arguments[0] if arguments else None
        if not isinstance(written_as, (int, float)) or isinstance(written_as, bool) or not 1 <= written_as <= 1_000_000:
            raise LayerError(f"{module.name}'s first argument is the number of channels, got {written_as}", rule="value")
        if self._net.anchored and self._is_output(written_as):
            return []
        c2 = divisible(min(written_as, model.most) * model.width)
        if module.name == "C2fAttn" and len(arguments) > 2:
            self._scale_heads(arguments, c2)
        arguments[0] = c2
        return [f"{written_as} → {c2} channels"] if c2 != written_as else [f"{c2} channels"]

    def _is_output(self, c2: float) -> bool:
        """Whether YOLOv5 takes a row's channels for those of its predictions, which are never scaled."""
        anchors = self._model.anchors
        first = anchors[0] if isinstance(anchors, list) and anchors else anchors
        boxes = len(first) // 2 if isinstance(first, list) else first if isinstance(first, int) else 0
        return bool(c2 == boxes * (self._model.classes + 5))

    def _scale_heads(self, arguments: list[Any], c2: int) -> None:
        """C2fAttn: the heads are scaled as well, and the embedding has as many numbers as the hidden channels."""
        model = self._model
        heads = arguments[2]
        share = arguments[6] if len(arguments) > 6 else 0.5
        if not isinstance(heads, int) or heads < 1 or not isinstance(share, (int, float)):
            raise LayerError(f"C2fAttn's heads must be an integer ≥ 1, got {heads}", rule="value")
        if heads > 1:
            most = model.most // 2 // 32 if model.most < math.inf else heads
            heads = int(max(round(min(heads, most)) * model.width, 1))
        hidden = int(c2 * share)
        if hidden % heads:
            raise LayerError(f"C2fAttn's {heads} heads do not divide its {hidden} hidden channels", rule="value")
        arguments[1], arguments[2] = hidden, heads

    def _adjust(self, module: Module, arguments: list[Any]) -> None:
        """Modules that larger scales change, and heads whose maps are scaled."""
        net, model = self._net, self._model
        if module.name in ("C3k2", "A2C2f", "C2fCIB"):
            net.legacy = False
        if module.name == "C3k2" and net.scale in ("m", "l", "x"):
            arguments[2:3] = [True]
        if module.name == "A2C2f" and net.scale in ("l", "x"):
            arguments += [True, 1.2]
        place = 3 if net.anchored else 2
        if module.name in ("Segment", "YOLOESegment", "Segment26", "YOLOESegment26") and len(arguments) > place:
            width = arguments[place]
            if isinstance(width, int) and not isinstance(width, bool):
                arguments[place] = divisible(min(width, model.most) * model.width)
