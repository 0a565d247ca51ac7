"""What heads and attention compute, against the same arithmetic written with NumPy."""

import numpy as np
import pytest

import cnncalc
from cnncalc.build.builder import Builder
from cnncalc.build.changes import Changes
from cnncalc.build.problems import Problems
from cnncalc.formats.ultralytics.catalog import Net
from cnncalc.formats.ultralytics.products import attend_cells, attend_steps
from cnncalc.forward.plan import Plan
from cnncalc.forward.runner import forward
from cnncalc.shape import Shape

HEAD = "nc: 3\nbackbone: [[-1, 1, Conv, [16, 3, 8]], [-1, 1, Conv, [16, 3, 2]]]\nhead: [[[0, 1], 1, {}]]\n{}"


def computed(layout, *shapes, seed=0):
    """The results of a layout for random inputs of these shapes, channels first, and the inputs."""
    builder = Builder(Problems(None), Changes())
    inputs = [builder.input(f"x{i}", shape) for i, shape in enumerate(shapes)]
    found = layout(Net(builder), *inputs)
    builder.outputs(found if isinstance(found, tuple) else [found])
    rng = np.random.default_rng(seed)
    arrays = {f"x{i}": rng.normal(size=(1, shape.channels, *shape.spatial)) for i, shape in enumerate(shapes)}
    x = arrays if len(arrays) > 1 else arrays["x0"]
    results = forward(Plan(builder.graph, builder.graph.outputs), x, None, 0, 1)
    return (list(results.values()) if isinstance(results, dict) else [results]), list(arrays.values())


def attention(q, k, v):
    """Rows are places."""
    scores = np.exp(q @ k.T / np.sqrt(q.shape[1]))
    return scores / scores.sum(1, keepdims=True) @ v


@pytest.mark.parametrize("areas", [1, 3])
def test_cells_attend_within_their_area(areas):
    # 2 heads of 2 queries, 2 keys and 4 values; 3×4 cells in row order, cut into `areas` equal parts.
    (mixed, values), (x,) = computed(lambda net, x: attend_cells(net, x, 2, 2, areas), Shape(3, 4, 16))
    heads = x.reshape(2, 8, 12)
    want = np.zeros((2, 4, 12))
    for head in range(2):
        for part in np.split(np.arange(12), areas):
            q, k, v = (rows[:, part].T for rows in np.split(heads[head], [2, 4]))
            want[head][:, part] = attention(q, k, v).T
    np.testing.assert_allclose(mixed, want.reshape(1, 8, 3, 4), rtol=1e-9)
    np.testing.assert_array_equal(values, heads[:, 4:].reshape(1, 8, 3, 4))


def test_steps_of_one_sequence_attend_to_another():
    (y,), (q, k, v) = computed(lambda net, q, k, v: attend_steps(net, q, k, v, 2), Shape(3, 4), Shape(5, 4), Shape(5, 4))
    parts = [attention(q[0, c].T, k[0, c].T, v[0, c].T).T for c in (slice(2), slice(2, 4))]
    np.testing.assert_allclose(y[0], np.concatenate(parts), rtol=1e-9)


def predicted(head, constants, more=""):
    """The predictions of a network whose weights are all 0 but for those given by the end of their layer's name."""
    net = cnncalc.loads(HEAD.format(head, more), file="yolo.yaml", input="3x32x32")
    assert not net.problems
    assert net.reading.complete
    weights = net.weights(seed=0)
    for name, arrays in weights.items():
        for part in arrays:
            given = next((value for end, value in constants.items() if name.endswith(end)), 0)
            # Of a layer with biases, the number is the bias.
            given = 0 if part == "weight" and "bias" in arrays else given
            arrays[part] = np.broadcast_to(np.asarray(given, float), arrays[part].shape)
    found = net.forward(np.zeros((1, 3, 32, 32)), weights=weights)
    return (next(iter(found.values())) if isinstance(found, dict) else found)[0]


# Levels of 4×4 and 2×2 cells, 8 and 16 pixels each.
CELLS = np.concatenate([np.stack(np.meshgrid(np.arange(n), np.arange(n)), 0).reshape(2, -1) for n in (4, 2)], 1)
STRIDES = np.repeat([8, 16], [16, 4])[None]


PLACED = {"cells": CELLS + 0.5, "strides": STRIDES, "dfl.conv": np.arange(16.0)[None, :, None, None]}


def test_boxes_lie_around_the_centres_of_cells():
    y = predicted("Detect, [nc]", PLACED)
    assert y.shape == (7, 20)
    # Every distance is the mean of 0 to 15 if all are as likely; a score of 0 is the probability 1/2.
    np.testing.assert_allclose(y[:2], (CELLS + 0.5) * STRIDES)
    np.testing.assert_allclose(y[2:4], np.repeat(15 * STRIDES, 2, 0))
    np.testing.assert_allclose(y[4:], 0.5)


def test_boxes_turn_about_the_cell():
    # The biases of the towers make sides of 0, 0, 15 and 0 cells almost certain: the centre lies 7.5 cells right of the cell.
    biases = np.zeros(64)
    biases[[0, 16, 32 + 15, 48]] = 1000
    y = predicted("OBB26, [nc, 1]", {"cv4.0.2": 0, "cv2.0.2": biases, "cv2.1.2": biases, "cv4.1.2": np.pi / 2} | PLACED)
    assert y.shape == (8, 20)
    turned = np.arange(20) >= 16
    # A quarter of a turn moves it 7.5 cells down instead.
    np.testing.assert_allclose(y[:2] / STRIDES, CELLS + 0.5 + 7.5 * np.stack([~turned, turned]), atol=1e-6)
    np.testing.assert_allclose(y[2:4], np.stack([15 * STRIDES[0], 0 * STRIDES[0]]), atol=1e-6)
    np.testing.assert_allclose(y[7], np.where(turned, np.pi / 2, 0))


def test_key_points_are_offsets_from_the_cell():
    points = {"points.cells": CELLS[:, :, None], "points.strides": STRIDES[:, :, None]}
    y = predicted("Pose, [nc, [5, 3]]", points | PLACED)
    assert y.shape == (7 + 15, 20)
    for point in y[7:].reshape(5, 3, 20):
        np.testing.assert_allclose(point[:2], CELLS * STRIDES)
        np.testing.assert_allclose(point[2], 0.5)


def test_boxes_around_anchors_follow_one_another_by_anchor():
    flat = np.repeat(np.array([[10, 16], [13, 30]]), 16, 1)
    grid = np.tile(CELLS[:, :16] - 0.5, 2)
    constants = {"decode0.grid": grid, "decode0.anchors": flat}
    y = predicted("Detect, [nc, anchors]", constants, "anchors: [[10, 13, 16, 30], [30, 61, 62, 45]]")
    assert y.shape == (8, 40)
    # Sigmoid of 0: a centre at twice 1/2 past the grid's place, a side of (2/2)² times the anchor's.
    np.testing.assert_allclose(y[:2, :32], (np.tile(CELLS[:, :16], 2) + 0.5) * 8)
    np.testing.assert_allclose(y[2:4, :32], flat)
