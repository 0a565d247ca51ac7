"""Operators of onnxruntime's own domain, compared with onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnncalc

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402 - needs onnx

RANDOM = np.random.default_rng(12)
Arrays = dict[str, Any]


def real(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def integers(*shape: int) -> np.ndarray:
    return RANDOM.integers(-100, 100, shape).astype(np.int8)


SCALES: Arrays = {"s": np.float32(0.05), "z": np.int8(3), "ws": np.float32(0.02), "wz": np.int8(0)}
CONV: Arrays = {"w": real(4, 3, 3, 3), "b": real(4), "more": real(1, 4, 3, 3)}
IMAGE, ROWS = (1, 3, 5, 5), (1, 6, 8)
NORM: Arrays = {"skip": real(*ROWS), "g": real(8), "o": real(8), "bias": real(8)}
#: Operator, its inputs after x, the arrays among them, its attributes, and the shape of x.
REAL: dict[str, tuple[str, list[str], Arrays, Arrays, tuple[int, ...]]] = {
    "conv and ReLU": ("FusedConv", ["w", "b"], CONV, {"activation": "Relu"}, IMAGE),
    "conv and clip": ("FusedConv", ["w", "b"], CONV, {"activation": "Clip", "activation_params": [0.0, 0.5]}, IMAGE),
    "conv and leaky ReLU": ("FusedConv", ["w"], CONV, {"activation": "LeakyRelu", "activation_params": [0.2]}, IMAGE),
    "conv, sum and ReLU": ("FusedConv", ["w", "b", "more"], CONV, {"activation": "Relu"}, IMAGE),
    "product, transposed": ("FusedMatMul", ["w"], {"w": real(7, 8)}, {"transB": 1, "alpha": 0.5}, ROWS),
    "gemm and ReLU": ("FusedGemm", ["w", "b"], {"w": real(8, 4), "b": real(4)}, {"activation": "Relu"}, (1, 8)),
    "GELU": ("Gelu", [], {}, {}, ROWS),
    "GELU with bias": ("BiasGelu", ["bias"], NORM, {}, ROWS),
    "fast GELU": ("FastGelu", ["bias"], NORM, {}, ROWS),
    "quick GELU": ("QuickGelu", [], {}, {"alpha": 1.5}, ROWS),
    "sum and layer norm": ("SkipLayerNormalization", ["skip", "g", "o", "bias"], NORM, {"epsilon": 1e-5}, ROWS),
    "sum and RMS norm": ("SkipSimplifiedLayerNormalization", ["skip", "g", "bias"], NORM, {"epsilon": 1e-5}, ROWS),
}
POOL: Arrays = {"kernel_shape": [2, 2], "strides": [2, 2]}
WEIGHTS: Arrays = SCALES | {"w": integers(8, 4)}
#: The same for quantised operators, whose first input is x in integers.
QUANTISED: dict[str, tuple[str, list[str], Arrays, Arrays, tuple[int, ...]]] = {
    "sum": ("QLinearAdd", ["s", "z", "c", "ws", "wz", "s", "z"], SCALES | {"c": integers(*IMAGE)}, {}, IMAGE),
    "product": ("QLinearMul", ["s", "z", "c", "ws", "wz", "s", "z"], SCALES | {"c": integers(*IMAGE)}, {}, IMAGE),
    "average": ("QLinearAveragePool", ["s", "z", "s", "z"], SCALES, POOL, IMAGE),
    "global average": ("QLinearGlobalAveragePool", ["s", "z", "s", "z"], SCALES, {}, IMAGE),
    "leaky ReLU": ("QLinearLeakyRelu", ["s", "z", "s", "z"], SCALES, {"alpha": 0.3}, IMAGE),
    "sigmoid": ("QLinearSigmoid", ["s", "z", "ws", "wz"], SCALES, {}, IMAGE),
    "softmax": ("QLinearSoftmax", ["s", "z", "ws", "wz"], SCALES, {"axis": 1, "opset": 13}, (1, 8)),
    "gemm": ("QGemm", ["s", "z", "w", "ws", "wz"], WEIGHTS, {}, (1, 8)),
}


def network(path: Path, nodes: list[Any], arrays: Arrays, shape: tuple[int, ...]) -> tuple[cnncalc.Network, np.ndarray]:
    """The network of a file with these nodes from x to y, and what onnxruntime computes; both on one random input."""
    x = real(*shape)
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items() if name in used],
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=10), path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (wanted,) = session.run(None, {"x": x})
    net = cnncalc.load(path)
    assert net.problems == []
    assert net.reading.complete
    found = np.asarray(net.forward(x.swapaxes(1, 2) if x.ndim == 3 else x))
    return net, (found.swapaxes(1, 2) if x.ndim == 3 else found).reshape(wanted.shape) - wanted


@pytest.mark.parametrize("name", REAL)
def test_fused_operators(name: str, tmp_path: Path) -> None:
    op, inputs, arrays, attributes, shape = REAL[name]
    node = helper.make_node(op, ["x", *inputs], ["y"], domain="com.microsoft", **attributes)
    _, difference = network(tmp_path / "model.onnx", [node], arrays, shape)
    assert np.abs(difference).max() < 1e-4


@pytest.mark.parametrize("name", QUANTISED)
def test_quantised_operators(name: str, tmp_path: Path) -> None:
    """Equal to the half step that the result is rounded to, and to the half step of x times the largest slope, which is 2."""
    op, inputs, arrays, attributes, shape = QUANTISED[name]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node(op, ["q", *inputs], ["r"] if op != "QGemm" else ["y"], domain="com.microsoft", **attributes),
    ]
    if op != "QGemm":
        nodes.append(helper.make_node("DequantizeLinear", ["r", *inputs[-2:]], ["y"]))
    net, difference = network(tmp_path / "model.onnx", nodes, arrays, shape)
    assert np.abs(difference).max() < (0.025 + 2 * 0.025 if op != "QGemm" else 0.025 * 2 * 8)
    if op == "QGemm":
        assert net.parameters == 32


def test_weights_that_are_quantised_in_the_file(tmp_path: Path) -> None:
    """Training with simulated quantisation keeps real weights and quantises them in the graph: they are the layer's weights."""
    nodes = [
        helper.make_node("QuantizeLinear", ["w", "ws", "z"], ["wq"]),
        helper.make_node("DequantizeLinear", ["wq", "ws", "z"], ["wd"]),
        helper.make_node("Conv", ["x", "wd"], ["y"]),
    ]
    net, difference = network(tmp_path / "model.onnx", nodes, SCALES | {"w": real(4, 3, 3, 3) / 2}, IMAGE)
    assert [node.kind for node in net.layers] == ["conv"]
    assert net.parameters == 108
    # Each of the 27 products is off by at most a half step of 0.02 times the largest number.
    assert np.abs(difference).max() < 27 * 0.01 * 3


