"""Random networks: fused, layer by layer, and as the loops of tests/naive.py compute them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncalc
from cnncalc.forward import runner as forward
from cnncalc.graph import Node
from cnncalc.layers import Join
from tests import naive

#: Rows that keep a map's sizes and channels, so that any of them may be joined with any other.
ROWS = [
    "{conv: 4, kernel_size: 1}",
    "{conv: 4, kernel_size: 3, padding: 1, bias: false}",
    "{depthwise_conv: 1, kernel_size: 3, padding: 1}",
    "batchnorm",
    "relu",
    "leaky_relu",
    "scale",
    "dropout",
    "identity",
    "{maxpool: 3, stride: 1, padding: 1}",
    "softmax",
]


@st.composite
def rows(draw: st.DrawFn, depth: int = 2) -> list[str]:
    """Rows of a map of 4 channels, some of them branches, which may have one branch, and branches without rows."""
    found = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.integers(0, 9 if depth else 7))
        if kind >= 8:
            merge = draw(st.sampled_from(["add", "multiply", "concat"]))
            branches = draw(st.lists(rows(depth - 1), min_size=1, max_size=3))
            inside = ", ".join(f"b{i}: [{', '.join(branch)}]" for i, branch in enumerate(branches))
            found.append(f"{{branches: {{{inside}}}, merge: {merge}}}")
            if merge == "concat" and len(branches) > 1:
                found.append("{conv: 4, kernel_size: 1}")
        else:
            found.append(draw(st.sampled_from(ROWS)))
    return found


def computed_naively(net: Any, x: np.ndarray, weights: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Every layer's result by the loops, in order."""
    values: dict[Any, np.ndarray] = {net.inputs[0]: x}
    for node in net.layers:
        xs = tuple(values[source] for source in node.inputs)
        values[node] = naive.forward(node.layer, xs, weights.get(node.name, {}), node.fit)
    return {source.name: value for source, value in values.items() if isinstance(source, Node)}


@settings(max_examples=120, deadline=None)
@given(rows(), st.integers(0, 2**16), st.booleans(), st.booleans())
def test_fused_unfused_and_naive_results_are_the_same(body: list[str], seed: int, parallel_blas: bool, several: bool) -> None:
    body = ["{scale: , name: first}", *body, "relu", "{scale: , name: last}"]
    text = "input: 5x4x4\n" + ("outputs: [first, last]\n" if several else "") + "layers:\n"
    net = cnncalc.loads(text + "".join(f"  - {row}\n" for row in body))
    assert not [problem for problem in net.problems if problem.level == "error"]
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, 4, 5, 4))
    weights = {
        layer: {name: array.astype(float) for name, array in arrays.items()} for layer, arrays in net.weights(seed).items()
    }
    wanted = computed_naively(net, x, weights)
    alone: dict[str, np.ndarray] = {}

    def watch(node: Node, xs: Any, y: np.ndarray, seconds: float, workers: Any) -> None:
        alone[node.name] = y.copy()

    forward.Runner(net.graph, weights, threads=2)({"input": x}, watch=watch)
    assert list(alone) == [node.name for node in net.layers]
    for name, value in wanted.items():
        np.testing.assert_allclose(alone[name], value, rtol=1e-9, atol=1e-9, err_msg=name)
    runner = forward.Runner(net.graph, weights, threads=2)
    runner.plan.parallel_blas = lambda batch: parallel_blas  # type: ignore[method-assign]
    for source, value in runner({"input": x}).items():
        np.testing.assert_allclose(value, wanted[source.name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("merge", ["add", "multiply"])
@pytest.mark.parametrize("before", ["", "{scale: , name: before}"])
def test_a_join_of_one_result_applies_what_is_fused_behind_it(merge: str, before: str) -> None:
    rows = [*([before] if before else []), f"{{branches: {{a: []}}, merge: {merge}}}", "relu"]
    net = cnncalc.loads("input: 4\nlayers:\n" + "".join(f"  - {row}\n" for row in rows))
    assert any(isinstance(node.layer, Join) for node in net.layers)
    x = np.array([[-1.0, 2.0, -3.0, 4.0]])
    weights = {"before": {"weight": np.ones(4)}} if before else {}
    np.testing.assert_array_equal(net.forward(x, weights=weights), [[0.0, 2.0, 0.0, 4.0]])
    np.testing.assert_array_equal(x, [[-1.0, 2.0, -3.0, 4.0]])
