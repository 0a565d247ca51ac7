"""Whether the first axis of the inputs counts examples.

A file with a fixed first axis of N > 1 may mean N examples, or one example whose first axis has N places. It means examples if
every operator treats each of them alike: the program is written once for N and once for one example, and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from cnncalc.formats.onnx.inputs import MOST_AXES, InputPort
from cnncalc.formats.onnx.order import ModelRefused
from cnncalc.formats.onnx.translate import Translator
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Operation, Program, Shape, Tensor, Value

_WINDOWS = ("conv", "conv_transpose", "pool", "resize")
Sizes = Mapping[str, Shape]
Translate = Callable[[Sequence[InputPort], Sizes, int], Translator]
"""Writes the program for sizes of the inputs, and the number of examples that the file's constants were made for."""


def examples(found: list[InputPort], translate: Translate) -> tuple[list[InputPort], int, Translator | None]:
    """The ports with the axis that counts examples, that number, and the program for the file's own sizes if it was written.

    Raises ModelRefused if the first axis does not count examples and the tensor has too many axes to be one example.
    """
    several = next((size for port in found if (size := port.fixed_batch) > 1), 1)
    if several == 1 or any(port.open() for port in found):
        return found, several, None
    batched = [port if port.fixed_batch in (1, several) else port._replace(batch=None) for port in found]
    own = {port.name: tuple(n if isinstance(n, int) else 1 for n in port.sizes) for port in found}
    failure: ModelRefused | None = None
    whole: Translator | None = None
    try:
        whole = translate(batched, own, 1)
    except ModelRefused as error:
        failure = error
    try:
        one = translate(batched, {port.name: port.shape() or () for port in batched}, several)
        names = {port.name for port in batched if port.fixed_batch == several}
        last = max(port.batch or 0 for port in batched)
        if whole is None or _alike(whole.program, one.program, names, several, last):
            return batched, several, whole
    except ModelRefused as error:
        failure = failure or error
    if whole is None and failure is not None:
        raise failure
    for port in found:
        if port.fixed_batch > 1 and len(port.sizes) > MOST_AXES:
            axes = f'the {len(port.sizes)} axes of input "{port.name}" are those of one example'
            raise ModelRefused(f"{axes}; cnncalc reads at most {MOST_AXES}: three of space and the channels")
    return [port._replace(batch=None) if port.fixed_batch > 1 else port for port in found], 1, whole


def _alike(whole: Program, one: Program, names: set[str], several: int, last: int) -> bool:
    """Whether every operator of the program for `several` examples computes each of them by itself.

    `names` are the inputs with several examples, `last` is the last axis of the outputs that may count them.
    """
    if [o.op for o in whole.operations] != [o.op for o in one.operations]:
        return False
    by_one = {id(a): b for a, b in _pairs(whole, one)}
    dependent = {id(value) for value in whole.inputs if value.name in names}

    def varying(value: Tensor | None) -> set[int] | None:
        """The axes that have other sizes for one example; None if the numbers are not those of each example."""
        other = by_one.get(id(value))
        if not isinstance(value, Value) or value.shape is None or other is None or other.shape is None:
            return set()
        if len(value.shape) != len(other.shape):
            return None
        axes = {i for i, (m, n) in enumerate(zip(value.shape, other.shape, strict=True)) if m != n}
        expected = several if id(value) in dependent else 1
        grown = all(value.shape[i] == several * other.shape[i] for i in axes)
        return axes if grown and len(axes) == (1 if expected > 1 else 0) else None

    for operation in whole.operations:
        if any(id(value) in dependent for value in operation.inputs):
            dependent |= {id(value) for value in operation.outputs}
            axes = [varying(value) for value in operation.inputs]
            if any(found is None for found in axes) or _mixes(operation, [found or set() for found in axes]):
                return False
        if any(varying(value) is None for value in operation.outputs):
            return False
    windows = any(operation.op in _WINDOWS for operation in whole.operations)

    def by_itself(value: Tensor, other: Tensor) -> bool:
        """Whether an output holds a result of each example, along an axis that counts them and, without images, nothing else."""
        if isinstance(value, Constant) and isinstance(other, Constant):
            return value.shape == other.shape and value.data == other.data
        axes = varying(value)
        if axes is None:
            return False
        return all(axis <= last and (windows or (value.shape or ())[axis] == several) for axis in axes)

    return all(by_itself(value, other) for (_, value), (_, other) in zip(whole.outputs, one.outputs, strict=True))


def _pairs(whole: Program, one: Program) -> Iterator[tuple[Value, Value]]:
    """The values of both programs that stand at the same place."""
    yield from zip(whole.inputs, one.inputs, strict=True)
    for first, second in zip(whole.operations, one.operations, strict=True):
        yield from zip(first.outputs, second.outputs, strict=False)


def _mixes(operation: Operation, varying: Sequence[set[int]]) -> bool:
    """Whether an operator combines numbers along an axis that counts examples, or picks some of them."""
    a, axes = operation.attributes, varying[0]
    if operation.op == "matmul":
        first, second = ((one.shape or ()) if one is not None else () for one in operation.inputs)
        return len(first) - 1 in varying[0] or len(second) - 2 in varying[1]
    if operation.op in ("softmax", "slice", "gather", "cumsum", "concat"):
        return any(a["axis"] in one for one in varying)
    if operation.op in ("reduce", "layernorm", "rmsnorm"):
        return any(axis in axes for axis in a["axes"])
    if operation.op == "pad":
        return any(sum(pair) for i, pair in enumerate(a["pads"]) if i in axes)
    if operation.op == "recurrent":
        return (1 if a["batch_first"] else 0) in axes
    if operation.op in ("conv", "conv_transpose", "pool", "batchnorm", "instancenorm", "groupnorm", "resize", "lrn", "grn"):
        return any(axis > 0 for axis in axes)
    return False
