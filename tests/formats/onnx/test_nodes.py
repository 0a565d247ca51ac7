"""The onnx package's own cases for each operator: shapes and numbers, as far as the language can say the operator.

A case is read twice: as it stands, and with all inputs but the first stored in the file, as weights are.
"""

from __future__ import annotations

import importlib
import itertools
import os
import pkgutil
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnncalc

onnx = pytest.importorskip("onnx")
from onnx import numpy_helper  # noqa: E402 - needs onnx

#: The least number of cases per module that the language can express, including those with stored inputs; 0 for other modules.
LEAST_SAME = {
    "add": 10, "attention": 90, "averagepool": 14, "batch_normalization": 2, "celu": 2, "clip": 13, "concat": 24, "conv": 6,
    "convinteger": 2, "convtranspose": 11, "depthtospace": 4, "div": 6, "dropout": 4, "einsum": 4, "exp": 2, "flatten": 9,
    "gelu": 8, "gemm": 22, "globalaveragepool": 2, "globalmaxpool": 2, "groupnormalization": 6, "hardsigmoid": 6,
    "hardswish": 2, "instance_normalization": 2, "layernormalization": 70, "leakyrelu": 3, "logsoftmax": 20, "lrn": 2,
    "matmul": 14, "max": 19, "maxpool": 17, "mean": 5, "mul": 12, "pad": 6, "reduce_log_sum_exp": 10, "reducel1": 20,
    "reducel2": 20, "reducemax": 9, "reducemean": 10, "reducesum": 10, "reducesumsquare": 20, "relu": 2, "reshape": 9,
    "resize": 13, "rmsnormalization": 50, "rnn": 2, "sigmoid": 2, "slice": 6, "softmax": 21, "softplus": 4, "softsign": 2,
    "spacetodepth": 6, "split": 14, "sqrt": 2, "squeeze": 2, "sub": 12, "sum": 5, "tanh": 2, "transpose": 7, "unsqueeze": 7,
}  # fmt: skip
#: The onnx package takes seconds for their expected numbers.
SLOW = ("averagepool", "lppool", "image_decoder")


def modules() -> list[str]:
    node = pytest.importorskip("onnx.backend.test.case.node")
    names = [name for _, name, package in pkgutil.iter_modules(node.__path__) if not package and not name.startswith("_")]
    return [name for name in names if name not in SLOW or os.environ.get("CNNCALC_ALL")]


def cases(module: str) -> Iterator[tuple[str, Any, Sequence[Any], Sequence[Any], float, float]]:
    """Name, model, inputs, outputs and tolerances of the cases of one module."""
    node = pytest.importorskip("onnx.backend.test.case.node")
    before = len(node._NodeTestCases)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(f"onnx.backend.test.case.node.{module}")
    for case in node._NodeTestCases[before:]:
        for inputs, outputs in case.data_sets:
            yield case.name, case.model, inputs, outputs, case.rtol, case.atol


def stored(model: Any, inputs: Sequence[Any]) -> Any:
    """The model with all inputs but the first stored in it; None if that cannot be done."""
    if len(inputs) < 2 or not all(isinstance(one, (np.ndarray, np.generic)) for one in inputs):
        return None
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for info, array in list(zip(made.graph.input, inputs, strict=False))[1:]:
        made.graph.initializer.append(numpy_helper.from_array(np.asarray(array), info.name))
    del made.graph.input[1:]
    return made


