"""Random weights, and weights in files."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import cnncalc
from cnncalc.forward import npz, weights
from cnncalc.forward import runner as forward

SPECS = Path(__file__).parents[2] / "specs"
NET = "input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n  - batchnorm\n  - relu\n  - {fc: 5}\n"


def test_names_shapes_and_type_are_the_contract_s():
    found = cnncalc.loads(NET).weights(seed=0)
    assert {layer: {name: array.shape for name, array in arrays.items()} for layer, arrays in found.items()} == {
        "conv1": {"weight": (4, 3, 3, 3), "bias": (4,)},
        "batchnorm1": {"weight": (4,), "bias": (4,), "running_mean": (4,), "running_var": (4,)},
        "fc1": {"weight": (5, 144), "bias": (5,)},
    }
    assert {array.dtype for arrays in found.values() for array in arrays.values()} == {np.dtype(np.float32)}
    assert (found["batchnorm1"]["running_var"] > 0.3).all()


def test_a_seed_gives_the_same_numbers_and_another_seed_others():
    net = cnncalc.loads(NET)
    one, again, other = net.weights(0), net.weights(0), net.weights(1)
    np.testing.assert_array_equal(one["conv1"]["weight"], again["conv1"]["weight"])
    assert not np.allclose(one["conv1"]["weight"], other["conv1"]["weight"])


def test_another_layer_changes_no_other_s_numbers():
    more = cnncalc.loads(NET.replace("  - relu", "  - {conv: 4, kernel_size: 1, name: new}\n  - relu")).weights(0)
    for layer, arrays in cnncalc.loads(NET).weights(0).items():
        for name, array in arrays.items():
            # What follows conv1 is a convolution now, so that it is scaled by another factor; its numbers are as before.
            ratio = array / more[layer][name]
            np.testing.assert_allclose(ratio, np.sqrt(2) if (layer, name) == ("conv1", "weight") else 1, rtol=1e-6)


def test_shared_weights_are_one_s_own():
    text = "input: 4\nlayers:\n  - {fc: 4, name: a}\n  - {fc: 4, name: b, share: a}\n"
    net = cnncalc.loads(text)
    assert list(net.weights()) == ["a"]
    w = {"a": {"weight": 2 * np.eye(4), "bias": np.ones(4)}}
    np.testing.assert_array_equal(net.forward(np.ones((1, 4)), weights=w), np.full((1, 4), 7.0))
    with pytest.raises(weights.WeightsError, match="b/weight is too many: b uses the weights of a"):
        net.forward(np.ones((1, 4)), weights=w | {"b": {"weight": np.eye(4)}})


@pytest.mark.parametrize(
    "name", ["resnet50", "densenet121", "googlenet", "efficientnet_b0", "convnext_tiny", "textcnn", "dcgan_generator"]
)
def test_numbers_neither_die_nor_explode(name):
    net = cnncalc.load(SPECS / f"{name}.yaml")
    spreads = {}
    inputs = forward.random_inputs(net.graph, 1, "float32", 0)
    runner = forward.Runner(net.graph)
    runner(inputs, watch=lambda node, _, y, *__: spreads.update({node.name: float(y.std())}))
    assert max(spreads.values()) < 20
    # Softmax's shares are small by nature.
    assert min(spread for layer, spread in spreads.items() if "softmax" not in layer) > 0.01


def test_a_file_keeps_them(tmp_path):
    net = cnncalc.loads(NET)
    found = net.weights(3)
    npz.save(found, tmp_path / "w.npz")
    npz.save_drawn(net.graph, 3, tmp_path / "drawn.npz")
    with np.load(tmp_path / "w.npz") as arrays:
        assert sorted(arrays.files)[:2] == ["batchnorm1/bias", "batchnorm1/running_mean"]
    for file in ("w.npz", "drawn.npz"):
        for layer, arrays in npz.load(tmp_path / file).items():
            for name, array in arrays.items():
                np.testing.assert_array_equal(array, found[layer][name])


def test_what_numpy_saves_is_read(tmp_path):
    net = cnncalc.loads(NET)
    found = net.weights(3)
    np.savez_compressed(
        tmp_path / "w.npz", **{f"{layer}/{name}": a for layer, arrays in found.items() for name, a in arrays.items()}
    )
    x = np.ones((1, 3, 8, 8), np.float32)
    np.testing.assert_array_equal(net.forward(x, weights=npz.load(tmp_path / "w.npz")), net.forward(x, seed=3))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.pop("fc1"), "fc1/weight is missing; it has the shape 5×144; fc1/bias is missing"),
        (lambda w: w["conv1"].pop("bias"), "conv1/bias is missing"),
        (lambda w: w["conv1"].update(weight=np.zeros((4, 3, 3))), "conv1/weight has the shape 4×3×3, not 4×3×3×3"),
        (lambda w: w["conv1"].update(scale=np.zeros(4)), "conv1/scale is no array of this network"),
        (lambda w: w.update(other={"weight": np.zeros(4)}), "other/weight is no array of this network"),
        (lambda w: w["conv1"].update(bias=np.array(["a"] * 4)), "conv1/bias holds <U1, and numbers are needed"),
        (lambda w: w.clear(), "; and 3 more"),
    ],
)
def test_missing_extra_and_misshapen_arrays_are_named(change, said):
    net = cnncalc.loads(NET)
    found = {layer: dict(arrays) for layer, arrays in net.weights().items()}
    change(found)
    with pytest.raises(weights.WeightsError, match=said):
        net.forward(np.ones((1, 3, 8, 8), np.float32), weights=found)


def test_files_that_are_none_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no")
    (tmp_path / "empty.npz").write_bytes(b"")
    np.save(tmp_path / "one.npy", np.zeros(3))
    np.savez(tmp_path / "flat.npz", weight=np.zeros(3))
    with zipfile.ZipFile(tmp_path / "torch.npz", "w") as file:
        file.writestr("archive/data.pkl", b"a state dict")
    np.savez(tmp_path / "objects.npz", **{"a/b": np.array([{}])})
    for file, said in (
        (
            "text.npz",
            "text.npz is no .npz file: File is not a zip file; an .npz is what numpy.savez and --save-weights write, arrays of numbers",
        ),
        ("torch.npz", "is no .npz file: archive/data.pkl in it is no array; an .npz is what numpy.savez"),
        ("empty.npz", "is no .npz file"),
        ("one.npy", "holds one array"),
        ("flat.npz", "weight names no layer; arrays are called conv1/weight"),
        ("objects.npz", "a/b.npy holds Python objects; an .npz is what numpy.savez"),
    ):
        with pytest.raises(weights.WeightsError, match=said):
            npz.load(tmp_path / file)
    with pytest.raises(FileNotFoundError, match="nothing"):
        npz.load(tmp_path / "nothing.npz")
