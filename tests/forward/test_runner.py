"""Plans, memory, threads, inputs and refusals of the forward pass."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import cnncalc
from cnncalc import machine
from cnncalc.forward import runner as forward
from cnncalc.forward.footprint import footprint
from cnncalc.kernels.buffers import acquire_pool
from cnncalc.layers.base import KINDS, Layer
from cnncalc.shape import Shape

SPECS = Path(__file__).parents[2] / "specs"
SMALL = [
    "lenet5",
    "textcnn",
    "char_cnn",
    "siamese",
    "squeezenet1_1",
    "shufflenet_v2",
    "mobilenet_v2",
    "efficientnet_b0",
    "dcgan_generator",
]


def spec(name, **more):
    return cnncalc.load(SPECS / f"{name}.yaml", **more)


def as_dict(found):
    return found if isinstance(found, dict) else {"": found}


@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.yaml")))
def test_every_spec_can_be_planned(name):
    net = spec(name)
    plan = forward.Plan(net.graph, net.graph.outputs)
    assert footprint(plan, 1, 4, "none", 2) > sum(source.flow.size for source in net.outputs) * 4
    done = [node for step in plan.steps for node in (step.node, *step.fused)]
    assert len(done) == len(set(done)) <= len(net.layers)


@pytest.mark.parametrize("name", SMALL)
def test_layers_run_alone_or_together_and_on_any_threads_give_the_same(name, monkeypatch):
    monkeypatch.setattr(forward, "busy", lambda: False)
    net = spec(name)
    x = forward.random_inputs(net.graph, 2, "float32", 3)
    before = {key: value.copy() for key, value in x.items()}
    one = as_dict(net.forward(x, seed=5, threads=1))
    two = as_dict(net.forward(x, seed=5, threads=2))
    weights = net.weights(5)
    kept, again = (as_dict(net.forward(x, weights=weights, threads=n)) for n in (1, 2))
    seen = []
    alone = forward.Runner(net.graph, seed=5)(x, watch=lambda node, *_: seen.append(node))
    assert seen == net.layers
    for source in net.outputs:
        key = source.name if len(one) > 1 else ""
        assert one[key].shape == (2, source.shape.channels, *source.shape.spatial)
        largest = np.abs(one[key]).max()
        assert largest > 0
        for other in (two[key], kept[key], again[key], alone[source]):
            assert np.abs(other - one[key]).max() <= 1e-6 * largest + 1e-9
    for key, value in x.items():
        np.testing.assert_array_equal(value, before[key])


def test_float64_has_the_weights_of_float32():
    net = spec("lenet5")
    x = forward.random_inputs(net.graph, 1, "float64", 0)["input"]
    found = net.forward(x)
    assert found.dtype == np.float64
    np.testing.assert_allclose(net.forward(x.astype(np.float32)), found, rtol=1e-4, atol=1e-5)


def test_results_that_others_still_read_are_not_written_over():
    text = """\
input: 3x5x4
outputs: [relu1, relu2, add1, relu3, multiply1, slice1]
layers:
  - {conv: 4, kernel_size: 1}
  - relu
  - {slice: "0:4"}
  - {relu: , from: slice1}
  - {add: [conv1, conv1]}
  - {relu: , from: conv1}
  - {multiply: [add1, conv1, add1]}
