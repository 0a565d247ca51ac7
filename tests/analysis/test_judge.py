"""Verdicts on other inputs than the file's, on networks drawn at random, against reading the file for each input."""

import random

import pytest

import cnncalc
from cnncalc.analysis.judge import Judge
from cnncalc.analysis.nearest import nearest_inputs
from cnncalc.shape import Shape

FIXED = (
    "{upsample: 2}", "{crop: 1}", "{pad: 1}", "relu", "{adaptive_avgpool: 3}", "{adaptive_maxpool: 5x2}", "global_avgpool",
    "flatten", "{reshape: 4x4x2}", "{permute: [width, height, channels]}", "{groupnorm: 2}", "{add: input}", "{concat: input}",
    "{fc: 3}", "{conv_transpose: 2, kernel_size: 3, stride: 2}", "{pixel_shuffle: 2}", "{multiply: input}", "{linear: 4}",
)  # fmt: skip


def network(seed):
    draw = random.Random(seed)
    rows = []
    for _ in range(draw.randint(1, 6)):
        kernel, stride = draw.randint(1, 5), draw.randint(1, 3)
        fit = draw.choice(("exact", "floor", "ceil"))
        rows.append(
            draw.choice(
                (
                    *FIXED,
                    f"{{conv: {draw.choice((2, 4))}, kernel_size: {kernel}, stride: {stride}, padding: {draw.randint(0, 2)}, fit: {fit}}}",
                    f"{{maxpool: {kernel}}}",
                    f"{{avgpool: {kernel}, stride: {stride}}}",
                )
            )
        )
    text = f"input: {draw.randint(1, 40)}x{draw.randint(1, 40)}x{draw.choice((1, 2, 4))}\nlayers:\n"
    return cnncalc.loads(text + "".join(f"  - {row}\n" for row in rows)), draw


@pytest.mark.parametrize("seed", range(60))
def test_verdicts(seed):
    net, draw = network(seed)
    flow = net.inputs[0].flow
    judge = Judge(net.graph)
    for shape in (flow, *(Shape(draw.randint(1, 70), draw.randint(1, 70), flow.channels) for _ in range(10))):
        works = not cnncalc.loads(net.reading.text, input=str(shape)).problems
        assert judge((shape,)).works == works
        assert (not judge.trace((shape,)).faults) == works


@pytest.mark.parametrize("seed", range(150))
def test_a_fault_that_lasts_is_there_on_every_size(seed):
    net, draw = network(seed)
    flow = net.inputs[0].flow
    judge = Judge(net.graph)
    if judge.lasting((flow,)):
        sizes = [(draw.randint(1, 70), draw.randint(1, 70)) for _ in range(60)] + [
            (draw.randint(1, 9999),) * 2 for _ in range(20)
        ]
        assert not [size for size in sizes if judge((Shape(*size, flow.channels),)).works]


def test_some_of_the_networks_have_such_a_fault():
    lasting = [seed for seed in range(150) if (net := network(seed)[0]) and Judge(net.graph).lasting((net.inputs[0].flow,))]
    assert len(lasting) > 20


@pytest.mark.parametrize("seed", range(60))
def test_the_nearest_inputs_work(seed):
    net, _ = network(seed)
    for (flow,) in nearest_inputs(net.graph):
        assert cnncalc.loads(net.reading.text, input=str(flow)).problems == []


def test_weights_of_a_fixed_size_take_one_size():
    """2·2·4 numbers flow into the fc at 4×4, and 3·2·4 at 6×4."""
    net = cnncalc.loads("input: 4x4x3\nlayers:\n  - {conv: 4, kernel_size: 1}\n  - {maxpool: 2}\n  - {fc: 5}\n")
    assert Judge(net.graph)((Shape(6, 4, 3),)).works
    net.graph.fixed_weights = True
    judge = Judge(net.graph)
    assert judge((Shape(4, 4, 3),)).works
    assert judge((Shape(2, 8, 3),)).works
    assert not judge((Shape(6, 4, 3),)).works
    (fault,) = judge.trace((Shape(6, 4, 3),)).faults
    assert fault.node.name == "fc1"
    assert str(fault.error) == "its weight has the size 5x16, and this input needs 5x24"
