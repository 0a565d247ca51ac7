"""PyTorch models as MODULE:CALLABLE, compared with the modules themselves; skipped without PyTorch."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import cnncalc

torch = pytest.importorskip("torch")


def written(folder: Path, text: str) -> Path:
    path = folder / "model.py"
    path.write_text(
        "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n\n" + textwrap.dedent(text), "utf-8"
    )
    return path


NETWORK = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
            self.block = nn.Conv2d(8, 8, 3, padding=1, groups=8)
            self.head = nn.Linear(8, 5)
            self.unused = nn.Linear(3, 2)
            for parameter in self.features.parameters():
                parameter.requires_grad = False

        def forward(self, x):
            x = self.features(x)
            x = F.gelu(self.block(self.block(x))) + x
            return self.head(x.mean((2, 3)))

    def build():
        return Net()
"""


def test_a_network(tmp_path: Path) -> None:
    net = cnncalc.load(f"{written(tmp_path, NETWORK)}:build", input="32x32x3")
    assert [(node.name, node.kind, node.shape) for node in net.layers] == [
        ("features.0", "conv", (16, 16, 8)),
        ("features.1", "batchnorm", (16, 16, 8)),
        ("features.2", "relu", (16, 16, 8)),
        ("features.3", "maxpool", (8, 8, 8)),
        ("block", "depthwise_conv", (8, 8, 8)),
        ("block_2", "depthwise_conv", (8, 8, 8)),
        ("gelu1", "gelu", (8, 8, 8)),
        ("add1", "add", (8, 8, 8)),
        ("global_avgpool1", "global_avgpool", (8,)),
        ("head", "fc", (5,)),
    ]
    # 8·3·9 + 16 frozen, then 8·9 + 8 used twice and counted once, and 8·5 + 5.
    assert (net.parameters, net.trainable, net.buffers) == (216 + 16 + 80 + 45, 80 + 45, 16)
    assert net["block_2"].shared is net["block"]
    assert net.reading.notes == ("8 parameters are not counted, because no output depends on them: unused",)
    assert net.reading.complete
    assert net.forward(net_input(), seed=0).shape == (2, 5)


def net_input():
    import numpy as np

    return np.random.default_rng(0).standard_normal((2, 3, 32, 32), np.float32)


SHUFFLED = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 1)

        def forward(self, x):
            a, b = nn.functional.channel_shuffle(F.relu(self.conv(x)), 2).chunk(2, dim=1)
            return torch.cat((a, F.relu(b)), 1)
"""


def test_a_rearrangement_that_several_layers_read_is_one_layer(tmp_path: Path) -> None:
    """Twice, it would take its memory twice."""
    net = cnncalc.load(f"{written(tmp_path, SHUFFLED)}:Net", input="8x8x3")
    kinds = [node.kind for node in net.layers]
    assert kinds == ["conv", "relu", "channel_shuffle", "slice", "slice", "relu", "concat"]
    assert [node.inputs[0].name for node in net.layers[3:5]] == [net.layers[2].name] * 2


def test_a_problem_stands_at_the_line_of_the_model(tmp_path: Path) -> None:
    path = written(tmp_path, NETWORK)
    net = cnncalc.load(f"{path}:build", input="33x31x3", fit="exact")
    # The convolution fits: (33 − 3 + 2)/2 = 16; the pool of 17 and 16 cells does not.
    (problem,) = net.problems
    assert (problem.rule, problem.layer, problem.file) == ("stride-fit", "features.3", str(path))
    assert path.read_text().splitlines()[problem.location.line - 1].strip() == "x = self.features(x)"


def test_reports_for_other_tools_name_the_line_of_the_model(tmp_path: Path) -> None:
    from cnncalc.report.problems import github, gitlab, sarif
    from cnncalc.report.problems.base import Result

    path = written(tmp_path, NETWORK)
    net = cnncalc.load(f"{path}:build", input="33x31x3", fit="exact")
    results = [Result(f"{path}:build", net.problems)]
    line = net.problems[0].location.line
    (command,) = github.write(results)
    assert f"model.py,line={line}," in command
    for report in (gitlab, sarif):
        text = "".join(report.write(results))
        assert "model.py" in text
        assert "model.py:build" not in text


SHARED = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.value = nn.Parameter(torch.zeros(6)), nn.Parameter(torch.zeros(6))
            self.register_buffer("key", torch.zeros(6), persistent=False)
            self.weight = nn.Parameter(torch.zeros(18, 6))
            self.token = nn.Parameter(torch.zeros(1, 1, 6))
            self.norm = nn.LayerNorm(6)

        def forward(self, x):
            token = self.token.expand(x.shape[0], -1, -1)
            x = torch.cat((token, x), 1)
            x = F.linear(x, self.weight, torch.cat((self.query, self.key, self.value)))
            return x[:, :1, :6] + token + self.norm(x[:, :1, 6:12])
"""


