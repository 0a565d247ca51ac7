"""The nearest inputs that work: by hand from the strides."""

import pytest

import cnncalc
from cnncalc.analysis.nearest import nearest_inputs

POOLS = "".join("  - {maxpool: 2}\n" for _ in range(3))


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        # Three pools of 2 want multiples of 8.
        (f"input: 358x358x1\nlayers:\n{POOLS}", ["352x352x1", "360x360x1"]),
        # An axis that works stays.
        (f"input: 360x358x1\nlayers:\n{POOLS}", ["360x352x1", "360x360x1"]),
        (f"input: 358x355x1\nlayers:\n{POOLS}", ["352x352x1", "360x360x1"]),
        ("input: 17x64x64x3\nlayers:\n  - {maxpool: 2}\n", ["16x64x64x3", "18x64x64x3"]),
        ("input: 99x4\nlayers:\n  - {avgpool: 4}\n", ["96x4", "100x4"]),
        ("input: {tokens: 99, vocabulary: 9}\nlayers:\n  - {embedding: 4}\n  - {avgpool: 4}\n", ["96 tokens", "100 tokens"]),
        # Nothing smaller: a window of 40 cells on 32.
        ("input: 32x32x3\nlayers:\n  - {conv: 4, kernel_size: 40}\n", ["40x40x3"]),
        # The pool floors 7 to 3, and 3·2 is not 7.
        ("input: 7x7x1\nfit: floor\nlayers:\n  - {maxpool: 2}\n  - {upsample: 2}\n  - {add: input}\n", ["6x6x1", "8x8x1"]),
        # Axes that are equal stay equal.
        ("input: 9x9x1\nlayers:\n  - {avgpool: 1x4}\n", ["8x8x1", "12x12x1"]),
        # No size helps.
        ("input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3}\n  - {add: input}\n", []),
        ("input: 8x8x3\nlayers: [relu]\n", []),
        # Of two inputs the one whose change is enough.
        ("input: {a: 7x7x1, b: 7x7x1}\nlayers:\n  - {maxpool: 2, from: a}\n  - {concat: b}\n", ["14x14x1 7x7x1"]),
    ],
)
def test_nearest_inputs(text, nearest):
    assert [" ".join(map(str, flows)) for flows in nearest_inputs(cnncalc.loads(text).graph)] == nearest


def test_channels_that_decide_the_rows_and_are_not_known():
    text = 'input: 7x7x1\nfit: floor\nlayers:\n  - {maxpool: 2}\n  - {upsample: 2}\n  - {add: input}\n  - {conv: "${2 * in_channels}", kernel_size: 1}\n'
    assert nearest_inputs(cnncalc.loads(text).graph, by_channels=True) == []
