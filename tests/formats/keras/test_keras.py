"""Keras models: parameters and shapes as Keras 3.15.1 counts them, published totals, containers, changes and bad files."""

import io
import json
import lzma
import random
import re
import zipfile
from pathlib import Path

import pytest

import cnncalc
from cnncalc.build.changes import UNCHANGED
from cnncalc.build.reading import Source
from cnncalc.formats import keras
from cnncalc.formats.keras import container
from cnncalc.network import of

DATA = Path(__file__).parents[2] / "data" / "keras"
SMALL = json.loads((DATA / "small.json").read_text())


def model(name: str) -> str:
    if name in SMALL:
        found = SMALL[name]["model"]
        return found if isinstance(found, str) else json.dumps(found)
    return lzma.decompress((DATA / f"{name}.json.xz").read_bytes()).decode()


def load(text: str | bytes, file: str = "model.json", **more) -> cnncalc.Network:
    if isinstance(text, str):
        return cnncalc.loads(text, file=file, **more)
    return of(Source(file, data=text))


@pytest.mark.parametrize("name", SMALL)
def test_counts_and_outputs_are_those_of_keras(name):
    net = load(model(name))
    truth = SMALL[name]
    assert [str(problem) for problem in net.problems] == []
    assert net.parameters + net.buffers == truth["parameters"]
    assert net.trainable == truth["trainable"]
    assert [list(one.flow.ordered(net.layout)) for one in net.outputs] == truth["outputs"]


@pytest.mark.parametrize("name", SMALL)
def test_each_layer_has_the_parameters_that_keras_counts(name):
    net = load(model(name))
    for layer, count in SMALL[name]["layers"].items():
        parts = (layer, f"{layer}_beta", f"{layer}_gamma", f"{layer}_vector_u")
        own = [node for node in net.layers if node.name in parts or node.name.startswith(f"{layer}.")]
        assert sum(node.parameters + node.buffers for node in own) == count, layer


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("MobileNetV2", 3_538_984),
        ("ResNet50", 25_636_712),
        ("DenseNet121", 8_062_504),
        ("EfficientNetB0", 5_330_571),
        ("VGG16", 138_357_544),
    ],
)
def test_published_totals(name, total):
    # https://keras.io/api/applications prints them in millions; the exact ones are those of model.summary().
    net = load(model(name))
    assert net.problems == []
    assert net.parameters + net.buffers == total
    assert net.outputs[0].shape == (1000,)


def test_a_layer_keeps_its_name_and_an_activation_inside_it_stands_behind():
    net = load(model("conv_act"))
    assert [(node.name, node.kind) for node in net.layers][:2] == [("conv2d", "conv"), ("conv2d_relu", "relu")]


def test_same_is_the_frameworks_padding():
    # 17 and 23 cells in, window 3 without padding, then stride 2 with `same`: (17 − 2)/2 and (23 − 2)/2, rounded up.
    net = load(model("conv_act"))
    assert [node.shape for node in net.layers if node.kind == "conv"][:2] == [(15, 21, 8), (8, 11, 8)]


def test_a_shared_layer_counts_once():
    net = load(model("siam"))
    shared = [node for node in net.layers if node.shared is not None]
    assert shared
    assert all(node.parameters == 0 for node in shared)


def test_channels_first_is_read_and_printed_so():
    net = load(model("cfirst"))
    assert net.layout == "channels_first"
    assert net.inputs[0].flow == (16, 18, 3)


# Containers