def test_arrays_that_are_used_in_several_ways_count_once(tmp_path: Path) -> None:
    net = cnncalc.load(f"{written(tmp_path, SHARED)}:Net", input="5x6")
    # A weight of 18·6, a bias of which two thirds are learned, a token that is concatenated and added, and a norm.
    assert net.parameters == 18 * 6 + 2 * 6 + 6 + 2 * 6
    assert not [problem for problem in net.problems if problem.level == "error"]


def test_parameters_that_only_change_weights_count(tmp_path: Path) -> None:
    text = """
        def build():
            return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3)), nn.Conv2d(8, 4, 1))
    """
    net = cnncalc.load(f"{written(tmp_path, text)}:build", input="9x8x3")
    # A gain for each of 8 filters stands beside the 8·27 + 8 and 4·8 + 4 parameters of the convolutions.
    assert net.parameters == 8 + 8 * 27 + 8 + 4 * 8 + 4
    assert [node.parameters for node in net.layers] == [8, 8 * 27 + 8, 4 * 8 + 4]
    assert net.reading.notes == ()


def test_states_of_a_recurrent_layer_are_computed_once(tmp_path: Path) -> None:
    text = """
        def build():
            return nn.Sequential(nn.Linear(12, 12), nn.LSTM(12, 5, batch_first=True))
    """
    net = cnncalc.load(f"{written(tmp_path, text)}:build", input="7x12")
    # An LSTM gives its sequence and both last states; 7 steps of 4·5·(12 + 5) multiply-accumulates make all three.
    assert [(node.name, node.kind) for node in net.layers] == [
        ("0", "linear"), ("1.lstm1", "lstm"), ("1.slice1", "slice"), ("1.lstm_state1", "custom")
    ]  # fmt: skip
    assert [output.name for output in net.outputs] == ["1.lstm1", "1.slice1", "1.lstm_state1"]
    assert net.parameters == 12 * 12 + 12 + 4 * 5 * (12 + 5 + 2)
    assert net.macs == 7 * 12 * 12 + 7 * 4 * 5 * (12 + 5)


def test_modules_that_only_rearrange_keep_their_names(tmp_path: Path) -> None:
    text = """
        def build():
            return nn.Sequential(nn.Conv2d(3, 8, 3), nn.PixelShuffle(2), nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(480, 4))
    """
    net = cnncalc.load(f"{written(tmp_path, text)}:build", input="9x8x3")
    names = [("0", "conv"), ("1", "pixel_shuffle"), ("2", "conv"), ("3", "flatten"), ("4", "fc")]
    assert [(node.name, node.kind) for node in net.layers] == names


def test_several_inputs_have_the_names_of_the_forward_pass(tmp_path: Path) -> None:
    text = """
        class Two(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Conv2d(3, 8, 3), nn.Linear(5, 8)

            def forward(self, image, text):
                return self.a(image).mean((2, 3)) + self.b(text)
    """
    spec = f"{written(tmp_path, text)}:Two"
    with pytest.raises(cnncalc.SpecError, match="inputs image, text; give each as --input image=SHAPE --input text=SHAPE"):
        cnncalc.load(spec, input="9x8x3")