def test_arrays_of_a_layer_of_unknown_shape_count(tmp_path: Path) -> None:
    """8·4 numbers are stored; nothing is known of the operator."""
    node = helper.make_node("Unheard", ["x", "w"], ["y"], domain="org.example")
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 8))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(real(8, 4), "w")],
    )
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("org.example", 1)]), path)
    net = cnncalc.load(path)
    assert [(node.kind, node.shape) for node in net.layers] == [("org_example_Unheard", None)]
    assert net.parameters == 32


def test_a_later_output_owns_the_arrays_if_the_first_is_not_read(tmp_path: Path) -> None:
    """A reverse LSTM of 5 → 6: 4 gates of 5 + 6 numbers per unit."""
    arrays = {"w": real(1, 24, 5), "r": real(1, 24, 6)}
    node = helper.make_node("LSTM", ["x", "w", "r"], ["", "y"], hidden_size=6, direction="reverse")
    assert layers(tmp_path / "model.onnx", node, arrays) == [("custom", 24 * 11)]


@pytest.mark.parametrize(("length", "kind"), [(7, "lstm"), (4, "custom")])
def test_a_sequence_that_ends_early_is_no_plain_lstm(length: int, kind: str, tmp_path: Path) -> None:
    arrays = {"w": real(1, 24, 5), "r": real(1, 24, 6), "lengths": np.array([length], np.int32)}
    node = helper.make_node("LSTM", ["x", "w", "r", "", "lengths"], ["y"], hidden_size=6)
    assert layers(tmp_path / "model.onnx", node, arrays) == [(kind, 24 * 11)]


def layers(path: Path, node: Any, arrays: Arrays) -> list[tuple[str, int]]:
    """Kind and parameters of each layer of a file with one operator on seven steps of five numbers."""
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (7, 1, 5))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return [(node.kind, node.parameters) for node in cnncalc.load(path).layers]
