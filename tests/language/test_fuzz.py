"""Nothing that can be written meets another exception than SpecError."""

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncalc
from cnncalc.layers import KINDS

SPECS = [path.read_text() for path in sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))]

words = st.sampled_from(
    ["conv", "block", "branches", "merge", "add", "name", "from", "repeat", "share", "expect", "fit", "input", "layers", "blocks", "vars",
     "parameters", "outputs", "${x}", "${i}", "${in_channels // 2}", "${1/0}", "3", "3x5", "0", "-1", "1e9", "2147483648", "true", "no", "same",
     "causal", "a", "b", "a.b", "a.0.b", "32x32x3", "28x28", "<<", "", "~", "\x1b[31m", "é", "a\nb", "stride-fit", "5M", "kernel_size", "stride", *KINDS]
)  # fmt: skip
scalars = words | st.integers(-3, 300) | st.floats() | st.booleans() | st.none() | st.text(max_size=8)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(words, inner, max_size=5), max_leaves=25
)
rows = st.lists(st.one_of(words, st.dictionaries(words | st.sampled_from(sorted(KINDS)), trees, max_size=4)), max_size=6)
networks = st.fixed_dictionaries(
    {
        "input": st.sampled_from(["32x32x3", "100x8", "64", {"tokens": 9, "vocabulary": 50}, {"a": "8x8x4", "b": "8x8x4"}])
        | trees,
        "layers": rows,
    },
    optional={
        "blocks": st.dictionaries(
            st.sampled_from("abc"), st.fixed_dictionaries({"layers": rows}, optional={"parameters": trees}) | trees, max_size=3
        ),
        "vars": trees,
        "expect": trees,
        "budget": trees,
        "fit": scalars,
        "layout": scalars,
        "outputs": trees,
        "ignore": trees,
    },
)


def looked_at(text):
    """Loads, and touches everything that reports read; the problems it brings must be whole."""
    try:
        net = cnncalc.loads(text, file="fuzz.yaml")
    except cnncalc.SpecError as error:
        problems = error.problems
        assert problems
    else:
        problems = net.problems
        for node in net.layers:
            assert isinstance(node.summary, str)
            assert isinstance(node.fields, dict)
            assert node.parameters >= node.trainable >= 0
            assert node.shape is None or min(node.shape) >= 1
    for problem in problems:
        assert problem.location.line >= 1
        assert problem.location.column >= 1
        assert str(problem).isprintable()


@settings(max_examples=300)
@given(networks)
def test_random_networks(tree):
    looked_at(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))


@settings(max_examples=150)
@given(trees)
def test_random_trees(tree):
    looked_at(yaml.safe_dump(tree, allow_unicode=True))


@settings(max_examples=150)
@given(st.text(max_size=200))
def test_random_text(text):
    looked_at(text)


@settings(max_examples=300)
@given(st.sampled_from(SPECS), st.randoms(use_true_random=False))
def test_mutated_networks(text, chance: random.Random):
    lines = text.splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                del lines[at]
                lines = lines or [""]
            case 1:
                lines.insert(at, chance.choice(lines))
            case 2:
                lines[at] = lines[at].replace(
                    chance.choice("0123456789abcdexy:{},[]-$ ") or " ", chance.choice(["", "0", "-", "{", "x", "9" * 12, " "]), 1
                )
            case 3:
                cut = chance.randrange(len(lines[at]) + 1)
                lines[at] = (
                    lines[at][:cut]
                    + chance.choice(["}", "]", ": ", "${", "\t", "&a ", "*a", "!!x ", "\x00", "conv: 3", "#"])
                    + lines[at][cut:]
                )
            case 4:
                lines[at] = " " * chance.randrange(4) + lines[at]
            case 5:
                word = chance.choice(sorted(KINDS))
                lines[at] = lines[at].replace(chance.choice(["conv", "relu", "fc", "batchnorm", "block"]), word)
    looked_at("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    [
        "\ud800",
        "a: \ud800",
        "\x00",
        "\x85",
        "\u2028",
        "﻿input: 3\nlayers: [relu]",
        "%YAML 1.1\n---\n",
        "---\n...\n---\n",
        "? ",
        "- -",
        "&a",
        "*a",
        "!!",
    ],
)
def test_odd_texts(text):
    looked_at(text)