"""
    net = cnncalc.loads(text)
    assert net.problems == []
    x = np.random.default_rng(0).standard_normal((2, 4, 3, 5))
    w = net.weights()
    found = net.forward(x, weights=w)
    conv = cnncalc.loads("input: 3x5x4\nlayers:\n  - {conv: 4, kernel_size: 1}\n").forward(x, weights=w)
    np.testing.assert_array_equal(found["relu1"], np.maximum(conv, 0))
    np.testing.assert_array_equal(found["slice1"], np.maximum(conv, 0))
    np.testing.assert_array_equal(found["relu2"], np.maximum(conv, 0))
    np.testing.assert_array_equal(found["relu3"], np.maximum(conv, 0))
    np.testing.assert_array_equal(found["add1"], conv + conv)
    np.testing.assert_allclose(found["multiply1"], 4 * conv**3, rtol=1e-12)


#: What sums are joined to: each way in which a convolution is computed, and a layer that takes none.
BEFORE_A_SUM = {
    "a window of one cell": ("9x7x6", "{conv: 6, kernel_size: 1}"),
    "few channels": ("9x7x3", "{conv: 3, kernel_size: 3, padding: 1}"),
    "few positions": ("9x7x24", "{conv: 24, kernel_size: 3, padding: 1}"),
    "strips": ("40x30x24", "{conv: 24, kernel_size: 3, padding: 1}"),
    "Winograd in whole blocks": ("48x48x64", "{conv: 64, kernel_size: 3, padding: 1}"),
    "Winograd in parts of blocks": ("50x47x64", "{conv: 64, kernel_size: 3, padding: 1}"),
    "groups": ("9x7x32", "{conv: 32, kernel_size: 3, padding: 1, groups: 2}"),
    "three axes": ("5x6x7x4", "{conv: 4, kernel_size: 3, padding: 1}"),
    "each channel alone": ("9x7x6", "{depthwise_conv: 1, kernel_size: 3, padding: 1}"),
    "fully connected": ("6", "{fc: 6}"),
    "a sum": ("9x7x6", "{add: [input, scale1]}"),
}


@pytest.mark.parametrize(("shape", "before"), BEFORE_A_SUM.values(), ids=BEFORE_A_SUM)
@pytest.mark.parametrize("parallel_blas", [True, False], ids=["by products", "by tasks"])
def test_sums_that_are_joined_to_the_layer_before_are_the_same(shape, before, parallel_blas, monkeypatch):
    rows = ["{scale: , name: scale1, from: input}", before.replace("{", "{name: main, ", 1)]
    rows += ["batchnorm", "{add: scale1, name: sum}", "relu", "{scale: , name: last}"]
    net = cnncalc.loads(f"input: {shape}\nlayers:\n" + "".join(f"  - {row}\n" for row in rows))
    assert net.problems == []
    x = forward.random_inputs(net.graph, 2, "float32", 1)
    w = net.weights(3)
    # Factors and offsets that show where they stand.
    w["batchnorm1"]["weight"][:] = np.linspace(0.5, 2, len(w["batchnorm1"]["weight"]))
    w["batchnorm1"]["bias"][:] = np.linspace(-1, 1, len(w["batchnorm1"]["bias"]))
    one = {}

    def watch(node, xs, y, seconds, workers):
        one[node.name] = y.copy()

    forward.Runner(net.graph, w)(x, watch=watch)
    np.testing.assert_allclose(one["sum"], one["batchnorm1"] + one["scale1"], rtol=1e-6)
    runner = forward.Runner(net.graph, w, threads=2)
    runner.plan.parallel_blas = lambda batch: parallel_blas
    monkeypatch.setattr(forward, "busy", lambda: False)
    found = next(iter(runner(x).values()))
    assert np.abs(found - one["last"]).max() <= 2e-5 * np.abs(one["last"]).max()


def test_the_later_of_two_results_takes_the_sum_on():
    text = """\
input: 5x5x8
layers:
  - {conv: 8, kernel_size: 1, name: first}
  - {conv: 8, kernel_size: 1, name: second, from: input}
  - {add: first}
  - relu
  - {conv: 8, kernel_size: 1, name: third}
  - {add: [third, third]}
