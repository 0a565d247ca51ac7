"""Kinds against PyTorch's own operations, on sizes that are prime where the kind allows it."""

from typing import Any

import numpy as np
import pytest

from cnncalc.layers import Join
from cnncalc.shape import Shape
from tests.layers.test_forward import arrays, compute, random_weights, read

torch = pytest.importorskip("torch")
F = torch.nn.functional


def conv_mode(mode: str) -> Any:
    def function(x: Any, w: Any) -> Any:
        wide = F.pad(x, (1, 1, 2, 2), mode=mode)
        return F.conv2d(wide, w["weight"], w["bias"], stride=2)

    return function


def conv_transpose_same(x: Any, w: Any) -> Any:
    """Keras's SAME for a window of 3 and a stride of 2: the last row and column are cut off."""
    return F.conv_transpose2d(x, w["weight"], w["bias"], stride=2)[..., :-1, :-1]


def recurrent(module: Any) -> Any:
    def function(x: Any, w: Any) -> Any:
        net = module(x.shape[1], w["weight_hh_l0"].shape[1], batch_first=True).double()
        state = {name: w.get(name, torch.zeros_like(value)) for name, value in net.state_dict().items()}
        net.load_state_dict(state)
        return net(x.transpose(1, 2))[0].transpose(1, 2)

    return function


