"""Each kind's forward pass against its definition, written out as loops in tests/naive.py."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.kernels.run import Run
from cnncalc.kernels.workers import Workers
from cnncalc.layers import KINDS, Join, Layer
from cnncalc.layers.accept import check_flow
from cnncalc.shape import LayerError, Shape, Tokens
from cnncalc.values import Value
from tests import naive


def read(row: dict[str, Any]) -> Layer:
    """The layer that a row says."""

    def plain(value: Any) -> Value:
        if isinstance(value, (list, tuple)):
            return tuple(map(plain, value))
        return value if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    (kind,) = [key for key in row if key in KINDS][:1]
    layer, faults = KINDS[kind].read({key: plain(value) for key, value in row.items()})
    assert layer is not None, faults
    return layer


def arrays(flows: tuple[Any, ...], rng: np.random.Generator, batch: int = 2) -> tuple[np.ndarray, ...]:
    """Random inputs of `flows` in float64."""
    return tuple(
        rng.integers(0, flow.vocabulary, (batch, flow.length))
        if isinstance(flow, Tokens)
        else rng.standard_normal((batch, flow.channels, *flow.spatial))
        for flow in flows
    )


def random_weights(layer: Layer, flow: Any, rng: np.random.Generator) -> dict[str, np.ndarray]:
    if isinstance(layer, Join):
        return {}
    x = Shape() if flow is None else check_flow(layer, flow)
    found = {w.name: rng.standard_normal(w.shape) for w in layer.weights(x)}
    if "running_var" in found:
        found["running_var"] = np.abs(found["running_var"]) + 0.1
    return found


def compute(layer: Layer, xs: tuple[np.ndarray, ...], w: dict[str, np.ndarray], fit: str, threads: int = 2) -> np.ndarray:
    with Workers(threads).running() as workers, np.errstate(all="ignore"):
        run = Run(workers, fit)
        return layer.forward_join(xs, w, run) if isinstance(layer, Join) else layer.forward(xs[0], w, run)


def compare(layer: Layer, flows: tuple[Any, ...], seed: int = 0, fit: str = "floor") -> np.ndarray:
    """Runs `layer` on `flows` and holds it against the loops, from arrays that lie either way in memory; gives the result."""
    rng = np.random.default_rng(seed)
    # A layer that reads nothing is told the batch by an input without numbers.
    xs = arrays(flows, rng) or (np.empty((2, 0)),)
    w = random_weights(layer, flows[0] if flows else None, rng)
    before = [x.copy() for x in xs]
    wanted = naive.forward(layer, xs, w, fit)
    found = compute(layer, xs, w, fit)
    assert found.shape == wanted.shape
    shapes = tuple(check_flow(layer, flow) for flow in flows)
    inferred = layer.join(shapes) if isinstance(layer, Join) else layer.output_shape(shapes[0] if shapes else Shape(), fit)
    assert inferred == Shape(*found.shape[2:], found.shape[1])
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)
    last = tuple(x if x.dtype.kind == "i" else np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1) for x in xs)
    turned = {name: np.asfortranarray(array) for name, array in w.items()}
    again = compute(layer, last, turned, fit, threads=1)
    np.testing.assert_allclose(again, wanted, rtol=1e-10, atol=1e-10)
    for x, unchanged in zip(xs, before, strict=True):
        np.testing.assert_array_equal(x, unchanged)
    return found


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if not kind.opaque])
def test_the_example_computes_its_output(kind: str) -> None:
    example = KINDS[kind].example
    found = compare(read(example.row), example.inputs)
    assert Shape(*found.shape[2:], found.shape[1]) == example.output


@pytest.mark.parametrize(
    ("row", "flows"),
    [
        ({"batchnorm": None, "affine": False}, (Shape(5, 3),)),
        ({"batchnorm": None}, (Shape(7),)),
        ({"scale": None}, (Shape(7),)),
        ({"prelu": None}, (Shape(7),)),
        ({"softmax": None}, (Shape(7),)),
        ({"instancenorm": None}, (Shape(2, 3, 4, 5),)),
        ({"layernorm": None, "affine": False}, (Shape(7),)),
        ({"groupnorm": 3, "affine": False}, (Shape(6),)),
        ({"lrn": 4, "alpha": 0.5, "k": 2}, (Shape(3, 7),)),
        ({"lrn": 9, "alpha": 0.5}, (Shape(2, 3, 4),)),
        ({"add": ["a", "b", "c"]}, (Shape(3, 5, 2),) * 3),
        ({"add": ["a", "b"]}, (Shape(7),) * 2),
        ({"multiply": ["a", "b"]}, (Shape(2), Shape(3, 5, 2))),
        ({"multiply": ["a", "b", "c"]}, (Shape(1, 1, 2), Shape(3, 5, 2), Shape(2))),
        ({"concat": ["a", "b", "c"]}, (Shape(7), Shape(2), Shape(3))),
        ({"concat": ["a", "b"], "axis": "height"}, (Shape(3, 5, 2), Shape(4, 5, 2))),
        ({"concat": ["a", "b", "c"], "axis": "length"}, (Shape(1, 5), Shape(4, 5), Shape(2, 5))),
        ({"concat": ["a", "b"], "axis": "width"}, (Shape(2, 3, 5, 2), Shape(2, 3, 4, 2))),
        ({"add": ["a", "b", "c"]}, (Shape(2), Shape(3, 5, 1), Shape(3, 5, 2))),
        ({"add": ["a", "b"]}, (Shape(7, 3), Shape(1, 3))),
        ({"subtract": ["a", "b"]}, (Shape(2), Shape(3, 5, 2))),
        ({"divide": ["a", "b"]}, (Shape(3, 5, 1), Shape(3, 5, 2))),
        ({"maximum": ["a", "b", "c"]}, (Shape(7),) * 3),
        ({"average": ["a", "b", "c"]}, (Shape(3, 5, 2), Shape(2), Shape(3, 5, 2))),
        ({"matmul": ["a", "b"]}, (Shape(3, 5), Shape(5, 7))),
        ({"matmul": ["a", "b"], "transpose": "first", "factor": 0.25}, (Shape(5, 3), Shape(5, 7))),
        ({"matmul": ["a", "b"], "transpose": "second"}, (Shape(2, 3, 5), Shape(2, 7, 5))),
        ({"softmax": None, "axis": "length"}, (Shape(7, 3),)),
        ({"softmax": None, "axis": "height"}, (Shape(3, 5, 2),)),
        ({"softmax": None, "axis": "width"}, (Shape(2, 3, 5, 2),)),
        ({"gelu": None, "approximate": "tanh"}, (Shape(3, 5, 2),)),
        ({"hard_sigmoid": None, "slope": 0.2, "offset": 0.5}, (Shape(3, 5, 2),)),
        ({"clip": None, "min": 0}, (Shape(7),)),
        ({"clip": None, "max": 0.5}, (Shape(7),)),
        ({"power": 2}, (Shape(7, 3),)),
        ({"rescale": None, "factor": -3}, (Shape(7, 3),)),
        ({"add_bias": None}, (Shape(7),)),
        ({"standardize": None}, (Shape(5, 7, 3),)),
        ({"standardize": None, "mean": [1, -2, 0.5], "variance": [4, 0.25, 9]}, (Shape(5, 7, 3),)),
        ({"standardize": None, "mean": 2, "variance": [4, 0.25, 9]}, (Shape(3),)),
        ({"linear": 4}, (Shape(7),)),
        ({"linear": 4, "bias": False}, (Shape(7, 3),)),
        ({"linear": 5}, (Shape(2, 3, 4, 6),)),
        ({"parameter": 7}, ()),
        ({"conv": 3, "kernel_size": 3, "padding": "2x1", "padding_mode": "reflect"}, (Shape(5, 7, 2),)),
        ({"conv": 3, "kernel_size": 3, "padding": [[2, 0]], "padding_mode": "replicate", "stride": 2}, (Shape(7, 2),)),
        ({"conv": 4, "kernel_size": 2, "padding": "same", "padding_mode": "circular", "groups": 2}, (Shape(5, 3, 2),)),
        ({"depthwise_conv": 2, "kernel_size": 3, "padding": 1, "padding_mode": "circular"}, (Shape(5, 3, 4),)),
        ({"conv_transpose": 3, "kernel_size": 3, "stride": 2, "padding": "same"}, (Shape(5, 7, 2),)),
        ({"conv_transpose": 3, "kernel_size": "2x5", "stride": 3, "padding": "same", "dilation": "1x2"}, (Shape(5, 7, 2),)),
        ({"conv_transpose": 3, "kernel_size": 1, "stride": 2, "padding": "same", "groups": 1}, (Shape(5, 2),)),
        ({"lstm": 4, "biases": 1, "return": "sequence"}, (Shape(7, 3),)),
        ({"gru": 4, "biases": 0, "bidirectional": True}, (Shape(7, 3),)),
        ({"gru": 4, "biases": 1, "layers": 2}, (Shape(7, 3),)),
        ({"rnn": 4, "biases": 1}, (Shape(7, 3),)),
        ({"layernorm": None, "over": "all"}, (Shape(3, 5, 2),)),
        ({"layernorm": None, "over": "all", "affine": False}, (Shape(7, 3),)),
        (
            {"rmsnorm": None, "affine": False},
            (
                Shape(
                    7,
                ),
            ),
        ),
        ({"global_response_norm": None}, (Shape(7, 3),)),
        ({"conv_lstm": 2, "kernel_size": 3, "padding": "same", "return": "sequence"}, (Shape(3, 5, 4, 2),)),
        ({"conv_lstm": 2, "kernel_size": 2, "stride": 2}, (Shape(3, 7, 2),)),
        ({"upsample": None, "size": "7x11"}, (Shape(5, 3, 2),)),
        ({"upsample": None, "size": 5}, (Shape(13, 2),)),
        ({"upsample": None, "size": "7x11", "mode": "bilinear"}, (Shape(5, 3, 2),)),
        ({"upsample": None, "size": "7x11", "mode": "bilinear", "align_corners": True}, (Shape(5, 3, 2),)),
        ({"upsample": None, "size": "1x2", "mode": "bilinear", "align_corners": True}, (Shape(5, 3, 2),)),
        ({"upsample": 2, "mode": "bicubic"}, (Shape(5, 3, 2),)),
        ({"upsample": None, "size": "7x11", "mode": "bicubic", "align_corners": True}, (Shape(5, 3, 2),)),
        ({"upsample": None, "size": "3x2", "mode": "bicubic"}, (Shape(5, 7, 2),)),
        ({"pixel_shuffle": 2, "order": "tensorflow"}, (Shape(3, 5, 12),)),
        ({"space_to_depth": 2, "order": "tensorflow"}, (Shape(6, 10, 3),)),
        ({"space_to_depth": 2, "order": "darknet"}, (Shape(6, 10, 4),)),
        ({"space_to_depth": 3, "order": "darknet"}, (Shape(6, 9, 18),)),
        ({"pad": [[2, 1], [0, 3]], "mode": "reflect"}, (Shape(3, 5, 2),)),
        ({"pad": [[2, 1], [0, 3]], "mode": "replicate"}, (Shape(3, 5, 2),)),
        ({"pad": [[3, 1], [0, 5]], "mode": "circular"}, (Shape(3, 5, 2),)),
        ({"pad": 1, "value": -1.5}, (Shape(2, 3, 4, 5),)),
        ({"pad": 0, "channels": [3, 1]}, (Shape(7, 2),)),
        ({"roll": 2}, (Shape(7, 3),)),
        ({"roll": "1x-2x9"}, (Shape(2, 3, 4, 5),)),
        ({"reduce": "mean", "axes": ["height", "width"]}, (Shape(3, 5, 2),)),
        ({"reduce": "max", "axes": "channels"}, (Shape(3, 5, 2),)),
        ({"reduce": "sum", "axes": ["channels"], "keep": True}, (Shape(3, 5, 2),)),
        ({"reduce": "norm", "axes": ["length"]}, (Shape(7, 3),)),
        ({"reduce": "norm", "axes": ["depth", "channels"]}, (Shape(2, 3, 4, 5),)),
        ({"reduce": "mean", "axes": "channels"}, (Shape(7),)),
        ({"reduce": "max", "axes": ["channels", "length"]}, (Shape(7, 3),)),
        ({"squeeze": ["height", "channels"]}, (Shape(1, 5, 1),)),
        ({"squeeze": "channels"}, (Shape(3, 5, 1),)),
        ({"squeeze": "depth"}, (Shape(1, 3, 4, 5),)),
        ({"reshape": "5x_"}, (Shape(2, 3, 5),)),
        ({"slice": "1:4", "axis": "height"}, (Shape(5, 3, 2),)),
        ({"slice": ":2", "axis": "length"}, (Shape(5, 3),)),
        ({"slice": "1:", "axis": "width"}, (Shape(2, 3, 4, 5),)),
        ({"slice": "1:5", "axis": "height", "step": 2}, (Shape(6, 3, 2),)),
        ({"slice": "1:", "axis": "width", "step": 3}, (Shape(2, 3, 8, 5),)),
        ({"slice": ":", "step": 4}, (Shape(3, 5),)),
        ({"parameter": "7x3"}, ()),
        ({"upsample": "3x2", "mode": "bilinear"}, (Shape(4, 5, 2),)),
        ({"upsample": 2}, (Shape(3, 4, 5, 2),)),
        ({"upsample": 3, "mode": "bilinear"}, (Shape(1, 1, 2),)),
        ({"rnn": 4, "layers": 2, "bidirectional": True}, (Shape(7, 3),)),
        ({"lstm": 4, "return": "sequence", "bidirectional": True}, (Shape(7, 3),)),
        ({"gru": 4, "layers": 3}, (Shape(1, 3),)),
        ({"attention": 3, "bias": False}, (Shape(5, 6),)),
        ({"fc": 4, "bias": False}, (Shape(7),)),
        ({"slice": ":2"}, (Shape(5),)),
        ({"permute": ["channels", "length"]}, (Shape(5, 3),)),
        ({"permute": ["height", "channels", "width", "depth"]}, (Shape(2, 3, 4, 5),)),
        ({"adaptive_avgpool": 9}, (Shape(4, 2),)),
        ({"adaptive_maxpool": "2x1x3"}, (Shape(5, 4, 3, 2),)),
        ({"leaky_relu": 1.5}, (Shape(5, 3),)),
        ({"elu": None, "alpha": 0.5}, (Shape(5, 3),)),
        ({"leaky_relu": -0.5}, (Shape(5, 3),)),
        ({"conv": 3, "kernel_size": 5, "stride": 2, "padding": "same", "dilation": 2}, (Shape(9, 8, 2),)),
        ({"conv": 3, "kernel_size": 3, "dilation": 4, "padding": "causal"}, (Shape(9, 2),)),
        ({"conv": 40, "kernel_size": 3, "padding": 1}, (Shape(6, 7, 18),)),
        ({"conv": 17, "kernel_size": 1, "stride": 2, "groups": 1, "bias": False}, (Shape(5, 7, 16),)),
        ({"avgpool": 3, "stride": 2, "padding": "same"}, (Shape(6, 5, 2),)),
        ({"maxpool": 2, "padding": 1, "stride": 1}, (Shape(1, 1, 2),)),
    ],
)
def test_other_ranks_and_fields(row: dict[str, Any], flows: tuple[Any, ...]) -> None:
    compare(read(row), flows)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize(("size", "kernel_size", "stride", "padding"), [(8, 3, 2, 1), (9, 2, 3, 1), (7, 4, 3, 2)])
def test_padding_of_the_map_itself_under_the_ceiling(mode: str, size: int, kernel_size: int, stride: int, padding: int) -> None:
    row = {"conv": 3, "kernel_size": kernel_size, "stride": stride, "padding": padding, "padding_mode": mode}
    compare(read(row), (Shape(size, 5, 2),), fit="ceil")


def test_elu_with_another_alpha() -> None:
    # 0.5·(1/e − 1) and 0.5·(1/e² − 1)
    found = compute(read({"elu": None, "alpha": 0.5}), (np.array([[-1.0, -2.0, 0.0, 3.0]]),), {}, "floor")
    np.testing.assert_allclose(found, [[-0.31606027941427883, -0.43233235838169365, 0, 3]], rtol=1e-12)


def test_a_window_on_padding_alone_has_no_largest_number() -> None:
    layer = read({"maxpool": 1, "padding": 1})
    found = compute(layer, (np.ones((1, 1, 1)),), {}, "floor")
    np.testing.assert_array_equal(found, [[[-np.inf, 1, -np.inf]]])


@st.composite
def sliding(draw: st.DrawFn) -> tuple[Layer, Shape, str]:
    """A convolution or a pooling of any rank, and an input that its window goes into."""
    rank = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["conv", "depthwise_conv", "conv_transpose", "maxpool", "avgpool", "sumpool"]))
    each = st.lists(st.integers(1, 3), min_size=rank, max_size=rank)
    row: dict[str, Any] = {"stride": draw(each)}
    kernel = draw(each)
    pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=rank, max_size=rank)
    row["padding"] = draw(pairs)
    if kind not in ("avgpool", "sumpool"):
        row["dilation"] = draw(each)
    groups = draw(st.integers(1, 2))
    channels = groups * draw(st.integers(1, 9))
    if kind.endswith("pool"):
        row[kind] = kernel
        if kind == "avgpool":
            row["count_include_pad"] = draw(st.booleans())
    else:
        row[kind] = draw(st.integers(1, 2)) if kind == "depthwise_conv" else groups * draw(st.integers(1, 3))
        row["kernel_size"] = kernel
        row["bias"] = draw(st.booleans())
        if kind != "depthwise_conv":
            row["groups"] = groups
        if kind == "conv_transpose":
            row["output_padding"] = [
                draw(st.integers(0, max(s, d) - 1)) for s, d in zip(row["stride"], row["dilation"], strict=True)
            ]
    sizes = draw(st.lists(st.integers(1, 6), min_size=rank, max_size=rank))
    return read(row), Shape(*sizes, channels), draw(st.sampled_from(["floor", "ceil"]))


@settings(max_examples=150)
@given(sliding(), st.integers(0, 2**16))
def test_any_window(case: tuple[Layer, Shape, str], seed: int) -> None:
    layer, flow, fit = case
    try:
        inferred = layer.output_shape(flow, fit)
    except LayerError:
        return
    found = compare(layer, (flow,), seed, fit)
    assert Shape(*found.shape[2:], found.shape[1]) == inferred
