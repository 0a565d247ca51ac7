"""Memory of every kind, and of torchvision's networks, as PyTorch uses it; skipped if it is not installed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cnncalc
from cnncalc.analysis.memory import Memory
from cnncalc.layers import KINDS, Join
from cnncalc.shape import Shape, Tokens

torch = pytest.importorskip("torch")
nn = torch.nn
SPECS = Path(__file__).parents[1] / "specs"


def kept(module: Any, *inputs: Any) -> int:
    """Bytes of the tensors that autograd saves, each storage once; parameters, buffers and the inputs are left out."""
    module.train()
    known = {t.untyped_storage().data_ptr() for t in (*module.parameters(), *module.buffers(), *inputs)}
    found: dict[int, int] = {}
    alive = []

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.nbytes() and storage.data_ptr() not in known:
            found[storage.data_ptr()] = storage.nbytes()
            # A storage that is freed would give its address to another.
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        module(*inputs)
    return sum(found.values())


class After(nn.Module):
    """A function of inputs that need gradients: each is the sum of an input of the network and a parameter."""

    def __init__(self, function: Any, inputs: int) -> None:
        super().__init__()
        self.function = function
        self.offsets = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in range(inputs)])

    def forward(self, *xs: Any) -> Any:
        return self.function(*(x + offset for x, offset in zip(xs, self.offsets, strict=True)))


class Last(nn.Module):
    """A module that reads the channels at the end: (batch, channels, length) turned to (batch, length, channels)."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Any) -> Any:
        turned = x.movedim(1, -1).contiguous()
        found = self.module(turned)
        return found[0] if isinstance(found, tuple) else found


class Attention(nn.Module):
    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(channels, heads, batch_first=True)

    def forward(self, x: Any) -> Any:
        return self.attention(x, x, x, need_weights=False)[0]


class WrittenOut(nn.Module):
    """Attention as products and a softmax, as in the code of most published models."""

    def __init__(self, channels: int, heads: int, rate: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.dropout = nn.Dropout(rate)
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Any) -> Any:
        batch, length, channels = x.shape
        shape = (batch, length, 3, self.heads, channels // self.heads)
        query, key, value = self.qkv(x).reshape(shape).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query * shape[-1] ** -0.5) @ key.transpose(-2, -1)
        mixed = self.dropout(scores.softmax(-1)) @ value
        return self.out(mixed.transpose(1, 2).reshape(batch, length, channels))


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 1, 1))

    def forward(self, x: Any) -> Any:
        return x * self.weight


