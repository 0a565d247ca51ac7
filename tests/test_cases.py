"""Networks that were once judged wrongly: their errors and warnings, line by line, as EXPECTED.tsv has them.

A file without a line there has neither.
"""

from pathlib import Path

import pytest

import cnncalc
from cnncalc.rules import RULES, run
from tests.cli.command import run as run_command

HERE = Path(__file__).parent / "cases"
WARNINGS = [name for name, rule in RULES.items() if rule.level == "warning"]
EXPECTED = {path.name: [] for path in sorted(HERE.glob("*.yaml"))}
for line in (HERE / "EXPECTED.tsv").read_text("utf-8").splitlines():
    name, row, column, rule, part = line.split("\t")
    EXPECTED[name].append((int(row), int(column), rule, part))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_case_has_its_problems_at_their_places(name):
    try:
        net = cnncalc.load(HERE / name)
        found = sorted([*net.problems, *run(net.reading, WARNINGS)], key=lambda p: (p.location, p.rule))
    except cnncalc.SpecError as error:
        found = error.problems
    assert [(p.location.line, p.location.column, p.rule) for p in found] == [one[:3] for one in EXPECTED[name]], found
    for problem, (*_, part) in zip(found, EXPECTED[name], strict=True):
        assert part in problem.message


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        # (500 − 3 + 2·100)/1 + 1 = 698
        ("01-fit-ceil-conv-padding-ge-window", {"conv1": (698, 698, 64)}),
        # Caffe's convolutions take the floor: ⌊(10 − 3 + 2)/2⌋ + 1 = 5.
        ("02-fit-ceil-on-a-convolution-ssd300", {"conv1": (5, 5, 256)}),
        ("07-spatial-gate-one-channel", {"multiply1": (28, 28, 64)}),
        # Windows start at cells −2, 2 and 6; one at 10 would lie behind the input.
        ("20-ceiling-is-taken-but-is-not", {"avgpool1": (3, 3, 1)}),
    ],
)
def test_shapes(name, shapes):
    net = cnncalc.load(HERE / f"{name}.yaml")
    assert {layer: tuple(net[layer].shape) for layer in shapes} == shapes


def test_the_ceiling_that_is_not_taken_is_not_said_to_be_taken():
    done = run_command("layer", "9x9x1", "avgpool=4", "stride=4", "padding=2", "--fit", "ceil")
    assert "(9 − 4 + 2·2)/4 + 1 = 3.25" in done.stdout
    assert "the ceiling is taken" not in done.stdout


# The same networks with what the language has for them.
@pytest.mark.parametrize(
    ("name", "before", "after", "parameters"),
    [
        # Keras's LSTM has one bias of 4·70 = 280 numbers less.
        ("05-keras-lstm-one-bias", "{lstm: 70}", "{lstm: 70, biases: 1}", 2_638_895),
        # (10·10·3 + 1)·64 shared, and 96·96·128 + 1 of the fc.
        ("15b-share-a-branch-message-false", "share: l}", "share: l.c1}", 301 * 64 + 96 * 96 * 128 + 1),
        # 1,000·64 of the embedding, 4·32·(64 + 32 + 2) of the LSTM, (32 + 1)·10.
        ("04-fc-on-a-sequence", "{fc: 10}", "{linear: 10}", 64_000 + 12_544 + 330),
        # (30 + 1)·20, (5·20 + 1)·40, and (1·40 + 1)·3 behind 10 − 5 + 1 = 6 steps and a pool of 5.
        ("04b-dense-then-conv-on-a-sequence", "{fc: 20}", "{linear: 20}\n  - relu", 620 + 4040 + 123),
        # A weight and a bias for each of 28·28·64 numbers.
        ("08-layernorm-chw", "normalized_shape: [64, 28, 28]", "over: all", 100_352),
        # 4·16·(3·3·(1 + 16) + 1)
        ("22-convlstm", "8x16x240x240x1\nlayers:\n  - {convlstm: 16", "16x240x240x1\nlayers:\n  - {conv_lstm: 16", 64 * 154),
    ],
)
def test_a_case_as_it_was_meant(name, before, after, parameters):
    text = (HERE / f"{name}.yaml").read_text("utf-8")
    assert before in text
    net = cnncalc.loads(text.replace(before, after), fit="floor" if name.startswith("04b") else None)
    assert net.problems == []
    assert net.parameters == parameters