def test_weights_of_fewer_numbers_count_those(tmp_path: Path) -> None:
    text = """
        class Tied(nn.Module):
            def __init__(self):
                super().__init__()
                self.filter = nn.Parameter(torch.rand(1, 1, 3, 3))
                self.a, self.b = nn.Parameter(torch.rand(2, 12)), nn.Parameter(torch.rand(20, 2))

            def forward(self, x):
                x = torch.nn.functional.conv2d(x, self.filter.expand(12, 1, 3, 3), groups=12)
                return torch.nn.functional.linear(x.mean((2, 3)), self.b @ self.a)
    """
    net = cnncalc.load(f"{written(tmp_path, text)}:Tied", input="9x8x12")
    # One filter for all channels, and a matrix of rank 2: 9 + 2·12 + 20·2 numbers are learned.
    assert net.parameters == 9 + 24 + 40
    assert [(node.kind, node.parameters) for node in net.layers] == [
        ("depthwise_conv", 9),
        ("global_avgpool", 0),
        ("fc", 64),
    ]
    assert net.macs == 7 * 6 * 12 * 9 + 20 * 12


@pytest.mark.parametrize(
    ("text", "spec", "message"),
    [
        ("build = 3", "build", "build is int, not a torch.nn.Module"),
        ("def build(): return [1]", "build", "gives list, not a torch.nn.Module"),
        ("def build(width): return nn.Linear(3, width)", "build", "needs arguments"),
        ("def build(): return nn.Linear(3, 2)", "bild", "has no bild; did you mean build"),
        ("import nothing_of_this_name", "build", "ModuleNotFoundError"),
        ("def build(): return nn.Conv2d(5, 2, 3)", "build", "expected input"),
        ("build = torch.jit.script(nn.ReLU())", "build", "build is a module of torch.jit, which PyTorch cannot export"),
        (
            """
            class Gate(nn.Module):
                def forward(self, x):
                    return x if x.sum() > 0 else -x

            def build():
                return nn.Sequential(nn.ReLU(), Gate())
            """,
            "build",
            r"model\.py:\d+:1: .*1 \(Gate\): the forward pass depends on the numbers of a tensor",
        ),
    ],
)
def test_what_cannot_be_exported(tmp_path: Path, text: str, spec: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(cnncalc.SpecError, match=message):
        cnncalc.load(f"{path}:{spec}", input="8x8x3")


def test_a_lazy_model_in_half_precision_with_an_input_by_name_alone(tmp_path: Path) -> None:
    text = """
        class Lazy(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv, self.fc = nn.LazyConv2d(4, 3, dtype=torch.bfloat16), nn.LazyLinear(5, dtype=torch.bfloat16)

            def forward(self, *, image):
                return self.fc(self.conv(image).flatten(1))
    """
    net = cnncalc.load(f"{written(tmp_path, text)}:Lazy", input="8x7x3")
    assert [(node.name, node.kind, node.parameters) for node in net.layers if node.parameters] == [
        ("conv", "conv", 4 * 28),
        ("fc", "fc", 5 * (4 * 6 * 5 + 1)),
    ]


def test_filters_that_are_buffers_are_no_parameters(tmp_path: Path) -> None:
    text = """
        class Blur(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 4, 3)
                self.register_buffer("filter", torch.rand(4, 1, 3, 3))

            def forward(self, x):
                return F.conv2d(self.conv(x), self.filter, groups=4)
    """
    net = cnncalc.load(f"{written(tmp_path, text)}:Blur", input="8x8x3")
    assert [(node.kind, node.parameters) for node in net.layers] == [("conv", 112), ("depthwise_conv", 0)]
    assert net.macs == 36 * 4 * 27 + 16 * 4 * 9
    assert net.reading.complete


def test_parameters_whose_results_are_thrown_away_are_named(tmp_path: Path) -> None:
    text = """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.head, self.auxiliary, self.unused = nn.Linear(3, 2), nn.Linear(3, 4), nn.Linear(1, 1)

            def forward(self, x):
                self.auxiliary(x)
                return self.head(x)
    """
    net = cnncalc.load(f"{written(tmp_path, text)}:Net", input="3")
    # (3 + 1)·2 are counted, (3 + 1)·4 and (1 + 1)·1 are not.
    assert net.parameters == 8
    assert net.reading.notes == ("18 parameters are not counted, because no output depends on them: unused, auxiliary",)


def test_a_layer_whose_shape_depends_on_numbers_is_unknown(tmp_path: Path) -> None:
    text = """
        class Chosen(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 4, 3)

            def forward(self, x):
                return torch.nonzero(self.conv(x))
    """
    net = cnncalc.load(f"{written(tmp_path, text)}:Chosen", input="8x8x3")
    assert [(node.kind, node.parameters, node.shape is None) for node in net.layers] == [
        ("conv", 112, False),
        ("nonzero", 0, True),
    ]
    assert not net.reading.complete


def test_without_an_input(tmp_path: Path) -> None:
    with pytest.raises(cnncalc.SpecError, match="--input 224x224x3"):
        cnncalc.load(f"{written(tmp_path, NETWORK)}:build")


def test_no_module() -> None:
    with pytest.raises(cnncalc.SpecError, match="there is no module no_such_package"):
        cnncalc.load("no_such_package.models:net", input="8x8x3")


def test_the_capture_script_needs_pytorch_alone() -> None:
    script = Path(cnncalc.__file__).parent / "formats" / "pytorch" / "capture.py"
    code = f"import ast, sys; tree = ast.parse(open({str(script)!r}).read())\n"
    code += "names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}\n"
    code += "names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}\n"
    code += "assert not any(name.startswith('cnncalc') for name in names), names"
    subprocess.run([sys.executable, "-c", code], check=True)


TORCHVISION = {
    # Published parameters; MACs as PyTorch's own counter gives them.
    "resnet18": (11_689_512, 1_814_073_344),
    "shufflenet_v2_x0_5": (1_366_792, 40_476_448),
    "vit_b_32": (88_224_232, 4_409_186_304),
}


#: Each export takes ten seconds; CNNCALC_ALL=1 runs those that are left out here.
CHOSEN = list(TORCHVISION) if os.environ.get("CNNCALC_ALL") else list(TORCHVISION)[:2]


@pytest.mark.parametrize("name", CHOSEN)
def test_torchvision(name: str, tmp_path: Path) -> None:
    path = tmp_path / "zoo.py"
    path.write_text(
        "import torch\n"
        "library = torch.library.Library('torchvision', 'FRAGMENT')\n"
        "for name in ('nms', 'qnms'):\n"
        "    try:\n"
        "        library.define(f'{name}(Tensor a, Tensor b, float c) -> Tensor')\n"
        "    except RuntimeError:\n"
        "        pass\n"
        f"from torchvision.models import {name}\n",
        "utf-8",
    )
    pytest.importorskip("importlib.metadata").version("torchvision")
    net = cnncalc.load(f"{path}:{name}", input="224x224x3")
    assert (net.parameters, net.macs) == TORCHVISION[name]
    assert net.outputs[0].flow == (1000,)
    assert net.reading.complete
    assert not [problem for problem in net.problems if problem.level == "error"]


def _torchvision():
    """torchvision's models; its operators of detection are declared if its compiled part does not fit this PyTorch."""
    pytest.importorskip("importlib.metadata").version("torchvision")
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor a, Tensor b, float c) -> Tensor")
    from torchvision import models

    return models, library