#: Rows, and PyTorch's module for the same; the network's input is 6x8x4 unless a shape is given.
CASES: list[tuple[str, Any, str]] = [
    ("{conv: 5, kernel_size: 3}", lambda: nn.Conv2d(4, 5, 3), ""),
    ("{conv: 4, kernel_size: 3, groups: 2, bias: false}", lambda: nn.Conv2d(4, 4, 3, groups=2, bias=False), ""),
    ("{conv: 5, kernel_size: 3}", lambda: nn.Conv1d(4, 5, 3), "9x4"),
    ("{conv: 5, kernel_size: 3}", lambda: nn.Conv3d(4, 5, 3), "5x6x7x4"),
    ("{depthwise_conv: 1, kernel_size: 3}", lambda: nn.Conv2d(4, 4, 3, groups=4), ""),
    ("{conv_transpose: 5, kernel_size: 2, stride: 2}", lambda: nn.ConvTranspose2d(4, 5, 2, 2), ""),
    ("{maxpool: 2}", lambda: nn.MaxPool2d(2), ""),
    ("{maxpool: 3}", lambda: nn.MaxPool1d(3), "9x4"),
    ("{maxpool: 2}", lambda: nn.MaxPool3d(2), "4x6x8x4"),
    ("{avgpool: 2}", lambda: nn.AvgPool2d(2), ""),
    ("{sumpool: 2}", lambda: nn.AvgPool2d(2, divisor_override=1), ""),
    ("global_avgpool", lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), ""),
    ("global_maxpool", lambda: nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()), ""),
    ("global_sumpool", lambda: lambda x: x.sum((2, 3)), ""),
    ("{adaptive_avgpool: 3}", lambda: nn.AdaptiveAvgPool2d(3), ""),
    ("{adaptive_avgpool: 1}", lambda: nn.AdaptiveAvgPool2d(1), ""),
    ("{adaptive_maxpool: 3}", lambda: nn.AdaptiveMaxPool2d(3), ""),
    ("{fc: 5}", lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 5)), ""),
    ("flatten", nn.Flatten, ""),
    ("relu", lambda: nn.ReLU(inplace=True), ""),
    ("relu6", lambda: nn.ReLU6(inplace=True), ""),
    ("elu", lambda: nn.ELU(inplace=True), ""),
    ("selu", lambda: nn.SELU(inplace=True), ""),
    ("gelu", nn.GELU, ""),
    ("silu", lambda: nn.SiLU(inplace=True), ""),
    ("mish", lambda: nn.Mish(inplace=True), ""),
    ("softplus", nn.Softplus, ""),
    ("sigmoid", nn.Sigmoid, ""),
    ("hard_sigmoid", lambda: nn.Hardsigmoid(inplace=True), ""),
    ("hard_swish", lambda: nn.Hardswish(inplace=True), ""),
    ("tanh", nn.Tanh, ""),
    ("softmax", lambda: nn.Softmax(1), ""),
    ("leaky_relu", lambda: nn.LeakyReLU(inplace=True), ""),
    ("prelu", lambda: nn.PReLU(4), ""),
    ("batchnorm", lambda: nn.BatchNorm2d(4), ""),
    ("{batchnorm: , affine: false}", lambda: nn.BatchNorm2d(4, affine=False), ""),
    ("batchnorm", lambda: nn.BatchNorm1d(4), "9x4"),
    ("instancenorm", lambda: nn.InstanceNorm2d(4), ""),
    ("{instancenorm: , affine: true}", lambda: nn.InstanceNorm2d(4, affine=True), ""),
    ("layernorm", lambda: Last(nn.LayerNorm(4)), "9x4"),
    ("layernorm", lambda: nn.LayerNorm(4), "4"),
    ("{groupnorm: 2}", lambda: nn.GroupNorm(2, 4), ""),
    ("lrn", lambda: nn.LocalResponseNorm(5), ""),
    ("{dropout: 0.4}", lambda: nn.Dropout(0.4), ""),
    ("identity", nn.Identity, ""),
    ("{upsample: 2}", lambda: nn.Upsample(scale_factor=2), ""),
    ("{upsample: 2, mode: bilinear}", lambda: nn.Upsample(scale_factor=2, mode="bilinear"), ""),
    ("{pad: 1}", lambda: nn.ZeroPad2d(1), ""),
    ("{crop: 1}", lambda: lambda x: x[:, :, 1:-1, 1:-1], ""),
    ('{slice: "1:3"}', lambda: lambda x: x[:, 1:3], ""),
    ("{reshape: 4x12x4}", lambda: lambda x: x.reshape(len(x), 4, 4, 12), ""),
    ("{permute: [width, height, channels]}", lambda: lambda x: x.transpose(2, 3), ""),
    ("{pixel_shuffle: 2}", lambda: nn.PixelShuffle(2), ""),
    ("{channel_shuffle: 2}", lambda: nn.ChannelShuffle(2), ""),
    ("{rnn: 5}", lambda: Recurrent(nn.RNN, 5), "7x4"),
    ("{rnn: 5, layers: 2, bidirectional: true}", lambda: Recurrent(nn.RNN, 5, 2, True), "7x4"),
    ("{lstm: 5}", lambda: Recurrent(nn.LSTM, 5), "7x4"),
    ("{lstm: 5, layers: 2, bidirectional: true}", lambda: Recurrent(nn.LSTM, 5, 2, True), "7x4"),
    ("{gru: 5}", lambda: Recurrent(nn.GRU, 5), "7x4"),
    ("{gru: 5, layers: 3}", lambda: Recurrent(nn.GRU, 5, 3), "3x4"),
    ("{softmax: , axis: length}", lambda: nn.Softmax(2), "9x4"),
    ("{gelu: , approximate: tanh}", lambda: nn.GELU(approximate="tanh"), ""),
    ("square", lambda: torch.square, ""),
    ("sqrt", lambda: torch.sqrt, ""),
    ("exp", lambda: torch.exp, ""),
    ("sin", lambda: torch.sin, ""),
    ("cos", lambda: torch.cos, ""),
    ("abs", lambda: torch.abs, ""),
    ("reciprocal", lambda: torch.reciprocal, ""),
    ("log", lambda: torch.log, ""),
    ("{power: 3}", lambda: lambda x: x**3, ""),
    ("{clip: , min: -0.5, max: 0.25}", lambda: lambda x: x.clamp(-0.5, 0.25), ""),
    ("{rescale: , factor: 2, offset: 1}", lambda: lambda x: 2 * x + 1, ""),
    ("{rescale: , learned: true}", lambda: Affine((1,), (1,)), ""),
    ("{standardize: , mean: 1, variance: 4}", lambda: lambda x: (x - 1) / 2, ""),
    ("add_bias", lambda: Affine(None, (4, 1, 1)), ""),
    ("{linear: 5}", lambda: Last(nn.Linear(4, 5)), "9x4"),
    ("rmsnorm", lambda: Last(nn.RMSNorm(4)), "9x4"),
    ("{rmsnorm: , affine: false}", lambda: Last(nn.RMSNorm(4, elementwise_affine=False)), "9x4"),
    ("{layernorm: , over: all}", lambda: nn.LayerNorm((4, 6, 8)), ""),
    ("global_response_norm", lambda: ResponseNorm(4), ""),
    ("{reduce: mean, axes: [height, width]}", lambda: lambda x: x.mean((2, 3)), ""),
    ("{reduce: sum, axes: [height, width]}", lambda: lambda x: x.sum((2, 3)), ""),
    ("{reduce: max, axes: [height, width]}", lambda: lambda x: x.amax((2, 3)), ""),
    ("{reduce: norm, axes: [height, width]}", lambda: lambda x: torch.linalg.vector_norm(x, dim=(2, 3)), ""),
    ("{squeeze: [height]}", lambda: lambda x: x.squeeze(2), "1x8x4"),
    ("{roll: 1}", lambda: lambda x: x.roll((1, 1), (2, 3)), ""),
    ("{space_to_depth: 2}", lambda: nn.PixelUnshuffle(2), ""),
    ("{upsample: 2, mode: bicubic}", lambda: nn.Upsample(scale_factor=2, mode="bicubic"), ""),
    ("{pad: 1, mode: reflect}", lambda: nn.ReflectionPad2d(1), ""),
    ("{pad: 1, mode: replicate}", lambda: nn.ReplicationPad2d(1), ""),
    ("{pad: 1, mode: circular}", lambda: nn.CircularPad2d(1), ""),
    ("{conv: 5, kernel_size: 3, padding: 1, padding_mode: reflect}", lambda: conv_padded("reflect"), ""),
    ("{conv: 5, kernel_size: 2, padding: same}", lambda: nn.Conv2d(4, 5, 2, padding="same"), ""),
    ("{conv: 5, kernel_size: 4, padding: same}", lambda: nn.Conv2d(4, 5, 4, padding="same"), ""),
    (
        "{conv: 5, kernel_size: 3, padding: causal}",
        lambda: nn.Sequential(nn.ConstantPad1d((2, 0), 0.0), nn.Conv1d(4, 5, 3)),
        "9x4",
    ),
    ("{leaky_relu: -0.5}", lambda: nn.LeakyReLU(-0.5), ""),
    ("{elu: , alpha: -0.5}", lambda: nn.ELU(-0.5), ""),
    ("{conv: 5, kernel_size: 3, padding: 1, padding_mode: circular}", lambda: conv_padded("circular"), ""),
    (
        "{conv: 5, kernel_size: 3, padding: [[1, 2], [0, 1]]}",
        lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 1, 2)), nn.Conv2d(4, 5, 3)),
        "",
    ),
    ("{attention: 2}", lambda: Last(Attention(4, 2)), "7x4"),
    ("{attention: 2, fused: false}", lambda: Last(WrittenOut(4, 2)), "7x4"),
    ("{attention: 2, fused: false, score_dropout: 0.1}", lambda: Last(WrittenOut(4, 2, 0.1)), "7x4"),
]


