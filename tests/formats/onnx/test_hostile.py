"""Broken and hostile ONNX files: each ends in a problem, and in none of them is a traceback or much work."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import cnncalc

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402 - needs onnx

IMAGE = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
OUT = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)


def model(nodes, initializers=(), inputs=(IMAGE,), outputs=(OUT,), opset=17, **more):
    graph = helper.make_graph(nodes, "g", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], **more)


def loaded(data: bytes, tmp_path: Path) -> cnncalc.Network:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    return cnncalc.load(path)


def small() -> bytes:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [4, 3, 3, 3], [0.5] * 108)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["y"]),
    ]
    return model(nodes, [weight]).SerializeToString()


def test_whole(tmp_path: Path) -> None:
    net = loaded(small(), tmp_path)
    # 4 filters of 3·3·3 at 64 places.
    assert (net.parameters, net.macs, net.outputs[0].flow) == (108, 108 * 64, (4,))


def test_truncated_anywhere(tmp_path: Path) -> None:
    data = small()
    refused = 0
    for end in range(1, len(data), 3):
        try:
            loaded(data[:end], tmp_path)
        except cnncalc.SpecError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > len(data) // 3 * 0.8


@pytest.mark.parametrize("seed", range(4))
def test_mutated(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Faults are not hidden by custom layers.
    monkeypatch.setenv("CNNCALC_DEBUG", "1")
    numbers = random.Random(seed)
    data = small()
    for _ in range(40):
        changed = bytearray(data)
        for _ in range(numbers.choice([1, 2, 5])):
            changed[numbers.randrange(len(changed))] = numbers.choice([0, 1, 127, 128, 255, numbers.randrange(256)])
        try:
            loaded(bytes(changed), tmp_path)
        except cnncalc.SpecError as error:
            assert error.problems


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bytes([8, 8, 0x3A]) + bytes([0xFF] * 9 + [1]), "bytes, and 0 are left"),
        (bytes([8, 8, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 7]), "2,147,483,647 bytes"),
        (bytes([8]) + bytes([0x80] * 5000), "the .onnx file is not a network in a known format"),
        (bytes([8, 8, 0x12, 1, 65]), "has no graph"),
    ],
)
def test_numbers_and_lengths(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(cnncalc.SpecError, match=message):
        loaded(data, tmp_path)


def test_nested_graphs(tmp_path: Path) -> None:
    def field(number: int, payload: bytes) -> bytes:
        length, size = b"", len(payload)
        while size > 127:
            length += bytes([size & 127 | 128])
            size >>= 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + payload

    graph = b""
    for _ in range(10_000):
        graph = field(1, field(4, b"If") + field(5, field(1, b"g") + field(6, graph)))
        if len(graph) > 200_000:
            break
    with pytest.raises(cnncalc.SpecError, match="nested more than 64 deep"):
        loaded(bytes([8, 8]) + field(7, graph), tmp_path)


def test_a_cycle(tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", ["x", "b"], ["a"], name="one"), helper.make_node("Relu", ["a"], ["b"], name="two")]
    with pytest.raises(cnncalc.SpecError, match="the nodes one, two need one another's results"):
        loaded(model([*nodes, helper.make_node("Relu", ["b"], ["y"])]).SerializeToString(), tmp_path)


def test_a_missing_value(tmp_path: Path) -> None:
    node = helper.make_node("Add", ["x", "nothing"], ["y"], name="sum")
    with pytest.raises(cnncalc.SpecError, match="sum reads nothing, which no node, input or initializer provides"):
        loaded(model([node]).SerializeToString(), tmp_path)


def test_an_operator_of_no_domain(tmp_path: Path) -> None:
    node = helper.make_node("Erfc", ["x"], ["y"], name="odd")
    with pytest.raises(cnncalc.SpecError, match=r"Erfc \(node odd\) is not an operator of ONNX"):
        loaded(model([node]).SerializeToString(), tmp_path)


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "a/../../b", "C:/x", ""])
def test_data_outside_the_folder(location: str, tmp_path: Path) -> None:
    weight = TensorProto(name="w", dims=[3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    entry = weight.external_data.add()
    entry.key, entry.value = "location", location
    node = helper.make_node("Add", ["x", "w"], ["y"])
    with pytest.raises(cnncalc.SpecError, match="is not in the folder of the model"):
        loaded(model([node], [weight]).SerializeToString(), tmp_path)


def test_a_link_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "data.bin").write_bytes(b"\0" * 12)
    (tmp_path / "inside" / "link.bin").symlink_to(tmp_path / "data.bin")
    weight = TensorProto(name="w", dims=[3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "link.bin"
    node = helper.make_node("Add", ["x", "w"], ["y"])
    with pytest.raises(cnncalc.SpecError, match="is not in the folder of the model"):
        loaded(model([node], [weight]).SerializeToString(), tmp_path / "inside")


def test_functions_that_call_themselves(tmp_path: Path) -> None:
    inner = helper.make_node("again", ["v"], ["r"], domain="own")
    function = helper.make_function("own", "again", ["v"], ["r"], [inner], [helper.make_opsetid("own", 1)])
    node = helper.make_node("again", ["x"], ["y"], domain="own")
    data = model([node], functions=[function]).SerializeToString()
    with pytest.raises(cnncalc.SpecError, match="more than 32 deep"):
        loaded(data, tmp_path)


def test_shapes_of_a_file_that_are_wrong(tmp_path: Path) -> None:
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 9, 8])
    net = loaded(model([helper.make_node("Relu", ["x"], ["y"])], outputs=[out]).SerializeToString(), tmp_path)
    (problem,) = net.problems
    assert (problem.rule, problem.message) == ("stated-shape", "the file states [1, 3, 9, 8] for y, and [1, 3, 8, 8] is inferred")


def test_open_axes(tmp_path: Path) -> None:
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, "rows", None])
    data = model([helper.make_node("GlobalMaxPool", ["x"], ["y"])], inputs=[image]).SerializeToString()
    with pytest.raises(cnncalc.SpecError, match=r'leaves height \(rows\) and width of input "x" open.*--input 224x224x3'):
        loaded(data, tmp_path)
    assert cnncalc.load(tmp_path / "model.onnx", input="9x7x3").inputs[0].flow == (9, 7, 3)


def test_the_name_of_an_input_as_the_language_writes_names(tmp_path: Path) -> None:
    image = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, 8, 8])
    loaded(model([helper.make_node("Relu", ["input.1"], ["y"])], inputs=[image]).SerializeToString(), tmp_path)
    net = cnncalc.load(tmp_path / "model.onnx")
    assert [one.name for one in net.inputs] == ["input_1"]


@pytest.mark.parametrize(
    ("op", "attributes", "shape", "wanted"),
    [
        ("Softmax", {"axis": 1}, [4, 3, 5], (3, 5)),
        ("Softmax", {"axis": 0}, [4, 3, 5], (4, 3, 5)),
        ("Flatten", {}, [4, 3, 5], (15,)),
    ],
)
def test_the_first_axis_counts_examples_if_each_is_computed_by_itself(
    op: str, attributes: dict[str, int], shape: list[int], wanted: tuple[int, ...], tmp_path: Path
) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    net = loaded(model([helper.make_node(op, ["x"], ["y"], **attributes)], inputs=[value]).SerializeToString(), tmp_path)
    assert net.problems == []
    assert net.outputs[0].flow == wanted


def test_a_size_that_the_file_does_not_take(tmp_path: Path) -> None:
    """The map has 3·8·8 = 192 numbers, as the reshape says."""
    shape = helper.make_tensor("s", TensorProto.INT64, [2], [1, 192])
    node = helper.make_node("Reshape", ["x", "s"], ["y"], name="flat")
    path = tmp_path / "model.onnx"
    path.write_bytes(model([node], initializers=[shape]).SerializeToString())
    assert cnncalc.load(path).layers[-1].shape == (192,)
    with pytest.raises(cnncalc.SpecError, match="the file takes x as 8x8x3, and not as 16x16x3: flat"):
        cnncalc.load(path, input="16x16x3")