def _hooked(model, x) -> dict[str, list[int]]:
    """The shape that each convolution, pool and linear layer gives when the model runs, channels last, by its module's name."""
    from torch import nn

    found: dict[str, list[int]] = {}

    def hook(name, module, y):
        if name not in found:
            windows = isinstance(module, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d))
            found[name] = [*y.shape[2:], y.shape[1]] if windows else list(y.shape[1:])

    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, nn.Linear)):
            module.register_forward_hook(lambda module, _, y, name=name: hook(name, module, y))
    with torch.no_grad():
        model(x)
    return found


@pytest.mark.skipif(not os.environ.get("CNNCALC_ALL"), reason="takes minutes; CNNCALC_ALL=1 runs it")
def test_every_torchvision_classifier_has_the_parameters_and_shapes_of_its_modules() -> None:
    import json

    from cnncalc.build.changes import UNCHANGED
    from cnncalc.build.reading import Source
    from cnncalc.formats.pytorch import capture
    from cnncalc.formats.pytorch.model import network
    from cnncalc.network import Network
    from cnncalc.shape import Shape

    models, library = _torchvision()
    assert library is not None
    names = models.list_models(module=models)
    assert len(names) >= 80
    for name in names:
        size = 299 if name == "inception_v3" else 224
        more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = models.get_model(name, weights=None, **more).eval().to("meta")
        exported = capture._exported(model, [[None, [1, 3, size, size], "float"]], "meta")
        described = json.loads(json.dumps(capture._described(model, exported, torch)))
        net = Network(network(Source(f"torchvision.models:{name}"), described, {None: Shape(size, size, 3)}, UNCHANGED))
        unused = sum(described["unused"].values())
        assert net.parameters + unused == sum(one.numel() for one in model.parameters()), name
        assert not [problem for problem in net.problems if problem.level == "error"], name
        shapes = {node.name: node.shape for node in net.layers}
        for module, shape in _hooked(model, torch.zeros(1, 3, size, size, device="meta")).items():
            # Windows of attention run as examples of a batch; a constant's linear layer computes nothing of the image.
            if module in shapes and "attn" not in module and "window" not in module and "grid" not in module:
                assert shapes[module] == tuple(shape), (name, module)


