"""Known networks written in PyTorch by hand, which take their weights in the order of cnncalc's rows.

Structure, strides and padding are said here once more and not read from a spec; a layer too many or too few is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F


class Taking:
    """Hands out each layer's weights once, in order."""

    def __init__(self, weights: dict[str, dict[str, np.ndarray]]) -> None:
        self._all = [{k: torch.from_numpy(np.array(v, order="C")) for k, v in arrays.items()} for arrays in weights.values()]
        self._at = 0

    def start(self) -> None:
        self._at = 0

    def end(self) -> None:
        assert self._at == len(self._all), f"{len(self._all) - self._at} layers' weights are left"

    def next(self) -> dict[str, torch.Tensor]:
        self._at += 1
        return self._all[self._at - 1]

    def conv(self, x: Any, stride: int = 1, padding: int = 0, groups: int = 1) -> Any:
        w = self.next()
        return F.conv2d(x, w["weight"], w.get("bias"), stride, padding, 1, groups)

    def bn(self, x: Any, eps: float = 1e-5) -> Any:
        w = self.next()
        return F.batch_norm(x, w["running_mean"], w["running_var"], w["weight"], w["bias"], eps=eps)

    def fc(self, x: Any) -> Any:
        w = self.next()
        return F.linear(torch.flatten(x, 1), w["weight"], w["bias"])


def pooled(x: Any) -> Any:
    return torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)


def resnet18(t: Taking, x: Any) -> Any:
    x = F.max_pool2d(F.relu(t.bn(t.conv(x, 2, 3)), inplace=True), 3, 2, 1)
    for stage in range(4):
        for block in range(2):
            stride = 2 if stage and not block else 1
            y = F.relu(t.bn(t.conv(x, stride, 1)), inplace=True)
            y = t.bn(t.conv(y, 1, 1))
            if stride > 1:
                x = t.bn(t.conv(x, stride))
            x = F.relu(y + x, inplace=True)
    return t.fc(pooled(x))


def resnet50(t: Taking, x: Any) -> Any:
    x = F.max_pool2d(F.relu(t.bn(t.conv(x, 2, 3)), inplace=True), 3, 2, 1)
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            y = F.relu(t.bn(t.conv(x)), inplace=True)
            y = F.relu(t.bn(t.conv(y, stride, 1)), inplace=True)
            y = t.bn(t.conv(y))
            if not block:
                x = t.bn(t.conv(x, stride))
            x = F.relu(y + x, inplace=True)
    return t.fc(pooled(x))


def mobilenet_v2(t: Taking, x: Any) -> Any:
    x = F.relu6(t.bn(t.conv(x, 2, 1)), inplace=True)
    for expansion, _, count, first in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for i in range(count):
            y = F.relu6(t.bn(t.conv(x)), inplace=True) if expansion > 1 else x
            y = F.relu6(t.bn(t.conv(y, first if i == 0 else 1, 1, groups=y.shape[1])), inplace=True)
            y = t.bn(t.conv(y))
            x = y if i == 0 else x + y
    return t.fc(pooled(F.relu6(t.bn(t.conv(x)), inplace=True)))


def densenet121(t: Taking, x: Any) -> Any:
    x = F.max_pool2d(F.relu(t.bn(t.conv(x, 2, 3))), 3, 2, 1)
    for stage, layers in enumerate((6, 12, 24, 16)):
        for _ in range(layers):
            y = t.conv(F.relu(t.bn(x)))
            y = t.conv(F.relu(t.bn(y)), 1, 1)
            x = torch.cat([x, y], 1)
        if stage < 3:
            x = F.avg_pool2d(t.conv(F.relu(t.bn(x))), 2)
    return t.fc(pooled(F.relu(t.bn(x))))