def conv_padded(mode: str) -> Any:
    return nn.Conv2d(4, 5, 3, padding=1, padding_mode=mode)


class ResponseNorm(nn.Module):
    """Woo et al. 2023, ConvNeXt V2, as its authors' code has it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Any) -> Any:
        norms = torch.norm(x, p=2, dim=(2, 3), keepdim=True)
        relative = norms / (norms.mean(dim=1, keepdim=True) + 1e-6)
        return self.gamma * (x * relative) + self.beta + x


class Affine(nn.Module):
    """A learned factor and offset of any shape."""

    def __init__(self, factor: Any, offset: Any) -> None:
        super().__init__()
        self.factor = None if factor is None else nn.Parameter(torch.ones(factor))
        self.offset = nn.Parameter(torch.zeros(offset))

    def forward(self, x: Any) -> Any:
        return (x if self.factor is None else x * self.factor) + self.offset


JOINS: list[tuple[str, Any, int]] = [
    ("{add: [a, b]}", lambda a, b: a + b, 2),
    ("{multiply: [a, b]}", lambda a, b: a * b, 2),
    ("{multiply: [a, b, c]}", lambda a, b, c: a * b * c, 3),
    ("{multiply: [a, a]}", lambda a, b: a * a, 2),
    ("{maximum: [a, b]}", torch.maximum, 2),
    ("{average: [a, b]}", lambda a, b: (a + b) / 2, 2),
    ("{subtract: [a, b]}", lambda a, b: a - b, 2),
    ("{divide: [a, b]}", lambda a, b: a / b, 2),
    ("{concat: [a, b]}", lambda a, b: torch.cat([a, b], 1), 2),
]


class Recurrent(nn.Module):
    """PyTorch's own steps, without oneDNN, whose workspace is another size on each machine."""

    def __init__(self, kind: Any, hidden: int, layers: int = 1, bidirectional: bool = False) -> None:
        super().__init__()
        self.module = kind(4, hidden, layers, bidirectional=bidirectional, batch_first=True)

    def forward(self, x: Any) -> Any:
        with torch.backends.mkldnn.flags(enabled=False):
            return self.module(x.transpose(1, 2))[0]