CASES: list[tuple[dict[str, Any], tuple[Any, ...], Any]] = [
    ({"linear": 7}, (Shape(3, 5, 11),), lambda x, w: F.linear(x.movedim(1, -1), w["weight"], w["bias"]).movedim(-1, 1)),
    ({"elu": None, "alpha": 0.5}, (Shape(3, 5, 2),), lambda x, w: F.elu(x, 0.5)),
    ({"gelu": None, "approximate": "tanh"}, (Shape(3, 5, 2),), lambda x, w: F.gelu(x, approximate="tanh")),
    ({"hard_sigmoid": None}, (Shape(3, 5, 2),), lambda x, w: F.hardsigmoid(x)),
    ({"square": None}, (Shape(3, 5, 2),), lambda x, w: torch.square(x)),
    ({"sqrt": None}, (Shape(3, 5, 2),), lambda x, w: torch.sqrt(x)),
    ({"exp": None}, (Shape(3, 5, 2),), lambda x, w: torch.exp(x)),
    ({"sin": None}, (Shape(3, 5, 2),), lambda x, w: torch.sin(x)),
    ({"cos": None}, (Shape(3, 5, 2),), lambda x, w: torch.cos(x)),
    ({"abs": None}, (Shape(3, 5, 2),), lambda x, w: torch.abs(x)),
    ({"reciprocal": None}, (Shape(3, 5, 2),), lambda x, w: torch.reciprocal(x)),
    ({"log": None}, (Shape(3, 5, 2),), lambda x, w: torch.log(x)),
    ({"power": 2.5}, (Shape(3, 5, 2),), lambda x, w: torch.pow(x, 2.5)),
    ({"clip": None, "min": -0.3, "max": 0.7}, (Shape(3, 5, 2),), lambda x, w: torch.clamp(x, -0.3, 0.7)),
    ({"rescale": None, "factor": 3, "offset": -1}, (Shape(3, 5, 2),), lambda x, w: 3 * x - 1),
    ({"softmax": None, "axis": "height"}, (Shape(3, 5, 2),), lambda x, w: torch.softmax(x, 2)),
    ({"add": ["a", "b"]}, (Shape(3, 5, 7), Shape(3, 5, 1)), lambda x, y, w: x + y),
    ({"multiply": ["a", "b"]}, (Shape(7), Shape(3, 5, 7)), lambda x, y, w: x[..., None, None] * y),
    ({"subtract": ["a", "b"]}, (Shape(3, 5, 7), Shape(1, 1, 7)), lambda x, y, w: x - y),
    ({"divide": ["a", "b"]}, (Shape(3, 5, 7), Shape(3, 5, 7)), lambda x, y, w: x / y),
    ({"maximum": ["a", "b"]}, (Shape(3, 5, 7), Shape(3, 5, 7)), lambda x, y, w: torch.maximum(x, y)),
    ({"average": ["a", "b"]}, (Shape(3, 5, 7), Shape(3, 5, 7)), lambda x, y, w: torch.stack([x, y]).mean(0)),
    (
        {"matmul": ["a", "b"], "transpose": "second", "factor": 0.5},
        (Shape(3, 5), Shape(7, 5)),
        lambda x, y, w: (torch.bmm(x.transpose(1, 2), y) / 2).transpose(1, 2),
    ),
    ({"concat": ["a", "b"], "axis": "width"}, (Shape(3, 5, 2), Shape(3, 7, 2)), lambda x, y, w: torch.cat([x, y], 3)),
    ({"reduce": "mean", "axes": ["height", "width"]}, (Shape(3, 5, 2),), lambda x, w: x.mean((2, 3))),
    ({"reduce": "max", "axes": "channels", "keep": True}, (Shape(3, 5, 2),), lambda x, w: x.amax(1, keepdim=True)),
    ({"reduce": "norm", "axes": "width"}, (Shape(3, 5, 2),), lambda x, w: torch.linalg.vector_norm(x, dim=3)),
    ({"reduce": "sum", "axes": "height", "keep": True}, (Shape(3, 5, 2),), lambda x, w: x.sum(2, keepdim=True)),
    ({"roll": [-1, 2]}, (Shape(3, 5, 2),), lambda x, w: torch.roll(x, (-1, 2), (2, 3))),
    ({"squeeze": "height"}, (Shape(1, 5, 2),), lambda x, w: x.squeeze(2)),
    ({"space_to_depth": 2}, (Shape(6, 10, 3),), lambda x, w: F.pixel_unshuffle(x, 2)),
    ({"pixel_shuffle": 2}, (Shape(3, 5, 12),), lambda x, w: F.pixel_shuffle(x, 2)),
    ({"pad": [[2, 1], [0, 3]], "mode": "reflect"}, (Shape(3, 5, 2),), lambda x, w: F.pad(x, (0, 3, 2, 1), mode="reflect")),
    ({"pad": [[2, 1], [0, 3]], "mode": "replicate"}, (Shape(3, 5, 2),), lambda x, w: F.pad(x, (0, 3, 2, 1), mode="replicate")),
    ({"pad": [[2, 1], [0, 3]], "mode": "circular"}, (Shape(3, 5, 2),), lambda x, w: F.pad(x, (0, 3, 2, 1), mode="circular")),
    ({"pad": 1, "value": 2.5, "channels": [1, 2]}, (Shape(3, 5, 2),), lambda x, w: F.pad(x, (1, 1, 1, 1, 1, 2), value=2.5)),
    *(
        ({"upsample": None, "size": size, "mode": mode, "align_corners": corners}, (Shape(5, 7, 2),), (
            lambda x, w, size=size, mode=mode, corners=corners: F.interpolate(
                x, tuple(map(int, size.split("x"))), mode=mode, align_corners=corners)
        ))
        for size in ("11x13", "3x2", "10x21")
        for mode in ("bilinear", "bicubic")
        for corners in (False, True)
    ),
    *(
        ({"upsample": None, "size": size}, (Shape(before, 2),), (
            lambda x, w, size=size: F.interpolate(x, size, mode="nearest")
        ))
        for before, size in ((5, 11), (13, 7), (7, 23), (11, 3), (17, 31))
    ),
    *(
        ({"upsample": None, "size": size, "mode": "bilinear", "align_corners": corners}, (shape,), (
            lambda x, w, size=size, mode=mode, corners=corners: F.interpolate(x, size, mode=mode, align_corners=corners)
        ))
        for shape, size, mode in ((Shape(5, 2), (11,), "linear"), (Shape(7, 2), (3,), "linear"), (Shape(3, 5, 4, 2), (7, 4, 8), "trilinear"))
        for corners in (False, True)
    ),
    ({"upsample": 3, "mode": "bicubic"}, (Shape(5, 7, 2),), lambda x, w: F.interpolate(x, scale_factor=3, mode="bicubic")),
    ({"layernorm": None, "over": "all"}, (Shape(3, 5, 2),), lambda x, w: F.layer_norm(x, (2, 3, 5), w["weight"], w["bias"], 1e-6)),
    ({"rmsnorm": None}, (Shape(3, 5, 7),), lambda x, w: F.rms_norm(x.movedim(1, -1), (7,), w["weight"], 1e-6).movedim(-1, 1)),
    *(
        ({"conv": 3, "kernel_size": 3, "stride": 2, "padding": "2x1", "padding_mode": mode}, (Shape(7, 5, 2),), conv_mode(mode))
        for mode in ("reflect", "replicate", "circular")
    ),
    ({"conv_transpose": 3, "kernel_size": 3, "stride": 2, "padding": "same"}, (Shape(5, 7, 2),), conv_transpose_same),
    ({"lstm": 5, "biases": 1, "return": "sequence"}, (Shape(7, 3),), recurrent(torch.nn.LSTM)),
    ({"gru": 5, "biases": 0, "return": "sequence"}, (Shape(7, 3),), recurrent(torch.nn.GRU)),
    ({"rnn": 5, "biases": 1, "return": "sequence"}, (Shape(7, 3),), recurrent(torch.nn.RNN)),
]  # fmt: skip


@pytest.mark.parametrize(("row", "flows", "function"), CASES, ids=[str(row) for row, *_ in CASES])
def test_agrees_with_pytorch(row: dict[str, Any], flows: tuple[Any, ...], function: Any) -> None:
    layer = read(row)
    rng = np.random.default_rng(1)
    xs = arrays(flows, rng)
    w = {} if isinstance(layer, Join) else random_weights(layer, flows[0], rng)
    found = compute(layer, xs, w, "floor")
    wanted = function(*map(torch.tensor, xs), {name: torch.tensor(array) for name, array in w.items()}).detach().numpy()
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)
