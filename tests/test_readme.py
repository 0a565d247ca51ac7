"""The README's examples are true."""

import re
from pathlib import Path

import pytest

import cnncalc

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")

NETWORKS = [text for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if re.search("^layers:", text, re.MULTILINE)]


@pytest.mark.parametrize("text", NETWORKS)
def test_the_networks_are_sound(text):
    assert cnncalc.loads(text).problems == []


def test_there_are_two_of_them():
    assert len(NETWORKS) >= 2


def test_the_misfit_is_said_as_printed():
    text = "name: AlexNet\ninput: 224x224x3\nlayers:\n  - {conv: 96, kernel_size: 11, stride: 4}\n"
    (problem,) = cnncalc.loads(text, file="alexnet224.yaml").problems
    assert str(problem) in README