def as_keras(text: str, compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", text)
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_a_keras_file_is_its_configuration(tmp_path):
    file = tmp_path / "model.keras"
    file.write_bytes(as_keras(model("sep"), weights=b"\0" * 1000))
    assert cnncalc.load(file).parameters == load(model("sep")).parameters


def test_an_h5_file_is_its_configuration(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.attrs["model_config"] = model("sep")
    assert cnncalc.load(tmp_path / "model.h5").parameters == load(model("sep")).parameters


def test_an_h5_file_of_weights_alone_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs["layer_names"] = "x"
    with pytest.raises(cnncalc.SpecError, match=r"weights and no model; save the model itself: model\.save\('model\.keras'\)"):
        cnncalc.load(tmp_path / "weights.h5")


def test_without_h5py_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    (tmp_path / "model.h5").write_bytes(container.HDF5 + bytes(100))
    with pytest.raises(cnncalc.SpecError, match=r"pip install 'cnncalc\[keras\]'"):
        cnncalc.load(tmp_path / "model.h5")


# Changes from outside


def sequential(*layers: dict, shape=(None, 8, 8, 3)) -> str:
    first = {"class_name": "InputLayer", "config": {"name": "image", "batch_shape": shape}}
    return json.dumps({"class_name": "Sequential", "config": {"name": "net", "layers": [first, *layers]}})


def layer(class_name: str, name: str = "", **config) -> dict:
    return {"class_name": class_name, "config": {"name": name or class_name.lower(), **config}}


CONV = layer("Conv2D", filters=4, kernel_size=[3, 3])


def test_an_open_axis_needs_an_input():
    text = sequential(CONV, shape=(None, None, None, 3))
    with pytest.raises(cnncalc.SpecError, match=r"input image is \?x\?x3: .* --input 224x224x3"):
        load(text)
    assert load(text, input="32x40x3").outputs[0].shape == (30, 38, 4)


def test_fields_are_set_from_outside():
    assert load(sequential(CONV), set="conv2d.stride=2").outputs[0].shape == (3, 3, 4)


def test_a_shape_that_the_file_states_and_the_fields_do_not_give_is_an_error():
    wrong = {**layer("ReLU"), "build_config": {"input_shape": [None, 5, 6, 4]}}
    net = load(sequential(CONV, wrong))
    assert [(p.rule, p.layer, p.message) for p in net.problems] == [
        ("stated-shape", "conv2d", "conv2d: the shape is 6x6x4 by its fields, and the file states 5x6x4")
    ]
    assert load(sequential(CONV, wrong), input="9x9x3").problems == []


# What is not known


def test_a_class_of_ones_own_is_custom_with_the_shape_that_the_file_states():
    own = {**layer("Blur", name="blur"), "module": "my_package", "registered_name": "my_package>Blur"}
    behind = {**layer("ReLU"), "build_config": {"input_shape": [None, 3, 3, 5]}}
    net = load(sequential(own, behind))
    assert net["blur"].kind == "custom"
    assert net["blur"].shape == (3, 3, 5)
    assert net["blur"].macs is None
    assert not net.graph.complete
    assert "Blur" in net.notes[0]


def test_a_class_of_ones_own_whose_shape_is_nowhere_is_an_error():
    net = load(sequential(layer("Blur"), CONV))
    assert [(p.rule, p.layer) for p in net.problems] == [("value", "blur")]
    assert net["conv2d"].shape is None


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (layer("Conv2D", filters=-1, kernel_size=[3, 3]), r"filters must be an integer ≥ 1, got -1"),
        (layer("Conv2D", filters=8, kernel_size=[0, 3]), r"kernel_size must have 2 integers ≥ 1, got \[0, 3\]"),
        (layer("Conv2D", filters=8, kernel_size=3, padding="half"), r"padding must be valid or same or causal, got half"),
        (layer("Dense"), r"units must be an integer ≥ 1, got None"),
        (layer("BatchNormalization", axis=9), r"axis must be 1 to 3 or −1 to −3, got 9"),
        (layer("Reshape", target_shape=[7, -1]), r"192 numbers flow in"),
        (layer("Conv1D", filters=3, kernel_size=3), r"needs 1 spatial axis, and 8x8x3 flows in"),
        (layer("Conv2D", filters=3, kernel_size=9), r"larger than its padded input"),
        (layer("TimeDistributed", layer=None), r"it wraps no layer"),
        (layer("Permute", dims=[1, 1, 2]), r"dims must have each of 1 to 3 once"),
    ],
)
def test_a_layer_that_cannot_be(bad, message):
    net = load(sequential(bad))
    assert len(net.problems) == 1
    assert net.problems[0].layer == bad["config"]["name"]
    assert re.search(message, net.problems[0].message)


def functional(*layers: dict, out: str = "o") -> str:
    first = {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 8]}, "name": "i", "inbound_nodes": []}
    config = {"name": "m", "layers": [first, *layers], "input_layers": [["i", 0, 0]], "output_layers": [[out, 0, 0]]}
    return json.dumps({"class_name": "Functional", "config": config})


def reading(name: str, *names: str) -> dict:
    return {"class_name": "ReLU", "config": {}, "name": name, "inbound_nodes": [[[one, 0, 0, {}] for one in names]]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "not a Keras model"),
        ('{"class_name": "Functional", "config": ', "not JSON"),
        (json.dumps({"class_name": "MyModel", "config": {}}), "MyModel is a user-defined class"),
        (functional(reading("o", "o")), "o reads its own result"),
        (functional(reading("o", "p"), reading("p", "o")), "reads its own result, directly or through other layers"),
        (functional(reading("o", "q")), "o reads call 0 of q, which the file does not have"),
        (functional(reading("p", "i")), "output_layers names o"),
        (functional(reading("o", "i"), reading("o", "i")), "two layers are called o"),
        (json.dumps({"class_name": "Sequential", "config": {"layers": []}}), "the model has no layers"),
        ('{"class_name": "Sequential", "config": ' + '{"layers": [' * 5000, "nested too deep|not JSON"),
    ],
)
def test_a_file_that_is_not_a_model(text, message):
    with pytest.raises(cnncalc.SpecError, match=message):
        keras.read(Source("model.json", text=text), UNCHANGED)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (as_keras(" " * (11 * 2**20)), "config.json has more than 10 MiB"),
        (as_keras("[" * 100_000), "nested too deep"),
        (as_keras("[" + "[]," * 600_000 + "1]"), "more than 500,000 objects and lists"),
        (as_keras("{}", zipfile.ZIP_LZMA), "compressed in a way Keras does not use"),
        (as_keras("{}", **{f"member{i}": b"" for i in range(30_000)}), r"30,002 members"),
        (as_keras("hello"), "not JSON"),
        (b"PK\x03\x04junk", "has no end, as if it were cut off"),
    ],
    ids=["bomb", "deep", "lists", "lzma", "members", "text", "junk"],
)
def test_a_hostile_zip_is_refused(data, message):
    with pytest.raises(cnncalc.SpecError, match=message):
        load(data, "model.keras")


