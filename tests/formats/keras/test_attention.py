"""Attention of Keras as the layers that it consists of, compared with the products of Keras's documentation by np.einsum."""

import json

import numpy as np
import pytest

import cnncalc


def model(class_name: str, config: dict, shapes: dict, **kwargs) -> str:
    """The JSON of a model with one attention layer `a`, which reads the inputs in order."""

    def tensor(name: str) -> dict:
        shape = [None, *shapes[name]]
        return {"class_name": "__keras_tensor__", "config": {"shape": shape, "dtype": "float32", "keras_history": [name, 0, 0]}}

    layers = [
        {"class_name": "InputLayer", "name": name, "config": {"name": name, "batch_shape": [None, *shape]}, "inbound_nodes": []}
        for name, shape in shapes.items()
    ]
    names = list(shapes) if len(shapes) > 1 else list(shapes) * 2
    node = {"args": [tensor(name) for name in names], "kwargs": kwargs}
    if class_name == "Attention":
        node["args"] = [node["args"]]
    layers.append(
        {
            "module": "keras.layers",
            "class_name": class_name,
            "name": "a",
            "config": {"name": "a", **config},
            "inbound_nodes": [node],
        }
    )
    ends = {"input_layers": [[name, 0, 0] for name in shapes], "output_layers": [["a", 0, 0]]}
    return json.dumps({"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}})


def projected(x: np.ndarray, weights: dict, heads: int) -> np.ndarray:
    """(length, channels) → (length, heads, width), as Keras's EinsumDense."""
    kernel = weights["weight"].T.reshape(x.shape[-1], heads, -1)
    made = np.einsum("lc,chw->lhw", x, kernel)
    return made + weights["bias"].reshape(heads, -1) if "bias" in weights else made


@pytest.mark.parametrize(
    ("config", "shapes", "parameters"),
    [
        # (64 + 1)·4·64 for each of three projections, and (4·64 + 1)·64.
        ({"num_heads": 4, "key_dim": 64}, {"x": (12, 64)}, 3 * 65 * 256 + 257 * 64),
        # (64 + 1)·4·16, (32 + 1)·4·16, (32 + 1)·4·8 and (4·8 + 1)·64.
        ({"num_heads": 4, "key_dim": 16, "value_dim": 8}, {"x": (12, 64), "y": (9, 32)}, 65 * 64 + 33 * 64 + 33 * 32 + 33 * 64),
        # 64·64 for queries, 64·16 for keys and values of one head, 64·64.
        (
            {"num_query_heads": 4, "num_key_value_heads": 1, "head_dim": 16, "use_bias": False},
            {"x": (5, 64), "y": (7, 64)},
            10240,
        ),
    ],
    ids=["wide", "cross", "grouped"],
)
def test_attention_computes_what_keras_documents(config, shapes, parameters):
    name = "MultiHeadAttention" if "num_heads" in config else "GroupQueryAttention"
    net = cnncalc.loads(model(name, config, shapes), file="m.json")
    assert net.problems == []
    assert net.reading.complete
    assert net.parameters == parameters
    random = np.random.default_rng(0)
    arrays = {key: random.standard_normal(shape) for key, shape in shapes.items()}
    weights = net.weights(seed=1)
    own = {
        key.removeprefix("a."): {part: np.asarray(one, float) for part, one in value.items()} for key, value in weights.items()
    }
    heads = config.get("num_heads") or config["num_query_heads"]
    pairs = config.get("num_key_value_heads", heads)
    first, last = next(iter(arrays.values())), list(arrays.values())[-1]
    q = projected(first, own["query"], heads)
    k, v = (np.repeat(projected(last, own[part], pairs), heads // pairs, axis=1) for part in ("key", "value"))
    scores = np.exp(np.einsum("lhw,mhw->hlm", q, k) / np.sqrt(q.shape[-1]))
    mixed = np.einsum("hlm,mhw->lhw", scores / scores.sum(-1, keepdims=True), v).reshape(len(first), -1)
    wanted = mixed @ own["output"]["weight"].T + own["output"].get("bias", 0)
    feed = {key: x.T[None] for key, x in arrays.items()}
    found = net.forward(feed if len(feed) > 1 else feed["x"], weights=weights)
    np.testing.assert_allclose(found[0].T, wanted, rtol=1e-4, atol=1e-5)


def test_self_attention_over_all_channels_is_the_kind_attention():
    net = cnncalc.loads(model("MultiHeadAttention", {"num_heads": 4, "key_dim": 16}, {"x": (12, 64)}), file="m.json")
    assert [node.kind for node in net.layers] == ["attention"]
    causal = cnncalc.loads(
        model("MultiHeadAttention", {"num_heads": 4, "key_dim": 16}, {"x": (12, 64)}, use_causal_mask=True), file="m.json"
    )
    assert "attention" not in [node.kind for node in causal.layers]
    assert causal["a.causal_mask"].parameters == 0
    assert causal.parameters == net.parameters


def test_products_without_projections():
    net = cnncalc.loads(model("Attention", {"use_scale": False}, {"x": (5, 8), "y": (7, 8)}), file="m.json")
    assert [(node.kind, node.shape) for node in net.layers] == [("matmul", (5, 7)), ("softmax", (5, 7)), ("matmul", (5, 8))]
    scaled = cnncalc.loads(model("Attention", {"use_scale": True}, {"x": (5, 8), "y": (7, 8)}), file="m.json")
    assert [(node.kind, node.parameters) for node in scaled.layers] == [("custom", 1)]
    wrong = cnncalc.loads(
        model("GroupQueryAttention", {"num_query_heads": 4, "num_key_value_heads": 3, "head_dim": 2}, {"x": (5, 8)}),
        file="m.json",
    )
    assert "num_key_value_heads must divide the 4 heads of the query, got 3" in str(wrong.problems[0])
