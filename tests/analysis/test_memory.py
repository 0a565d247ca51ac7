"""Memory of inference and of training: by hand, as PyTorch measured it, and as papers print it."""

import json
from pathlib import Path

import pytest

import cnncalc
from cnncalc.analysis.memory import Memory

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
#: Measured in PyTorch 2.13; the file says how.
MEASURED = json.loads((ROOT / "tests" / "data" / "memory.json").read_text())["networks"]
MIB = 2**20


def memory(text, **more):
    return Memory(cnncalc.loads(text).graph, **more)


SMALL = """\
input: 8x8x3
layers:
  - {conv: 4, kernel_size: 3, bias: false}   # 6x6x4
  - batchnorm
  - relu
  - {maxpool: 2}                             # 3x3x4
  - {fc: 5}
"""


def test_peak_by_hand():
    found = memory(SMALL)
    # input + conv, conv + batchnorm, relu in place, relu + maxpool, maxpool + fc.
    assert found.live == [4 * n for n in (192 + 144, 144 + 144, 144, 144 + 36, 36 + 5)]
    assert (found.peak, found.peak_at.name) == (4 * 336, "conv1")
    assert [source.name for source in found.live_at_peak] == ["input", "conv1"]
    assert memory(SMALL, dtype="int8", batch=3).peak == 3 * 336
    assert memory(SMALL, dtype="int4").peak == 336 // 2


def test_live_results_add_up_to_the_peak():
    """A part of a map keeps the whole map in memory, which is named."""
    text = 'input: 4x4\nlayers:\n  - {conv: 6, kernel_size: 1, name: wide}\n  - {slice: "0:2", name: part}\n  - {fc: 100, from: part}\n'
    found = memory(text)
    # wide has 24 numbers, of which part reads 8; fc gives 100.
    assert (found.peak, found.peak_at.name) == (4 * 124, "fc1")
    assert [source.name for source in found.live_at_peak] == ["wide", "fc1"]
    for path in sorted(SPECS.glob("*.yaml")):
        found = Memory(cnncalc.load(path).graph)
        assert sum(map(found.size, found.live_at_peak)) == found.peak, path.name


def test_weights_are_not_overwritten():
    text = "input: 6x8x4\nlayers:\n  - {parameter: 6x8x4, name: p}\n  - relu\n  - {multiply: [input, relu1]}\n"
    assert memory(text).live == [4 * 192, 4 * 2 * 192, 4 * 3 * 192]


def test_kept_by_hand():
    # conv1 keeps the network's input, which is left out; batchnorm its input and 2·4 statistics, relu its result, maxpool
    # its input (which relu keeps already) and an int64 for each of its results, fc its input.
    assert memory(SMALL).kept == [0, 4 * (144 + 8), 4 * 144, 8 * 36, 4 * 36]
    # Statistics are those of the whole batch.
    assert memory(SMALL, batch=10).kept == [0, 4 * (1440 + 8), 4 * 1440, 8 * 360, 4 * 360]


def test_training_by_hand():
    parameters = 4 * 27 + 8 + 5 * 37
    kept = 4 * (144 + 8) + 4 * 144 + 8 * 36 + 4 * 36
    for optimizer, numbers in (("sgd", 0), ("momentum", 1), ("adam", 2)):
        found = memory(SMALL).training(optimizer)
        assert found == (4 * parameters, 4 * parameters, numbers * 4 * parameters, kept, 4 * 192)
        assert found.total == 4 * parameters * (2 + numbers) + kept + 4 * 192


def test_frozen_weights_have_no_gradient_and_keep_nothing_for_it():
    text = SMALL.replace("bias: false}", "bias: false, trainable: false}").replace(
        "- batchnorm", "- {batchnorm: , trainable: false}"
    )
    found = memory(text)
    # Nothing before fc has a gradient: fc's input alone is kept.
    assert found.kept == [0, 0, 0, 0, 4 * 36]
    assert found.training("adam")[:3] == (4 * (4 * 27 + 8 + 185), 4 * 185, 8 * 185)
    # A frozen layer behind trained ones passes gradients on without its input.
    behind = memory("input: 8\nlayers:\n  - {fc: 4}\n  - {fc: 3, trainable: false}\n  - sigmoid\n")
    assert behind.kept == [0, 0, 4 * 3]


def test_shared_weights_count_once_and_each_use_keeps_its_input():
    text = "input: 4x4\nlayers:\n  - {conv: 4, kernel_size: 1, name: a}\n  - {conv: 4, kernel_size: 1, name: b, share: a}\n"
    found = memory(text)
    assert found.kept == [0, 4 * 16]
    assert found.training().weights == 4 * 20


def test_token_ids_are_int64():
    found = memory("input: {tokens: 7, vocabulary: 11}\nlayers:\n  - {embedding: 5}\n", dtype="float16")
    assert found.live == [7 * 8 + 2 * 35]
    assert found.training().inputs == 7 * 8


@pytest.mark.parametrize("name", MEASURED)
def test_pytorch_s_measurements(name):
    graph = cnncalc.load(SPECS / f"{name}.yaml").graph
    assert Memory(graph).peak == MEASURED[name]["peak_memory_batch_1"]
    kept = sum(Memory(graph, batch=2).kept)
    wanted = sum(MEASURED[name]["kept_bytes_batch_2"].values())
    # torchvision's VGG-16 pools to 7×7 once more and has no softmax; its EfficientNet drops whole branches at random.
    assert kept == pytest.approx(wanted, rel=0.005)
    if name not in ("vgg16", "efficientnet_b0"):
        assert kept == wanted


