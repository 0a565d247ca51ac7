"""Sizes that work: rules by hand, and every network that comes along against reading its file for each size."""

import random
from pathlib import Path

import pytest

from cnncalc.analysis.sizes import rule, said
from cnncalc.cli.sizes import Oracle
from cnncalc.network import load, loads
from cnncalc.shape import Shape, Tokens

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))

RULES = [
    (range(188, 1001, 16), "16·n + 188, from 188"),
    (range(32, 1001, 32), "any multiple of 32; smallest 32"),
    (range(64, 1001, 32), "any multiple of 32; smallest 64"),
    (range(1, 1001), "any size"),
    (range(7, 1001), "any size from 7"),
    ([], "none"),
    ([5, 6, 7, 9], "5–7, 9"),
    ([4, *range(188, 1001, 16)], "16·n + 188, from 188, and 4"),
    (sorted([*range(10, 1001, 8), *range(13, 1001, 8)]), "8·n + 10 or 13, from 10"),
]


@pytest.mark.parametrize(("sizes", "text"), RULES)
def test_rule_in_words(sizes, text):
    assert said(list(sizes), 1000) == text


def test_a_rule_says_the_sizes_and_no_others():
    draw = random.Random(1)
    for _ in range(50):
        step, start, most = draw.randint(1, 40), draw.randint(1, 200), 600
        sizes = set(range(start, most + 1, step)) | {draw.randint(1, start) for _ in range(draw.randint(0, 2))}
        found = rule(sizes, most)
        assert found is not None
        assert {n for n in range(1, most + 1) if n in found} == sizes


def _works(text, shape):
    """By the whole road: the file read on this input."""
    network = loads(text, input=shape)
    return not network.problems, not network.problems and all(node.fits for node in network.layers)


@pytest.mark.parametrize("file", SPECS, ids=[file.stem for file in SPECS])
def test_against_reading_the_file(file):
    """Squares and other sizes drawn from 1 … 600, and each size beside one that works; small networks on every square."""
    text = file.read_text()
    oracle = Oracle(file.read_text())
    network = load(file)
    draw = random.Random(file.stem)
    for i, source in enumerate(network.inputs):
        judge = oracle.along(i)
        name = f"{source.name}=" if len(network.inputs) > 1 else ""
        if isinstance(source.flow, Tokens):
            for size in (*range(1, 12), 600):
                shown = f"{name}{{tokens: {size}, vocabulary: {source.flow.vocabulary}}}"
                assert judge(Tokens(size, source.flow.vocabulary)) == _works(text, shown)
            continue
        rank = source.flow.rank
        if not rank:
            continue
        every = range(1, 601) if len(network.layers) < 30 else sorted({draw.randint(1, 600) for _ in range(25)})
        shapes = [Shape(*source.flow[: max(0, rank - 2)], *((size,) * min(2, rank)), source.flow.channels) for size in every]
        known = [n for n in range(1, 601) if judge(Shape(*((n,) * rank), source.flow.channels)).works][:2]
        near = [Shape(*((n + d,) * rank), source.flow.channels) for n in known for d in (-1, 0, 1) if n + d > 0]
        free = [Shape(*(draw.randint(1, 600) for _ in range(rank)), source.flow.channels) for _ in range(10)]
        for shape in (*shapes, *near, *free):
            assert judge(shape) == _works(text, f"{name}{shape}"), shape


def test_channels_that_decide_the_rows(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text('input: 4x4x1\nlayers:\n  - flatten\n  - {groupnorm: "${4 if in_channels % 8 == 0 else 3}"}\n')
    judge = Oracle(file.read_text()).along(0)
    # 1, 4, 9, 16, 25, 36 numbers: in 3 groups unless 8 divides them, then in 4
    assert [judge(Shape(n, n, 1)).works for n in range(1, 7)] == [False, False, True, True, False, True]


def test_budget_holds_and_expect_does_not(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("input: 4x4x1\nlayers:\n  - {fc: 2}\nexpect: {parameters: 34}\nbudget: {parameters: 52}\n")
    judge = Oracle(file.read_text()).along(0)
    # (n² + 1)·2 parameters: 5 gives 52, 6 gives 74
    assert [n for n in range(1, 9) if judge(Shape(n, n, 1)).works] == [1, 2, 3, 4, 5]


def test_a_file_that_does_not_work_as_it_stands(tmp_path):
    """Begun at a size where a join does not match, found by reading again until one does."""
    file = tmp_path / "a.yaml"
    file.write_text("input: 7x7x1\nlayers:\n  - {maxpool: 2, name: a}\n  - {upsample: 2, name: b}\n  - {add: input}\n")
    oracle = Oracle(file.read_text())
    assert oracle.network.problems
    judge = oracle.along(0)
    assert [n for n in range(1, 11) if judge(Shape(n, n, 1)).works] == [2, 4, 6, 8, 10]