ATTENTION = """
    class Attention(nn.Module):
        def __init__(self, fused):
            super().__init__()
            self.fused = fused
            self.qkv = nn.Linear(24, 72)
            self.dropout = nn.Dropout(0.1)
            self.out = nn.Linear(24, 24)

        def forward(self, x):
            q, k, v = (part.reshape(len(x), 17, 4, 6).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
            if self.fused:
                mixed = F.scaled_dot_product_attention(q, k, v)
            else:
                mixed = self.dropout(F.softmax(q @ k.transpose(-2, -1) / 6**0.5, -1)) @ v
            return self.out(mixed.transpose(1, 2).reshape(len(x), 17, 24))

    def fused():
        return Attention(True)

    def written_out():
        return Attention(False)
"""


def test_attention_says_whether_it_stores_its_scores(tmp_path: Path) -> None:
    """PyTorch stores the softmax of products that are written out, and the mask and the result of its dropout."""
    path = written(tmp_path, ATTENTION)
    fields = [cnncalc.load(f"{path}:{name}", input="17x24").layers[0].layer.fields(None) for name in ("fused", "written_out")]
    assert fields == [{"heads": 4, "bias": True}, {"heads": 4, "bias": True, "fused": False, "score_dropout": 0.1}]


BIAS = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.randn(4, 1, 7, 7))

        def forward(self, x):
            scores = (x @ x.transpose(-2, -1)).reshape(len(x), 2, 2, 7, 7) + self.bias[:2]
            return scores.reshape(len(x), 4, 7, 7) * x.amax((1, 3), keepdim=True)
"""


def test_a_join_repeats_nothing_in_memory(tmp_path: Path) -> None:
    """Offsets and factors that lack axes of the map are joined with it as they are; PyTorch repeats nothing either."""
    path = written(tmp_path, BIAS)
    net = cnncalc.load(f"{path}:Net", input="7x5x4")
    assert net.problems == []
    assert "upsample" not in {node.kind for node in net.layers}