def googlenet(t: Taking, x: Any) -> Any:
    def unit(x: Any, stride: int = 1, padding: int = 0) -> Any:
        return F.relu(t.bn(t.conv(x, stride, padding), 1e-3))

    def inception(x: Any) -> Any:
        one = unit(x)
        three = unit(unit(x), 1, 1)
        five = unit(unit(x), 1, 1)
        return torch.cat([one, three, five, unit(F.max_pool2d(x, 3, 1, 1))], 1)

    x = F.max_pool2d(unit(x, 2, 3), 3, 2, ceil_mode=True)
    x = F.max_pool2d(unit(unit(x), 1, 1), 3, 2, ceil_mode=True)
    x = F.max_pool2d(inception(inception(x)), 3, 2, ceil_mode=True)
    for _ in range(5):
        x = inception(x)
    x = F.max_pool2d(x, 2, 2, ceil_mode=True)
    return t.fc(pooled(inception(inception(x))))


def vgg16(t: Taking, x: Any) -> Any:
    for convs in (2, 2, 3, 3, 3):
        for _ in range(convs):
            x = F.relu(t.conv(x, 1, 1), inplace=True)
        x = F.max_pool2d(x, 2)
    x = F.relu(t.fc(x), inplace=True)
    x = F.relu(t.fc(x), inplace=True)
    return F.softmax(t.fc(x), 1)


def alexnet(t: Taking, x: Any) -> Any:
    x = F.relu(t.conv(x, 4), inplace=True)
    x = F.max_pool2d(F.local_response_norm(x, 5, 5e-4, 0.75, 2.0), 3, 2)
    x = F.relu(t.conv(x, 1, 2, 2), inplace=True)
    x = F.max_pool2d(F.local_response_norm(x, 5, 5e-4, 0.75, 2.0), 3, 2)
    for groups in (1, 2, 2):
        x = F.relu(t.conv(x, 1, 1, groups), inplace=True)
    x = F.max_pool2d(x, 3, 2)
    x = F.relu(t.fc(x), inplace=True)
    x = F.relu(t.fc(x), inplace=True)
    return F.softmax(t.fc(x), 1)


def unet(t: Taking, x: Any) -> Any:
    def double(x: Any) -> Any:
        return F.relu(t.conv(F.relu(t.conv(x))))

    skips = []
    for _ in range(4):
        x = double(x)
        skips.append(x)
        x = F.max_pool2d(x, 2)
    x = double(x)
    for skip in reversed(skips):
        w = t.next()
        x = F.conv_transpose2d(x, w["weight"], w["bias"], stride=2)
        cut = (skip.shape[-1] - x.shape[-1]) // 2
        x = double(torch.cat([skip[:, :, cut:-cut, cut:-cut], x], 1))
    return t.conv(x)


def textcnn(t: Taking, x: Any) -> Any:
    words = F.embedding(x, t.next()["weight"]).transpose(1, 2)
    found = []
    for _ in range(3):
        w = t.next()
        found.append(F.relu(F.conv1d(words, w["weight"], w["bias"])).amax(2))
    return F.softmax(t.fc(torch.cat(found, 1)), 1)


def question_encoder(t: Taking, x: Any) -> Any:
    """Word vectors, tanh, two LSTM layers, and what both directions know in the end."""
    words = torch.tanh(F.embedding(x, t.next()["weight"]))
    w = t.next()
    lstm = torch.nn.LSTM(words.shape[2], 64, num_layers=2, bidirectional=True, batch_first=True)
    lstm.load_state_dict(w)
    lstm = lstm.to(words.dtype)
    _, (h, _) = lstm(words)
    return torch.tanh(t.fc(torch.cat([h[-2], h[-1]], 1)))


QUESTION_ENCODER = """\
input: {tokens: 26, vocabulary: 500}
layers:
  - {embedding: 30}
  - tanh
  - {lstm: 64, layers: 2, bidirectional: true}
  - {fc: 20}
  - tanh
"""

NETWORKS: dict[str, Callable[[Taking, Any], Any]] = {
    f.__name__: f
    for f in (alexnet, resnet18, resnet50, mobilenet_v2, densenet121, googlenet, vgg16, unet, textcnn, question_encoder)
}