def array(flow: Any, batch: int) -> Any:
    if isinstance(flow, Tokens):
        return torch.randint(0, flow.vocabulary, (batch, flow.length))
    return torch.randn(batch, flow.channels, *flow.spatial)


@pytest.mark.parametrize(("row", "made", "shape"), CASES, ids=[f"{row} {shape}" for row, _, shape in CASES])
@pytest.mark.parametrize("consumer", ["", "conv"])
@pytest.mark.filterwarnings("ignore:TF32 acceleration")  # PyTorch says so whenever oneDNN is switched off
@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel")
def test_kept_by_a_layer(row: str, made: Any, shape: str, consumer: str) -> None:
    """Alone, and before a 1×1 convolution, which keeps the layer's result if the layer does not keep it already."""
    text = f"input: {shape or '6x8x4'}\nlayers:\n  - scale\n  - {row}\n"
    result = cnncalc.loads(text).layers[1].shape
    assert result is not None
    if consumer and not result.rank:
        # A vector has no axes for a convolution.
        consumer = ""
    net = cnncalc.loads(text + ("  - {conv: 3, kernel_size: 1}\n" if consumer else ""))
    assert net.problems == []
    inner = made()
    if consumer:
        conv = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[result.rank](result.channels, 3, 1)
        turned = isinstance(inner, (Last, Recurrent))
        module = Chain(inner, conv, turned)
    else:
        module = inner
    assert sum(Memory(net.graph, batch=2).kept) == kept(After(module, 1), array(net.inputs[0].flow, 2))


class Chain(nn.Module):
    """A layer and the convolution behind it, which reads (batch, channels, length)."""

    def __init__(self, first: Any, second: Any, turned: bool) -> None:
        super().__init__()
        self.first, self.second, self.turned = first, second, turned

    def forward(self, x: Any) -> Any:
        found = self.first(x)
        return self.second(found.movedim(-1, 1) if self.turned else found)


@pytest.mark.parametrize(("row", "function", "count"), JOINS, ids=[row for row, _, _ in JOINS])
def test_kept_by_a_join(row: str, function: Any, count: int) -> None:
    names = "abc"[:count]
    rows = "".join(f"  - {{scale: , name: {name}, from: in_{name}}}\n" for name in names)
    inputs = ", ".join(f"in_{name}: 6x8x4" for name in names)
    net = cnncalc.loads(f"input: {{{inputs}}}\nlayers:\n{rows}  - {row}\n")
    assert net.problems == []
    arrays = [array(source.flow, 2) for source in net.inputs]
    assert sum(Memory(net.graph, batch=2).kept) == kept(After(function, count), *arrays)


