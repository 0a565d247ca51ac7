"""Every kind, and whole networks, against PyTorch; skipped where it is not installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncalc
from cnncalc.forward import runner as forward
from cnncalc.layers import KINDS
from cnncalc.shape import LayerError, Shape
from tests.layers.test_forward import arrays, compute, random_weights, read, sliding

torch = pytest.importorskip("torch")
F = torch.nn.functional

SPECS = Path(__file__).parents[1] / "specs"


def tensors(w: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in w.items()}


def recurrent(module: Any, layer: Any, x: Any, w: dict[str, Any]) -> Any:
    made = module(x.shape[1], layer.hidden, layer.layers, bidirectional=layer.bidirectional, batch_first=True).double()
    made.load_state_dict(w)
    sequence, state = made(x.transpose(1, 2))
    h = state[0] if isinstance(state, tuple) else state
    if layer.returns == "sequence":
        return sequence.transpose(1, 2)
    return torch.cat([h[-2], h[-1]], 1) if layer.bidirectional else h[-1]


def attention(layer: Any, x: Any, w: dict[str, Any]) -> Any:
    made = torch.nn.MultiheadAttention(x.shape[1], layer.heads, bias=layer.bias, batch_first=True).double()
    names = {"out_proj_weight": "out_proj.weight", "out_proj_bias": "out_proj.bias"}
    made.load_state_dict({names.get(name, name): array for name, array in w.items()})
    rows = x.transpose(1, 2)
    return made(rows, rows, rows)[0].transpose(1, 2)


def batchnorm(layer: Any, x: Any, w: dict[str, Any]) -> Any:
    return F.batch_norm(x, w["running_mean"], w["running_var"], w.get("weight"), w.get("bias"), eps=layer.epsilon)


def layernorm(layer: Any, x: Any, w: dict[str, Any]) -> Any:
    moved = x.movedim(1, -1)
    return F.layer_norm(moved, moved.shape[-1:], w.get("weight"), w.get("bias"), layer.epsilon).movedim(-1, 1)


BY_KIND = {
    "relu": lambda _, x, w: F.relu(x),
    "relu6": lambda _, x, w: F.relu6(x),
    "elu": lambda _, x, w: F.elu(x),
    "selu": lambda _, x, w: F.selu(x),
    "gelu": lambda _, x, w: F.gelu(x),
    "silu": lambda _, x, w: F.silu(x),
    "mish": lambda _, x, w: F.mish(x),
    "softplus": lambda _, x, w: F.softplus(x),
    "sigmoid": lambda _, x, w: torch.sigmoid(x),
    "hard_sigmoid": lambda _, x, w: F.hardsigmoid(x),
    "hard_swish": lambda _, x, w: F.hardswish(x),
    "tanh": lambda _, x, w: torch.tanh(x),
    "softmax": lambda _, x, w: F.softmax(x, 1),
    "leaky_relu": lambda layer, x, w: F.leaky_relu(x, layer.slope),
    "prelu": lambda _, x, w: F.prelu(x, w["weight"]),
    "batchnorm": batchnorm,
    "instancenorm": lambda layer, x, w: F.instance_norm(x, weight=w.get("weight"), bias=w.get("bias"), eps=layer.epsilon),
    "layernorm": layernorm,
    "groupnorm": lambda layer, x, w: F.group_norm(x, layer.groups, w.get("weight"), w.get("bias"), layer.epsilon),
    "lrn": lambda layer, x, w: F.local_response_norm(x, layer.size, layer.alpha, layer.beta, layer.k),
    "scale": lambda _, x, w: x * w["weight"].reshape(1, -1, *[1] * (x.ndim - 2)),
    "fc": lambda _, x, w: F.linear(torch.flatten(x, 1), w["weight"], w["bias"]),
    "flatten": lambda _, x, w: torch.flatten(x, 1),
    "dropout": lambda layer, x, w: F.dropout(x, layer.rate, training=False),
    "pixel_shuffle": lambda layer, x, w: F.pixel_shuffle(x, layer.factor),
    "channel_shuffle": lambda layer, x, w: F.channel_shuffle(x, layer.groups),
    "upsample": lambda layer, x, w: F.interpolate(x, scale_factor=layer.factor, mode=layer.mode),
    "adaptive_avgpool": lambda layer, x, w: [F.adaptive_avg_pool1d, F.adaptive_avg_pool2d][x.ndim - 3](x, layer.output_size),
    "adaptive_maxpool": lambda layer, x, w: [F.adaptive_max_pool1d, F.adaptive_max_pool2d][x.ndim - 3](x, layer.output_size),
    "global_avgpool": lambda _, x, w: x.flatten(2).mean(2),
    "global_maxpool": lambda _, x, w: x.flatten(2).amax(2),
    "global_sumpool": lambda _, x, w: x.flatten(2).sum(2),
    "embedding": lambda _, x, w: F.embedding(x, w["weight"]).transpose(1, 2),
    "rnn": lambda layer, x, w: recurrent(torch.nn.RNN, layer, x, w),
    "lstm": lambda layer, x, w: recurrent(torch.nn.LSTM, layer, x, w),
    "gru": lambda layer, x, w: recurrent(torch.nn.GRU, layer, x, w),
    "attention": attention,
}


@pytest.mark.parametrize("kind", BY_KIND)
@torch.no_grad()
def test_a_kind_s_example(kind: str) -> None:
    example = KINDS[kind].example
    check(read(example.row), example.inputs)


@pytest.mark.parametrize(
    ("row", "flow"),
    [
        ({"upsample": "2x3", "mode": "bilinear"}, Shape(4, 5, 2)),
        ({"rnn": 4, "layers": 2, "bidirectional": True}, Shape(7, 3)),
        ({"lstm": 4, "layers": 3, "return": "sequence", "bidirectional": True}, Shape(7, 3)),
        ({"gru": 4, "layers": 2, "bidirectional": True}, Shape(7, 3)),
        ({"attention": 3, "bias": False}, Shape(5, 6)),
        ({"lrn": 4, "alpha": 0.7}, Shape(5, 6, 9)),
        ({"adaptive_avgpool": "5x7"}, Shape(11, 13, 2)),
        ({"batchnorm": None, "affine": False}, Shape(3)),
    ],
)
@torch.no_grad()
def test_other_fields(row: dict[str, Any], flow: Shape) -> None:
    check(read(row), (flow,))


def check(layer: Any, flows: tuple[Any, ...]) -> None:
    rng = np.random.default_rng(7)
    xs = arrays(flows, rng)
    w = random_weights(layer, flows[0], rng)
    wanted = BY_KIND[layer.kind](layer, torch.from_numpy(xs[0]), tensors(w)).numpy()
    found = compute(layer, xs, w, "floor")
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)
    if xs[0].dtype.kind == "f":
        single = compute(layer, tuple(x.astype(np.float32) for x in xs), {k: v.astype(np.float32) for k, v in w.items()}, "floor")
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, wanted, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def by_pytorch(layer: Any, x: np.ndarray, w: dict[str, np.ndarray], fit: str) -> np.ndarray | None:
    """A convolution or a pooling in PyTorch; None where it refuses, or has no uneven padding."""
    rank = x.ndim - 2
    windows = (layer.written_windows if layer.kind == "conv_transpose" else layer.windows)(Shape(*x.shape[2:], x.shape[1]))
    stride, dilation, kernel = ([getattr(one, name) for one in windows] for name in ("stride", "dilation", "kernel_size"))
    t, ws = torch.from_numpy(x), tensors(w)
    even = all(one.before == one.after for one in windows)
    padding = [one.before for one in windows]
    if layer.kind in ("conv", "depthwise_conv") and fit == "floor":
        t = F.pad(t, [n for one in reversed(windows) for n in (one.before, one.after)])
        function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
        return function(t, ws["weight"], ws.get("bias"), stride, 0, dilation, x.shape[1] // ws["weight"].shape[1]).numpy()
    if not even:
        return None
    if layer.kind == "conv_transpose":
        function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]
        more = list(layer.output_padding) * (rank if len(layer.output_padding) == 1 else 1)
        return function(t, ws["weight"], ws.get("bias"), stride, padding, more, layer.groups, dilation).numpy()
    try:
        if layer.kind == "maxpool":
            function = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[rank - 1]
            return function(t, kernel, stride, padding, dilation, fit == "ceil").numpy()
        if layer.kind == "avgpool":
            function = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[rank - 1]
            return function(t, kernel, stride, padding, fit == "ceil", layer.count_include_pad).numpy()
    except RuntimeError:
        pass
    return None


@settings(max_examples=200)
@given(sliding(), st.integers(0, 2**16))
def test_any_window(case: tuple[Any, Shape, str], seed: int) -> None:
    layer, flow, fit = case
    try:
        layer.output_shape(flow, fit)
    except LayerError:
        return
    rng = np.random.default_rng(seed)
    (x,) = arrays((flow,), rng)
    w = random_weights(layer, flow, rng)
    wanted = by_pytorch(layer, x, w, fit)
    if wanted is not None:
        found = compute(layer, (x,), w, fit)
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(1, 70),
    st.integers(1, 70),
    st.sampled_from([1, 3, 5, 7]),
    st.integers(1, 3),
    st.integers(0, 3),
    st.sampled_from(["float32", "float64"]),
)
@torch.no_grad()
def test_convolutions_of_every_size(
    size: tuple[int, int], channels: int, filters: int, kernel: int, stride: int, padding: int, dtype: str
) -> None:
    """Through every way in which a convolution is computed: few channels and many, filtering, strips, few positions."""
    layer = read({"conv": filters, "kernel_size": kernel, "stride": stride, "padding": padding})
    if min(size) + 2 * padding < kernel:
        return
    rng = np.random.default_rng(11)
    x = rng.standard_normal((1, channels, *size)).astype(dtype)
    w = {
        "weight": (rng.standard_normal((filters, channels, kernel, kernel)) / np.sqrt(channels * kernel**2)).astype(dtype),
        "bias": rng.standard_normal(filters).astype(dtype),
    }
    wanted = F.conv2d(*(torch.from_numpy(a) for a in (x, w["weight"], w["bias"])), stride, padding).numpy()
    for array in (w["weight"], np.asfortranarray(w["weight"])):
        found = compute(layer, (x,), {**w, "weight": array}, "floor")
        tolerance = 1e-12 if dtype == "float64" else 3e-5
        assert np.abs(found - wanted).max() <= tolerance * max(1, np.abs(wanted).max())


@pytest.mark.parametrize(
    "name",
    ["alexnet", "resnet18", "resnet50", "mobilenet_v2", "densenet121", "googlenet", "unet", "textcnn", "question_encoder"],
)
@torch.no_grad()
def test_a_whole_network(name: str) -> None:
    from tests import torch_networks

    if name == "question_encoder":
        net = cnncalc.loads(torch_networks.QUESTION_ENCODER)
    else:
        # A smaller picture, of which every crop leaves the same as at 572×572.
        net = cnncalc.load(SPECS / f"{name}.yaml", input="188x188x1" if name == "unet" else None)
    assert net.problems == []
    weights = net.weights(seed=1)
    x = forward.random_inputs(net.graph, 2, "float32", 1)["input"]
    taking = torch_networks.Taking(weights)
    wanted = torch_networks.NETWORKS[name](taking, torch.from_numpy(x)).numpy()
    taking.end()
    found = net.forward(x, weights=weights)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()
