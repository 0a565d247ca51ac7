"""Quantised models: the network without its quantisation, with the weights scaled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cnncalc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402 - needs onnx


def test_a_convolution_between_quantisations(tmp_path: Path) -> None:
    """4·3·3·3 weights of 2 with the scale 0.5 and the zero point 1: each is (2 − 1)·0.5 = 0.5, and 27 of them see ones."""
    constants = [
        numpy_helper.from_array(np.full((4, 3, 3, 3), 2, np.int8), "w"),
        numpy_helper.from_array(np.float32(0.5), "ws"),
        numpy_helper.from_array(np.int8(1), "wz"),
        numpy_helper.from_array(np.float32(0.1), "xs"),
        numpy_helper.from_array(np.uint8(0), "xz"),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "xz"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "xs", "xz"], ["d"]),
        helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"]),
        helper.make_node("Conv", ["d", "wd"], ["c"], name="conv"),
        helper.make_node("QuantizeLinear", ["c", "xs", "xz"], ["cq"]),
        helper.make_node("DequantizeLinear", ["cq", "xs", "xz"], ["cd"]),
        helper.make_node("Relu", ["cd"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        constants,
    )
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    net = cnncalc.load(path)
    assert net.problems == []
    assert [node.kind for node in net.layers if node.kind != "identity"] == ["conv", "relu"]
    assert (net.parameters, net.outputs[0].flow) == (108, (6, 6, 4))
    result = net.forward(np.ones((1, 3, 8, 8), np.float32), weights=net.file_weights())
    assert np.allclose(result, 13.5)
