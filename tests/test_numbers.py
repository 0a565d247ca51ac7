"""Whole numbers that others have printed or computed, and what a run may not change."""

import json
from pathlib import Path

import numpy as np
import pytest

import cnncalc
from tests.one_row import network

DATA = Path(__file__).parent / "data"
CASES = [json.loads(line) for line in (DATA / "numeric.jsonl").read_text().splitlines()]
GUIDE = json.loads((DATA / "dumoulin_visin.json").read_text())


@pytest.fixture(scope="module")
def numeric():
    with np.load(DATA / "numeric.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_pytorch_s_numbers(case, threads, numeric):
    key = f"{case['id']:03d}"
    x = numeric[f"{key}_x"]
    x = x[None] if case["unbatched"] else x
    args = dict(case["args"])
    if isinstance(args.get("output_size"), list):
        # None keeps an axis as it is, which the language says with the size.
        args["output_size"] = [n if out is None else out for n, out in zip(x.shape[2:], args["output_size"], strict=True)]
    net = cnncalc.loads(network(case["op"], args, list(x.shape[1:])))
    weights = {net.layers[0].name: {name: numeric[f"{key}_{name}"] for name in ("weight", "bias") if f"{key}_{name}" in numeric}}
    found = net.forward(x, weights={layer: arrays for layer, arrays in weights.items() if arrays}, threads=threads)
    wanted = numeric[f"{key}_y"]
    np.testing.assert_allclose(found, wanted[None] if case["unbatched"] else wanted, rtol=1e-10, atol=1e-10)


def test_there_are_sixty_of_them():
    assert len(CASES) == 60


def image(row):
    """The guide's 5×5 input through one layer."""
    net = cnncalc.loads(f"input: 5x5x1\nlayers:\n  - {row}\n")
    x = np.array(GUIDE["numeric_input"], np.float64)[None, None]
    return net, x


@pytest.mark.parametrize("name", ["conv", "conv_padded_strided"])
def test_the_guide_s_convolutions(name):
    figure = GUIDE["numeric"][name]
    row = f"{{conv: 1, kernel_size: 3, stride: {figure['stride']}, padding: {figure['padding']}, bias: false}}"
    net, x = image(row)
    weight = np.array(figure["kernel"], np.float64)[None, None]
    found = net.forward(x, weights={"conv1": {"weight": weight}})
    np.testing.assert_array_equal(found[0, 0], figure["printed"])


def test_the_guide_s_poolings():
    net, x = image("{maxpool: 3, stride: 1}")
    np.testing.assert_array_equal(net.forward(x)[0, 0], GUIDE["numeric"]["max_pool"]["printed"])
    net, x = image("{avgpool: 3, stride: 1}")
    found = net.forward(x)[0, 0]
    np.testing.assert_allclose(found, GUIDE["numeric"]["average_pool"]["exact"], rtol=1e-12)
    np.testing.assert_allclose(found, GUIDE["numeric"]["average_pool"]["printed"], atol=0.05)


def test_the_lecture_s_one_number():
    """32×32×3 is stretched to 3072 × 1; one number is the dot product of a row of W with it."""
    net = cnncalc.loads("input: 32x32x3\nlayers:\n  - {fc: 10, bias: false}\n")
    x = np.random.default_rng(1).integers(0, 256, (1, 3, 32, 32)).astype(np.float64)
    rows = np.random.default_rng(2).integers(-9, 10, (10, 3072)).astype(np.float64)
    found = net.forward(x, weights={"fc1": {"weight": rows}})
    stretched = [x[0, c, i, j] for c in range(3) for i in range(32) for j in range(32)]
    assert found.shape == (1, 10)
    assert found[0, 0] == sum(w * v for w, v in zip(rows[0], stretched, strict=True))


def test_the_lecture_s_filter_is_a_dot_product_of_75_numbers():
    """A 5×5×3 filter at one place: 5·5·3 = 75 products and a bias."""
    net = cnncalc.loads("input: 32x32x3\nlayers:\n  - {conv: 6, kernel_size: 5}\n")
    rng = np.random.default_rng(3)
    x, weight, bias = rng.standard_normal((1, 3, 32, 32)), rng.standard_normal((6, 3, 5, 5)), rng.standard_normal(6)
    found = net.forward(x, weights={"conv1": {"weight": weight, "bias": bias}})
    assert found.shape == (1, 6, 28, 28)
    patch, filter_ = x[0, :, 7:12, 20:25].ravel().tolist(), weight[4].ravel().tolist()
    assert len(patch) == 75
    assert found[0, 4, 7, 20] == pytest.approx(sum(a * b for a, b in zip(patch, filter_, strict=True)) + bias[4], rel=1e-12)
