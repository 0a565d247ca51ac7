"""Preprocessing layers: the shapes that Keras's documentation states."""

import json

import pytest

import cnncalc


def net(shape: list[int], class_name: str, config: dict[str, object]) -> cnncalc.Network:
    layers = [
        {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, *shape]}},
        {"class_name": class_name, "config": {"name": "layer", **config}},
    ]
    return cnncalc.loads(json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": layers}}), file="m.json")


@pytest.mark.parametrize(
    ("shape", "class_name", "config", "output"),
    [
        ([1], "CategoryEncoding", {"num_tokens": 6, "output_mode": "one_hot"}, (6,)),
        ([4], "CategoryEncoding", {"num_tokens": 6, "output_mode": "one_hot"}, (4, 6)),
        ([4], "CategoryEncoding", {"num_tokens": 6, "output_mode": "multi_hot"}, (6,)),
        ([4], "Discretization", {"bin_boundaries": [0.0, 1.0, 2.0], "output_mode": "one_hot"}, (4, 4)),
        ([4], "Discretization", {"bin_boundaries": [0.0, 1.0, 2.0], "output_mode": "int"}, (4,)),
        ([1], "Hashing", {"num_bins": 9, "output_mode": "multi_hot"}, (9,)),
        # Three words and the one for unknown words.
        ([1], "StringLookup", {"vocabulary": ["a", "b", "c"], "output_mode": "multi_hot"}, (4,)),
        ([1], "TextVectorization", {"output_mode": "int", "output_sequence_length": 12}, (12,)),
    ],
)
def test_shapes(shape, class_name, config, output):
    found = net(shape, class_name, config)
    assert [str(problem) for problem in found.problems] == []
    assert found.outputs[0].flow == output


def test_a_pipeline_is_a_group_of_its_layers():
    inner = [
        {"class_name": "Rescaling", "module": "keras.layers", "config": {"name": "scaled", "scale": 0.5, "offset": 0.0}},
        {"class_name": "Activation", "module": "keras.layers", "config": {"name": "act", "activation": "relu"}},
    ]
    found = net([8, 8, 3], "Pipeline", {"layers": inner})
    assert [(node.name, node.kind) for node in found.layers] == [("layer.scaled", "rescale"), ("layer.act", "relu")]
    assert found.outputs[0].flow == (8, 8, 3)
