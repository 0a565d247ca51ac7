"""Values in the notation of other languages, and the ways in which cnncalc writes them."""

from __future__ import annotations

import pytest

from cnncalc.layers.notation import plainer


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("(3, 5)", ["[3, 5]"]),
        ("[3,5,]", ["[3, 5]"]),
        ("3,", ["3"]),
        (",", [""]),
        ("(3)", ["3"]),
        ("'same'", ["same"]),
        ("SAME", ["same"]),
        ("3*5", ["3x5"]),
        ("3 × 5 X 7", ["3x5x7", "3 × 5 x 7"]),
        ("16 filters", ["16"]),
        ("x3", ["3"]),
        ("3px", ["3"]),
        ("3", []),
        ("x" * 101, []),
    ],
)
def test_texts(value, texts):
    assert [text for _, text in plainer(value)] == texts


def test_lists():
    assert list(plainer(("SAME", "(3)"))) == [(("same", "3"), "[same, 3]")]
    assert list(plainer(("(1, 2)", "3"))) == [((("1", "2"), "3"), "[[1, 2], 3]")]
    # A list of one value may be the value.
    assert list(plainer(("3",))) == [("3", "3")]
    assert list(plainer(("3", "5"))) == []
    assert list(plainer((None, "3"))) == []
    assert list(plainer(None)) == []