def test_a_file_cut_off_or_damaged_anywhere_is_refused_or_read():
    whole = as_keras(model("sep"))
    rng = random.Random(7)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(rng.randrange(1, 12)):
            damaged[rng.randrange(4, len(damaged))] = rng.randrange(256)
        for data in (bytes(damaged), whole[: rng.randrange(4, len(whole))]):
            try:
                assert load(data, "model.keras").layers
            except cnncalc.SpecError as error:
                assert error.problems


def test_operations_in_an_hdf5_file_have_no_module(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")

    def node(class_name: str, name: str, source: str, *more: object, **config: object) -> dict[str, object]:
        history = {"shape": [None, 9, 8, 4], "dtype": "float32", "keras_history": [source, 0, 0]}
        args = [{"class_name": "__keras_tensor__", "config": history}, *more]
        config = {"name": name, **config}
        return {"class_name": class_name, "config": config, "name": name, "inbound_nodes": [{"args": args, "kwargs": {}}]}

    # As Keras 3.15 writes keras.ops.mean(keras.ops.relu(x * 2), axis=(1, 2)).
    source = {
        "class_name": "InputLayer",
        "config": {"batch_shape": [None, 9, 8, 4], "dtype": "float32", "name": "x"},
        "name": "x",
    }
    layers = [
        {**source, "inbound_nodes": []},
        node("Multiply", "multiply", "x", 2),
        node("Relu", "relu", "multiply"),
        node("Mean", "mean", "relu", axis=[1, 2], keepdims=False),
    ]
    config = {"name": "ops", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["mean", 0, 0]]}
    path = tmp_path / "ops.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        file.attrs["keras_version"] = "3.15.1"
    net = cnncalc.load(path)
    assert net.problems == []
    assert [(layer.kind, layer.shape) for layer in net.layers] == [
        ("rescale", (9, 8, 4)), ("relu", (9, 8, 4)), ("global_avgpool", (4,)),
    ]  # fmt: skip


def test_a_backward_layer_of_another_class_has_its_own_weights():
    # 4·5·(8 + 5 + 1) of the LSTM forward, 3·5·(8 + 5 + 2) of the GRU backward.
    forward = layer("LSTM", "f", units=5, return_sequences=True)
    backward = layer("GRU", "b", units=5, return_sequences=True, reset_after=True)
    net = load(sequential(layer("Bidirectional", "two", layer=forward, backward_layer=backward), shape=(None, 20, 8)))
    assert not net.problems
    assert [(node.kind, node.parameters) for node in net.layers if node.parameters] == [("lstm", 280), ("gru", 225)]
    assert net.outputs[0].shape == (20, 10)


def test_a_low_rank_update_is_learned_and_the_kernel_is_not():
    # Keras 3.15: 8·16 frozen, 8·4 + 4·16 of the update and 16 biases learned.
    net = load(sequential(layer("Dense", "d", units=16, lora_rank=4, lora_alpha=8), shape=(None, 8)))
    assert not net.problems
    assert (net.parameters, net.trainable) == (240, 112)
    with_rank = load(sequential(layer("Conv2D", "c", filters=4, kernel_size=[3, 3], lora_rank=2)))
    assert [problem.message for problem in with_rank.problems if problem.level == "error"] == [
        "c (Conv2D): the low-rank update (lora_rank) of Conv2D is not known here; Dense layers may have one"
    ]


def test_an_einsum_computes_the_axes_that_the_file_leaves_open():
    dense = layer("EinsumDense", "e", equation="abc,cde->abde", output_shape=[None, 4, 5], bias_axes="de")
    net = load(sequential(dense, shape=(None, 10, 8)))
    assert not net.problems
    # 8·4·5 weights and 4·5 biases.
    assert (net["e"].shape, net["e"].parameters) == ((10, 4, 5), 180)