def test_torchvision_s_vgg16_to_the_byte():
    text = (SPECS / "vgg16.yaml").read_text()
    hidden = "  - {block: hidden, repeat: 2}\n"
    assert hidden in text
    assert "  - softmax\n" in text
    changed = text.replace("  - softmax\n", "").replace(hidden, "  - {adaptive_avgpool: 7}\n" + hidden)
    found = Memory(cnncalc.loads(changed).graph, batch=2)
    assert sum(found.kept) == sum(MEASURED["vgg16"]["kept_bytes_batch_2"].values())


def of_kinds(name, *kinds, text=None):
    """Bytes of the results of layers of some kinds, and of the input."""
    net = cnncalc.loads(text) if text else cnncalc.load(SPECS / f"{name}.yaml")
    assert not [problem for problem in net.problems if problem.rule != "expect"]
    found = Memory(net.graph)
    return sum(found.size(node) for node in net.layers if node.layer.kind in kinds) + found.size(net.inputs[0])


def test_cs231n_s_table_of_vgg16():
    """Its rows add up to 15,237,608 numbers, forward only, ReLU in place (the printed total of 24M does not follow from them)."""
    assert of_kinds("vgg16", "conv", "maxpool", "fc") == 4 * 15_237_608


def test_convnet_burden_s_feature_memory():
    """github.com/albanie/convnet-burden: the results of every layer, ReLU in place, in MiB: VGG-16 58, ResNet-50 103."""
    assert round(of_kinds("vgg16", "conv", "maxpool", "fc") / MIB) == 58
    text = (SPECS / "resnet50.yaml").read_text()
    # Its ResNet-50 is the paper's, which has the stride in the first 1×1.
    first = '{block: conv_bn, out: "${width}"}'
    second = '{block: conv_bn, out: "${width}", kernel_size: 3, stride: "${stride}"}'
    assert first in text
    assert second in text
    text = text.replace(second, '{block: conv_bn, out: "${width}", kernel_size: 3}')
    text = text.replace(first, '{block: conv_bn, out: "${width}", stride: "${stride}"}')
    kinds = ("conv", "batchnorm", "add", "maxpool", "global_avgpool", "fc")
    assert round(of_kinds("resnet50", *kinds, text=text) / MIB) == 103


def test_mcunet_s_mobilenet():
    """MobileNetV2 with width 0.35 at 144×144 in int8, batch norm folded: MCUNet (Lin et al. 2020) prints 308 KiB.

    The largest layer reads 72×72×48 and gives 36×36×48: 303.75 KiB.
    """
    text = (SPECS / "mobilenet_v2.yaml").read_text().replace("      - batchnorm\n", "").replace(", bias: false", "")
    net = cnncalc.loads(text, set=["width=0.35"], input="144x144x3")
    found = Memory(net.graph, dtype="int8")
    assert found.peak == 72 * 72 * 48 + 36 * 36 * 48 == int(303.75 * 1024)
    assert found.peak_at.kind == "depthwise_conv"
    assert found.peak / 1024 == pytest.approx(308, rel=0.02)


def test_concat_keeps():
    """Pleiss et al. 2017, Memory-Efficient Implementation of DenseNets: what is kept grows with the square of the depth."""

    def dense(depth):
        block = (
            "blocks: {dense: {layers: [{branches: {before: [], new: [batchnorm, {conv: 8, kernel_size: 1}]}, merge: concat}]}}\n"
        )
        return sum(memory(f"input: 8x8x8\n{block}layers:\n  - {{scale: }}\n  - {{block: dense, repeat: {depth}}}\n").kept)

    # Layer i keeps its input of 8·i channels for batch norm, and again behind batch norm for the convolution.
    cells, statistics = 64, 2
    for depth in (4, 8):
        assert dense(depth) == 4 * sum(8 * i * (2 * cells + statistics) for i in range(1, depth + 1))


def test_the_largest_batch_is_the_largest():
    graph = cnncalc.load(SPECS / "resnet50.yaml").graph
    limit = 8 << 30
    batch = Memory(graph).largest_batch(limit, "adam")
    assert Memory(graph, batch=batch).training("adam").total <= limit < Memory(graph, batch=batch + 1).training("adam").total
    assert Memory(graph).largest_batch(100 << 20, "sgd") == 0


def test_a_layer_without_a_shape_counts_nothing():
    found = memory("input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 9}\n  - relu\n  - {fc: 5}\n")
    assert not found.complete
    assert found.peak == 4 * (192 + 5) or found.peak == 4 * 192


def test_sizes_stay_within_the_budget_of_memory():
    from cnncalc.analysis.judge import Judge
    from cnncalc.shape import Shape

    net = cnncalc.loads("input: 8x8x3\nlayers:\n  - {conv: 5, kernel_size: 3, padding: 1}\n  - {maxpool: 2}\n")
    # Input and convolution: 8 numbers at each of n·n places, in int8.
    judge = Judge(net.graph, budget={"peak_memory": 8 * 20 * 20}, dtype="int8")
    assert judge((Shape(20, 20, 3),)).works
    assert not judge((Shape(22, 22, 3),)).works


def test_the_worked_example_of_the_manual():
    text = (ROOT / "cnncalc" / "manuals" / "topics" / "memory.md").read_text()
    found = memory(SMALL)
    assert (found.peak, sum(found.kept), found.training("adam").total) == (1344, 1616, 7200)
    for figure in ("1,344 bytes", "= 1,616 bytes", "= 7,200 bytes"):
        assert figure in text