def outcome(model: Any, inputs: Sequence[Any], outputs: Sequence[Any], tolerance: tuple[float, float], path: Path) -> str:
    """`refused`, `custom`, `same` for the same numbers, or what differs."""
    from cnncalc.formats.onnx import inputs as reader
    from cnncalc.formats.onnx.proto import Parser

    data = model.SerializeToString()
    path.write_bytes(data)
    try:
        net = cnncalc.load(path)
    except cnncalc.SpecError:
        return "refused"
    assert [str(problem) for problem in net.problems] == []
    if not net.reading.complete or not net.inputs:
        return "custom"
    graph = Parser(data).model(len(data)).graph
    assert graph is not None
    ports = {port.name: port for port in reader.ports(graph)}
    arrays = {info.name: np.asarray(one) for info, one in zip(model.graph.input, inputs, strict=False) if info.name in ports}
    feed = {}
    examples = 1
    for one in net.inputs:
        array, port, rank = arrays[one.name], ports[one.name], len(one.flow or ())
        # The channels first; a first axis that counts examples is not part of the shape.
        batched = array.ndim > 1 and rank == array.ndim - 1
        batch = port.batch or 0
        rest = [i for i in range(array.ndim) if i != port.channels and not (batched and i == batch)]
        order = ([batch] if batched else []) + ([port.channels] if array.ndim else []) + rest
        feed[one.name] = (
            array.transpose(order) if batched else array.transpose(order).reshape(1, *(array.shape[i] for i in order))
        )
        if not array.ndim:
            feed[one.name] = array.reshape(1, 1)
        examples = max(examples, feed[one.name].shape[0])
    feed = {name: np.repeat(array, examples // array.shape[0], 0).astype(np.float32) for name, array in feed.items()}
    found = net.forward(feed if len(feed) > 1 else next(iter(feed.values())))
    results = list(found.values()) if isinstance(found, dict) else [found]
    assert len(results) == len(outputs)
    for node, result, wanted in zip(net.outputs, results, outputs, strict=True):
        # Every example has the same numbers of a constant.
        one = result[:1] if getattr(node, "kind", "") == "parameter" else result
        if not any(same(one, order, tolerance) for order in orders(np.asarray(wanted), one)):
            return f"{one.shape} is not {np.shape(wanted)}"
    return "same"


def orders(wanted: Any, result: Any) -> Iterator[Any]:
    """The array with its axes in every order that gives the other's sizes; axes of size 1 are left out."""
    wanted, sizes = np.squeeze(wanted), np.squeeze(result).shape
    for axes in itertools.permutations(range(wanted.ndim)):
        if tuple(wanted.shape[i] for i in axes) == sizes:
            yield wanted.transpose(axes)


def same(result: Any, wanted: Any, tolerance: tuple[float, float]) -> bool:
    relative, absolute = tolerance
    return np.allclose(np.squeeze(result), wanted, rtol=relative, atol=absolute, equal_nan=True)


@pytest.mark.parametrize("module", modules())
def test_cases_of(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Faults are not hidden by custom layers.
    monkeypatch.setenv("CNNCALC_DEBUG", "1")
    counts: Counter[str] = Counter()
    for name, model, inputs, outputs, relative, absolute in cases(module):
        if (
            "bfloat16" in name
            or "bf16" in name
            or any(not isinstance(one, (np.ndarray, np.generic)) for one in (*inputs, *outputs))
        ):
            # Half precision rounds more than single; sequences, and types that NumPy lacks.
            continue
        if name.startswith("test_training_dropout"):
            # Random numbers.
            continue
        for one in (model, stored(model, inputs)):
            if one is not None:
                result = outcome(one, inputs, outputs, (max(relative, 1e-3), max(absolute, 1e-5)), tmp_path / "case.onnx")
                counts[result if result in ("same", "custom", "refused") else f"{name}: {result}"] += 1
    wrong = set(counts) - {"same", "custom", "refused"}
    assert not wrong
    assert counts["same"] >= LEAST_SAME.get(module, 0)


@pytest.mark.parametrize(
    ("name", "parameters"), [("bvlc_alexnet", 60_965_224), ("squeezenet", 1_235_496), ("vgg19", 143_667_240)]
)
def test_weights_that_the_file_fills_with_one_number_count_as_weights(name, parameters):
    """The light models of the onnx package: their weights are ConstantOfShape, their totals those of the published networks."""
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    network = cnncalc.load(folder / f"light_{name}.onnx")
    assert network.parameters == parameters
    assert {node.kind for node in network.layers if node.weights} <= {"conv", "fc"}