"""
    net = cnncalc.loads(text)
    steps = forward.Plan(net.graph, net.graph.outputs).steps
    names = [[node.name for node in (step.node, *step.fused)] for step in steps]
    assert names == [["first"], ["second", "add1", "relu1"], ["third"], ["add2"]]
    assert steps[1].added is net["first"]
    assert steps[1].frees == (net.inputs[0], net["first"])


def test_threads_divide_products_where_layers_are_small():
    small, large = (forward.Runner(spec(name).graph).plan for name in ("resnet50", "vgg16"))
    assert small.parallel_blas(1)
    assert not small.parallel_blas(64)
    assert not large.parallel_blas(1)


@pytest.mark.parametrize("busy", [True, False])
def test_a_busy_machine_has_threads_that_sleep(busy, monkeypatch):
    net = cnncalc.loads("input: 8x8x4\nlayers:\n  - {conv: 4, kernel_size: 3}\n")
    monkeypatch.setattr(forward, "busy", lambda: busy)
    seen = []

    def watch(node, xs, y, seconds, workers):
        seen.append(workers.parallel_blas)

    x = forward.random_inputs(net.graph, 1, "float32", 0)
    forward.Runner(net.graph, net.weights())(x, watch=watch)
    # Weights that are drawn want all threads anyway.
    forward.Runner(net.graph)(x, watch=watch)
    assert seen == [not busy, False]


def test_a_second_run_leaves_the_results_of_the_first_alone():
    net = cnncalc.loads("input: 40x40x8\nlayers:\n  - {conv: 32, kernel_size: 1}\n  - relu\n")
    w = net.weights()
    x = forward.random_inputs(net.graph, 1, "float32", 0)["input"]
    first = net.forward(x, weights=w)
    copy = first.copy()
    second = net.forward(-x, weights=w)
    np.testing.assert_array_equal(first, copy)
    assert not np.array_equal(first, second)


def test_two_runs_at_once_do_not_meet():
    net = spec("squeezenet1_1", input="64x64x3")
    w = net.weights()
    xs = [forward.random_inputs(net.graph, 1, "float32", seed)["input"] for seed in range(4)]
    wanted = [net.forward(x, weights=w) for x in xs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            for found, right in zip(pool.map(lambda x: net.forward(x, weights=w), xs), wanted, strict=True):
                np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-6 * np.abs(right).max())


def test_an_input_may_be_an_output():
    net = cnncalc.loads("input: 4\nlayers:\n  - {block: nothing}\nblocks:\n  nothing: {layers: []}\n")
    x = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(net.forward(x), x)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros((1, 4, 5, 3), np.float32), r"\(batch, 3, 4, 5\), channels first; the array has the shape \(1, 4, 5, 3\)"),
        (np.zeros((3, 4, 5), np.float32), r"the array has the shape \(3, 4, 5\)"),
        (np.zeros((0, 3, 4, 5), np.float32), "the batch is empty"),
        (np.zeros((1, 3, 4, 5), np.int64), "holds float32 or float64; the array holds int64"),
        ({"picture": np.zeros((1, 3, 4, 5), np.float32)}, "no input picture; it has input"),
        ({}, 'input "input" is missing'),
    ],
)
def test_inputs_that_do_not_fit_are_refused(x, said):
    net = cnncalc.loads("input: 4x5x3\nlayers: [relu]\n")
    with pytest.raises(forward.CannotRun, match=said):
        net.forward(x)


def test_several_inputs_are_a_dict_and_tokens_are_ids():
    text = "input: {a: {tokens: 3, vocabulary: 7}, b: 3x2}\nlayers:\n  - {embedding: 2, from: a}\n  - {add: b}\n"
    net = cnncalc.loads(text)
    a, b = np.array([[0, 6, 3]]), np.zeros((1, 2, 3), np.float32)
    table = net.weights()["embedding1"]["weight"]
    np.testing.assert_array_equal(net.forward({"a": a, "b": b})[0], table[[0, 6, 3]].T)
    with pytest.raises(forward.CannotRun, match="give a dict"):
        net.forward(b)
    with pytest.raises(forward.CannotRun, match="ids from 0 to 6; the array holds 0 to 7"):
        net.forward({"a": np.array([[0, 7, 3]]), "b": b})
    with pytest.raises(forward.CannotRun, match="whole numbers; the array holds float32"):
        net.forward({"a": a.astype(np.float32), "b": b})
    with pytest.raises(forward.CannotRun, match="different batches: a 2, b 1"):
        net.forward({"a": np.repeat(a, 2, 0), "b": b})


def test_a_network_with_errors_does_not_run():
    net = cnncalc.loads("input: 4x5x3\nlayers:\n  - {conv: 4, kernel_size: 9}\n")
    with pytest.raises(forward.CannotRun, match="conv1 has no shape; a network with errors cannot run"):
        net.forward(np.zeros((1, 3, 4, 5), np.float32))


def test_a_kind_without_a_forward_pass_says_so():
    class Unfinished(Layer, kind="unfinished"):
        """Does not compute anything yet."""

        def output_shape(self, x, fit):
            return x

    try:
        net = cnncalc.loads("input: 4\nlayers: [unfinished]\n")
        with pytest.raises(forward.CannotRun, match="unfinished1: the kind unfinished has no forward pass yet"):
            net.forward(np.zeros((1, 4), np.float32))
    finally:
        del KINDS["unfinished"]


def test_a_computed_shape_that_is_not_the_inferred_one_is_a_fault(monkeypatch):
    net = cnncalc.loads("input: 5x4x3\nlayers:\n  - {maxpool: 2, fit: floor}\n")
    monkeypatch.setattr(KINDS["maxpool"], "forward", lambda self, x, w, run: x)
    with pytest.raises(forward.WrongShape, match="maxpool1: inferred 3×2×2, computed 3×5×4") as caught:
        net.forward(np.zeros((1, 3, 5, 4), np.float32))
    assert (caught.value.inferred, caught.value.computed) == ((3, 2, 2), (3, 5, 4))


def test_forward_asks_neither_for_an_output_shape_nor_for_an_inference(monkeypatch):
    """The shape comes out of the arithmetic: a forward pass with every shape formula gone computes the same."""
    nets = [(net, forward.random_inputs(net.graph, 1, "float32", 0)) for net in map(spec, SMALL)]
    wanted = [as_dict(net.forward(x)) for net, x in nets]

    def gone(*_args, **_more):
        raise AssertionError("the forward pass asked for a formula")

    for kind in KINDS.values():
        for name in ("output_shape", "spatial", "join"):
            if hasattr(kind, name):
                monkeypatch.setattr(kind, name, gone)
    monkeypatch.setattr("cnncalc.window.Window.output_size", gone)
    monkeypatch.setattr("cnncalc.window.Window.transposed_size", gone)
    monkeypatch.setattr("cnncalc.infer.Inference.__call__", gone)
    for (net, x), before in zip(nets, wanted, strict=True):
        for key, value in as_dict(net.forward(x)).items():
            np.testing.assert_array_equal(value, before[key])


def test_too_little_memory_is_refused_and_can_be_forced(monkeypatch):
    net = cnncalc.loads("input: 400x400x3\nlayers:\n  - {conv: 8, kernel_size: 1}\n  - relu\n")
    x = np.zeros((1, 3, 400, 400), np.float32)
    monkeypatch.setattr(machine, "free_memory", lambda: 1 << 20)
    # The buffers of an earlier run would count as free.
    acquire_pool()
    with pytest.raises(forward.TooLittleMemory, match=r"need [\d.]+ MiB, and 1.0 MiB are free; --force"):
        net.forward(x)
    assert net.forward(x, force=True).shape == (1, 8, 400, 400)


def test_the_plan_frees_what_nobody_reads_any_more():
    rows = "".join(f"  - {{conv: 64, kernel_size: 1, name: c{i}}}\n" for i in range(20))
    net = cnncalc.loads(f"input: 100x100x64\nlayers:\n{rows}")
    one = 100 * 100 * 64 * 4
    plan = forward.Plan(net.graph, net.graph.outputs)
    # The caller's input, a layer's input and output, and a copy of the caller's input; not twenty results.
    assert 3 * one < footprint(plan, 1, 4, "none", 1) < 8 * one
    weights = 64 * (64 + 1) * 4
    assert footprint(plan, 1, 4, "all", 1) - footprint(plan, 1, 4, "none", 1) == pytest.approx(20 * weights, rel=0.1)
    assert footprint(plan, 2, 8, "none", 1) > 3.5 * footprint(plan, 1, 4, "none", 1) - (8 << 20)


def test_numpy_is_loaded_by_nothing_but_a_run():
    code = (
        "import sys, cnncalc; net = cnncalc.load(sys.argv[1]); net.totals; assert 'numpy' not in sys.modules; "
        "net.weights(); assert 'numpy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(SPECS / "lenet5.yaml")], check=True)


def test_an_example_s_shape_is_an_array_s():
    assert forward.array_shape(Shape(4, 5, 3)) == (3, 4, 5)
