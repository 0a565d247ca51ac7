"""ONNX's nodes as operators of a tensor program: names resolved, shapes computed, functions and branches written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnncalc.formats.onnx import weights
from cnncalc.formats.onnx.call import HANDLERS, Call, DataDependent, Result
from cnncalc.formats.onnx.context import Context
from cnncalc.formats.onnx.names import OPERATORS
from cnncalc.formats.onnx.order import MOST_NODES, ModelRefused, in_order, path_of
from cnncalc.formats.onnx.proto import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfo
from cnncalc.formats.onnx.wire import Buffer, WireError
from cnncalc.formats.tensors.build import UnknownShape
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.custom import without_products
from cnncalc.formats.tensors.program import ProgramError, Shape, Tensor, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST = 32


class GraphScope:
    """The names of one graph; a branch sees those of the graph around it, a function only its own."""

    def __init__(self, outer: GraphScope | None = None) -> None:
        self.outer = outer
        self.values: dict[str, Result] = {}

    def find(self, name: str) -> Result:
        scope: GraphScope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        raise KeyError(name)


class Translator(Context):
    """Writes the program of one model. `sizes` are those of the open axes by name."""

    def __init__(self, model: ModelProto, buffer: Buffer, folder: str) -> None:
        from cnncalc.formats.onnx import operators  # noqa: F401 - registers the handlers

        super().__init__(buffer, folder)
        self.model = model
        self.sizes: dict[str, int] = {}
        self.functions: dict[tuple[str, str], FunctionProto] = {(f.domain, f.name): f for f in model.functions}
        #: Shapes and types that the file states, by the value's name.
        self.stated: dict[str, ValueInfo] = {}
        #: The tensors of the main graph by the file's names, to compare with the stated shapes.
        self.named: dict[str, Tensor] = {}
        self.nodes = 0

    def version(self, domain: str) -> int:
        return self.model.opsets.get(domain, 1 if domain else 7)

    def main(self, graph: GraphProto, inputs: Mapping[str, Value]) -> None:
        """The program of the main graph."""
        scope = GraphScope()
        for info in (*graph.values, *graph.outputs):
            self.stated[info.name] = info
        self.weightless = not any(t.size > 1 and weights.sort(t.dtype) == "float" for t in graph.initializers)
        for tensor in graph.initializers:
            scope.values[tensor.name] = self.stored(tensor)
        self.dtypes |= {tensor.name: tensor.dtype for tensor in graph.initializers}
        for info in graph.inputs:
            self.dtypes[info.name] = info.dtype or "float32"
            if info.shape == (0,):
                scope.values.setdefault(info.name, Constant((0,), weights.sort(info.dtype or "float32"), []))
        if not {"float16", "bfloat16"}.isdisjoint(self.dtypes.values()):
            # bfloat16 has eight binary digits.
            self.program.precision = 2**-8
        for name, value in inputs.items():
            scope.values[name] = value
            self.program.inputs.append(value)
        self.graph(graph, scope)
        self.named = {name: made for name, made in scope.values.items() if isinstance(made, (Value, Constant))}
        for info in graph.outputs:
            try:
                made = scope.find(info.name)
            except KeyError:
                raise ModelRefused(f"the output {info.name} is not computed by any node") from None
            for part in made if isinstance(made, list) else [made]:
                if part is not None:
                    self.program.outputs.append((info.name, part))

    def graph(self, graph: GraphProto, scope: GraphScope, depth: int = 0) -> None:
        """Add the nodes of a graph, each after the nodes that it reads."""
        for node in in_order(graph.nodes, lambda name: _known(scope, name)):
            self.node(node, scope, depth)

    def node(self, node: NodeProto, scope: GraphScope, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise ModelRefused(f"more than {MOST_NODES:,} nodes after functions are written out; that is the limit")
        args = [scope.find(name) if name else None for name in node.inputs]
        function = self.functions.get((node.domain, node.op))
        if function is not None:
            self.call(function, node, args, scope, depth)
            return
        if node.domain == "" and node.op not in OPERATORS:
            where = f" (node {node.name})" if node.name else ""
            raise ModelRefused(
                f"{node.op or 'a node without an operator'}{where} is not an operator of ONNX; the file is invalid"
            )
        program = self.program
        if depth == 0 or not program.path:
            program.path, program.title = path_of(node)
        results = self._results(node, args, scope, depth)
        for name, result in zip(node.outputs, results, strict=False):
            if name:
                if isinstance(result, Value) and not result.name:
                    result.name = name
                scope.values[name] = result
        left = [name for name in node.outputs[len(results) :] if name]
        if left:
            # Further results that the vocabulary lacks, such as the mask of a dropout.
            scope.values.update(zip(left, self.custom(node, args, scope, left), strict=True))

    def _results(self, node: NodeProto, args: list[Result], scope: GraphScope, depth: int) -> Sequence[Result]:
        if node.op == "If" and not node.domain:
            chosen = self.branch(node, args, scope, depth)
            if chosen is not None:
                return chosen
        handler = HANDLERS.get((node.domain, node.op))
        if handler is not None:
            try:
                call = Call(self, node, args, self.version(node.domain))
                found = handler(call)
                results = found if isinstance(found, tuple) else (found,)
                return results if call.understood else self.custom(node, args, scope, shapes=results)
            except (DataDependent, UnknownShape):
                pass
            except ProgramError as error:
                raise ModelRefused(f"{node.name or node.op}: {error}") from None
            except (IndexError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
                if isinstance(error, (ModelRefused, WireError)):
                    raise
                raise ModelRefused(f"{node.name or node.op}: {node.op} has inputs or attributes that it cannot have") from None
        return self.custom(node, args, scope)

    def custom(
        self,
        node: NodeProto,
        args: list[Result],
        scope: GraphScope,
        names: Sequence[str] | None = None,
        shapes: Sequence[Result] = (),
    ) -> list[Result]:
        """The results of an operator that the vocabulary lacks, which reads constants as well as values.

        Shapes are those of `shapes`, if given, else as the file states them.
        """
        inputs: list[Tensor | None] = [one for one in _flat(args) if one is not None]
        for attribute in node.attributes.values():
            for graph in attribute if isinstance(attribute, list) else [attribute]:
                if isinstance(graph, GraphProto):
                    inputs += self._captured(graph, scope)
        found = [self.unknown(name) for name in (names or node.outputs)]
        for value, like in zip(found, shapes, strict=False):
            if isinstance(like, (Value, Constant)):
                value.shape, value.dtype = like.shape, like.dtype
        from cnncalc.formats.tensors.program import Operation

        kept = [value for value in found if value.shape is not None] or found[:1]
        if not kept:
            return []
        first = kept[0]
        outputs = [first, *(value for value in found if value is not first)]
        program = self.program
        domain = f"{node.domain}." if node.domain else ""
        attributes = {"operator": f"{domain}{node.op}", **({} if domain else without_products(node.op))}
        program.operations.append(Operation("custom", inputs, outputs, attributes, program.path, program.title))
        return list(found)

    def _captured(self, graph: GraphProto, scope: GraphScope) -> list[Tensor | None]:
        """The tensors that a graph in an attribute reads from the graphs around it, and its own stored tensors."""
        found: list[Tensor | None] = [self.stored(tensor) for tensor in graph.initializers]
        own = {tensor.name for tensor in graph.initializers} | {info.name for info in graph.inputs}
        own |= {name for node in graph.nodes for name in node.outputs}
        seen: set[str] = set()
        for node in graph.nodes:
            for name in node.inputs:
                if name and name not in own and name not in seen and _known(scope, name):
                    seen.add(name)
                    found += [one for one in _flat([scope.find(name)]) if one is not None]
            for attribute in node.attributes.values():
                for inner in attribute if isinstance(attribute, list) else [attribute]:
                    if isinstance(inner, GraphProto):
                        found += self._captured(inner, scope)
                    elif isinstance(inner, TensorProto):
                        found.append(self.stored(inner, name=node.outputs[0] if node.outputs else "value"))
        return found

    def unknown(self, name: str) -> Value:
        """A value whose shape is the stated one, if the file states it."""
        info = self.stated.get(name)
        shape = self.concrete(info.shape) if info is not None and info.shape is not None else None
        dtype = weights.sort(info.dtype) if info is not None and info.dtype else "float"
        return Value(shape, dtype, name)

    def concrete(self, sizes: Sequence[int | str | None]) -> Shape | None:
        """Stated sizes with the open axes replaced; None if one of them has no size."""
        found = [self.sizes.get(size) if isinstance(size, str) else size for size in sizes]
        if any(size is None for size in found):
            return None
        known = [size for size in found if size is not None]
        if known and self.batch > 1 and known[0] == self.batch:
            known[0] = 1
        return tuple(known)

    def branch(self, node: NodeProto, args: list[Result], scope: GraphScope, depth: int) -> Sequence[Result] | None:
        """The results of an If whose condition is known; None if it is not."""
        condition = args[0] if args else None
        value = condition.scalar if isinstance(condition, Constant) else None
        if value is None:
            return None
        graph = node.attributes.get("then_branch" if value else "else_branch")
        if not isinstance(graph, GraphProto) or depth >= DEEPEST:
            return None
        inner = GraphScope(scope)
        for tensor in graph.initializers:
            inner.values[tensor.name] = self.stored(tensor)
        self.graph(graph, inner, depth + 1)
        return [inner.find(info.name) for info in graph.outputs]

    def call(self, function: FunctionProto, node: NodeProto, args: list[Result], scope: GraphScope, depth: int) -> None:
        """Writes a function of the model out in the place of the node that calls it."""
        if depth >= DEEPEST:
            raise ModelRefused(
                f"functions call one another more than {DEEPEST} deep, {function.name} among them; that is the limit"
            )
        inner = GraphScope()
        for i, name in enumerate(function.inputs):
            inner.values[name] = args[i] if i < len(args) else None
        given = {**function.attributes, **node.attributes}
        outer = (self.program.path, self.program.title)
        if depth == 0:
            self.program.path, self.program.title = path_of(node)
        nodes = [_with_references(one, given) for one in function.nodes]
        for one in in_order(nodes, lambda name: _known(inner, name)):
            self.node(one, inner, depth + 1)
        self.program.path, self.program.title = outer
        for name, made in zip(node.outputs, function.outputs, strict=False):
            if name:
                scope.values[name] = inner.find(made)


def _known(scope: GraphScope, name: str) -> bool:
    try:
        scope.find(name)
    except KeyError:
        return False
    return True


def _flat(args: Sequence[Result]) -> list[Tensor | None]:
    found: list[Tensor | None] = []
    for one in args:
        if isinstance(one, list):
            found += _flat(one)
        else:
            found.append(one)
    return found


def _with_references(node: NodeProto, given: Mapping[str, Any]) -> NodeProto:
    """A node of a function's body with the attributes that the call gives."""
    if not node.references:
        return node
    attributes = dict(node.attributes)
    attributes |= {name: given[source] for name, source in node.references.items() if source in given}
    return NodeProto(node.op, node.domain, node.name, node.overload, node.inputs, node.outputs, attributes, {}, node.metadata)