def test_every_kind_is_measured() -> None:
    """A new kind says what it keeps, and PyTorch agrees."""
    measured = {cnncalc.loads(f"input: {shape or '6x8x4'}\nlayers: [{row}]\n").layers[0].kind for row, _, shape in CASES}
    measured |= {row[1:].partition(":")[0] for row, _, _ in JOINS}
    # scale stands before every case, and matmul and parameter have tests of their own; embedding keeps token ids, which are the
    # network's input; custom is declared; PyTorch has no convolutional LSTM; unused has
    # arrays that nothing reads.
    assert set(KINDS) - measured <= {"scale", "embedding", "custom", "matmul", "parameter", "conv_lstm", "unused"}


def test_a_factor_per_channel_keeps_its_input() -> None:
    net = cnncalc.loads("input: 6x8x2\nlayers: [scale, scale]\n")
    assert sum(Memory(net.graph, batch=2).kept) == kept(nn.Sequential(Scale(), Scale()), torch.randn(2, 2, 6, 8)) == 4 * 2 * 96


def test_a_matrix_product_keeps_both_factors() -> None:
    rows = "  - {scale: , name: a, from: in_a}\n  - {scale: , name: b, from: in_b}\n  - {matmul: [a, b], transpose: second}\n"
    net = cnncalc.loads(f"input: {{in_a: 6x5, in_b: 7x5}}\nlayers:\n{rows}")
    inputs = torch.randn(2, 6, 5), torch.randn(2, 7, 5)
    module = After(lambda a, b: a @ b.transpose(1, 2), 2)
    assert sum(Memory(net.graph, batch=2).kept) == kept(module, *inputs) == 4 * 2 * (6 + 7) * 5


def test_many_matrices_are_kept_as_copies_unless_they_are_whole_results() -> None:
    """Heads of query, key and value are parts of one projection in another order: PyTorch copies them, and frees the projection."""
    net = cnncalc.loads(
        """\
input: 7x8
layers:
  - {linear: 24, name: qkv}                                     # 3 of 8 = 2 heads of 4
  - {slice: "0:8", name: q, from: qkv}
  - {block: heads, name: qs, from: q}
  - {slice: "8:16", name: k, from: qkv}
  - {block: heads, name: ks, from: k}
  - {slice: "16:24", name: v, from: qkv}
  - {block: heads, name: vs, from: v}
  - {matmul: [qs, ks], transpose: second}
  - softmax
  - {matmul: vs}
blocks:
  heads:
    layers:
      - {reshape: 2x7x4}                                        # channels first: 4, 2, 7
"""
    )
    assert net.problems == []

    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(8, 24)

        def forward(self, x: Any) -> Any:
            q, k, v = (part.view(2, 7, 2, 4).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
            return torch.softmax(q @ k.transpose(-2, -1), -1) @ v

    # Query, key, value and scores.
    assert sum(Memory(net.graph, batch=2).kept) == kept(Heads(), torch.randn(2, 7, 8)) == 4 * 2 * (3 * 7 * 8 + 2 * 7 * 7)


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
def test_a_single_sequence_is_not_copied() -> None:
    net = cnncalc.loads("input: 7x4\nlayers:\n  - scale\n  - {lstm: 5, layers: 2, bidirectional: true}\n")
    module = After(Recurrent(nn.LSTM, 5, 2, True), 1)
    for batch in (1, 2):
        assert sum(Memory(net.graph, batch=batch).kept) == kept(module, torch.randn(batch, 4, 7))


def test_a_learned_array_takes_the_memory_of_its_weights_alone() -> None:
    net = cnncalc.loads("input: 6x8x4\nlayers:\n  - {parameter: 6x8x4, name: p}\n  - {multiply: [input, p]}\n")

    class Gate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.p = nn.Parameter(torch.ones(4, 6, 8))

        def forward(self, x: Any) -> Any:
            return x * self.p

    assert sum(Memory(net.graph, batch=2).kept) == kept(Gate(), torch.randn(2, 4, 6, 8)) == 0
    # The input and the product.
    assert Memory(net.graph).live == [4 * 192, 2 * 4 * 192]


def test_frozen_layers() -> None:
    rows = (
        "  - {conv: 4, kernel_size: 3}\n  - batchnorm\n  - {conv: 4, kernel_size: 3, trainable: false}\n  - relu\n  - {fc: 3}\n"
    )
    net = cnncalc.loads(f"input: 8x8x3\nlayers:\n{rows}")
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(64, 3)
    )
    module[2].requires_grad_(False)
    # PyTorch keeps the input of the frozen convolution though no gradient needs it.
    needless = 4 * 2 * 4 * 6 * 6
    assert sum(Memory(net.graph, batch=2).kept) == kept(module, torch.randn(2, 3, 8, 8)) - needless
    for layer in (module[0], module[1]):
        layer.requires_grad_(False)
    frozen = rows.replace("kernel_size: 3}", "kernel_size: 3, trainable: false}").replace(
        "batchnorm", "{batchnorm: , trainable: false}"
    )
    net = cnncalc.loads(f"input: 8x8x3\nlayers:\n{frozen}")
    assert sum(Memory(net.graph, batch=2).kept) == kept(module, torch.randn(2, 3, 8, 8))


