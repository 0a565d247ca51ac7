"""What the system's shell is told can stand next: kinds, fields, rules, networks, files, vars and fields of layers."""

import pytest

from tests.cli.command import run


def complete(words, **more):
    return run(
        COMP_WORDS=f"cnncalc {words}", COMP_CWORD=str(len(words.split(" "))), _CNNCALC_COMPLETE="complete_bash", **more
    ).stdout.split()


CASES = [
    ("s", {"show", "solve", "sizes", "sweep", "shell", "schema", "server", "specs"}),
    ("layer 32x32x3 con", {"conv=", "conv_lstm=", "conv_transpose=", "concat="}),
    ("layer 32x32x3 rel", {"relu", "relu6"}),
    ("layer 32x32x3 conv=3 ker", {"kernel_size="}),
    ("solve 32x32x3 conv=3 --open dil", {"dilation"}),
    ("explain stride-f", {"stride-fit"}),
    ("show mob", {"mobilenet_v2"}),
    ("show specs/alex", {"specs/alexnet.yaml"}),
    ("show spe", {"specs/"}),
    ("diff lenet5 alex", {"alexnet"}),
    ("sizes une", {"unet"}),
    ("show mobilenet_v2 --set wi", {"width="}),
    ("sweep mobilenet_v2 --set wi", {"width="}),
    ("show alexnet --set conv1.s", {"conv1.stride="}),
    ("show nowhere --set x", set()),
]


@pytest.mark.parametrize(("words", "expected"), CASES)
def test_completion(words, expected):
    assert set(complete(words)) == expected