def peak(module: Any, x: Any) -> int:
    """The largest sum of live storages while a traced module runs, activations in place where nothing else reads the input."""
    module.eval()
    traced = torch.fx.symbolic_trace(module)
    interpreter = torch.fx.Interpreter(traced)
    known = {t.untyped_storage().data_ptr() for t in (*module.parameters(), *module.buffers())}
    last = {source: node for node in traced.graph.nodes for source in node.all_input_nodes}
    values: dict[Any, Any] = {}
    most = 0
    with torch.no_grad():
        for node in traced.graph.nodes:
            if node.op == "placeholder":
                values[node] = x
                continue
            if node.op == "output":
                break
            args, options = (torch.fx.node.map_arg(given, values.__getitem__) for given in (node.args, node.kwargs))
            found = getattr(interpreter, node.op)(node.target, args, options)
            if _is_activation(traced, node) and last[node.all_input_nodes[0]] is node:
                found = values[node.all_input_nodes[0]].copy_(found)
            values[node] = found
            live = {s.data_ptr(): s.nbytes() for value in values.values() for s in _storages(value)}
            most = max(most, sum(size for place, size in live.items() if place not in known))
            for source in [*values]:
                if last.get(source) is node:
                    del values[source]
    return most


def _is_activation(traced: Any, node: Any) -> bool:
    kinds = (nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Hardswish, nn.Hardsigmoid)
    if node.op == "call_module":
        return isinstance(traced.get_submodule(node.target), kinds)
    return node.op == "call_function" and node.target in (torch.nn.functional.relu, torch.relu, torch.sigmoid)


def _storages(value: Any) -> Iterator[Any]:
    if isinstance(value, torch.Tensor):
        yield value.untyped_storage()
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _storages(one)


@pytest.fixture(scope="module")
def models() -> Any:
    try:
        # Without torchvision's compiled part these operators are missing, which its modules only name.
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass
    return pytest.importorskip("torchvision.models")


#: torchvision's network for a spec, with what it needs to be the same.
NETWORKS = {
    "resnet50": ("resnet50", {}),
    "squeezenet1_1": ("squeezenet1_1", {}),
    "mobilenet_v2": ("mobilenet_v2", {}),
    "shufflenet_v2": ("shufflenet_v2_x1_0", {}),
    "googlenet": ("googlenet", {"aux_logits": False, "init_weights": False}),
    "densenet121": ("densenet121", {}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_torchvision_s_networks(name: str, models: Any) -> None:
    made, options = NETWORKS[name]
    module = getattr(models, made)(**options)
    # Smaller than usual, for speed; 96 divides by 32.
    net = cnncalc.load(SPECS / f"{name}.yaml", input="96x96x3")
    assert sum(Memory(net.graph, batch=2).kept) == kept(module, torch.randn(2, 3, 96, 96))
    assert Memory(net.graph).peak == peak(module, torch.randn(1, 3, 96, 96))


def test_a_join_keeps_the_gradient_s_other_factor_only() -> None:
    """A gate without a gradient: its factor is kept, and the gated map is not."""
    net = cnncalc.loads(
        "input: {a: 6x8x4, b: 6x8x4}\nlayers:\n  - {scale: , from: a}\n  - {sigmoid: , from: b}\n  - {multiply: scale1}\n"
    )
    assert any(isinstance(node.layer, Join) for node in net.layers)

    class Gate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.offset = nn.Parameter(torch.ones(1))

        def forward(self, a: Any, b: Any) -> Any:
            return torch.sigmoid(b) * (a + self.offset)

    assert sum(Memory(net.graph, batch=2).kept) == kept(Gate(), torch.randn(2, 4, 6, 8), torch.randn(2, 4, 6, 8))
    assert Shape(6, 8, 4).size * 4 * 2 == sum(Memory(net.graph, batch=2).kept)
